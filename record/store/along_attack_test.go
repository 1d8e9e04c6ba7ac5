package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/store"
)

// letterTo is a letter with a label, of which a Binary is the file.
func letterTo(id, label, binary string) string {
	return `{"resourceType":"DocumentReference","id":"` + id + `","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"` + label + `"}]},"status":"current","content":[{"attachment":{"url":"Binary/` + binary + `"}}]}`
}

// creates is what a grantee does: the id is the server's.
func creates(t testing.TB, v *store.View, text string) (store.Result, error) {
	t.Helper()
	r := resourceOf(t, text)
	res, err := v.Apply(t.Context(), []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: v.NewID(r.Type())}, Resource: r}}, store.ApplyOptions{})
	if err != nil {
		return store.Result{}, err
	}
	return res[0], nil
}

func filedIn(t testing.TB, me *store.View, id string) record.Section {
	t.Helper()
	info, err := me.Why(t.Context(), binaryRef(id))
	if err != nil {
		t.Fatal(err)
	}
	return info.Section
}

// TestGranteeMovesNoFileOfThePersons: one version of a file under a grant makes it not the
// grant's own, so no letter under it takes the person's file out of others' sight, nor
// from one sensitive section into another; and the person is told that it stayed.
func TestGranteeMovesNoFileOfThePersons(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	share := func(scope string, sections ...record.Section) *store.View {
		_, token := d.share(grant.Grant{To: grant.Party{Name: "Somebody"}, Sections: grant.With(record.SectionsOf(sections...)), Scopes: scopes(scope), Purpose: "TREAT"})
		return view(t, s, token)
	}
	gp := share("patient/*.rs", record.Documents)
	psych := share("patient/*.rs", record.MentalHealth)
	put(t, me, `{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"aGVsbG8="}`)
	put(t, me, `{"resourceType":"DocumentReference","id":"letter","status":"current","content":[{"attachment":{"url":"Binary/scan"}}]}`)
	put(t, me, `{"resourceType":"Binary","id":"rehab","contentType":"text/plain","data":"aGVsbG8="}`)
	put(t, me, letterTo("rehab", "ETH", "rehab"))

	for _, x := range []struct {
		id    string
		from  record.Section
		sees  *store.View
		blind *store.View
	}{{"scan", record.Documents, gp, psych}, {"rehab", record.SubstanceUse, nil, psych}} {
		v := share("patient/*.cruds", x.from, record.MentalHealth)
		put(t, v, `{"resourceType":"Binary","id":"`+x.id+`","contentType":"text/plain; x=y","data":"aGVsbG8="}`)
		if _, err := creates(t, v, letterTo("x", "PSY", x.id)); err != nil {
			t.Fatal(err)
		}
		e := d.event(t, 2) // before the write
		if e.Action != audit.Move || e.Outcome != audit.Refused || e.Text != "mental-health" || !slices.Equal(e.Entries, []string{"Binary/" + x.id}) {
			t.Errorf("%s: the person is told %+v", x.id, e)
		}
		if got := filedIn(t, me, x.id); got != x.from {
			t.Errorf("%s is in %s", x.id, got)
		}
		for version := range record.Version(3) {
			if x.sees != nil {
				if _, err := x.sees.Read(t.Context(), binaryRef(x.id), version); err != nil {
					t.Errorf("%s/%d is out of sight: %v", x.id, version, err)
				}
			}
			if _, err := x.blind.Read(t.Context(), binaryRef(x.id), version); !errors.Is(err, record.NotFound) {
				t.Errorf("%s/%d is shown to others: %v", x.id, version, err)
			}
		}
	}
}

// TestGranteeMovesNoFileThatOthersPointTo: what a grantee wrote and the person's letter
// took for its file stays with that letter.
func TestGranteeMovesNoFileThatOthersPointTo(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Somebody"}, Sections: grant.With(record.SectionsOf(record.Documents, record.MentalHealth)), Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	v := view(t, s, token)
	var ids []string
	for range 2 {
		res, err := creates(t, v, `{"resourceType":"Binary","contentType":"text/plain","data":"aGVsbG8="}`)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, res.Ref.ID)
	}
	put(t, me, `{"resourceType":"DocumentReference","id":"letter","status":"current","content":[{"attachment":{"url":"Binary/`+ids[0]+`"}}]}`)
	put(t, me, `{"resourceType":"List","id":"list","status":"current","mode":"working","entry":[{"item":{"reference":"Binary/`+ids[1]+`"}}]}`) // which only mentions it
	for i, want := range []record.Section{record.Documents, record.MentalHealth} {
		if _, err := creates(t, v, letterTo("x", "PSY", ids[i])); err != nil {
			t.Fatal(err)
		}
		if got := filedIn(t, me, ids[i]); got != want {
			t.Errorf("file %d is in %s, not %s", i, got, want)
		}
	}
}

