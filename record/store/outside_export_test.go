package store

import (
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/keys"
)

// LogName is the name by which a grantee would see the log entry at a place, were it
// theirs: who has the token and the disk can compute it.
func (v *View) LogName(index uint64) fhir.Ref {
	return derived.Name{Type: derived.TypeAuditEvent, Index: keys.NamesOf(v.token.Audit).Name(index), Hidden: true}.Ref()
}

// EntryName is the name of the Provenance of an entry's version, whether there is one.
func (v *View) EntryName(ref fhir.Ref) fhir.Ref {
	return derived.Name{Type: derived.TypeProvenance, Entry: v.hold.EntryID(ref.Type, ref.ID), Version: 1}.Ref()
}
