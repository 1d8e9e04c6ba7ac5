package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"carehold/record"
	"carehold/record/statement"
)

// Tampered is what a check returns when the log is not what it was. It is never
// a network error or a missing file: somebody, or something, changed the past.
type Tampered struct {
	Why  string         // in words for the person
	Seen statement.Head // what this device had seen
	Now  statement.Head // what the server shows
}

func (t *Tampered) Error() string {
	return fmt.Sprintf("the log has been changed: %s (this device had seen %d entries, the server shows %d)",
		t.Why, t.Seen.Size, t.Now.Size)
}

// Is lets errors.Is(err, record.Integrity) hold.
func (t *Tampered) Is(target error) bool { return target == record.Integrity }

// Checker recomputes a log from its leaves, from the first one or from a
// frontier the device remembers, and compares it with what it has seen and with
// what the server signed.
type Checker struct {
	at   Frontier
	seen statement.Head
	ok   bool // the seen head has been met, exactly
}

// NewChecker starts at a frontier (empty for the whole log). seen is the last
// head the device knows; a zero head is a device that has seen none.
func NewChecker(from Frontier, seen statement.Head) *Checker {
	c := &Checker{at: from, seen: seen}
	c.meet()
	return c
}

func (c *Checker) meet() {
	if c.at.Size == c.seen.Size && (c.seen.Size == 0 || c.at.Root() == Hash(c.seen.Root)) {
		c.ok = true
	}
}

// Add takes the next leaf.
func (c *Checker) Add(leaf []byte) {
	c.at.Append(LeafHash(leaf))
	c.meet()
}

// Size is how many leaves have been taken, with those of the frontier.
func (c *Checker) Size() uint64 { return c.at.Size }

// Finish compares what was computed with the server's checkpoint. The frontier
// it returns is what to remember, and where the next check may begin.
func (c *Checker) Finish(now statement.Head) (Frontier, error) {
	tampered := func(why string) error { return &Tampered{why, c.seen, now} }
	switch {
	case now.Size < c.seen.Size:
		return c.at, tampered("entries that were there are gone")
	case c.at.Size != now.Size:
		return c.at, tampered("the server did not show every entry it signed for")
	case c.at.Root() != Hash(now.Root):
		return c.at, tampered("the entries are not those the server signed for")
	case !c.ok:
		return c.at, tampered("what this device saw before is not part of it")
	}
	return c.at, nil
}

// CheckConsistency verifies an RFC 6962 consistency proof: that the log as seen
// is the beginning of the log as it is now, without fetching it.
func CheckConsistency(proof []Hash, seen, now statement.Head) error {
	if seen.Size == 0 {
		return nil
	}
	if now.Size < seen.Size {
		return &Tampered{"entries that were there are gone", seen, now}
	}
	err := tlog.CheckTree(tlog.TreeProof(proof), int64(now.Size), Hash(now.Root), int64(seen.Size), Hash(seen.Root))
	if err != nil {
		return &Tampered{"what this device saw before is not part of it", seen, now}
	}
	return nil
}
