package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/record"
)

// From a grant to some types alone a summary lists those, and says of the others that they
// were not shared: also of one that may be read, and not searched for.
func TestSummaryOfScopes(t *testing.T) {
	w := newWorld(t)
	for scopes, want := range map[string]struct {
		status  int
		reasons string // of the first three sections
		has     []string
		not     []string
	}{
		"patient/Patient.rs patient/Observation.rs": {200, "withheld withheld withheld",
			[]string{"4.10 mmol/L", "Not in what was shared: reports", "Kinds of entry that were not shared: allergies, ", "Every part of the record was shared."}, []string{"penicillin", "AllergyIntolerance"}},
		"patient/Patient.rs patient/AllergyIntolerance.r patient/Condition.rs": {200, "withheld withheld unavailable",
			[]string{"Allergies: not in what was shared."}, []string{"penicillin", "AllergyIntolerance", "4.10"}},
		"patient/Patient.rs patient/AllergyIntolerance.rs": {200, " withheld withheld", []string{"penicillin"}, []string{"4.10"}},
		"patient/Observation.rs":                           {403, "", []string{"patient/Patient.rs"}, []string{"4.10", "Okonkwo"}},
		"patient/Patient.r":                                {403, "", nil, []string{"Okonkwo"}},
	} {
		token := w.grant(w.ada, "ward", time.Hour, scopes, record.AllSections.List()...)
		resp := w.send("GET", "/fhir/Patient/$summary", http.Header{"Authorization": {"Bearer " + token}}, "")
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		w.check(err)
		var doc struct {
			Entry []struct {
				Resource struct {
					Section []struct {
						EmptyReason struct{ Coding []struct{ Code string } }
					}
				}
			}
		}
		w.check(json.Unmarshal(body, &doc))
		var reasons []string
		if len(doc.Entry) > 0 {
			for _, s := range doc.Entry[0].Resource.Section[:3] { // allergies, medicines, conditions
				code := ""
				if len(s.EmptyReason.Coding) > 0 {
					code = s.EmptyReason.Coding[0].Code
				}
				reasons = append(reasons, code)
			}
		}
		if resp.StatusCode != want.status || strings.Join(reasons, " ") != want.reasons {
			t.Errorf("%s: %d %q, want %d %q", scopes, resp.StatusCode, reasons, want.status, want.reasons)
		}
		for _, text := range want.has {
			if !strings.Contains(string(body), text) {
				t.Errorf("%s: no %q in %s", scopes, text, body)
			}
		}
		for _, text := range want.not {
			if strings.Contains(string(body), text) {
				t.Errorf("%s: %q in %s", scopes, text, body)
			}
		}
	}
}
