package ips_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/narrative"
	"carehold/record/fhir/validate"
	"carehold/record/testdata"
)

// check is one rule of IPS 2.0 or of FHIR R4 documents, read from the profiles
// (HL7/fhir-ips, input/fsh) and not from this package.
type check struct {
	id     string
	clause string
	wrong  func(v view) []string
}

type object = map[string]any

// ipsSections are the codes of Composition-uv-ips with the types that an entry of each
// may lead to; nil for any.
var ipsSections = map[string][]string{
	"11450-4":  {"Condition", "DocumentReference"},
	"48765-2":  {"AllergyIntolerance", "DocumentReference"},
	"10160-0":  {"MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense", "DocumentReference"},
	"11369-6":  {"Immunization", "DocumentReference"},
	"30954-2":  {"Observation", "DiagnosticReport", "DocumentReference"},
	"47519-4":  {"Procedure", "DocumentReference"},
	"46264-8":  {"DeviceUseStatement", "DocumentReference"},
	"42348-3":  {"Consent", "DocumentReference"},
	"104605-1": {"Flag", "DocumentReference"},
	"47420-5":  {"Condition", "ClinicalImpression", "DocumentReference"},
	"11348-0":  {"Condition", "DocumentReference"},
	"10162-6":  {"Observation", "DocumentReference"},
	"81338-6":  nil,
	"18776-5":  {"CarePlan", "ImmunizationRecommendation", "DocumentReference"},
	"29762-2":  {"Observation", "DocumentReference"},
	"8716-3":   {"Observation", "DocumentReference"},
}

var required = []string{"11450-4", "48765-2", "10160-0"}

func resources(v view, types ...string) []object {
	var all []object
	for _, e := range list(v.Bundle["entry"]) {
		if r, _ := e.(object)["resource"].(object); r != nil && (len(types) == 0 || slices.Contains(types, fmt.Sprint(r["resourceType"]))) {
			all = append(all, r)
		}
	}
	return all
}

// lookup is the resource of the document that a reference leads to: by fullUrl, or, as
// HL7's own example needs, by type and id.
func lookup(v view, ref any) object {
	s, _ := ref.(string)
	for _, e := range list(v.Bundle["entry"]) {
		e := e.(object)
		r := e["resource"].(object)
		if s != "" && (e["fullUrl"] == s || fmt.Sprintf("%v/%v", r["resourceType"], r["id"]) == s) {
			return r
		}
	}
	return nil
}

func each(v view, f func(code string, s object) string) []string {
	var wrong []string
	for i, s := range list(v.Comp["section"]) {
		s := s.(object)
		code := ""
		if c := codings(s["code"]); len(c) > 0 {
			code = c[0][1]
		}
		if w := f(code, s); w != "" {
			wrong = append(wrong, fmt.Sprintf("section %d (%s): %s", i, code, w))
		}
	}
	return wrong
}

func need(ok bool, say string) []string {
	if ok {
		return nil
	}
	return []string{say}
}

// has is true for an element by value or by extension (R4 ele-1).
func has(o object, names ...string) bool {
	for _, n := range names {
		if o[n] != nil || o["_"+n] != nil {
			return true
		}
	}
	return false
}

// lacking names the resources of a type that have none of the elements.
func lacking(v view, typ string, names ...string) []string {
	var wrong []string
	for _, r := range resources(v, typ) {
		if !has(r, names...) {
			wrong = append(wrong, fmt.Sprintf("%s/%v has no %s", typ, r["id"], names[0]))
		}
	}
	return wrong
}

func category(r object, code string) bool {
	for _, c := range list(r["category"]) {
		for _, k := range codings(c) {
			if k[1] == code {
				return true
			}
		}
	}
	return false
}

func named(v view, typ string) []string {
	var wrong []string
	for _, r := range resources(v, typ) {
		names := list(r["name"])
		if len(names) == 0 {
			wrong = append(wrong, typ+" has no name")
		}
		for _, n := range names {
			if !has(n.(object), "family", "given", "text") {
				wrong = append(wrong, typ+" has a name without family, given or text")
			}
		}
	}
	return wrong
}

