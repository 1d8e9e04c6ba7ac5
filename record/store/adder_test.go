package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

const weight = `{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"text":"weight"},"valueQuantity":{"value":71.5,"unit":"kg"}}`

var nurse = grant.Party{Name: "Lin Mei", Organisation: "Elm Road Surgery", Role: "district nurse", Number: "12A3456E", Register: "NMC"}

// addOnly shares what somebody may add to, and read nothing of.
func (d *device) addOnly(sections ...record.Section) (grant.Grant, crypto.Credential) {
	return d.share(grant.Grant{To: nurse, Sections: grant.With(record.SectionsOf(sections...)), Scopes: scopes("patient/*.c"), Purpose: "TREAT"})
}

func adder(t testing.TB, s *store.Store, c crypto.Credential) *store.Adder {
	t.Helper()
	a, err := s.OpenAdder(ctx, c, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func add(a *store.Adder, texts ...string) ([]store.Result, error) {
	var changes []change.Change
	for i, text := range texts {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			return nil, err
		}
		changes = append(changes, change.Change{Index: i, Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: a.NewID(r.Type())}, Resource: r})
	}
	return a.Create(ctx, changes)
}

// inItem is an item of the inbox, as a device opens it.
type inItem struct {
	id store.WaitingID
	keys.Contribution
}

func (d *device) inbox() (list []inItem) {
	d.t.Helper()
	v := d.session()
	defer v.Close()
	var from store.WaitingID
	for {
		page, err := v.Inbox(ctx, from, 0)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, w := range page.Waiting {
			c, err := keys.OpenContribution(d.person, d.box, w.ID, w.Sealed)
			if err != nil {
				d.t.Fatal(err)
			}
			list = append(list, inItem{w.ID, c})
		}
		if from = page.Next; !page.More {
			return list
		}
	}
}

func taking(w inItem) store.TakingIn {
	return store.TakingIn{Type: w.Type, JSON: w.JSON, Grant: w.Grant, Certificate: w.Certificate, Opening: w.Opening}
}

// What is added waits, is what was sent, and is in the record once it was taken in: by
// who wrote it, under the id that was told when it was. Sent again nothing more happens.
func TestAddAndTakeIn(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	g, token := d.addOnly(record.Measures)
	if _, err := s.Open(ctx, token); !errors.Is(err, store.ErrAdds) {
		t.Fatal("a View:", err)
	}
	a := adder(t, s, token)
	results, err := add(a, weight)
	if err != nil {
		t.Fatal(err)
	}
	if e := d.event(t, 1); e.Action != audit.Contribute || e.Grant != g.ID || len(e.Entries) != 1 || e.Entries[0] != results[0].Ref.String()+"/_history/1" {
		t.Errorf("the log: %+v", e)
	}
	v := d.session()
	if _, err := v.Read(ctx, results[0].Ref, 0); !errors.Is(err, record.NotFound) {
		t.Fatal("it is in the record before it was taken in:", err)
	}
	list := d.inbox()
	if len(list) != 1 || list[0].Type != "Observation" || string(list[0].JSON) != weight || list[0].Section != record.Measures || list[0].Grant != g.ID {
		t.Fatalf("%+v", list)
	}
	used := mustUsed(t, s)
	out, err := v.TakeIn(ctx, list[0].id, taking(list[0]))
	if err != nil {
		t.Fatal(err)
	}
	author := entry.Author{Grant: g.ID, Name: nurse.Name, Organisation: nurse.Organisation, Role: nurse.Role, Number: nurse.Number, Register: nurse.Register}
	if out.Ref != results[0].Ref || out.Section != record.Measures || out.Version != 1 || out.Unverified || out.Author != author {
		t.Errorf("%+v", out)
	}
	e, err := v.Read(ctx, out.Ref, 0)
	if err != nil || e.Header.Author != author || !e.Header.Taken || !bytes.Contains(e.Body, []byte("71.5")) {
		t.Fatalf("%+v, %v", e.Header, err)
	}
	if ev := d.event(t, 2); ev.Action != audit.TakenIn || len(ev.About) != 1 || ev.About[0] != g.ID {
		t.Errorf("the log: %+v", ev)
	}
	if list := d.inbox(); len(list) != 0 {
		t.Errorf("it still waits: %+v", list)
	}
	if now := mustUsed(t, s); now >= used+8<<10 {
		t.Errorf("%d bytes before, %d after", used, now)
	}
	again, err := v.TakeIn(ctx, list[0].id, taking(list[0]))
	if err != nil || !again.Unchanged || again.Version != 1 || again.Author != author {
		t.Errorf("again: %+v, %v", again, err)
	}
	if err := v.Dismiss(ctx, list[0].id); !errors.Is(err, record.NotFound) {
		t.Error(err)
	}
}

