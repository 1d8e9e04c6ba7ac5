package ips_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carehold/record"
)

// rules are those that IPS 2.0 has for the entries of a document, beside those in
// checks_test.go: one for each line of HL7/fhir-ips, input/fsh/profiles, that says more
// than R4 does. A profile holds where an entry says that it is of its kind: by the
// category of an Observation, or by its code. Slices are open, so another entry breaks
// no rule.
var rules = []check{
	{"allergy-patient", "AllergyIntolerance-uv-ips: patient.reference 1.., only the Patient", about("AllergyIntolerance", "patient")},
	{"condition-subject", "Condition-uv-ips: subject.reference 1.., only the Patient", about("Condition", "subject")},
	{"statement-subject", "MedicationStatement-uv-ips: subject.reference 1.., only the Patient", about("MedicationStatement", "subject")},
	{"request-subject", "MedicationRequest-uv-ips: subject.reference 1.., only the Patient", about("MedicationRequest", "subject")},
	{"immunization-patient", "Immunization-uv-ips: patient.reference 1.., only the Patient", about("Immunization", "patient")},
	{"procedure-subject", "Procedure-uv-ips: subject.reference 1.., only the Patient", about("Procedure", "subject")},
	{"deviceUse-subject", "DeviceUseStatement-uv-ips: subject.reference 1.., only the Patient", about("DeviceUseStatement", "subject")},
	{"flag-subject", "Flag-alert-uv-ips: subject.reference 1..", about("Flag", "subject")},
	{"report-subject", "DiagnosticReport-uv-ips: subject.reference 1..", about("DiagnosticReport", "subject")},
	{"observation-subject", "Observation-…-uv-ips, R4 vitalsigns: subject.reference 1..", about("Observation", "subject")},
	{"specimen-subject", "Specimen-uv-ips: subject.reference 1.. of a subject", func(v view) []string {
		return about("Specimen", "subject")(v)
	}},
	{"specimen-type", "Specimen-uv-ips: type 1..", func(v view) []string { return lacking(v, "Specimen", "type") }},
	{"imaging-subject", "ImagingStudy-uv-ips: subject.reference 1..", about("ImagingStudy", "subject")},
	{"statement-medicine", "MedicationStatement-uv-ips: medication[x], a CodeableConcept or a Medication of the document or the server", medicineOf("MedicationStatement")},
	{"request-medicine", "MedicationRequest-uv-ips: the same", medicineOf("MedicationRequest")},
	{"deviceUse-timing", "DeviceUseStatement-uv-ips: timing[x] only dateTime or Period", func(v view) []string {
		return having(v, "DeviceUseStatement", nil, "timingTiming")
	}},
	{"lab-effective", "Observation-results-laboratory-pathology-uv-ips: effective[x] only dateTime or Period", func(v view) []string {
		return having(v, "Observation", ofCategory("laboratory"), "effectiveInstant", "effectiveTiming")
	}},
	{"imaging-effective", "Observation-results-radiology-uv-ips: effective[x] only dateTime or Period", func(v view) []string {
		return having(v, "Observation", ofCategory("imaging"), "effectiveInstant", "effectiveTiming")
	}},
	{"ips-1", "ips-1: the effectiveDateTime of an imaging result is exact to the day", func(v view) []string {
		return those(v, "Observation", ofCategory("imaging"), func(r object) bool {
			s, ok := r["effectiveDateTime"].(string)
			return ok && len(s) < 8
		})
	}},
	{"ips-3", "ips-3; R4 vs-3: a component has a value, or says why not", func(v view) []string {
		return those(v, "Observation", ofCategory("laboratory", "vital-signs"), func(r object) bool {
			return slices.ContainsFunc(list(r["component"]), func(c any) bool { return !valued(c.(object)) })
		})
	}},
	{"hasMemberOrComponent", "hasMemberOrComponent: an imaging result has not both", func(v view) []string {
		return those(v, "Observation", ofCategory("imaging"), func(r object) bool { return r["hasMember"] != nil && r["component"] != nil })
	}},
	{"lab-category", "Observation-results-laboratory-pathology-uv-ips: category[laboratory] 1..1, of R4's code system", categoryOnce("laboratory")},
	{"imaging-category", "Observation-results-radiology-uv-ips: category[radiology] 1..1, of R4's code system", categoryOnce("imaging")},
	{"vs-1", "R4 vitalsigns: effective[x] only dateTime or Period; vs-1: exact to the day", func(v view) []string {
		return append(having(v, "Observation", ofCategory("vital-signs"), "effectiveInstant", "effectiveTiming"),
			those(v, "Observation", ofCategory("vital-signs"), func(r object) bool {
				s, ok := r["effectiveDateTime"].(string)
				return ok && len(s) < 8
			})...)
	}},
	{"vs-2", "R4 vs-2: a vital sign has a value, or says why not, or has parts", func(v view) []string {
		return those(v, "Observation", ofCategory("vital-signs"), func(r object) bool {
			return !valued(r) && r["component"] == nil && r["hasMember"] == nil
		})
	}},
	{"tobacco", "Observation-tobaccouse-uv-ips: effective[x] only dateTime; component ..0", func(v view) []string {
		return having(v, "Observation", ofCode("72166-2"), "effectivePeriod", "effectiveInstant", "effectiveTiming", "component")
	}},
	{"alcohol", "Observation-alcoholuse-uv-ips: effective[x] only dateTime; component ..0", func(v view) []string {
		return having(v, "Observation", ofCode("74013-4"), "effectivePeriod", "effectiveInstant", "effectiveTiming", "component")
	}},
	{"pregnancy-status", "Observation-pregnancy-status-uv-ips: effective[x] only dateTime; bodySite, specimen, device, referenceRange, component ..0", func(v view) []string {
		return having(v, "Observation", ofCode("82810-3"), "effectivePeriod", "effectiveInstant", "effectiveTiming", "bodySite", "specimen", "device", "referenceRange", "component")
	}},
	{"pregnancy-edd", "Observation-pregnancy-edd-uv-ips: the same, and method ..0", func(v view) []string {
		return having(v, "Observation", ofCode("11778-8", "11779-6", "11780-4"), "effectivePeriod", "effectiveInstant", "effectiveTiming", "bodySite", "method", "specimen", "device", "referenceRange", "component")
	}},
	{"pregnancy-outcome", "Observation-pregnancy-outcome-uv-ips: the same as status", func(v view) []string {
		return having(v, "Observation", ofCode("11636-8", "11637-6", "11638-4", "11639-2", "11640-0", "11612-9", "11613-7", "11614-5", "33065-4"),
			"effectivePeriod", "effectiveInstant", "effectiveTiming", "bodySite", "specimen", "device", "referenceRange", "component")
	}},
	{"absent-reason", "Empty Sections & Missing Data: an absent element says why, by a code of data-absent-reason, and has no value", func(v view) []string {
		var wrong []string
		walk(v.Bundle, "", func(path string, o object) {
			for _, x := range list(o["extension"]) {
				if x := x.(object); x["url"] == "http://hl7.org/fhir/StructureDefinition/data-absent-reason" && !slices.Contains(absentReasons, fmt.Sprint(x["valueCode"])) {
					wrong = append(wrong, path+": "+fmt.Sprint(x["valueCode"]))
				}
			}
			for _, c := range codings(o) {
				if c[0] == "http://terminology.hl7.org/CodeSystem/data-absent-reason" && !slices.Contains(absentReasons, c[1]) {
					wrong = append(wrong, path+": "+c[1])
				}
			}
		})
		return wrong
	}},
	{"in-error-imaging", "imaging-study-status-uv-ips, and here every entry: without entered-in-error", func(v view) []string {
		var wrong []string
		for _, r := range resources(v) {
			if r["lifecycleStatus"] == "entered-in-error" || r["status"] == "entered-in-error" {
				wrong = append(wrong, name(r))
			}
		}
		return wrong
	}},
}

