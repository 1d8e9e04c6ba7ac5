package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
	"carehold/record/store/storetest"
)

// bundleOf writes a Bundle of entries.
func bundleOf(typ string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + typ + `","entry":[` + strings.Join(entries, ",\n") + `]}`
}

func entryOf(fullURL, resource string) string {
	if fullURL == "" {
		return `{"resource":` + resource + `}`
	}
	return `{"fullUrl":"` + fullURL + `","resource":` + resource + `}`
}

// What arrives in real life: what is taken reads back byte for byte, what is
// refused is refused for the reason given. Each into a record of its own.
func TestWhatArrives(t *testing.T) {
	const (
		base    = "https://hospital.example.org/fhir/"
		p       = `{"resourceType":"Patient","id":"p","name":[{"text":"Ann Lee"}]}`
		patient = `{"fullUrl":"` + base + `Patient/p","resource":` + p + `}`
		scan    = `{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"aGVsbG8="}`
	)
	about := func(ref, rest string) string {
		return `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"` + ref + `"}` + rest + `}`
	}
	nested := func(n int) string {
		return strings.Repeat(`{"url":"x","extension":[`, n) + `{"url":"y","valueBoolean":true}` + strings.Repeat(`]}`, n)
	}
	searchset := `{"resourceType":"Bundle","type":"searchset","total":2,"link":[{"relation":"self","url":"x"}],"entry":[` + patient +
		`,{"fullUrl":"` + base + `Observation/o","resource":` + about("Patient/p", "") + `,"search":{"mode":"match"}},` +
		`{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"processing"}]},"search":{"mode":"outcome"}}]}`
	_, s := newStore(t)
	for _, c := range []struct {
		name, source string
		taken        int
		refused      []string // words of the reasons, in the order of the entries
	}{
		{"a collection", bundleOf("collection", patient, entryOf(base+"Observation/o", about("Patient/p", ""))), 2, nil},
		{"a transaction", bundleOf("transaction", `{"fullUrl":"urn:uuid:1","resource":`+p+`,"request":{"method":"POST","url":"Patient"}}`,
			`{"fullUrl":"urn:uuid:2","resource":`+about("urn:uuid:1", "")+`,"request":{"method":"POST","url":"Observation"}}`), 2, nil},
		{"a batch", bundleOf("batch", `{"resource":`+p+`,"request":{"method":"PUT","url":"Patient/p"}}`), 1, nil},
		{"a searchset, with its outcome", searchset, 2, []string{"OperationOutcome is the answer"}},
		{"a message", bundleOf("message", entryOf("urn:uuid:0", `{"resourceType":"MessageHeader","id":"m","eventUri":"x","source":{"endpoint":"y"},"focus":[{"reference":"Patient/p"}]}`), patient), 2, nil},
		{"a document", bundleOf("document", entryOf("urn:uuid:0", `{"resourceType":"Composition","id":"c","status":"final","subject":{"reference":"urn:uuid:1"},"text":{"status":"generated","div":"<div><a href=\"urn:uuid:2\">scan</a></div>"}}`),
			entryOf("urn:uuid:1", p), entryOf("urn:uuid:2", scan)), 3, nil},
		{"a history", bundleOf("history", patient), 1, nil},
		{"a bare resource", p, 1, nil},
		{"NDJSON", p + "\n" + about("Patient/p", "") + "\n\n" + scan + "\n", 3, nil},
		{"NDJSON with a line that is not FHIR", p + "\n" + `{"resourceType":"Observation","x":{}}` + "\n", 1, []string{"must have something in it"}},

		{"no Patient, all about one", bundleOf("collection", entryOf("", about("Patient/9", "")), entryOf("", scan)), 2, nil},
		{"no Patient, about one of another server", bundleOf("collection", entryOf("", about("https://other.example.org/Patient/9", ""))), 1, nil},
		{"two Patients", bundleOf("collection", patient, entryOf("", `{"resourceType":"Patient","id":"q"}`)), 0, []string{"about 2 people", "about 2 people"}},
		{"somebody else's result among them", bundleOf("collection", patient, entryOf(base+"Observation/o", about("https://other.example.org/fhir/Patient/p", ""))), 1, []string{"about another person"}},
		{"the Patient by the server's full address", bundleOf("collection", patient, entryOf(base+"Observation/o", about(base+"Patient/p", ""))), 2, nil},
		{"what no record holds", bundleOf("collection", patient, entryOf("", `{"resourceType":"Parameters","id":"x"}`), entryOf("", `{"resourceType":"Subscription","id":"x"}`)), 1,
			[]string{"Parameters are the arguments", "a Subscription asks"}},

		{"circular references", bundleOf("collection", patient, entryOf("urn:uuid:1", `{"resourceType":"Basic","id":"1","extension":[{"url":"x","valueReference":{"reference":"urn:uuid:2"}}]}`),
			entryOf("urn:uuid:2", `{"resourceType":"Basic","id":"2","extension":[{"url":"x","valueReference":{"reference":"urn:uuid:1"}}]}`),
			entryOf("urn:uuid:3", `{"resourceType":"Basic","id":"3","extension":[{"url":"x","valueReference":{"reference":"urn:uuid:3"}}]}`)), 4, nil},
		{"contained resources", bundleOf("collection", patient, entryOf("", about("Patient/p", `,"performer":[{"reference":"#d"}],"contained":[{"resourceType":"Practitioner","id":"d","meta":{"versionId":"7"},"name":[{"text":"D"}]}]`))), 2, nil},
		{"numbers of every size", bundleOf("collection", patient, entryOf("", about("Patient/p", `,"valueQuantity":{"value":1.00},"a":1e400,"b":-0.0,"c":0.10e-9,"d":123456789012345678901234567890,"e":1E5,"f":9007199254740993`))), 2, nil},
		{"unknown elements and extensions", bundleOf("collection", patient, entryOf("", about("Patient/p", `,"nonsense":{"deeply":["unknown",true]},"_status":{"extension":[{"url":"https://example.org/x","valueCode":"y"}]},"_code":{"id":"z"},"modifierExtension":[{"url":"https://example.org/m","valueInteger":1}]`))), 2, nil},
		{"nulls between primitives and their siblings", bundleOf("collection", entryOf("", `{"resourceType":"Patient","id":"p","name":[{"given":["Ann",null,"Bo"],"_given":[null,{"id":"x"},null]}]}`)), 1, nil},
		{"emoji, surrogates, every script", bundleOf("collection", patient, entryOf("", about("Patient/p", `,"note":[{"text":"😀 \ud83d\ude00 \u00e9 é \u0000 \/ \u202e אבג 日本 \u007f"}]`))), 2, nil},
		{"half a surrogate", bundleOf("collection", patient, entryOf("", `{"resourceType":"Basic","x":"\ud83d"}`)), -1, []string{"not JSON"}},
		{"white space of every kind", "\n\t {\"resourceType\" :\t\"Bundle\",\r\n\"type\":\"collection\" , \"entry\" : [ {\"resource\" : {\r\n\t\"resourceType\" : \"Patient\" ,\r\n\t\"id\" : \"p\"\r\n, \"active\" : true }  } ] } \n", 1, nil},
		{"deep, and not too deep", bundleOf("collection", patient, entryOf("", about("Patient/p", `,"extension":[`+nested(30)+`]`))), 2, nil},
		{"too deep", bundleOf("collection", patient, entryOf("", about("Patient/p", `,"extension":[`+nested(40)+`]`))), 1, []string{"deep"}},
		{"the server's members in odd places", bundleOf("collection", `{"resource":{"meta":{"lastUpdated":"2020-01-01T00:00:00Z","tag":[{"code":"t"}],"versionId":"3"},"active":true,"id":"p","resourceType":"Patient"}}`), 1, nil},
		{"the same twice under one fullUrl", bundleOf("collection", patient, patient), 1, nil},
		{"two types under one fullUrl", bundleOf("collection", patient, entryOf(base+"Patient/p", scan)), 1, []string{"another type has the same fullUrl"}},
		{"a name twice", `{"resourceType":"Patient","id":"p","active":true,"active":false}`, -1, []string{"twice"}},
		{"nothing", "", -1, []string{"ends too early"}},
		{"not JSON", "%PDF-1.4", -1, []string{"not JSON"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			me := enrol(t, s).session()
			bundles, err := change.ReadSource(strings.NewReader(c.source), change.Limits{})
			if c.taken < 0 {
				if !errors.Is(err, record.Invalid) || !strings.Contains(err.Error(), c.refused[0]) {
					t.Errorf("%v, want invalid: %s", err, c.refused[0])
				}
				return
			}
			if err != nil || len(bundles) != 1 {
				t.Fatal(len(bundles), err)
			}
			im, err := change.PlanImport(bundles[0], "source", me.PatientID())
			if err != nil {
				t.Fatal(err)
			}
			if len(im.Changes) != c.taken || len(im.Refused) != len(c.refused) {
				t.Fatalf("%d taken, refused %v; want %d and %d", len(im.Changes), im.Refused, c.taken, len(c.refused))
			}
			for i, r := range im.Refused {
				if !strings.Contains(r.Reason, c.refused[i]) {
					t.Errorf("refused because %q, want %q", r.Reason, c.refused[i])
				}
			}
			apply(t, me, im.Changes, 1000, "source")
			comesBack(t, me, bundles[0], im)
			if _, n := apply(t, me, im.Changes, 1000, "source"); n.Unchanged != len(im.Changes) {
				t.Errorf("again: %+v", n)
			}
		})
	}
}

