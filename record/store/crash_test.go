package store_test

import (
	"crypto/sha256"
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
	"carehold/record/kv"
	"carehold/record/statement"
	"carehold/record/store"
)

// bed is a store that is crashed again and again in the middle of one act.
type bed struct {
	t       testing.TB
	engine  *memory
	node    crypto.Key
	s       *store.Store
	d       *device
	me      crypto.Credential
	tokens  []crypto.Credential // of grants that must go on
	stopped crypto.Credential   // of the one that an act ends
	invite  crypto.Credential
	also    *device // who an act enrols
}

func newBed(t testing.TB) *bed {
	b := &bed{t: t, engine: newMemory(), node: crypto.NewKey()}
	if err := store.InitOn(b.engine); err != nil {
		t.Fatal(err)
	}
	b.boot(b.engine)
	b.d = enrol(t, b.s)
	me, _, err := b.s.SignIn(ctx, b.d.person, b.d.self.ID, keys.GrantKey(b.d.grants, b.d.self.ID))
	if err != nil {
		t.Fatal(err)
	}
	b.me = me
	put(t, view(t, b.s, me), allergy)
	for range 2 {
		_, token := b.d.share(clinician(b.s))
		b.tokens = append(b.tokens, token)
	}
	return b
}

func (b *bed) boot(e *memory) {
	var err error
	b.engine = e
	if b.s, err = store.OpenOn(e, b.node, store.Options{}); err != nil {
		b.t.Fatal(err)
	}
	if b.d != nil {
		b.d.s = b.s
	}
}

// whole reads everything, checks that the record hangs together, and says what is
// in it: two records with the same answer are the same.
func (b *bed) whole() string {
	b.t.Helper()
	must := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	v, err := b.s.Open(ctx, b.me)
	must(err)
	defer v.Close()
	list, err := v.List(ctx)
	must(err)
	var says []string
	for _, i := range list {
		for n := record.Version(1); n <= i.Version; n++ {
			e, err := v.Read(ctx, i.Ref, n)
			if !errors.Is(err, record.Gone) {
				must(err)
			}
			// The times are of each attempt's own.
			body := e.Body
			if at := strings.Index(string(body), `"meta"`); at > 0 {
				body = append(slices.Clone(body[:at]), body[at+80:]...)
			}
			says = append(says, fmt.Sprintf("%s/%d %s %x", i.Ref, n, i.Section, sha256.Sum256(body)))
		}
	}
	slices.Sort(says)
	ring, err := b.s.Ring(ctx, b.d.person, b.d.slot.CapsuleID(), 0)
	must(err)
	says = append(says, fmt.Sprint(ring.Seq, ring.Epoch, len(ring.Live), ring.Live))
	page, err := v.Log(ctx, 0, 0)
	must(err)
	head, err := audit.VerifyCheckpoint(page.Checkpoint, b.s.Verifier(), b.s.ID(), b.d.person)
	must(err)
	c := audit.NewChecker(audit.Frontier{}, statement.Head{})
	for _, leaf := range page.Leaves {
		c.Add(leaf)
	}
	if len(page.Leaves) < store.MaxLeaves {
		_, err = c.Finish(head)
		must(err)
	}
	for i, token := range b.tokens {
		g, err := b.s.Open(ctx, token)
		if err != nil {
			b.t.Fatalf("grant %d does not go on: %v", i, err)
		}
		if _, err := g.Read(ctx, allergyRef, 1); err != nil {
			b.t.Fatalf("grant %d does not read on: %v", i, err)
		}
		g.Close()
	}
	if !b.stopped.IsZero() {
		g, err := b.s.Open(ctx, b.stopped)
		says = append(says, fmt.Sprint("stopped: ", err))
		if err == nil {
			g.Close()
		}
	}
	if b.also != nil {
		_, err := b.s.Ring(ctx, b.also.person, b.also.slot.CapsuleID(), 0)
		_, _, signin := b.s.SignIn(ctx, b.also.person, b.also.self.ID, keys.GrantKey(b.also.grants, b.also.self.ID))
		if (err == nil) != (signin == nil) {
			b.t.Fatalf("half enrolled: %v, %v", err, signin)
		}
		says = append(says, fmt.Sprint("also: ", err))
	}
	return strings.Join(says, "\n")
}

