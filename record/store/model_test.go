package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
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
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// The model is a page of plain Go: what each person wrote and whom they let see
// it. A random life is lived on the model and on the store, with restarts, restores,
// crashes and a clock that jumps; after each step every credential there ever was
// tries every entry of everybody, and must get what the model says: what is
// forbidden is not shown, what is allowed is. At the end each person's log must
// say all of it, in order, and nothing else.

type modelVersion struct {
	text    string // "" when deleted
	imports record.ImportID
}

type modelEntry struct {
	section  record.Section
	versions []modelVersion
}

type modelGrant struct {
	g             grant.Grant
	token         crypto.Credential
	struck, ended bool
}

type modelPerson struct {
	d       *device
	entries map[fhir.Ref]*modelEntry
	grants  []*modelGrant
	old     []crypto.Credential // sessions that were signed out
	dead    []crypto.Credential // tokens of before a restore
	before  []record.GrantID    // and their grants, the person's own included
	imports []record.ImportID
	log     []string
}

type world struct {
	t       *testing.T
	rnd     *rand.Rand
	engine  *memory
	node    crypto.Key
	s       *store.Store
	now     time.Time
	mark    time.Time
	persons []*modelPerson
	refusal map[string]int // by grant and day, since the last restart
	step    int
	reads   [4]int // shown, hidden, forbidden, gone
}

var modelRefs = []fhir.Ref{
	{Type: "AllergyIntolerance", ID: "a1"}, {Type: "AllergyIntolerance", ID: "a2"},
	{Type: "Condition", ID: "c1"}, {Type: "Condition", ID: "low"}, {Type: "Immunization", ID: "i1"},
}

func modelResource(ref fhir.Ref, text string) string {
	switch {
	case ref.ID == "low":
		return `{"resourceType":"Condition","id":"low","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"F32.1"}],"text":"` + text + `"},"subject":{"display":"her"}}`
	case ref.Type == "Immunization":
		return `{"resourceType":"Immunization","id":"` + ref.ID + `","status":"completed","vaccineCode":{"text":"` + text + `"},"patient":{"display":"her"}}`
	case ref.Type == "Condition":
		return `{"resourceType":"Condition","id":"` + ref.ID + `","code":{"text":"` + text + `"},"subject":{"display":"her"}}`
	}
	return `{"resourceType":"AllergyIntolerance","id":"` + ref.ID + `","code":{"text":"` + text + `"},"patient":{"display":"her"}}`
}

func modelSection(ref fhir.Ref) record.Section {
	switch {
	case ref.ID == "low":
		return record.MentalHealth
	case ref.Type == "Condition":
		return record.Conditions
	case ref.Type == "Immunization":
		return record.Vaccination
	}
	return record.Allergies
}

// says is how the test writes a log entry, the model's and the store's.
func says(a audit.Action, o audit.Outcome, r audit.Reason, g record.GrantID, entries ...string) string {
	return fmt.Sprint(a, o, r, g, entries)
}

func (p *modelPerson) did(a audit.Action, g record.GrantID, entries ...string) {
	p.log = append(p.log, says(a, audit.Done, 0, g, entries...))
}

func (w *world) pick(n int) int { return w.rnd.IntN(n) }

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("step %d: "+format, append([]any{w.step}, args...)...)
}

func (w *world) clock() time.Time {
	if w.now.Before(w.mark) {
		return w.mark
	}
	return w.now
}

func (w *world) boot() {
	var err error
	w.engine = w.engine.fork()
	w.now = w.clock() // the engine in memory has no anchor that would remember the time
	if w.s, err = store.OpenOn(w.engine, w.node, store.Options{Now: func() time.Time { return w.now }}); err != nil {
		w.fail("starting: %v", err)
	}
	w.refusal = map[string]int{}
	for _, p := range w.persons {
		p.d.s = w.s
	}
}

