package backup

import (
	"errors"
	"path/filepath"
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
		chain, err := OpenChain([]string{seal(t, t.TempDir(), name.String(), full, to)}, []Identity{id})
		if err == nil {
			chain.Close()
		}
		if c.ok && err != nil || !c.ok && !errors.Is(err, record.Integrity) {
			t.Errorf("%s: %v", what, err)
		}
	}
	chain, err := OpenChain([]string{seal(t, t.TempDir(), "any.age", full, to)}, []Identity{id})
	if err != nil {
		t.Fatal(err)
	}
	chain.Close()
	if _, err := OpenChain([]string{filepath.Join(t.TempDir(), "none.age")}, []Identity{id}); err == nil {
		t.Error("a file that is not there")
	}
}