func resources(n int, source string) (list []change.Change) {
	for i := range n {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"AllergyIntolerance","id":"%s%d","code":{"text":"number %d"},"patient":{"display":"her"}}`, source, i, i), fhir.Limits{})
		if err != nil {
			panic(err)
		}
		list = append(list, change.Change{Verb: change.Update, Ref: allergyRefOf(r.ID()), Resource: r})
	}
	return list
}

// TestCrash cuts each act at each of its commits, before it is written and after,
// and looks at what the next start finds: all of it or nothing, and what was
// there before, as it was. Then the act is done again.
func TestCrash(t *testing.T) {
	t.Parallel()
	through := func(b *bed, do func(*store.View) error) error {
		v, err := b.s.Open(ctx, b.me)
		if err != nil {
			return err
		}
		defer v.Close()
		return do(v)
	}
	apply := func(b *bed, changes []change.Change, o entry.Origin) error {
		return through(b, func(v *store.View) error {
			_, err := v.Apply(ctx, changes, store.ApplyOptions{Origin: o})
			return err
		})
	}
	send := func(st statement.Signed) func(*bed) error {
		return func(b *bed) error {
			_, err := b.s.Apply(ctx, st, b.invite)
			return err
		}
	}
	imported := entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: "a practice"}
	big := func(id string, size int) []change.Change {
		r, err := fhir.Parse([]byte(large(id, size)), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return []change.Change{{Verb: change.Update, Ref: binaryRef(id), Resource: r}}
	}
	cases := []struct {
		name    string
		prepare func(*bed) (act func(*bed) error)
		commits int // at least
	}{
		{"enrol", func(b *bed) func(*bed) error {
			invite, err := b.s.Invite(ctx, keys.Invite{Until: time.Now().Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			b.also, b.invite = newDevice(t, b.s), invite
			return send(b.also.first())
		}, 3},
		{"grant", func(b *bed) func(*bed) error {
			g, token := b.d.grant(clinician(b.s)), crypto.NewCredential(crypto.Access)
			body := b.d.body()
			body.Grants = []statement.GrantRow{b.d.row(g)}
			body.Capsules = []record.Capsule{keys.SealToken(token.CapsuleKey(), keys.TokenCapsule{Person: b.d.person, Grant: g.ID,
				Key: keys.GrantKey(b.d.grants, g.ID), Audit: keys.AuditKey(b.d.audit, g.ID)})}
			b.stopped = token // which opens nothing before
			return send(statement.Sign(body, b.d.identity))
		}, 2},
		{"revoke one of 51", func(b *bed) func(*bed) error {
			g, token := b.d.share(clinician(b.s))
			for len(b.tokens) < 50 {
				_, token := b.d.share(clinician(b.s))
				b.tokens = append(b.tokens, token)
			}
			b.stopped = token
			b.d.live = slices.DeleteFunc(b.d.live, func(x grant.Grant) bool { return x.ID == g.ID })
			body := b.d.body()
			body.Ended = []statement.Ended{{Grant: g.ID, Row: keys.SealStoppedRow(b.d.person, g.ID, b.d.grants, b.d.audit)}}
			b.d.newEpoch(&body)
			return send(statement.Sign(body, b.d.identity))
		}, 1},
		{"strike", func(b *bed) func(*bed) error {
			g, token := b.d.share(clinician(b.s))
			b.stopped = token
			return func(b *bed) error { return through(b, func(v *store.View) error { return v.Strike(ctx, g.ID) }) }
		}, 1},
		{"sign in", func(b *bed) func(*bed) error {
			return func(b *bed) error {
				_, _, err := b.s.SignIn(ctx, b.d.person, b.d.self.ID, keys.GrantKey(b.d.grants, b.d.self.ID))
				return err
			}
		}, 2},
		{"write 300 in one", func(b *bed) func(*bed) error {
			b.engine.max = 330 << 10
			changes := resources(300, "w")
			return func(b *bed) error { return apply(b, changes, entry.Origin{}) }
		}, 4},
		{"write 10 MiB", func(b *bed) func(*bed) error {
			changes := big("big", 10<<20)
			return func(b *bed) error { return apply(b, changes, entry.Origin{}) }
		}, 5},
		{"move a large entry with versions", func(b *bed) func(*bed) error {
			for i := range 3 {
				if err := apply(b, big("big", 900<<10+i), entry.Origin{}); err != nil {
					t.Fatal(err)
				}
			}
			b.engine.max = 900 << 10
			return func(b *bed) error {
				return through(b, func(v *store.View) error {
					_, err := v.Move(ctx, []fhir.Ref{binaryRef("big")}, record.Private)
					return err
				})
			}
		}, 3}, // and then one that only tidies
		{"undo an import", func(b *bed) func(*bed) error {
			if err := apply(b, resources(150, "i"), imported); err != nil {
				t.Fatal(err)
			}
			b.engine.max = 300 << 10
			return func(b *bed) error {
				return through(b, func(v *store.View) error { _, err := v.Undo(ctx, imported.Import); return err })
			}
		}, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t)
			act := c.prepare(b)
			start := b.engine
			b.boot(start.fork())
			before := b.whole()
			b.boot(start.fork())
			if err := act(b); err != nil {
				t.Fatal(err)
			}
			after := b.whole()
			cuts, kept := 0, 0
			for n := 1; ; n++ {
				hit := false
				for _, cut := range []int{1, 2} {
					b.boot(start.fork())
					b.engine.crash, b.engine.cut = n, cut
					err := act(b)
					hit = b.engine.down
					if !hit {
						break
					}
					cuts++
					if err == nil && cut == 1 && n <= c.commits {
						t.Errorf("commit %d was lost, and yet it was done", n)
					}
					b.boot(b.engine.reboot())
					switch now := b.whole(); now {
					case after:
						kept++
					case before:
						if err == nil {
							t.Errorf("commit %d: it said that it was done, and it is not", n)
						}
					default:
						t.Errorf("after a crash at commit %d (cut %d) the record is neither as it was nor as it should be:\n%.2000s\n--- was\n%.1000s", n, cut, now, before)
					}
					if err := act(b); err != nil && !(c.name == "undo an import" && errors.Is(err, record.NotFound)) {
						t.Errorf("commit %d, cut %d: doing it again: %v", n, cut, err)
					}
					if now := b.whole(); now != after {
						t.Errorf("commit %d, cut %d: done again it is not what it should be", n, cut)
					}
					b.boot(b.engine.fork())
				}
				if !hit {
					break
				}
			}
			if cuts < 2*c.commits || kept == 0 {
				t.Errorf("%d cuts, %d of them after it was done", cuts, kept)
			}
			if strings.HasPrefix(c.name, "revoke") && strings.Contains(after, "stopped: <nil>") {
				t.Error("the revoked token opens")
			}
			t.Logf("%d cuts, in %d of them it was done", cuts, kept)
		})
	}
}

// TestCrashOnDisk does the longest of them with the real engine.
func TestCrashOnDisk(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	d := enrol(t, s)
	s.Close()
	for n := 1; n <= 2; n++ {
		for _, after := range []bool{false, true} {
			twin := copyDir(t, dir)
			s := open(t, twin, store.Options{})
			d.s = s
			me := d.session()
			s.WrapEngine(func(e kv.Engine) kv.Engine { return &failing{Engine: e, at: n, after: after} })
			_, err := me.Apply(ctx, resources(3000, "w"), store.ApplyOptions{})
			if err == nil {
				t.Fatalf("%d commits are not enough to cut", n)
			}
			s.Close()
			s = open(t, twin, store.Options{})
			d.s = s
			me = d.session()
			list, err := me.List(ctx)
			if err != nil || len(list) != 0 && len(list) != 3000 {
				t.Errorf("cut %d: %d entries, %v", n, len(list), err)
			}
			res, err := me.Apply(ctx, resources(3000, "w"), store.ApplyOptions{})
			if err != nil || len(res) != 3000 || res[0].Version != 1 {
				t.Errorf("cut %d: again: %v", n, err)
			}
			if list, err = me.List(ctx); err != nil || len(list) != 3000 {
				t.Errorf("cut %d: %d entries, %v", n, len(list), err)
			}
			s.Close()
			if n > 1 {
				break
			}
		}
	}
}
