package search

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// source gives entries as a Source does: good until the next one, and no longer.
func source(all []Entry) Source {
	return func(types []string, f func(*Entry) error) error {
		for _, e := range all {
			if types != nil && !slices.Contains(types, e.Ref.Type) {
				continue
			}
			e.Index = bytes.Clone(e.Index)
			if err := f(&e); err != nil {
				return err
			}
			clear(e.Index)
		}
		return nil
	}
}

// inParts runs a search as Parts does, and puts what matched in order.
func inParts(q *Query, all []Entry) (kept []Entry, positions [][]byte, err error) {
	p, err := q.Begin(source(all))
	if err != nil {
		return nil, nil, err
	}
	type match struct {
		at int
		by []byte
	}
	var found []match
	at := map[string]int{}
	for i := range all {
		at[string(all[i].ID[:])] = i
	}
	_ = source(all)(q.Types, func(e *Entry) error {
		if p.Matches(e) {
			found = append(found, match{at[string(e.ID[:])], p.Position(e)})
		}
		return nil
	})
	slices.SortFunc(found, func(a, b match) int { return ComparePositions(a.by, b.by) })
	for _, m := range found {
		kept, positions = append(kept, all[m.at]), append(positions, m.by)
	}
	return kept, positions, p.Failed()
}

// samePages holds a search in parts against one that has everything at hand: the same
// matches on the same pages, with the same included, and the same refused.
func samePages(t interface{ Fatalf(string, ...any) }, q *Query, all []Entry) {
	r, want := q.Run(all)
	kept, positions, err := inParts(q, all)
	if want != nil || err != nil {
		if (want == nil) != (err == nil) || want.Error() != err.Error() {
			t.Fatalf("%s: %v in parts, %v at once", q.Applied(), err, want)
		}
		return
	}
	parts, err := q.Begin(source(all))
	if err != nil {
		t.Fatalf("%v", err)
	}
	x := parts.Result(kept, positions)
	for after, more := []byte(nil), true; more; more = after != nil {
		page, next, _ := r.Page(after, 3)
		part, next2, _ := x.Page(after, 3)
		if !slices.Equal(names(all, page), names(kept, part)) || !bytes.Equal(next, next2) {
			t.Fatalf("%s: %v in parts, %v at once", q.Applied(), names(kept, part), names(all, page))
		}
		var shown []Entry
		for _, i := range part {
			shown = append(shown, kept[i])
		}
		var included []string
		enough := errors.New("enough")
		_ = q.IncludesFrom(source(all), shown, func(e *Entry) error {
			included = append(included, e.Ref.String())
			return nil
		})
		if want := names(all, q.Includes(all, page)); !slices.Equal(included, want) {
			t.Fatalf("%s: %v included in parts, %v at once", q.Applied(), included, want)
		}
		if len(included) > 0 {
			if err := q.IncludesFrom(source(all), shown, func(*Entry) error { return enough }); err != enough {
				t.Fatalf("it went on: %v", err)
			}
		}
		after = next
	}
}

// TestPartsAreSorted: entries that come one by one are the same matches in the same
// order, page by page. FuzzSearch has the other searches.
func TestPartsAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, err := Parse("Observation", rapid.SampledFrom(someSorts).Draw(t, "sort"), Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		samePages(t, q, sortableRecord(t))
	})
}

// TestPartsAreAll: what matches is not included too, and an id that is of two types is
// refused, also inside a chain.
func TestPartsAreAll(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Observation","id":"panel","status":"final","code":{"text":"panel"},"hasMember":[{"reference":"Observation/a"},{"reference":"Observation/b"}]}`,
		`{"resourceType":"Observation","id":"a","status":"final","code":{"text":"panel part"},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"b","status":"final","code":{"text":"other"},"subject":{"reference":"Group/p"}}`)
	for text, bad := range map[string]bool{
		"code:text=panel&_include=Observation:has-member":   false,
		"code:text=part&_revinclude=Observation:has-member": false,
		"has-member.code:text=other":                        false,
		"_has:Observation:has-member:code:text=panel":       false,
		"subject=p":                             true,
		"has-member.subject=p":                  true,
		"_has:Observation:has-member:subject=p": true,
		"_id=a&_include=*&_revinclude=Observation:*&_sort=-_id": false,
	} {
		q, err := Parse("Observation", text, Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := inParts(q, all); (err != nil) != bad {
			t.Errorf("%s: %v", text, err)
		}
		samePages(t, q, all)
	}
}
