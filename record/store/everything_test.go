package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record/search"
	"carehold/record/store"
)

// What $everything shows, page after page, is the same whether anything is kept of the
// record or each page goes through its rows: what may be found and read, once, the Patient
// first.
func TestEverythingByRows(t *testing.T) {
	for name, memory := range map[string]int64{"kept": 0, "by its rows": -1} {
		t.Run(name, func(t *testing.T) {
			dir, s := newStore(t)
			s.Close()
			s = open(t, dir, store.Options{SearchMemory: memory})
			d := enrol(t, s)
			me := d.session()
			patient := "Patient/" + me.PatientID()
			put(t, me, `{"resourceType":"Patient","id":"`+me.PatientID()+`","name":[{"family":"x"}]}`)
			want := []string{patient}
			for i := range 20 {
				put(t, me, fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","code":{"text":"x"}}`, i))
				put(t, me, fmt.Sprintf(`{"resourceType":"AllergyIntolerance","id":"a%d","code":{"text":"x"}}`, i))
				want = append(want, fmt.Sprintf("Condition/c%d", i), fmt.Sprintf("AllergyIntolerance/a%d", i))
			}
			all := slices.Clone(want)
			g := clinician(s)
			g.Scopes = scopes("patient/*.s patient/Condition.r patient/Patient.r")
			_, token := d.share(g)
			for _, c := range []struct {
				v     *store.View
				text  string
				want  func(ref string) bool
				first string
			}{
				{d.session(), "", func(string) bool { return true }, patient},
				{d.session(), "_type=Patient,Condition", func(ref string) bool { return !strings.HasPrefix(ref, "A") }, patient},
				{view(t, s, token), "", func(ref string) bool { return !strings.HasPrefix(ref, "A") }, patient},
				{view(t, s, token), "_type=Condition,AllergyIntolerance", func(ref string) bool { return strings.HasPrefix(ref, "C") }, ""},
				{d.session(), "_lastUpdated=ge2999", func(string) bool { return false }, ""},
			} {
				want := slices.DeleteFunc(slices.Clone(all), func(ref string) bool { return !c.want(ref) })
				q, err := search.Parse("", c.text, search.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, limit := range []int{1, 2, 7, 500} {
					var got []string
					o := store.SearchOptions{Limit: limit, Everything: true}
					for first := true; first || o.Page != ""; first = false {
						page, err := c.v.Search(ctx, q, o)
						if err != nil || page.Total != len(want) || len(page.Entries) > limit {
							t.Fatal(page.Total, len(page.Entries), err)
						}
						for _, e := range page.Entries {
							got = append(got, e.Ref.String())
						}
						o.Page = page.Next
						page.Release()
					}
					if c.first != "" && got[0] != c.first {
						t.Errorf("%q %d: %s comes first", c.text, limit, got[0])
					}
					slices.Sort(got)
					slices.Sort(want)
					if !slices.Equal(got, want) {
						t.Errorf("%q %d: %v, want %v", c.text, limit, got, want)
					}
				}
			}
			// A search meanwhile is a search: nobody is put in front, and what is found alone is found.
			p, err := lookFor(view(t, s, token), "AllergyIntolerance", "", 1)
			if err != nil || p.Total != 20 {
				t.Error(p.Total, err)
			}
		})
	}
}
