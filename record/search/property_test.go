package search

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"pgregory.net/rapid"
)

// somePairs are parameters that Patient and Observation have, to put searches
// together from.
var somePairs = []string{
	"patient=p", "subject=Patient/p", "subject:Patient=p", "code=x", "code=http://s|x,|y", "code:not=x", "code:text=a%5C,b", "code:missing=true",
	"date=2020", "date=ge2020-02-03T10:00%2B01:00", "date=ap2020,2021", "_id=o1,o2,o3", "_lastUpdated=lt2027", "value-quantity=gt5||mg",
	"value-quantity=5.4|http://unitsofmeasure.org|g", "code-value-quantity=x$gt1,y$2", "status=final,amended", "status:not=final", "_tag=a",
	"patient.name=ber", "performer:Practitioner.name:exact=Berg", "encounter._id=e", "_has:Provenance:target:recorded=2020", "unknown=1", "status=", "colour:x=y",
	"_include=Observation:subject", "_revinclude=Provenance:target", "_count=7", "_total=none", "_elements=code", "_contained=false", "value-string=caf%C3%A9%20%26%2B%3D%23",
}

// TestAppliedIsTheSame: what Applied writes is read as the same search, and
// changes no more.
func TestAppliedIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOfNDistinct(rapid.SampledFrom(somePairs), 0, 8, rapid.ID[string]).Draw(t, "pairs")
		if rapid.Bool().Draw(t, "sorted") {
			pairs = append(pairs, "_sort=-date,code")
		}
		q, err := Parse("Observation", strings.Join(pairs, "&"), Options{Base: testBase, Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("Observation", q.Applied(), Options{Base: testBase, Now: testNow, Strict: true})
		if err != nil {
			t.Fatalf("%s: %v", q.Applied(), err)
		}
		if again.Applied() != q.Applied() || len(again.Ignored) > 0 {
			t.Fatalf("%s became %s, without %v", q.Applied(), again.Applied(), again.Ignored)
		}
		if a, b := wholeQuery(q), wholeQuery(again); a != b {
			t.Fatalf("%s\n is read as %s\n and again  %s", q.Applied(), a, b)
		}
		for _, name := range q.Ignored {
			if strings.Contains(q.Applied(), name+"=") && name != "status" {
				t.Fatalf("%s was ignored, and is in %s", name, q.Applied())
			}
		}
	})
}

func wholeQuery(q *Query) string {
	c := *q
	c.Ignored = nil
	text := describe(&c) + fmt.Sprint(len(q.conditions), q.Count, q.Total, q.Summary, q.Elements, q.includes)
	for _, s := range q.sorts {
		text += fmt.Sprint(s.code, s.descending)
	}
	return text
}

// sortableRecord draws entries that have few values, so that many are equal, and
// some none.
func sortableRecord(t *rapid.T) []Entry {
	n := rapid.IntRange(0, 40).Draw(t, "entries")
	var all []Entry
	for i := range n {
		some := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
		text := fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final"%s%s%s%s}`, i,
			some("code", "", `,"code":{"coding":[{"code":"a"},{"code":"c"}]}`, `,"code":{"coding":[{"code":"b"}]}`, `,"code":{"text":"a text"}`),
			some("date", "", `,"effectiveDateTime":"2020"`, `,"effectiveDateTime":"2020-01-01"`, `,"effectivePeriod":{"start":"1950-01-01"}`, `,"effectivePeriod":{"end":"2020-01-01"}`),
			some("value", "", `,"valueQuantity":{"value":1}`, `,"valueQuantity":{"value":-1.50}`, `,"valueQuantity":{"value":-1.5,"comparator":"<"}`, `,"valueQuantity":{"value":1000,"system":"http://unitsofmeasure.org","code":"g"}`, `,"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"kg"}`, `,"valueString":"b"`, `,"valueString":"É"`),
			some("performer", "", `,"performer":[{"reference":"Practitioner/2"},{"reference":"Practitioner/1"}]`, `,"performer":[{"reference":"https://x.example/y"}]`),
		)
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		e := Entry{Ref: fhir.Ref{Type: "Observation", ID: r.ID()}, Updated: testNow, Index: Index(r)}
		copy(e.ID[:], rapid.SliceOfN(rapid.Byte(), 14, 14).Draw(t, "id"))
		e.ID[15] = byte(i)
		all = append(all, e)
	}
	return all
}