// promises are what the standard recommends, and what this server says of its own
// documents; HL7's example keeps to other ones.
var promises = []check{
	{"profile", "Composition-uv-ips: meta.profile, the conformance to a version", func(v view) []string {
		is := func(o object, name string) bool {
			m, _ := o["meta"].(object)
			return fmt.Sprint(list(m["profile"])) == "[http://hl7.org/fhir/uv/ips/StructureDefinition/"+name+"|2.0.0]"
		}
		return need(is(v.Bundle, "Bundle-uv-ips") && is(v.Comp, "Composition-uv-ips"), "not the two profiles of 2.0.0")
	}},
	{"identifier", "R4 §3.3: the identifier is unique and never used again; what is made here has a UUID", func(v view) []string {
		id, _ := v.Bundle["identifier"].(object)
		for _, r := range []object{v.Comp, resources(v, "Device")[0]} {
			if u := "urn:uuid:" + fmt.Sprint(r["id"]); !urnUUID.MatchString(u) {
				return []string{u}
			}
		}
		return need(id["system"] == "urn:ietf:rfc:3986" && urnUUID.MatchString(fmt.Sprint(id["value"])), fmt.Sprint(id))
	}},
	{"author", "Composition-uv-ips, author: a Device says that the document was assembled by software; nobody attests it", func(v view) []string {
		for _, a := range list(v.Comp["author"]) {
			if r := resolve(v, "", a.(object)["reference"]); r == nil || r["resourceType"] != "Device" {
				return []string{"an author that is no Device"}
			}
		}
		return need(v.Comp["attester"] == nil && v.Comp["custodian"] == nil, "somebody attests it")
	}},
	{"resolves", "R4 §2.36.4.1: what the Composition points to is found by fullUrl, without help", func(v view) []string {
		var wrong []string
		for _, s := range list(v.Comp["section"]) {
			for _, e := range list(s.(object)["entry"]) {
				if resolve(v, "", e.(object)["reference"]) == nil {
					wrong = append(wrong, fmt.Sprint(e))
				}
			}
		}
		subject, _ := v.Comp["subject"].(object)
		if resolve(v, "", subject["reference"]) == nil {
			wrong = append(wrong, "subject")
		}
		return wrong
	}},
	{"reachable", "R4 §3.3.1: a document holds what its Composition leads to, and nothing else", func(v view) []string {
		reached := map[string]bool{}
		entries := list(v.Bundle["entry"])
		queue := entries[:1:1]
		for len(queue) > 0 {
			e := queue[0].(object)
			queue = queue[1:]
			from := fmt.Sprint(e["fullUrl"])
			if reached[from] {
				continue
			}
			reached[from] = true
			walk(e["resource"], "", func(_ string, o object) {
				if to := find(v, from, o["reference"]); to != nil {
					queue = append(queue, to)
				}
			})
		}
		var wrong []string
		for _, e := range entries {
			if u := fmt.Sprint(e.(object)["fullUrl"]); !reached[u] {
				wrong = append(wrong, u)
			}
		}
		return wrong
	}},
	{"once", "an entry stands in one section", func(v view) []string {
		seen, wrong := map[any]bool{}, []string(nil)
		for _, s := range list(v.Comp["section"]) {
			for _, e := range list(s.(object)["entry"]) {
				if r := e.(object)["reference"]; seen[r] {
					wrong = append(wrong, fmt.Sprint(r))
				} else {
					seen[r] = true
				}
			}
		}
		return wrong
	}},
	{"duplicate text", "Design Conventions: Composition.text does not repeat the sections", func(v view) []string {
		div, _ := v.Comp["text"].(object)["div"].(string)
		return need(!strings.Contains(div, "<table") && len(list(v.Comp["section"])) > 0, "a table")
	}},
}

