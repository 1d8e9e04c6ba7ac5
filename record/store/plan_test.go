package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

func resourceOf(t testing.TB, json string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(json), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// createIfNone is a conditional create, as package change plans it.
func createIfNone(t testing.TB, v *store.View, query, json string) (store.Result, error) {
	r := resourceOf(t, json)
	res, err := v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		found, err := find.Find(r.Type(), query)
		switch {
		case err != nil:
			return nil, err
		case len(found) > 1:
			return nil, record.Safef(record.Precondition, "more than one")
		case len(found) == 1:
			return []change.Change{{Verb: change.Exists, Ref: found[0]}}, nil
		}
		return []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: v.NewID(r.Type())}, Resource: r}}, nil
	}, store.ApplyOptions{})
	if err != nil {
		return store.Result{}, err
	}
	return res[0], nil
}

// TestConditions: a condition finds what is there, in the log too.
func TestConditions(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	json := `{"resourceType":"Observation","status":"final","identifier":[{"system":"urn:x","value":"1"}],"code":{"text":"weight"}}`
	first, err := createIfNone(t, me, "identifier=urn:x|1", json)
	if err != nil || !first.Created || first.Version != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	name := first.Ref.String() + "/_history/1"
	again, err := createIfNone(t, me, "identifier=urn:x|1", json)
	if err != nil || again.Ref != first.Ref || again.Version != 1 || again.Created || !again.Unchanged || !again.Time.Equal(first.Time) || string(again.Body) != string(first.Body) {
		t.Errorf("%+v, %v", again, err)
	}
	if e := d.lastEvent(t); e.Action != audit.Search || e.Query != "Observation" || e.Outcome != audit.Done || !slices.Equal(e.Entries, []string{name}) {
		t.Errorf("%+v", e)
	}
	// One that may search and create, and not read, is not shown it by this.
	blind := clinician(s)
	blind.Scopes = scopes("patient/*.cs")
	blind.Sections = record.AllSections
	_, token := d.share(blind)
	if res, err := createIfNone(t, view(t, s, token), "identifier=urn:x|1", json); err != nil || res.Ref != first.Ref || res.Version != 1 || res.Body != nil {
		t.Errorf("%+v, %v", res, err)
	}
	// One that may search and read, and not create, has no conditional create.
	reader := clinician(s)
	_, token = d.share(reader)
	if _, err := createIfNone(t, view(t, s, token), "identifier=urn:x|1", json); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	if e := d.event(t, 1); e.Outcome != audit.Refused || e.Reason != audit.NoVerb {
		t.Errorf("%+v", e)
	}
	if e := d.event(t, 2); e.Action != audit.Search || e.Outcome != audit.Done || !slices.Contains(e.Entries, name) {
		t.Errorf("%+v", e)
	}
	// What was found before a refusal was shown all the same.
	put(t, me, `{"resourceType":"Observation","id":"second","status":"final","identifier":[{"system":"urn:x","value":"1"}]}`)
	if _, err := createIfNone(t, me, "identifier=urn:x|1", json); !errors.Is(err, record.Precondition) {
		t.Error(err)
	}
	if e := d.event(t, 1); e.Outcome != audit.Refused || e.Reason != audit.NotMet {
		t.Errorf("%+v", e)
	}
	if e := d.event(t, 2); e.Action != audit.Search || len(e.Entries) != 2 || e.Query != "Observation" {
		t.Errorf("%+v", e)
	}
	// A parameter that is unknown is no condition at all.
	if _, err := createIfNone(t, me, "nonsense=1", json); !errors.Is(err, record.Invalid) {
		t.Error(err)
	}
	absent := func(v *store.View) ([]store.Result, error) {
		return v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
			found, err := find.Find("Observation", "identifier=none")
			if err != nil || len(found) > 0 {
				t.Error(found, err)
			}
			return []change.Change{{Verb: change.Absent, Ref: fhir.Ref{Type: "Observation"}}}, nil
		}, store.ApplyOptions{})
	}
	if res, err := absent(me); err != nil || len(res) != 1 || !res[0].Deleted || !res[0].Unchanged {
		t.Errorf("%+v, %v", res, err)
	}
	if e := d.lastEvent(t); e.Outcome != audit.Done || len(e.Entries) != 0 || e.Query != "Observation" {
		t.Errorf("%+v", e)
	}
	if _, err := absent(view(t, s, token)); !errors.Is(err, record.Forbidden) {
		t.Errorf("deleting what is not there, without the right to: %v", err)
	}
	// What is deleted is found by no condition, and gone to a patch.
	if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: first.Ref}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = me.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		found, err := find.Find("Observation", "identifier=urn:x|1")
		if err != nil || len(found) != 1 || found[0].ID != "second" {
			t.Error(found, err)
		}
		_, err = find.Current(first.Ref)
		return nil, err
	}, store.ApplyOptions{})
	if !errors.Is(err, record.Gone) {
		t.Error(err)
	}
	if e := d.event(t, 1); e.Outcome != audit.Refused || e.Reason != audit.WasDeleted {
		t.Errorf("%+v", e)
	}
	// Nor is it shown by being read: what was deleted is said to be that.
	if _, err := me.Read(ctx, first.Ref, 0); !errors.Is(err, record.Gone) {
		t.Error(err)
	}
	if e := d.lastEvent(t); e.Action != audit.Read || e.Outcome != audit.Refused || e.Reason != audit.WasDeleted || !slices.Equal(e.Entries, []string{first.Ref.String()}) {
		t.Errorf("%+v", e)
	}
}

