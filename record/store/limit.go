package store

import (
	"context"
	"errors"
	"strings"

	"carehold/record"
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// A scope may be narrowed by search parameters: a limit. What a grant's sections hold is
// kept apart by keys, what its scopes let be done by grant.Decide; a limit hangs on what
// is in an entry, which grant.Decide is not told: there it Depends, which is as good as
// no wherever it is not looked at. This file looks at it, with the index and the matcher
// that searches have, so that a limit means what the same search would find.
//
// Of an entry that has several versions, two have to match: the one that is shown, and
// the newest, for what was shared is what it says now. An entry that was corrected out
// of a limit is out of it with all its versions; one that was corrected into it shows
// those that said so. A deletion says nothing by itself, and is as the version before
// it. (docs/decisions/0036-limits.md)

// limits are the limits of some scopes, ready to be asked.
type limits struct {
	of    []grant.Scope
	tests map[*grant.Param]*search.Parts // by a scope's first parameter; nil: nothing matches
	files map[string]bool                // Binaries that are seen through what is seen (limitfile.go)
}

// newLimits is nil when no scope is narrowed, which is nearly always.
func newLimits(scopes []grant.Scope, base string) *limits {
	if !grant.Limited(grant.Grant{Scopes: scopes}) {
		return nil
	}
	l := &limits{of: scopes, tests: make(map[*grant.Param]*search.Parts)}
	same := make(map[string]*search.Parts) // of scopes that differ in their letters
	for _, s := range scopes {
		if len(s.Params) == 0 {
			continue
		}
		text := grant.Scope{Type: s.Type, Params: s.Params}.String()
		test, there := same[text]
		if !there {
			test = limitOf(s, base)
			same[text] = test
		}
		l.tests[&s.Params[0]] = test
	}
	return l
}

// limitOf is a limit as a search. One that cannot be searched for, as its type has no
// such parameter, matches nothing.
func limitOf(s grant.Scope, base string) *search.Parts {
	if s.Type == "*" {
		return nil
	}
	parts := make([]string, len(s.Params))
	for i, p := range s.Params {
		parts[i] = p.String()
	}
	q, err := search.Parse(s.Type, strings.Join(parts, "&"), search.Options{Base: base, Condition: true})
	if err != nil || len(q.Follows()) > 0 {
		return nil
	}
	p, err := q.Begin(func([]string, func(*search.Entry) error) error { return nil })
	if err != nil {
		return nil
	}
	return p
}

// facts are what a limit is asked of: what a search sees of one version.
type facts = search.Entry

// matches asks each limit once of a version.
func (l *limits) matches(f *facts) grant.Matches {
	asked := make(map[*search.Parts]bool)
	return func(s grant.Scope) bool {
		if l == nil || f == nil {
			return false
		}
		if len(s.Params) == 0 {
			return f.Ref.Type == "Binary" && l.files[f.Ref.ID]
		}
		test := l.tests[&s.Params[0]]
		if test == nil {
			return false
		}
		hit, known := asked[test]
		if !known {
			hit = test.Matches(f) && test.Failed() == nil
			asked[test] = hit
		}
		return hit
	}
}

// factsOf are those of a version by its JSON; nil, which matches nothing, of what is
// deleted or cannot be read.
func factsOf(ref fhir.Ref, json []byte) *facts {
	if len(json) == 0 {
		return nil
	}
	r, err := fhir.Parse(json, fhir.Limits{})
	if err != nil {
		return nil
	}
	return &facts{Ref: ref, Index: search.Index(r)}
}

func (e *Entry) facts() *facts { return factsOf(e.Ref, e.Body) }

// limited are the limits of the View's scopes; nil when there are none.
func (v *View) limited() *limits {
	scopes := v.grant.Scopes
	if !grant.Limited(v.grant) {
		return nil
	}
	if l := v.limits; l == nil || len(l.of) != len(scopes) || &l.of[0] != &scopes[0] { // an epoch may bring others
		v.limits = newLimits(scopes, v.s.opts.FHIRBase)
	}
	return v.limits
}

// decideOn is decide with what is in the entry.
func (v *View) decideOn(a grant.Action, m record.Meta, f *facts) grant.Decision {
	return grant.DecideOn(v.grant, a, m, v.s.time(), v.limited().matches(f))
}

// decideFor is decideOn where the newest version is at hand and is what is asked about.
// Its facts are made only where they matter.
func (v *View) decideFor(a grant.Action, m record.Meta, e *Entry) grant.Decision {
	d := v.decide(a, m)
	if d == grant.Depends {
		d = v.decideOn(a, m, e.facts())
	}
	return d
}

// seen are the versions of an entry that the limits let be seen, for an action that
// Depends: what is decided on the entry as it is now, and which of its versions are
// Allowed. Those before down are not looked at, once that version is settled.
type seen struct {
	now grant.Decision
	at  map[record.Version]bool
}

func (v *View) seen(ctx context.Context, r kv.Reader, l line, down record.Version, a grant.Action, m record.Meta) (s seen, err error) {
	s.now, s.at = grant.Hidden, make(map[record.Version]bool)
	settled := false
	var deleted []record.Version // which are as the one before them
	err = rows.Walk(r, l, func(ver rows.Version) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n := ver.At.Version()
		if settled && n > down && down != 0 {
			return true, nil
		}
		e, mine, err := v.open(r, ver)
		if err == nil && !mine {
			err = rows.Damaged("entry")
		}
		if err != nil {
			return false, err
		}
		if deleted = append(deleted, n); e.Header.Deleted {
			return true, nil
		}
		d := v.decideOn(a, m, e.facts())
		clear(e.Body)
		for _, n := range deleted {
			s.at[n] = d == grant.Allowed
		}
		if deleted = nil; !settled {
			settled, s.now = true, d
		}
		return s.now == grant.Allowed && (down == 0 || n > down), nil
	})
	if s.now != grant.Allowed {
		s.at = nil
	}
	return s, err
}

