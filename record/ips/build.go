package ips

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// builder makes one document.
type builder struct {
	Input
	items   []*item            // in the order of their references
	byRef   map[fhir.Ref]*item // the same
	names   map[fhir.Ref]string
	said    map[fhir.Ref]bool // what the text names: it may be of any section
	used    map[fhir.Ref]bool // devices that a statement of use names
	listed  [numKinds][]*item
	leftOut [numKinds][numReasons]int
	patient *item
	died    bool
	until   time.Time // the time of the document, or of death: what is recent is told from here
}

// item is an entry on its way into the document.
type item struct {
	Entry
	res    *fhir.Resource // nil until it is needed
	kind   kind
	table  int        // of the section's tables
	spoken bool       // told in the text only: IPS has no entry for it
	none   absent     // it says that there is none
	group  string     // what it is one of; "" stands alone
	most   int        // so many of its group are listed, the newest
	when   speak.Date // orders, newest first
	rank   int        // goes before when
	place  int        // in the section, when it has been chosen
}

// Build makes the document: a Bundle in JSON.
func Build(in Input) ([]byte, error) {
	doc, _, err := BuildShown(in)
	return doc, err
}

// BuildShown also names the entries that its reader learns something of: those in it,
// those that its text alone tells, and those that the text names.
func BuildShown(in Input) (doc []byte, shown []fhir.Ref, err error) {
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	in.Base, in.Time = strings.TrimRight(in.Base, "/"), in.Time.UTC().Truncate(time.Second)
	b := &builder{Input: in, byRef: make(map[fhir.Ref]*item, len(in.Entries)), names: map[fhir.Ref]string{}, said: map[fhir.Ref]bool{}, used: map[fhir.Ref]bool{}}
	if err := b.index(); err != nil {
		return nil, nil, err
	}
	b.untilWhen()
	if err := b.placeAll(); err != nil {
		return nil, nil, err
	}
	for k := range numKinds {
		b.choose(k)
	}
	doc, told, err := b.bundle()
	if err != nil {
		return nil, nil, err
	}
	for _, it := range told {
		shown = append(shown, it.Ref)
	}
	return doc, shown, nil
}

// told are the entries that the document says something of, in any form: those that have
// an entry in it, those that are listed and have none, and those that its text names.
func (b *builder) told(within []*item) (told []*item) {
	has := make(map[*item]bool)
	for _, list := range append(b.listed[:], within) {
		for _, it := range list {
			has[it] = true
		}
	}
	for _, it := range b.items {
		if has[it] || b.said[it.Ref] {
			told = append(told, it)
		}
	}
	return told
}

// index orders the entries, so that their order in the Input does not matter.
func (b *builder) index() error {
	entries := slices.Clone(b.Entries)
	slices.SortFunc(entries, func(x, y Entry) int {
		return cmp.Or(strings.Compare(x.Ref.Type, y.Ref.Type), strings.Compare(x.Ref.ID, y.Ref.ID))
	})
	for _, e := range entries {
		if b.byRef[e.Ref] != nil {
			return record.Safef(record.Internal, "the same entry came twice to a summary")
		}
		it := &item{Entry: e}
		b.items, b.byRef[e.Ref] = append(b.items, it), it
	}
	if b.patient = b.byRef[b.Patient]; b.patient == nil || b.Patient.Type != "Patient" {
		return record.Safef(record.NotFound, "there is no Patient to summarise")
	}
	_, err := b.patient.parsed()
	return err
}

// parsed is the entry as a resource, with its id.
func (it *item) parsed() (*fhir.Resource, error) {
	if it.res != nil {
		return it.res, nil
	}
	r, err := fhir.Parse(it.Body, fhir.Limits{})
	if err == nil && r.ID() == "" {
		r, err = fhir.Parse(r.With(fhir.Meta{ID: it.Ref.ID}), fhir.Limits{})
	}
	if err != nil {
		return nil, err
	}
	if r.Type() != it.Ref.Type || r.ID() != it.Ref.ID {
		return nil, record.Safef(record.Internal, "an entry for a summary is not the one its reference names")
	}
	it.res = r
	return r, nil
}

// root is the entry's content; nothing when it cannot be read.
func (it *item) root() fhir.Node {
	if it.res == nil {
		return fhir.Node{}
	}
	return it.res.Root()
}

// placeAll gives each entry its section, or leaves it out.
func (b *builder) placeAll() error {
	for _, it := range b.items { // first, so that a Device is known to be spoken for
		if it.Ref.Type == "DeviceUseStatement" {
			r, err := it.parsed()
			if err != nil {
				return err
			}
			if ref, ok := b.local(r.Root().Get("device").Get("reference").Text()); ok {
				b.used[ref] = true
			}
		}
	}
	for _, it := range b.items {
		if !placed[it.Ref.Type] && it.Section != record.AboutMe || apart[it.Ref.Type] {
			continue
		}
		if _, err := it.parsed(); err != nil {
			return err
		}
		why, ok := b.place(it)
		switch {
		case !ok:
		case why != keep:
			b.leftOut[it.kind][why]++
		default:
			b.listed[it.kind] = append(b.listed[it.kind], it)
		}
	}
	return nil
}

