package export_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
)

// TestTold: what says the same of many versions becomes one entry, one for each section
// they are filed in; nothing of who and when is lost.
func TestTold(t *testing.T) {
	line := func(target string, v int, by, recorded string) []byte {
		return fmt.Appendf(nil, `{"resourceType":"Provenance","id":"pv-%s","meta":{"lastUpdated":%q},"target":[{"reference":"%s/_history/%d"}],"recorded":%q,"extension":[{"url":"urn:carehold:section","valueCode":"x"},{"url":"urn:carehold:filing-rule","valueString":"rule %d"}],"agent":[{"who":{"display":%q}}],"entity":[{"role":"revision","what":{"reference":"%s/_history/%d"}},{"role":"source","what":{"display":"GP"}}]}`,
			strings.ReplaceAll(target, "/", "-"), recorded, target, v, recorded, v, by, target, v-1)
	}
	told := export.NewTold("x")
	where := func(ref fhir.Ref, v record.Version) (string, record.Section) {
		switch {
		case ref.ID == "elsewhere":
			return "", 0
		case ref.Type == "Condition":
			return fmt.Sprintf("%s/_history/%d", ref, v), record.Conditions
		}
		return fmt.Sprintf("%s/_history/%d", ref, v), record.Results
	}
	for i := range 1200 {
		for _, l := range [][]byte{
			line(fmt.Sprintf("Condition/c%d", i), 2, "Ann", "2026-01-01T00:00:00Z"),
			line(fmt.Sprintf("Observation/o%d", i), 2, "Ann", "2026-01-01T00:00:00Z"),
		} {
			if err := told.Add(l, where); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, l := range [][]byte{line("Condition/d", 1, "Ben", "2026-01-01T00:00:00Z"), line("Condition/d", 2, "Ann", "2026-01-02T00:00:00Z"), line("Condition/elsewhere", 2, "Cat", "2026-01-02T00:00:00Z")} {
		if err := told.Add(l, where); err != nil {
			t.Fatal(err)
		}
	}
	list, err := told.Resources()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 8 { // three of 500 and less for each section, and two alone
		t.Errorf("%d entries", len(list))
	}
	ids, who := map[string]bool{}, map[string]string{}
	for _, r := range list {
		var p struct {
			ID       string
			Target   []struct{ Reference string }
			Recorded string
			Agent    []struct{ Who struct{ Display string } }
			Entity   []struct{ Role string }
			Meta     struct{ Tag []struct{ System string } }
		}
		if err := json.Unmarshal(r.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if ids[p.ID] || len(p.Target) > 500 || len(p.Entity) != 1 || p.Entity[0].Role != "source" || len(p.Meta.Tag) != 1 || !fhir.ValidID(p.ID) {
			t.Errorf("%.300s", r.Bytes())
		}
		ids[p.ID] = true
		for _, x := range p.Target {
			if strings.HasPrefix(x.Reference, "Condition") != strings.HasPrefix(p.Target[0].Reference, "Condition") {
				t.Errorf("%s tells of two sections", p.ID)
			}
			who[x.Reference] += p.Agent[0].Who.Display + p.Recorded[:10]
		}
	}
	if len(who) != 2402 || who["Condition/d/_history/1"] != "Ben2026-01-01" || who["Condition/d/_history/2"] != "Ann2026-01-02" || who["Observation/o7/_history/2"] != "Ann2026-01-01" {
		t.Errorf("%d: %v", len(who), who["Condition/d/_history/1"])
	}
	for _, bad := range []string{`{}`, `[]`, `{"resourceType":"Provenance","target":{}}`, `{"resourceType":"Provenance"}`} {
		if err := told.Add([]byte(bad), where); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
}