// of is what is decided on one version.
func (s seen) of(version record.Version) grant.Decision {
	switch {
	case s.now != grant.Allowed:
		return s.now
	case s.at[version]:
		return grant.Allowed
	}
	return grant.Hidden
}

// judge decides on a version of an entry, 0 for the newest, by what is in it: Hidden for
// one that is not there for the View.
func (v *View) judge(ctx context.Context, ref fhir.Ref, version record.Version, a grant.Action) (d grant.Decision, there bool, err error) {
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		_, dir, err := v.directory(r)
		if err != nil {
			return err
		}
		l, listed, err := dir.Lookup(v.s.known.Reader(r), v.hold.EntryID(ref.Type, ref.ID))
		if err != nil || !listed || version > l.Stamp.Version() {
			return err
		}
		newest, err := rows.ReadVersion(r, l.Entry, l.Stamp, l.Hash)
		if err != nil {
			return err
		}
		h, section, mine, err := v.header(r, l, newest)
		if there = mine; err != nil || !mine {
			return err
		}
		m := record.Meta{Type: h.Type, Section: section}
		if d = v.decide(a, m); d != grant.Depends {
			return nil
		}
		if version == 0 {
			version = l.Stamp.Version()
		}
		s, err := v.seen(ctx, r, l, version, a, m)
		d = s.of(version)
		return err
	})
	return d, there, err
}

// decideRead is what is decided on an entry that was looked up, err being what came of
// that: where it hangs on what is in it, by that, and so it is for one that is too large
// to be shown, which would tell that it is there.
func (v *View) decideRead(ctx context.Context, a grant.Action, e *Entry, version record.Version, err error) (grant.Decision, error) {
	if errors.Is(err, record.TooLarge) {
		if v.limited() == nil {
			return grant.Allowed, nil // so far: that it cannot be shown is what is answered
		}
		d, _, err := v.judge(ctx, e.Ref, version, a)
		return d, err
	}
	m := record.Meta{Type: e.Ref.Type, Section: e.Section}
	d := v.decide(a, m)
	if d != grant.Depends {
		return d, nil
	}
	d, there, err := v.judge(ctx, e.Ref, e.Version, a)
	if _, is := derived.Parse(e.Ref); err == nil && is && !there { // made, and in no row
		d = v.decideOn(a, m, e.facts())
	}
	return d, err
}

// previews reports whether a grant that is not made yet would show an entry. Of files
// that may be seen through others all are counted: who is asked is not told too little.
func (l *limits) previews(g grant.Grant, m record.Meta, e *Entry) bool {
	if m.Type == "Binary" && g.NarrowsFiles() {
		return grant.Covers(g, grant.ActRead, m.Type)
	}
	read, find := grant.Decide(g, grant.ActRead, m, g.From), grant.Decide(g, grant.ActSearch, m, g.From)
	if read == grant.Depends || find == grant.Depends {
		matches := l.matches(e.facts())
		read, find = grant.DecideOn(g, grant.ActRead, m, g.From, matches), grant.DecideOn(g, grant.ActSearch, m, g.From, matches)
	}
	return read == grant.Allowed || find == grant.Allowed
}
