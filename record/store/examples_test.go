package store_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
	"carehold/record/store/storetest"
	"carehold/record/testdata"
)

// refusedExamples are the examples a record does not take, by file, with why.
// docs/conformance.md has the same list with the standard's words.
func refusedExamples(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/refused-examples.txt")
	if err != nil {
		t.Fatal(err)
	}
	refused := make(map[string]string)
	for line := range strings.Lines(string(b)) {
		if name, why, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(line, "#") {
			refused[name] = why
		}
	}
	return refused
}

// HL7's 375 examples, each put under its own id into one record. They are about
// many people, so the store is in its test mode; everything else is as always.
func TestExamples(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "r4-examples"), "*.json"))
	if len(files) != 375 {
		t.Fatalf("%d examples", len(files))
	}
	dir, s := newStore(t)
	s.Close()
	s = open(t, dir, store.Options{ManyPatients: true})
	me := enrol(t, s).session()

	sent := make(map[fhir.Ref][]byte)
	refused := make(map[string]string)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		res, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			refused[filepath.Base(file)] = err.Error()
			continue
		}
		if why, ok := change.Storable(res.Type()); !ok {
			refused[filepath.Base(file)] = why
			continue
		}
		ref := fhir.Ref{Type: res.Type(), ID: res.ID()}
		results, err := me.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: ref, Resource: res}}, store.ApplyOptions{})
		if err != nil {
			refused[filepath.Base(file)] = err.Error()
			continue
		}
		if !results[0].Created || results[0].Version != 1 {
			t.Errorf("%s: %+v", filepath.Base(file), results[0])
		}
		sent[ref] = raw
	}
	if want := refusedExamples(t); !maps.Equal(refused, want) {
		t.Errorf("refused:\n%v\nwant\n%v", refused, want)
	}
	for ref, raw := range sent {
		e, err := me.Read(t.Context(), ref, 0)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if err := storetest.Same(raw, e.Body, nil); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	t.Logf("%d of %d kept, %d refused", len(sent), len(files), len(refused))
	conformance, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		if !bytes.Contains(conformance, []byte(strings.TrimSuffix(name, ".json"))) {
			t.Errorf("docs/conformance.md does not say that %s is refused", name)
		}
	}
}

// Without the test mode a record is about one person.
func TestExamplesOutsideTheTestMode(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	for _, name := range []string{"Patient-example.json", "Observation-blood-pressure.json"} {
		raw, err := os.ReadFile(filepath.Join(testdata.Dir(t, "r4-examples"), name))
		if err != nil {
			t.Fatal(err)
		}
		res, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = me.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: res.Type(), ID: res.ID()}, Resource: res}}, store.ApplyOptions{})
		wantKind(t, err, record.Unprocessed)
	}
}

var docLink = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)

// docs/conformance.md points to tests that are there.
func TestConformanceLinks(t *testing.T) {
	page, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	links := docLink.FindAllStringSubmatch(string(page), -1)
	if len(links) < 50 {
		t.Errorf("%d links", len(links))
	}
	for _, l := range links {
		file, _, _ := strings.Cut(l[2], "#") // docs/docs_test.go looks for the section
		text, err := os.ReadFile(filepath.Join("../../docs", file))
		if err != nil {
			t.Errorf("%s: %v", l[1], err)
		}
		if strings.HasPrefix(l[1], "Test") && !bytes.Contains(text, []byte("\nfunc "+l[1]+"(")) {
			t.Errorf("there is no %s in %s", l[1], l[2])
		}
	}
}
