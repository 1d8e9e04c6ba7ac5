package grant

import (
	"strings"

	"carehold/record"
)

// Scope is one SMART scope of the form patient/Type.cruds?name=value.
// SMART App Launch 2.2 §3.0.2.2 "Scopes for requesting FHIR Resources".
type Scope struct {
	Type   string // a resource type, or * for every type, now and in future
	Verbs  Verbs
	Params []Param // all of which an entry has to match, in order; of * none
}

// Verbs is a set of the letters c, r, u, d, s.
type Verbs uint8

const (
	Create Verbs = 1 << iota // c: create
	Read                     // r: read, vread, history of one entry
	Update                   // u: update, patch
	Delete                   // d: delete
	Search                   // s: search by type, history of a type
)

const letters = "cruds"

// String writes the letters in the order the standard fixes.
func (v Verbs) String() string {
	text := ""
	for i := range len(letters) {
		if v&(1<<i) != 0 {
			text += letters[i : i+1]
		}
	}
	return text
}

// String writes the scope as it is granted and shown.
func (s Scope) String() string { return "patient/" + s.rest() }

// rest is what follows the context.
func (s Scope) rest() string {
	text := s.Type + "." + s.Verbs.String()
	for i, p := range s.Params {
		mark := "&"
		if i == 0 {
			mark = "?"
		}
		text += mark + p.String()
	}
	return text
}

// ParseScope reads one scope. The letters must stand in the order c r u d s,
// each at most once; SMART v1's .read, .write and .* are read as rs, cud and
// cruds (§3.0.2.8). What this version does not have is refused, never passed
// over: a narrower grant than the person meant would be as wrong as a wider one.
// What a query is read into has one spelling, which String writes.
func ParseScope(text string) (Scope, error) {
	bad := func(why string) (Scope, error) {
		return Scope{}, record.Errorf(record.Invalid, "the scope %q cannot be granted: %s", text, why)
	}
	context, rest, found := strings.Cut(text, "/")
	if !found || context != "patient" {
		return bad("it must begin with patient/")
	}
	rest, query, narrowed := strings.Cut(rest, "?")
	typ, verbs, found := strings.Cut(rest, ".")
	if !found || !validType(typ) {
		return bad("it must name a resource type or *, then a full stop, then letters from cruds")
	}
	set, ok := parseVerbs(verbs)
	if !ok {
		return bad("the letters after the full stop must be from cruds, in that order")
	}
	scope := Scope{Type: typ, Verbs: set}
	if !narrowed {
		return scope, nil
	}
	if typ == "*" || verbs != set.String() { // SMART v1 has no queries
		return bad("one that is narrowed names its type, and has letters from cruds")
	}
	why := ""
	if scope.Params, why = parseParams(query); why != "" {
		return bad(why)
	}
	return scope, nil
}

func validType(t string) bool {
	if t == "*" {
		return true
	}
	if t == "" || len(t) > 64 || t[0] < 'A' || t[0] > 'Z' {
		return false
	}
	for i := range len(t) {
		if c := t[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func parseVerbs(text string) (Verbs, bool) {
	switch text {
	case "read":
		return Read | Search, true
	case "write":
		return Create | Update | Delete, true
	case "*":
		return Create | Read | Update | Delete | Search, true
	}
	var set Verbs
	at := 0
	for i := range len(text) {
		found := strings.IndexByte(letters[at:], text[i])
		if found < 0 {
			return 0, false
		}
		at += found + 1
		set |= 1 << (at - 1)
	}
	return set, set != 0
}

// ParseScopes reads scopes separated by spaces, as OAuth writes them.
func ParseScopes(text string) ([]Scope, error) {
	var scopes []Scope
	for _, part := range strings.Fields(text) {
		s, err := ParseScope(part)
		if err != nil {
			return nil, err
		}
		scopes = append(scopes, s)
	}
	if len(scopes) == 0 {
		return nil, record.Errorf(record.Invalid, "a grant needs at least one scope, such as patient/*.rs")
	}
	return scopes, nil
}

// FormatScopes writes scopes separated by spaces.
func FormatScopes(scopes []Scope) string {
	parts := make([]string, len(scopes))
	for i, s := range scopes {
		parts[i] = s.String()
	}
	return strings.Join(parts, " ")
}
