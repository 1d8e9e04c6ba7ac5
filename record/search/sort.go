package search

import (
	"bytes"
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir/r4"
)

// sortKey is one of the parameters of _sort (FHIR R4 §3.1.1.5.1).
type sortKey struct {
	code       string
	descending bool
	by         map[string]sortBy // for each type searched
}

// sortBy is where a type has the values, and what they are.
type sortBy struct {
	place int
	kind  string
}

// setSort reads _sort=status,-date.
func (q *Query) setSort(p pair) error {
	if err := plain(p); err != nil {
		return err
	}
	for _, item := range strings.Split(p.value, ",") {
		if item == "" {
			continue
		}
		if len(q.sorts) == MaxSorts {
			return record.Safef(record.Invalid, "more than %d sort keys", MaxSorts)
		}
		code, descending := strings.CutPrefix(item, "-")
		key := sortKey{code, descending, map[string]sortBy{}}
		for _, typ := range q.searched() {
			def, ok := r4.LookupParam(typ, code)
			switch {
			case !ok:
				return unknown(code, typ, q.searched())
			case def.Type == "special" || def.Type == "composite" || def.Expression == "":
				return record.Errorf(record.Invalid, "%s is nothing to sort by", code)
			}
			key.by[typ] = sortBy{place(typ, code), def.Type}
		}
		q.sorts = append(q.sorts, key)
	}
	return nil
}

// sort puts the matches in order. Every match has one key, bytes that compare as
// the sort keys do one after another, so that a position in the order can be
// written down. Equal ones stand in the order of their IDs.
func (q *Query) sort(r *Result) {
	if len(q.sorts) == 0 {
		slices.SortFunc(r.Matches, func(a, b int) int {
			return bytes.Compare(r.all[a].ID[:], r.all[b].ID[:])
		})
		return
	}
	type row struct {
		match    int
		from, to int
	}
	rows := make([]row, len(r.Matches))
	var arena []byte
	for i, m := range r.Matches {
		from := len(arena)
		for k := range q.sorts {
			arena = q.sorts[k].append(arena, &r.all[m])
		}
		rows[i] = row{m, from, len(arena)}
	}
	slices.SortFunc(rows, func(a, b row) int {
		if c := bytes.Compare(arena[a.from:a.to], arena[b.from:b.to]); c != 0 {
			return c
		}
		return bytes.Compare(r.all[a.match].ID[:], r.all[b.match].ID[:])
	})
	r.keys = make([][]byte, len(rows))
	for i, row := range rows {
		r.Matches[i], r.keys[i] = row.match, arena[row.from:row.to:row.to]
	}
}

// Where a match stands that has no value: last, in both directions.
const (
	hasValue = 1
	noValue  = 2
)

// append writes the key of the value that counts: "the item in the set of
// multiple parameters that comes earliest in the specified sort order".
func (k *sortKey) append(arena []byte, e *Entry) []byte {
	mark := len(arena)
	arena = append(arena, hasValue)
	best := len(arena)
	found := false
	end := best
	k.keys(e, func(key func([]byte) []byte) {
		arena = key(arena[:end])
		candidate := arena[end:]
		if k.descending {
			for i := range candidate {
				candidate[i] = ^candidate[i]
			}
		}
		if !found || bytes.Compare(candidate, arena[best:end]) < 0 {
			found = true
			end = best + copy(arena[best:], candidate)
		}
	})
	if !found {
		return append(arena[:mark], noValue)
	}
	return arena[:end]
}

// keys calls f for each value with what writes its key.
func (k *sortKey) keys(e *Entry, f func(func([]byte) []byte)) {
	by := k.by[e.Ref.Type]
	switch k.code {
	case "_id":
		f(func(b []byte) []byte { return appendText(b, []byte(e.Ref.ID)) })
		return
	case "_lastUpdated":
		f(func(b []byte) []byte { return appendTime(b, e.Updated.UnixMilli()) })
		return
	}
	v := Lookup(e.Index, by.place)
	switch by.kind {
	case "string":
		for s := range v.Strings {
			// What is a part of another text has no Exact: it is found by, not sorted by.
			if len(s.Exact) > 0 {
				f(func(b []byte) []byte { return appendText(b, s.Folded) })
			}
		}
	case "token":
		for t := range v.Tokens {
			f(func(b []byte) []byte { return appendToken(b, &t) })
		}
	case "reference":
		for n := range v.References {
			if len(n.ID) > 0 || len(n.URL) > 0 {
				f(func(b []byte) []byte { return appendReference(b, &n) })
			}
		}
	case "uri":
		for uri := range v.URIs {
			f(func(b []byte) []byte { return appendText(b, uri) })
		}
	case "date":
		for d := range v.Dates {
			f(func(b []byte) []byte { return appendTime(appendTime(b, d.From), d.To) })
		}
	case "number":
		for n := range v.Numbers {
			f(func(b []byte) []byte { return appendAmount(b, Amount{Decimal: n.Decimal}) })
		}
	case "quantity":
		for n := range v.Quantities {
			f(func(b []byte) []byte { return appendQuantity(b, &n) })
		}
	}
}
