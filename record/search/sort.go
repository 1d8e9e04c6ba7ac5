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
	w := keyWriter{b: append(arena, hasValue), start: len(arena) + 1, end: len(arena) + 1, descending: k.descending}
	k.write(&w, e)
	if !w.found {
		return append(arena, noValue)
	}
	return w.b[:w.end]
}

// keyWriter keeps the first of the keys that it is offered, in b from start to
// end.
type keyWriter struct {
	b                 []byte
	start, end        int
	descending, found bool
}

// room is where the next key is to be appended.
func (w *keyWriter) room() []byte { return w.b[:w.end] }

// offer takes what room was, with a key after it.
func (w *keyWriter) offer(b []byte) {
	w.b = b
	key := b[w.end:]
	if w.descending {
		for i := range key {
			key[i] = ^key[i]
		}
	}
	if !w.found || bytes.Compare(key, b[w.start:w.end]) < 0 {
		w.end = w.start + copy(b[w.start:], key)
		w.found = true
	}
}

// write offers the keys of all values.
func (k *sortKey) write(w *keyWriter, e *Entry) {
	switch k.code {
	case "_id":
		w.offer(appendText(w.room(), []byte(e.Ref.ID)))
		return
	case "_lastUpdated":
		w.offer(appendTime(w.room(), e.Updated.UnixMilli()))
		return
	}
	by := k.by[e.Ref.Type]
	v := Lookup(e.Index, by.place)
	switch by.kind {
	case "string":
		for s := range v.Strings {
			// What is a part of another text has no Exact: it is found by, not sorted by.
			if len(s.Exact) > 0 {
				w.offer(appendText(w.room(), s.Folded))
			}
		}
	case "token":
		for t := range v.Tokens {
			w.offer(appendToken(w.room(), &t))
		}
	case "reference":
		for n := range v.References {
			if len(n.ID) > 0 || len(n.URL) > 0 {
				w.offer(appendReference(w.room(), &n))
			}
		}
	case "uri":
		for uri := range v.URIs {
			w.offer(appendText(w.room(), uri))
		}
	case "date":
		for d := range v.Dates {
			w.offer(appendTime(appendTime(w.room(), d.From), d.To))
		}
	case "number":
		for n := range v.Numbers {
			w.offer(appendAmount(w.room(), Amount{Decimal: n.Decimal}))
		}
	case "quantity":
		for n := range v.Quantities {
			w.offer(appendQuantity(w.room(), &n))
		}
	}
}