var checks = []check{
	{"bdl-type", "Bundle-uv-ips: type = #document (exactly)", func(v view) []string { return need(v.Bundle["type"] == "document", "is no document") }},
	{"bdl-identifier", "Bundle-uv-ips: identifier 1..; bdl-9: with system and value", func(v view) []string {
		id, _ := v.Bundle["identifier"].(object)
		return need(id["system"] != nil && id["value"] != nil, "no identifier")
	}},
	{"bdl-timestamp", "Bundle-uv-ips: timestamp 1..; bdl-10", func(v view) []string { return need(v.Bundle["timestamp"] != nil, "no timestamp") }},
	{"bdl-total", "R4 bdl-1, bdl-2: no total, no entry.search in a document", func(v view) []string { return need(v.Bundle["total"] == nil, "total") }},
	{"bdl-entries", "Bundle-uv-ips: entry.fullUrl 1..; search, request, response ..0", func(v view) []string {
		var wrong []string
		for i, e := range list(v.Bundle["entry"]) {
			e := e.(object)
			if s, _ := e["fullUrl"].(string); !strings.Contains(s, ":") || e["search"] != nil || e["request"] != nil || e["response"] != nil || e["resource"] == nil {
				wrong = append(wrong, fmt.Sprintf("entry %d", i))
			}
		}
		return wrong
	}},
	{"bdl-7", "R4 bdl-7: fullUrl is unique", func(v view) []string {
		seen := map[any]bool{}
		for _, e := range list(v.Bundle["entry"]) {
			if u := e.(object)["fullUrl"]; seen[u] {
				return []string{fmt.Sprint(u)}
			} else {
				seen[u] = true
			}
		}
		return nil
	}},
	{"bdl-fullurl-id", "R4 §2.36.4: a fullUrl that is no urn ends in type and id of its resource", func(v view) []string {
		for _, e := range list(v.Bundle["entry"]) {
			e := e.(object)
			r := e["resource"].(object)
			if u := e["fullUrl"].(string); strings.HasPrefix(u, "http") && !strings.HasSuffix(u, fmt.Sprintf("/%v/%v", r["resourceType"], r["id"])) {
				return []string{u}
			}
		}
		return nil
	}},
	{"bdl-ips-1", "bdl-ips-1, bdl-11: the Composition comes first, and is the only one", func(v view) []string {
		return need(v.Comp["resourceType"] == "Composition" && len(resources(v, "Composition")) == 1, "not exactly one Composition, first")
	}},
	{"bdl-patient", "Bundle-uv-ips: patient 1..1", func(v view) []string { return need(len(resources(v, "Patient")) == 1, "not exactly one Patient") }},
	{"comp-type", "Composition-uv-ips: type = LOINC 60591-5", func(v view) []string {
		return need(slices.Contains(codings(v.Comp["type"]), [2]string{"http://loinc.org", "60591-5"}), "type")
	}},
	{"comp-header", "Composition-uv-ips: status, date 1..1, author 1.., title 1..1", func(v view) []string {
		return need(v.Comp["status"] != nil && v.Comp["date"] != nil && len(list(v.Comp["author"])) > 0 && v.Comp["title"] != nil, "header")
	}},
	{"comp-subject", "Composition-uv-ips: subject.reference 1.., the Patient of the document", func(v view) []string {
		s, _ := v.Comp["subject"].(object)
		r := lookup(v, s["reference"])
		return need(r != nil && r["resourceType"] == "Patient", "subject")
	}},
	{"comp-references", "R4 Composition: resources referenced from it are entries of the Bundle", func(v view) []string {
		var wrong []string
		var walk func(x any)
		walk = func(x any) {
			switch x := x.(type) {
			case []any:
				for _, y := range x {
					walk(y)
				}
			case object:
				for name, y := range x {
					if s, ok := y.(string); ok && name == "reference" && lookup(v, s) == nil {
						wrong = append(wrong, s)
					} else {
						walk(y)
					}
				}
			}
		}
		walk(v.Comp)
		return wrong
	}},
	{"comp-required", "Composition-uv-ips: sectionProblems, sectionAllergies, sectionMedications 1..1; the others 0..1", func(v view) []string {
		count := map[string]int{}
		each(v, func(code string, _ object) string { count[code]++; return "" })
		var wrong []string
		for code, n := range count {
			if _, known := ipsSections[code]; known && n > 1 {
				wrong = append(wrong, code+" twice")
			}
		}
		for _, code := range required {
			if count[code] != 1 {
				wrong = append(wrong, "no "+code)
			}
		}
		return wrong
	}},
	{"comp-codes", "Composition-uv-ips: section.code, of LOINC", func(v view) []string {
		return each(v, func(code string, s object) string {
			c := codings(s["code"])
			if len(c) == 0 || c[0][0] != "http://loinc.org" {
				return "code"
			}
			return ""
		})
	}},
	{"comp-title", "Composition-uv-ips: section.title 1..1", func(v view) []string {
		return each(v, func(_ string, s object) string {
			if t, _ := s["title"].(string); strings.TrimSpace(t) == "" {
				return "no title"
			}
			return ""
		})
	}},
	{"comp-text", "Composition-uv-ips: section.text 1..1, which says something (txt-1, txt-2)", func(v view) []string {
		return each(v, func(_ string, s object) string {
			n, _ := s["text"].(object)
			div, _ := n["div"].(string)
			if r := narrative.Check([]byte(div)); n["status"] == nil || r.Wrong != "" || r.Blank || r.Fetches != "" {
				return "text: " + r.Wrong
			}
			return ""
		})
	}},
	{"comp-nested", "Composition-uv-ips: section.section ..0", func(v view) []string {
		return each(v, func(_ string, s object) string {
			if s["section"] != nil {
				return "nested"
			}
			return ""
		})
	}},
	{"ips-comp-1", "ips-comp-1: entry.reference or emptyReason in the three required sections", func(v view) []string {
		return each(v, func(code string, s object) string {
			if slices.Contains(required, code) && len(list(s["entry"])) == 0 && s["emptyReason"] == nil {
				return "neither entry nor emptyReason"
			}
			return ""
		})
	}},
	{"cmp-2", "R4 cmp-2: an emptyReason only when there are no entries", func(v view) []string {
		return each(v, func(_ string, s object) string {
			if s["emptyReason"] != nil && len(list(s["entry"])) > 0 {
				return "entries and emptyReason"
			}
			return ""
		})
	}},
	{"comp-empty-code", "R4 list-empty-reason (preferred)", func(v view) []string {
		return each(v, func(_ string, s object) string {
			if s["emptyReason"] == nil {
				return ""
			}
			c := codings(s["emptyReason"])
			if len(c) == 0 || c[0][0] != "http://terminology.hl7.org/CodeSystem/list-empty-reason" ||
				!slices.Contains([]string{"nilknown", "notasked", "withheld", "unavailable", "notstarted", "closed"}, c[0][1]) {
				return "emptyReason"
			}
			return ""
		})
	}},
	{"comp-entry-types", "Composition-uv-ips: section.entry only Reference(…)", func(v view) []string {
		return each(v, func(code string, s object) string {
			types, known := ipsSections[code]
			for _, e := range list(s["entry"]) {
				if r := lookup(v, e.(object)["reference"]); r != nil && known && types != nil && !slices.Contains(types, fmt.Sprint(r["resourceType"])) {
					return fmt.Sprint(r["resourceType"])
				}
			}
			return ""
		})
	}},
	{"comp-social", "Composition-uv-ips: smokingTobaccoUse 0..1, alcoholUse 0..1", func(v view) []string {
		return each(v, func(code string, s object) string {
			count := map[string]int{}
			for _, e := range list(s["entry"]) {
				for _, c := range codings(lookup(v, e.(object)["reference"])["code"]) {
					if count[c[1]]++; code == "29762-2" && count[c[1]] > 1 && (c[1] == "72166-2" || c[1] == "74013-4") {
						return c[1] + " twice"
					}
				}
			}
			return ""
		})
	}},
	{"ips-pat-1", "Patient-uv-ips: name 1.., with given, family or text", func(v view) []string { return named(v, "Patient") }},
	{"pat-birthDate", "Patient-uv-ips: birthDate 1..", func(v view) []string { return lacking(v, "Patient", "birthDate") }},
	{"practitioner", "Practitioner-uv-ips: name 1..", func(v view) []string { return lacking(v, "Practitioner", "name") }},
	{"organization", "Organization-uv-ips: name 1..", func(v view) []string { return lacking(v, "Organization", "name") }},
	{"medication", "Medication-uv-ips: code 1..1", func(v view) []string { return lacking(v, "Medication", "code") }},
	{"allergy", "AllergyIntolerance-uv-ips: code 1..1; patient.reference 1..", func(v view) []string {
		return append(lacking(v, "AllergyIntolerance", "code"), lacking(v, "AllergyIntolerance", "patient")...)
	}},
	{"condition", "Condition-uv-ips: code 1..1; subject.reference 1..", func(v view) []string {
		return append(lacking(v, "Condition", "code"), lacking(v, "Condition", "subject")...)
	}},
	{"statement", "MedicationStatement-uv-ips: effective[x] 1..1", func(v view) []string {
		return lacking(v, "MedicationStatement", "effectiveDateTime", "effectivePeriod")
	}},
	{"request", "MedicationRequest-uv-ips: doNotPerform = false", func(v view) []string {
		for _, r := range resources(v, "MedicationRequest") {
			if r["doNotPerform"] == true {
				return []string{fmt.Sprint(r["id"])}
			}
		}
		return nil
	}},
	{"immunization", "Immunization-uv-ips: vaccineCode 1..1, occurrence[x] 1..1", func(v view) []string {
		return append(lacking(v, "Immunization", "vaccineCode"), lacking(v, "Immunization", "occurrenceDateTime", "occurrenceString")...)
	}},
	{"procedure", "Procedure-uv-ips: code 1..1, performed[x] 1..1", func(v view) []string {
		return append(lacking(v, "Procedure", "code"), lacking(v, "Procedure", "performedDateTime", "performedPeriod", "performedString", "performedAge", "performedRange")...)
	}},
	{"deviceUse", "DeviceUseStatement-uv-ips: timing[x] 1..1", func(v view) []string {
		return lacking(v, "DeviceUseStatement", "timingDateTime", "timingPeriod")
	}},
	{"flag", "Flag-alert-uv-ips: status = #active (exactly)", func(v view) []string {
		for _, r := range resources(v, "Flag") {
			if r["status"] != "active" {
				return []string{fmt.Sprint(r["id"])}
			}
		}
		return nil
	}},
	{"report", "DiagnosticReport-uv-ips: subject 1.., effective[x] 1..1", func(v view) []string {
		return append(lacking(v, "DiagnosticReport", "effectiveDateTime", "effectivePeriod"), lacking(v, "DiagnosticReport", "subject")...)
	}},
	{"observation", "Observation-…-uv-ips: subject 1.., effective[x] 1..", func(v view) []string {
		return append(lacking(v, "Observation", "effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming"), lacking(v, "Observation", "subject")...)
	}},
	{"lab-performer", "Observation-results-…-uv-ips: performer 1..", func(v view) []string {
		var wrong []string
		for _, r := range resources(v, "Observation") {
			if (category(r, "laboratory") || category(r, "imaging")) && !has(r, "performer") {
				wrong = append(wrong, fmt.Sprint(r["id"]))
			}
		}
		return wrong
	}},
	{"ips-2", "ips-2: a laboratory result has value, dataAbsentReason, hasMember or component", func(v view) []string {
		var wrong []string
	next:
		for _, r := range resources(v, "Observation") {
			for name := range r {
				if !category(r, "laboratory") || strings.HasPrefix(name, "value") || name == "dataAbsentReason" || name == "hasMember" || name == "component" {
					continue next
				}
			}
			wrong = append(wrong, fmt.Sprint(r["id"]))
		}
		return wrong
	}},
	{"in-error", "results-status, diagnostic-report-status: without entered-in-error; here, nothing is", func(v view) []string {
		var wrong []string
		for _, r := range resources(v) {
			if r["status"] == "entered-in-error" || slices.ContainsFunc(codings(r["verificationStatus"]), func(c [2]string) bool { return c[1] == "entered-in-error" }) {
				wrong = append(wrong, fmt.Sprintf("%v/%v", r["resourceType"], r["id"]))
			}
		}
		return wrong
	}},
}

