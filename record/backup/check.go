package backup

import (
	"context"
	"slices"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/rows"
	"carehold/record/statement"
)

// Person is one of the people in a backup, as they were found. Of their slots it has
// those whose capsules are there.
type Person struct {
	ID record.PersonID
	rows.Verified
	Last Last
}

// Checker holds what a chain has of each person against their head. It is a
// Handler.
type Checker struct {
	// Then is where all of it goes on to, after it was looked at; nil: nowhere.
	Then Handler

	// LeftOver is told the rows that nothing names, before the person's end.
	LeftOver func(p record.PersonID, key []byte)

	// Found is told of each person at their end, with all that is wrong. Of
	// rows that are no record yet nobody is told.
	Found func(p Person) error

	v        *rows.Verifier
	capsules map[crypto.CapsuleID]bool // of this person's slots
	theirs   map[crypto.CapsuleID]bool // of everybody's before
}

func (c *Checker) begin(p record.PersonID) {
	if c.v != nil {
		return
	}
	c.v = rows.NewVerifier(rows.Check{Copy: true, LeftOver: func(key []byte) {
		if c.LeftOver != nil {
			c.LeftOver(p, key)
		}
	}})
	c.capsules = make(map[crypto.CapsuleID]bool)
}

// Row takes a row.
func (c *Checker) Row(p record.PersonID, key, value []byte) error {
	c.begin(p)
	c.v.Row(key, value)
	if c.Then == nil {
		return nil
	}
	return c.Then.Row(p, key, value)
}

// Capsule takes the capsule of a slot. One that the keyring row does not name, as a
// chain has of slots that were removed meanwhile, goes nowhere; nor does one that
// somebody before has.
func (c *Checker) Capsule(p record.PersonID, capsule record.Capsule) error {
	c.begin(p)
	if !slices.Contains(c.v.Slots(), capsule.ID) || c.theirs[capsule.ID] {
		return nil
	}
	c.capsules[capsule.ID] = true
	if c.Then == nil {
		return nil
	}
	return c.Then.Capsule(p, capsule)
}

// Last judges the person.
func (c *Checker) Last(l Last, log statement.Head) error {
	c.begin(l.Person)
	p := Person{ID: l.Person, Verified: c.v.Finish(l.Epoch), Last: l}
	c.v = nil
	if !l.Whole() {
		if c.Then != nil {
			return c.Then.Last(l, log)
		}
		return nil
	}
	if p.HeadRow == (rows.Hash{}) && p.Damage == 0 || p.HeadRow != (rows.Hash{}) && p.HeadRow != l.Head {
		p.Add(rows.Finding{Part: rows.PartHead, Missing: p.HeadRow == (rows.Hash{})})
	}
	if p.Damage == 0 && p.Head.Log.Head() != log {
		p.Add(rows.Finding{Part: rows.PartLog, To: log.Size})
	}
	c.slots(&p)
	if err := c.Found(p); err != nil || c.Then == nil {
		return err
	}
	return c.Then.Last(l, log)
}

// slots leaves a person the slots whose capsules are there, and finds the others.
func (c *Checker) slots(p *Person) {
	named := p.Slots
	if len(named) > statement.MaxSlots {
		p.Add(rows.Finding{Part: rows.PartRing})
		named = named[:statement.MaxSlots]
	}
	p.Slots = nil
	for _, id := range named {
		switch {
		case c.capsules[id] && !slices.Contains(p.Slots, id):
			p.Slots = append(p.Slots, id)
		default:
			p.Add(rows.Finding{Part: rows.PartSlot, Missing: !c.theirs[id]})
		}
	}
	if c.theirs == nil {
		c.theirs = make(map[crypto.CapsuleID]bool)
	}
	for _, id := range p.Slots {
		c.theirs[id] = true
	}
}

// Report is what came of verifying a chain.
type Report struct {
	People, Rows, Bytes       uint64
	Entries, Versions, Leaves uint64
	LeftOver                  uint64 // rows that restoring leaves out
	Damage                    uint64
	Damaged                   []Damaged // at most MaxDamaged of them
}

// MaxDamaged is how many people with damage a report names.
const MaxDamaged = 100

// Damaged is a person something of whom is damaged.
type Damaged struct {
	Person   record.PersonID
	Count    uint64
	Findings []rows.Finding
}

// Add counts a person.
func (r *Report) Add(id record.PersonID, v rows.Verified) {
	r.People++
	r.Rows += v.Rows
	r.Bytes += v.Bytes
	r.Entries += v.Entries
	r.Versions += v.Versions
	r.Leaves += v.Leaves
	r.LeftOver += v.LeftOver
	r.Damage += v.Damage
	if v.Damage > 0 && len(r.Damaged) < MaxDamaged {
		r.Damaged = append(r.Damaged, Damaged{id, v.Damage, v.Findings})
	}
}

// Verify verifies a chain without restoring it. progress is told of each row's
// size, and may be nil.
func Verify(ctx context.Context, chain []*Reader, progress func(bytes int)) (r Report, err error) {
	c := &Checker{Found: func(p Person) error { r.Add(p.ID, p.Verified); return nil }}
	if progress != nil {
		c.Then = counter(progress)
	}
	err = Merge(ctx, chain, c)
	return r, err
}

// counter is a Handler that only counts.
type counter func(bytes int)

func (c counter) Row(_ record.PersonID, key, value []byte) error {
	c(len(key) + len(value))
	return nil
}
func (c counter) Capsule(_ record.PersonID, x record.Capsule) error { c(len(x.Blob)); return nil }
func (c counter) Last(Last, statement.Head) error                   { return nil }
