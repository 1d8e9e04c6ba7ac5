package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"carehold/record"
)

// The statuses as FHIR R4 §3.1.0 and RFC 9110 give them, the issues from FHIR's
// issue-type value set.
func TestTable(t *testing.T) {
	want := map[record.Kind][2]any{
		record.Invalid:      {400, "invalid"},
		record.Unprocessed:  {422, "processing"},
		record.Unauthorized: {401, "login"},
		record.Forbidden:    {403, "forbidden"},
		record.NotFound:     {404, "not-found"},
		NoType:              {404, "not-supported"},
		NoLink:              {404, "not-found"},
		record.Gone:         {410, "deleted"},
		record.NotAllowed:   {405, "not-supported"},
		record.Conflict:     {409, "conflict"},
		record.Precondition: {412, "conflict"},
		record.Ambiguous:    {412, "multiple-matches"}, // FHIR R4 §3.1.0.4.3, and issue-type
		record.TooLarge:     {413, "too-long"},
		record.TooMany:      {429, "throttled"},
		record.Unavailable:  {503, "transient"},
		record.Unsupported:  {501, "not-supported"},
		MediaType:           {415, "not-supported"},
		NotAcceptable:       {406, "not-supported"},
		Misdirected:         {421, "not-supported"}, // RFC 9110 §15.5.20
		NoLength:            {411, "required"},
		NoRange:             {416, "value"},
		Locked:              {423, "lock-error"}, // RFC 4918 §11.3
		NoRoom:              {507, "too-costly"}, // RFC 4918 §11.5
		record.Integrity:    {500, "no-store"},
		record.Internal:     {500, "exception"},
	}
	codes := map[string]bool{}
	for _, row := range Table {
		if want[row.Kind] != [2]any{row.Status, row.Issue} {
			t.Errorf("%s: %d %s", row.Kind, row.Status, row.Issue)
		}
		if codes[row.Code] {
			t.Errorf("two kinds have the code %s", row.Code)
		}
		codes[row.Code] = true
		if k, ok := KindOfCode(row.Code); !ok || k != row.Kind {
			t.Errorf("%s does not come back from its code", row.Kind)
		}
		if k := KindOfStatus(row.Status); k != row.Kind && row.Kind != record.Integrity && row.Kind != NoType && row.Kind != NoLink && row.Kind != record.Ambiguous {
			t.Errorf("%s does not come back from its status, but %s", row.Kind, k)
		}
	}
	if len(Table) != len(want) {
		t.Errorf("%d kinds in the table, %d expected", len(Table), len(want))
	}
}

func TestBodies(t *testing.T) {
	for _, err := range []error{
		errors.New("needle"), fmt.Errorf("wrapped: %w", errors.New("needle")),
		record.Errorf(record.NotFound, "needle"), record.Errorf(record.Unauthorized, "needle"),
		record.Errorf(record.Internal, "needle"),
	} {
		for _, b := range [][]byte{Outcome(err, "id"), HolderBody(err, "id")} {
			if !json.Valid(b) || bytes.Contains(b, []byte("needle")) {
				t.Errorf("%v is shown: %s", err, b)
			}
		}
	}
	if b := Outcome(record.Errorf(record.NotFound, "needle").At("Bundle.entry[3].resource"), ""); !bytes.Contains(b, []byte(`"expression":["Bundle.entry[3].resource"]`)) || bytes.Contains(b, []byte("needle")) {
		t.Errorf("which of a Bundle's entries is not there: %s", b)
	}
	e := record.Errorf(record.Invalid, "%q is no date", "31 <June>").At("Patient.birthDate")
	var o outcome
	if err := json.Unmarshal(Outcome(e, "7"), &o); err != nil {
		t.Fatal(err)
	}
	if o.ID != "7" || o.Issue[0].Diagnostics != `"31 <June>" is no date` || o.Issue[0].Expression[0] != "Patient.birthDate" || o.Issue[0].Severity != "error" {
		t.Errorf("%+v", o)
	}
}

// Several issues of one error are all there, in their order; where the table's own
// text stands for all errors of a kind, it is the only one.
func TestSeveralIssues(t *testing.T) {
	several := Issues{{Severity: "error", Code: "required", Diagnostics: "needle one", Expression: []string{"Patient.name"}},
		{Severity: "warning", Code: "invalid", Diagnostics: "needle two"}}
	var o outcome
	if err := json.Unmarshal(Outcome(&record.Error{Kind: record.Unprocessed, Err: several}, "7"), &o); err != nil {
		t.Fatal(err)
	}
	if o.ID != "7" || len(o.Issue) != 2 || o.Issue[0].Expression[0] != "Patient.name" || o.Issue[1].Severity != "warning" {
		t.Errorf("%+v", o)
	}
	for _, kind := range []record.Kind{record.NotFound, record.Unauthorized, record.Internal} {
		if b := Outcome(&record.Error{Kind: kind, Err: several}, ""); bytes.Contains(b, []byte("needle")) {
			t.Errorf("%s shows %s", kind, b)
		}
	}
	if e := (&record.Error{Kind: record.Unprocessed, Safe: "safe", Err: several}); e.Error() != "safe" || record.SafeText(e) != "safe" {
		t.Errorf("the text of it is %q", e.Error())
	}
}
