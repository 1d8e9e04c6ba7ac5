package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

// examples reads one entry of each section that would be open, for its title.
func (u *unlocked) examples(ctx context.Context, p message.Preview) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range p.Sections {
		section, err := record.ParseSection(s.Section)
		if err != nil || !s.Granted || section.Always() || len(s.Examples) == 0 {
			continue
		}
		var titles []string
		for _, text := range s.Examples {
			ref, err := fhir.ParseRef(text)
			if err != nil {
				return nil, errors.New("the server's preview names something that is no entry")
			}
			// A file has no name, and would be read to its end to find that out.
			if ref.Type == "Provenance" || ref.Type == "Binary" || len(titles) == 2 {
				continue
			}
			body, err := u.session.Read(ctx, ref)
			if err != nil {
				return nil, err
			}
			if t := summarize(body).Title; t != "" && !slices.Contains(titles, t) {
				titles = append(titles, t)
			}
		}
		out[s.Section] = strings.Join(titles, "; ")
	}
	return out, nil
}

// outside counts what is in the sections chosen, and outside the scopes. Without it
// nobody could tell a section that is empty from one that the scopes shut out.
func (u *unlocked) outside(ctx context.Context, req holder.GrantRequest, p message.Preview) (map[string]int, error) {
	out := map[string]int{}
	if unlimited(req.Scopes) && showsPatient(req.Scopes) {
		return out, nil
	}
	whole, err := u.session.Preview(ctx, grant.With(req.Sections), []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}})
	if err != nil {
		return nil, err
	}
	for _, s := range whole.Sections {
		if s.Granted {
			out[s.Section] = s.Total
		}
	}
	for _, s := range p.Sections {
		out[s.Section] -= s.Total
	}
	return out, nil
}

// showsPatient reports whether the scopes let the Patient be read or found.
func showsPatient(scopes []grant.Scope) bool {
	return slices.ContainsFunc(scopes, func(s grant.Scope) bool {
		return (s.Type == "*" || s.Type == "Patient") && s.Verbs&(grant.Read|grant.Search) != 0
	})
}

func (a *app) showPreview(u *unlocked, req holder.GrantRequest, p message.Preview, examples map[string]string, outside map[string]int) {
	if p.Total == 0 {
		a.paragraph("", partyName(req.To)+" would see nothing: your record holds no entry in what you chose"+narrowed(req.Scopes)+
			". What comes into it later they could "+mayDo(req.Scopes)+", "+lasts(u, req)+", for "+grant.Purposes[req.Purpose]+":")
	} else {
		a.paragraph("", partyName(req.To)+" could "+mayDo(req.Scopes)+" "+entriesOf(p.Total)+narrowed(req.Scopes)+", "+lasts(u, req)+", for "+grant.Purposes[req.Purpose]+":")
	}
	a.say("")
	var open [][]string
	var closed []string
	hidden := 0
	for _, s := range p.Sections {
		section, _ := record.ParseSection(s.Section)
		switch {
		case s.Granted:
			row := []string{fmt.Sprintf("%5s", thousands(s.Total)), s.Section, examples[s.Section]}
			switch {
			case s.Total == 0 && outside[s.Section] > 0:
				row[2] = "not within these scopes: it holds " + entriesOf(outside[s.Section])
			case s.Total == 0:
				row[2] = "nothing in it now"
			case examples[s.Section] != "":
				row[2] = "such as " + examples[s.Section]
			case section.Always():
				row[2] = "in every grant"
			}
			open = append(open, row)
		case s.Total > 0:
			closed = append(closed, fmt.Sprintf("%s (%d)", s.Section, s.Total))
			hidden += s.Total
		default:
			closed = append(closed, s.Section)
		}
	}
	a.table("", open)
	a.say("")
	if !showsPatient(req.Scopes) {
		a.paragraph("Note:    ", "With these scopes they cannot see whose record it is: add patient/Patient.rs to them.")
		a.say("")
	}
	if len(closed) == 0 {
		for _, n := range outside {
			if n > 0 {
				a.say("No section stays closed; what is not within these scopes does.")
				return
			}
		}
		a.say("Nothing stays closed: this is the whole record.")
		return
	}
	a.paragraph("Closed:  ", strings.Join(closed, ", "))
	if hidden > 0 {
		a.paragraph("         ", "For them these do not exist: they are told neither what nor how many.")
	}
}

func lasts(u *unlocked, req holder.GrantRequest) string {
	if req.Lasts == 0 {
		return "until you stop it"
	}
	return until(u.Now().Add(req.Lasts))
}

// narrowed names scopes that limit something; the words of mayDo do not say which types.
func narrowed(scopes []grant.Scope) string {
	if unlimited(scopes) {
		return ""
	}
	return " (only " + grant.FormatScopes(scopes) + ")"
}

// unlimited reports whether the words of mayDo say all that the scopes do: each is of all
// types, and what can be read can be looked for.
func unlimited(scopes []grant.Scope) bool {
	var all, wide grant.Verbs
	for _, s := range scopes {
		all |= s.Verbs
		if s.Type == "*" && len(s.Params) == 0 {
			wide |= s.Verbs
		}
	}
	return all == wide && (all&grant.Read == 0) == (all&grant.Search == 0)
}

// mayDo says what the scopes allow, in words.
func mayDo(scopes []grant.Scope) string {
	var all grant.Verbs
	for _, s := range scopes {
		all |= s.Verbs
	}
	var verbs []string
	for _, v := range []struct {
		verb grant.Verbs
		word string
	}{{grant.Read | grant.Search, "read"}, {grant.Create, "add to"}, {grant.Update, "change"}, {grant.Delete, "delete"}} {
		if all&v.verb != 0 {
			verbs = append(verbs, v.word)
		}
	}
	return and(verbs)
}

type previewJSON struct {
	Total    int                  `json:"total"`
	Sections []previewSectionJSON `json:"sections"`
	Patient  bool                 `json:"shows_patient"` // whether they can see whose record it is
}

type previewSectionJSON struct {
	Section string         `json:"section"`
	Granted bool           `json:"granted"`
	Total   int            `json:"total"`
	Outside int            `json:"outside_scopes,omitempty"`
	Types   map[string]int `json:"types,omitempty"`
	Example string         `json:"example,omitempty"`
}

func previewOf(req holder.GrantRequest, p message.Preview, examples map[string]string, outside map[string]int) previewJSON {
	out := previewJSON{Total: p.Total, Patient: showsPatient(req.Scopes), Sections: []previewSectionJSON{}}
	for _, s := range p.Sections {
		out.Sections = append(out.Sections, previewSectionJSON{s.Section, s.Granted, s.Total, outside[s.Section], s.Types, examples[s.Section]})
	}
	return out
}
