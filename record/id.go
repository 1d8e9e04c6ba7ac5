package record

import (
	"encoding/hex"
	"strconv"
)

// PersonID names a person's record: the first 16 bytes of
// SHA-512("carehold/person" || first identity public key).
type PersonID [16]byte

// EntryID names an entry at rest: KDF(ID, "entry-id", type, FHIR id)[:16]. Without
// the record's ID key it cannot be told which FHIR id it stands for.
type EntryID [16]byte

// GrantID names a grant: 16 random bytes.
type GrantID [16]byte

// StoreID names a store: 16 random bytes made by init, and new after a restore.
// A statement signed for one store is refused by every other.
type StoreID [16]byte

// ImportID names one import, so that it can be listed and undone as a whole:
// 16 random bytes.
type ImportID [16]byte

// Version numbers the versions of an entry, densely from 1.
type Version uint64

// Epoch numbers the generations of a record's section keys, from 1.
type Epoch uint32

// Seq numbers a person's statements, from 1.
type Seq uint64

func (id PersonID) String() string { return hex.EncodeToString(id[:]) }
func (id EntryID) String() string  { return hex.EncodeToString(id[:]) }
func (id GrantID) String() string  { return hex.EncodeToString(id[:]) }
func (id StoreID) String() string  { return hex.EncodeToString(id[:]) }
func (id ImportID) String() string { return hex.EncodeToString(id[:]) }

// String is the version as FHIR writes it in meta.versionId.
func (v Version) String() string { return strconv.FormatUint(uint64(v), 10) }

// ParsePersonID reads 32 hexadecimal digits.
func ParsePersonID(s string) (id PersonID, err error) { err = parseID(s, id[:], "record"); return }

// ParseGrantID reads 32 hexadecimal digits.
func ParseGrantID(s string) (id GrantID, err error) { err = parseID(s, id[:], "grant"); return }

// ParseImportID reads 32 hexadecimal digits.
func ParseImportID(s string) (id ImportID, err error) { err = parseID(s, id[:], "import"); return }

func parseID(s string, into []byte, what string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(into) || hex.EncodeToString(b) != s {
		return Errorf(Invalid, "%q is not the id of a %s: it has %d characters, 0 to 9 and a to f", s, what, 2*len(into))
	}
	copy(into, b)
	return nil
}