// oracle is package validate, over the document and over each of its entries.
func oracle(t *testing.T, name string, doc []byte) {
	t.Helper()
	r, err := fhir.Parse(doc, fhir.Limits{Bytes: 64 << 20, Values: 8 << 20})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, i := range validate.Resource(r) {
		if i.Severity == validate.Error {
			t.Errorf("%s: %s", name, i.Text)
		}
	}
	var b struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(doc, &b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Entry {
		r, err := fhir.Parse(e.Resource, fhir.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, i := range validate.Resource(r) {
			if i.Severity == validate.Error {
				t.Errorf("%s: %s/%s: %s", name, r.Type(), r.ID(), i.Text)
			}
		}
	}
}

func run(t *testing.T, name string, doc []byte) {
	t.Helper()
	v := read(t, doc)
	for _, c := range slices.Concat(checks, rules) {
		for i, w := range c.wrong(v) {
			if i == 5 {
				t.Errorf("%s: %s: and more", name, c.id)
				break
			}
			t.Errorf("%s: %s (%s): %s", name, c.id, c.clause, w)
		}
	}
}

// HL7's own document passes the same checks: they are the standard's, not ours.
func TestChecksTakeTheStandardsExample(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(testdata.Dir(t, "health-links"), "IPS_IG-bundle-01.json"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "IPS_IG-bundle-01", doc)
}

// Each check can fail: a document is broken in one place for each of them.
func TestChecksSeeWhatIsWrong(t *testing.T) {
	p, entries := hand(t, handmade["everything"]...)
	doc := build(t, whole(p, entries))
	comp := func(f func(c object)) func(view) { return func(v view) { f(v.Comp) } }
	sec := func(code string, f func(s object)) func(view) { return func(v view) { f(v.section(code)) } }
	res := func(typ string, f func(r object)) func(view) { return func(v view) { f(resources(v, typ)[0]) } }
	lose := func(names ...string) func(object) {
		return func(o object) {
			for _, n := range names {
				delete(o, n)
				delete(o, "_"+n)
			}
		}
	}
	breaks := map[string]func(v view){
		"bdl-type":       func(v view) { v.Bundle["type"] = "collection" },
		"bdl-identifier": func(v view) { delete(v.Bundle, "identifier") },
		"bdl-timestamp":  func(v view) { delete(v.Bundle, "timestamp") },
		"bdl-total":      func(v view) { v.Bundle["total"] = 3 },
		"bdl-entries":    func(v view) { delete(list(v.Bundle["entry"])[2].(object), "fullUrl") },
		"bdl-7":          func(v view) { e := list(v.Bundle["entry"]); e[3].(object)["fullUrl"] = e[4].(object)["fullUrl"] },
		"bdl-fullurl-id": func(v view) { list(v.Bundle["entry"])[3].(object)["fullUrl"] = base + "/Patient/q" },
		"bdl-ips-1":      func(v view) { v.Bundle["entry"] = append(list(v.Bundle["entry"]), list(v.Bundle["entry"])[0]) },
		"bdl-patient":    func(v view) { v.Bundle["entry"] = append(list(v.Bundle["entry"]), list(v.Bundle["entry"])[1]) },
		"comp-type":      comp(lose("type")), "comp-header": comp(lose("title")), "comp-subject": comp(lose("subject")),
		"comp-references": func(v view) { v.Bundle["entry"] = list(v.Bundle["entry"])[:5] },
		"comp-required":   comp(func(c object) { c["section"] = list(c["section"])[1:] }),
		"comp-codes":      sec("48765-2", lose("code")), "comp-title": sec("48765-2", lose("title")), "comp-text": sec("48765-2", lose("text")),
		"comp-nested":      sec("48765-2", func(s object) { s["section"] = []any{} }),
		"ips-comp-1":       sec("48765-2", lose("entry", "emptyReason")),
		"cmp-2":            sec("48765-2", func(s object) { s["emptyReason"] = object{} }),
		"comp-empty-code":  sec("48765-2", func(s object) { s["emptyReason"] = object{} }),
		"comp-entry-types": sec("48765-2", func(s object) { s["entry"] = []any{object{"reference": base + "/Patient/p"}} }),
		"comp-social":      sec("29762-2", func(s object) { s["entry"] = append(list(s["entry"]), list(s["entry"])...) }),
		"ips-pat-1":        res("Patient", func(r object) { r["name"] = []any{object{"use": "official"}} }),
		"pat-birthDate":    res("Patient", lose("birthDate")), "practitioner": res("Practitioner", lose("name")), "organization": res("Organization", lose("name")),
		"medication": res("Medication", lose("code")), "allergy": res("AllergyIntolerance", lose("code")), "condition": res("Condition", lose("code")),
		"statement": res("MedicationStatement", lose("effectiveDateTime", "effectivePeriod")), "request": res("MedicationRequest", func(r object) { r["doNotPerform"] = true }),
		"immunization": res("Immunization", lose("occurrenceDateTime")), "procedure": res("Procedure", lose("performedDateTime")),
		"deviceUse": res("DeviceUseStatement", lose("timingDateTime", "timingPeriod")), "flag": res("Flag", func(r object) { r["status"] = "inactive" }),
		"report": res("DiagnosticReport", lose("effectiveDateTime")), "observation": res("Observation", lose("subject")),
		"lab-performer": func(v view) {
			for _, r := range resources(v, "Observation") {
				delete(r, "performer")
			}
		},
		"ips-2": func(v view) {
			for _, r := range resources(v, "Observation") {
				lose("valueQuantity", "dataAbsentReason", "component", "hasMember")(r)
			}
		},
		"in-error": res("Observation", func(r object) { r["status"] = "entered-in-error" }),
	}
	maps.Copy(breaks, breakRules)
	for _, c := range slices.Concat(checks, rules, promises) {
		v := read(t, doc)
		if w := c.wrong(v); len(w) > 0 {
			t.Errorf("%s is wrong before anything is: %v", c.id, w)
		}
		if breaks[c.id] == nil {
			t.Errorf("%s is never seen to fail", c.id)
			continue
		}
		breaks[c.id](v)
		if len(c.wrong(v)) == 0 {
			t.Errorf("%s does not see what is wrong", c.id)
		}
	}
}