// choose orders a section, and leaves out what is older than the newest of its group.
func (b *builder) choose(k kind) {
	list := b.listed[k]
	slices.SortStableFunc(list, func(x, y *item) int {
		return cmp.Or(cmp.Compare(x.table, y.table), cmp.Compare(x.rank, y.rank), y.when.At.Compare(x.when.At))
	})
	type group struct {
		table int
		name  string
	}
	seen, first, last := map[group]int{}, map[group]int{}, map[group]*item{}
	var kept []*item
	for i, it := range list {
		it.place = i
		if g := (group{it.table, it.group}); it.group != "" {
			if b.twin(it, last[g]) {
				b.leftOut[k][repeated]++
				continue
			}
			if seen[g]++; seen[g] > it.most {
				b.leftOut[k][older]++
				continue
			}
			last[g] = it
			if seen[g] == 1 {
				first[g] = i
			}
			it.place = first[g] // one under the other, where the newest stands
		}
		kept = append(kept, it)
	}
	slices.SortStableFunc(kept, func(x, y *item) int { return cmp.Compare(x.place, y.place) })
	b.listed[k] = kept
}

// twin reports whether an entry says what the one before it in its group says: two
// sources sent the same result of the same time, or a report found what it found before.
func (b *builder) twin(it, before *item) bool {
	if before == nil || it.Ref.Type != before.Ref.Type {
		return false
	}
	n, m := it.root(), before.root()
	if it.doubt() != before.doubt() || n.Get("status").Text() != m.Get("status").Text() {
		return false
	}
	switch it.Ref.Type {
	case "Observation":
		return !it.when.At.IsZero() && it.when.At.Equal(before.when.At) && slices.Equal(speak.Observed(n), speak.Observed(m)) &&
			speak.Interpretation(n) == speak.Interpretation(m) && speak.Notes(n.Get("note")) == speak.Notes(m.Get("note"))
	case "DiagnosticReport":
		said := concluded(n)
		return len(said) > 0 && slices.Equal(said, concluded(m))
	}
	return false
}

// untilWhen looks whether the person lives: of somebody who died "recent" is before that.
func (b *builder) untilWhen() {
	n := b.patient.root()
	b.until = b.Time
	if d := n.Get("deceasedDateTime"); d.Valid() {
		b.died = true
		if at := speak.When(d.Text()).End; !at.IsZero() && at.Before(b.Time) {
			b.until = at
		}
	} else {
		b.died = n.Get("deceasedBoolean").Text() == "true"
	}
}

// local is what a reference leads to, if it is of this record.
func (b *builder) local(s string) (fhir.Ref, bool) {
	t := fhir.ParseReference(s)
	switch {
	case t.Form == fhir.Relative:
	case t.Form == fhir.Absolute && t.Base == b.Base+"/":
	default:
		return fhir.Ref{}, false
	}
	return t.Ref, true
}

// find is what a reference of a resource leads to: contained in it, or an entry that
// the reader may see.
func (b *builder) find(n fhir.Node) fhir.Node {
	s := n.Get("reference").Text()
	if id, ok := strings.CutPrefix(s, "#"); ok {
		for c := range n.Resource().Root().Get("contained").All() {
			if c.Get("id").Text() == id {
				return c
			}
		}
		return fhir.Node{}
	}
	ref, ok := b.local(s)
	it := b.byRef[ref]
	if !ok || it == nil {
		return fhir.Node{}
	}
	if _, err := it.parsed(); err != nil {
		return fhir.Node{}
	}
	return it.root()
}

// called is what a Reference leads to in words, which the text then has; "" when nothing
// is found that has any.
func (b *builder) called(n fhir.Node, words func(fhir.Node) string) string {
	name := words(b.find(n))
	if ref, ok := b.local(n.Get("reference").Text()); ok && name != "" {
		b.said[ref] = true
	}
	return name
}

// who is the name of what a Reference leads to: as it says itself, else as the entry
// says; "" when neither does.
func (b *builder) who(n fhir.Node) string {
	if d := n.Get("display").Text(); d != "" {
		return speak.Clean(d)
	}
	ref, _ := b.local(n.Get("reference").Text())
	if name, ok := b.names[ref]; ok && ref.Type != "" {
		return name
	}
	to := b.find(n)
	name := ""
	switch to.Get("resourceType").Text() {
	case "Patient":
		name = "the person"
	case "Practitioner", "RelatedPerson":
		name = sayNamed(to)
	case "PractitionerRole":
		if p := to.Get("practitioner"); p.Get("display").Valid() {
			name = speak.Clean(p.Get("display").Text())
		} else {
			name = b.called(p, sayNamed) // not who: roles could go in circles
		}
	case "Organization", "Location", "HealthcareService", "CareTeam":
		name = speak.Clean(to.Get("name").Text())
	case "Medication", "Substance":
		name = speak.Concept(to.Get("code"))
	case "Device":
		name = sayDevice(to)
	}
	if ref.Type != "" {
		b.names[ref] = name
		b.said[ref] = b.said[ref] || name != ""
	}
	return name
}

// sayNamed is the name of a person, and sayCoded what an entry has as its code.
func sayNamed(n fhir.Node) string { return speak.Name(speak.First(n.Get("name"))) }

func sayCoded(n fhir.Node) string { return speak.Concept(n.Get("code")) }
