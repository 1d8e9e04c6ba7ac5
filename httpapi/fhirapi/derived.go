package fhirapi

import (
	"carehold/record"
	"carehold/record/derived"
	"carehold/record/fhir"
)

// What the record knows of itself (package derived) is read and searched as any
// resource is: the store makes it, and refuses to write it. Only a history it has none
// of, for it is not kept.

func notKept(ref fhir.Ref) error {
	if _, is := derived.Parse(ref); is {
		return record.Errorf(record.NotAllowed, "%s is made from the record when it is asked for, and has no history", ref)
	}
	return nil
}
