package oracle

import (
	"encoding/json"
	"slices"
	"testing"

	"carehold/record/fhir"
)

// The server answers each with 400 or 422, says where, and keeps nothing.
func TestBrokenIsRefused(t *testing.T) {
	t.Parallel()
	p := newServer(t).enrol("Ada")
	for _, file := range []string{"testdata/broken.txt", "testdata/lenient.txt"} {
		for _, f := range faults(t, file) {
			typ := "Patient"
			var head struct{ ResourceType string }
			if json.Unmarshal([]byte(f.text), &head) == nil && fhir.KnownType(head.ResourceType) {
				typ = head.ResourceType
			}
			if typ == "OperationOutcome" {
				continue // there is no place for one, whole or broken
			}
			a := p.ask(p.token, request{method: "POST", path: "/" + typ, body: f.text})
			var o struct {
				Issue []struct {
					Severity   string
					Expression []string
				}
			}
			if err := json.Unmarshal(a.body, &o); err != nil || a.status != 400 && a.status != 422 {
				t.Errorf("%s:%d: %s: %d %s", file, f.line, f.why, a.status, a.body)
				continue
			}
			said := false
			for _, i := range o.Issue {
				said = said || f.path == "-" || i.Severity == "error" && slices.Contains(i.Expression, f.path)
			}
			if !said {
				t.Errorf("%s:%d: %s: the answer does not name %s: %s", file, f.line, f.why, f.path, a.body)
			}
		}
	}
	entries, err := p.session().Entries(t.Context())
	p.check(err)
	if len(entries) != 0 {
		t.Errorf("%d entries were kept", len(entries))
	}
}
