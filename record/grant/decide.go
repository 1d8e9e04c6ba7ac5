package grant

import (
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
)

// Decide is the access policy. It is pure: the same grant, action, entry and
// time give the same answer, and TestDecide is its table.
//
//	time outside from … until                     Ended
//	id chosen by a client, grant not to all       Refused, whether the id exists or not
//	entry's section not granted                   Hidden
//	no scope for this type with the letter        Forbidden
//	update or delete in identity or providers,
//	  of what others wrote, grant not to all      Forbidden
//	otherwise                                     Allowed
func Decide(g Grant, a Action, m record.Meta, now time.Time) Decision {
	switch {
	case now.Before(g.From) || g.Ended(now):
		return Ended
	case a == ActChooseID && !g.Whole():
		return Refused
	case !g.Sections.Has(m.Section):
		return Hidden
	case !g.covers(m.Type, needs[a]):
		return Forbidden
	case (a == ActUpdate || a == ActDelete) && unasked(m.Section) && !m.Own && !g.Whole():
		return Forbidden
	}
	return Allowed
}

// unasked are the sections that every grant includes, so that whoever reads knows
// whose record it is and who else cares for them. Nobody chose to have them changed:
// a nurse who may write measurements must not be able to rename the person, or to
// delete their surgery. What they added themselves they can mend.
func unasked(s record.Section) bool { return s == record.Identity || s == record.Providers }

// Covers reports whether any scope allows the action on a type, whatever the
// section: what a search needs before it starts.
func Covers(g Grant, a Action, typ string) bool { return g.covers(typ, needs[a]) }

func (g Grant) covers(typ string, verb Verbs) bool {
	if verb == 0 {
		return false
	}
	for _, s := range g.Scopes {
		if (s.Type == "*" || s.Type == typ) && s.Verbs&verb == verb {
			return true
		}
	}
	return false
}
