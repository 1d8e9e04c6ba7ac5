package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// asMany are searches that between them use every part of a header.
var asMany = []struct{ typ, text string }{
	{"Observation", ""}, {"Observation", "code=c1&_sort=-_lastUpdated"}, {"Observation", "encounter.identifier=n1"},
	{"Observation", "_include=Observation:encounter"}, {"Encounter", "_has:Observation:encounter:code=c2&_revinclude=Observation:encounter"},
	{"", "_id=x1,x2,x3"}, {"", "_type=Observation,Encounter&_sort=_id"}, {"Encounter", "identifier=n2"}, {"Condition", ""},
}

// shownBy is all that a search shows, over all its pages.
func shownBy(v *store.View, typ, text string) string {
	var b strings.Builder
	for next := ""; ; {
		p, err := lookFor(v, typ, text, 7, next)
		if err != nil {
			return b.String() + err.Error()
		}
		fmt.Fprintf(&b, "%d:", p.Total)
		for _, e := range p.Entries {
			fmt.Fprintf(&b, " %s %s/%s %s %x", e.Mode, e.Ref, e.Version, e.Section, sha256.Sum256(e.Body))
		}
		if next = p.Next; next == "" {
			return b.String()
		}
	}
}

// TestMemoIsTheRecord: after any sequence of creates, updates, deletes, moves,
// epochs, revokes, restarts and steps back to an older copy of the store, a search
// that uses what is kept shows what one shows that goes through the rows.
func TestMemoIsTheRecord(t *testing.T) {
	steps, seeds := 30, uint64(3)
	if os.Getenv("CAREHOLD_LONG") != "" {
		steps, seeds = 150, 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			memoIsTheRecord(t, rand.New(rand.NewPCG(seed, 4)), steps)
		})
	}
}

