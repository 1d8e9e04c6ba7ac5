package backup

import (
	"bytes"
	"context"
	"errors"
	"io"

	"carehold/record"
	"carehold/record/rows"
	"carehold/record/statement"
)

// Handler is given what a chain of backups holds: for each person rows, then
// capsules, both in order and each once, then Last.
type Handler interface {
	Row(p record.PersonID, key, value []byte) error
	Capsule(p record.PersonID, c record.Capsule) error
	Last(l Last, log statement.Head) error
}

// maxChain is how many files are read side by side.
const maxChain = 256

// Merge lays a full backup and the increments after it over one another, in the
// order they were made. Whoever is not in the last is passed over. Nothing that h
// was given is to be believed before Merge has returned nil.
func Merge(ctx context.Context, chain []*Reader, h Handler) error {
	if err := linked(chain); err != nil {
		return err
	}
	at := make([]Frame, len(chain))
	open := make([]bool, len(chain))
	advance := func(i int) error {
		var err error
		at[i], err = chain[i].Next()
		open[i] = err == nil
		if errors.Is(err, io.EOF) {
			return nil
		}
		return naming(chain[i], err)
	}
	for i := range chain {
		if err := advance(i); err != nil {
			return err
		}
	}
	newest := len(chain) - 1
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		best := -1
		for i := range chain {
			if open[i] && (best < 0 || order(&at[i], &at[best]) <= 0) {
				best = i // of equals the newest
			}
		}
		if best < 0 {
			break
		}
		f := at[best]
		if open[newest] && at[newest].Person == f.Person { // or they were not there any more
			if err := give(h, f, best == newest); err != nil {
				return err
			}
		}
		for i := range chain {
			if i != best && open[i] && order(&at[i], &f) == 0 {
				if err := advance(i); err != nil {
					return err
				}
			}
		}
		if err := advance(best); err != nil { // last: f is this reader's
			return err
		}
	}
	for i := 1; i < len(chain); i++ {
		if before := chain[i-1].End(); chain[i].header.Base != before.Sum || chain[i].header.From != before.To {
			return errChain
		}
	}
	return nil
}

func give(h Handler, f Frame, newest bool) error {
	switch {
	case f.Last != nil && !newest:
		return nil // the newest's comes with it, or they are not in it
	case f.Last != nil:
		return h.Last(*f.Last, f.Log)
	case f.Capsule != nil:
		return h.Capsule(f.Person, *f.Capsule)
	}
	return h.Row(f.Person, f.Key, f.Value)
}

// order is that of frames in a backup.
func order(a, b *Frame) int {
	if c := bytes.Compare(a.Person[:], b.Person[:]); c != 0 {
		return c
	}
	if c := rank(a) - rank(b); c != 0 {
		return c
	}
	switch {
	case a.Last != nil:
		return 0
	case a.Capsule != nil:
		return bytes.Compare(a.Capsule.ID[:], b.Capsule.ID[:])
	}
	return bytes.Compare(a.Key, b.Key)
}

func rank(f *Frame) int {
	switch {
	case f.Last != nil:
		return 2
	case f.Capsule != nil:
		return 1
	}
	return 0
}

var (
	errChain  error = record.Safef(record.Integrity, "one of these increments follows another backup than the one before it: files of two chains are mixed, or one is missing")
	errNoFull error = record.Safef(record.Integrity, "the first of these backups is an increment: the full backup that it follows is missing")
)

// linked refuses what cannot be a chain by the headers alone.
func linked(chain []*Reader) error {
	if len(chain) == 0 || !chain[0].header.Full() {
		return errNoFull
	}
	if len(chain) > maxChain {
		return record.Safef(record.TooLarge, "a chain has at most %d backups", maxChain)
	}
	for i := 1; i < len(chain); i++ {
		a, b := chain[i-1].header, chain[i].header // whether they follow each other shows at their ends
		switch {
		case b.Store != a.Store || b.Verifier != a.Verifier || a.Person != b.Person:
			return record.Safef(record.Integrity, "these backups are of different servers")
		case b.Full() || b.From < a.From || b.Base == (rows.Hash{}):
			return errChain
		}
	}
	return nil
}

// naming says which file an error is about.
func naming(r *Reader, err error) error {
	e, ok := errors.AsType[*record.Error](err)
	if !ok || r.Label == "" {
		return err
	}
	return record.Safef(e.Kind, "%s: %w", r.Label, err)
}
