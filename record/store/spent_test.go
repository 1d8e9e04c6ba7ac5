package store_test

import (
	"testing"
	"time"

	"carehold/record"
)

// TestSpentDayReadsNothing: a grant whose requests for today are used up does not
// make the server go through the record before it is refused.
func TestSpentDayReadsNothing(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	if _, err := tryPut(d.session(), large("b", 15<<20)); err != nil {
		t.Fatal(err)
	}
	g := clinician(s)
	g.Daily = 1
	g.Sections = record.AllSections
	_, token := d.share(g)
	v, err := s.Open(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := lookFor(v, "Condition", "", 1); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 200 {
		_, err := lookFor(v, "Condition", "", 1)
		wantKind(t, err, record.TooMany)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("200 refused searches took %v", took)
	}
}
