package search

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// Options say how a search text is read.
type Options struct {
	Base   string    // the server's own base URL: a reference to it equals the relative one
	Strict bool      // Prefer: handling=strict: a parameter that is unknown is refused (FHIR R4 §3.1.1.3)
	Now    time.Time // what ap measures the distance of dates from; zero is now

	// Condition is for the condition of a change: Strict, and a parameter that is empty
	// is refused too. What asks for one resource by a condition that is left out asks
	// for all of them.
	Condition bool
}

// Query is a search that was read and understood. It is not changed by being
// run, and may be run by several at once.
type Query struct {
	Type     string   // what was asked for; "" for all types
	Types    []string // the types searched, Type or those of _type; nil for all
	Count    int      // _count; -1 when it was not said
	Total    string   // _total: "", none, estimate or accurate
	Summary  string   // _summary: "", true, text, data, count or false
	Elements []string // _elements
	Ignored  []string // the parameters that were not applied, by name
	Empty    []string // of these, those that are known and have no value

	base       string // with a slash at its end; "" when there is none
	strict     bool   // unknown parameters are refused
	whole      bool   // and empty ones
	now        time.Time
	conditions []condition
	sorts      []sortKey
	includes   []include
	applied    []pair

	// What the limits are counted by.
	values, compared, chains int
}

// pair is a name and a value as they were sent, out of their %-encoding.
type pair struct{ name, value string }

// Parse reads the parameters of a search as a URL or a form holds them. typ ""
// searches all types. Errors are of kind Invalid, at the parameter's name.
func Parse(typ, rawQuery string, o Options) (*Query, error) {
	q := &Query{Type: typ, Count: -1, strict: o.Strict || o.Condition, whole: o.Condition, now: o.Now, base: o.Base}
	if q.now.IsZero() {
		q.now = time.Now()
	}
	if q.base != "" {
		q.base = strings.TrimSuffix(q.base, "/") + "/"
	}
	if typ != "" {
		if !fhir.KnownType(typ) {
			return nil, record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", brief(typ))
		}
		q.Types = []string{typ}
	}
	pairs, err := pairsOf(rawQuery)
	if err != nil {
		return nil, err
	}
	// What the other parameters mean depends on the types, wherever _type stands.
	for _, p := range pairs {
		if name, _, _ := strings.Cut(p.name, ":"); name == "_type" {
			if err := q.setTypes(p); err != nil {
				return nil, at(err, p.name)
			}
		}
	}
	said := map[string]bool{}
	for _, p := range pairs {
		if err := q.add(p, said); err != nil {
			return nil, at(err, p.name)
		}
	}
	if err := q.checkTogether(); err != nil {
		return nil, err
	}
	q.order()
	return q, nil
}

// order puts the cheap conditions first.
func (q *Query) order() {
	slices.SortStableFunc(q.conditions, func(a, b condition) int { return a.cost() - b.cost() })
}

// pairsOf takes the text apart as application/x-www-form-urlencoded does.
func pairsOf(text string) ([]pair, error) {
	if len(text) > MaxLength {
		return nil, record.Safef(record.Invalid, "the search is longer than %d bytes: search for less at once", MaxLength)
	}
	var pairs []pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		if len(pairs) == MaxParams {
			return nil, record.Safef(record.Invalid, "the search has more than %d parameters: search for less at once", MaxParams)
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || !utf8.ValidString(n) || !utf8.ValidString(v) {
			return nil, record.Errorf(record.Invalid, "%q is not well encoded: a %% is followed by two hexadecimal digits, and the text is UTF-8", brief(part))
		}
		pairs = append(pairs, pair{n, v})
	}
	return pairs, nil
}

// add reads one parameter, and notes how it was used.
func (q *Query) add(p pair, said map[string]bool) error {
	if use, ok := controls[nameOnly(p.name)]; ok {
		if use.once && said[nameOnly(p.name)] {
			return record.Safef(record.Invalid, "it can be given once only")
		}
		said[nameOnly(p.name)] = true
		if p.value == "" && use.set != nil {
			return q.ignore(p.name, true)
		}
		if use.set == nil || nameOnly(p.name) == "_type" {
			if use.set != nil {
				q.applied = append(q.applied, p)
			}
			return nil
		}
		if err := use.set(q, p); err != nil {
			return err
		}
		if p.name == "_elements" { // those that there are
			if p.value = strings.Join(q.Elements, ","); p.value == "" {
				return nil
			}
		}
		q.applied = append(q.applied, p)
		return nil
	}
	c, err := q.condition(p, q.searched())
	switch {
	case err != nil:
		return err
	case c == nil:
		return q.ignore(p.name, q.known(p.name))
	}
	c.name = p.name
	if c.isDate() { // a + that was not encoded, which link[self] has as what it was
		p.value = strings.ReplaceAll(p.value, " ", "+")
	}
	q.conditions = append(q.conditions, *c)
	q.applied = append(q.applied, p)
	return nil
}

// ignore leaves a parameter out: one that is unknown, or one that has no value. "Empty
// parameters are not an error - they are just ignored by the server" (FHIR R4
// §3.1.1.3), in a strict search too.
func (q *Query) ignore(name string, empty bool) error {
	if q.whole {
		return record.Safef(record.Invalid, "it has no value, and says nothing: leave it out")
	}
	if !slices.Contains(q.Ignored, name) {
		q.Ignored = append(q.Ignored, name)
	}
	if empty && !slices.Contains(q.Empty, name) {
		q.Empty = append(q.Empty, name)
	}
	return nil
}

// known reports whether a parameter that was left out is one of the types' searched.
func (q *Query) known(name string) bool {
	if name = nameOnly(name); name == "_has" {
		return true
	}
	for _, typ := range q.searched() {
		if _, ok := r4.LookupParam(typ, name); !ok {
			return false
		}
	}
	return true
}

// searched are the types a parameter has to be of.
func (q *Query) searched() []string {
	if q.Types != nil {
		return q.Types
	}
	return r4.ResourceTypes()
}

// searches reports whether resources of the type can match.
func (q *Query) searches(typ string) bool { return q.Types == nil || slices.Contains(q.Types, typ) }

// Applied is the search as it was executed, for link[self] (FHIR R4 §3.1.1.6):
// the text of the parameters that were applied, in their order. Parsed again it
// is the same search.
func (q *Query) Applied() string {
	var b strings.Builder
	for i, p := range q.applied {
		if i > 0 {
			b.WriteByte('&')
		}
		encode(&b, p.name)
		b.WriteByte('=')
		encode(&b, p.value)
	}
	return b.String()
}

// encode writes a text into a query, where RFC 3986 §3.4 lets more stand than
// url.QueryEscape does: a search stays readable.
func encode(b *strings.Builder, text string) {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:/,$*@!", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
}

// nameOnly is a parameter's name without its modifier or chain.
func nameOnly(name string) string {
	if i := strings.IndexAny(name, ":."); i >= 0 {
		return name[:i]
	}
	return name
}

// at says which parameter an error is about.
func at(err error, name string) error {
	if e, ok := err.(*record.Error); ok && e.Path == "" {
		return e.At(brief(name))
	}
	return err
}
