package keys

import (
	"encoding/base32"
	"strings"

	"carehold/crypto"
)

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// FHIRID writes 16 bytes as a FHIR id: 26 characters of lower-case base32.
func FHIRID(b [16]byte) string { return strings.ToLower(idEncoding.EncodeToString(b[:])) }

// IsFHIRID reports whether an id is one that FHIRID writes. One that is not was
// chosen by somebody.
func IsFHIRID(id string) bool {
	b, err := idEncoding.DecodeString(strings.ToUpper(id))
	return err == nil && len(b) == 16 && FHIRID([16]byte(b)) == id
}

// patientID is the one id the record's own Patient has: one record is one
// person, so there is nothing to choose, and every grant finds it without a
// search.
func patientID(id crypto.Key) string { return FHIRID(id.ID(crypto.LabelPatient)) }
