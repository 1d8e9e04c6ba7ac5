package fhir

import (
	"encoding/hex"
	"slices"
)

// Uncertain is the label of what came from a source that nobody could check: R4's
// "Integrity Confidence" in meta.security. Not UNRELIABLE: nobody found out that it is
// wrong.
var Uncertain = Coding{System: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", Code: "UNCERTREL", Display: "uncertain reliability"}

// Labelled reports whether meta.security has a code.
func (r *Resource) Labelled(with Coding) bool {
	return slices.ContainsFunc(r.Security(), func(c Coding) bool { return c.System == with.System && c.Code == with.Code })
}

// UUID writes 16 bytes as a UUID of a version: RFC 9562 §4.
func UUID(id [16]byte, version byte) string {
	id[6], id[8] = id[6]&0x0f|version<<4, id[8]&0x3f|0x80
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
