package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/search"
	"carehold/record/store"
)

// said is what one version of an Observation says, as the test wrote it; nil is a
// deletion.
type said struct {
	category []string
	status   string
	code     string
}

func (x *said) json(id string) string {
	var categories []string
	for _, c := range x.category {
		categories = append(categories, fmt.Sprintf(`{"coding":[{"system":"urn:category","code":"%s"}]}`, c))
	}
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%[1]s","status":"%[2]s","category":[%[3]s],"code":{"coding":[{"system":"urn:code","code":"%[4]s"}]},`+
		`"effectiveDateTime":"2026-01-01","encounter":{"reference":"Encounter/e-%[1]s"}}`, id, x.status, strings.Join(categories, ","), x.code)
}

// limited is a record of Observations that went in and out of categories, each with an
// Encounter that it points to and a DiagnosticReport that points to it.
type limited struct {
	s   *store.Store
	d   *device
	of  map[string][]*said // by id: the versions, the first at 0
	ids []string
}

func newLimited(t *testing.T, o store.Options, seed uint64) *limited {
	dir, s := newStore(t)
	if o.SearchMemory != 0 {
		s.Close()
		s = open(t, dir, o)
	}
	w := &limited{s: s, d: enrol(t, s), of: map[string][]*said{}}
	me := w.d.session()
	rnd := rand.New(rand.NewPCG(seed, 7))
	for n := range 24 {
		id := fmt.Sprintf("o-%02d", n)
		w.ids = append(w.ids, id)
		for v := range 1 + rnd.IntN(4) {
			x := &said{status: []string{"final", "amended", "preliminary"}[rnd.IntN(3)], code: "c-" + id}
			for _, c := range []string{"laboratory", "vital-signs", "survey"} {
				if rnd.IntN(2) == 0 {
					x.category = append(x.category, c)
				}
			}
			if len(x.category) == 0 {
				x.category = []string{"survey"}
			}
			if before := w.of[id]; v > 0 && rnd.IntN(3) == 0 && before[v-1] != nil {
				w.of[id] = append(before, nil)
				if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: w.ref(id)}}, store.ApplyOptions{}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if res := put(t, me, x.json(id)); res.Unchanged {
				continue
			}
			w.of[id] = append(w.of[id], x)
		}
		put(t, me, fmt.Sprintf(`{"resourceType":"Encounter","id":"e-%s","status":"finished","class":{"code":"AMB"}}`, id))
		put(t, me, fmt.Sprintf(`{"resourceType":"DiagnosticReport","id":"r-%s","status":"final","code":{"text":"x"},"result":[{"reference":"Observation/%[1]s"}]}`, id))
	}
	return w
}

func (w *limited) ref(id string) fhir.Ref { return fhir.Ref{Type: "Observation", ID: id} }

// scope is a scope for Observations, as the test reads it.
type scope struct {
	letters string
	params  map[string][]string // name: choices, each a code
}

func (s scope) String() string {
	text, mark := "patient/Observation."+s.letters, "?"
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		var choices []string
		for i, c := range s.params[name] {
			if system := map[string]string{"category": "urn:category", "code": "urn:code"}[name]; system != "" && i%2 == 0 {
				c = system + "|" + c
			}
			choices = append(choices, c)
		}
		text, mark = text+mark+name+"="+strings.Join(choices, ","), "&"
	}
	return text
}

func (s scope) matches(x *said) bool {
	for name, choices := range s.params {
		has := map[string][]string{"category": x.category, "status": {x.status}, "code": {x.code}}[name]
		if !slices.ContainsFunc(choices, func(c string) bool { return slices.Contains(has, c) }) {
			return false
		}
	}
	return true
}

// content is what a version says: of a deletion the one before it.
func content(versions []*said, n int) *said {
	for ; n >= 0; n-- {
		if versions[n] != nil {
			return versions[n]
		}
	}
	return nil
}

// may is the model: whether a grant's letter is for version n of an entry (from 0), as
// the entry is now.
func (w *limited) may(scopes []scope, letter, id string, n int) bool {
	now, then := content(w.of[id], len(w.of[id])-1), content(w.of[id], n)
	allows := func(x *said) bool {
		return slices.ContainsFunc(scopes, func(s scope) bool { return strings.Contains(s.letters, letter) && s.matches(x) })
	}
	return allows(now) && allows(then)
}

func (w *limited) newest(id string) int { return len(w.of[id]) - 1 }

