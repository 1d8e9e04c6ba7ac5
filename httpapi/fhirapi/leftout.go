package fhirapi

import (
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record/search"
	"carehold/record/store"
)

// leftOut names the parameters that were not applied, and what the grant has no right
// to search: some of several types, and what a chain, a _has or an include leads to.
// What is silently left out could be believed not to be there. Values are not repeated.
// What is said of types follows from the grant's scopes, which shown tells, and is the
// same whatever there is of them.
func leftOut(v *store.View, q *search.Query, shown func(typ string) bool) []problem.Issue {
	var issues []problem.Issue
	suppressed := func(parameter, text string) {
		issues = append(issues, problem.Issue{Severity: "warning", Code: "suppressed", Expression: []string{parameter}, Diagnostics: text})
	}
	if not := closed(shown, q.Types); not != "" {
		suppressed("_type", "this token does not let "+not+" be searched: nothing is said here of whether there are any")
	}
	for _, f := range q.Follows() {
		not := closed(v.Searches, f.Types)
		switch {
		case not == "":
		case f.Includes:
			suppressed(f.Parameter, "this token does not let "+not+" be searched: none of them is included, whether there are any or not")
		default:
			suppressed(f.Parameter, "this token does not let "+not+" be searched: "+f.Parameter+" finds nothing by them, whether there are any or not")
		}
	}
	for _, name := range q.Ignored {
		issue := notNarrowed(name)
		if slices.Contains(q.Empty, name) {
			issue.Code, issue.Diagnostics = "value", "the parameter "+name+" was left out, for it has no value: what is here was not narrowed by it"
		}
		issues = append(issues, issue)
	}
	return issues
}

// notNarrowed names a parameter that was left out.
func notNarrowed(name string) problem.Issue {
	return problem.Issue{Severity: "warning", Code: "not-supported",
		Diagnostics: "the parameter " + name + " was left out: what is here was not narrowed by it"}
}

// closed names those of the types that the grant has no right to search.
func closed(shown func(typ string) bool, types []string) string {
	const enough = 8
	not := slices.DeleteFunc(slices.Clone(types), shown)
	if len(not) > enough {
		return strings.Join(not[:enough], ", ") + " and " + strconv.Itoa(len(not)-enough) + " other types"
	}
	return strings.Join(not, ", ")
}
