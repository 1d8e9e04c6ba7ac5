package ips

import (
	"carehold/record/fhir/speak"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"carehold/record"
)

// told is a section as its narrative tells it.
type told struct {
	Notes  []cell // sentences, each of parts
	Tables []table
	Below  []cell
	After  []string
}

// The narratives. XHTML 1.0 in the elements that FHIR allows (R4 §2.4.0); every cell
// and every part of one decides its own direction, and is isolated by that.
var narratives = template.Must(template.New("").Parse(`
{{- define "parts"}}{{range $i, $p := .}}{{if $i}}{{" "}}{{end}}<span dir="auto">{{$p}}</span>{{end}}{{end -}}
{{- define "cell"}}{{range $i, $p := .}}{{if $i}}<br/>{{end}}<span dir="auto">{{$p}}</span>{{end}}{{end -}}
{{- define "section" -}}
<div xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en">
{{- range .Notes}}<p>{{template "parts" .}}</p>{{end}}
{{- range .Tables}}{{if .Heading}}<p><b>{{.Heading}}</b></p>{{end -}}
<table><thead><tr>{{range .Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead><tbody>
{{- range .Rows}}<tr>{{range .}}<td>{{template "cell" .}}</td>{{end}}</tr>{{end -}}
</tbody></table>
{{- if .More}}<p>{{.More}} more are in the entries of this document.</p>{{end}}{{end}}
{{- range .Below}}<p>{{template "parts" .}}</p>{{end}}
{{- range .After}}<p><small>{{.}}</small></p>{{end -}}
</div>
{{- end -}}
{{- define "whole" -}}
<div xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en">{{range .}}<p>{{template "parts" .}}</p>{{end}}</div>
{{- end}}`))

func render(name string, data any) (string, error) {
	var out strings.Builder
	err := narratives.ExecuteTemplate(&out, name, data)
	return out.String(), err
}

// The reasons that a section is empty: http://terminology.hl7.org/CodeSystem/list-empty-reason.
const (
	unavailable = "unavailable"
	nilKnown    = "nilknown"
	notAsked    = "notasked"
	withheld    = "withheld"
	partly      = "partly" // withheld, where a part was shared and nothing is in it
)

// tell says of a section what there is, what is not, and what is not said. empty is
// why it has no entries; shown whether it is in the document at all.
func (b *builder) tell(k kind) (t told, empty string, shown bool) {
	sec := &sections[k]
	r := b.Share.reached(sec)
	t.Tables = b.tables(k)
	if k == devices {
		t.Below = b.aids()
	}
	tells := len(t.Tables)+len(t.Below) > 0
	var nones, infos []*item
	for _, it := range b.listed[k] {
		switch it.none {
		case knownNone, someNone:
			nones = append(nones, it)
		case noInfo:
			infos = append(infos, it)
		}
	}
	left := b.leftOutWords(k)
	switch entries := len(b.listed[k]); {
	case entries == 0 && r.none:
		t.Notes = append(t.Notes, cell{sec.title + ": not in what was shared. This does not say whether anything is recorded."})
		empty = withheld
	case entries == 0:
		what := sec.noun
		if len(left) > 0 && !strings.HasPrefix(what, "current ") {
			what = "current " + what
		}
		say := "No " + what + " are recorded here. That does not mean there are none."
		if len(r.names) > 0 { // the first sentence is the one that is read
			t.Notes = append(t.Notes, cell{r.part()})
			say = "In what was shared, no " + what + " are recorded. That does not mean there are none."
		}
		t.Notes = append(t.Notes, cell{say})
		if empty = unavailable; r.some {
			empty = partly
		}
	}
	whole := false
	for _, it := range nones {
		say := append(cell{"Recorded:"}, b.stated(it)...)
		if whole = whole || it.none == knownNone; it.none == someNone && tells {
			t.Below = append(t.Below, say) // "no known food allergy" must not be read before what there is
		} else {
			t.Notes = append(t.Notes, say)
		}
	}
	for _, it := range infos {
		t.Notes = append(t.Notes, append(cell{"Recorded:"}, b.stated(it)...), cell{"That does not mean there are none."})
	}
	switch {
	case len(nones) > 0 && tells && whole:
		t.Notes = append(t.Notes, cell{"The record also lists what follows: the two do not agree. Ask before relying on either."})
	case len(nones) > 0 && !tells && !whole:
		t.Notes = append(t.Notes, cell{"Nothing else about " + sec.noun + " is recorded here. That does not mean there is nothing else."})
	}
	if len(b.listed[k]) > 0 && r.none { // the person has filed it elsewhere
		t.After = append(t.After, "Only what is kept in other parts of the record was shared of this.")
	}
	t.After = append(append(t.After, r.partly(len(b.listed[k]) > 0)...), left...)
	if b.spoken(k) == len(b.listed[k]) && len(b.listed[k]) > 0 {
		switch { // IPS has no entry for what is told
		case tells:
			if empty = ""; sec.required { // ips-comp-1
				empty = unavailable
			}
		case len(nones) > 0:
			empty = nilKnown
		default:
			empty = notAsked
		}
	}
	shown = sec.required || len(b.listed[k]) > 0 || len(left) > 0 || (r.none || r.some) && b.applies(k)
	return t, empty, shown
}

