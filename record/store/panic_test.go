package store_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/store"
)

// panicking is an engine in whose n-th call something of ours panics: before it,
// in the middle of a read or of an update, or after it.
type panicking struct {
	kv.Engine
	mu    sync.Mutex
	at    int
	where int // 0 before the call, 1 in it, 2 after it
	seen  int
	fired bool
}

// hit counts a call.
func (p *panicking) hit() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen++
	now := !p.fired && p.seen == p.at
	p.fired = p.fired || now
	return now
}

type ours struct{}

func (p *panicking) View(part kv.Partition, fn func(kv.Reader) error) error {
	hit := p.hit()
	if hit && p.where == 0 {
		panic(ours{})
	}
	err := p.Engine.View(part, func(r kv.Reader) error {
		err := fn(r)
		if hit && p.where == 1 {
			panic(ours{})
		}
		return err
	})
	if hit && p.where == 2 {
		panic(ours{})
	}
	return err
}

func (p *panicking) Update(ctx context.Context, part kv.Partition, fn func(kv.Tx) error) error {
	hit := p.hit()
	if hit && p.where == 0 {
		panic(ours{})
	}
	err := p.Engine.Update(ctx, part, func(tx kv.Tx) error {
		err := fn(tx)
		if hit && p.where == 1 {
			panic(ours{}) // the engine answers it with an error
		}
		return err
	})
	if hit && p.where == 2 {
		panic(ours{})
	}
	return err
}

// TestPanicLosesNothing panics in every call that reading, writing and a statement
// make of the engine. The server catches it for the one request; here it is the
// test. Nothing that was acknowledged is lost, no lock stays taken, and the next
// request of the same person is served.
func TestPanicLosesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.Options{})
	d := enrol(t, s)
	p := &panicking{}
	s.WrapEngine(func(e kv.Engine) kv.Engine { p.Engine = e; return p })
	put(t, d.session(), allergy)
	kept := 0
	run := func(name string, do func() error) {
		for where := range 3 {
			for at := 1; ; at++ {
				p.mu.Lock()
				p.at, p.where, p.seen, p.fired = at, where, 0, false
				p.mu.Unlock()
				func() {
					defer func() {
						if r := recover(); r != nil {
							if _, expected := r.(ours); !expected {
								panic(r)
							}
						}
					}()
					_ = do()
				}()
				p.mu.Lock()
				fired := p.fired
				p.at = 0
				p.mu.Unlock()
				if !fired {
					break
				}
				kept++
				if _, err := d.session().Read(ctx, allergyRef, 0); err != nil {
					t.Fatalf("%s, call %d, place %d: what was there does not read: %v", name, at, where, err)
				}
			}
		}
	}
	v := d.session()
	run("reading", func() error { _, err := v.Read(ctx, allergyRef, 0); return err })
	run("searching", func() error { _, err := lookFor(v, "AllergyIntolerance", "", 0); return err })
	run("writing", func() error { _, err := tryPut(v, allergy); return err })
	run("a large write", func() error { _, err := tryPut(v, large("big", 3<<20)); return err })
	run("signing in", func() error {
		_, _, err := s.SignIn(ctx, d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
		return err
	})
	run("statement", func() error { return d.try(d.body()) })
	t.Logf("%d panics, in as many places of the store", kept)
	if kept < 40 {
		t.Errorf("only %d places were tried", kept)
	}
	put(t, d.session(), allergy)
	s.WrapEngine(func(kv.Engine) kv.Engine { return p.Engine })
	s.Close()
	s = open(t, dir, store.Options{})
	d.s = s
	if _, err := d.session().Read(ctx, allergyRef, 0); err != nil {
		t.Error(err)
	}
}
