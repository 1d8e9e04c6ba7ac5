package kvtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record/kv"
)

func testGetPutDelete(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	get := func(key string) (string, error) {
		var value []byte
		err := e.View(p, func(r kv.Reader) (err error) { value, err = r.Get([]byte(key)); return err })
		return string(value), err
	}
	if _, err := get("a"); !errors.Is(err, kv.ErrNotFound) {
		t.Fatalf("nothing there: %v", err)
	}
	update(t, e, p, "a", "1", "b", "", "", "of the empty key")
	for key, want := range map[string]string{"a": "1", "b": "", "": "of the empty key"} {
		if got, err := get(key); err != nil || got != want {
			t.Errorf("Get %q: %q, %v", key, got, err)
		}
	}
	update(t, e, p, "a", "2")
	if got, err := get("a"); err != nil || got != "2" {
		t.Errorf("after the second Put: %q, %v", got, err)
	}
	update(t, e, p, "a", "-", "never there", "-")
	if _, err := get("a"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("after Delete: %v", err)
	}
	update(t, e, p, "a", "3")
	expect(t, e, p, "=of the empty key", "a=3", "b=")
}

// What goes in and what comes out of an engine shares no memory with it.
func testOwnership(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	key, value := []byte("key"), []byte("value")
	err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		tx.Put(key, value)
		copy(key, "xxx")
		copy(value, "xxxxx")
		own, err := tx.Get([]byte("key"))
		copy(own, "yyyyy")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.View(p, func(r kv.Reader) error {
			got, err := r.Get([]byte("key"))
			if string(got) != "value" {
				t.Errorf("got %q", got)
			}
			copy(got, "zzzzz")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// Rows that are got as neighbours are those that Get gives, in whatever order they are
// asked for, with gaps and without, there or not.
func testNeighbours(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	pairs := []string{"d", "before", "f", "after"}
	for i := range 100 {
		if i%7 != 3 {
			pairs = append(pairs, fmt.Sprintf("e%02d", i), strings.Repeat(string(rune('a'+i%26)), i*i))
		}
	}
	update(t, e, p, pairs...)
	update(t, e, p, "e11", "written again", "e12", "-")
	update(t, e, person(2), "e03", "another's", "e101", "another's")
	asked := [][]int{nil, {0, 1, 2, 3, 4, 5, 6}, {50, 49, 48, 50, 50}, {0, 99, 1, 98}, {3, 10, 11, 12, 13, 17, 24}, {99, 100, 101}, {20, 40, 60, 80}, {90, 30, 31, 33, 32}}
	all := make([]int, 100)
	for i := range all {
		all[i] = i
	}
	asked = append(asked, all)
	check := func(where string, r kv.Reader) {
		for _, list := range asked {
			err := kv.Neighbours(r, []byte("e"), func(near kv.Getter) error {
				for _, i := range list {
					key := []byte(fmt.Sprintf("e%02d", i))
					got, err := near.Get(key)
					want, missing := r.Get(key)
					if !bytes.Equal(got, want) || !errors.Is(err, missing) {
						t.Errorf("%s: %s of %v: %d bytes, %v; Get: %d bytes, %v", where, key, list, len(got), err, len(want), missing)
					}
				}
				for _, key := range []string{"d", "f", "", "e"} { // not all of them are neighbours
					got, err := near.Get([]byte(key))
					if want, missing := r.Get([]byte(key)); !bytes.Equal(got, want) || !errors.Is(err, missing) {
						t.Errorf("%s: %q: %q, %v", where, key, got, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
	if err := e.View(p, func(r kv.Reader) error { check("View", r); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		tx.Put([]byte("e05"), []byte("not committed"))
		tx.Delete([]byte("e06"))
		check("Update", tx)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if err := e.View(p, func(r kv.Reader) error {
		return kv.Neighbours(r, nil, func(kv.Getter) error { return stop })
	}); !errors.Is(err, stop) {
		t.Errorf("error of fn: %v", err)
	}
}

func testScan(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	update(t, e, p, "b/2", "4", "b", "2", "a", "1", "b/1", "3", "b/\xff\xff", "5", "c", "6", "\x00", "0", "\xff\xff", "7", "gone", "-")
	for _, c := range []struct {
		prefix, from string
		want         []string
	}{
		{"", "", []string{"\x00=0", "a=1", "b=2", "b/1=3", "b/2=4", "b/\xff\xff=5", "c=6", "\xff\xff=7"}},
		{"b/", "", []string{"b/1=3", "b/2=4", "b/\xff\xff=5"}},
		{"b/", "b/2", []string{"b/2=4", "b/\xff\xff=5"}},
		{"b/", "b/1\x00", []string{"b/2=4", "b/\xff\xff=5"}},
		{"b/", "a", []string{"b/1=3", "b/2=4", "b/\xff\xff=5"}},
		{"b/", "c", nil},
		{"b/\xff", "", []string{"b/\xff\xff=5"}},
		{"\xff", "", []string{"\xff\xff=7"}},
		{"d", "", nil},
		{"", "b/2", []string{"b/2=4", "b/\xff\xff=5", "c=6", "\xff\xff=7"}},
	} {
		check := func(where string, r kv.Reader) {
			var from []byte
			if c.from != "" {
				from = []byte(c.from)
			}
			if got := rows(t, r, []byte(c.prefix), from); !slices.Equal(got, c.want) {
				t.Errorf("%s: scan %q from %q: %q, want %q", where, c.prefix, c.from, got, c.want)
			}
		}
		if err := e.View(p, func(r kv.Reader) error { check("View", r); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := e.Update(context.Background(), p, func(tx kv.Tx) error { check("Update", tx); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	stop := errors.New("stop")
	if err := e.View(p, func(r kv.Reader) error {
		n := 0
		if err := r.Scan(nil, nil, func(_, _ []byte) (bool, error) { n++; return n < 3, nil }); err != nil || n != 3 {
			t.Errorf("stopped after 3: %d, %v", n, err)
		}
		return r.Scan(nil, nil, func(_, _ []byte) (bool, error) { return true, stop })
	}); !errors.Is(err, stop) {
		t.Errorf("error of fn: %v", err)
	}
}

func testScanBig(t *testing.T, s Store) {
	const n = 5000
	e := s.open(t)
	p := person(1)
	value := bytes.Repeat([]byte{7}, 200)
	key := func(i int) []byte { return binary.BigEndian.AppendUint32([]byte("k"), uint32(i)) }
	for i := 0; i < n; i += n / 5 {
		if err := e.Update(context.Background(), p, func(tx kv.Tx) error {
			for j := i; j < i+n/5; j++ {
				tx.Put(key(j*7919%n), value) // 7919 is prime: every row once, in disorder
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.View(p, func(r kv.Reader) error {
		i := 0
		err := r.Scan([]byte("k"), nil, func(k, v []byte) (bool, error) {
			if !bytes.Equal(k, key(i)) || !bytes.Equal(v, value) {
				t.Fatalf("row %d is %x", i, k)
			}
			i++
			return true, nil
		})
		if i != n {
			t.Errorf("%d rows of %d", i, n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Partitions whose ids and keys run into one another do not see each other.
func testIsolation(t *testing.T, s Store) {
	e := s.open(t)
	ids := []kv.Partition{
		{}, {15: 1}, {14: 1}, {0: 1}, {0: 1, 15: 0xff},
		kv.Partition(bytes.Repeat([]byte{0xff}, 16)),
		kv.Partition(append(bytes.Repeat([]byte{0xff}, 15), 0xfe)),
		kv.Partition([]byte("!badger!txn!anch")),
	}
	for i, p := range ids {
		update(t, e, p, "k", string('a'+rune(i)), "\x00", "0", "\xff", "1")
	}
	update(t, e, ids[0], "k", "-")
	expect(t, e, ids[0], "\x00=0", "\xff=1")
	for i, p := range ids[1:] {
		expect(t, e, p, "\x00=0", "k="+string('b'+rune(i)), "\xff=1")
	}
	expect(t, e, person(200))
}

func testPartitions(t *testing.T, s Store) {
	e := s.open(t)
	want := []kv.Partition{{}, {15: 1}, {15: 0xff}, {14: 1}, {1: 0xff, 15: 0xff}, {0: 0xff}, kv.Partition(bytes.Repeat([]byte{0xff}, 16))}
	for _, i := range []int{3, 0, 6, 5, 1, 4, 2} {
		update(t, e, want[i], "\xff\xff", "1", "a", "2", "\x00", "3")
	}
	update(t, e, person(7), "soon gone", "1")
	update(t, e, person(7), "soon gone", "-")
	var got []kv.Partition
	if err := e.Partitions(func(p kv.Partition) error {
		got = append(got, p)
		update(t, e, p, "a", "-")
		return e.View(p, func(kv.Reader) error { return nil })
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %x", got)
	}
	stop := errors.New("stop")
	if err := e.Partitions(func(kv.Partition) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error of fn: %v", err)
	}
}
