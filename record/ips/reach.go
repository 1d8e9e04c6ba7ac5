package ips

import (
	"slices"
	"strings"

	"carehold/record"
)

// reach is how much of what a section draws from was shared.
type reach struct {
	none  bool     // not shared
	some  bool     // of where its entries are as a rule, not all
	names []string // what was not shared, by the names of sections and types
	quiet bool     // sensitive sections were not shared
}

// reached looks at the Share alone, never at the entries: what it says is the same
// whether there is anything or not.
func (s Share) reached(sec *section) reach {
	var r reach
	homes, types := 0, 0
	lacks := func(word string) { // a part of the record and a type can have the same name
		if !slices.Contains(r.names, word) {
			r.names = append(r.names, word)
		}
	}
	for _, h := range sec.homes {
		if s.reaches(h) {
			homes++
		} else {
			lacks(sectionWords(h))
		}
	}
	for _, h := range sec.also {
		if !s.reaches(h) {
			lacks(sectionWords(h))
		}
	}
	for _, t := range sec.types {
		if s.reads(t) {
			types++
		} else {
			lacks(typeWords[t])
		}
	}
	r.none = homes == 0 || types == 0
	r.some = !r.none && (homes < len(sec.homes) || types < len(sec.types))
	for _, sens := range record.Sections() {
		r.quiet = r.quiet || sens.Sensitive() && !s.reaches(sens)
	}
	return r
}

// sectionWords is a section's name as a reader reads it.
func sectionWords(s record.Section) string { return strings.ReplaceAll(s.String(), "-", " ") }

// partly are the sentences beside a section of which not all was shared.
func (r reach) partly(listed bool) []string {
	var say []string
	if len(r.names) > 0 && !r.none && listed { // where nothing is listed it comes first
		say = append(say, r.part())
	}
	if r.quiet && !r.none {
		say = append(say, "Sensitive parts of the record were not shared; whether they hold more is not said.")
	}
	return say
}

func (r reach) part() string {
	return "Only part of this was shared. Not in what was shared: " + strings.Join(r.names, ", ") + "."
}

// unread are the kinds of entry of any section that the scopes leave out.
func (s Share) unread() []string {
	var words []string
	for k := range sections {
		for _, t := range sections[k].types {
			if !s.reads(t) && !slices.Contains(words, typeWords[t]) {
				words = append(words, typeWords[t])
			}
		}
	}
	return words
}
