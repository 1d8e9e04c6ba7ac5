package store

import (
	"carehold/record/entry"
	"carehold/record/grant"
)

// authorOf is how a version remembers who wrote it: the grant, and its own words for
// whom it was made. What the person says of them later changes no version that is there.
func authorOf(g grant.Grant) entry.Author {
	a := entry.Author{Grant: g.ID, Self: g.Self, Name: g.To.Name}
	if !g.Self {
		a.Organisation, a.Role = g.To.Organisation, g.To.Role
		a.Number, a.Register = g.To.Number, g.To.Register
	}
	return a
}