func memoIsTheRecord(t *testing.T, r *rand.Rand, steps int) {
	engine, node := newMemory(), crypto.NewKey()
	s := memoryStore(t, engine, node)
	d := enrol(t, s)
	me := d.session()
	type given struct {
		id    record.GrantID
		token crypto.Credential
	}
	var gave []given
	share := func() {
		g := clinician(s)
		g.Sections = record.SectionSet(0).With(record.Identity).With(record.Providers)
		for _, sec := range record.Sections() {
			if r.IntN(3) > 0 {
				g.Sections = g.Sections.With(sec)
			}
		}
		if r.IntN(3) == 0 {
			g.Scopes = scopes("patient/Observation.rs patient/Encounter.r")
		}
		made, token := d.share(g)
		gave = append(gave, given{made.ID, token})
	}
	share()
	share()
	any := func() fhir.Ref {
		return fhir.Ref{Type: []string{"Observation", "Encounter", "Condition"}[r.IntN(3)], ID: fmt.Sprintf("x%d", r.IntN(20))}
	}
	did := []string{}
	for range steps {
		what := r.IntN(20)
		did = append(did, fmt.Sprint(what))
		switch what {
		case 0:
			if len(gave) < 4 {
				share()
			}
		case 1:
			if len(gave) > 1 {
				i := r.IntN(len(gave))
				d.stop(gave[i].id)
				gave = slices.Delete(gave, i, i+1)
				me = d.session()
			}
		case 2, 3:
			ref := any()
			if _, err := me.Move(ctx, []fhir.Ref{ref}, record.Sections()[r.IntN(record.NumSections)]); err != nil && !errors.Is(err, record.NotFound) {
				t.Fatal(err)
			}
		case 4, 5:
			if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: any()}}, store.ApplyOptions{}); err != nil && !errors.Is(err, record.NotFound) {
				t.Fatal(err)
			}
		case 6: // back to the store as it is now, after some more was written, with what was kept then
			older, later := engine.fork(), s
			id := r.IntN(20)
			put(t, me, fmt.Sprintf(`{"resourceType":"Observation","id":"x%d","status":"final","code":{"coding":[{"code":"c1"}]}}`, id))
			put(t, me, fmt.Sprintf(`{"resourceType":"Condition","id":"x%d"}`, r.IntN(20)))
			for _, g := range gave {
				lookFor(view(t, s, g.token), "Observation", "", 5)
			}
			engine = older
			s = memoryStore(t, engine, node)
			s.TakeMemos(later)
			d.s = s
			me = d.session()
			// The same version of it as there was, and another.
			put(t, me, fmt.Sprintf(`{"resourceType":"Observation","id":"x%d","status":"final","code":{"coding":[{"code":"c2"}]}}`, id))
		case 7:
			s.Rest()
		case 8: // room for one or two only, or for less than one
			s.MostMemos([]int64{0, 40 << 10, 20 << 10, 7 << 10}[r.IntN(4)])
		default:
			var list []change.Change
			seen := map[fhir.Ref]bool{}
			for range 1 + r.IntN(6) {
				ref := any()
				if seen[ref] {
					continue
				}
				seen[ref] = true
				json := fmt.Sprintf(`{"resourceType":"%s","id":"%s","identifier":[{"value":"n%d"}],"code":{"coding":[{"code":"c%d"}]},"encounter":{"reference":"Encounter/x%d"}}`,
					ref.Type, ref.ID, r.IntN(4), r.IntN(4), r.IntN(20))
				res, err := fhir.Parse([]byte(json), fhir.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, change.Change{Verb: change.Update, Ref: ref, Resource: res})
			}
			if _, err := me.Apply(ctx, list, store.ApplyOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for i, v := range append([]*store.View{me}, views(t, s, gave, func(g given) crypto.Credential { return g.token })...) {
			for range 3 {
				q := asMany[r.IntN(len(asMany))]
				got, want := shownBy(v, q.typ, q.text), ""
				s.WithoutMemos(func() { want = shownBy(v, q.typ, q.text) })
				if got != want {
					t.Fatalf("after %v, view %d, %s?%s:\n%s\nwithout what is kept:\n%s", did, i, q.typ, q.text, got, want)
				}
			}
			type shown struct {
				total int
				names string
			}
			histories := make([]shown, 2)
			history := func(n int) {
				p, err := v.History(ctx, store.HistoryQuery{Type: "Observation", Limit: 50})
				names := fmt.Sprint(err)
				for _, e := range p.Versions {
					names += fmt.Sprint(" ", e.Ref, e.Version, e.Section, e.Header.Time.UnixMilli(), len(e.Body))
				}
				histories[n] = shown{p.Total, names}
			}
			history(0)
			s.WithoutMemos(func() { history(1) })
			if histories[0] != histories[1] {
				t.Fatalf("after %v the history is %v, and %v without what is kept", did, histories[0], histories[1])
			}
		}
		n, size := s.Memos()
		if _, real := s.MemoBytes(); size < real || size > real+n*(6<<10) {
			t.Fatalf("after %v %d memos count as %d bytes and have %d", did, n, size, real)
		}
	}
}