// comesBack compares what was taken of a bundle with what the record has, under
// the names that the checker computes by itself.
func comesBack(t *testing.T, me *store.View, b *change.Bundle, im *change.Import) {
	t.Helper()
	var entries []string
	for _, e := range b.Entries {
		if e.Resource != nil {
			entries = append(entries, entryOf(e.FullURL, string(e.Resource.Bytes())))
		}
	}
	sent, moved := storetest.Source(t, []byte(bundleOf("collection", entries...)), "source", me.PatientID())
	for url, ref := range moved { // absolute references name the same entry
		if typ, id, ok := strings.Cut(strings.TrimPrefix(url, "https://hospital.example.org/fhir/"), "/"); ok && strings.HasPrefix(url, "https:") {
			moved[typ+"/"+id] = ref
		}
	}
	if len(im.Patients) == 0 { // all about one patient elsewhere: that is the person
		for _, from := range []string{"Patient/9", "https://other.example.org/Patient/9"} {
			moved[from] = "Patient/" + me.PatientID()
		}
	}
	taken := make(map[string]bool)
	for _, c := range im.Changes {
		taken[c.Ref.String()] = true
	}
	compared := 0
	for _, e := range sent {
		if !taken[e.Ref] {
			continue
		}
		ref, err := fhir.ParseRef(e.Ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := me.Read(t.Context(), ref, 0)
		if err != nil {
			t.Fatalf("%s: %v", e.Ref, err)
		}
		if err := storetest.Same(e.Resource, got.Body, moved); err != nil {
			t.Errorf("%s: %v\n%s\n%s", e.Ref, err, e.Resource, got.Body)
		}
		compared++
	}
	if compared < len(im.Changes) {
		t.Errorf("compared %d of %d", compared, len(im.Changes))
	}
}

// Exports of one source overlap. What is the same stays, what changed is a new
// version, what was corrected here stays corrected until the source says
// something new; then its words are the newest, and the correction is history.
func TestOverlappingExports(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	export := func(entries ...string) *change.Import {
		all := append([]string{entryOf("urn:uuid:p", `{"resourceType":"Patient"}`)}, entries...)
		return planOf(t, me, []byte(bundleOf("collection", all...)), "practice")
	}
	problem := func(n int, text string) string {
		return entryOf(fmt.Sprintf("urn:uuid:%d", n), `{"resourceType":"Condition","code":{"text":"`+text+`"},"subject":{"reference":"urn:uuid:p"}}`)
	}
	older := export(problem(1, "cough"), problem(2, "gout"), problem(3, "asthma"))
	_, n := apply(t, me, older.Changes, 1000, "practice, March")
	if n.Created != 4 {
		t.Fatalf("%+v", n)
	}
	asthma := older.Changes[3].Ref
	put(t, me, `{"resourceType":"Condition","id":"`+asthma.ID+`","code":{"text":"no asthma: that was my brother"},"subject":{"reference":"Patient/`+me.PatientID()+`"}}`)

	newer := export(problem(2, "gout, in remission"), problem(3, "asthma"), problem(4, "hay fever"))
	second, n := apply(t, me, newer.Changes, 1000, "practice, June")
	if n != (tally{Created: 1, Changed: 1, Unchanged: 2}) { // the Patient and the asthma say nothing new
		t.Errorf("the newer export: %+v", n)
	}
	text := func(ref fhir.Ref, v record.Version) string {
		t.Helper()
		e, err := me.Read(t.Context(), ref, v)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(e.Body, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		code, _ := r.Value("code.text")
		return string(bytes.Trim(code, `"`)) + " " + e.Version.String()
	}
	gout := older.Changes[2].Ref
	for ref, want := range map[fhir.Ref]string{older.Changes[1].Ref: "cough 1", gout: "gout, in remission 2", asthma: "no asthma: that was my brother 2"} {
		if got := text(ref, 0); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := text(gout, 1); got != "gout 1" {
		t.Errorf("version 1 is %s", got)
	}

	apply(t, me, export(problem(3, "asthma, resolved")).Changes, 1000, "practice, July")
	if got := text(asthma, 0) + ", " + text(asthma, 2); got != "asthma, resolved 3, no asthma: that was my brother 2" {
		t.Errorf("after the source changed its mind: %s", got)
	}
	undone, err := me.Undo(t.Context(), second)
	if err != nil || undone.Deleted != 1 || undone.Restored != 1 {
		t.Errorf("undoing the newer: %+v, %v", undone, err)
	}
	if got := text(gout, 0); got != "gout 3" {
		t.Errorf("after undo: %s", got)
	}
	_, err = me.Read(t.Context(), newer.Changes[3].Ref, 0)
	wantKind(t, err, record.Gone)
	if got := text(asthma, 0); got != "asthma, resolved 3" {
		t.Errorf("undo touched what it had not written: %s", got)
	}
	imports, err := me.Imports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := make(map[string]int)
	for _, im := range imports {
		left[im.Source] = im.Entries
	}
	if want := map[string]int{"practice, March": 3, "practice, July": 1}; !maps.Equal(left, want) { // the Patient, the cough, and the gout again
		t.Errorf("what is left of the imports: %v, want %v", left, want)
	}
}

// An older export after a newer one: the record cannot tell, for lastUpdated is
// the server's. Undo takes it back (docs/conformance.md, "Known limit").
func TestOlderExportLast(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	export := func(text string) []change.Change {
		return planOf(t, me, []byte(bundleOf("collection", entryOf("urn:uuid:1", `{"resourceType":"Condition","code":{"text":"`+text+`"},"subject":{"reference":"Patient/9"}}`))), "practice").Changes
	}
	apply(t, me, export("resolved"), 10, "practice, June")
	older, n := apply(t, me, export("active"), 10, "practice, March")
	if n.Changed != 1 {
		t.Errorf("%+v", n)
	}
	undone, err := me.Undo(t.Context(), older)
	if err != nil || undone.Restored != 1 {
		t.Errorf("undo: %+v, %v", undone, err)
	}
	e, err := me.Read(t.Context(), export("x")[0].Ref, 0)
	if err != nil || !bytes.Contains(e.Body, []byte(`"text":"resolved"`)) || e.Version != 3 {
		t.Errorf("version %s is %s: %v", e.Version, e.Body, err)
	}
}

// Somebody else's export into a record that has its Patient is refused, in words
// the person understands; a later one of their own is not.
func TestAnotherPersonsExport(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	own := func() *fhir.Resource {
		e, err := me.Read(t.Context(), fhir.Ref{Type: "Patient", ID: me.PatientID()}, 0)
		if errors.Is(err, record.NotFound) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(e.Body, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	export := func(patient string) *change.Import {
		return planOf(t, me, []byte(bundleOf("collection", entryOf("urn:uuid:p", patient))), "practice")
	}
	ann := export(`{"resourceType":"Patient","name":[{"given":["Ann"],"family":"Lee"}],"birthDate":"1950-02-03"}`)
	if err := ann.About(own()); err != nil {
		t.Fatalf("the first: %v", err)
	}
	apply(t, me, ann.Changes, 10, "practice")
	err := export(`{"resourceType":"Patient","name":[{"given":["Tom"],"family":"Fox"}],"birthDate":"1960-02-03"}`).About(own())
	wantKind(t, err, record.Unprocessed)
	if want := "this source is about Tom Fox, born 1960-02-03, and this record is about Ann Lee, born 1950-02-03: the dates of birth differ"; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if strings.Contains(record.SafeText(err), "Lee") {
		t.Error("the text for the log has a name")
	}
	if err := export(`{"resourceType":"Patient","name":[{"given":["Ann"],"family":"Lee-Fox"}],"birthDate":"1950-02-03"}`).About(own()); err != nil {
		t.Errorf("the same person, married: %v", err)
	}
}

// However it comes in, the record stays about one person: also by single changes.
func TestOneRecordIsOnePerson(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	for _, text := range []string{
		`{"resourceType":"Patient","id":"another"}`,
		`{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/another"}}`,
		`{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/another/_history/1"}}`,
		`{"resourceType":"Observation","id":"o","subject":{"reference":"https://other.example.org/fhir/Patient/` + me.PatientID() + `"}}`,
		`{"resourceType":"Coverage","id":"c","beneficiary":{"reference":"Patient/another"}}`,
	} {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = me.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}}, store.ApplyOptions{})
		wantKind(t, err, record.Unprocessed)
	}
}
