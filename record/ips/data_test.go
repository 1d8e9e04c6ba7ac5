package ips_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/ips"
	"carehold/record/sample"
	"carehold/record/testdata"
)

const base = "https://carehold.example/fhir"

var (
	docID = [16]byte{1, 2, 3, 4, 5, 6, 0xf0, 8, 0, 10, 11, 12, 13, 14, 15, 16}
	now   = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
)

// person is a Bundle as the record would hold it: references to its own entries are
// local, each entry is filed, and the first Patient is the one.
func person(t testing.TB, bundles ...[]byte) (fhir.Ref, []ips.Entry) {
	t.Helper()
	type raw struct {
		FullURL  string
		Resource json.RawMessage
	}
	var all []raw
	local := map[string]string{}
	patient := ""
	for _, b := range bundles {
		var bundle struct{ Entry []raw }
		if err := json.Unmarshal(b, &bundle); err != nil {
			t.Fatal(err)
		}
		for _, e := range bundle.Entry {
			var r struct{ ResourceType, ID string }
			if err := json.Unmarshal(e.Resource, &r); err != nil {
				t.Fatal(err)
			}
			ref := r.ResourceType + "/" + e.FullURL[strings.LastIndexAny(e.FullURL, ":/")+1:]
			if r.ResourceType == "Patient" && patient != "" {
				local[e.FullURL] = patient
				continue
			}
			if r.ResourceType == "Patient" {
				patient = ref
			}
			local[e.FullURL] = ref
			all = append(all, e)
		}
	}
	var entries []ips.Entry
	var items []filing.Item
	for _, e := range all {
		res, err := fhir.Parse(e.Resource, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		res = res.Rewrite(func(r fhir.Reference) (string, bool) { to, ok := local[r.Value]; return to, ok })
		ref, err := fhir.ParseRef(local[e.FullURL])
		if err != nil {
			t.Fatal(err)
		}
		if res, err = fhir.Parse(res.With(fhir.Meta{ID: ref.ID, VersionID: "1", LastUpdated: now}), fhir.Limits{}); err != nil {
			t.Fatal(err)
		}
		items = append(items, filing.Item{Ref: ref, Resource: res})
		entries = append(entries, ips.Entry{Ref: ref, Body: res.Bytes()})
	}
	for i, r := range file(t, items) {
		entries[i].Section = r
	}
	p, _ := fhir.ParseRef(patient)
	return p, entries
}

// whole is the Input of the person's own session.
func whole(p fhir.Ref, entries []ips.Entry) ips.Input {
	return ips.Input{ID: docID, Time: now, Base: base, Version: "0.4.0", Patient: p, Share: ips.Share{Own: true}, Entries: entries}
}

// shared is the Input of a grant: what it does not reach is not in it.
func shared(p fhir.Ref, entries []ips.Entry, sections record.SectionSet, types ...string) ips.Input {
	in := whole(p, nil)
	in.Share = ips.Share{To: "Dr Amara Okafor, Elm Road Surgery", Until: now.AddDate(0, 0, 7), Sections: sections.With(record.Identity).With(record.Providers)}
	if len(types) > 0 {
		read := map[string]bool{}
		for _, t := range types {
			read[t] = true
		}
		in.Share.Reads = func(t string) bool { return read[t] }
	}
	for _, e := range entries {
		if in.Share.Sections.Has(e.Section) && (in.Share.Reads == nil || in.Share.Reads(e.Ref.Type)) {
			in.Entries = append(in.Entries, e)
		}
	}
	return in
}

// ordinary are the sections of a grant without the sensitive ones.
func ordinary() record.SectionSet {
	var set record.SectionSet
	for _, s := range record.Sections() {
		if !s.Sensitive() {
			set = set.With(s)
		}
	}
	return set
}

func build(t testing.TB, in ips.Input) []byte {
	t.Helper()
	doc, err := ips.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// synthea are the shared people.
func synthea(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	if len(files) != 6 {
		t.Fatalf("%d people", len(files))
	}
	people := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		people[strings.SplitN(filepath.Base(f), "_", 2)[0]] = b
	}
	return people
}

// marion is the project's own sample, all sources together.
func marion(t testing.TB) (fhir.Ref, []ips.Entry) {
	var all [][]byte
	for _, s := range sample.Sources() {
		all = append(all, s.Bundle)
	}
	return person(t, all...)
}

// hand makes a record of resources written out; each is "section: JSON".
func hand(t testing.TB, lines ...string) (fhir.Ref, []ips.Entry) {
	t.Helper()
	var entries []ips.Entry
	for _, line := range lines {
		name, body, ok := strings.Cut(line, ": ")
		sec, err := record.ParseSection(name)
		if !ok || err != nil {
			t.Fatal(line)
		}
		r, err := fhir.Parse([]byte(body), fhir.Limits{})
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		entries = append(entries, ips.Entry{Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Section: sec, Body: []byte(body)})
	}
	return fhir.Ref{Type: "Patient", ID: "p"}, entries
}

const handPatient = `identity: {"resourceType":"Patient","id":"p","name":[{"use":"official","family":"Wren","given":["Ada","May"],"prefix":["Mrs"]}],"birthDate":"1950-02-28","gender":"female","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9912003888"}]}`

// view is a document as the tests read it.
type view struct {
	Bundle map[string]any
	Comp   map[string]any
}

func read(t testing.TB, doc []byte) view {
	t.Helper()
	var v view
	if err := json.Unmarshal(doc, &v.Bundle); err != nil {
		t.Fatal(err)
	}
	v.Comp = v.Bundle["entry"].([]any)[0].(map[string]any)["resource"].(map[string]any)
	return v
}

// section is the section with a code; nil when there is none.
func (v view) section(code string) map[string]any {
	for _, s := range list(v.Comp["section"]) {
		if codings(s.(map[string]any)["code"])[0][1] == code {
			return s.(map[string]any)
		}
	}
	return nil
}

// text is what a reader sees of a section.
func (v view) text(code string) string {
	s := v.section(code)
	if s == nil {
		return ""
	}
	return visible(s["text"].(map[string]any)["div"].(string))
}

func (v view) empty(code string) string {
	if s := v.section(code); s != nil && s["emptyReason"] != nil {
		return codings(s["emptyReason"])[0][1]
	}
	return ""
}

// entries are the references of a section, without the server.
func (v view) entries(code string) string {
	var all []string
	if s := v.section(code); s != nil {
		for _, e := range list(s["entry"]) {
			all = append(all, strings.TrimPrefix(e.(map[string]any)["reference"].(string), base+"/"))
		}
	}
	return strings.Join(all, " ")
}

// has reports whether an entry of the document has the reference.
func (v view) has(ref string) bool {
	for _, e := range list(v.Bundle["entry"]) {
		if e.(map[string]any)["fullUrl"] == base+"/"+ref {
			return true
		}
	}
	return false
}

func list(v any) []any { l, _ := v.([]any); return l }

func codings(v any) [][2]string {
	var all [][2]string
	m, _ := v.(map[string]any)
	for _, c := range list(m["coding"]) {
		c := c.(map[string]any)
		all = append(all, [2]string{fmt.Sprint(c["system"]), fmt.Sprint(c["code"])})
	}
	return all
}

func file(t testing.TB, items []filing.Item) []record.Section {
	t.Helper()
	there := map[fhir.Ref]bool{}
	for _, it := range items {
		there[it.Ref] = true
	}
	for i := range items {
		for _, r := range items[i].Resource.References() {
			if to := fhir.ParseReference(r.Value).Ref; there[to] {
				items[i].Targets = append(items[i].Targets, to)
			}
		}
	}
	var out []record.Section
	for _, f := range filing.File(items, func(fhir.Ref) (record.Section, bool) { return 0, false }) {
		out = append(out, f.Section)
	}
	return out
}
