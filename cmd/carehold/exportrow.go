package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
)

// rowOf is an entry as the pages tell it.
func rowOf(info message.EntryInfo, resource []byte) export.Row {
	s := summarize(resource)
	section, _ := record.ParseSection(info.Section)
	r := export.Row{Ref: fhir.Ref{Type: info.Type, ID: info.ID}, Section: section, What: capital(typeWord(info.Type)),
		Title: s.Title, Value: s.Value, Date: s.Date, Source: info.Source}
	if s.Title == typeWord(info.Type) {
		r.Title, r.What = r.What, ""
	}
	switch {
	case r.Source != "":
	case info.Self:
		r.Source = "Written by the person"
	default:
		r.Source = info.By
	}
	if o, ok := parseObject(resource); ok {
		r.Standing, r.Wrong = standing(o)
		r.Value = first(r.Value, detail(o))
	}
	return r
}

// usual are the statuses of an entry that is as one expects: saying so of each would
// hide the others.
var usual = map[string]bool{"active": true, "completed": true, "final": true, "current": true, "confirmed": true, "finished": true, "available": true, "fulfilled": true, "accepted": true, "generated": true, "recorded": true}

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
		case code == "" || usual[code] || name == "criticality" && code != "high":
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

// detail is what else a reader looks for: how much of a medicine, which reaction, what
// was concluded.
func detail(o object) string {
	var parts []string
	for _, name := range []string{"dosageInstruction", "dosage", "reaction"} {
		of := list(o[name])
		if one, ok := o[name].(object); ok {
			of = []any{one}
		}
		for _, x := range of {
			if d, ok := x.(object); ok {
				parts = append(parts, first(str(d, "text"), words(d["manifestation"]), str(d, "description")))
			}
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
