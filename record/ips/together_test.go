package ips_test

import (
	"fmt"
	"testing"
)

// What several sources say of the same thing stands together, and each says whose it is.
func TestTogether(t *testing.T) {
	allergy := func(id, what, date, by, more string) string {
		return fmt.Sprintf(`allergies: {"resourceType":"AllergyIntolerance","id":%q,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":%s,"patient":{"reference":"Patient/p"},"recordedDate":%q,"asserter":{"display":%q}%s}`, id, what, date, by, more)
	}
	vaccine := func(id, name, code, date string, dose int) string {
		if code != "" {
			code = `"coding":[{"system":"http://snomed.info/sct","code":"` + code + `"}],`
		}
		return fmt.Sprintf(`vaccinations: {"resourceType":"Immunization","id":%q,"status":"completed","vaccineCode":{%s"text":%q},"patient":{"reference":"Patient/p"},"occurrenceDateTime":%q,"protocolApplied":[{"doseNumberPositiveInt":%d,"targetDisease":[{"text":"Influenza"}]}]}`, id, code, name, date, dose)
	}
	for _, c := range []struct {
		code, want string
		lines      []string
	}{
		// A danger is not hidden below another source's words, nor by "no known food allergy".
		{"48765-2", "Allergy | Risk | Status | Recorded\nPenicillin | High risk | Active | 2020 / by Dr A\npenicillin |  | Active | 2026 / by Ada\nCodeine |  | Active | 2024 / by Ada\nRecorded: No known food allergy, stated 2025 by Dr A.", []string{
			allergy("a", `{"text":"penicillin"}`, "2026", "Ada", ""), allergy("b", `{"text":"Codeine"}`, "2024", "Ada", ""), allergy("c", `{"text":"Penicillin"}`, "2020", "Dr A", `,"criticality":"high"`),
			allergy("d", sct("429625007", "No known food allergy"), "2025", "Dr A", "")}},
		{"10160-0", "Current\nMedicine | Dose and instructions | Since | Status\nParacetamol | Two when it hurts | 2026 | Active / stated by Ada\nParacetamol | Four a day | 2020 | Active / prescribed by Dr A\nMetformin |  | 2024 | Active", []string{
			`medicines: {"resourceType":"MedicationStatement","id":"a","status":"active","medicationCodeableConcept":{"text":"Paracetamol"},"subject":{"reference":"Patient/p"},"effectivePeriod":{"start":"2026"},"informationSource":{"display":"Ada"},"dosage":[{"text":"Two when it hurts"}]}`,
			`medicines: {"resourceType":"MedicationRequest","id":"b","status":"active","intent":"order","medicationCodeableConcept":{"text":"Metformin"},"subject":{"reference":"Patient/p"},"authoredOn":"2024"}`,
			`medicines: {"resourceType":"MedicationRequest","id":"c","status":"active","intent":"order","medicationCodeableConcept":{"text":"Paracetamol"},"subject":{"reference":"Patient/p"},"authoredOn":"2020","requester":{"display":"Dr A"},"recorder":{"display":"A clerk"},"dosageInstruction":[{"text":"Four a day"}]}`}},
		// Doses against the same: one row, whatever the vaccine is called or coded.
		{"11369-6", "Vaccine | Date | Dose | Against | Status | Earlier\nFlu 2025/26 | 04-Oct-2025 | 1 | Influenza | Completed | Oct-2024, 2023 (dose 2), 2001", []string{
			vaccine("a", "Flu 2024/25", "", "2024-10", 1), vaccine("b", "Flu 2025/26", "", "2025-10-04", 1), vaccine("c", "Flu 2023/24", "", "2023", 2), vaccine("d", "Flu, by nose", "1", "2001", 1)}},
		// Of a questionnaire, what they say now.
		{"81338-6", "What | In their words | When\nQuestions answered | What matters: The dog | 2026\nOf each kind only the newest are listed, together; 1 earlier entry is in the record.", []string{
			`about-me: {"resourceType":"QuestionnaireResponse","id":"a","questionnaire":"http://x.example/about","status":"completed","authored":"2024","item":[{"linkId":"1","text":"What matters","answer":[{"valueString":"The cat"}]}]}`,
			`about-me: {"resourceType":"QuestionnaireResponse","id":"b","questionnaire":"http://x.example/about","status":"completed","authored":"2026","item":[{"linkId":"1","text":"What matters","answer":[{"valueString":"The dog"}]}]}`}},
	} {
		p, entries := hand(t, append([]string{handPatient}, c.lines...)...)
		doc := build(t, whole(p, entries))
		run(t, c.code, doc)
		if got := read(t, doc).text(c.code); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.code, got, c.want)
		}
	}
}
