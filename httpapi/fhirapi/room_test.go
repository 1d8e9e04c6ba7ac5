package fhirapi

import (
	"bytes"
	"errors"
	"testing"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// A transaction answers with what it read, and with what it wrote as far as there is
// room; what it does not answer with it holds no longer.
func TestTransactionAnswerIsBounded(t *testing.T) {
	body := []byte(`{"resourceType":"Basic","id":"a","extension":[{"url":"http://x.example","valueString":"` + string(bytes.Repeat([]byte("x"), 3<<20)) + `"}]}`)
	a := New(Config{Base: "https://record.example.org/fhir"})
	for name, c := range map[string]struct {
		prefer       string
		shown, notes int
	}{
		"representation":   {"representation", 10, 21}, // 32 MiB of 3 MiB and a little each
		"minimal":          {"minimal", 1, 0},
		"OperationOutcome": {"OperationOutcome", 1, 0},
		"nothing said":     {"", 1, 0},
	} {
		q, err := askOf(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		tx := &transaction{reads: map[int]*asked{30: q}}
		results := make([]store.Result, 31)
		for i := range results {
			tx.plan = append(tx.plan, change.Change{Index: i, Verb: change.Exists})
			results[i] = store.Result{Ref: fhir.Ref{Type: "Basic", ID: "a"}, Version: 1, Unchanged: true, Body: body}
		}
		tx.plan[30].Verb = change.Read
		responses, err := a.responses(tx, results, preference{ret: c.prefer})
		if err != nil {
			t.Fatal(err)
		}
		shown, notes := 0, 0
		for i, r := range responses {
			if r.entry.Resource != nil {
				shown++
			}
			if bytes.Contains(r.entry.Outcome, []byte(`"severity":"information","code":"too-long"`)) {
				notes++
			}
			if r.index != i || r.entry.Status != "200 OK" || r.entry.ETag != `W/"1"` {
				t.Errorf("%s: entry %d is %d, %s %s", name, i, r.index, r.entry.Status, r.entry.ETag)
			}
			if results[i].Body != nil {
				t.Errorf("%s: the body of entry %d is still held", name, i)
			}
		}
		if shown != c.shown || notes != c.notes || responses[30].entry.Resource == nil {
			t.Errorf("%s: %d are shown and %d are not, want %d and %d; what was read is shown: %v", name, shown, notes, c.shown, c.notes, responses[30].entry.Resource != nil)
		}
	}
}

// Ten thousand entries that are refused, each with a hundred issues, are as little.
func TestRefusalsAreBounded(t *testing.T) {
	several := make(problem.Issues, 100)
	for i := range several {
		several[i] = problem.Issue{Severity: "error", Code: "value", Diagnostics: string(bytes.Repeat([]byte("x"), 200))}
	}
	err := &record.Error{Kind: record.Unprocessed, Shown: "the first", Err: several}
	left, size := room(maxBundleAnswer), 0
	for range 10_000 {
		b := left.refused(err)
		if size += len(b); !bytes.Contains(b, []byte(`"OperationOutcome"`)) {
			t.Fatalf("%s", b)
		}
	}
	if size > 34<<20 {
		t.Errorf("%d bytes", size)
	}
	if b := left.refused(err); !bytes.Contains(b, []byte("the first")) || !errors.Is(err, record.Unprocessed) {
		t.Errorf("%s", b)
	}
}
