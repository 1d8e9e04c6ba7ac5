package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/derived"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/sample"
	"carehold/record/store/storetest"
	"carehold/record/testdata"
)

// bring imports a source as a person's device does: it plans here, and sends one
// transaction of updates. It returns what was sent and the statuses that came.
func (w *world) bring(token, name string, raw []byte) (sent []storetest.Sent, moved map[string]string, id record.ImportID, statuses map[string]int) {
	w.t.Helper()
	s := w.client.With(token)
	patient, err := s.Patient(w.t.Context())
	w.check(err)
	b, err := change.ParseBundle(raw, change.Limits{})
	w.check(err)
	im, err := change.PlanImport(b, name, patient)
	w.check(err)
	var body bytes.Buffer
	body.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, c := range im.Changes {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"resource":%s,"request":{"method":"PUT","url":"%s"}}`, c.Resource.With(fhir.Meta{ID: c.Ref.ID}), c.Ref)
	}
	body.WriteString(`]}`)
	id = record.ImportID(crypto.RandomID())
	answer, err := s.Transaction(w.t.Context(), body.Bytes(), entry.Origin{Import: id, Source: name})
	w.check(err)
	var responses struct {
		Type  string
		Entry []struct {
			Response struct{ Status, Location string }
		}
	}
	w.check(json.Unmarshal(answer, &responses))
	if responses.Type != "transaction-response" || len(responses.Entry) != len(im.Changes) {
		w.t.Errorf("a %s with %d entries for %d", responses.Type, len(responses.Entry), len(im.Changes))
	}
	statuses = make(map[string]int)
	for i, e := range responses.Entry { // FHIR R4 §3.1.0.11.2: in the order of the entries sent
		statuses[e.Response.Status]++
		if want := publicURL + "/fhir/" + im.Changes[i].Ref.String() + "/_history/"; !strings.HasPrefix(e.Response.Location, want) {
			w.t.Errorf("entry %d is at %s, want %s…", i, e.Response.Location, want)
		}
	}
	sent, moved = storetest.Source(w.t, raw, name, patient)
	return sent, moved, id, statuses
}

// fetch gets all entries of some types by searches, over all pages.
func (w *world) fetch(token string, types map[string]bool) map[string][]byte {
	w.t.Helper()
	all := make(map[string][]byte)
	for typ := range types {
		path := "/fhir/" + typ + "?_count=100"
		for path != "" {
			resp := w.send("GET", path, map[string][]string{"Authorization": {"Bearer " + token}}, "")
			var b struct {
				Total int
				Link  []struct{ Relation, URL string }
				Entry []struct {
					FullURL  string
					Resource json.RawMessage
				}
			}
			err := json.NewDecoder(resp.Body).Decode(&b)
			resp.Body.Close()
			w.check(err)
			for _, e := range b.Entry {
				name := strings.TrimPrefix(e.FullURL, publicURL+"/fhir/")
				ref, err := fhir.ParseRef(name)
				w.check(err)
				if _, made := derived.Parse(ref); !made { // of the others, and not kept
					all[name] = e.Resource
				}
			}
			path = ""
			for _, l := range b.Link {
				if l.Relation == "next" {
					path = strings.TrimPrefix(l.URL, publicURL)
				}
			}
		}
	}
	return all
}

func typesOf(sent []storetest.Sent) map[string]bool {
	types := make(map[string]bool)
	for _, e := range sent {
		types[e.Type] = true
	}
	return types
}

// A Synthea person over HTTP: in by one transaction, back byte for byte by search
// and by read, once more adds nothing, undo takes it away.
func TestImportOverHTTP(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "Claudie*.json"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	w := newServer(t, generous)
	token := w.session(w.enrol("Claudie"))
	began := time.Now()
	sent, moved, id, statuses := w.bring(token, "synthea", raw)
	t.Logf("%d entries in %v", len(sent), time.Since(began).Round(time.Millisecond))
	if statuses["201 Created"] != len(sent) {
		t.Errorf("statuses %v for %d entries", statuses, len(sent))
	}
	all := w.fetch(token, typesOf(sent))
	if len(all) != len(sent) {
		t.Errorf("%d entries came back of %d", len(all), len(sent))
	}
	s := w.client.With(token)
	for _, e := range sent {
		ref, err := fhir.ParseRef(e.Ref)
		w.check(err)
		one, err := s.Read(t.Context(), ref)
		w.check(err)
		if err := storetest.Same(e.Resource, one, moved); err != nil {
			t.Errorf("%s: %v", e.Ref, err)
		}
		if !bytes.Equal(one, all[e.Ref]) {
			t.Errorf("%s: read and search differ", e.Ref)
		}
	}
	if _, _, _, statuses := w.bring(token, "synthea", raw); statuses["200 OK"] != len(sent) {
		t.Errorf("again: %v", statuses)
	}
	imports, err := s.Imports(t.Context())
	w.check(err)
	if len(imports) != 1 || imports[0].Entries != len(sent) {
		t.Errorf("imports: %+v", imports)
	}
	undone, err := s.Undo(t.Context(), id)
	w.check(err)
	if undone.Deleted != len(sent) {
		t.Errorf("undone: %+v", undone)
	}
	if left := w.fetch(token, typesOf(sent)); len(left) != 0 {
		t.Errorf("%d entries are left", len(left))
	}
}

// The sample over HTTP: six sources, and what a GP and a social worker find.
func TestSampleOverHTTP(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	marion := w.enrol("Marion")
	token := w.session(marion)
	types := make(map[string]bool)
	want := make(map[string]string) // of those that only one source has: what was sent
	moved := make(map[string]map[string]string)
	for _, src := range sample.Sources() {
		sent, to, _, _ := w.bring(token, src.Name, src.Bundle)
		for _, e := range sent {
			types[e.Type] = true
			if e.Type != "Patient" {
				want[e.Ref], moved[e.Ref] = string(e.Resource), to
			}
		}
	}
	all := w.fetch(token, types)
	if len(all) != len(want)+1 {
		t.Errorf("%d entries, want %d and the Patient", len(all), len(want))
	}
	for ref, sent := range want {
		if err := storetest.Same([]byte(sent), all[ref], moved[ref]); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	entries, err := w.client.With(token).Entries(t.Context())
	w.check(err)
	for _, ready := range grant.ReadyMade {
		seen := w.fetch(w.grant(marion, ready.Name, 24*time.Hour, ready.Scopes, ready.Sections.List()...), types)
		for _, e := range entries {
			section, err := record.ParseSection(e.Section)
			w.check(err)
			if _, there := seen[e.Type+"/"+e.ID]; there != ready.Sections.Has(section) {
				t.Errorf("%s: an entry of %s is seen: %t", ready.Name, section, there)
			}
		}
		t.Logf("%s sees %d of %d entries", ready.Title, len(seen), len(all))
	}
}