// found are the Observations that a search finds.
func (w *limited) found(scopes []scope, letters string) (ids []string) {
	for _, id := range w.ids {
		all := w.of[id][w.newest(id)] != nil
		for _, l := range letters {
			all = all && w.may(scopes, string(l), id, w.newest(id))
		}
		if all {
			ids = append(ids, id)
		}
	}
	return ids
}

func randomScopes(rnd *rand.Rand) (list []scope) {
	for range 1 + rnd.IntN(3) {
		s := scope{letters: []string{"rs", "r", "s", "cruds", "ud", "rus", "c"}[rnd.IntN(7)], params: map[string][]string{}}
		pick := func(all ...string) []string {
			rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			return slices.Sorted(slices.Values(all[:1+rnd.IntN(2)]))
		}
		if rnd.IntN(3) > 0 {
			s.params["category"] = pick("laboratory", "vital-signs", "survey", "elsewhere")
		}
		if rnd.IntN(3) == 0 {
			s.params["status"] = pick("final", "amended", "preliminary")
		}
		if rnd.IntN(8) == 0 {
			s.params["code"] = pick("c-o-01", "c-o-02", "c-o-03", "c-o-04", "c-o-05")
		}
		if len(s.params) == 0 && rnd.IntN(3) > 0 {
			s.params["category"] = pick("laboratory", "survey")
		}
		list = append(list, s)
	}
	return list
}

// TestLimits: under grants narrowed at random every way to an entry shows what a small
// model of the limits says, and nothing else: with what is kept for searches and without.
func TestLimits(t *testing.T) {
	asked := 0
	for seed, mode := range []struct {
		name   string
		o      store.Options
		grants int
	}{{"kept", store.Options{}, 24}, {"rows", store.Options{SearchMemory: -1}, 8}} {
		t.Run(mode.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(seed)))
			w := newLimited(t, mode.o, 3+uint64(seed))
			for n := range mode.grants {
				list := randomScopes(rnd)
				if n == 0 {
					list = []scope{{"rs", map[string][]string{"category": {"laboratory"}}}}
				}
				text := "patient/Encounter.rs patient/DiagnosticReport.rs patient/Provenance.rs"
				for _, s := range list {
					text += " " + s.String()
				}
				g := clinician(w.s)
				g.Sections, g.Scopes = record.AllSections, scopes(text)
				_, token := w.d.share(g)
				asked += w.compare(t, text, list, view(t, w.s, token))
				g.ID = record.GrantID(crypto.RandomID())
				w.preview(t, text, list, g)
				if t.Failed() {
					return
				}
			}
		})
	}
	t.Logf("%d answers compared", asked)
}

