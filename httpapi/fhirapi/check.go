package fhirapi

import (
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// checked says what is doubtful about a resource that may be written; of one that is
// not valid an error with every issue, which problem.Outcome shows (FHIR R4
// §3.1.0.1.6: 422).
func checked(res *fhir.Resource) (hints []problem.Issue, err error) {
	found := validate.Resource(res)
	if validate.Errors(found) {
		return nil, invalid(issuesOf(found))
	}
	return append(issuesOf(found), aboutNobody(res)...), nil
}

// invalid is the error of a resource with these issues.
func invalid(issues problem.Issues) error {
	first := issues[0]
	for _, i := range issues {
		if i.Severity == validate.Error {
			first = i
			break
		}
	}
	return &record.Error{Kind: record.Unprocessed, Safe: "the resource is not valid FHIR R4", Shown: first.Diagnostics, Err: issues}
}

func issuesOf(found []validate.Issue) problem.Issues {
	issues := make(problem.Issues, 0, len(found))
	for _, i := range found {
		p := problem.Issue{Severity: i.Severity, Code: i.Code, Diagnostics: i.Text}
		if i.Path != "" {
			p.Expression = []string{i.Path}
		}
		issues = append(issues, p)
	}
	return issues
}

// checkedAll are all the issues of a resource, whether or not it may be written.
func checkedAll(res *fhir.Resource) problem.Issues {
	return append(issuesOf(validate.Resource(res)), aboutNobody(res)...)
}