// The person may file it elsewhere than the rules do, and the whole record is in view.
func TestTakeInElsewhere(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	if _, err := add(adder(t, s, token), weight); err != nil {
		t.Fatal(err)
	}
	w := d.inbox()[0]
	x := taking(w)
	x.Section = record.Private
	out, err := d.session().TakeIn(ctx, w.id, x)
	if err != nil || out.Section != record.Private {
		t.Fatalf("%+v, %v", out, err)
	}
	if i, err := d.session().Why(ctx, out.Ref); err != nil || i.Section != record.Private || !i.Header.Moved || i.Suggested != record.Measures {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestAdderRefuses: by the grant and by what was sent.
func TestAdderRefuses(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	g, token := d.share(grant.Grant{To: nurse, Sections: grant.With(record.SectionsOf(record.Measures)), Scopes: scopes("patient/Observation.c"), Purpose: "TREAT"})
	a := adder(t, s, token)
	big := strings.Replace(weight, "weight", strings.Repeat("w", store.MayWait), 1)
	for name, x := range map[string]struct {
		text string
		want record.Kind
		has  string
	}{
		"another section":  {`{"resourceType":"Observation","status":"final","code":{"text":"HIV test"}}`, record.Forbidden, "filed under"},
		"another type":     {`{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"x"}}`, record.Forbidden, "creating Goal"},
		"a Patient":        {`{"resourceType":"Patient","birthDate":"1951-03-02"}`, record.Forbidden, "one Patient"},
		"too large":        {big, record.TooLarge, "KiB"},
		"the person's say": {strings.Replace(weight, `"status"`, `"extension":[{"url":"urn:carehold:dispute","valueAnnotation":{"text":"no"}}],"status"`, 1), record.Unprocessed, "person's own words"},
		"the server's tag": {strings.Replace(weight, `"status"`, `"meta":{"tag":[{"system":"urn:carehold:tag"}]},"status"`, 1), record.Unprocessed, "urn:carehold:tag"},
	} {
		_, err := add(a, x.text)
		if !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.has) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e := d.event(t, 1); e.Action != audit.Contribute || e.Outcome != audit.Refused || e.Grant != g.ID {
			t.Errorf("%s: the log has %+v", name, e)
		}
	}
	if list := d.inbox(); len(list) != 0 {
		t.Errorf("%d wait", len(list))
	}
	if err := a.Refuse(ctx); err != store.ErrAdds {
		t.Error(err)
	}
	if e := d.event(t, 1); e.Action != audit.Used || e.Outcome != audit.Refused || e.Grant != g.ID {
		t.Errorf("%+v", e)
	}
	if _, err := add(a, weight, strings.Replace(weight, "weight", "HIV test", 1)); !errors.Is(err, record.Forbidden) || len(d.inbox()) != 0 {
		t.Error("half of it waits:", err)
	}
	d.stop(g.ID)
	if _, err := add(a, weight); !errors.Is(err, record.Unauthorized) {
		t.Error("after it was stopped:", err)
	}
	if _, err := s.OpenAdder(ctx, token, [32]byte{}); !errors.Is(err, record.Unauthorized) {
		t.Error("after it was stopped:", err)
	}
}

// One grant leaves so much in a day, and all of them as much as there is room for.
func TestAdderLimits(t *testing.T) {
	store.SetInbox(t, 12, 16)
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	a := adder(t, s, token)
	for range 4 {
		if _, err := add(a, weight); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := add(a, weight); !errors.Is(err, record.TooMany) {
		t.Fatal(err)
	}
	if e := d.event(t, 1); e.Action != audit.Contribute || e.Outcome != audit.Refused {
		t.Errorf("%+v", e)
	}
	if err := d.session().Dismiss(ctx, d.inbox()[0].id); err != nil {
		t.Fatal(err)
	}
	if _, err := add(a, weight); err != nil {
		t.Fatal("there is room again:", err)
	}
	store.SetInbox(t, 12, 1000)
	many := make([]string, 201)
	for i := range many {
		many[i] = weight
	}
	if _, err := add(a, many...); !errors.Is(err, record.TooMany) || !strings.Contains(err.Error(), "today") {
		t.Error(err)
	}
}

// One grant does not fill what all have, with few that are large either.
func TestAdderBytes(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	_, other := d.addOnly(record.Measures)
	a := adder(t, s, token)
	big := strings.Replace(weight, `"status"`, `"note":[{"text":"`+strings.Repeat("a", 860<<10)+`"}],"status"`, 1)
	n, err := 0, error(nil)
	for ; err == nil && n < 20; n++ {
		_, err = add(a, big)
	}
	if !errors.Is(err, record.TooMany) || !strings.Contains(err.Error(), "one grant may have") || n < 16 {
		t.Errorf("after %d: %v", n, err)
	}
	if _, err := add(adder(t, s, other), big); err != nil {
		t.Error("another grant:", err)
	}
}

// A record that is full takes nothing, and says so in one way.
func TestAdderQuota(t *testing.T) {
	_, s := newStore(t)
	d := enrolWithQuota(t, s, 64<<10)
	_, token := d.addOnly(record.Measures)
	a := adder(t, s, token)
	for range 200 {
		if _, err := add(a, strings.Replace(weight, "weight", strings.Repeat("w", 4000), 1)); err != nil {
			if !errors.Is(err, record.TooMany) && !errors.Is(err, record.TooLarge) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("a quota of 64 KiB holds 800")
}

// What is taken in is what waited, all of it. Who has a session and no key of the person's
// can dismiss what they never saw, but not put another text in its place, with its author
// or without.
func TestTakesInWhatWaited(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	a := adder(t, s, token)
	if _, err := add(a, weight, strings.Replace(weight, "71.5", "72", 1)); err != nil {
		t.Fatal(err)
	}
	list, v := d.inbox(), d.session()
	w, other := list[0], list[1]
	for what, change := range map[string]func(x *store.TakingIn){
		"another text":          func(x *store.TakingIn) { x.JSON = bytes.Replace(x.JSON, []byte("7"), []byte("8"), 1) },
		"the other one's":       func(x *store.TakingIn) { *x = taking(other) },
		"another type":          func(x *store.TakingIn) { x.Type = "Condition" },
		"no certificate":        func(x *store.TakingIn) { x.Certificate = nil },
		"another's certificate": func(x *store.TakingIn) { x.Certificate = append(x.Certificate[:1:1], x.Certificate...) },
		"another grant":         func(x *store.TakingIn) { x.Grant[0]++ },
		"another opening":       func(x *store.TakingIn) { x.Opening[0]++ },
		"no opening":            func(x *store.TakingIn) { x.Opening = [32]byte{} },
		"a byte more":           func(x *store.TakingIn) { x.JSON = append(x.JSON[:len(x.JSON):len(x.JSON)], ' ') },
	} {
		x := taking(w)
		change(&x)
		if _, err := v.TakeIn(ctx, w.id, x); !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), "is not what waits") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(d.inbox()); n != 2 {
		t.Fatal(n, "wait")
	}
	if _, err := v.TakeIn(ctx, w.id, taking(w)); err != nil {
		t.Fatal(err)
	}
}

// One grant leaves the others room, however long the person does not look, and after a
// restart as before.
func TestGrantsShareTheInbox(t *testing.T) {
	store.SetInbox(t, 12, 12)
	dir, s := newStore(t)
	d := enrol(t, s)
	_, one := d.addOnly(record.Measures)
	_, two := d.addOnly(record.Measures)
	a := adder(t, s, one)
	for i := range 3 {
		if _, err := add(a, weight); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	d.s = s
	if _, err := add(adder(t, s, one), weight); !errors.Is(err, record.TooMany) || !strings.Contains(err.Error(), "one grant may have") {
		t.Error("more than its part:", err)
	}
	b := adder(t, s, two)
	if _, err := add(b, weight); err != nil {
		t.Error("another grant:", err)
	}
	if _, err := add(b, weight, weight, weight); !errors.Is(err, record.TooMany) {
		t.Error("more than its part, at once:", err)
	}
	if err := d.session().Dismiss(ctx, d.inbox()[0].id); err != nil {
		t.Fatal(err)
	}
	_, errOne := add(adder(t, s, one), weight)
	_, errTwo := add(b, weight, weight, weight)
	if (errOne == nil) == (errTwo == nil) {
		t.Errorf("one of the two has room again: %v, %v", errOne, errTwo)
	}
}

// Somebody else's certificate, and one of before all keys were made new, name nobody.
func TestContributorIsVerified(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	g, token := d.addOnly(record.Measures)
	reads, _ := d.share(clinician(s))
	v := d.session()
	other := enrol(t, s)
	forged := g
	forged.To.Name = "Dr Somebody Else"
	for what, certificate := range map[string][]byte{"forged": forged.Sign(other.identity), "of another grant, which reads": reads.Sign(d.identity), "none": nil} {
		a := adder(t, s, token)
		a.SetCertificate(certificate) // as whoever has the disk could have sealed it
		if _, err := add(a, weight); err != nil {
			t.Fatal(err)
		}
		w := d.inbox()[0]
		out, err := v.TakeIn(ctx, w.id, taking(w))
		if err != nil || !out.Unverified || out.Author != (entry.Author{}) {
			t.Errorf("%s: %+v, %v", what, out, err)
		}
	}
	if _, err := add(adder(t, s, token), weight); err != nil {
		t.Fatal(err)
	}
	last := d.inbox()[0]
	before := d.identity
	d.identity = crypto.NewSigningKey(crypto.NewKey())
	b := d.body()
	b.Identity = &statement.Identity{Signing: d.identity.Public(), Box: d.box.Public().Bytes()}
	for _, g := range d.live {
		if !g.Self {
			b.Ended = append(b.Ended, statement.Ended{Grant: g.ID, Row: keys.SealStoppedRow(d.person, g.ID, d.grants, d.audit)})
		}
	}
	d.live = []grant.Grant{d.self}
	d.newEpoch(&b)
	st := statement.Sign(b, before).SignNew(d.identity)
	if _, err := s.Apply(ctx, st, crypto.Credential{}); err != nil {
		t.Fatal(err)
	}
	d.done(st)
	out, err := d.session().TakeIn(ctx, last.id, taking(last))
	if err != nil || !out.Unverified || out.Author != (entry.Author{}) {
		t.Errorf("of before: %+v, %v", out, err)
	}
}

// What a grant that only adds is answered is the same for an empty record and for a
// full one, and so is what is read to answer it.
func TestAdderInTwoWorlds(t *testing.T) {
	const id = "11111111-1111-4111-8111-111111111111"
	ask := []string{weight,
		strings.Replace(weight, `"status"`, `"subject":{"reference":"Patient/somebody"},"status"`, 1),
		strings.Replace(weight, `"status"`, `"derivedFrom":[{"reference":"Observation/`+id+`"}],"status"`, 1),
		`{"resourceType":"Observation","status":"final","code":{"text":"HIV test"}}`,
		`{"resourceType":"Provenance","target":[{"reference":"Observation/` + id + `"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`,
		`{"resourceType":"Patient"}`}
	var answers []string
	var reads []int
	for _, full := range []bool{false, true} {
		_, s := newStore(t)
		d := enrol(t, s)
		_, token := d.addOnly(record.Measures, record.Results)
		if full {
			v := d.session()
			put(t, v, `{"resourceType":"Patient","id":"`+v.PatientID()+`","birthDate":"1951-03-02"}`)
			put(t, v, `{"resourceType":"Observation","id":"`+id+`","status":"final","code":{"text":"HIV test"}}`)
			for i := range 50 {
				put(t, v, strings.Replace(weight, `"status"`, fmt.Sprintf(`"id":"w%d","status"`, i), 1))
			}
		}
		if _, err := add(adder(t, s, token), weight); err != nil { // what was just used is in memory
			t.Fatal(err)
		}
		count := store.CountReads(s)
		a := adder(t, s, token)
		text := ""
		for _, json := range ask {
			results, err := add(a, json)
			for _, r := range results {
				r.Ref.ID, r.Time = "", time.Time{}
				text += fmt.Sprintf("%+v", r)
			}
			text += fmt.Sprintf(" %v\n", err)
		}
		answers, reads = append(answers, text), append(reads, count())
	}
	if answers[0] != answers[1] {
		t.Errorf("empty\n%sfull\n%s", answers[0], answers[1])
	}
	if reads[0] != reads[1] || reads[0] == 0 {
		t.Errorf("%d rows are read of an empty record, %d of a full one", reads[0], reads[1])
	}
}

// Who wrote what waits knows the id it will have. What somebody put there who may write is
// not what waited, deleted or not, and what waits goes on waiting.
func TestPlaceThatIsTaken(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	_, v := d.writer()
	results, err := add(adder(t, s, token), weight)
	if err != nil {
		t.Fatal(err)
	}
	w := d.inbox()[0]
	ref := results[0].Ref
	other := strings.Replace(strings.Replace(weight, "71.5", "171.5", 1), `"status"`, `"id":"`+ref.ID+`","status"`, 1)
	if _, err := tryPut(v, other); err != nil {
		t.Fatal(err)
	}
	me := d.session()
	for _, what := range []string{"another's", "another's, deleted"} {
		if _, err := me.TakeIn(ctx, w.id, taking(w)); !errors.Is(err, record.Conflict) {
			t.Errorf("%s: %v", what, err)
		}
		if !slices.ContainsFunc(d.inbox(), func(x inItem) bool { return x.id == w.id }) {
			t.Fatalf("%s: what waited is gone", what)
		}
		if _, err := v.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: ref}}, store.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := me.Dismiss(ctx, w.id); err != nil {
		t.Error(err)
	}
}