func (w *world) enrol() {
	d := enrol(w.t, w.s)
	p := &modelPerson{d: d, entries: map[fhir.Ref]*modelEntry{}}
	p.log = append(p.log, says(audit.Grant, audit.Done, 0, record.GrantID{}))
	w.persons = append(w.persons, p)
}

// session signs the person in, and out again when done.
func (w *world) session(p *modelPerson, do func(*store.View)) {
	c, _, err := w.s.SignIn(ctx, p.d.person, p.d.self.ID, keys.GrantKey(p.d.grants, p.d.self.ID))
	if err != nil {
		w.fail("signing in: %v", err)
	}
	p.did(audit.SignIn, p.d.self.ID)
	v, err := w.s.Open(ctx, c)
	if err != nil {
		w.fail("opening a session: %v", err)
	}
	do(v)
	v.Close()
	if v, err = w.s.Open(ctx, c); err != nil { // the server may have been started again
		w.fail("opening a session again: %v", err)
	}
	if _, err := v.SignOut(ctx); err != nil {
		w.fail("signing out: %v", err)
	}
	v.Close()
	p.old = append(p.old[max(0, len(p.old)-2):], c)
}

func (e *modelEntry) newest() modelVersion { return e.versions[len(e.versions)-1] }

func named(ref fhir.Ref, n int) string { return ref.String() + "/_history/" + strconv.Itoa(n) }

// put is a write under a grant; self when it is the person's.
func (w *world) write(p *modelPerson, v *store.View, g grant.Grant, ref fhir.Ref, del bool, origin entry.Origin) {
	text := fmt.Sprintf("m%d-%d", w.step, w.pick(1e9))
	c := change.Change{Verb: change.Delete, Ref: ref}
	if !del {
		r, err := fhir.Parse([]byte(modelResource(ref, text)), fhir.Limits{})
		if err != nil {
			w.t.Fatal(err)
		}
		c = change.Change{Verb: change.Update, Ref: ref, Resource: r}
	}
	_, err := v.Apply(ctx, []change.Change{c}, store.ApplyOptions{Origin: origin})
	e := p.entries[ref]
	var want record.Kind
	verb := grant.Update
	if del {
		verb = grant.Delete
	}
	seen := e != nil && g.Sections.Has(e.section)
	reason := audit.OutsideGrant
	switch {
	case !seen && del:
		want = record.NotFound
	case !seen && !g.Whole():
		want = record.NotAllowed
	case seen && !scoped(g, ref.Type, verb):
		want, reason = record.Forbidden, audit.NoVerb
	}
	if want != "" {
		if record.KindOf(err) != want {
			w.fail("writing %s under %s: %v, want %s", ref, g.To.Name, err, want)
		}
		p.log = append(p.log, says(audit.Change, audit.Refused, reason, g.ID, ref.String()))
		return
	}
	if err != nil {
		w.fail("writing %s under %s: %v", ref, g.To.Name, err)
	}
	switch {
	case e == nil:
		e = &modelEntry{section: modelSection(ref)}
		p.entries[ref] = e
		fallthrough
	case !del:
		e.versions = append(e.versions, modelVersion{text, origin.Import})
	case e.newest().text != "":
		e.versions = append(e.versions, modelVersion{})
	}
	done := audit.Change
	if del {
		done = audit.Delete
	}
	p.did(done, g.ID, named(ref, len(e.versions)))
}

func scoped(g grant.Grant, typ string, verb grant.Verbs) bool {
	for _, s := range g.Scopes {
		if (s.Type == "*" || s.Type == typ) && s.Verbs&verb != 0 {
			return true
		}
	}
	return false
}

// live: 0 it opens, else why not.
func (w *world) why(m *modelGrant) audit.Reason {
	switch {
	case m.ended || m.struck:
		return audit.Stopped
	case !m.g.Until.IsZero() && !w.clock().Before(m.g.Until):
		return audit.Expired
	}
	return 0
}

