package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
	"carehold/record/ips"
)

// rowOf is an entry as the pages tell it.
func rowOf(info message.EntryInfo, resource []byte) export.Row {
	s := summarize(resource)
	section, _ := record.ParseSection(info.Section)
	r := export.Row{Ref: fhir.Ref{Type: info.Type, ID: info.ID}, Section: section, What: capital(typeWord(info.Type)),
		Title: s.Title, Value: s.Value, Date: s.Date, Source: fromOf(info)}
	if s.Title == typeWord(info.Type) {
		r.Title, r.What = r.What, ""
	}
	if o, ok := parseObject(resource); ok {
		r.Standing, r.Wrong = standing(o)
		r.Rank = rank(o)
		for _, s := range saidOf(o) {
			says := "The person's note"
			if s.dispute {
				says = "The person disputes this"
			}
			r.Standing = joined(". ", r.Standing, says+": "+strconv.Quote(s.text))
		}
		r.Value = first(r.Value, detail(o))
		if w := whichSort(o); w != "" && r.What != "" && !strings.EqualFold(w, r.Title) {
			r.What = capital(w)
		}
		if !strings.HasPrefix(info.Type, "Medication") && !bytes.Contains(resource, []byte(`"security"`)) {
			return r
		}
		if res, err := fhir.Parse(resource, fhir.Limits{}); err == nil {
			if d := ips.Dosage(res); d != "" {
				r.Value = d
			}
			if res.Labelled(fhir.Uncertain) {
				r.Standing = joined(". ", r.Standing, ips.NotVerifiedWords)
			}
		}
	}
	return r
}

// whichSort is which sort of entry of its type one is, where it says so and readers care: an
// intolerance is no allergy, and a letter is called as it was when it was brought.
func whichSort(o object) string {
	switch str(o, "resourceType") {
	case "AllergyIntolerance":
		return first(map[string]string{"allergy": "allergy", "intolerance": "intolerance"}[str(o, "type")], "allergy or intolerance")
	case "DocumentReference":
		return words(o["type"])
	}
	return ""
}

// belongsTo are the entries of this record that a letter says it belongs to.
func (x *exporter) belongsTo(resource []byte) []fhir.Ref {
	o, ok := parseObject(resource)
	if !ok || str(o, "resourceType") != "DocumentReference" {
		return nil
	}
	var refs []fhir.Ref
	context, _ := o["context"].(object)
	for _, name := range []string{"encounter", "related"} {
		for _, r := range list(context[name]) {
			to, _ := r.(object)
			if ref, ok := x.local(str(to, "reference")); ok && len(refs) < 3 {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// usual are the statuses of an entry that is as one expects: saying so of each would
// hide the others.
var usual = map[string]bool{"active": true, "completed": true, "final": true, "current": true, "confirmed": true, "finished": true, "available": true, "fulfilled": true, "accepted": true, "generated": true, "recorded": true}

// taken are the types that say what is taken. One that is completed is no longer.
var taken = map[string]bool{"MedicationRequest": true, "MedicationStatement": true}

// rank is what a reader needs first: allergies that could kill, what is taken now, what
// they have now; then what is over, and what was handed out month after month.
func rank(o object) int {
	typ, status := str(o, "resourceType"), str(o, "status")
	code := func(name string) string {
		c, _ := o[name].(object)
		return codeIn(c)
	}
	over := slices.Contains([]string{"inactive", "resolved", "remission"}, code("clinicalStatus")) || code("verificationStatus") == "refuted"
	switch {
	case typ == "AllergyIntolerance" && over:
		return 2
	case typ == "AllergyIntolerance":
		for _, r := range list(o["reaction"]) {
			if r, ok := r.(object); ok && str(r, "severity") == "severe" {
				return 0
			}
		}
		if str(o, "criticality") == "high" {
			return 0
		}
		return 1
	case taken[typ]:
		if never, _ := o["doNotPerform"].(bool); never {
			return 0
		}
		if slices.Contains([]string{"active", "on-hold", "unknown", "intended", ""}, status) {
			return 1
		}
		return 2
	case typ == "MedicationDispense", typ == "MedicationAdministration", typ == "List":
		return 3
	case typ == "Condition" && over:
		return 1
	}
	return 0
}

// standing is what must be known of an entry beside what it says: that it was stopped,
// ruled out, is not confirmed. wrong is for what was entered in error.
func standing(o object) (text string, wrong bool) {
	var parts []string
	for _, name := range []string{"status", "verificationStatus", "clinicalStatus", "lifecycleStatus", "criticality", "docStatus"} {
		code := str(o, name)
		if c, ok := o[name].(object); ok {
			code = words(object{"code": codeIn(c)})
		}
		switch {
		case code == "entered-in-error":
			return "", true
		case code == "" || usual[code] && !(code == "completed" && taken[str(o, "resourceType")]) || name == "criticality" && code != "high":
		case name == "criticality":
			parts = append(parts, "high risk")
		case name == "verificationStatus" && code == "refuted":
			parts = append(parts, "ruled out")
		default:
			parts = append(parts, strings.ReplaceAll(code, "-", " "))
		}
	}
	if b, _ := o["doNotPerform"].(bool); b {
		parts = append(parts, "must not be given or done")
	}
	for _, i := range list(o["interpretation"]) {
		if c, ok := i.(object); ok {
			if w := words(c); w != "" && codeIn(c) != "N" {
				parts = append(parts, w)
			}
		}
	}
	return capital(strings.Join(parts, ", ")), false
}

// detail is what else a reader looks for: which reaction, what was concluded.
func detail(o object) string {
	var parts []string
	for _, x := range list(o["reaction"]) {
		if d, ok := x.(object); ok {
			var signs []string
			for _, m := range list(d["manifestation"]) {
				signs = append(signs, words(m))
			}
			parts = append(parts, first(joined(", ", signs...), str(d, "description")))
		}
	}
	for _, name := range []string{"conclusion", "summary"} {
		parts = append(parts, str(o, name))
	}
	if str(o, "resourceType") == "CarePlan" {
		parts = append(parts, str(o, "description"))
	}
	return joined("; ", parts...)
}

// capital is s with a large first letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// codeIn is the first code of a CodeableConcept.
func codeIn(c object) string {
	for _, x := range list(c["coding"]) {
		if coding, ok := x.(object); ok && str(coding, "code") != "" {
			return str(coding, "code")
		}
	}
	return ""
}
