package badger

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"carehold/record/kv"
)

// A snapshot sees of an anchored row what was there when it was taken, however many
// commits, refused updates, deletions and other snapshots came since, and an update
// what the updates before it left: what is remembered is the disk.
func TestHotIsTheDisk(t *testing.T) {
	e, dir := create(t, testOptions())
	r := rand.New(rand.NewPCG(1, 2))
	model := map[string]string{}
	name := func() (kv.Partition, []byte) {
		return kv.Partition{byte(r.IntN(20))}, []byte(fmt.Sprintf("h%d", r.IntN(2)))
	}
	full := func(p kv.Partition, key []byte) string { return string(p[:]) + string(key) }
	wrong := errors.New("wrong")
	see := func(want map[string]string, p kv.Partition, key []byte, reader kv.Reader) error {
		v, err := reader.Get(key)
		if w, there := want[full(p, key)]; there != (err == nil) || there && string(v) != w {
			return fmt.Errorf("%x %s is %.20q (%v), and %.20q was written", p[0], key, v, err, w)
		}
		clear(v) // it is the reader's own
		return nil
	}
	for i := range 3000 {
		p, key := name()
		switch n := r.IntN(10); {
		case n < 3:
			value := fmt.Sprintf("%d:%0*d", i, r.IntN(hotLargest+10), 0)
			put(t, e, p, string(key), value)
			model[full(p, key)] = value
		case n == 3:
			if err := e.Update(ctx, p, func(tx kv.Tx) error { tx.Delete(key); return nil }); err != nil {
				t.Fatal(err)
			}
			delete(model, full(p, key))
		case n == 4:
			err := e.Update(ctx, p, func(tx kv.Tx) error {
				tx.Put(key, []byte("never"))
				return wrong
			})
			if err != wrong {
				t.Fatal(err)
			}
		case n == 5: // a commit in the middle of a snapshot
			then := maps.Clone(model)
			q, other := name()
			err := e.View(p, func(reader kv.Reader) error {
				value := fmt.Sprint(i)
				put(t, e, p, string(key), value)
				put(t, e, q, string(other), value)
				model[full(p, key)], model[full(q, other)] = value, value
				return see(then, p, key, reader)
			})
			if err != nil {
				t.Fatal(err)
			}
		case n == 6:
			err := e.Update(ctx, p, func(tx kv.Tx) error { return see(model, p, key, tx) })
			if err != nil {
				t.Fatal(err)
			}
		default:
			if err := e.View(p, func(reader kv.Reader) error { return see(model, p, key, reader) }); err != nil {
				t.Fatal(err)
			}
		}
		if i%1000 == 500 {
			shut(t, e)
			e = open(t, dir, testOptions())
		}
		if e.hot.size > hotMost+hotLargest+100 {
			t.Fatalf("%d bytes are remembered", e.hot.size)
		}
	}
}

// The same with many at once: no reader sees a number go down.
func TestHotGrowsOnly(t *testing.T) {
	e, _ := create(t, testOptions())
	p := kv.Partition{1}
	put(t, e, p, "h", "0000")
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 50 {
				err := e.Update(ctx, p, func(tx kv.Tx) error {
					v, err := tx.Get([]byte("h"))
					if err != nil {
						return err
					}
					var n int
					fmt.Sscanf(string(v), "%d", &n)
					tx.Put([]byte("h"), fmt.Appendf(nil, "%04d", n+1))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wait.Go(func() {
			last := ""
			for range 500 {
				err := e.View(p, func(r kv.Reader) error {
					v, err := r.Get([]byte("h"))
					if string(v) < last {
						t.Errorf("%s after %s", v, last)
					}
					last = string(v)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if err := e.View(p, func(r kv.Reader) error {
		v, err := r.Get([]byte("h"))
		if string(v) != "0200" {
			t.Errorf("%s after 200 updates", v)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// What is on the disk is read from the disk by whoever verifies it, and after a rest.
func TestHotIsForgotten(t *testing.T) {
	e, _ := create(t, testOptions())
	p := kv.Partition{1}
	put(t, e, p, "h", "true")
	e.hot.newer[string(rowKey(p, headKey[:1]))] = hotRow{[]byte("made up"), 0}
	seen := func(view func(kv.Partition, func(kv.Reader) error) error) (v string) {
		if err := view(p, func(r kv.Reader) error {
			b, err := r.Get(headKey[:1])
			v = string(b)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := seen(e.View); v != "made up" {
		t.Errorf("%s was read: nothing is remembered", v)
	}
	if v := seen(e.ViewDamaged); v != "true" {
		t.Errorf("%s was verified", v)
	}
	e.Rest()
	if v := seen(e.View); v != "true" {
		t.Errorf("%s was read after a rest", v)
	}
}