// tokenWhy is why for the token, whose own end is the grant's and is looked at first.
func (w *world) tokenWhy(m *modelGrant) audit.Reason {
	if !m.g.Until.IsZero() && !w.clock().Before(m.g.Until) {
		return audit.Expired
	}
	return w.why(m)
}

func (w *world) refused(p *modelPerson, m *modelGrant, why audit.Reason) {
	key := fmt.Sprint(m.g.ID, w.clock().Unix()/86400)
	if w.refusal[key]++; w.refusal[key] <= 200 {
		p.log = append(p.log, says(audit.Used, audit.Refused, why, m.g.ID))
	}
}

// end stops grants and begins an epoch, as a device does.
func (w *world) end(p *modelPerson, m *modelGrant) {
	d := p.d
	body := func() statement.Body { return d.body() }
	ended := map[record.GrantID]bool{}
	for _, x := range p.grants {
		if x == m || x.struck && !x.ended {
			ended[x.g.ID] = true
			x.ended = true
		}
	}
	kept := d.live[:0:0]
	b := body()
	for _, g := range d.live {
		if !ended[g.ID] {
			kept = append(kept, g)
			continue
		}
		b.Ended = append(b.Ended, statement.Ended{Grant: g.ID, Row: keys.SealStoppedRow(d.person, g.ID, d.grants, d.audit)})
	}
	d.live = kept
	d.newEpoch(&b)
	w.send(p, statement.Sign(b, d.identity))
}

// send submits a statement, through a crash now and then.
func (w *world) send(p *modelPerson, st statement.Signed) {
	if w.pick(4) == 0 {
		w.engine.crash, w.engine.cut = 1+w.pick(2), 1+w.pick(2)
		if _, err := w.s.Apply(ctx, st, crypto.Credential{}); err == nil {
			w.engine.crash = 0
			p.d.done(st)
			p.log = append(p.log, says(audit.Grant, audit.Done, 0, record.GrantID{}))
			return
		}
		w.boot()
	}
	if _, err := w.s.Apply(ctx, st, crypto.Credential{}); err != nil {
		w.fail("a statement: %v", err)
	}
	p.d.done(st)
	p.log = append(p.log, says(audit.Grant, audit.Done, 0, record.GrantID{}))
}

