package problem

import (
	"encoding/json"
	"errors"
	"strings"

	"carehold/record"
)

// text is what the client is shown, and path where in what they sent.
func text(err error, row Row) (text, path string) {
	e, ok := errors.AsType[*record.Error](err)
	if row.Text != "" {
		if ok && row.Kind == record.NotFound && strings.HasPrefix(e.Path, "Bundle.entry[") {
			path = e.Path // which of many, by the place that whoever sent them gave it
		}
		return row.Text, path
	}
	if !ok {
		return string(row.Kind), ""
	}
	path = e.Path
	if text = e.Shown; text == "" {
		text = e.Safe
	}
	if text == "" {
		text = string(row.Kind)
	}
	return text, path
}

type outcome struct {
	ResourceType string  `json:"resourceType"`
	ID           string  `json:"id,omitempty"`
	Issue        []Issue `json:"issue"`
}

// Issue is OperationOutcome.issue.
type Issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Diagnostics string   `json:"diagnostics,omitempty"`
	Expression  []string `json:"expression,omitempty"`
}

// Issues are what is wrong in several places at once. They stand as the cause of a
// *record.Error, whose own text says the same in a word, for who shows one line.
type Issues []Issue

func (Issues) Error() string { return "several issues" } // the cause of an error is never shown

// Outcome is the error as an OperationOutcome. The request id is its id, so that
// the person who asks for help has it in front of them; it may be empty.
func Outcome(err error, requestID string) []byte {
	row := Of(err)
	if several, ok := errors.AsType[Issues](err); ok && row.Text == "" && len(several) > 0 {
		return OutcomeOf(requestID, several...)
	}
	text, path := text(err, row)
	issue := Issue{Severity: "error", Code: row.Issue, Diagnostics: text}
	if path != "" {
		issue.Expression = []string{path}
	}
	return OutcomeOf(requestID, issue)
}

// OutcomeOf is an OperationOutcome with these issues.
func OutcomeOf(id string, issues ...Issue) []byte {
	b, err := json.Marshal(outcome{ResourceType: "OperationOutcome", ID: id, Issue: issues})
	if err != nil { // strings always encode
		panic("problem: encoding an OperationOutcome")
	}
	return b
}

// Holder is the body of an error at the holder's door:
//
//	{"error": {"code": "not-found", "message": "…", "hint": "…", "path": "…", "request": "…"}}
type Holder struct {
	Error Detail `json:"error"`
}

// Detail is what is inside it.
type Detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Path    string `json:"path,omitempty"`
	Request string `json:"request,omitempty"`
}

// hints say what to do next, where the message does not.
var hints = map[record.Kind]string{
	record.Unauthorized: "sign in again",
	record.Conflict:     "somebody else's change came first: load it, and do yours again",
	record.TooMany:      "wait as long as the Retry-After header says",
	record.Unavailable:  "try again in a moment",
}

// HolderBody is the error as the holder's door puts it.
func HolderBody(err error, requestID string) []byte {
	row := Of(err)
	text, path := text(err, row)
	b, jerr := json.Marshal(Holder{Detail{row.Code, text, hints[row.Kind], path, requestID}})
	if jerr != nil {
		panic("problem: encoding an error")
	}
	return b
}

// Noter is an http.ResponseWriter that can keep a fault for the log which the
// answer itself has already told: that of one entry of a batch.
type Noter interface{ Note(error) }
