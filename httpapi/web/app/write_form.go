package app

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/httpapi/web"
	"carehold/record/fhir"
)

// sort is what is asked for in a field.
type sort string

const (
	aLine   sort = "line"
	aText   sort = "text"
	aNumber sort = "number"
	aDay    sort = "day"  // all of it
	aDate   sort = "date" // as much of it as is known: a year is enough
	aTime   sort = "time"
	aChoice sort = "choice"
)

// field is one thing that a form asks for. What it is called stands in the catalogue:
// add.<kind>.<name>, and with .hint what is said before it is filled in.
type field struct {
	name     string
	sort     sort
	required bool
	most     int     // letters
	low, up  float64 // of a number
	unit     string  // beside it
	choices  []string
	past     bool // a day that has come
}

// How many letters a field takes, which its hint says.
const (
	mostLine = 200
	mostText = 3000
	mostDate = 4
)

// filled is a field with what was typed into it, for a template.
type filled struct {
	Name, Sort, Label, Hint, Unit   string
	Value, Day, Month, Year         string
	Choices                         []choice
	Error                           string
	Required, Long                  bool
	Most                            int
	Href, Describe                  string
	DayLabel, MonthLabel, YearLabel string
}

type choice struct {
	Value, Label string
	This         bool
}

// answers are what a form was filled in with: text as it may be kept, and what is wrong
// with it, by field.
type answers struct {
	text  map[string]string
	wrong map[string]string // a key of the catalogue
	with  map[string][]any
}

// read looks at what was typed. What is wrong is said of the field; nothing is thrown away.
func read(fields []field, form url.Values, now time.Time) answers {
	a := answers{map[string]string{}, map[string]string{}, map[string][]any{}}
	for _, f := range fields {
		var value, wrong string
		var with []any
		switch f.sort {
		case aDay, aDate:
			value, wrong = dateOf(form.Get(f.name+"-year"), form.Get(f.name+"-month"), form.Get(f.name+"-day"))
			switch {
			case wrong != "" || value == "":
			case f.sort == aDay && len(value) < 10:
				wrong = "add.wrong.day"
			case f.past && value[:4] > strconv.Itoa(now.Year()), f.past && value > now.AddDate(0, 0, 1).Format(time.DateOnly)[:len(value)]:
				wrong = "add.wrong.future"
			}
		default:
			value = strings.TrimSpace(strings.ReplaceAll(form.Get(f.name), "\r\n", "\n"))
			wrong, with = f.check(&value)
		}
		if wrong == "" && value == "" && f.required {
			wrong = "add.wrong.empty"
		}
		if wrong != "" {
			a.wrong[f.name], a.with[f.name] = wrong, with
			continue
		}
		if value != "" {
			a.text[f.name] = value
		}
	}
	return a
}

// check looks at a text; a number is brought into the form that FHIR has.
func (f field) check(value *string) (wrong string, with []any) {
	text := *value
	if !utf8.ValidString(text) || strings.ContainsFunc(text, hidden) || f.sort != aText && strings.ContainsAny(text, "\n\t\r") {
		return "add.wrong.letters", nil
	}
	if f.most > 0 && utf8.RuneCountInString(text) > f.most {
		return "add.wrong.long", []any{"most", f.most, "is", utf8.RuneCountInString(text)}
	}
	if text == "" {
		return "", nil
	}
	switch f.sort {
	case aNumber:
		text = strings.Replace(text, ",", ".", 1)
		whole, part, dot := strings.Cut(text, ".")
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || len(text) > 9 || dot && part == "" || strings.Trim(whole+part, "0123456789") != "" || whole == "" {
			return "add.wrong.number", nil
		}
		if n < f.low || n > f.up {
			return "add.wrong.range", []any{"low", f.low, "up", f.up, "unit", f.unit}
		}
		if whole = strings.TrimLeft(whole, "0"); whole == "" {
			whole = "0"
		}
		if *value = whole; dot {
			*value += "." + part
		}
	case aTime:
		t, err := time.Parse("15:04", strings.Replace(text, ".", ":", 1))
		if err != nil {
			return "add.wrong.time", nil
		}
		*value = t.Format("15:04")
	case aChoice:
		for _, c := range f.choices {
			if c == text {
				return "", nil
			}
		}
		return "add.wrong.choice", nil
	}
	return "", nil
}

// hidden are characters that nobody sees: controls, and what turns the direction of text.
// A line may end, and Arabic and Hebrew have marks of their own that are let through.
func hidden(c rune) bool {
	switch c {
	case '\n', '\t':
		return false
	case '\u200e', '\u200f', '\u061c': // marks: they turn nothing but what stands beside them
		return false
	}
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == utf8.RuneError || c == '\u2028' || c == '\u2029'
}