func (w *world) act() {
	p := w.persons[w.pick(len(w.persons))]
	d := p.d
	ref := modelRefs[w.pick(len(modelRefs))]
	var open []*modelGrant
	for _, m := range p.grants {
		if w.why(m) == 0 {
			open = append(open, m)
		}
	}
	switch op := w.pick(17); {
	case op < 3: // the person writes
		w.session(p, func(v *store.View) { w.write(p, v, d.self, ref, false, entry.Origin{}) })
	case op == 3:
		w.session(p, func(v *store.View) { w.write(p, v, d.self, ref, true, entry.Origin{}) })
	case op == 4 && len(open) > 0: // somebody writes under a grant
		m := open[w.pick(len(open))]
		v, err := w.s.Open(ctx, m.token)
		if err != nil {
			w.fail("a live token: %v", err)
		}
		w.write(p, v, m.g, ref, w.pick(3) == 0, entry.Origin{})
		v.Close()
	case op == 5 && len(p.grants) < 5 || op == 6 && len(p.grants) < 3: // a grant
		set := grant.With(0)
		for _, s := range []record.Section{record.Allergies, record.Conditions, record.Vaccination, record.MentalHealth, record.Private} {
			if w.pick(2) == 0 {
				set = set.With(s)
			}
		}
		if w.pick(8) == 0 {
			set = record.AllSections
		}
		list := []string{"patient/*.rs", "patient/*.cruds", "patient/AllergyIntolerance.r patient/Condition.rud", "patient/*.s", "patient/Condition.cruds"}
		g := grant.Grant{To: grant.Party{Name: "n" + strconv.Itoa(w.step)}, Sections: set, Scopes: scopes(list[w.pick(len(list))]), Purpose: "TREAT"}
		if w.pick(2) == 0 {
			g.Until = w.clock().Add(time.Duration(1+w.pick(300)) * time.Minute).Truncate(time.Second)
		}
		g = d.grant(g)
		m := &modelGrant{g: g, token: crypto.NewCredential(crypto.Access)}
		b := d.body()
		b.Grants = []statement.GrantRow{d.row(g)}
		b.Capsules = []record.Capsule{keys.SealToken(m.token.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: g.ID,
			Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID), Until: g.Until})}
		w.send(p, statement.Sign(b, d.identity))
		p.grants = append(p.grants, m)
	case op == 7 && len(open) > 0: // Stop, from a session
		m := open[w.pick(len(open))]
		v, err := w.s.Open(ctx, m.token) // opened before
		if err != nil {
			w.fail("a live token: %v", err)
		}
		w.session(p, func(me *store.View) {
			if err := me.Strike(ctx, m.g.ID); err != nil {
				w.fail("striking: %v", err)
			}
			p.did(audit.Strike, d.self.ID)
			m.struck = true
		})
		if _, err := v.Read(ctx, ref, 0); record.KindOf(err) != record.Unauthorized {
			w.fail("a View opened before a strike: %v", err)
		}
		w.refused(p, m, audit.Stopped)
		v.Close()
	case op == 8: // revoke, or only an epoch
		var m *modelGrant
		for _, x := range p.grants {
			if !x.ended && w.pick(2) == 0 {
				m = x
			}
		}
		w.end(p, m)
	case op == 9: // move
		e := p.entries[ref]
		to := []record.Section{record.Private, record.Conditions, record.Allergies}[w.pick(3)]
		w.session(p, func(v *store.View) {
			_, err := v.Move(ctx, []fhir.Ref{ref}, to)
			if e == nil {
				if record.KindOf(err) != record.NotFound {
					w.fail("moving what is not there: %v", err)
				}
				return
			}
			if err != nil {
				w.fail("moving: %v", err)
			}
			e.section = to
			p.did(audit.Move, d.self.ID, ref.String())
		})
	case op == 10: // an import, or taking one back
		w.session(p, func(v *store.View) {
			if len(p.imports) > 0 && w.pick(2) == 0 {
				w.undo(p, v, p.imports[w.pick(len(p.imports))])
				return
			}
			o := entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: "s"}
			p.imports = append(p.imports, o.Import)
			w.write(p, v, d.self, ref, false, o)
			w.write(p, v, d.self, modelRefs[w.pick(len(modelRefs))], false, o)
		})
	case op == 11: // time
		w.s.Open(ctx, crypto.NewCredential(crypto.Access)) // the server has seen this time
		w.mark = w.clock()
		if w.pick(4) == 0 {
			w.now = w.now.Add(-time.Duration(w.pick(100)) * time.Second) // a little back: it stands still
			if w.mark.Sub(w.now) > 4*time.Minute {
				w.now = w.mark
			}
		} else {
			w.now = w.now.Add(time.Duration(1+w.pick(90)) * time.Minute)
		}
	case op == 12: // a restart
		w.s.Open(ctx, crypto.NewCredential(crypto.Access))
		w.mark = w.clock()
		w.now = w.mark
		w.boot()
	case op == 14: // the server is restored from a backup
		w.restore()
	case op == 15: // closed, and opened again
		w.close(p, ref)
	case op == 13: // a write that a crash cuts
		w.session(p, func(v *store.View) {
			r, _ := fhir.Parse([]byte(modelResource(ref, "cut"+strconv.Itoa(w.step))), fhir.Limits{})
			w.engine.crash, w.engine.cut = 1, 1+w.pick(2)
			cut := w.engine.cut
			if _, err := v.Apply(ctx, []change.Change{{Verb: change.Update, Ref: ref, Resource: r}}, store.ApplyOptions{}); err == nil {
				w.fail("a write through a crash said it was done")
			}
			w.boot()
			if cut == 2 {
				e := p.entries[ref]
				if e == nil {
					e = &modelEntry{section: modelSection(ref)}
					p.entries[ref] = e
				}
				e.versions = append(e.versions, modelVersion{text: "cut" + strconv.Itoa(w.step)})
				p.did(audit.Change, d.self.ID, named(ref, len(e.versions)))
			}
		})
	}
}

