package app

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/store"
)

// shown is an entry in words.
type shown struct {
	Word    string // what sort of thing it is
	Title   string
	Value   string // what was found, and what the laboratory says of it
	Date    string
	Status  string
	Rows    []pair // in the person's words
	More    []pair // and what else there is, by FHIR's names
	Past    bool
	Mistake bool
}

// titles are where an entry says what it is.
var titles = []string{"code", "medicationCodeableConcept", "medicationReference", "vaccineCode", "title", "topic", "description", "name", "type", "serviceType", "category", "reasonCode", "class", "relationship"}

// dates are where it says when, the one that says it best first.
var dates = []string{"onset", "effective", "performed", "occurrence", "authoredOn", "authored", "date", "period", "servicePeriod", "start", "startDate", "created", "started", "sent", "whenHandedOver", "recordedDate", "recorded", "issued"}

func (a *App) shown(r *http.Request, e *store.Entry) shown {
	s := shown{Word: a.word(r, e.Ref.Type)}
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return s
	}
	root := res.Root()
	for _, name := range titles {
		if s.Title = wordsIn(root.Get(name)); s.Title != "" {
			break
		}
	}
	for _, name := range dates {
		if s.Date = a.dateOf(r, root, name); s.Date != "" {
			break
		}
	}
	for _, name := range []string{"status", "clinicalStatus", "verificationStatus", "lifecycleStatus"} {
		code := root.Get(name).Text()
		if root.Get(name).Kind() != '"' {
			code = speak.Code(root.Get(name), "")
		}
		if code == "" {
			continue
		}
		s.Mistake = s.Mistake || code == "entered-in-error"
		if s.Status == "" || name == "clinicalStatus" {
			s.Status = speak.Status(code)
		}
		s.Past = s.Past || slices.Contains(over, code) && slices.Contains(lasting, e.Ref.Type)
	}
	if e.Ref.Type == "Observation" {
		found, flag := strings.Join(speak.Observed(root), "; "), speak.Or(speak.Interpretation(root), speak.Outside(root))
		s.Rows = append(s.Rows, pair{a.pages.T(r, "entry.value"), found})
		if s.Value = found; flag != "" {
			s.Value += ", " + flag
			s.Rows = append(s.Rows, pair{a.pages.T(r, "entry.flag"), flag})
		}
		if ranges := speak.Ranges(root); ranges != "" {
			s.Rows = append(s.Rows, pair{a.pages.T(r, "entry.range"), ranges})
		}
		if s.Status == "Final" {
			s.Status = ""
		}
	}
	rows, more := a.valueRows(r, res)
	said := func(row pair) bool { return row.Value == s.Title }
	s.Rows = append(s.Rows, slices.DeleteFunc(rows, said)...)
	s.More = slices.DeleteFunc(more, said)
	return s
}

// word is what sort of thing a type is.
func (a *App) word(r *http.Request, typ string) string {
	if _, there := cardOfType[typ]; !there && typ != "Observation" && !slices.Contains(behind, typ) {
		return spaced(typ)
	}
	return a.pages.T(r, "entry.type."+typ)
}

// dateOf is a date, a Period, or one of several that an element can be.
func (a *App) dateOf(r *http.Request, root fhir.Node, name string) string {
	for _, end := range []string{"", "DateTime", "Date", "Instant"} {
		if n := root.Get(name + end); n.Kind() == '"' {
			return a.when(r, n.Text())
		}
	}
	for _, end := range []string{"", "Period"} {
		if n := root.Get(name + end); n.Kind() == '{' {
			return a.period(r, n)
		}
	}
	return speak.Choice(root, name).Text
}

// within are parts of an element that say what it is: who of a performer, what of an
// activity.
var within = []string{"actor", "individual", "member", "who", "party", "detail", "detailCodeableConcept", "contentReference"}

// wordsIn is what an element says in words, whatever it is; "" for what has none.
func wordsIn(n fhir.Node) string {
	switch n.Kind() {
	case '"', '0':
		return speak.Clean(n.Text())
	case '[':
		return each(n, wordsIn)
	case '{':
		for _, name := range []string{"text", "display", "description", "contentString"} {
			if x := n.Get(name); x.Kind() == '"' {
				return speak.Clean(x.Text())
			}
		}
		for _, name := range within {
			if x := n.Get(name); x.Kind() == '{' {
				return wordsIn(x)
			}
		}
		if n.Get("value").Valid() {
			return strings.TrimSpace(speak.Quantity(n) + " " + speak.Clean(n.Get("currency").Text()))
		}
		if n.Get("family").Valid() || n.Get("given").Valid() {
			return speak.Name(n)
		}
		return speak.Concept(n)
	}
	return ""
}

func isDate(text string) bool {
	_, err := fhir.ParseDateTime(text)
	return err == nil && len(text) >= 7
}

// spaced is the name of an element or a type as words: clinicalStatus → Clinical status.
func spaced(name string) string {
	var b strings.Builder
	for i, c := range name {
		switch {
		case i == 0:
			c = unicode.ToUpper(c)
		case unicode.IsUpper(c):
			b.WriteByte(' ')
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}
