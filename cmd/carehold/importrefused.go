package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// refusal is an entry that is not imported, by the names that its own file gives it,
// and all that is wrong with it.
type refusal struct {
	change.Refusal
	FullURL string
	Issues  []issueJSON // of what FHIR does not allow; else Reason is all there is
}

type issueJSON struct {
	Path    string `json:"path"` // FHIRPath of the element
	Message string `json:"message"`
}

// checker asks whether FHIR allows what would be sent, and remembers all that it
// does not: the plan's reason is one text. The same text is of the same issues.
type checker map[string][]issueJSON

func (c checker) check(r *fhir.Resource) error {
	var issues []issueJSON
	var texts []string
	for _, i := range validate.Resource(r) {
		if i.Severity == validate.Error {
			issues = append(issues, issueJSON{i.Path, i.Text})
			texts = append(texts, i.Text)
		}
	}
	if issues == nil {
		return nil
	}
	err := record.Errorf(record.Unprocessed, "%s", strings.Join(texts, "; "))
	c[err.Error()] = issues
	return err
}

// refusals are those of a plan.
func (c checker) refusals(b *change.Bundle, plan *change.Import) []refusal {
	urls := make(map[int]string, len(b.Entries))
	for _, e := range b.Entries {
		urls[e.Index] = e.FullURL
	}
	var out []refusal
	for _, x := range plan.Refused {
		r := refusal{Refusal: x, FullURL: urls[x.Index], Issues: c[x.Reason]}
		r.Reason = withoutPlace(r.Reason)
		out = append(out, r)
	}
	return out
}

// inEntry is where an error says that it happened. Which entry that is, is said in
// front of it, counted as people count.
var inEntry = regexp.MustCompile(`^Bundle\.entry\[\d+\](\.resource)?(\.|: )`)

func withoutPlace(reason string) string { return inEntry.ReplaceAllString(reason, "") }

// name is what the file calls it: "entry 3 (Observation/weight)".
func (x refusal) name() string {
	text := fmt.Sprintf("entry %d", x.Index+1)
	what := joined(" ", x.Ref.Type, x.FullURL)
	if x.Ref.ID != "" {
		what = x.Ref.String()
	}
	if what != "" {
		text += " (" + clean(what) + ")"
	}
	return text
}

// message is the first thing that is wrong with it, and how many there are besides.
func (x refusal) message() string {
	switch n := len(x.Issues); n {
	case 0:
		return x.Reason
	case 1:
		return x.Issues[0].Message
	default:
		return fmt.Sprintf("%s; and %d more", x.Issues[0].Message, n-1)
	}
}

type refusedJSON struct {
	Source  string      `json:"source"`
	Index   int         `json:"index"`
	Ref     string      `json:"ref,omitempty"`
	FullURL string      `json:"full_url,omitempty"`
	Message string      `json:"message"`
	Issues  []issueJSON `json:"issues,omitempty"`
}

const (
	maxRefusals = 50
	fewRefusals = 5 // so many are listed though all have one reason
	maxIssues   = 5 // of one entry
)

// listRefused lists what was refused, each with its reasons.
func (a *app) listRefused(list []refusal) {
	line := func(head, text string) { io.WriteString(a.stderr, wrap(head, clean(text), a.noteColumns())) }
	for i, x := range list {
		if i == maxRefusals {
			fmt.Fprintf(a.stderr, "  … and %d more; --json lists all\n", len(list)-i)
			return
		}
		if len(x.Issues) == 0 {
			line("  refused: ", x.name()+": "+x.Reason)
		}
		for k, issue := range x.Issues {
			switch {
			case k == maxIssues:
				line("           ", fmt.Sprintf("and %d more; --json lists all", len(x.Issues)-k))
			case k > maxIssues:
			case k == 0:
				line("  refused: ", x.name()+": "+issue.Message)
			default:
				line("           also ", issue.Message)
			}
		}
	}
}

// onlyReason is why all of them were refused, where that is one and the same: a file
// about two people has thousands of entries, and one reason.
func onlyReason(list []refusal) string {
	for _, x := range list {
		if len(x.Issues) > 0 || x.Reason != list[0].Reason {
			return ""
		}
	}
	return list[0].Reason
}

// refusedNames are what the file's references call the entries that were refused.
func refusedNames(list []refusal) map[string]bool {
	names := map[string]bool{}
	for _, x := range list {
		if x.Ref.ID != "" {
			names[x.Ref.String()] = true
		}
		if x.FullURL != "" {
			names[x.FullURL] = true
			if t := fhir.ParseReference(x.FullURL); t.Form == fhir.Absolute {
				names[t.Ref.String()] = true
			}
		}
	}
	return names
}

// leadTo counts the references of changes to any of the names.
func leadTo(changes []change.Change, names map[string]bool) int {
	n := 0
	for _, c := range changes {
		if len(names) == 0 {
			return 0
		}
		for _, r := range c.Resource.References() {
			to := r.Value
			if t := fhir.ParseReference(to); t.Form == fhir.Relative || t.Form == fhir.Absolute {
				to = t.Base + t.Ref.String() // whatever version of it
			}
			if r.In == fhir.InReference && names[to] {
				n++
			}
		}
	}
	return n
}