// restore puts all of it into another store, where everybody goes on.
func (w *world) restore() {
	from := w.s.ID()
	w.s.Open(ctx, crypto.NewCredential(crypto.Access)) // the server has seen this time
	w.mark = w.clock()
	to := holdertest.Rows{Engine: newMemory(), Node: crypto.NewKey()}
	if err := store.InitOn(to.Engine); err != nil {
		w.t.Fatal(err)
	}
	holdertest.RestoredRows(w.t, holdertest.Rows{Engine: w.engine.fork(), Node: w.node}, to, audit.Restored)
	w.engine, w.node = to.Engine.(*memory), to.Node
	w.boot()
	for _, p := range w.persons {
		p.log = append(p.log, says(audit.Restored, audit.Done, 0, record.GrantID{}))
		p.before = append(p.before, p.d.self.ID)
		for _, m := range p.grants {
			p.dead, p.before = append(p.dead, m.token), append(p.before, m.g.ID)
		}
		p.grants = nil
		if w.pick(2) == 0 {
			w.boot() // it waits through a restart
		}
		if _, _, err := w.s.SignIn(ctx, p.d.person, p.d.self.ID, keys.GrantKey(p.d.grants, p.d.self.ID)); record.KindOf(err) != record.Unauthorized {
			w.fail("a session in a record that waits: %v", err)
		}
		if _, err := w.s.Apply(ctx, statement.Sign(p.d.body(), p.d.identity), crypto.Credential{}); record.KindOf(err) != record.Unprocessed {
			w.fail("a statement in a record that waits: %v", err)
		}
		w.send(p, statement.Sign(p.d.goOn(from), p.d.identity))
	}
}

// close closes a record, tries to change it, and opens it again.
func (w *world) close(p *modelPerson, ref fhir.Ref) {
	d := p.d
	b := d.body()
	b.MovedTo = "https://new.example.org"
	for _, g := range d.live {
		if !g.Self {
			b.Ended = append(b.Ended, statement.Ended{Grant: g.ID, Row: keys.SealStoppedRow(d.person, g.ID, d.grants, d.audit)})
		}
	}
	for _, m := range p.grants {
		m.ended = true
	}
	d.live = []grant.Grant{d.self}
	d.newEpoch(&b)
	w.send(p, statement.Sign(b, d.identity))
	w.session(p, func(v *store.View) {
		r, _ := fhir.Parse([]byte(modelResource(ref, "closed"+strconv.Itoa(w.step))), fhir.Limits{})
		_, err := v.Apply(ctx, []change.Change{{Verb: change.Update, Ref: ref, Resource: r}}, store.ApplyOptions{})
		if record.KindOf(err) != record.Unprocessed {
			w.fail("a change of a record that is closed: %v", err)
		}
		w.lookWith(p, v, d.self)
	})
	w.send(p, statement.Sign(d.body(), d.identity))
}

func (w *world) undo(p *modelPerson, v *store.View, id record.ImportID) {
	_, err := v.Undo(ctx, id)
	var touched int
	for _, e := range p.entries {
		for _, ver := range e.versions {
			if ver.imports == id {
				touched++
			}
		}
	}
	if touched == 0 {
		if record.KindOf(err) != record.NotFound {
			w.fail("undoing what is not there: %v", err)
		}
		return
	}
	if err != nil {
		w.fail("undoing: %v", err)
	}
	for _, e := range p.entries {
		if e.newest().imports != id || e.newest().text == "" {
			continue
		}
		back := modelVersion{}
		for _, ver := range e.versions {
			if ver.imports == id {
				break
			}
			back = ver
		}
		e.versions = append(e.versions, back)
	}
	p.log = append(p.log, "undo")
}