func refsOf(list []store.Found, typ string) (ids []string) {
	for _, e := range list {
		if e.Ref.Type == typ {
			ids = append(ids, e.Ref.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (w *limited) compare(t *testing.T, what string, list []scope, v *store.View) (asked int) {
	t.Helper()
	same := func(route string, got, want []string) {
		t.Helper()
		asked++
		if !slices.Equal(got, want) {
			t.Errorf("%s\n%s: %q, want %q", what, route, got, want)
		}
	}
	has := func(letter string) bool {
		return slices.ContainsFunc(list, func(s scope) bool { return strings.Contains(s.letters, letter) })
	}
	narrowed := slices.ContainsFunc(list, func(s scope) bool { return len(s.params) > 0 })
	visible := func(id string) bool { // by any letter but c; and, where nothing is narrowed, by its section
		return !narrowed || slices.ContainsFunc([]string{"r", "u", "d", "s"}, func(l string) bool { return w.may(list, l, id, w.newest(id)) })
	}
	// Read and vread: an entry outside is as one that there never was, to the byte.
	_, none := v.Read(ctx, w.ref("never"), 0)
	for _, id := range w.ids {
		versions := w.of[id]
		for n := range versions {
			_, err := v.Read(ctx, w.ref(id), record.Version(n+1))
			same(fmt.Sprintf("vread %s/%d", id, n+1), kinds(err), wantShown(w.may(list, "r", id, n), visible(id) && !w.may(list, "r", id, w.newest(id)), versions[n] == nil))
		}
		_, err := v.Read(ctx, w.ref(id), 0)
		same("read "+id, kinds(err), wantShown(w.may(list, "r", id, w.newest(id)), visible(id), versions[w.newest(id)] == nil))
		if !visible(id) {
			if err == nil || strings.ReplaceAll(err.Error(), id, "never") != none.Error() {
				t.Errorf("%s: %v, and of one that is not there %v", id, err, none)
			}
		}
		// The same in a transaction.
		_, err = v.Apply(ctx, []change.Change{{Verb: change.Read, Ref: w.ref(id)}}, store.ApplyOptions{})
		same("read in a transaction "+id, kinds(err), wantShown(w.may(list, "r", id, w.newest(id)), visible(id), versions[w.newest(id)] == nil))
		for n := range versions {
			_, err = v.Apply(ctx, []change.Change{{Verb: change.Read, Ref: w.ref(id), Version: record.Version(n + 1)}}, store.ApplyOptions{})
			same("vread in a transaction "+id, kinds(err), wantShown(w.may(list, "r", id, n), visible(id) && !w.may(list, "r", id, w.newest(id)), versions[n] == nil))
		}
	}
	// Histories, page by page.
	for _, typ := range []string{"Observation", ""} {
		if !has("r") && typ != "" {
			continue
		}
		var want, got []string
		for _, id := range w.ids {
			for n := range w.of[id] {
				if w.may(list, "r", id, n) {
					want = append(want, fmt.Sprintf("%s/%d", id, n+1))
				}
			}
			one, err := v.History(ctx, store.HistoryQuery{Type: "Observation", ID: id, Limit: 100})
			var mine, all []string
			for _, e := range one.Versions {
				mine = append(mine, fmt.Sprintf("%s/%d", e.Ref.ID, e.Version))
			}
			for _, x := range want {
				if strings.HasPrefix(x, id) {
					all = append([]string{x}, all...)
				}
			}
			if same("history of "+id, mine, all); err == nil && one.Total != len(all) {
				t.Errorf("%s: history of %s: %d in all, want %d", what, id, one.Total, len(all))
			}
			if (err == nil) != w.may(list, "r", id, w.newest(id)) {
				t.Errorf("%s: history of %s: %v", what, id, err)
			}
		}
		q := store.HistoryQuery{Type: typ, Limit: 7, Asked: store.Asked{Path: "h"}}
		for {
			p, err := v.History(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if typ != "" && p.Total != len(want) {
				t.Errorf("%s: history: %d in all, want %d", what, p.Total, len(want))
			}
			for _, e := range p.Versions {
				if e.Ref.Type == "Observation" {
					got = append(got, fmt.Sprintf("%s/%d", e.Ref.ID, e.Version))
				}
			}
			if q.Page = p.Next; q.Page == "" {
				break
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		same("history of "+typ, got, want)
	}
	// Searches.
	found := w.found(list, "s")
	linked := func(prefix string) (ids []string) {
		for _, id := range found {
			ids = append(ids, prefix+id)
		}
		return ids
	}
	if has("s") {
		for _, q := range []string{"", "_sort=-code", "code=urn:code|", "_id=" + strings.Join(w.ids, ",")} {
			same("Observation?"+q, refsOf(pages(t, v, "Observation", q), "Observation"), found)
			if p, err := lookFor(v, "Observation", q, 0); err != nil || p.Total != len(found) {
				t.Errorf("%s: a count of %s: %d, %v, want %d", what, q, p.Total, err, len(found))
			}
		}
		same("chain", refsOf(pages(t, v, "DiagnosticReport", "result.code=urn:code|"), "DiagnosticReport"), linked("r-"))
		same("chain, not", refsOf(pages(t, v, "DiagnosticReport", "result.status:not=nothing"), "DiagnosticReport"), linked("r-"))
		same("_has", refsOf(pages(t, v, "Encounter", "_has:Observation:encounter:code=urn:code|"), "Encounter"), linked("e-"))
		same("_include", refsOf(pages(t, v, "DiagnosticReport", "_include=DiagnosticReport:result"), "Observation"), found)
		same("_revinclude", refsOf(pages(t, v, "Encounter", "_revinclude=Observation:encounter"), "Observation"), found)
		same("all types", refsOf(pages(t, v, "", "_type=Observation,Encounter"), "Observation"), found)
	}
	// What is made of more than one entry.
	rs := w.found(list, "rs")
	all, err := v.Gather(ctx, "$summary", anything)
	if err != nil {
		t.Fatal(err)
	}
	var gathered []string
	for _, e := range all {
		if e.Ref.Type == "Observation" {
			gathered = append(gathered, e.Ref.ID)
		}
	}
	slices.Sort(gathered)
	same("gather", gathered, rs)
	same("$everything", refsOf(allEverything(t, v), "Observation"), rs)
	if _, err := v.BeginExport(ctx, store.Asked{}); !errors.Is(err, record.Forbidden) {
		t.Errorf("%s: an export: %v", what, err)
	}
	// Who wrote it: of the versions that may be read.
	for _, id := range w.ids[:6] {
		n := 0
		for i := range w.of[id] {
			if w.may(list, "r", id, i) {
				n++
			}
		}
		same("Provenance of "+id, []string{fmt.Sprint(len(pages(t, v, "Provenance", "target=Observation/"+id)))}, []string{fmt.Sprint(n)})
	}
	// Conditions, and changes that would be refused for another reason if they could be
	// made at all.
	for _, id := range w.ids {
		here := slices.Contains(found, id)
		var refs []fhir.Ref
		_, err := v.ApplyPlan(ctx, func(find change.Finder) (_ []change.Change, err error) {
			refs, err = find.Find("Observation", "code=c-"+id)
			return nil, err
		}, store.ApplyOptions{})
		if has("s") && (err != nil || (len(refs) == 1) != here) {
			t.Errorf("%s: the condition code=c-%s: %v, %v, want %t", what, id, refs, err, here)
		}
		now := content(w.of[id], w.newest(id))
		for verb, letter := range map[change.Verb]string{change.Update: "u", change.Delete: "d"} {
			c := change.Change{Verb: verb, Ref: w.ref(id), IfMatch: `W/"999"`}
			if verb == change.Update {
				c.Resource = resourceOf(t, now.json(id))
			}
			_, err := v.Apply(ctx, []change.Change{c}, store.ApplyOptions{})
			want := record.NotFound
			switch {
			case w.may(list, letter, id, w.newest(id)):
				want = record.Precondition
			case visible(id):
				want = record.Forbidden
			case verb == change.Update: // as an id that is free
				want = record.NotAllowed
			}
			asked++
			if !errors.Is(err, want) {
				t.Errorf("%s: %s %s: %v, want %s", what, letter, id, err, want)
			}
		}
		_, err = v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
			_, err := find.Current(w.ref(id))
			if err == nil {
				err = record.Safef(record.Precondition, "it is there")
			}
			return nil, err
		}, store.ApplyOptions{})
		r, u := w.may(list, "r", id, w.newest(id)), w.may(list, "u", id, w.newest(id))
		if shown := errors.Is(err, record.Precondition) || errors.Is(err, record.Gone); shown != (r && u) || !shown && !visible(id) && !errors.Is(err, record.NotFound) {
			t.Errorf("%s: what is patched, %s: %v", what, id, err)
		}
	}
	return asked
}

// pages is allOf, of what need not be valid.
func pages(t *testing.T, v *store.View, typ, text string) (list []store.Found) {
	t.Helper()
	page := ""
	for range 100 {
		p, err := lookFor(v, typ, text, 5, page)
		if err != nil {
			t.Fatalf("%s?%s: %v", typ, text, err)
		}
		list = append(list, p.Entries...)
		if page = p.Next; page == "" {
			return list
		}
	}
	t.Fatal("no end")
	return nil
}

func allEverything(t *testing.T, v *store.View) (list []store.Found) {
	t.Helper()
	q := queryOf(t, "", "")
	o := store.SearchOptions{Limit: 9, Everything: true, Asked: store.Asked{Path: "$everything"}}
	for {
		p, err := v.Search(ctx, q, o)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p.Entries...)
		if o.Page = p.Next; o.Page == "" {
			return list
		}
	}
}

func kinds(err error) []string {
	if err == nil {
		return []string{"shown"}
	}
	return []string{fmt.Sprint(record.KindOf(err))}
}

// wantShown is what a read is answered with: where it is not allowed, that it may not be
// read when it is seen another way, and else that it is not there.
func wantShown(allowed, seen, deleted bool) []string {
	switch {
	case allowed && deleted:
		return []string{fmt.Sprint(record.Gone)}
	case allowed:
		return []string{"shown"}
	case seen:
		return []string{fmt.Sprint(record.Forbidden)}
	}
	return []string{fmt.Sprint(record.NotFound)}
}

func (w *limited) preview(t *testing.T, what string, list []scope, g grant.Grant) {
	t.Helper()
	g.From = w.s.Now()
	p, err := w.d.session().Preview(ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	got, want := 0, 0
	for _, s := range p.Sections {
		got += s.Types["Observation"]
	}
	for _, id := range w.ids {
		if w.of[id][w.newest(id)] != nil && (w.may(list, "r", id, w.newest(id)) || w.may(list, "s", id, w.newest(id))) {
			want++
		}
	}
	if got != want {
		t.Errorf("%s: %d are previewed, want %d", what, got, want)
	}
}

func queryOf(t testing.TB, typ, text string) *search.Query {
	t.Helper()
	q, err := search.Parse(typ, text, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}
