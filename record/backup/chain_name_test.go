package backup

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/rows"
)

// TestNamesSayWhatIsInside: a file under the name of another store, time or kind is
// refused; one with a name of another form is taken.
func TestNamesSayWhatIsInside(t *testing.T) {
	n := newNode(t, 1)
	id, to := keyOf(t)
	full, _ := n.write(0, rows.Hash{}, 10, newPerson(3, "x"))
	h := Header{Store: n.store, Time: time.Unix(*n.second, 0)}
	good := NameOf(h, 10)
	for what, c := range map[string]struct {
		change func(*Name)
		ok     bool
	}{
		"as it is":      {func(*Name) {}, true},
		"another mark":  {func(n *Name) { n.To++ }, true},
		"another store": {func(n *Name) { n.Store = "00000000" }, false},
		"later":         {func(n *Name) { n.Time = n.Time.Add(time.Second) }, false},
		"an increment":  {func(n *Name) { n.Full = false }, false},
	} {
		name := good
		c.change(&name)
		chain, err := OpenChain([]string{seal(t, t.TempDir(), name.String(), full, to)}, []Identity{id}, "")
		if err == nil {
			chain.Close()
		}
		if c.ok && err != nil || !c.ok && !errors.Is(err, record.Integrity) {
			t.Errorf("%s: %v", what, err)
		}
	}
	chain, err := OpenChain([]string{seal(t, t.TempDir(), "any.age", full, to)}, []Identity{id}, "")
	if err != nil {
		t.Fatal(err)
	}
	chain.Close()
	if _, err := OpenChain([]string{filepath.Join(t.TempDir(), "none.age")}, []Identity{id}, ""); err == nil {
		t.Error("a file that is not there")
	}
}

// TestSeveralStoresInAFolder: a restored store has another id, and its backups go on
// in the same folder. The newest is taken, the others are told, and one that is named
// is taken instead.
func TestSeveralStoresInAFolder(t *testing.T) {
	dir := t.TempDir()
	id, to := keyOf(t)
	put := func(seed byte, second int64) Name {
		n := newNode(t, seed)
		*n.second = second
		full, _ := n.write(0, rows.Hash{}, 10, newPerson(3, "x"))
		name := NameOf(Header{Store: n.store, Time: time.Unix(*n.second, 0)}, 10)
		seal(t, dir, name.String(), full, to)
		return name
	}
	oldest, newest, middle := put(1, 1000), put(2, 3000), put(3, 2000)
	for _, c := range []struct {
		of     string
		want   Name
		others []Name
	}{
		{"", newest, []Name{middle, oldest}},
		{newest.Store, newest, []Name{middle, oldest}},
		{middle.Store, middle, []Name{newest, oldest}},
		{oldest.Store, oldest, []Name{newest, middle}},
	} {
		chain, err := OpenChain([]string{dir}, []Identity{id}, c.of)
		if err != nil {
			t.Fatal(c.of, err)
		}
		if got := filepath.Base(chain.Paths[0]); got != c.want.String() || !slices.Equal(chain.Others, c.others) {
			t.Errorf("%q: %s, besides %v", c.of, got, chain.Others)
		}
		whole := chain.Newest().Store.String()
		chain.Close()
		if chain, err = OpenChain([]string{dir}, []Identity{id}, whole); err != nil {
			t.Errorf("the whole id: %v", err)
		} else {
			chain.Close()
		}
		// The name has the beginning only: what is inside is held against the rest.
		last := "0"
		if whole[31] == '0' {
			last = "1"
		}
		if _, err = OpenChain([]string{dir}, []Identity{id}, whole[:31]+last); !errors.Is(err, record.NotFound) {
			t.Errorf("another id of the same beginning: %v", err)
		}
		if _, err = OpenChain([]string{filepath.Join(dir, c.want.String())}, []Identity{id}, "ffffffff"); !errors.Is(err, record.NotFound) {
			t.Errorf("a file of another store: %v", err)
		}
	}
	if _, err := OpenChain([]string{dir}, []Identity{id}, "ffffffff"); !errors.Is(err, record.NotFound) {
		t.Errorf("a store that is not there: %v", err)
	}
}