// look has every credential try every entry.
func (w *world) look() {
	for _, p := range w.persons {
		for _, m := range p.grants {
			v, err := w.s.Open(ctx, m.token)
			if why := w.tokenWhy(m); why != 0 {
				if record.KindOf(err) != record.Unauthorized {
					w.fail("a token whose grant is over (%d): %v", why, err)
				}
				w.refused(p, m, why)
				continue
			}
			if err != nil {
				w.fail("a live token: %v", err)
			}
			w.lookWith(p, v, m.g)
			v.Close()
		}
		for _, c := range append(p.old[:len(p.old):len(p.old)], p.dead...) {
			if _, err := w.s.Open(ctx, c); record.KindOf(err) != record.Unauthorized {
				w.fail("a session that was signed out: %v", err)
			}
		}
		w.session(p, func(v *store.View) { w.lookWith(p, v, p.d.self) })
	}
	// Somebody who knows every id, and has no key.
	stranger := crypto.NewCredential(crypto.Access)
	if _, err := w.s.Open(ctx, stranger); record.KindOf(err) != record.Unauthorized {
		w.fail("a stranger: %v", err)
	}
	for _, p := range w.persons {
		for _, m := range p.grants {
			if _, _, err := w.s.SignIn(ctx, p.d.person, m.g.ID, keys.GrantKey(p.d.grants, m.g.ID)); record.KindOf(err) != record.Unauthorized {
				w.fail("a session from a grantee's key: %v", err)
			}
		}
	}
}

func (w *world) lookWith(p *modelPerson, v *store.View, g grant.Grant) {
	n := w.pick(3) // sometimes an older version
	for _, ref := range modelRefs {
		e := p.entries[ref]
		got, err := v.Read(ctx, ref, record.Version(n))
		asked, want := ref.String(), modelVersion{}
		if n > 0 {
			asked = named(ref, n)
		}
		at := n
		if e != nil && n == 0 {
			at = len(e.versions)
		}
		if e != nil && at <= len(e.versions) {
			want = e.versions[at-1]
		}
		switch {
		case e == nil || !g.Sections.Has(e.section) || at > len(e.versions):
			w.reads[1]++
			if record.KindOf(err) != record.NotFound || len(got.Body) > 0 {
				w.fail("%s under %s: %v, and it is not theirs to see", ref, g.To.Name, err)
			}
			p.log = append(p.log, says(audit.Read, audit.Refused, audit.OutsideGrant, g.ID, asked))
		case !scoped(g, ref.Type, grant.Read):
			w.reads[2]++
			if record.KindOf(err) != record.Forbidden || len(got.Body) > 0 {
				w.fail("%s under %s: %v, without the verb", ref, g.To.Name, err)
			}
			p.log = append(p.log, says(audit.Read, audit.Refused, audit.NoVerb, g.ID, asked))
		case want.text == "":
			w.reads[3]++
			if record.KindOf(err) != record.Gone || len(got.Body) > 0 {
				w.fail("%s under %s: %v, and it was deleted", ref, g.To.Name, err)
			}
			p.log = append(p.log, says(audit.Read, audit.Refused, audit.WasDeleted, g.ID, asked))
		default:
			w.reads[0]++
			if err != nil || !strings.Contains(string(got.Body), `"`+want.text+`"`) || got.Section != e.section || int(got.Version) != at {
				w.fail("%s under %s: %v, %.200s, want %q", ref, g.To.Name, err, got.Body, want.text)
			}
			p.did(audit.Read, g.ID, named(ref, at))
		}
	}
	typ := modelRefs[w.pick(len(modelRefs))].Type
	page, err := lookFor(v, typ, "", 10)
	if !scoped(g, typ, grant.Search) {
		if record.KindOf(err) != record.Forbidden || len(page.Entries) > 0 {
			w.fail("searching %s under %s: %v", typ, g.To.Name, err)
		}
		p.log = append(p.log, says(audit.Search, audit.Refused, audit.NoVerb, g.ID))
		return
	}
	want := 0
	for ref, e := range p.entries {
		if ref.Type == typ && g.Sections.Has(e.section) && e.newest().text != "" {
			want++
		}
	}
	if err != nil || page.Total != want || len(page.Entries) != want {
		w.fail("searching %s under %s: %d, %v, want %d", typ, g.To.Name, page.Total, err, want)
	}
	var shown []string
	for _, e := range page.Entries {
		if !strings.Contains(string(e.Body), p.entries[e.Ref].newest().text) {
			w.fail("searching shows another %s", e.Ref)
		}
		shown = append(shown, named(e.Ref, int(e.Version)))
	}
	p.did(audit.Search, g.ID, shown...)
}

