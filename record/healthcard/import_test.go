package healthcard_test

import (
	"testing"

	"carehold/record/change"
)

// TestImport: what a card holds can be put into a record, whole, pointing to the
// person; and as the same entries when the card comes again in another form.
func TestImport(t *testing.T) {
	plan := func(name string) map[string]string {
		c := one(t, published(t, name))
		r, err := c.Bundle()
		if err != nil {
			t.Fatal(err)
		}
		b, err := change.ParseBundle(r.Bytes(), change.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		im, err := change.PlanImport(b, c.Issuer, "me")
		if err != nil || len(im.Refused) != 0 || im.Dangling != 0 {
			t.Fatalf("%+v %v", im, err)
		}
		entries := map[string]string{}
		for _, ch := range im.Changes {
			entries[ch.Ref.String()] = string(ch.Resource.Bytes())
			for _, s := range ch.Resource.Subjects() {
				if s.Value != "Patient/me" {
					t.Errorf("%s is about %s", ch.Ref, s.Value)
				}
			}
		}
		return entries
	}
	file, code := plan("example-00-e-file.smart-health-card"), plan("example-00-f-qr-code-numeric-value-0.txt")
	if len(file) != 4 || len(code) != 4 {
		t.Errorf("%d and %d entries, of 4", len(file), len(code))
	}
	for ref, body := range file {
		if code[ref] != body {
			t.Errorf("%s is not the same from the code", ref)
		}
	}
}
