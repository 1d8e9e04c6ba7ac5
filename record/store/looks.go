package store

import (
	"context"
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Looks is a page of the log, opened for the person in a session that reads it.
type Looks struct {
	Entries []audit.Entry // newest first
	Next    uint64        // where the next page begins; 0: there is none
	Size    uint64        // of the log
	Unread  int           // entries passed that nothing in this session opens
	Grants  []keys.Noted  // whom the entries name: the person's own too
}

// LooksQuery says what of the log is wanted.
type LooksQuery struct {
	Before uint64 // its place in the log; 0: from the newest
	Limit  int
	Keep   func(audit.Entry) bool // nil: all
}

// How much of the log one page goes through, and in which steps.
const (
	mostLooked = 20_000
	lookStep   = 500
)

// ErrNotReading: the session was opened without what reads the log.
var ErrNotReading error = record.Safef(record.Forbidden, "this session was opened without what reads the history: lock, and unlock again")

// LooksPage is a page of the log, newest first. It leaves one entry there itself.
func (v *View) LooksPage(ctx context.Context, q LooksQuery) (l Looks, err error) {
	err = v.own(ctx, audit.Event{Action: audit.History}, func(*audit.Event) error {
		l = Looks{}
		return v.readLog(func(x *deriver) error {
			if q.Before == 0 || q.Before > x.p.Head.Log.Size {
				q.Before = x.p.Head.Log.Size
			}
			return x.looks(ctx, q, &l)
		})
	})
	return l, err
}

// readLog has something read the log, in one snapshot.
func (v *View) readLog(fn func(*deriver) error) error {
	if v.token.Reading == nil {
		return ErrNotReading
	}
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		x, err := v.deriver(r, p, d)
		if err != nil {
			return err
		}
		defer x.close()
		return fn(x)
	})
}

// looks goes backwards through the log.
func (x *deriver) looks(ctx context.Context, q LooksQuery, l *Looks) error {
	l.Size, l.Next = x.p.Head.Log.Size, q.Before
	for _, n := range x.grants {
		l.Grants = append(l.Grants, n)
	}
	own := func(n keys.Noted) bool { return n.Grant.ID == x.v.grant.ID }
	if !slices.ContainsFunc(l.Grants, own) {
		l.Grants = append(l.Grants, keys.Noted{Grant: x.v.grant})
	}
	for passed := 0; l.Next > 0 && passed < mostLooked; {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := l.Next - min(l.Next, lookStep)
		var leaves [][]byte
		err := rows.Leaves(x.r, begin, l.Next, func(leaf []byte) bool {
			leaves = append(leaves, slices.Clone(leaf))
			return true
		})
		if err != nil {
			return err
		}
		for _, leaf := range slices.Backward(leaves) {
			l.Next--
			passed++
			e, err := x.reader.Open(l.Next, leaf)
			if err != nil {
				l.Unread++
				continue
			}
			if q.Keep == nil || q.Keep(e) {
				if l.Entries = append(l.Entries, e); len(l.Entries) == q.Limit {
					return nil
				}
			}
		}
	}
	return nil
}

// Story is all that the record knows of one entry of the person's.
type Story struct {
	Entry
	About    Info      // Why's
	Versions []Version // newest first; the first of very many are not among them
	Looks    Looks     // at it, and what was done to it
	Read     bool      // the session reads the log: without it Looks are none
}

// Version is one of an entry's versions, without its content.
type Version struct {
	Version record.Version
	Header  entry.Header
}

const (
	mostVersions = 50
	mostStory    = 100
)

// Story tells of one entry, and of who looked at it. It leaves one entry in the log, for
// reading it.
func (v *View) Story(ctx context.Context, ref fhir.Ref) (s Story, err error) {
	err = v.own(ctx, audit.Event{Action: audit.Read, Entries: []string{ref.String()}}, func(ev *audit.Event) error {
		s = Story{}
		if err := v.why(ctx, ref, &s.About, &s.Entry); err != nil {
			return err
		}
		if s.Header.Deleted {
			ev.Outcome, ev.Reason = audit.Refused, audit.WasDeleted
			return nil
		}
		if err := v.take(ctx, len(s.Body), 0); err != nil {
			return err
		}
		ev.Entries[0] = named(ref, s.Version)
		if err := v.tell(ref, &s); err != nil {
			return err
		}
		if v.token.Reading == nil {
			return nil
		}
		s.Read = true
		return v.readLog(func(x *deriver) error {
			is := ref.String()
			of := func(e audit.Entry) bool {
				return slices.ContainsFunc(e.Event.Entries, func(name string) bool {
					return strings.HasPrefix(name, is) && (len(name) == len(is) || name[len(is)] == '/')
				})
			}
			return x.looks(ctx, LooksQuery{Before: x.p.Head.Log.Size, Limit: mostStory, Keep: of}, &s.Looks)
		})
	})
	if err == nil && s.Header.Deleted {
		return Story{}, gone(s.Entry)
	}
	return s, err
}

// tell tells of the versions of an entry.
func (v *View) tell(ref fhir.Ref, s *Story) error {
	id := v.hold.EntryID(ref.Type, ref.ID)
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		_, d, err := v.directory(r)
		if err != nil {
			return err
		}
		l, there, err := d.Lookup(v.s.known.Reader(r), id)
		if err != nil {
			return err
		}
		if !there || l.Stamp.Version() != s.Version {
			return errStale
		}
		return rows.Walk(r, l, func(ver rows.Version) (bool, error) {
			h, _, mine, err := v.header(r, l, ver)
			if err != nil || !mine {
				return false, err
			}
			s.Versions = append(s.Versions, Version{ver.At.Version(), h})
			return len(s.Versions) < mostVersions, nil
		})
	})
}
