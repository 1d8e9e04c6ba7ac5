package change

import (
	"net/url"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// What a condition of a change may ask for is far less than what a search may: nobody
// else can change the record while it is looked up. Those that clients send name one
// resource, by an identifier or by two or three things that are true of it.
const (
	maxConditionParams = 10
	maxConditionValues = 20 // of all its parameters
	maxConditionChains = 1  // chains and _has, each of which is a pass of its own

	maxLookups       = 1_000 // that differ, in one transaction
	maxLookupsByMore = 100   // of these, those that are not by identifier or _id alone
)

// lookups looks up each condition of a plan once, and only so many.
type lookups struct {
	Finder
	found        map[string][]fhir.Ref // nothing changes between two of the same
	left, byMore int
}

func newLookups(f Finder) *lookups {
	return &lookups{f, map[string][]fhir.Ref{}, maxLookups, maxLookupsByMore}
}

func (l *lookups) Find(typ, query string) ([]fhir.Ref, error) {
	asked := typ + "?" + query
	if refs, again := l.found[asked]; again {
		return refs, nil
	}
	named, err := narrow(query)
	if err != nil {
		return nil, err
	}
	if l.left--; l.left < 0 {
		return nil, record.Safef(record.TooLarge, "at most %d conditions are looked up in a transaction: send several", maxLookups)
	}
	if !named {
		if l.byMore--; l.byMore < 0 {
			return nil, record.Safef(record.TooLarge, "at most %d conditions of a transaction are by something else than identifier or _id alone: look them up by identifier, or send several", maxLookupsByMore)
		}
	}
	refs, err := l.Finder.Find(typ, query)
	if err == nil {
		l.found[asked] = refs
	}
	return refs, err
}

// narrow refuses a condition that is as wide as a search, and tells one that names
// resources by identifier or _id alone. What cannot be read is left to who looks it
// up.
func narrow(query string) (named bool, err error) {
	params, values, chains := 0, 0, 0
	named = true
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		params++
		values += alternatives(value)
		if strings.Contains(name, ".") || strings.HasPrefix(name, "_has:") {
			chains++
		}
		named = named && (name == "identifier" || name == "_id")
	}
	switch {
	case params > maxConditionParams:
		return false, record.Safef(record.Invalid, "a condition of a change has at most %d parameters: say less, or search first and change by id", maxConditionParams)
	case values > maxConditionValues:
		return false, record.Safef(record.Invalid, "a condition of a change has at most %d values: say less, or search first and change by id", maxConditionValues)
	case chains > maxConditionChains:
		return false, record.Safef(record.Invalid, "a condition of a change has at most one chain or _has: search first and change by id")
	}
	return named, nil
}

// alternatives is how many values there are between the commas that no backslash
// stands before (FHIR R4 §3.1.1.4.19).
func alternatives(value string) int {
	n := 1
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case ',':
			n++
		}
	}
	return n
}
