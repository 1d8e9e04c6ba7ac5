package kvtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carehold/record/kv"
)

// testModel runs random interleavings of updates, failing updates, views and
// reopenings, against a map for each partition.
func testModel(t *testing.T, s Store) {
	e := s.open(t)
	reopened := func() kv.Engine { return s.Open(t) }
	round := uint64(0)
	keys := rapid.SliceOfN(rapid.SampledFrom([]byte("\x00ab\xff")), 0, 3)
	wrong := errors.New("wrong")

	rapid.Check(t, func(t *rapid.T) {
		round++ // each round has partitions of its own, so one store does for all
		model := [3]map[string]string{{}, {}, {}}
		partition := func(i int) (p kv.Partition) {
			binary.BigEndian.PutUint64(p[:], round)
			p[15] = byte(i)
			return p
		}
		which := func(t *rapid.T) int { return rapid.IntRange(0, 2).Draw(t, "partition") }

		check := func(t *rapid.T, r kv.Reader, want map[string]string) {
			prefix, from := keys.Draw(t, "prefix"), keys.Draw(t, "from")
			var got, expected []string
			if err := r.Scan(prefix, from, func(k, v []byte) (bool, error) {
				got = append(got, fmt.Sprintf("%x=%s", k, v))
				return true, nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, k := range slices.Sorted(maps.Keys(want)) {
				if strings.HasPrefix(k, string(prefix)) && k >= string(from) {
					expected = append(expected, fmt.Sprintf("%x=%s", k, want[k]))
				}
			}
			if !slices.Equal(got, expected) {
				t.Fatalf("scan %x from %x: %q, want %q", prefix, from, got, expected)
			}
			key := keys.Draw(t, "key")
			v, err := r.Get(key)
			if w, ok := want[string(key)]; ok != (err == nil) || string(v) != w || !ok && !errors.Is(err, kv.ErrNotFound) {
				t.Fatalf("get %x: %q, %v, want %q", key, v, err, w)
			}
		}
		write := func(t *rapid.T, tx kv.Tx, m map[string]string) {
			for range rapid.IntRange(0, 6).Draw(t, "writes") {
				key := keys.Draw(t, "key")
				switch rapid.IntRange(0, 3).Draw(t, "kind") {
				case 0:
					tx.Delete(key)
					delete(m, string(key))
				case 1:
					check(t, tx, m)
				default:
					value := bytes.Repeat([]byte("v"), rapid.IntRange(0, 3).Draw(t, "length"))
					tx.Put(key, value)
					m[string(key)] = string(value)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"update": func(t *rapid.T) {
				i := which(t)
				m := maps.Clone(model[i])
				fails := rapid.IntRange(0, 3).Draw(t, "fails") == 0
				err := run(e, partition(i), func(tx kv.Tx) error {
					write(t, tx, m)
					if fails {
						return wrong
					}
					return nil
				})
				switch {
				case fails && err == wrong:
				case !fails && err == nil:
					model[i] = m
				default:
					t.Fatalf("fails %v: %v", fails, err)
				}
			},
			"view": func(t *rapid.T) {
				i := which(t)
				if err := e.View(partition(i), func(r kv.Reader) error { check(t, r, model[i]); return nil }); err != nil {
					t.Fatal(err)
				}
			},
			"reopen": func(t *rapid.T) {
				if rapid.IntRange(0, 29).Draw(t, "really") > 0 {
					return
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				e = reopened()
			},
		})
	})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// run is Update for a function that may end its goroutine with rapid's Fatal,
// which it carries over to the caller's goroutine.
func run(e kv.Engine, p kv.Partition, fn func(kv.Tx) error) error {
	var panicked any
	err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		defer func() { panicked = recover() }()
		return fn(tx)
	})
	if panicked != nil {
		panic(panicked)
	}
	return err
}