// readLog compares each person's log with the model's.
func (w *world) readLog() {
	for i, p := range w.persons {
		var got []string
		w.session(p, func(v *store.View) {
			reader := audit.NewReader(p.d.person)
			ids := append([]record.GrantID{p.d.self.ID}, p.before...)
			for _, m := range p.grants {
				ids = append(ids, m.g.ID)
			}
			reader.AddGeneration(p.d.audit, ids)
			reader.AddBox(p.d.box)
			check := audit.NewChecker(audit.Frontier{}, statement.Head{})
			var head statement.Head
			for from := uint64(0); ; {
				page, err := v.Log(ctx, from, 0)
				p.did(audit.History, p.d.self.ID)
				if err != nil {
					w.fail("the log: %v", err)
				}
				if head, err = audit.VerifyCheckpoint(page.Checkpoint, w.s.Verifier(), w.s.ID(), p.d.person); err != nil {
					w.fail("the log: %v", err)
				}
				for _, leaf := range page.Leaves {
					check.Add(leaf)
					e, err := reader.Open(from, leaf)
					if err != nil {
						w.fail("a log entry that does not open: %v", err)
					}
					from++
					if e.Event.Action == audit.Undo {
						got = append(got, "undo")
						continue
					}
					got = append(got, says(e.Event.Action, e.Event.Outcome, e.Event.Reason, e.Event.Grant, e.Event.Entries...))
				}
				if from == page.Size {
					break
				}
			}
			if _, err := check.Finish(head); err != nil {
				w.fail("the log: %v", err)
			}
		})
		for j := range max(len(got), len(p.log)) {
			if j >= len(got) || j >= len(p.log) || got[j] != p.log[j] {
				w.fail("person %d, entry %d of %d of the log is\n%v\nand should be (of %d)\n%v", i, j, len(got), got[min(j, len(got)-1):min(j+3, len(got))], len(p.log), p.log[min(j, len(p.log)-1):min(j+3, len(p.log))])
			}
		}
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	lives, steps := 8, 45
	if os.Getenv("CAREHOLD_LONG") != "" {
		lives, steps = 100, 150
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("CAREHOLD_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
		lives = 1
	}
	var reads [4]int
	for i := range lives {
		w := &world{t: t, rnd: rand.New(rand.NewPCG(seed+uint64(i), 7)), engine: newMemory(), node: crypto.NewKey(), now: time.Now()}
		if err := store.InitOn(w.engine); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("CAREHOLD_SEED=%d", seed+uint64(i))
			}
		})
		w.boot()
		for range 2 + w.pick(2) {
			w.enrol()
		}
		for w.step = range steps {
			w.act()
			w.look()
		}
		w.readLog()
		for k := range reads {
			reads[k] += w.reads[k]
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d lives of %d steps: %d reads shown, %d hidden, %d without the verb, %d of deleted", lives, steps, reads[0], reads[1], reads[2], reads[3])
	for _, n := range reads {
		if n == 0 {
			t.Error("the lives are too dull to prove anything")
		}
	}
}
