package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/search"
	"carehold/record/store"
)

// What comes along with every grant is there to be read: whose record it is, and who
// cares for them. A grant to write something else does not change it; what it added
// itself it can mend.
func TestWhatComesAlongIsRead(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	patient := fhir.Ref{Type: "Patient", ID: me.PatientID()}
	put(t, me, fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"Dickens"}]}`, patient.ID))
	put(t, me, `{"resourceType":"Organization","id":"surgery","name":"Elm Road"}`)
	g := clinician(s)
	g.Scopes = scopes("patient/*.cruds")
	_, token := d.share(g)
	registrar := view(t, s, token)
	name := func(text string) *fhir.Resource {
		return resourceOf(t, fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"%s"}]}`, patient.ID, text))
	}
	surgery := fhir.Ref{Type: "Organization", ID: "surgery"}
	for what, c := range map[string]change.Change{
		"renaming":           {Verb: change.Update, Ref: patient, Resource: name("Hacked")},
		"deleting":           {Verb: change.Delete, Ref: patient},
		"deleting a surgery": {Verb: change.Delete, Ref: surgery},
	} {
		if _, err := registrar.Apply(ctx, []change.Change{c}, store.ApplyOptions{}); !errors.Is(err, record.Forbidden) || !strings.Contains(err.Error(), "so that it can be read") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := registrar.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		_, err := find.Current(patient)
		return nil, err
	}, store.ApplyOptions{})
	if !errors.Is(err, record.Forbidden) {
		t.Errorf("patching: %v", err)
	}
	if e, err := me.Read(ctx, patient, 0); err != nil || e.Version != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	// Their own they can mend.
	own := fhir.Ref{Type: "Practitioner", ID: registrar.NewID("Practitioner")}
	for _, c := range []change.Change{
		{Verb: change.Create, Ref: own, Resource: resourceOf(t, `{"resourceType":"Practitioner","name":[{"family":"Okafr"}]}`)},
		{Verb: change.Update, Ref: own, Resource: resourceOf(t, `{"resourceType":"Practitioner","id":"`+own.ID+`","name":[{"family":"Okafor"}]}`)},
		{Verb: change.Delete, Ref: own},
	} {
		if _, err := registrar.Apply(ctx, []change.Change{c}, store.ApplyOptions{}); err != nil {
			t.Error(err)
		}
	}
	// And a grant to everything is one.
	g.Sections = record.AllSections
	_, token = d.share(g)
	if _, err := view(t, s, token).Apply(ctx, []change.Change{{Verb: change.Update, Ref: patient, Resource: name("Dickens-Drood")}}, store.ApplyOptions{}); err != nil {
		t.Error(err)
	}
}