// applies reports whether a section can be about the person. What was shared says so,
// never what was not: a summary always has the Patient.
func (b *builder) applies(k kind) bool {
	return k != pregnancy || b.patient.root().Get("gender").Text() != "male"
}

// spoken is how many of a section's items have no entry.
func (b *builder) spoken(k kind) int {
	n := 0
	for _, it := range b.listed[k] {
		if it.spoken {
			n++
		}
	}
	return n
}

func (b *builder) leftOutWords(k kind) []string {
	var say []string
	for why, n := range b.leftOut[k] {
		switch {
		case n == 1:
			say = append(say, left[why].one)
		case n > 1:
			say = append(say, fmt.Sprintf(left[why].many, n))
		}
	}
	return say
}

// sensitiveIn names the sensitive sections that is told from: a page can be passed on.
func sensitiveIn(told []*item) (words []string) {
	for _, sec := range record.Sections() {
		if sec.Sensitive() && slices.ContainsFunc(told, func(it *item) bool { return it.Section == sec }) {
			words = append(words, sectionWords(sec))
		}
	}
	return words
}

// tellWhole is Composition.text: what this document is, from what, and what it is not.
// It repeats no section ("not duplicate the content", IPS 2.0, Design Conventions).
func (b *builder) tellWhole(absentNouns []string, told []*item) []cell {
	at := b.Time.Format("02-Jan-2006 15:04") + " UTC"
	say := []cell{{"Put together by software (Carehold) on " + at + ". No clinician has checked it, and it is not the complete record."}}
	s := b.Share
	if s.Own {
		say = append(say, cell{"Made by the person, from the whole record."})
		if words := sensitiveIn(told); len(words) > 0 {
			say = append(say, cell{"It holds what is kept apart as sensitive: " + strings.Join(words, ", ") + ". Whoever has this page can read it."})
		}
	} else {
		made := cell{"Made from what the person shared with", speak.Clean(speak.Or(s.To, "somebody who is not named")) + ","}
		if s.Until.IsZero() {
			made = append(made, "until they stop it.")
		} else {
			made = append(made, "until "+s.Until.UTC().Format("02-Jan-2006 15:04")+" UTC at the latest.")
		}
		say = append(say, made)
		var not []string
		for _, sec := range record.Sections() {
			if !s.reaches(sec) {
				not = append(not, sectionWords(sec))
			}
		}
		if len(not) > 0 {
			say = append(say, cell{"Parts of the record that were not shared: " + strings.Join(not, ", ") + ". Whether anything is kept in them is not said."})
		} else {
			say = append(say, cell{"Every part of the record was shared."})
		}
		if words := s.unread(); len(words) > 0 {
			say = append(say, cell{"Kinds of entry that were not shared: " + strings.Join(words, ", ") + "."})
		}
	}
	if b.died {
		say = append(say, cell{"The person has died. What is called active or in force is as it was recorded when they lived."})
	}
	if len(absentNouns) > 0 {
		from := ", in what was shared,"
		if s.Own {
			from = ""
		}
		say = append(say, cell{"Nothing is recorded" + from + " about: " + strings.Join(absentNouns, ", ") + ". That does not mean there are none."})
	}
	return say
}
