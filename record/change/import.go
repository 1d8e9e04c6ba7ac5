package change

import (
	"fmt"
	"slices"

	"carehold/record"
	"carehold/record/fhir"
)

// Import is what putting a bundle into a person's record would do.
type Import struct {
	Changes  []Change // all Update, in the order of the bundle
	Patients []PatientSummary
	Refused  []Refusal
	Counts   map[string]int // of Changes, by resource type
	Dangling int            // references that point to nothing in the bundle, kept as they are
	Ignored  map[string]int // what was there and is not imported: "link", "older version", "deleted" …
}

// Refusal says why an entry is not imported.
type Refusal struct {
	Index  int
	Ref    fhir.Ref // as the source named it; the id may be missing
	Reason string   // may quote the source: for the person, never for a log
}

// PlanImport plans putting everything a bundle holds into one person's record.
// source names where it comes from (a file's hash, a server's address): the same
// source gives the same ids. patientID is the id the record's own Patient has.
func PlanImport(b *Bundle, source, patientID string, options ...ImportOption) (*Import, error) {
	if !fhir.ValidID(patientID) {
		return nil, record.Safef(record.Invalid, "the record's own Patient must have an id")
	}
	im := &importing{
		out:    &Import{Counts: map[string]int{}, Ignored: map[string]int{}},
		byURL:  map[string]*candidate{},
		byRef:  map[fhir.Ref]*candidate{},
		source: source,
	}
	for _, o := range options {
		o(im)
	}
	for what, n := range b.Ignored {
		im.out.Ignored[what] = n
	}
	im.collect(b)
	im.choosePerson(b.Type, patientID)
	im.refuseOthers()
	im.rewriteAll()

	for _, c := range im.candidates {
		if c.refused != "" {
			im.out.Refused = append(im.out.Refused, Refusal{c.entry.Index, fhir.Ref{Type: c.res.Type(), ID: c.res.ID()}, c.refused})
			continue
		}
		im.out.Counts[c.ref.Type]++
		im.out.Changes = append(im.out.Changes, Change{Index: c.entry.Index, Verb: Update, Ref: c.ref,
			Resource: c.rewritten, FullURL: c.entry.FullURL, URL: c.ref.String()})
	}
	slices.SortStableFunc(im.out.Refused, func(a, b Refusal) int { return a.Index - b.Index })
	return im.out, nil
}

// candidate is an entry that may be imported.
type candidate struct {
	entry   *Entry
	res     *fhir.Resource
	ref     fhir.Ref // in the record
	refused string

	rewritten *fhir.Resource // with the references of the record
}

type importing struct {
	out        *Import
	source     string
	check      func(*fhir.Resource) error // nil takes all
	candidates []*candidate
	byURL      map[string]*candidate
	byRef      map[fhir.Ref]*candidate // by Type/id as the source has it; nil when it is not unique
	person     *candidate              // the Patient, when the bundle holds one
	alias      string                  // what entries call the person, when it holds none
	own        fhir.Ref
	ids        identifierIndex[*candidate]
}

// collect finds the resources, one for each identity.
func (im *importing) collect(b *Bundle) {
	seen := map[string]*candidate{}
	for i := range b.Entries {
		e := &b.Entries[i]
		switch {
		case e.Err != nil:
			im.out.Refused = append(im.out.Refused, Refusal{Index: e.Index, Reason: e.Err.Error()})
			continue
		case e.Request != nil && e.Request.Method == "DELETE":
			// In a history the newest comes first: what is deleted stays so.
			im.out.Ignored["deleted"]++
			if t := fhir.ParseReference(e.Request.URL); t.Form == fhir.Relative && b.Type == "history" {
				gone := &candidate{entry: e}
				seen[identity(e.FullURL, t.Ref, nil)] = gone
				seen[identity("", t.Ref, nil)] = gone
			}
			continue
		case e.Resource == nil:
			im.out.Ignored["no resource"]++
			continue
		}
		res := e.Resource
		name := identity(e.FullURL, fhir.Ref{Type: res.Type(), ID: res.ID()}, res)
		c := &candidate{entry: e, res: res}
		if old := seen[name]; old != nil {
			if old.res != nil && old.res.Type() != res.Type() {
				im.out.Refused = append(im.out.Refused, Refusal{e.Index, fhir.Ref{Type: res.Type(), ID: res.ID()},
					"another entry of another type has the same fullUrl"})
				continue
			}
			im.out.Ignored["older version"]++
			if newer(b.Type, old, c) {
				old.entry, old.res = e, res
			}
			continue
		}
		c.ref = fhir.Ref{Type: res.Type(), ID: derivedID(im.source, name)}
		c.refused, _ = Storable(res.Type())
		seen[name] = c
		im.candidates = append(im.candidates, c)
		if e.FullURL != "" {
			im.byURL[e.FullURL] = c
		}
		if res.ID() != "" {
			ref := fhir.Ref{Type: res.Type(), ID: res.ID()}
			if other, twice := im.byRef[ref]; twice && other != c {
				im.byRef[ref] = nil
			} else {
				im.byRef[ref] = c
			}
		}
	}
}

