package kvtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"carehold/record/kv"
)

// changes is all that Changes gives, as "partition/key=value".
func changes(t testing.TB, e kv.Engine, since uint64) (got []string, mark uint64) {
	t.Helper()
	mark, err := e.Changes(since, func(p kv.Partition, key, value []byte) error {
		got = append(got, fmt.Sprintf("%d/%s=%s", p[15], key, value))
		return nil
	})
	if err != nil {
		t.Fatalf("Changes: %v", err)
	}
	return got, mark
}

func testChanges(t *testing.T, s Store) {
	e := s.open(t)
	want := func(since uint64, rows ...string) (mark uint64) {
		t.Helper()
		got, mark := changes(t, e, since)
		if !slices.Equal(got, rows) {
			t.Errorf("since %d: %q, want %q", since, got, rows)
		}
		return mark
	}
	none := want(0)
	update(t, e, person(2), "b", "1", "a", "1")
	update(t, e, person(1), "c", "1")
	one := want(0, "1/c=1", "2/a=1", "2/b=1")
	want(none, "1/c=1", "2/a=1", "2/b=1")
	if again := want(one); again != one {
		t.Errorf("nothing was written, and mark %d became %d", one, again)
	}

	update(t, e, person(2), "a", "2")
	update(t, e, person(2), "a", "3", "\x00", "new")
	update(t, e, person(1), "c", "-", "d", "1")
	update(t, e, person(3), "gone", "1")
	update(t, e, person(3), "gone", "-")
	two := want(one, "1/d=1", "2/\x00=new", "2/a=3")
	want(0, "1/d=1", "2/\x00=new", "2/a=3", "2/b=1")
	for range 2 {
		e = reopen(t, s, e)
		want(one, "1/d=1", "2/\x00=new", "2/a=3")
		if again := want(two); again != two {
			t.Errorf("reopened, and mark %d became %d", two, again)
		}
	}
	update(t, e, person(1), "e", "")
	want(two, "1/e=")

	if _, err := e.Changes(1<<62, func(kv.Partition, []byte, []byte) error { return nil }); !errors.Is(err, kv.ErrMark) {
		t.Errorf("a mark of no store: %v", err)
	}
	stop := errors.New("stop")
	if _, err := e.Changes(0, func(kv.Partition, []byte, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error of fn: %v", err)
	}
}

// What is written while Changes runs is not in it, and is in the next.
func testChangesSnapshot(t *testing.T, s Store) {
	e := s.open(t)
	update(t, e, person(1), "a", "1", "b", "1")
	update(t, e, person(2), "a", "1")
	var got []string
	mark, err := e.Changes(0, func(p kv.Partition, key, value []byte) error {
		got = append(got, fmt.Sprintf("%d/%s=%s", p[15], key, value))
		update(t, e, person(2), "a", "2", "c", "2")
		update(t, e, person(0), "before", "2")
		return e.View(p, func(kv.Reader) error { return nil })
	})
	if want := []string{"1/a=1", "1/b=1", "2/a=1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if got, _ := changes(t, e, mark); !slices.Equal(got, []string{"0/before=2", "2/a=2", "2/c=2"}) {
		t.Errorf("after it: %q", got)
	}
}

// Random writes, deletions, reopenings and marks, against a map that knows when
// each row was written. Following from mark to mark gives what is there.
func testChangesModel(t *testing.T, s Store) {
	e := s.open(t)
	reopened := func() kv.Engine { return s.Open(t) }
	round := uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		round++
		type row struct {
			value string
			step  int
		}
		model := map[string]row{}
		partition := func(n byte) (p kv.Partition) {
			binary.BigEndian.PutUint64(p[:], round)
			p[15] = n
			return p
		}
		follow := func(since uint64) (map[string]string, uint64) {
			got := map[string]string{}
			last := ""
			mark, err := e.Changes(since, func(p kv.Partition, key, value []byte) error {
				name := string(p[:]) + string(key)
				if name <= last {
					t.Fatalf("%x comes after %x", name, last)
				}
				if last = name; p == partition(p[15]) {
					got[name] = string(value)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got, mark
		}
		_, start := follow(0)
		type point struct {
			mark uint64
			step int
		}
		marks := []point{{start, 0}}
		step := 0
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				p := partition(rapid.ByteMax(1).Draw(t, "partition"))
				step++
				if err := run(e, p, func(tx kv.Tx) error {
					for range rapid.IntRange(1, 4).Draw(t, "rows") {
						key := rapid.SliceOfN(rapid.SampledFrom([]byte("\x00a\xff")), 0, 2).Draw(t, "key")
						name := string(p[:]) + string(key)
						if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
							tx.Delete(key)
							delete(model, name)
							continue
						}
						value := fmt.Sprint(step)
						tx.Put(key, []byte(value))
						model[name] = row{value, step}
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			},
			"changes": func(t *rapid.T) {
				since := rapid.SampledFrom(marks).Draw(t, "since")
				want := map[string]string{}
				for name, r := range model {
					if r.step > since.step {
						want[name] = r.value
					}
				}
				got, mark := follow(since.mark)
				if !maps.Equal(got, want) {
					t.Fatalf("since step %d: %q, want %q", since.step, got, want)
				}
				marks = append(marks, point{mark, step})
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