// The server's own URL of the person is the person; another server's is not.
func TestOwnURLIsThePerson(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	for base, want := range map[string]record.Kind{
		"https://record.example/fhir/": "", "https://other.example/fhir/": record.Unprocessed, "https://record.example/fhir/x/": record.Unprocessed,
	} {
		_, err := me.Apply(ctx, []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: "Condition", ID: me.NewID("Condition")},
			Resource: resourceOf(t, `{"resourceType":"Condition","subject":{"reference":"`+base+`Patient/`+me.PatientID()+`"}}`)}},
			store.ApplyOptions{Base: "https://record.example/fhir"})
		if want == "" && err != nil || want != "" && !errors.Is(err, want) {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// What is counted is told as counted, and a refusal that says something of the record
// is in the log.
func TestCountsAndRefusalsAreLogged(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, `{"resourceType":"RiskAssessment","id":"r1","subject":{"reference":"Group/`+me.PatientID()+`"}}`)
	put(t, me, `{"resourceType":"RiskAssessment","id":"r2","subject":{"reference":"Patient/`+me.PatientID()+`"}}`)
	query := func(text string) *search.Query {
		q, err := search.Parse("RiskAssessment", text, search.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	if page, err := me.Search(ctx, query("_summary=count"), store.SearchOptions{}); err != nil || page.Total != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	if e := d.event(t, 1); e.Action != audit.Search || len(e.Entries) != 0 || e.More != 2 {
		t.Errorf("%+v", e)
	}
	if _, err := me.Search(ctx, query("subject="+me.PatientID()), store.SearchOptions{Limit: 10}); !errors.Is(err, record.Invalid) {
		t.Errorf("an id of two types: %v", err)
	}
	if e := d.event(t, 1); e.Action != audit.Search || e.Outcome != audit.Refused || e.Reason != audit.BadRequest {
		t.Errorf("%+v", e)
	}
}

// A plan that nobody waits for any more ends, and one whose conditions take too long
// or hold too much is refused: the person, and the end of the grant, wait for it.
func TestPlansAreBounded(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	large := `{"resourceType":"Basic","id":"b%d","code":{"text":"` + strings.Repeat("x", 2<<20) + `"}}`
	var refs []fhir.Ref
	for i := range 40 {
		put(t, me, fmt.Sprintf(large, i))
		refs = append(refs, fhir.Ref{Type: "Basic", ID: fmt.Sprintf("b%d", i)})
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := me.ApplyPlan(gone, func(find change.Finder) ([]change.Change, error) {
		_, err := find.Find("Basic", "_id=b1")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it went on looking: %v", err)
		}
		return nil, err
	}, store.ApplyOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var found, deletes []change.Change
	for _, ref := range refs {
		found = append(found, change.Change{Verb: change.Exists, Ref: ref})
		deletes = append(deletes, change.Change{Verb: change.Delete, Ref: ref})
	}
	// 80 MiB to be held, of which nothing was sent.
	if _, err := me.Apply(ctx, found, store.ApplyOptions{}); !errors.Is(err, record.TooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := me.Apply(ctx, found[:20], store.ApplyOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := me.Apply(ctx, deletes, store.ApplyOptions{}); err != nil { // which hold nothing
		t.Error(err)
	}
}

// Old versions are read in a transaction without opening those on the way.
func TestOldVersionsAreWalkedTo(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	ref := fhir.Ref{Type: "Basic", ID: "b"}
	write := func(text string) {
		put(t, me, `{"resourceType":"Basic","id":"b","code":{"text":"`+text+`"}}`)
	}
	write("first")
	for i := range 60 {
		write(fmt.Sprint(i) + strings.Repeat("x", 400<<10))
	}
	var reads []change.Change
	for range 200 {
		reads = append(reads, change.Change{Verb: change.Read, Ref: ref, Version: 1})
	}
	began := time.Now()
	res, err := me.Apply(ctx, reads, store.ApplyOptions{})
	if err != nil || len(res) != 200 || !strings.Contains(string(res[199].Body), "first") {
		t.Fatalf("%d, %v", len(res), err)
	}
	t.Logf("200 reads past 60 versions of 400 KiB took %v", time.Since(began))
}

// One entry cannot make everybody's searches slow.
func TestSearchesStayQuick(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	dense := func(n int) *fhir.Resource {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"code":{"coding":[{"system":"http://x.example","code":"c%d"}]},"valueQuantity":{"value":%d,"unit":"u%d"}}`, i, i, i)
		}
		return resourceOf(t, `{"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[`+b.String()[1:]+`]}`)
	}
	g := clinician(s)
	g.Scopes = scopes("patient/*.cr")
	g.Sections = record.AllSections
	_, token := d.share(g)
	v := view(t, s, token)
	create := func(v *store.View, r *fhir.Resource) error {
		_, err := v.Apply(ctx, []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: "Observation", ID: v.NewID("Observation")}, Resource: r}}, store.ApplyOptions{})
		return err
	}
	if err := create(v, dense(50)); err != nil {
		t.Error(err)
	}
	if err := create(v, dense(2000)); !errors.Is(err, record.TooLarge) {
		t.Error(err)
	}
	if err := create(d.session(), dense(2000)); err != nil { // their own record
		t.Error(err)
	}
	if err := create(d.session(), dense(20_000)); !errors.Is(err, record.TooLarge) {
		t.Error(err)
	}
}

// Answers on their way hold so much of the memory and no more: the next large one
// waits, and is told so; the room is free when the View is closed.
func TestLargeAnswersWait(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(192 << 20)) // a quarter: the answer of one page
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for i := range 15 {
		put(t, me, fmt.Sprintf(`{"resourceType":"Basic","id":"b%d","code":{"text":"%s"}}`, i, strings.Repeat("x", 1<<20)))
	}
	small := fhir.Ref{Type: "Basic", ID: "small"}
	put(t, me, `{"resourceType":"Basic","id":"small","code":{"text":"x"}}`)
	me.Close()
	q, err := search.Parse("Basic", "", search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	look := func(v *store.View) error {
		page, err := v.Search(ctx, q, store.SearchOptions{Limit: 100})
		if err == nil && len(page.Entries) != 16 {
			t.Errorf("%d entries", len(page.Entries))
		}
		return err
	}
	slow, next := d.session(), d.session()
	if err := look(slow); err != nil {
		t.Fatal(err)
	}
	if err := look(next); !errors.Is(err, record.Unavailable) {
		t.Errorf("a second one beside it: %v", err)
	}
	if _, err := next.Read(ctx, small, 0); err != nil {
		t.Errorf("a small one: %v", err)
	}
	slow.Close()
	if err := look(next); err != nil {
		t.Errorf("when the first is gone: %v", err)
	}
	next.Close()
}
