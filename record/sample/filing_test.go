package sample_test

import (
	"fmt"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/sample"
)

// filed imports a source on its own and files it, as the program will.
func filed(t *testing.T, s sample.Source) ([]change.Change, []filing.Filed) {
	t.Helper()
	b, err := change.ParseBundle(s.Bundle, change.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	plan, err := change.PlanImport(b, s.Name, "marion")
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	if len(plan.Refused) > 0 || plan.Dangling > 0 {
		t.Errorf("%s: refused %v, %d dangling", s.Name, plan.Refused, plan.Dangling)
	}
	here := map[string]fhir.Ref{}
	for _, c := range plan.Changes {
		here[c.Ref.Type+"/"+c.Ref.ID] = c.Ref
	}
	items := make([]filing.Item, len(plan.Changes))
	for i, c := range plan.Changes {
		items[i] = filing.Item{Ref: c.Ref, Resource: c.Resource}
		for _, r := range c.Resource.References() {
			if to, ok := here[r.Value]; ok {
				items[i].Targets = append(items[i].Targets, to)
			}
		}
	}
	return plan.Changes, filing.File(items, nil)
}

var labelled = map[string]record.Section{
	"PSY": record.MentalHealth, "SEX": record.SexualHealth, "ETH": record.SubstanceUse, "SDV": record.Safeguarding, "R": record.Private,
}

// Entries that are sensitive without a label saying so, by source and type: the
// AUDIT-C scores (a code), the second depression (a code), and people and
// organisations that only sensitive entries name. Anything else would mean that
// words meant for everybody give something away, or are hidden by mistake.
var unlabelled = map[string]int{
	"gp-practice Observation": 6, "gp-practice Condition": 1, "gp-practice Practitioner": 1,
	"mental-health-trust Organization": 2, "mental-health-trust Practitioner": 3,
	"sexual-health-clinic Organization": 1, "sexual-health-clinic Practitioner": 1,
}

func TestEverySectionIsUsed(t *testing.T) {
	used := map[record.Section]int{}
	hidden := map[string]int{}
	for _, s := range sample.Sources() {
		changes, sections := filed(t, s)
		for i, f := range sections {
			used[f.Section]++
			at := s.Name + " " + changes[i].Ref.Type
			security := changes[i].Resource.Security()
			for _, l := range security {
				if want := labelled[l.Code]; want != f.Section {
					t.Errorf("%s labelled %s is filed in %v: %v", at, l.Code, f.Section, f.Why)
				}
			}
			if len(security) == 0 && f.Section.Sensitive() {
				hidden[at]++
			}
		}
	}
	for _, s := range record.Sections() {
		if used[s] == 0 {
			t.Errorf("nothing is filed in %v", s)
		}
	}
	if fmt.Sprint(hidden) != fmt.Sprint(unlabelled) {
		t.Errorf("sensitive without a label:\n%v, want\n%v", hidden, unlabelled)
	}
}

// What the demo's two professionals must find, and where.
func TestWhereThingsAre(t *testing.T) {
	for _, want := range []struct{ source, typ, words, section string }{
		{"gp-practice", "List", "Gone through with Marion by telephone", "medicines"},
		{"gp-practice", "Composition", "Summary of Marion Wetherlow's record", "documents"},
		{"gp-practice", "AllergyIntolerance", "aged seven", "allergies"},
		{"gp-practice", "Condition", "Type 2 diabetes since February 2006", "conditions"},
		{"gp-practice", "Observation", "Three births", "private"},
		{"hospital", "DocumentReference", "Discharge summary, Fellside Ward", "documents"},
		{"hospital", "Procedure", "Half hip replacement, left", "visits"},
		{"mental-health-trust", "DocumentReference", "Psychiatrist's letter", "mental-health"},
		{"sexual-health-clinic", "DiagnosticReport", "All clear", "sexual-health"},
		{"council", "QuestionnaireResponse", "I am not ready to be done to", "support"},
		{"council", "QuestionnaireResponse", "Weekly contribution", "budget"},
		{"council", "Device", "Walking frame", "support"},
		{"council", "EpisodeOfCare", "Home care, council-funded", "support"},
		{"council", "Observation", "Solo line in the carol", "plan"},
		{"council", "CareTeam", "One name, one number", "plan"},
		{"council", "Goal", "Sing with the choir", "plan"},
		{"council", "Account", "Personal budget 2025/26", "budget"},
		{"council", "Task", "section 42", "safeguarding"},
		{"person", "QuestionnaireResponse", "nine different bears", "about-me"},
		{"person", "DocumentReference", "My advance statement", "plan"},
		{"person", "Communication", "It was the elbow strap", "documents"},
	} {
		found := false
		for _, s := range sample.Sources() {
			if s.Name != want.source {
				continue
			}
			changes, sections := filed(t, s)
			for i, c := range changes {
				if c.Ref.Type != want.typ || !strings.Contains(string(c.Resource.Bytes()), want.words) {
					continue
				}
				found = true
				if got := sections[i].Section.String(); got != want.section {
					t.Errorf("%s %s “%s”: %s, want %s (%v)", want.source, want.typ, want.words, got, want.section, sections[i].Why)
				}
			}
		}
		if !found {
			t.Errorf("%s has no %s with “%s”", want.source, want.typ, want.words)
		}
	}
}