// TestConditionsRace: of many that create the same thing if it is not there, one
// does, and the others are told of it.
func TestConditionsRace(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	for round := range 3 {
		var work sync.WaitGroup
		results := make([]store.Result, 8)
		for i := range results {
			v := d.session()
			work.Go(func() {
				var err error
				if results[i], err = createIfNone(t, v, fmt.Sprint("identifier=", round), fmt.Sprintf(`{"resourceType":"Observation","identifier":[{"value":"%d"}]}`, round)); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		created := 0
		for _, r := range results {
			if r.Created {
				created++
			}
			if r.Ref != results[0].Ref {
				t.Errorf("%s and %s", r.Ref, results[0].Ref)
			}
		}
		if created != 1 {
			t.Errorf("%d were created", created)
		}
	}
}

// TestPlanAgain: when the record moves on under a plan, it is made again, from the
// record as it is then, and a fault is the store's to tell, whatever a plan makes of it.
func TestPlanAgain(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	gp := clinician(s)
	gp.Scopes = scopes("patient/*.cruds")
	_, token := d.share(gp)
	other, _ := d.share(clinician(s))
	v := view(t, s, token) // of the epoch before
	d.stop(other.ID)
	runs := 0
	res, err := v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		runs++
		found, err := find.Find("AllergyIntolerance", "")
		if err != nil {
			return nil, record.Safef(record.Invalid, "the plan thinks little of errors")
		}
		return []change.Change{{Verb: change.Exists, Ref: found[0]}}, nil
	}, store.ApplyOptions{})
	if err != nil || len(res) != 1 || res[0].Ref != allergyRef {
		t.Errorf("%+v, %v after %d runs", res, err, runs)
	}
	if runs > 2 {
		t.Errorf("%d runs", runs)
	}
}

// TestReadsOfATransaction: they see what it changes, and one that fails fails all.
func TestReadsOfATransaction(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, `{"resourceType":"Condition","id":"a","code":{"text":"one"}}`)
	put(t, me, `{"resourceType":"Condition","id":"b","code":{"text":"one"}}`)
	put(t, me, `{"resourceType":"Condition","id":"gone","code":{"text":"one"}}`)
	ref := func(id string) fhir.Ref { return fhir.Ref{Type: "Condition", ID: id} }
	if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: ref("gone")}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	update := func(id, text string) change.Change {
		return change.Change{Verb: change.Update, Ref: ref(id), Resource: resourceOf(t, fmt.Sprintf(`{"resourceType":"Condition","id":"%s","code":{"text":"%s"}}`, id, text))}
	}
	res, err := me.Apply(ctx, []change.Change{
		{Verb: change.Delete, Ref: ref("b")}, update("a", "two"), update("new", "fresh"),
		{Verb: change.Read, Ref: ref("a")}, {Verb: change.Read, Ref: ref("a"), Version: 1}, {Verb: change.Read, Ref: ref("a"), Version: 2},
		{Verb: change.Read, Ref: ref("new")}, {Verb: change.Head, Ref: ref("a")}, {Verb: change.Read, Ref: ref("b"), Version: 1},
	}, store.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{3: "two", 4: "one", 5: "two", 6: "fresh", 7: "two", 8: "one"} {
		if !strings.Contains(string(res[i].Body), `"`+want+`"`) {
			t.Errorf("read %d is %s, want %s", i, res[i].Body, want)
		}
	}
	// Three entries of the log: what was written, what was deleted, what was shown.
	for n, want := range []audit.Event{
		{Action: audit.Change, Entries: []string{"Condition/a/_history/2", "Condition/new/_history/1"}},
		{Action: audit.Delete, Entries: []string{"Condition/b/_history/2"}},
		{Action: audit.Read, Entries: []string{"Condition/a/_history/2", "Condition/a/_history/1", "Condition/a/_history/2", "Condition/new/_history/1", "Condition/a/_history/2", "Condition/b/_history/1"}},
	} {
		e := d.event(t, n+1)
		if e.Action != want.Action || !slices.Equal(e.Entries, want.Entries) {
			t.Errorf("%+v", e)
		}
		if (len(e.Dir) > 0) != (n < 2) {
			t.Errorf("the root of the directory stands in %+v", e)
		}
	}
	g := clinician(s)
	g.Scopes = scopes("patient/*.cud")
	g.Sections = record.AllSections
	_, token := d.share(g)
	for what, c := range map[string]struct {
		v    *store.View
		read change.Change
		want record.Kind
	}{
		"what is not there":             {me, change.Change{Verb: change.Read, Ref: ref("nobody"), Index: 1}, record.NotFound},
		"a version that is not there":   {me, change.Change{Verb: change.Read, Ref: ref("a"), Version: 9, Index: 1}, record.NotFound},
		"what was deleted":              {me, change.Change{Verb: change.Read, Ref: ref("gone"), Index: 1}, record.Gone},
		"what a grant may only write":   {view(t, s, token), change.Change{Verb: change.Read, Ref: ref("a"), Index: 1}, record.Forbidden},
		"what it has just written":      {view(t, s, token), change.Change{Verb: change.Read, Ref: ref("b"), Index: 1}, record.Forbidden},
		"a search":                      {me, change.Change{Verb: change.Search, Ref: fhir.Ref{Type: "Condition"}, Index: 1}, record.Unsupported},
		"a head of a search":            {me, change.Change{Verb: change.Head, Ref: fhir.Ref{Type: "Condition"}, Index: 1}, record.Unsupported},
		"an entry that is changed also": {me, change.Change{Verb: change.Exists, Ref: ref("b"), Index: 1}, record.Invalid},
	} {
		before := mustUsed(t, s)
		_, err := c.v.Apply(ctx, []change.Change{update("b", "written "+what), c.read}, store.ApplyOptions{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		if strings.HasPrefix(string(record.KindOf(err)), "not") && !strings.Contains(err.Error(), "Bundle.entry[1]") {
			t.Errorf("%s does not say which: %v", what, err)
		}
		if e, err := d.session().Read(ctx, ref("b"), 0); err == nil {
			t.Errorf("%s: the other change was made: %s (%d bytes before)", what, e.Body, before)
		}
	}
}

// TestPatchIsNamed: what a patch was made from is in the log, also when it failed.
func TestPatchIsNamed(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, allergy)
	_, err := me.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		if r, err := find.Current(allergyRef); err != nil || r.ID() != "a1" {
			t.Error(err)
		}
		return nil, record.Safef(record.Unprocessed, "the patch's test failed")
	}, store.ApplyOptions{})
	if !errors.Is(err, record.Unprocessed) {
		t.Error(err)
	}
	if e := d.event(t, 1); e.Outcome != audit.Refused {
		t.Errorf("%+v", e)
	}
	if e := d.event(t, 2); e.Action != audit.Read || !slices.Equal(e.Entries, []string{"AllergyIntolerance/a1/_history/1"}) {
		t.Errorf("%+v", e)
	}
	leaves := mustUsed(t, s)
	if _, err := me.ApplyPlan(ctx, func(change.Finder) ([]change.Change, error) {
		return nil, record.Safef(record.Invalid, "what was sent is nonsense")
	}, store.ApplyOptions{}); !errors.Is(err, record.Invalid) || mustUsed(t, s) != leaves {
		t.Errorf("what looked at nothing was logged: %v", err)
	}
}
