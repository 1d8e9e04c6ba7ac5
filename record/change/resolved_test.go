package change_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
)

func put(url, resource string) string {
	return `{"resource":` + resource + `,"request":{"method":"PUT","url":"` + url + `"}}`
}

// What an import could not resolve stays: Synthea's own exports name their
// hospitals and doctors by queries, into bundles of their own.
func TestPlanResolved(t *testing.T) {
	resources := []string{
		`{"resourceType":"Encounter","id":"a","serviceProvider":{"reference":"Organization?identifier=https://example.org|1"},"z":1.0}`,
		`{"resourceType":"Encounter","id":"b","subject":{"reference":"urn:uuid:nothing"}}`,
		`{"resourceType":"Encounter","id":"c","subject":{"reference":"http://h/Patient/9/_history/3"},"partOf":{"reference":"Encounter/a"}}`,
	}
	b, err := change.ParseBundle([]byte(bundle("transaction", put("Encounter/a", resources[0]), put("Encounter/b", resources[1]), put("Encounter/c", resources[2]))), change.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan(bundle("transaction", put("Encounter/a", resources[0]), put("Encounter/b", resources[1]), put("Encounter/c", resources[2])), found{}); err == nil {
		t.Error("an ordinary transaction with a reference to nothing is taken")
	}
	cs, err := change.PlanResolved(b)
	if err != nil || len(cs) != 3 {
		t.Fatal(len(cs), err)
	}
	for i, c := range cs {
		if c.Verb != change.Update || c.Ref.String() != "Encounter/"+string("abc"[i]) || c.Index != i || !bytes.Equal(c.Resource.Bytes(), []byte(resources[i])) {
			t.Errorf("%d: %+v %s", i, c, c.Resource.Bytes())
		}
	}
	const basic = `{"resourceType":"Basic","id":"1"}`
	for text, kind := range map[string]record.Kind{
		bundle("batch", put("Basic/1", basic)):                                                                 record.Invalid,
		bundle("transaction", put("Basic/1", basic), put("Basic/1", basic)):                                    record.Invalid,
		bundle("transaction", put("Basic/2", basic)):                                                           record.Invalid,
		bundle("transaction", put("Basic?identifier=1", basic)):                                                record.Unsupported,
		bundle("transaction", put("Basic/1", `{"resourceType":"Basic"}`)):                                      record.Invalid,
		bundle("transaction", put("Parameters/1", `{"resourceType":"Parameters","id":"1"}`)):                   record.NotAllowed,
		bundle("transaction", put("Basic/1", `{"resourceType":"Basic","id":"1","x":[]}`)):                      record.Invalid,
		bundle("transaction", `{"resource":`+basic+`}`):                                                        record.Invalid,
		bundle("transaction", `{"resource":`+basic+`,"request":{"method":"POST","url":"Basic"}}`):              record.Invalid,
		bundle("transaction", `{"request":{"method":"DELETE","url":"Basic/1"}}`):                               record.Invalid,
		bundle("transaction", `{"request":{"method":"GET","url":"Basic/1"}}`):                                  record.Invalid,
		bundle("transaction", strings.Replace(put("Basic/1", basic), `"PUT"`, `"PUT","ifMatch":"W/\"1\""`, 1)): "",
	} {
		b, err := change.ParseBundle([]byte(text), change.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := change.PlanResolved(b); kind == "" && err != nil || kind != "" && !errors.Is(err, kind) {
			t.Errorf("%s: %v, want %s", text, err, kind)
		}
	}
}
