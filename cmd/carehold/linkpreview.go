package main

import (
	"context"
	"encoding/json"
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

// offerLink shows what the summary of a link would show, and asks whether it shall be
// made. With access to the API all of these sections are handed over, and that is shown.
func (a *app) offerLink(ctx context.Context, u *unlocked, req holder.GrantRequest, o linkOptions) (yes bool, err error) {
	p, err := u.session.Preview(ctx, grant.With(req.Sections), req.Scopes)
	if err != nil {
		return false, err
	}
	patient, err := u.session.Patient(ctx)
	if err != nil {
		return false, err
	}
	doc, filed, err := u.summaryOf(ctx, patient, req)
	if err != nil {
		return false, err
	}
	s, err := summed(doc, filed)
	if err != nil {
		return false, err
	}
	if a.json {
		if o.dry {
			return false, a.summary(s.json(p))
		}
	} else {
		a.showLinkPreview(u, req, p, s, o)
	}
	if o.dry {
		a.say("")
		a.say("Nothing was made.")
		return false, nil
	}
	if !a.yes {
		fmt.Fprintln(a.stdout)
		if ok, err := a.confirm("Make this link for "+partyName(req.To)+"?", false); err != nil || !ok {
			return false, declined(err)
		}
	}
	return true, nil
}

// summedUp is what a summary has of each section.
type summedUp struct {
	total    int
	entries  map[record.Section]int
	types    map[record.Section]map[string]int
	examples map[record.Section][]string
}

// summed reads a summary as its reader would.
func summed(doc []byte, filed map[fhir.Ref]record.Section) (summedUp, error) {
	s := summedUp{entries: map[record.Section]int{}, types: map[record.Section]map[string]int{}, examples: map[record.Section][]string{}}
	var b struct {
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(doc, &b); err != nil {
		return s, errors.New("the summary that was made cannot be read")
	}
	for _, e := range b.Entry {
		var name struct{ ResourceType, ID string }
		if err := json.Unmarshal(e.Resource, &name); err != nil {
			return s, errors.New("the summary that was made cannot be read")
		}
		section, ok := filed[fhir.Ref{Type: name.ResourceType, ID: name.ID}]
		if !ok {
			continue // its cover
		}
		s.total++
		s.entries[section]++
		if s.types[section] == nil {
			s.types[section] = map[string]int{}
		}
		s.types[section][name.ResourceType]++
		if t := summarize(e.Resource).Title; t != "" && !section.Always() && len(s.examples[section]) < 2 && !slices.Contains(s.examples[section], t) {
			s.examples[section] = append(s.examples[section], t)
		}
	}
	return s, nil
}

func (a *app) showLinkPreview(u *unlocked, req holder.GrantRequest, p message.Preview, s summedUp, o linkOptions) {
	what := "a summary of your record as it is when they open it"
	if o.snapshot {
		what = "a summary of your record as it is now"
	}
	a.paragraph("", partyName(req.To)+" could see "+what+", "+lasts(u, req)+". Today it has "+entriesOf(s.total)+":")
	a.say("")
	var open [][]string
	var closed []string
	for _, x := range p.Sections {
		section, err := record.ParseSection(x.Section)
		switch {
		case err != nil:
		case !x.Granted:
			closed = append(closed, x.Section)
		default:
			row := []string{fmt.Sprintf("%5s", thousands(s.entries[section])), x.Section, ""}
			switch {
			case s.entries[section] == 0 && x.Total > 0:
				row[2] = "nothing of it is in a summary"
			case s.entries[section] == 0:
				row[2] = "nothing in it now"
			case len(s.examples[section]) > 0:
				row[2] = "such as " + strings.Join(s.examples[section], "; ")
			case section.Always():
				row[2] = "in every link"
			}
			open = append(open, row)
		}
	}
	a.table("", open)
	if o.access {
		a.say("")
		a.paragraph("", "The token that it hands over opens more: all "+entriesOf(p.Total)+" in these sections, older ones and documents too.")
	}
	a.say("")
	a.paragraph("Closed:  ", strings.Join(closed, ", "))
}

// json is a grant's preview, counted in the summary.
func (s summedUp) json(p message.Preview) previewJSON {
	out := previewJSON{Total: s.total, Patient: true, Sections: []previewSectionJSON{}}
	for _, x := range p.Sections {
		section, err := record.ParseSection(x.Section)
		if err != nil {
			continue
		}
		row := previewSectionJSON{Section: x.Section, Granted: x.Granted}
		if x.Granted {
			row.Total, row.Types, row.Example = s.entries[section], s.types[section], strings.Join(s.examples[section], "; ")
		}
		out.Sections = append(out.Sections, row)
	}
	return out
}
