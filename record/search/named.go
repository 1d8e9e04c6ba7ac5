package search

import (
	"slices"
	"strings"
	"time"

	"carehold/record/fhir"
)

// What a query says outright, for who has to bring together what it is to be run over
// and would rather not bring everything. What is asked in any other way is for Run to
// find: these only tell what cannot match.

// Names reports whether resources of the type are asked for by the type's name: as
// what is searched, or as what points to it (_has). A search of all types names none.
func (q *Query) Names(typ string) bool {
	if slices.Contains(q.Types, typ) {
		return true
	}
	for _, p := range q.applied {
		if strings.HasPrefix(p.name, "_has:"+typ+":") {
			return true
		}
	}
	return false
}

// Has reports whether the query asks for what of a type points to something (_has).
func (q *Query) Has(typ string) bool {
	return slices.ContainsFunc(q.applied, func(p pair) bool { return strings.HasPrefix(p.name, "_has:"+typ+":") })
}

// Revincludes reports whether a _revinclude names what of a type points to a match with
// a parameter: Type:parameter, or Type:*.
func (q *Query) Revincludes(typ, code string) bool {
	for _, p := range q.applied {
		from, param, found := strings.Cut(p.value, ":")
		param, _, _ = strings.Cut(param, ":")
		if p.name == "_revinclude" && found && from == typ && (param == code || param == "*") {
			return true
		}
	}
	return false
}

// ByID are the ids that alone can match, by _id; ok is false when any can.
func (q *Query) ByID() (ids []string, ok bool) {
	for _, p := range q.applied {
		if p.name == "_id" {
			return strings.Split(p.value, ","), true
		}
	}
	return nil, false
}

// Points are the resources that alone a match can point to with a reference parameter;
// ok is false when it can be others.
func (q *Query) Points(code string) (refs []fhir.Ref, ok bool) {
	for _, p := range q.applied {
		name, modifier, modified := strings.Cut(p.name, ":")
		if name != code || modified && !fhir.KnownType(modifier) {
			continue
		}
		refs = nil
		ok = true
		for value := range strings.SplitSeq(p.value, ",") {
			t := fhir.ParseReference(strings.TrimPrefix(value, q.base))
			switch {
			case t.Form == fhir.Relative && t.Ref.ID != "" && (!modified || t.Ref.Type == modifier):
				refs = append(refs, t.Ref)
			case modified && fhir.ValidID(value):
				refs = append(refs, fhir.Ref{Type: modifier, ID: value})
			default:
				ok = false
			}
		}
		if ok {
			return refs, true
		}
	}
	return nil, false
}

// During is the time that a match's date parameter alone can be in: from, up to but
// without to; zero where there is no bound.
func (q *Query) During(code string) (from, to time.Time) {
	for _, p := range q.applied {
		if p.name != code || strings.Contains(p.value, ",") {
			continue
		}
		prefix, text := "eq", p.value
		if len(text) > 2 && text[0] >= 'a' {
			prefix, text = text[:2], text[2:]
		}
		d, err := fhir.ParseDateTime(text)
		if err != nil {
			continue
		}
		begin, end := d.Interval()
		if (prefix == "eq" || prefix == "ge" || prefix == "gt" || prefix == "sa") && begin.After(from) {
			from = begin
		}
		if (prefix == "eq" || prefix == "le" || prefix == "lt" || prefix == "eb") && (to.IsZero() || end.Before(to)) {
			to = end
		}
	}
	return from, to
}

// Sorted is the order that was asked for, as in "-date"; "" for none.
func (q *Query) Sorted() string {
	for _, p := range q.applied {
		if p.name == "_sort" {
			return p.value
		}
	}
	return ""
}
