package change

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// About refuses an import that is certainly about somebody else than the record:
// another NHS number, another date of birth, or not one name in common. own is
// the record's Patient as it is kept; nil when there is none yet. What it lets
// pass may still be another person's: ask (Patients).
//
//	NHS numbers       both have one: they decide
//	dates of birth    must not contradict each other; 1970 does not contradict 1970-05
//	names             one given or family name in common, of all each has ever had
func (im *Import) About(own *fhir.Resource) error {
	if own == nil {
		return nil
	}
	for i := range im.Changes {
		if c := &im.Changes[i]; c.Ref.Type == "Patient" {
			return samePerson(own, c.Resource)
		}
	}
	return nil
}

func samePerson(own, other *fhir.Resource) error {
	a, b := summary(own), summary(other)
	refuse := func(why string) error {
		return record.Errorf(record.Unprocessed, "this source is about %s, and this record is about %s: %s", b, a, why)
	}
	switch {
	case a.NHSNumber != "" && b.NHSNumber != "":
		if digits(a.NHSNumber) != digits(b.NHSNumber) {
			return refuse("the NHS numbers differ")
		}
		return nil
	case !strings.HasPrefix(a.BirthDate, b.BirthDate) && !strings.HasPrefix(b.BirthDate, a.BirthDate):
		return refuse("the dates of birth differ")
	}
	mine, theirs := names(own), names(other)
	if len(mine) > 0 && len(theirs) > 0 && !slices.ContainsFunc(mine, func(s string) bool { return slices.Contains(theirs, s) }) {
		return refuse("the names have nothing in common")
	}
	return nil
}

// String is what a person recognises somebody by.
func (s PatientSummary) String() string {
	text := s.Name
	if text == "" {
		text = "somebody without a name"
	}
	if s.BirthDate != "" {
		text += ", born " + s.BirthDate
	}
	if s.NHSNumber != "" {
		text += ", NHS number " + s.NHSNumber
	}
	return text
}

// digits is an NHS number as it is compared: people write it in groups.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// names are all the words of a Patient's names, in small letters.
func names(p *fhir.Resource) (words []string) {
	add := func(v jsontext.Value) { words = append(words, strings.Fields(strings.ToLower(text(v)))...) }
	list, _ := p.Value("name")
	each(list, func(name jsontext.Value) {
		add(find(name, "family"))
		each(find(name, "given"), add)
		if find(name, "family") == nil && find(name, "given") == nil {
			add(find(name, "text"))
		}
	})
	return words
}