// dateOf is three fields as a FHIR date, as precise as they are.
func dateOf(year, month, day string) (string, string) {
	year, month, day = strings.TrimSpace(year), strings.TrimSpace(month), strings.TrimSpace(day)
	if year+month+day == "" {
		return "", ""
	}
	number := func(s string, low, up int) (int, bool) {
		n, err := strconv.Atoi(s)
		return n, err == nil && n >= low && n <= up && len(s) <= mostDate && s[0] != '+'
	}
	y, ok := number(year, 1850, 2150)
	if !ok || day != "" && month == "" {
		return "", "add.wrong.date"
	}
	text := fmt.Sprintf("%04d", y)
	if month == "" {
		return text, ""
	}
	m, ok := number(month, 1, 12)
	if !ok {
		return "", "add.wrong.date"
	}
	text += fmt.Sprintf("-%02d", m)
	if day == "" {
		return text, ""
	}
	d, ok := number(day, 1, 31)
	text += fmt.Sprintf("-%02d", d)
	if _, err := time.Parse(time.DateOnly, text); !ok || err != nil {
		return "", "add.wrong.date"
	}
	return text, ""
}

// spread puts values into the fields of a form.
func spread(fields []field, values map[string]string) url.Values {
	form := url.Values{}
	for _, f := range fields {
		v := values[f.name]
		if f.sort != aDay && f.sort != aDate {
			form.Set(f.name, v)
			continue
		}
		for i, part := range strings.SplitN(v, "-", 3) {
			form.Set(f.name+[]string{"-year", "-month", "-day"}[i], part)
		}
	}
	return form
}

// fill puts what was typed, and what is wrong with it, into the fields.
func (a *App) fill(r *http.Request, kind string, fields []field, form url.Values, got answers) (list []filled) {
	for _, f := range fields {
		key := "add." + kind + "." + f.name
		x := filled{Name: f.name, Sort: string(f.sort), Label: a.pages.T(r, key), Unit: f.unit, Value: form.Get(f.name), Required: f.required,
			Long: f.sort == aText, Most: f.most, Href: "#" + f.name,
			Day: form.Get(f.name + "-day"), Month: form.Get(f.name + "-month"), Year: form.Get(f.name + "-year")}
		if !f.required {
			x.Label = a.pages.T(r, "add.optional", "label", x.Label)
		}
		switch {
		case a.pages.T(r, key+".hint") != "["+key+".hint]":
			x.Hint = a.pages.T(r, key+".hint")
		case f.sort == aDate:
			x.Hint = a.pages.T(r, "add.hint.date")
		case f.sort == aDay:
			x.Hint = a.pages.T(r, "add.hint.day")
		case f.sort == aText:
			x.Hint = a.pages.T(r, "add.hint.most", "most", f.most)
		}
		for _, c := range f.choices {
			x.Choices = append(x.Choices, choice{c, a.pages.T(r, "add.choice."+c), c == x.Value})
		}
		if wrong := got.wrong[f.name]; wrong != "" {
			x.Error = a.pages.T(r, wrong, got.with[f.name]...)
		}
		if x.Sort == string(aDay) || x.Sort == string(aDate) {
			x.Href += "-day"
		}
		for _, s := range []struct {
			on bool
			id string
		}{{x.Hint != "", f.name + "-hint"}, {x.Error != "", f.name + "-error"}} {
			if s.on {
				x.Describe = strings.TrimSpace(x.Describe + " " + s.id)
			}
		}
		list = append(list, x)
	}
	return list
}

// row is one answer, to be checked before it is kept.
type row struct{ Name, Label, Value string }

func (a *App) rows(r *http.Request, kind string, fields []field, got answers) (list []row) {
	for _, f := range fields {
		value := got.text[f.name]
		switch {
		case value == "":
			continue
		case f.sort == aDay, f.sort == aDate:
			value = a.when(r, value)
		case f.sort == aChoice:
			value = a.pages.T(r, "add.choice."+value)
		case f.unit != "":
			value += " " + f.unit
		}
		list = append(list, row{f.name, a.pages.T(r, "add."+kind+"."+f.name), value})
	}
	return list
}

// formPage is what the pages of a form have in common.
type formPage struct {
	Kind, Action, Key, Back, Lead string
	Fields                        []filled
	Wrong                         []filled // those with an error
	Rows                          []row
	Keep                          []choice // what was typed, for the next step
	Check                         bool
	Ref                           fhir.Ref
	Version                       uint64
}

func wrongOf(list []filled) (wrong []filled) {
	for _, f := range list {
		if f.Error != "" {
			wrong = append(wrong, f)
		}
	}
	return wrong
}

// typed is what was typed, so that the next page sends it on.
func typed(fields []field, form url.Values) (list []choice) {
	for _, f := range fields {
		names := []string{f.name}
		if f.sort == aDay || f.sort == aDate {
			names = []string{f.name + "-day", f.name + "-month", f.name + "-year"}
		}
		for _, n := range names {
			list = append(list, choice{Value: form.Get(n), Label: n})
		}
	}
	return list
}

// on sends the browser on after something was done.
func (a *App) on(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (a *App) render(w http.ResponseWriter, r *http.Request, file, title string, data any) error {
	return a.pages.Render(w, r, web.Page{File: file, Title: title, Nav: "add", Data: data})
}