// memoryStore opens a store on an engine in memory; a new one is made.
func memoryStore(t testing.TB, engine *memory, node crypto.Key) *store.Store {
	t.Helper()
	if len(engine.parts) == 0 {
		if err := store.InitOn(engine); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.OpenOn(engine, node, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func views[G any](t *testing.T, s *store.Store, gave []G, token func(G) crypto.Credential) (list []*store.View) {
	for _, g := range gave {
		list = append(list, view(t, s, token(g)))
	}
	return list
}

// TestMemoIsSealed: between requests nothing of a record is in the clear in what is
// kept, nor in the buffers that searches use; opened with the grant's key it is there.
func TestMemoIsSealed(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	var needles [][]byte
	for i := range 40 {
		n := fmt.Sprintf("ndl%04dquill", i)
		needles = append(needles, []byte(n))
		put(t, me, fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"code":"%s"}],"text":"%s"},"method":{"text":"%s"}}`, n, n, n, n))
	}
	_, token := d.share(clinician(s))
	for _, v := range []*store.View{me, view(t, s, token)} {
		if p, err := lookFor(v, "Observation", "code=ndl0001quill&_sort=code", 3); err != nil || p.Total != 1 {
			t.Fatal(p.Total, err)
		}
		plain, err := v.MemoPlain()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range append(needles, []byte("Observation")) {
			if !bytes.Contains(plain, n) {
				t.Errorf("%s is not in what was opened", n)
			}
		}
	}
	kept, _ := s.MemoBytes()
	left, entries := store.PoolBytes()
	if len(kept) < 4 || cap(left) == 0 && entries == 0 {
		t.Logf("%d pieces, %d bytes of buffers", len(kept), len(left))
	}
	for _, b := range append(kept, left) {
		for _, n := range append(needles, []byte("Observation"), []byte("ndl")) {
			if bytes.Contains(b, n) {
				t.Errorf("%s is kept in the clear", n)
			}
		}
	}
	if entries > 0 || bytes.ContainsFunc(left, func(r rune) bool { return r != 0 }) {
		t.Errorf("%d entries were left in the buffers", entries)
	}
}

// TestMemoEnds: what is kept goes when the grant is stopped, by a statement or from
// a session, and when an epoch begins; and there is never more than may be.
func TestMemoEnds(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for i := range 300 {
		put(t, me, fmt.Sprintf(`{"resourceType":"Observation","id":"x%d","code":{"text":"%d"}}`, i, i))
	}
	size := func(want int) {
		t.Helper()
		n, size := s.Memos()
		if _, real := s.MemoBytes(); n != want || n > 0 && (size < real || size > real+n*(6<<10)) {
			t.Errorf("%d memos, want %d; they count as %d bytes and have %d", n, want, size, real)
		}
	}
	find := func(v *store.View) {
		t.Helper()
		if p, err := lookFor(v, "Observation", "", 1); err != nil || p.Total != 300 {
			t.Fatal(p.Total, err)
		}
	}
	a, tokenA := d.share(clinician(s))
	b, tokenB := d.share(clinician(s))
	va, vb := view(t, s, tokenA), view(t, s, tokenB)
	find(va)
	find(vb)
	find(me)
	size(3)
	if err := me.Strike(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	size(2)
	if _, err := lookFor(va, "Observation", "", 1); !errors.Is(err, record.Unauthorized) {
		t.Error(err)
	}
	size(2)
	d.share(clinician(s)) // begins no epoch
	size(2)
	d.stop(a.ID)
	size(0)
	find(vb)
	size(1)
	d.stop(b.ID)
	size(0)

	find(me)
	_, one := s.Memos()
	s.MostMemos(int64(one) * 5 / 2)
	var tokens []crypto.Credential
	for range 4 {
		_, token := d.share(clinician(s))
		tokens = append(tokens, token)
		find(view(t, s, token))
	}
	size(2)
	s.MostMemos(int64(one) / 2) // too little for even one: each search goes through the rows
	find(view(t, s, tokens[0]))
	find(view(t, s, tokens[0]))
	if n, size := s.Memos(); n != 1 || size > one/2 {
		t.Errorf("%d memos of %d bytes", n, size)
	}
	s.MostMemos(-1)
	find(me)
	size(0)
}

// TestSearchesAndWrites: searches of several grants beside writes. Each finds all
// that was acknowledged before it began, and nothing that was never written.
func TestSearchesAndWrites(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	if _, err := me.Apply(ctx, lifeOf(200, me.PatientID()), store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	var acknowledged, begun atomic.Int64
	until := time.Now().Add(700 * time.Millisecond)
	var work sync.WaitGroup
	for w := range 2 {
		v := d.session()
		work.Go(func() {
			for i := 0; time.Now().Before(until); i++ {
				begun.Add(1)
				if _, err := tryPut(v, fmt.Sprintf(`{"resourceType":"Observation","id":"w%dx%d","code":{"coding":[{"code":"new"}]}}`, w, i)); err != nil {
					t.Error(err)
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	searched := atomic.Int64{}
	for range 4 {
		_, token := d.share(clinician(s))
		work.Go(func() {
			v, err := s.Open(ctx, token)
			if err != nil {
				t.Error(err)
				return
			}
			defer v.Close()
			for time.Now().Before(until) {
				least := acknowledged.Load()
				p, err := lookFor(v, "Observation", "code=new", 10)
				most := begun.Load()
				if err != nil || int64(p.Total) < least || int64(p.Total) > most {
					t.Errorf("found %d, with %d there before and %d after: %v", p.Total, least, most, err)
					return
				}
				searched.Add(1)
			}
		})
	}
	work.Wait()
	t.Logf("%d searches beside %d writes", searched.Load(), acknowledged.Load())
}
