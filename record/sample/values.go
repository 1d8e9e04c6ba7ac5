package sample

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The code systems, by the names people use for them.
func coding(system, code, display string) obj {
	c := obj{"system": system, "code": code}
	if display != "" {
		c["display"] = display
	}
	return c
}
func snomed(code, display string) obj { return coding("http://snomed.info/sct", code, display) }
func loinc(code, display string) obj  { return coding("http://loinc.org", code, display) }
func icd10(code, display string) obj {
	return coding("http://hl7.org/fhir/sid/icd-10", code, display)
}
func atc(code, display string) obj { return coding("http://www.whocc.no/atc", code, display) }
func hl7(system, code, display string) obj {
	return coding("http://terminology.hl7.org/CodeSystem/"+system, code, display)
}

// concept is a CodeableConcept: always the words, and the codes that are certain.
func concept(text string, codings ...obj) obj {
	c := obj{}
	if text != "" {
		c["text"] = text
	}
	if len(codings) > 0 {
		var l list
		for _, coding := range codings {
			l = append(l, coding)
		}
		c["coding"] = l
	}
	return c
}

// Labels of HL7 v3 that sensitive entries carry in meta.security.
var (
	psy         = hl7("v3-ActCode", "PSY", "psychiatry disorder information sensitivity")
	sex         = hl7("v3-ActCode", "SEX", "sexuality and reproductive health information sensitivity")
	eth         = hl7("v3-ActCode", "ETH", "substance abuse information sensitivity")
	sdv         = hl7("v3-ActCode", "SDV", "sexual assault, abuse, or domestic violence information sensitivity")
	privateOnly = hl7("v3-Confidentiality", "R", "restricted")
)

// Statuses and categories that many entries share.
var (
	active     = concept("", hl7("condition-clinical", "active", "Active"))
	inactive   = concept("", hl7("condition-clinical", "inactive", "Inactive"))
	remission  = concept("", hl7("condition-clinical", "remission", "Remission"))
	resolved   = concept("", hl7("condition-clinical", "resolved", "Resolved"))
	confirmed  = concept("", hl7("condition-ver-status", "confirmed", "Confirmed"))
	problem    = list{concept("", hl7("condition-category", "problem-list-item", "Problem List Item"))}
	laboratory = list{concept("", hl7("observation-category", "laboratory", "Laboratory"))}
	vital      = list{concept("", hl7("observation-category", "vital-signs", "Vital Signs"))}
	survey     = list{concept("", hl7("observation-category", "survey", "Survey"))}
	exam       = list{concept("", hl7("observation-category", "exam", "Exam"))}
	social     = list{concept("", hl7("observation-category", "social-history", "Social History"))}
	imaging    = list{concept("", hl7("observation-category", "imaging", "Imaging"))}
)

// qty is a Quantity in UCUM units; unit is what a reader sees.
func qty(value, unit, ucum string) obj {
	return obj{"value": number(value), "unit": unit, "system": "http://unitsofmeasure.org", "code": ucum}
}

func score(n int) obj { return qty(strconv.Itoa(n), "score", "{score}") }

func money(pence int) obj {
	return obj{"value": number(fmt.Sprintf("%d.%02d", pence/100, pence%100)), "currency": "GBP"}
}

// period leaves out an end that is empty: it has not ended.
func period(start, end string) obj {
	p := obj{}
	if start != "" {
		p["start"] = start
	}
	if end != "" {
		p["end"] = end
	}
	return p
}

func notes(texts ...string) list {
	var l list
	for _, t := range texts {
		l = append(l, obj{"text": t})
	}
	return l
}

// at turns a British wall-clock time into a FHIR dateTime with its offset.
func at(day, clock string) string {
	t, err := time.Parse("2006-01-02 15:04", day+" "+clock)
	if err != nil {
		panic("sample: " + err.Error())
	}
	offset := "+00:00"
	if summerTime(t) {
		offset = "+01:00"
	}
	return day + "T" + clock + ":00" + offset
}

// summerTime: from the last Sunday of March to the last Sunday of October, so
// that the sample does not depend on the machine's time zone files.
func summerTime(t time.Time) bool {
	lastSunday := func(month time.Month) time.Time {
		d := time.Date(t.Year(), month, 31, 1, 0, 0, 0, time.UTC)
		return d.AddDate(0, 0, -int(d.Weekday()))
	}
	return !t.Before(lastSunday(time.March)) && t.Before(lastSunday(time.October))
}

// workday is the given day, or the Monday after a weekend.
func workday(year, month, day int) string {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	switch t.Weekday() {
	case time.Saturday:
		t = t.AddDate(0, 0, 2)
	case time.Sunday:
		t = t.AddDate(0, 0, 1)
	}
	return t.Format(time.DateOnly)
}

func plusDays(day string, n int) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic("sample: " + err.Error())
	}
	return t.AddDate(0, 0, n).Format(time.DateOnly)
}

// wobble is what makes a series look measured: a fixed number between -n and n.
func wobble(i, n int) int { return (i*37+i*i*11)%(2*n+1) - n }

// inline is an attachment that carries its text.
func inline(contentType, title, created, text string) obj {
	return obj{"contentType": contentType, "language": "en-GB", "title": title, "creation": created,
		"data": base64.StdEncoding.EncodeToString([]byte(strings.TrimSpace(text) + "\n"))}
}

// narrative is text.div, from paragraphs of plain text.
func narrative(paragraphs ...string) obj {
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml">`)
	for _, p := range paragraphs {
		b.WriteString("<p>" + escape.Replace(p) + "</p>")
	}
	b.WriteString("</div>")
	return obj{"status": "additional", "div": b.String()}
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
