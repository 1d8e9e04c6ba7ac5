package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"carehold/record/fhir"
	"carehold/record/store"
)

// When a version outside a limit was written shows nowhere: of two entries that look the
// same but for it, _at and the whole history tell the same.
func TestHiddenVersionAt(t *testing.T) {
	c := &clocks{at: time.Date(2027, 5, 1, 1, 0, 0, 0, time.UTC)}
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, c.options())
	d := enrol(t, s)
	me := d.session()
	hour := func() { c.run(time.Hour); me = d.session() }
	put(t, me, observationIn("with", "laboratory", "")) // at 1
	put(t, me, observationIn("without", "laboratory", ""))
	hour()
	put(t, me, observationIn("with", "vital-signs", "")) // at 2
	hour()
	hour()
	more := `,"issued":"2026-01-01T00:00:00Z"`
	put(t, me, observationIn("with", "laboratory", more)) // at 4
	put(t, me, observationIn("without", "laboratory", more))
	for _, warm := range []bool{false, true} { // by its id; and of all, from what is kept
		v := narrowedTo(t, s, d, "patient/Observation.rs?category=laboratory")
		if warm {
			if _, err := lookFor(v, "Observation", "", 9); err != nil {
				t.Fatal(err)
			}
		}
		for at, want := range map[string]int{"": 2, "2027-05-01T01:30:00Z": 1, "2027-05-01T03:00:00Z": 1, "2027-05-01T04:30:00Z": 1, "2027-05-01": 2} {
			q := store.HistoryQuery{Type: "Observation", Limit: 9}
			if at != "" {
				var err error
				if q.At, err = fhir.ParseDateTime(at); err != nil {
					t.Fatal(err)
				}
			}
			for _, id := range []string{"with", "without"} {
				q.ID = id
				if h, err := v.History(ctx, q); err != nil || h.Total != want {
					t.Errorf("%s at %q: %d versions, %v, want %d", id, at, h.Total, err, want)
				}
			}
			q.ID = ""
			if h, err := v.History(ctx, q); err != nil || h.Total != 2*want {
				t.Errorf("of all at %q: %d versions, %v, want %d", at, h.Total, err, 2*want)
			}
		}
	}
}
