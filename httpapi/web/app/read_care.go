package app

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/store"
)

// careGroups are the parts of the page about care and support, in their order: which types
// are in each, and how many of them it has at most. What is over stays in the list.
var careGroups = []struct {
	key   string
	types []string
	most  int
}{
	{"about", nil, 10}, // what is filed under what matters to the person, of any type
	{"team", []string{"CareTeam"}, 10},
	{"plans", []string{"CarePlan"}, 20},
	{"goals", []string{"Goal"}, 40},
	{"support", []string{"ServiceRequest", "DeviceRequest", "DeviceUseStatement", "NutritionOrder", "Task", "Flag"}, 60},
	{"people", []string{"RelatedPerson"}, 30},
	{"assessments", []string{"QuestionnaireResponse"}, 20},
	{"money", []string{"Account", "Coverage", "Contract", "Claim", "ClaimResponse", "ExplanationOfBenefit", "Invoice"}, 30},
}

type careGroup struct {
	Key   string
	Items []item
}

// member is one of a team.
type member struct {
	Name, Role, Since string
}

// answer is one of what the person says of themself.
type answer struct{ Question, Text string }

type care struct {
	Coordinators []member
	Members      []member
	Former       []member
	Answers      []answer
	AnswersOf    item
	Groups       []careGroup
	Any          bool
	Hidden       int
}

// Care is what supports the person: what matters to them first, then who is there for
// them, the care coordinator before all, plans, goals, support, and the money.
func (a *App) Care(w http.ResponseWriter, r *http.Request, v *store.View) error {
	places := make([][]int, len(careGroups))
	b := &browser{filter: filter{Card: "care"}, pick: func(b *browser) (list []int) {
		for i := range places {
			places[i] = places[i][:0]
		}
		for _, l := range b.lines {
			i := careGroupOf(l)
			if i < 0 || l.state == past || len(places[i]) >= careGroups[i].most {
				continue
			}
			places[i] = append(places[i], len(list))
			list = append(list, l.n)
		}
		return list
	}}
	page, err := b.browse(r.Context(), v, typesOf("care"))
	if err != nil {
		return err
	}
	defer page.Release()
	d := care{Any: len(page.Entries) > 0, Hidden: b.hidden}
	items := a.items(r, b, page)
	today := time.Now()
	for i, at := range places {
		g := careGroup{Key: careGroups[i].key}
		for _, n := range at {
			e := &page.Entries[n].Entry
			if res, err := fhir.Parse(e.Body, fhir.Limits{}); err == nil {
				switch {
				case g.Key == "team":
					a.team(r, &d, res, today)
				case g.Key == "about" && d.Answers == nil:
					if d.Answers = answersOf(res); d.Answers != nil {
						d.AnswersOf = items[n]
						continue // it is told above
					}
				}
			}
			g.Items = append(g.Items, items[n])
		}
		d.Groups = append(d.Groups, g)
	}
	return a.pages.Render(w, r, web.Page{File: "care", Title: a.pages.T(r, "record.care.title"), Nav: "record", Data: d})
}

func careGroupOf(l line) int {
	if l.section == record.AboutMe {
		return 0
	}
	return slices.IndexFunc(careGroups, func(g struct {
		key   string
		types []string
		most  int
	}) bool {
		return slices.Contains(g.types, l.typ)
	})
}

// coordinates reports whether a role is that of the one who holds care together: by SNOMED
// CT, or as it is written.
func coordinates(role fhir.Node) bool {
	return speak.AnyCode(role, func(system, code string) bool {
		return code == "768820003" || code == "768821004"
	}) || strings.Contains(strings.ToLower(speak.Concepts(role)), "coordinator")
}

// team adds the members of a care team: who is there now, and who was.
func (a *App) team(r *http.Request, d *care, res *fhir.Resource, now time.Time) {
	for p := range res.Root().Get("participant").All() {
		who := p.Get("member")
		m := member{Name: speak.Clean(speak.Or(who.Get("display").Text(), who.Get("identifier").Get("value").Text())), Role: speak.Concepts(p.Get("role"))}
		if m.Name == "" {
			m.Name = a.pages.T(r, "record.care.unnamed")
		}
		if since := a.when(r, p.Get("period").Get("start").Text()); since != "" {
			m.Since = a.pages.T(r, "record.care.since", "date", since)
		}
		if gone(p.Get("period").Get("end").Text(), now) {
			m.Since = a.period(r, p.Get("period"))
			d.Former = append(d.Former, m)
		} else if coordinates(p.Get("role")) {
			d.Coordinators = append(d.Coordinators, m)
		} else {
			d.Members = append(d.Members, m)
		}
	}
}

// coordinators are who holds together the care that a team gives.
func (a *App) coordinators(r *http.Request, e *store.Entry) []member {
	var d care
	if res, err := fhir.Parse(e.Body, fhir.Limits{}); err == nil {
		a.team(r, &d, res, time.Now())
	}
	return d.Coordinators
}

// gone reports whether a time, as precise as it is, is past.
func gone(text string, now time.Time) bool {
	end, err := fhir.ParseDateTime(text)
	if err != nil {
		return false
	}
	_, to := end.Interval()
	return !to.After(now)
}

// answersOf are those of a questionnaire, in its order; nil for what is none.
func answersOf(res *fhir.Resource) (list []answer) {
	if res.Type() != "QuestionnaireResponse" {
		return nil
	}
	var walk func(items fhir.Node)
	walk = func(items fhir.Node) {
		for x := range items.All() {
			if len(list) == 60 {
				return
			}
			question := speak.Clean(x.Get("text").Text())
			for y := range x.Get("answer").All() {
				if text := speak.Value(y); text != "" {
					list = append(list, answer{question, text})
					question = ""
				}
				walk(y.Get("item"))
			}
			walk(x.Get("item"))
		}
	}
	walk(res.Root().Get("item"))
	return list
}
