package grant

import (
	"slices"
	"time"

	"carehold/record"
)

// Action is what a request wants to do with one entry.
type Action uint8

const (
	ActRead Action = iota + 1
	ActVersion
	ActHistory
	ActSearch
	ActCreate
	ActUpdate
	ActDelete
	ActChooseID // create an entry, or update one, under an id the client chose
)

// needs is the policy: the letter of the scope each action needs.
// SMART App Launch 2.2 §3.0.2.2.1.
var needs = map[Action]Verbs{
	ActRead:     Read,
	ActVersion:  Read,
	ActHistory:  Read,
	ActSearch:   Search,
	ActCreate:   Create,
	ActUpdate:   Update,
	ActDelete:   Delete,
	ActChooseID: Update,
}

// Decision is the answer to one action on one entry.
type Decision uint8

const (
	Hidden    Decision = iota // the entry does not exist for this grant: 404
	Ended                     // the grant's time is over, or has not come: 401
	Forbidden                 // inside the sections, without the verb, or not theirs to change: 403
	Refused                   // client-chosen ids without a grant to everything: 405
	Allowed
	Depends // on what is in the entry, which was not looked at: as good as Hidden (DecideOn)
)

// Decide is the access policy. It is pure: the same grant, action, entry and
// time give the same answer, and TestDecide is its table.
//
//	time outside from … until                     Ended
//	id chosen by a client, grant not to all       Refused, whether the id exists or not
//	entry's section not granted                   Hidden
//	no scope for this type with the letter        Forbidden
//	only scopes with parameters have the letter   Depends: DecideOn looks at the entry
//	a Binary, where scopes for what has files
//	  have parameters, but to add one             Depends
//	update or delete in identity or providers,
//	  of what others wrote, grant not to all      Forbidden
//	otherwise                                     Allowed
//
// Where scopes have parameters for the type, what none of them matches does not exist:
// it is Hidden before it is Forbidden, or the one would tell of the other.
func Decide(g Grant, a Action, m record.Meta, now time.Time) Decision {
	return DecideOn(g, a, m, now, nil)
}

// Matches tells whether an entry is one that a scope's parameters ask for. It is asked
// of scopes for the entry's type that have some, and of those for files where what
// carries files is narrowed.
type Matches func(Scope) bool

// A file is a Binary, of which nothing can be asked: what it is, the entry says that it
// is the file of. So where a grant narrows such entries, a file is seen through one that
// is seen, and not by itself.
const fileType = "Binary"

var carriers = []string{"Communication", "CommunicationRequest", "Composition", "Consent", "DiagnosticReport", "DocumentManifest", "DocumentReference", "Media", "QuestionnaireResponse"}

// CarriesFiles reports whether entries of a type are what Binaries are the files of.
func CarriesFiles(typ string) bool { return slices.Contains(carriers, typ) }

// NarrowsFiles reports whether a scope for what carries files has parameters.
func (g Grant) NarrowsFiles() bool {
	for _, s := range g.Scopes {
		if len(s.Params) > 0 && CarriesFiles(s.Type) {
			return true
		}
	}
	return false
}

// DecideOn is Decide with what is in the entry. Without it what hangs on that is Depends.
func DecideOn(g Grant, a Action, m record.Meta, now time.Time, matches Matches) Decision {
	switch {
	case now.Before(g.From) || g.Ended(now):
		return Ended
	case a == ActChooseID && !g.Whole():
		return Refused
	case !g.Sections.Has(m.Section):
		return Hidden
	}
	switch d := g.reaches(m.Type, needs[a], matches); {
	case d != Allowed:
		return d
	case (a == ActUpdate || a == ActDelete) && unasked(m.Section) && !m.Own && !g.Whole():
		return Forbidden
	}
	return Allowed
}

// reaches is what the scopes say of an entry of a type: Allowed, Forbidden, Hidden, or
// Depends where nobody looked at it.
func (g Grant) reaches(typ string, verb Verbs, matches Matches) Decision {
	if verb == 0 {
		return Forbidden
	}
	limited, seen := false, false // a scope for the type has parameters; the entry is seen by one at all
	open := false                 // one with the letter has, and nobody looked
	file := typ == fileType && verb != Create && g.NarrowsFiles()
	for _, s := range g.Scopes {
		if !s.about(typ) {
			continue
		}
		hit := len(s.Params) == 0 && !file
		if !hit {
			limited = true
			hit = matches != nil && matches(s)
			open = open || matches == nil && s.Verbs&verb == verb
		}
		switch {
		case hit && s.Verbs&verb == verb:
			return Allowed
		case hit && s.Verbs&^Create != 0: // to add says nothing of what is there
			seen = true
		}
	}
	switch {
	case !limited || seen && !open:
		return Forbidden
	case matches == nil:
		return Depends
	}
	return Hidden
}

// about reports whether a scope is about entries of a type. One for every type that has
// parameters is none that can be granted, and is about nothing.
func (s Scope) about(typ string) bool {
	return s.Type == typ || s.Type == "*" && len(s.Params) == 0
}

// Limited reports whether any scope has parameters: whether an entry's content may
// matter to Decide.
func Limited(g Grant) bool {
	for _, s := range g.Scopes {
		if len(s.Params) > 0 {
			return true
		}
	}
	return false
}

// unasked are the sections that every grant includes, so that whoever reads knows
// whose record it is and who else cares for them. Nobody chose to have them changed:
// a nurse who may write measurements must not be able to rename the person, or to
// delete their surgery. What they added themselves they can mend.
func unasked(s record.Section) bool { return s == record.Identity || s == record.Providers }

// Covers reports whether any scope allows the action on a type, whatever the
// section, be it for some entries of it only: what a search needs before it starts.
func Covers(g Grant, a Action, typ string) bool { return g.covers(typ, needs[a], false) }

// CoversAll is Covers for all entries of the type that the sections hold: what has to be
// so for nothing found to mean that there is nothing.
func CoversAll(g Grant, a Action, typ string) bool { return g.covers(typ, needs[a], true) }

func (g Grant) covers(typ string, verb Verbs, all bool) bool {
	if verb == 0 {
		return false
	}
	for _, s := range g.Scopes {
		if s.about(typ) && s.Verbs&verb == verb && !(all && (len(s.Params) > 0 || typ == fileType && g.NarrowsFiles())) {
			return true
		}
	}
	return false
}