var someSorts = []string{"", "_sort=date", "_sort=-date", "_sort=code,-date", "_sort=-value-quantity,code", "_sort=value-quantity", "_sort=value-string,-code", "_sort=-performer", "_sort=_lastUpdated", "_sort=-_id", "_sort=_id"}

// TestPaging: whatever the sizes of the pages, together they are the matches, each
// once and in their order, also with entries being added and taken away in
// between: what stays is neither repeated nor left out.
func TestPaging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := sortableRecord(t)
		query := rapid.SampledFrom(someSorts).Draw(t, "sort")
		q, err := Parse("Observation", query, Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		run := func(all []Entry) *Result {
			r, err := q.Run(all)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		whole := names(all, run(all).Matches)
		changing := rapid.Bool().Draw(t, "changing")
		stays := map[string]bool{}
		for _, name := range whole {
			stays[name] = true
		}
		now := slices.Clone(all)
		var got []string
		var after []byte
		for {
			page, next, err := run(now).Page(after, rapid.IntRange(1, 9).Draw(t, "page"))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, names(now, page)...)
			if after = next; after == nil {
				break
			}
			if !changing || len(now) == 0 {
				continue
			}
			// One goes, one comes, and the store hands them over in another order.
			i := rapid.IntRange(0, len(now)-1).Draw(t, "goes")
			delete(stays, now[i].Ref.String())
			gone := now[i]
			now = slices.Delete(now, i, i+1)
			gone.Ref.ID = "new-" + gone.Ref.ID
			gone.ID[0] ^= 0x80
			now = append(now, gone)
			now[0], now[len(now)-1] = now[len(now)-1], now[0]
		}
		if !changing && !slices.Equal(got, whole) {
			t.Fatalf("%s: pages %v, whole %v", query, got, whole)
		}
		seen := map[string]int{}
		for _, name := range got {
			if seen[name]++; seen[name] > 1 && !strings.Contains(name, "new-") {
				t.Fatalf("%s came twice: %v", name, got)
			}
		}
		for name := range stays {
			if seen[name] != 1 {
				t.Fatalf("%s stayed, and came %d times", name, seen[name])
			}
		}
	})
}

// TestSortIsTotal: in the order that Run makes every key is below the next, -key is
// key turned round but for what has no value, and the order of what is searched
// changes nothing.
func TestSortIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := sortableRecord(t)
		key := rapid.SampledFrom([]string{"date", "code", "value-quantity", "value-string", "performer", "_id", "_lastUpdated"}).Draw(t, "key")
		run := func(query string, all []Entry) *Result {
			q, err := Parse("Observation", query, Options{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := q.Run(all)
			if err != nil {
				t.Fatal(err)
			}
			for i := 1; i < len(r.Matches); i++ {
				if bytes.Compare(r.keys[i-1], r.keys[i]) > 0 || r.compare(i-1, r.position(i)) >= 0 || r.compare(i, r.position(i)) != 0 {
					t.Fatalf("%s: %d and %d are not in order", query, i-1, i)
				}
			}
			return r
		}
		up := run("_sort="+key, all)
		shuffled := rapid.Permutation(all).Draw(t, "shuffled")
		if again := run("_sort="+key, shuffled); !slices.Equal(names(all, up.Matches), names(shuffled, again.Matches)) {
			t.Fatalf("the order of the entries changed %v to %v", names(all, up.Matches), names(shuffled, again.Matches))
		}
		down := run("_sort=-"+key, all)
		without := func(r *Result) (n int) {
			for i := range r.keys {
				if r.keys[i][0] == noValue {
					n++
				} else if n > 0 {
					t.Fatalf("%s: one without a value is not last", key)
				}
			}
			return n
		}
		if without(up) != without(down) {
			t.Fatal("not the same have a value")
		}
	})
}
