package ips

import (
	"strings"
	"time"

	"carehold/record"
	"carehold/record/fhir"
)

// Input is everything a document is made of.
type Input struct {
	ID      [16]byte  // random; names this document: Bundle.identifier
	Time    time.Time // when it is made
	Base    string    // the server's FHIR address: https://example.org/fhir
	Version string    // of the software; may be empty

	Patient fhir.Ref
	Share   Share
	Entries []Entry // every entry that the reader may see, in any order
}

// Entry is the newest version of one entry, as it would be served.
type Entry struct {
	Ref     fhir.Ref
	Section record.Section
	Body    []byte // FHIR JSON; not changed, and must not be
}

// Share is what the reader was given.
type Share struct {
	Own      bool      // the person's own session: everything
	To       string    // whom the grant is for, in the person's words
	Until    time.Time // when it ends; zero for until stopped
	Sections record.SectionSet
	Reads    func(resourceType string) bool // by the scopes; nil for every type
}

func (s Share) reads(typ string) bool { return s.Own || s.Reads == nil || s.Reads(typ) }

func (s Share) reaches(sec record.Section) bool { return s.Own || s.Sections.Has(sec) }

func (in *Input) check() error {
	switch {
	case in.Time.IsZero() || in.ID == [16]byte{}:
		return record.Safef(record.Internal, "a summary needs an id and a time")
	case !strings.HasPrefix(in.Base, "https://") && !strings.HasPrefix(in.Base, "http://"):
		return record.Safef(record.Internal, "a summary needs the server's address")
	case !in.Share.reads("Patient"):
		return record.Safef(record.Forbidden, "a summary names the person, and this grant cannot read the Patient: ask for patient/Patient.rs as well")
	}
	return nil
}
