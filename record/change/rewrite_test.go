package change_test

import (
	"errors"
	"strings"
	"testing"

	"carehold/record/change"
	"carehold/record/fhir"
)

// What the check refuses is left out with its reason, at its place, and nothing
// points to it any more; the rest goes in. The check sees what would be sent.
func TestChecking(t *testing.T) {
	b, err := change.ParseBundle([]byte(bundle("collection",
		item("urn:uuid:p", `{"resourceType":"Patient","id":"bad"}`),
		item("urn:uuid:1", `{"resourceType":"Observation","subject":{"reference":"urn:uuid:p"},"derivedFrom":[{"reference":"urn:uuid:2"}]}`),
		item("urn:uuid:2", `{"resourceType":"Observation","id":"bad","subject":{"reference":"urn:uuid:p"}}`),
		item("urn:uuid:3", `{"resourceType":"Parameters","id":"bad"}`),
		item("urn:uuid:4", `{"resourceType":"Basic","author":{"reference":"Practitioner/9"}}`))), change.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	im, err := change.PlanImport(b, "source", "me", change.Checking(func(r *fhir.Resource) error {
		seen = append(seen, string(r.Bytes()))
		if r.ID() == "bad" {
			return errors.New("it is bad")
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 4 { // the Parameters cannot be held, and need no check
		t.Errorf("checked %d: %v", len(seen), seen)
	}
	if !strings.Contains(seen[1], `"subject":{"reference":"Patient/me"}`) || strings.Contains(seen[1], "urn:uuid") {
		t.Errorf("checked %s", seen[1])
	}
	var refused []string
	for _, r := range im.Refused {
		refused = append(refused, r.Ref.Type+" "+r.Reason)
	}
	if len(refused) != 3 || refused[0] != "Patient it is bad" || refused[1] != "Observation it is bad" || !strings.HasPrefix(refused[2], "Parameters ") || im.Refused[1].Index != 2 {
		t.Errorf("refused %v", refused)
	}
	if len(im.Changes) != 2 || im.Counts["Observation"] != 1 || im.Counts["Patient"] != 0 {
		t.Fatalf("%d changes, %v", len(im.Changes), im.Counts)
	}
	got := string(im.Changes[0].Resource.Bytes())
	want := `{"resourceType":"Observation","subject":{"reference":"Patient/me"},"derivedFrom":[{"reference":"urn:uuid:2"}]}`
	if got != want || im.Dangling != 2 {
		t.Errorf("%s, %d dangling", got, im.Dangling)
	}
}

// Without a check nothing changes, and nothing is rewritten twice.
func TestCheckingTakesAll(t *testing.T) {
	text := bundle("collection", item("urn:uuid:p", `{"resourceType":"Patient"}`), item("", `{"resourceType":"Observation","subject":{"reference":"urn:uuid:p"}}`))
	b, err := change.ParseBundle([]byte(text), change.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	one, _ := change.PlanImport(b, "source", "me")
	two, _ := change.PlanImport(b, "source", "me", change.Checking(func(*fhir.Resource) error { return nil }))
	for i := range one.Changes {
		if string(one.Changes[i].Resource.Bytes()) != string(two.Changes[i].Resource.Bytes()) {
			t.Errorf("%d differs", i)
		}
	}
}
