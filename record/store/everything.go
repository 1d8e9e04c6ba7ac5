package store

import (
	"carehold/record"
	"carehold/record/grant"
)

// $everything is a search of all that a grant shows: what may be read as well as found.
// It goes the way of every search, from page to page, and differs in three things that
// are here: whom it is for (shows, finds), where the Patient stands (place), and its name
// in the log.

// everythingQuery is what the log calls it.
const everythingQuery = "$everything"

// asEverything has the View go through what it may read as well as find, with the
// record's Patient first, until the end is called.
func (v *View) asEverything(on bool) (end func()) {
	if !on || v.closed {
		return func() {}
	}
	id := v.hold.EntryID("Patient", v.hold.PatientID())
	v.ahead = &id
	return func() { v.ahead = nil }
}

// shows tells whether a search shows what is filed so: Allowed, Depends on what is in
// it, or else not.
func (v *View) shows(m record.Meta) grant.Decision {
	return v.both(func(a grant.Action) grant.Decision {
		if a == grant.ActRead && v.ahead == nil {
			return grant.Allowed
		}
		return v.decide(a, m)
	})
}

// showsOn is shows with what is in it.
func (v *View) showsOn(m record.Meta, f *facts) bool {
	return v.decideOn(grant.ActSearch, m, f) == grant.Allowed && (v.ahead == nil || v.decideOn(grant.ActRead, m, f) == grant.Allowed)
}

// both is what is decided on searching and reading, together.
func (v *View) both(decide func(grant.Action) grant.Decision) grant.Decision {
	switch s, r := decide(grant.ActSearch), decide(grant.ActRead); {
	case s == grant.Allowed && r == grant.Allowed:
		return grant.Allowed
	case (s == grant.Allowed || s == grant.Depends) && (r == grant.Allowed || r == grant.Depends):
		return grant.Depends
	}
	return grant.Hidden
}

// bothFor reports whether an entry, by its newest version, may be searched and read.
func (v *View) bothFor(e *Entry) bool {
	m := record.Meta{Type: e.Ref.Type, Section: e.Section}
	switch v.both(func(a grant.Action) grant.Decision { return v.decide(a, m) }) {
	case grant.Allowed:
		return true
	case grant.Depends:
		f := e.facts()
		return v.both(func(a grant.Action) grant.Decision { return v.decideOn(a, m, f) }) == grant.Allowed
	}
	return false
}

// finds reports whether a search shows any of a type, be there any or not.
func (v *View) finds(typ string) bool {
	return v.Searches(typ) && (v.ahead == nil || v.Shows(typ))
}

// Shows reports whether the grant has the right to search and to read entries of a
// type, be there any or not.
func (v *View) Shows(typ string) bool {
	return v.Searches(typ) && grant.Covers(v.grant, grant.ActRead, typ)
}

// before is a place in front of every entry.
var before record.EntryID

// place is where an entry stands among those that are gone through, and placed which
// one stands there.
func (v *View) place(id record.EntryID) record.EntryID {
	if v.ahead != nil && id == *v.ahead {
		return before
	}
	return id
}

func (v *View) placed(at record.EntryID) record.EntryID {
	if v.ahead != nil && at == before {
		return *v.ahead
	}
	return at
}