var (
	urnUUID       = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`) // RFC 9562
	absentReasons = strings.Fields("unknown asked-unknown temp-unknown not-asked asked-declined masked not-applicable unsupported as-text error not-a-number negative-infinity positive-infinity not-performed not-permitted")
)

func name(r object) string { return fmt.Sprintf("%v/%v", r["resourceType"], r["id"]) }

// walk calls f for each object, with where it is.
func walk(x any, path string, f func(path string, o object)) {
	switch x := x.(type) {
	case []any:
		for i, y := range x {
			walk(y, fmt.Sprintf("%s[%d]", path, i), f)
		}
	case object:
		f(path, x)
		for n, y := range x {
			walk(y, path+"."+n, f)
		}
	}
}

// find is the entry that a reference leads to, as R4 §2.36.4.1 resolves it: an absolute
// one is a fullUrl; a relative one is, after the base of the entry that has it.
func find(v view, from string, ref any) any {
	s, _ := ref.(string)
	if s == "" || s[0] == '#' {
		return nil
	}
	if !strings.Contains(s, ":") {
		parts := strings.Split(from, "/")
		if !strings.HasPrefix(from, "http") || len(parts) < 3 {
			return nil
		}
		s = strings.Join(parts[:len(parts)-2], "/") + "/" + s
	}
	for _, e := range list(v.Bundle["entry"]) {
		if e.(object)["fullUrl"] == s {
			return e
		}
	}
	return nil
}

func resolve(v view, from string, ref any) object {
	if e := find(v, from, ref); e != nil {
		return e.(object)["resource"].(object)
	}
	return nil
}

// those names the entries of a type and kind of which bad is true.
func those(v view, typ string, kind func(object) bool, bad func(object) bool) []string {
	var wrong []string
	for _, r := range resources(v, typ) {
		if (kind == nil || kind(r)) && bad(r) {
			wrong = append(wrong, name(r))
		}
	}
	return wrong
}

func having(v view, typ string, kind func(object) bool, elements ...string) []string {
	return those(v, typ, kind, func(r object) bool { return has(r, elements...) })
}

func ofCategory(codes ...string) func(object) bool {
	return func(r object) bool {
		return slices.ContainsFunc(codes, func(c string) bool { return category(r, c) })
	}
}

func ofCode(codes ...string) func(object) bool {
	return func(r object) bool {
		return slices.ContainsFunc(codings(r["code"]), func(c [2]string) bool { return c[0] == "http://loinc.org" && slices.Contains(codes, c[1]) })
	}
}

func valued(o object) bool {
	for n := range o {
		if strings.HasPrefix(strings.TrimPrefix(n, "_"), "value") || n == "dataAbsentReason" {
			return true
		}
	}
	return false
}

func categoryOnce(code string) func(view) []string {
	return func(v view) []string {
		return those(v, "Observation", ofCategory(code), func(r object) bool {
			n := 0
			for _, c := range list(r["category"]) {
				if slices.Contains(codings(c), [2]string{"http://terminology.hl7.org/CodeSystem/observation-category", code}) {
					n++
				}
			}
			return n != 1
		})
	}
}

// about: the element has a reference, or says that it is not known; it leads to the
// Patient of the document.
func about(typ, element string) func(view) []string {
	return func(v view) []string {
		patient := resources(v, "Patient")[0]
		return those(v, typ, nil, func(r object) bool {
			s, _ := r[element].(object)
			if typ == "Specimen" && s == nil {
				return false
			}
			if x := lookup(v, s["reference"]); x != nil && name(x) == name(patient) {
				return false
			}
			return s["reference"] != nil || s["_reference"] == nil
		})
	}
}

func medicineOf(typ string) func(view) []string {
	return func(v view) []string {
		return those(v, typ, nil, func(r object) bool {
			m, _ := r["medicationReference"].(object)
			return r["medicationCodeableConcept"] == nil && !has(m, "reference", "identifier", "display")
		})
	}
}

// awkward is a record whose entries lack what IPS requires, or have it in a form that
// it does not take.
var awkward = []string{`identity: {"resourceType":"Patient","id":"p","name":[{"text":"Ada"},{"use":"old"}],"birthDate":"1950"}`,
	`allergies: {"resourceType":"AllergyIntolerance","id":"a","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"patient":{"display":"Ada"}}`,
	`conditions: {"resourceType":"Condition","id":"c","subject":{"identifier":{"value":"1"}}}`,
	`medicines: {"resourceType":"MedicationStatement","id":"m","status":"active","medicationCodeableConcept":{"text":"x"},"subject":{"display":"Ada"}}`,
	`medicines: {"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","medicationReference":{"display":"x"},"subject":{"display":"Ada"}}`,
	`vaccinations: {"resourceType":"Immunization","id":"i","status":"completed","vaccineCode":{"text":"x"},"patient":{"display":"Ada"},"occurrenceString":"as a child"}`,
	`visits: {"resourceType":"Procedure","id":"x","status":"completed","subject":{"display":"Ada"}}`,
	`support: {"resourceType":"DeviceUseStatement","id":"d","status":"active","subject":{"display":"Ada"},"device":{"display":"Stick"}}`,
	`conditions: {"resourceType":"Flag","id":"f","status":"active","code":{"text":"x"},"subject":{"display":"Ada"}}`,
	`results: {"resourceType":"DiagnosticReport","id":"r","status":"final","code":{"text":"x"},"subject":{"display":"Ada"},"imagingStudy":[{"reference":"ImagingStudy/i"}]}`,
	`results: {"resourceType":"ImagingStudy","id":"i","status":"available","subject":{"display":"Ada"}}`,
	`results: {"resourceType":"Observation","id":"l","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"x"},"subject":{"display":"Ada"},"specimen":{"reference":"Specimen/s"},"component":[{"code":{"text":"y"}},{"code":{"text":"z"},"valueInteger":0}]}`,
	`results: {"resourceType":"Specimen","id":"s","subject":{"display":"Ada"}}`,
	`results: {"resourceType":"Observation","id":"g","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"imaging"}]}],"code":{"text":"x"}}`,
	`measurements: {"resourceType":"Observation","id":"v","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"text":"x"}}`,
	`measurements: {"resourceType":"Observation","id":"bp","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"text":"x"},"component":[{"code":{"text":"y"}, "valueString" : "b"} , {"code":{"text":"z"} }]}`}

// Every person of the sample data, wholly and in parts; records by hand; and texts that
// want to be something else. Each document keeps each rule, and R4.
func TestEveryDocument(t *testing.T) {
	documents := map[string][]byte{}
	for who, bundle := range synthea(t) {
		p, entries := person(t, bundle)
		documents[who] = build(t, whole(p, entries))
		documents[who+", without the sensitive"] = build(t, shared(p, entries, ordinary()))
		documents[who+", medicines"] = build(t, shared(p, entries, record.SectionsOf(record.Medicines)))
		documents[who+", the Patient and results"] = build(t, shared(p, entries, ordinary(), "Patient", "Observation"))
	}
	p, entries := marion(t)
	documents["Marion"] = build(t, whole(p, entries))
	documents["Marion, without the sensitive"] = build(t, shared(p, entries, ordinary()))
	documents["Marion, allergies and measurements"] = build(t, shared(p, entries, record.SectionsOf(record.Allergies, record.Measures)))
	documents["Marion, some types"] = build(t, shared(p, entries, record.AllSections, "Patient", "Observation", "MedicationRequest"))
	documents["Marion, the Patient"] = build(t, shared(p, entries, record.AllSections, "Patient"))
	for _, s := range record.Sections() {
		documents["Marion, "+s.String()] = build(t, shared(p, entries, record.SectionsOf(s)))
	}
	for what, lines := range handmade {
		p, entries := hand(t, lines...)
		documents[what] = build(t, whole(p, entries))
		documents[what+", shared in part"] = build(t, shared(p, entries, record.SectionsOf(record.Conditions, record.Results)))
	}
	p, entries = hand(t, awkward...)
	documents["awkward"] = build(t, whole(p, entries))
	for what, text := range hostile {
		if what == "control" {
			continue // NUL is no FHIR string: the rules of the text itself fail
		}
		p, entries := everyText(t, text)
		documents["hostile "+what] = build(t, whole(p, entries))
	}
	for what, doc := range documents {
		run(t, what, doc)
		v := read(t, doc)
		for _, c := range promises {
			for _, w := range c.wrong(v) {
				t.Errorf("%s: %s (%s): %s", what, c.id, c.clause, w)
			}
		}
		if !strings.HasPrefix(what, "hostile") { // a hostile text may be no URL, and stays what was recorded
			oracle(t, what, doc)
		}
	}
	t.Logf("%d documents, %d rules", len(documents), len(checks)+len(rules)+len(promises))
}

// breakRules breaks a document in one place for each of the rules.
var breakRules = map[string]func(v view){
	"allergy-patient": subject("AllergyIntolerance", "patient"), "condition-subject": subject("Condition", "subject"), "statement-subject": subject("MedicationStatement", "subject"),
	"request-subject": subject("MedicationRequest", "subject"), "immunization-patient": subject("Immunization", "patient"), "procedure-subject": subject("Procedure", "subject"),
	"deviceUse-subject": subject("DeviceUseStatement", "subject"), "flag-subject": subject("Flag", "subject"), "report-subject": subject("DiagnosticReport", "subject"),
	"observation-subject": subject("Observation", "subject"), "specimen-subject": subject("Specimen", "subject"),
	"imaging-subject": func(v view) {
		add(v, object{"resourceType": "ImagingStudy", "id": "i", "subject": object{"reference": "Practitioner/okafor"}})
	},
	"specimen-type":      first("Specimen", nil, func(r object) { delete(r, "type") }),
	"statement-medicine": first("MedicationStatement", nil, func(r object) { delete(r, "medicationCodeableConcept") }),
	"request-medicine":   first("MedicationRequest", nil, func(r object) { r["medicationReference"] = object{} }),
	"deviceUse-timing":   first("DeviceUseStatement", nil, func(r object) { r["timingTiming"] = object{} }),
	"lab-effective":      first("Observation", ofCategory("laboratory"), func(r object) { r["effectiveInstant"] = "2026" }),
	"imaging-effective":  imaging(func(r object) { r["effectiveTiming"] = object{} }),
	"ips-1":              imaging(func(r object) { r["effectiveDateTime"] = "2026-02" }),
	"ips-3":              first("Observation", ofCategory("vital-signs"), func(r object) { delete(list(r["component"])[0].(object), "valueQuantity") }),
	"hasMemberOrComponent": imaging(func(r object) {
		r["hasMember"], r["component"] = []any{}, []any{}
	}),
	"lab-category": first("Observation", ofCategory("laboratory"), func(r object) { r["category"] = append(list(r["category"]), list(r["category"])...) }),
	"imaging-category": imaging(func(r object) {
		r["category"] = []any{object{"coding": []any{object{"system": "http://other.example", "code": "imaging"}}}}
	}),
	"vs-1":    first("Observation", ofCategory("vital-signs"), func(r object) { r["effectiveDateTime"] = "2026-11" }),
	"vs-2":    first("Observation", ofCategory("vital-signs"), func(r object) { delete(r, "component") }),
	"tobacco": first("Observation", ofCode("72166-2"), func(r object) { r["component"] = []any{} }),
	"alcohol": func(v view) {
		first("Observation", ofCode("72166-2"), func(r object) { r["code"], r["effectivePeriod"] = loincCode("74013-4"), object{} })(v)
	},
	"pregnancy-status":  first("Observation", ofCode("11636-8"), func(r object) { r["code"], r["bodySite"] = loincCode("82810-3"), object{} }),
	"pregnancy-edd":     first("Observation", ofCode("11636-8"), func(r object) { r["code"], r["method"] = loincCode("11778-8"), object{} }),
	"pregnancy-outcome": first("Observation", ofCode("11636-8"), func(r object) { r["referenceRange"] = []any{} }),
	"absent-reason": first("Patient", nil, func(r object) {
		r["_birthDate"] = object{"extension": []any{object{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "because"}}}
	}),
	"in-error-imaging": first("Goal", nil, func(r object) { r["lifecycleStatus"] = "entered-in-error" }),
	"profile":          func(v view) { v.Comp["meta"].(object)["profile"] = []any{} },
	"identifier":       func(v view) { v.Bundle["identifier"].(object)["value"] = "1" },
	"author":           func(v view) { v.Comp["attester"] = []any{} },
	"resolves":         func(v view) { v.Comp["subject"].(object)["reference"] = "Patient/p" },
	"reachable":        func(v view) { add(v, object{"resourceType": "Basic", "id": "b"}) },
	"once":             func(v view) { s := v.section("11450-4"); s["entry"] = append(list(s["entry"]), list(s["entry"])...) },
	"duplicate text":   func(v view) { v.Comp["text"].(object)["div"] = "<div><table></table></div>" },
}

func loincCode(code string) object {
	return object{"coding": []any{object{"system": "http://loinc.org", "code": code}}}
}

func first(typ string, kind func(object) bool, f func(object)) func(view) {
	return func(v view) {
		for _, r := range resources(v, typ) {
			if kind == nil || kind(r) {
				f(r)
				return
			}
		}
	}
}

func subject(typ, element string) func(view) {
	return first(typ, nil, func(r object) { r[element] = object{"display": "Ada"} })
}

// imaging makes a laboratory result one of imaging, and breaks it.
func imaging(f func(object)) func(view) {
	return first("Observation", ofCategory("laboratory"), func(r object) {
		list(list(r["category"])[0].(object)["coding"])[0].(object)["code"] = "imaging"
		f(r)
	})
}

func add(v view, r object) {
	v.Bundle["entry"] = append(list(v.Bundle["entry"]), object{"fullUrl": base + "/" + name(r), "resource": r})
}
