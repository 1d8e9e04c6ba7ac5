package app

import (
	"net/http"
	"slices"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/store"
)

// shown is an entry in words.
type shown struct {
	Word    string // what sort of thing it is
	Title   string
	Value   string
	Date    string
	Status  string
	Rows    []pair
	Past    bool
	Mistake bool
}

// titles are where an entry says what it is.
var titles = []string{"code", "medicationCodeableConcept", "vaccineCode", "description", "title", "type", "name", "serviceType", "category", "class", "relationship"}

func (a *App) shown(r *http.Request, e *store.Entry) shown {
	s := shown{Word: a.word(r, e.Ref.Type)}
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return s
	}
	root := res.Root()
	for _, name := range titles {
		n := root.Get(name)
		if n.Valid() && n.Kind() == '"' {
			s.Title = speak.Clean(n.Text())
		} else if n.Valid() {
			s.Title = speak.Or(speak.Concepts(n), speak.Concept(n), speak.Name(speak.First(n)))
		}
		if s.Title != "" {
			break
		}
	}
	for _, name := range []string{"onset", "effective", "performed", "occurrence", "authoredOn", "authored", "date", "period", "start", "created", "recordedDate"} {
		if d := speak.Choice(root, name); d.Text != "" {
			s.Date = d.Text
			break
		}
	}
	for _, name := range []string{"status", "clinicalStatus", "lifecycleStatus"} {
		n := root.Get(name)
		text := n.Text()
		if n.Kind() != '"' {
			text = speak.Code(n, "")
		}
		if text != "" {
			s.Status, s.Past, s.Mistake = speak.Status(text), slices.Contains(over, text), text == "entered-in-error"
		}
	}
	return s
}

// word is what sort of thing a type is.
func (a *App) word(r *http.Request, typ string) string { return spaced(typ) }

func spaced(name string) string {
	var b []rune
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b = append(b, ' ')
		}
		b = append(b, c)
	}
	return string(b)
}
