package fhirapi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/ips"
	"carehold/record/store"
)

// The profiles by which a summary is asked for: those of a document of IPS, of the
// version that is made here.
var summaryProfiles = map[string]bool{
	"":          true,
	ips.Profile: true,
	"http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips": true,
}

const summaryVersion = "2.0.0"

// summary serves $summary: the International Patient Summary of what the grant reaches
// (HL7 IPS 2.0, OperationDefinition/summary). On the type it is of the record's own
// Patient, of whom an identifier may be said: who says one is told when it is another's.
func (a *API) summary(ctx context.Context, v *store.View, q *asked, on fhir.Ref, body *fhir.Resource) (*answer, error) {
	identifier, profile, err := summaryAsked(q, body)
	if err != nil {
		return nil, err
	}
	if name, version, versioned := strings.Cut(profile, "|"); !summaryProfiles[name] || versioned && version != summaryVersion {
		return nil, record.Safef(record.Unprocessed, "the one summary made here is the International Patient Summary %s: leave out profile, or ask for %s|%[1]s", summaryVersion, ips.Profile).At("profile")
	}
	patient := fhir.Ref{Type: "Patient", ID: v.PatientID()}
	if on.ID != "" && on != patient {
		return nil, record.Errorf(record.NotFound, "there is no %s in this record, or not in what was shared", on)
	}
	doc, person, err := a.document(ctx, v, shareOf(v.Grant()))
	if err != nil {
		return nil, err
	}
	if identifier.value != "" && !identifies(person, identifier) {
		return nil, record.Safef(record.NotFound, "nobody of this identifier is in what was shared")
	}
	return &answer{status: http.StatusOK, body: doc}, nil
}

// Summarize makes the summary of what a View may see, for links: what is sensitive is in
// none, also where the link's grant has it, for any program opens one.
func (a *API) Summarize(ctx context.Context, v *store.View) ([]byte, error) {
	share := shareOf(v.Grant())
	share.Own, share.Sections = false, share.Sections&^record.SensitiveSections
	doc, _, err := a.document(ctx, v, share)
	return doc, err
}

// SummarizeFor makes the one that somebody else is to have of a part of the person's
// record, who asks for it in a session: for a snapshot, which their device seals. Of what
// is sensitive there is nothing in it either.
func (a *API) SummarizeFor(ctx context.Context, v *store.View, to string, until time.Time, sections record.SectionSet) ([]byte, error) {
	if !v.Grant().Self {
		return nil, record.Safef(record.Forbidden, "only the person can have a summary made for somebody else")
	}
	doc, _, err := a.document(ctx, v, ips.Share{To: to, Until: until, Sections: grant.With(sections) &^ record.SensitiveSections})
	return doc, err
}

// shareOf is what a summary says of the grant that it is made under.
func shareOf(g grant.Grant) ips.Share {
	return ips.Share{Own: g.Self, To: g.To.Name, Until: g.Until, Sections: g.Sections,
		Reads: func(typ string) bool {
			return grant.CoversAll(g, grant.ActRead, typ) && grant.CoversAll(g, grant.ActSearch, typ)
		}}
}

// document makes the summary, and gives the Patient as well.
func (a *API) document(ctx context.Context, v *store.View, share ips.Share) (doc, person []byte, err error) {
	needs := func(typ string, s record.Section) bool {
		return ips.Needs(typ, s) && (share.Own || share.Sections.Has(s))
	}
	err = v.GatherInto(ctx, "$summary", needs, func(list []store.Entry) (map[fhir.Ref]bool, error) {
		var shown map[fhir.Ref]bool
		var err error
		doc, person, shown, err = a.made(v, list, share)
		return shown, err
	})
	return doc, person, err
}

// made makes it of entries that were gathered, and says which of them it shows.
func (a *API) made(v *store.View, list []store.Entry, share ips.Share) (doc, person []byte, shown map[fhir.Ref]bool, err error) {
	in := ips.Input{ID: crypto.RandomID(), Time: time.Now().UTC().Truncate(time.Second), Base: a.config.Base, Version: a.config.Version,
		Patient: fhir.Ref{Type: "Patient", ID: v.PatientID()}, Share: share}
	for _, e := range list {
		if e.Ref == in.Patient {
			person = e.Body
		}
		in.Entries = append(in.Entries, ips.Entry{Ref: e.Ref, Section: e.Section, Body: e.Body})
	}
	doc, refs, err := ips.BuildShown(in)
	shown = make(map[fhir.Ref]bool, len(refs))
	for _, ref := range refs {
		shown[ref] = true
	}
	return doc, person, shown, err
}

// summaryAsked reads what $summary is asked with, from the query, from Parameters, or
// from both. What is not understood is refused: a summary of whom was not asked for, or
// of another kind, is worse than none.
func summaryAsked(q *asked, body *fhir.Resource) (identifier token, profile string, err error) {
	given := map[string]string{}
	for name := range q.values {
		if name != "_format" && name != "_pretty" {
			given[name] = q.values.Get(name)
		}
	}
	if body != nil {
		if body.Type() != "Parameters" {
			return token{}, "", record.Safef(record.Invalid, "$summary takes Parameters: identifier and profile").At("resourceType")
		}
		for p := range body.Root().Get("parameter").All() {
			name, value := p.Get("name").Text(), p.Get("valueString").Text()
			if name == "profile" {
				value = cmp.Or(p.Get("valueCanonical").Text(), p.Get("valueUri").Text())
			}
			switch _, twice := given[name]; {
			case twice:
				return token{}, "", record.Safef(record.Invalid, "this parameter is there more than once").At(p.Path())
			case value == "":
				return token{}, "", record.Safef(record.Invalid, "$summary takes identifier, a valueString, and profile, a valueCanonical").At(p.Path())
			}
			given[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch value := given[name]; name {
		case "profile":
			profile = value
		case "identifier":
			if identifier, err = parseToken(value); err != nil {
				return token{}, "", err
			}
		default:
			return token{}, "", record.Errorf(record.Invalid, "$summary takes identifier and profile, and not %s", name).At(name)
		}
	}
	return identifier, profile, nil
}

// token is system|value, |value without a system, or value (FHIR R4 §3.1.1.4.10).
type token struct {
	system, value string
	any           bool // system
}

func parseToken(s string) (token, error) {
	var t token
	var part strings.Builder
	for t.any = true; s != ""; s = s[1:] {
		switch {
		case s[0] == '\\' && len(s) > 1:
			s = s[1:]
		case s[0] == '|' && t.any:
			t.system, t.any = part.String(), false
			part.Reset()
			continue
		}
		part.WriteByte(s[0])
	}
	if t.value = part.String(); t.value == "" {
		return token{}, record.Safef(record.Invalid, "an identifier has a value: system|value").At("identifier")
	}
	return t, nil
}

// identifies reports whether a token search for the identifier finds the Patient.
func identifies(person []byte, t token) bool {
	r, err := fhir.Parse(person, fhir.Limits{})
	if err != nil {
		return false
	}
	for x := range r.Root().Get("identifier").All() {
		if x.Get("value").Text() == t.value && (t.any || x.Get("system").Text() == t.system) {
			return true
		}
	}
	return false
}
