package change

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"

	"carehold/record/fhir"
)

// identity is what names an entry in its source, whenever it is exported again.
func identity(fullURL string, ref fhir.Ref, res *fhir.Resource) string {
	switch form := fhir.ParseReference(fullURL).Form; {
	case form == fhir.URN || form == fhir.Absolute:
		return fullURL
	case ref.ID != "":
		return ref.String()
	}
	sum := sha256.Sum256(res.Stripped())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// lower is base32 in the letters a FHIR id and an eye like: a to z, 2 to 7.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// derivedID is the id of what source calls name: always the same one.
func derivedID(source, name string) string {
	h := sha256.New()
	for _, part := range []string{"carehold/import", source, name} {
		// A length in front, so that no two lists of parts hash alike.
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	return lower.EncodeToString(h.Sum(nil)[:16])
}
