package holder_test

import (
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// A change that is made while the server cannot show that the log goes on does not
// take what was seen out of the device's mind: the next unlocking is told the same.
func TestDoubtOutlivesAChange(t *testing.T) {
	_, wound, slot, _, m := putBack(t, true)
	out := unlock(t, wound, slot, m)
	if err := out.Doubt(); !errors.Is(err, record.Integrity) {
		t.Fatalf("unlocking finds: %v", err)
	}
	give(t, out, gp(0)) // any change
	if err := out.Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("after a change there is no doubt: %v", err)
	}
	if got := out.Memory().Newest(); got != m.Newest() {
		t.Errorf("talked out of what it saw: %+v, %+v", got, m.Newest())
	}
	kept, err := holder.ParseMemory(out.Memory().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	next := unlock(t, wound, slot, kept)
	if err := next.Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("the next unlocking finds: %v", err)
	}
	if _, err := next.Check(t.Context(), signIn(t, next)); !errors.Is(err, record.Integrity) {
		t.Errorf("a check finds: %v", err)
	}
}

// What the device tidies by itself takes the doubt away no more than what its person
// changes: whoever has the server can have it tidy, by stopping a grant.
func TestDoubtOutlivesTidying(t *testing.T) {
	_, wound, slot, doctor, m := putBack(t, false)
	fresh := unlock(t, wound, slot, holder.Memory{})
	if err := fresh.Strike(t.Context(), signIn(t, fresh), doctor.Grant.ID); err != nil {
		t.Fatal(err)
	}
	out := unlock(t, wound, slot, m)
	if out.Doubt() == nil {
		t.Fatal("no doubt")
	}
	ended, err := out.Tidy(t.Context())
	if err != nil || len(ended) != 1 {
		t.Fatalf("%d, %v", len(ended), err)
	}
	if err := out.Doubt(); !errors.Is(err, record.Integrity) || out.Memory().Newest() != m.Newest() {
		t.Errorf("after tidying: %v", err)
	}
	if err := unlock(t, wound, slot, out.Memory()).Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("the next unlocking: %v", err)
	}
}