// newer reports whether c is a newer version than old, which came before it. A
// history begins with the newest; elsewhere lastUpdated says, else the last.
func newer(bundleType string, old, c *candidate) bool {
	if bundleType == "history" || old.res == nil {
		return false
	}
	a, errA := fhir.ParseInstant(old.res.LastUpdated())
	b, errB := fhir.ParseInstant(c.res.LastUpdated())
	if errA != nil || errB != nil {
		return true
	}
	from, _ := a.Interval()
	to, _ := b.Interval()
	return !to.Before(from)
}

// choosePerson finds the Patient the bundle is about.
func (im *importing) choosePerson(bundleType, patientID string) {
	im.own = fhir.Ref{Type: "Patient", ID: patientID}
	var patients []*candidate
	for _, c := range im.candidates {
		if c.res.Type() == "Patient" {
			patients = append(patients, c)
			im.out.Patients = append(im.out.Patients, summary(c.res))
		}
	}
	switch {
	case len(patients) == 1:
		im.person = patients[0]
	case len(patients) > 1:
		if im.person = im.documentSubject(bundleType); im.person == nil {
			reason := fmt.Sprintf("the source is about %d people, and a record is about one", len(patients))
			for _, c := range im.candidates {
				c.refuse(reason)
			}
		}
	default:
		im.chooseAlias()
	}
	if im.person != nil {
		im.person.ref = im.own
	}
}

// documentSubject is whom a document is about: its first entry, the Composition,
// says so (FHIR R4, Documents).
func (im *importing) documentSubject(bundleType string) *candidate {
	if bundleType != "document" || im.candidates[0].res.Type() != "Composition" {
		return nil
	}
	for _, s := range im.candidates[0].res.Subjects() {
		if to := im.find(im.candidates[0], s.Value); to != nil && to.res.Type() == "Patient" {
			return to
		}
	}
	return nil
}

// chooseAlias is for a bundle without a Patient: if everything in it is about one
// patient elsewhere, that is the person.
func (im *importing) chooseAlias() {
	names := map[string]bool{}
	for _, c := range im.candidates {
		for _, s := range c.res.Subjects() {
			if im.find(c, s.Value) == nil && namesPatient(s.Value) {
				names[unversioned(s.Value)] = true
			}
		}
	}
	if len(names) == 1 {
		for im.alias = range names {
		}
	}
}

// refuseOthers refuses what is about somebody else. An entry about several
// people is the person's if they are one of them.
func (im *importing) refuseOthers() {
	for _, c := range im.candidates {
		if c.res.Type() == "Patient" && c != im.person {
			c.refuse("this is another Patient, and a record is about one person")
		}
		mine, others := false, false
		for _, s := range c.res.Subjects() {
			switch to := im.find(c, s.Value); {
			case to != nil && to == im.person, to == nil && im.alias != "" && unversioned(s.Value) == im.alias:
				mine = true
			case to != nil && to.res.Type() == "Patient", to == nil && namesPatient(s.Value):
				others = true
			}
		}
		if others && !mine {
			c.refuse("this is about another person than the one the source holds")
		}
	}
}

func (c *candidate) refuse(reason string) {
	if c.refused == "" {
		c.refused = reason
	}
}

// namesPatient reports whether a reference that leads out of the bundle may mean
// a patient. A urn says nothing of what it names, and so may.
func namesPatient(value string) bool {
	t := fhir.ParseReference(value)
	return t.Ref.Type == "Patient" || t.Form == fhir.URN
}

func unversioned(value string) string {
	if t := fhir.ParseReference(value); t.Version != "" {
		return t.Base + t.Ref.String()
	}
	return value
}

// find is the entry that a reference of c points to, or nil. Bundles whose
// fullUrls are urns and whose references are Type/id are against FHIR R4
// §2.36.4.1, and common: IPS documents among them.
func (im *importing) find(c *candidate, value string) *candidate {
	t := fhir.ParseReference(value)
	switch t.Form {
	case fhir.URN:
		return im.byURL[value]
	case fhir.Absolute:
		return im.byURL[unversioned(value)]
	case fhir.Relative:
		if to := im.byURL[root(c.entry.FullURL)+t.Ref.String()]; to != nil {
			return to
		}
		return im.byRef[t.Ref]
	case fhir.Conditional:
		if found := im.identifiers().find(t); len(found) == 1 {
			return found[0]
		}
	}
	return nil
}

func (im *importing) identifiers() identifierIndex[*candidate] {
	if im.ids == nil {
		im.ids = identifierIndex[*candidate]{}
		for _, c := range im.candidates {
			im.ids.add(c.res, c)
		}
	}
	return im.ids
}
