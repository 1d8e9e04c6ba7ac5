package fhirapi

import (
	"iter"
	"net/http"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record/store"
)

// preference is what a Prefer header asks for, RFC 7240. What it asks for beyond
// this is passed over, as that RFC's §2 has it: respond-async too, but by $export, which
// FHIR R4 §3.1.0.16 leaves to the server; the answer comes at once.
type preference struct {
	ret    string // minimal, representation, OperationOutcome, or ""
	strict bool   // handling=strict
}

// preferences reads Prefer. What is unknown or ill-written asks for nothing; of
// two preferences of a name the first counts (RFC 7240 §2).
func preferences(headers []string) (p preference) {
	handling := ""
	for name, value := range eachPreference(headers) {
		switch name {
		case "return":
			if p.ret == "" && (value == "minimal" || value == "representation" || value == "OperationOutcome") {
				p.ret = value
			}
		case "handling":
			if handling == "" {
				handling = value
			}
		}
	}
	p.strict = handling == "strict"
	return p
}

// eachPreference are the preferences of the headers, by their names in lower case.
func eachPreference(headers []string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
			first, _, _ := strings.Cut(part, ";")
			name, value, _ := strings.Cut(first, "=")
			if !yield(strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)) {
				return
			}
		}
	}
}

// written answers a create, an update or a patch as the client prefers it (FHIR R4
// §3.1.0.1.9). hints are what is doubtful about what was written, for who asks for
// an OperationOutcome. Of a result without a body the client may not read it.
func written(w http.ResponseWriter, status int, p preference, res store.Result, hints []problem.Issue) error {
	if p.ret != "" {
		w.Header().Set("Preference-Applied", "return="+p.ret) // RFC 7240 §3
	}
	switch {
	case p.ret == "OperationOutcome":
		return write(w, status, problem.OutcomeOf("", kept(res, hints)...))
	case p.ret == "minimal" || res.Body == nil:
		w.WriteHeader(status)
		return nil
	}
	return write(w, status, representation(res))
}

// kept are the issues of a change that was made: at least one, for an
// OperationOutcome has no fewer.
func kept(res store.Result, hints []problem.Issue) []problem.Issue {
	text := "kept as sent; id, versionId and lastUpdated are this server's"
	switch {
	case res.Deleted && res.Version == 0:
		text = "nothing matched, and nothing was deleted"
	case res.Deleted && res.Unchanged:
		text = "nothing was written: it was deleted already"
	case res.Deleted:
		text = "deleted; earlier versions stay in the history"
	case res.Unchanged:
		text = "nothing was written: it is there already"
	}
	return append([]problem.Issue{{Severity: "information", Code: "informational", Diagnostics: text}}, hints...)
}
