package ips

import (
	"strconv"
	"strings"
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// Banner is who a page is about (NHS Common User Interface, Patient Banner). What is
// not recorded is "Not known".
type banner struct {
	Family, Given, Title string
	Born, Age, Died      string
	Gender               string
	NHS                  string
}

// maxName keeps the banner a banner.
const maxName = 60

const notKnown = "Not known"

// nhsNumber is the system of NHS numbers (HL7 UK System-Identifiers).
const nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"

func bannerOf(n fhir.Node, made string) banner {
	b := banner{Family: notKnown, Born: notKnown, Gender: notKnown, NHS: notKnown}
	name := chosenName(n)
	var given []string
	for g := range name.Get("given").All() {
		given = append(given, g.Text())
	}
	for p := range name.Get("prefix").All() {
		b.Title = speak.Shorten(b.Title+" "+p.Text(), 20)
	}
	b.Given = speak.Shorten(strings.Join(given, " "), maxName)
	if f := speak.Shorten(name.Get("family").Text(), maxName); f != "" {
		b.Family = strings.ToUpper(f)
	} else if t := speak.Shorten(name.Get("text").Text(), maxName); t != "" && b.Given == "" {
		b.Family = t // a name that is one text is not taken apart
	}
	born := speak.When(n.Get("birthDate").Text())
	if born.Text != "" {
		b.Born = born.Text
	}
	if g := n.Get("gender").Text(); g != "" && g != "unknown" {
		b.Gender = speak.Status(g)
	}
	for id := range n.Get("identifier").All() {
		if v := id.Get("value").Text(); id.Get("system").Text() == nhsNumber && v != "" && id.Get("use").Text() != "old" {
			b.NHS = speak.Shorten(v, 20)
			if len(v) == 10 && strings.Trim(v, "0123456789") == "" {
				b.NHS = v[:3] + " " + v[3:6] + " " + v[6:]
			}
			break
		}
	}
	if d := n.Get("deceasedDateTime"); d.Valid() {
		b.Died = "Died " + speak.When(d.Text()).Text
	} else if n.Get("deceasedBoolean").Text() == "true" {
		b.Died = "Has died"
	}
	if b.Died == "" {
		b.Age = age(n.Get("birthDate").Text(), made)
	}
	return b
}

// age in whole years on the day the page is about; nothing unless both days are known.
func age(born, made string) string {
	from, err1 := time.Parse(time.DateOnly, born)
	to, err2 := time.Parse(time.DateOnly, made[:min(len(made), 10)])
	if err1 != nil || err2 != nil || to.Before(from) {
		return ""
	}
	years := to.Year() - from.Year()
	if to.Month() < from.Month() || to.Month() == from.Month() && to.Day() < from.Day() {
		years--
	}
	return strconv.Itoa(years) + "y"
}

// chosenName is the official name, else the usual one, else the first that is not an
// old one.
func chosenName(n fhir.Node) fhir.Node {
	var best fhir.Node
	rank := 0
	for name := range n.Get("name").All() {
		r := map[string]int{"official": 5, "usual": 4, "": 3, "nickname": 1, "old": 1, "maiden": 1, "temp": 2, "anonymous": 1}[name.Get("use").Text()]
		if r > rank {
			best, rank = name, r
		}
	}
	return best
}