// TestMentionMovesNoFile: what only mentions a file does not take it along, written or
// moved.
func TestMentionMovesNoFile(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	me := enrol(t, s).session()
	put(t, me, `{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"aGVsbG8="}`)
	const label = `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},`
	put(t, me, `{"resourceType":"Provenance","id":"p",`+label+`"target":[{"reference":"Binary/scan"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`)
	put(t, me, `{"resourceType":"List","id":"l",`+label+`"status":"current","mode":"working","entry":[{"item":{"reference":"Binary/scan"}}]}`)
	if _, err := me.Move(t.Context(), []fhir.Ref{{Type: "List", ID: "l"}}, record.Private); err != nil {
		t.Fatal(err)
	}
	if got := filedIn(t, me, "scan"); got != record.Documents {
		t.Errorf("it is in %s", got)
	}
}

// tallying counts what is written.
type tallying struct {
	kv.Engine
	bytes int
}

type tallyingTx struct {
	kv.Tx
	e *tallying
}

func (e *tallying) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) error {
	return e.Engine.Update(ctx, p, func(tx kv.Tx) error { return fn(tallyingTx{tx, e}) })
}

func (t tallyingTx) Put(key, value []byte) {
	t.e.bytes += len(value)
	t.Tx.Put(key, value)
}

func enrolWithQuota(t *testing.T, s *store.Store, quota uint64) *device {
	t.Helper()
	invite, err := s.Invite(t.Context(), keys.Invite{Quota: quota, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestRefusedBeforeItIsSealed: a letter that is refused, for room, for what it would take
// along or because the day is used up, has nothing of its file written anew: it could be
// sent five thousand times a day, and the person waits for each.
func TestRefusedBeforeItIsSealed(t *testing.T) {
	_, s := newStore(t)
	d := enrolWithQuota(t, s, 8<<20)
	g := grant.Grant{To: grant.Party{Name: "Somebody"}, Sections: grant.With(record.SectionsOf(record.Documents, record.MentalHealth)), Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"}
	_, token := d.share(g)
	v := view(t, s, token)
	file, err := creates(t, v, claim("x", send(t, v, scan(1<<20), 1<<20), ""))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		put(t, v, claim(file.Ref.ID, send(t, v, scan(1<<20+1+i), 1<<21), ""))
	}
	e := &tallying{}
	s.WrapEngine(func(inner kv.Engine) kv.Engine { e.Engine = inner; return e })
	refused := func(what, letter string, want error) {
		t.Helper()
		e.bytes = 0
		if _, err := creates(t, v, letter); !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
		if e.bytes > 64<<10 {
			t.Errorf("%s: %d bytes were written", what, e.bytes)
		}
	}
	letter := letterTo("x", "PSY", file.Ref.ID)

	// More than one may take along.
	store.SmallAlong(t, 3<<20)
	refused("too much along", letter, record.TooLarge)
	store.SmallAlong(t, 64<<20)

	// No room for the letter itself.
	put(t, d.session(), large("a", 58<<20/10))
	pad := fmt.Sprintf(`"description":"%01000000d",`, 7)
	refused("no room", letter[:1]+pad+letter[1:], store.ErrFull)

	// A move takes the room of what it takes the place of: more than half is used.
	if _, err := creates(t, v, letter); err != nil {
		t.Fatalf("with room for the letter: %v", err)
	}
	if got := filedIn(t, d.session(), file.Ref.ID); got != record.MentalHealth {
		t.Errorf("its file is in %s", got)
	}
	if used := mustUsed(t, s); used > 8<<20 {
		t.Errorf("%d bytes are used", used)
	}
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 {
		t.Errorf("%+v", r)
	}
}

// TestSpentDaySealsNothing: who has used up the day has no content sealed either.
func TestSpentDaySealsNothing(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Somebody"}, Sections: grant.With(record.SectionsOf(record.Documents, record.MentalHealth)), Scopes: scopes("patient/*.cruds"), Purpose: "TREAT", Daily: 8})
	v := view(t, s, token)
	file, err := creates(t, v, claim("x", send(t, v, scan(6<<20), 4<<20), ""))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = v.Read(t.Context(), file.Ref, 0)
	}
	e := &tallying{}
	s.WrapEngine(func(inner kv.Engine) kv.Engine { e.Engine = inner; return e })
	if _, err := creates(t, v, letterTo("x", "PSY", file.Ref.ID)); !errors.Is(err, record.TooMany) || e.bytes > 0 {
		t.Errorf("%d bytes were written: %v", e.bytes, err)
	}
}

// TestFullRecordIsFiled: a person whose record is full files what is in it elsewhere.
func TestFullRecordIsFiled(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrolWithQuota(t, s, 3<<20)
	me := d.session()
	put(t, me, `{"resourceType":"DocumentReference","id":"letter","status":"current","content":[{"attachment":{"url":"Binary/a"}}]}`)
	var err error
	for i := 0; err == nil; i++ {
		_, err = tryPut(me, large("a", 500<<10+i))
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatal(err)
	}
	before := mustUsed(t, s)
	if _, err := me.Move(t.Context(), []fhir.Ref{{Type: "DocumentReference", ID: "letter"}}, record.Private); err != nil {
		t.Fatalf("a full record: %v", err)
	}
	if got := filedIn(t, me, "a"); got != record.Private {
		t.Errorf("the file is in %s", got)
	}
	if after := mustUsed(t, s); after > before+8<<10 || after < before {
		t.Errorf("%d bytes were used, and %d are", before, after)
	}
}
