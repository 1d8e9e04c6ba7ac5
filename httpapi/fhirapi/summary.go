package fhirapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/ips"
	"carehold/record/store"
)

// The profiles by which a summary is asked for: there is one.
var summaryProfiles = map[string]bool{
	"": true,
	"http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips":      true,
	"http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips": true,
}

// summary serves $summary: the International Patient Summary of what the grant reaches
// (HL7 IPS 2.0, OperationDefinition/summary). On the type it is of the record's own
// Patient, of whom an identifier may be said.
func (a *API) summary(ctx context.Context, v *store.View, q *asked, on fhir.Ref, body *fhir.Resource) (*answer, error) {
	identifier, profile := q.values.Get("identifier"), q.values.Get("profile")
	if body != nil {
		if body.Type() != "Parameters" {
			return nil, record.Safef(record.Invalid, "$summary takes Parameters: identifier and profile").At("resourceType")
		}
		for p := range body.Root().Get("parameter").All() {
			switch p.Get("name").Text() {
			case "identifier":
				identifier = p.Get("valueString").Text()
			case "profile":
				profile = p.Get("valueUri").Text() + p.Get("valueCanonical").Text()
			default:
				return nil, record.Safef(record.Invalid, "$summary takes identifier and profile").At("Parameters.parameter")
			}
		}
	}
	if name, _, _ := strings.Cut(profile, "|"); !summaryProfiles[name] {
		return nil, record.Errorf(record.Unsupported, "the one summary made here is the International Patient Summary; leave out profile").At("profile")
	}
	patient := fhir.Ref{Type: "Patient", ID: v.PatientID()}
	if on.ID != "" && on != patient {
		return nil, record.Errorf(record.NotFound, "there is no %s in this record, or not in what was shared", on)
	}
	doc, person, err := a.document(ctx, v)
	if err != nil {
		return nil, err
	}
	if identifier != "" && !identifies(person, identifier) {
		return nil, record.Safef(record.NotFound, "nobody of this identifier is in what was shared")
	}
	return &answer{status: http.StatusOK, body: doc}, nil
}

// Summarize makes the summary of what a View may see, for other doors.
func (a *API) Summarize(ctx context.Context, v *store.View) ([]byte, error) {
	doc, _, err := a.document(ctx, v)
	return doc, err
}

// document makes the summary, and gives the Patient as well.
func (a *API) document(ctx context.Context, v *store.View) (doc, person []byte, err error) {
	list, err := v.Gather(ctx, "$summary", ips.Needs)
	if err != nil {
		return nil, nil, err
	}
	g := v.Grant()
	in := ips.Input{ID: crypto.RandomID(), Time: time.Now().UTC().Truncate(time.Second), Base: a.config.Base, Version: a.config.Version,
		Patient: fhir.Ref{Type: "Patient", ID: v.PatientID()},
		Share: ips.Share{Own: g.Self, To: g.To.Name, Until: g.Until, Sections: g.Sections,
			Reads: func(typ string) bool {
				return grant.Covers(g, grant.ActRead, typ) && grant.Covers(g, grant.ActSearch, typ)
			}}}
	for _, e := range list {
		if e.Ref == in.Patient {
			person = e.Body
		}
		in.Entries = append(in.Entries, ips.Entry{Ref: e.Ref, Section: e.Section, Body: e.Body})
	}
	doc, err = ips.Build(in)
	return doc, person, err
}

// identifies reports whether a token search for the identifier finds the Patient:
// system|value, or value.
func identifies(person []byte, identifier string) bool {
	r, err := fhir.Parse(person, fhir.Limits{})
	if err != nil {
		return false
	}
	system, value, both := strings.Cut(identifier, "|")
	if !both {
		system, value = "", identifier
	}
	for x := range r.Root().Get("identifier").All() {
		if x.Get("value").Text() == value && (!both || x.Get("system").Text() == system) {
			return true
		}
	}
	return false
}
