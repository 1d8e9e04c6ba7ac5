package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/kv"
	at "carehold/record/rows"
	"carehold/record/store"
)

// leftOver is what rows.Verify, which knows nothing of how rows came to be, says of
// a partition: how many rows nothing names, and how much is damaged.
func leftOver(t testing.TB, e kv.Engine, part kv.Partition) (left, damage uint64) {
	t.Helper()
	err := e.View(part, func(r kv.Reader) error {
		got, err := at.Verify(r, at.Check{}, func(int) error { return nil })
		left, damage = got.LeftOver, got.Damage
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left, damage
}

// entryKeys are the keys of the rows that a change of entries writes.
func entryKeys(e *memory, part kv.Partition) []string {
	var keys []string
	for key := range e.parts[part] {
		if strings.ContainsRune("ex", rune(key[0])) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// TestReclaimCrash cuts large changes at each of their commits. What they leave
// behind is removed, wherever that is cut too: the record then has the rows it had,
// or those it has when nothing is cut, and no other.
func TestReclaimCrash(t *testing.T) {
	t.Parallel()
	me := func(b *bed) *store.View { return view(b.t, b.s, b.me) }
	for name, c := range map[string]struct {
		max     int
		prepare func(*bed)
		act     func(*bed) error
	}{
		"write 300 in one": {330 << 10, func(*bed) {}, func(b *bed) error {
			_, err := me(b).Apply(ctx, resources(300, "w"), store.ApplyOptions{})
			return err
		}},
		"write 2 MiB": {900 << 10, func(*bed) {}, func(b *bed) error {
			_, err := tryPut(me(b), large("big", 2<<20))
			return err
		}},
		"move a large entry with versions": {900 << 10, func(b *bed) {
			for i := range 3 {
				put(b.t, me(b), large("big", 700<<10+i))
			}
		}, func(b *bed) error {
			_, err := me(b).Move(ctx, []fhir.Ref{binaryRef("big")}, record.Private)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			c.prepare(b)
			b.engine.max = c.max
			start, part := b.engine, kv.Partition(b.d.person)
			b.boot(start.fork())
			before := b.whole()
			if out, err := b.s.Reclaim(ctx); err != nil || out != (store.Reclaimed{}) {
				t.Fatalf("nothing was left, and %+v, %v", out, err)
			}
			had := entryKeys(start, part)
			if err := c.act(b); err != nil {
				t.Fatal(err)
			}
			after, has := b.whole(), entryKeys(b.engine, part)
			removed := 0
			clean := func(e *memory, what string) {
				t.Helper()
				if left, damage := leftOver(t, e, part); left != 0 || damage != 0 {
					t.Errorf("%s: %d rows are left over, %d damaged", what, left, damage)
				}
				b.boot(e)
				keys := entryKeys(e, part)
				switch now := b.whole(); {
				case now == before && slices.Equal(keys, had), now == after && slices.Equal(keys, has):
				default:
					t.Errorf("%s: the record has neither the rows it had nor those it should have: %d, %d or %d", what, len(keys), len(had), len(has))
				}
			}
			for n := 1; ; n++ {
				e := start.fork()
				b.boot(e)
				e.crash, e.cut = n, 2
				_ = c.act(b)
				if !e.down {
					break
				}
				e = e.reboot()
				left, _ := leftOver(t, e, part)
				for stop := 1; ; stop++ { // and the pass itself is cut
					x := e.fork()
					b.boot(x)
					x.crash, x.cut = stop, 1+stop%2
					_, _ = b.s.Reclaim(ctx)
					hit := x.down
					x = x.reboot()
					b.boot(x)
					out, err := b.s.Reclaim(ctx)
					if err != nil || !hit && out.Rows != 0 {
						t.Fatalf("once more: %+v, %v", out, err)
					}
					clean(x, fmt.Sprintf("cut at commit %d, and the pass at %d", n, stop))
					if !hit {
						removed += int(left)
						break
					}
				}
			}
			if removed == 0 {
				t.Error("nothing was ever left behind: nothing was tested")
			}
			t.Logf("%d rows left behind and removed", removed)
		})
	}
}

// TestReclaimRace: a pass after the other, while large changes are staged, and one
// device reads. Nothing that is being written is harmed.
func TestReclaimRace(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	d := enrol(t, s)
	s.Close()
	// What an older crash left: a version that was never the newest, with its parts.
	id := d.entryID(binaryRef("w"))
	left := map[string][]byte{
		string(d.person[:]) + versionKey(id, 7):                 make([]byte, 100),
		string(d.person[:]) + "s\x05" + strings.Repeat("x", 32): []byte("left"),
	}
	for i := range 200 {
		left[string(d.person[:])+"x"+versionKey(id, 8)[1:]+fmt.Sprintf("\x00\x00\x01%c", i)] = []byte("left")
	}
	plant(t, dir, left)
	s = open(t, dir, store.Options{})
	d.s = s
	var engine kv.Engine
	s.WrapEngine(func(e kv.Engine) kv.Engine { engine = small{e}; return engine })
	if n, _ := leftOver(t, engine, kv.Partition(d.person)); n != uint64(len(left)) {
		t.Fatalf("%d rows are left over, want %d", n, len(left))
	}
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	ctx, cancel := context.WithCancel(t.Context())
	var passes, writing sync.WaitGroup
	total := 0
	passes.Go(func() {
		for ctx.Err() == nil {
			out, err := s.Reclaim(context.WithoutCancel(ctx))
			if err != nil || out.Damaged > 0 {
				t.Errorf("a pass: %+v, %v", out, err)
			}
			total += out.Rows
		}
	})
	for w := range 2 {
		me := d.session()
		writing.Go(func() {
			for i := range rounds {
				if _, err := me.Apply(ctx, resources(300, fmt.Sprint("w", w, "x", i, "x")), store.ApplyOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := tryPut(me, large(fmt.Sprint("big", w), 900<<10+i<<10)); err != nil {
					t.Error(err)
				}
				if _, err := me.Move(ctx, []fhir.Ref{binaryRef(fmt.Sprint("big", w))}, []record.Section{record.Private, record.Documents}[i%2]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	cancel()
	passes.Wait()
	if out, err := s.Reclaim(t.Context()); err != nil || out.Busy > 0 {
		t.Errorf("at the end: %+v, %v", out, err)
	} else if total += out.Rows; total < len(left) {
		t.Errorf("%d rows removed of %d that were left", total, len(left))
	}
	if left, damage := leftOver(t, engine, kv.Partition(d.person)); left != 0 || damage != 0 {
		t.Errorf("%d rows are left over, %d damaged", left, damage)
	}
	me := d.session()
	list, err := me.List(t.Context())
	if err != nil || len(list) != 2*(300*rounds+1) {
		t.Errorf("%d entries, %v", len(list), err)
	}
	for w := range 2 {
		for v := record.Version(1); v <= record.Version(rounds); v++ {
			if _, err := me.Read(t.Context(), binaryRef(fmt.Sprint("big", w)), v); err != nil {
				t.Errorf("big%d, version %d: %v", w, v, err)
			}
		}
	}
}

// small is an engine whose updates are small, so that changes are staged in many.
type small struct{ kv.Engine }

func (small) MaxUpdate() int { return 330 << 10 }

// TestReclaimSpares: in a damaged record nothing is removed, nor anything of a
// record that lost its head while it has a keyring, nor a row of a kind that nobody
// knows; what is left of a record that was never finished goes.
func TestReclaimSpares(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	put(t, view(t, b.s, b.me), large("big", 300<<10))
	part := kv.Partition(b.d.person)
	id := b.d.entryID(binaryRef("big"))
	orphan := versionKey(b.d.entryID(binaryRef("none")), 1)
	b.engine.set(part, orphan, []byte("left behind"))
	sound := b.engine
	for name, c := range map[string]struct {
		do   func(e *memory)
		want store.Reclaimed
	}{
		"as it is":            {func(*memory) {}, store.Reclaimed{Rows: 1, Records: 1}},
		"a damaged entry":     {func(e *memory) { e.set(part, versionKey(id, 1), []byte("no")) }, store.Reclaimed{Damaged: 1}},
		"a missing part":      {func(e *memory) { e.set(part, "x"+versionKey(id, 1)[1:]+"\x00\x00\x00\x01", nil) }, store.Reclaimed{Damaged: 1}},
		"a damaged directory": {func(e *memory) { e.set(part, "d", []byte("no")) }, store.Reclaimed{Damaged: 1}},
		"a forged head":       {func(e *memory) { e.set(part, "h", append(make([]byte, 32), e.parts[part]["h"][32:]...)) }, store.Reclaimed{Damaged: 1}},
		"no head":             {func(e *memory) { e.set(part, "h", nil) }, store.Reclaimed{Damaged: 1}},
		"no head, account, live list": {func(e *memory) {
			for _, key := range []string{"h", "a", "v"} {
				e.set(part, key, nil)
			}
		}, store.Reclaimed{Damaged: 1}},
		"a kind nobody knows": {func(e *memory) { e.set(part, "i1", []byte("waits to be taken in")) }, store.Reclaimed{Rows: 1, Records: 1}},
		"never finished": {func(e *memory) {
			for _, key := range []string{"e1", "x1", "l1", "d"} {
				e.set(kv.Partition{9}, key, []byte("staged"))
			}
		}, store.Reclaimed{Rows: 5, Records: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			e := sound.fork()
			c.do(e)
			was := maps.Clone(e.parts[part])
			s, err := store.OpenOn(e, b.node, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.Reclaim(ctx)
			if err != nil || out != c.want {
				t.Errorf("%+v, %v; want %+v", out, err, c.want)
			}
			if c.want.Rows > 0 {
				delete(was, orphan)
			}
			if !maps.EqualFunc(was, e.parts[part], func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Error("other rows were touched")
			}
			if len(e.parts[kv.Partition{9}]) > 0 {
				t.Error("what was never finished is still there")
			}
		})
	}
}
