package change_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

// found answers what a record would: "Type?query" to refs.
type found map[string][]fhir.Ref

func (f found) Find(typ, query string) ([]fhir.Ref, error) { return f[typ+"?"+query], nil }

// Current finds Type/id when f has it; what it holds is little.
func (f found) Current(ref fhir.Ref) (*fhir.Resource, error) {
	if _, there := f[ref.String()]; !there {
		return nil, record.Safef(record.NotFound, "no such entry")
	}
	return fhir.Parse([]byte(`{"resourceType":"`+ref.Type+`","id":"`+ref.ID+`","subject":{"reference":"urn:uuid:old"},"other":{"reference":"Basic?identifier=old"}}`), fhir.Limits{})
}

// jsonPatch is the resource of an entry that patches.
func jsonPatch(patch string) string {
	return `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"` + base64.StdEncoding.EncodeToString([]byte(patch)) + `"}`
}

func bundle(typ string, entries ...string) string {
	if len(entries) == 0 {
		return `{"resourceType":"Bundle","type":"` + typ + `"}`
	}
	return `{"resourceType":"Bundle","type":"` + typ + `","entry":[` + strings.Join(entries, ",") + `]}`
}

// entry is an entry with a request; the other arguments go in as they are.
func entry(method, url string, members ...string) string {
	return `{` + strings.Join(append(members, `"request":{"method":"`+method+`","url":"`+url+`"}`), ",") + `}`
}

func plan(text string, find change.Finder) ([]change.Change, error) {
	b, err := change.ParseBundle([]byte(text), change.Limits{})
	if err != nil {
		return nil, err
	}
	n := 0
	o := change.Options{NewID: func(typ string) string { n++; return fmt.Sprintf("new-%d", n) }}
	asked, err := change.Requests(b)
	if err != nil {
		return nil, err
	}
	if b.Type == "transaction" {
		return transaction(asked, o, find)
	}
	for i := range asked {
		if c, err := change.One(asked[i], o, find); err != nil {
			asked[i].Err = err
		} else {
			asked[i] = c
		}
	}
	return asked, nil
}

// transaction plans one as a whole.
func transaction(asked []change.Change, o change.Options, find change.Finder) ([]change.Change, error) {
	t, err := change.Prepare(asked, o)
	if err != nil {
		return nil, err
	}
	return t.Plan(find)
}

var verbs = map[change.Verb]string{change.Create: "create", change.Update: "update", change.Delete: "delete", change.Read: "read",
	change.Head: "head", change.Search: "search", change.Exists: "exists", change.Absent: "absent"}

func show(cs []change.Change) string {
	var out []string
	for _, c := range cs {
		s := fmt.Sprintf("%d %s %s", c.Index, verbs[c.Verb], c.Ref)
		if c.Err != nil {
			s = fmt.Sprintf("%d %s", c.Index, record.KindOf(c.Err))
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestTransactionOrder(t *testing.T) {
	cs, err := plan(bundle("transaction",
		entry("GET", "Patient/1?_summary=true"),
		entry("PATCH", "Patient/2", jsonPatch(`[{"op":"add","path":"/active","value":true}]`)),
		entry("PUT", "Patient/1", `"resource":{"resourceType":"Patient","id":"1"}`),
		entry("HEAD", "Patient/1/_history/3"),
		entry("POST", "Observation", `"resource":{"resourceType":"Observation","id":"mine"}`),
		entry("DELETE", "Observation/2"),
		entry("POST", "Basic", `"resource":{"resourceType":"Basic"}`),
		entry("GET", "Patient/1/_history/3"),
		entry("DELETE", "Observation/1"),
	), found{"Patient/2": {{}}})
	want := `5 delete Observation/2
8 delete Observation/1
4 create Observation/new-1
6 create Basic/new-2
1 update Patient/2
2 update Patient/1
0 read Patient/1
3 head Patient/1
7 read Patient/1`
	if got := show(cs); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
}

// The references of FHIR R4 §3.1.0.11.2 and §2.36.4.1, one by one.
func TestTransactionReferences(t *testing.T) {
	const base = "http://example.org/fhir/"
	entries := []string{
		entry("POST", "Patient", `"fullUrl":"urn:uuid:p"`, `"resource":{"resourceType":"Patient"}`),
		entry("POST", "Organization", `"fullUrl":"`+base+`Organization/o"`, `"resource":{"resourceType":"Organization"}`),
		entry("PUT", "Practitioner/7", `"fullUrl":"`+base+`Practitioner/7"`, `"resource":{"resourceType":"Practitioner","id":"7"}`),
		entry("POST", "Basic", `"fullUrl":"urn:uuid:b"`, `"resource":{"resourceType":"Basic","identifier":[{"system":"s","value":"v"}]}`),
	}
	for _, c := range []struct{ fullURL, element, want string }{
		{"urn:uuid:x", `"subject":{"reference":"urn:uuid:p"}`, `"subject":{"reference":"Patient/new-1"}`},
		{"urn:uuid:x", `"subject" : { "reference" :"urn:\u0075uid:p" }`, `"subject" : { "reference" :"Patient/new-1" }`},
		{"urn:uuid:x", `"subject":{"reference":"` + base + `Organization/o"}`, `"subject":{"reference":"Organization/new-2"}`},
		{"urn:uuid:x", `"subject":{"reference":"` + base + `Organization/o/_history/9"}`, `"subject":{"reference":"Organization/new-2/_history/1"}`},
		{"urn:uuid:x", `"subject":{"reference":"` + base + `Practitioner/7/_history/9"}`, `"subject":{"reference":"Practitioner/7/_history/9"}`},
		// a relative reference has its entry's root, and none when that is a urn
		{base + "Basic/x", `"subject":{"reference":"Organization/o"}`, `"subject":{"reference":"Organization/new-2"}`},
		{"urn:uuid:x", `"subject":{"reference":"Organization/o"}`, `"subject":{"reference":"Organization/o"}`},
		{"http://other.org/fhir/Basic/x", `"subject":{"reference":"Organization/o"}`, `"subject":{"reference":"Organization/o"}`},
		// not part of the bundle: left untouched
		{"urn:uuid:x", `"subject":{"reference":"Patient/elsewhere"}`, `"subject":{"reference":"Patient/elsewhere"}`},
		{"urn:uuid:x", `"subject":{"reference":"#c"}`, `"subject":{"reference":"#c"}`},
		{"urn:uuid:x", `"author":{"identifier":{"system":"urn:oid:1.2","value":"urn:uuid:p"}}`, `"author":{"identifier":{"system":"urn:oid:1.2","value":"urn:uuid:p"}}`},
		// uri, url, oid, uuid and narrative are replaced; canonical is not
		{"urn:uuid:x", `"extension":[{"url":"e","valueUri":"urn:uuid:p"}]`, `"extension":[{"url":"e","valueUri":"Patient/new-1"}]`},
		{"urn:uuid:x", `"extension":[{"url":"e","valueUuid":"urn:uuid:p"}]`, `"extension":[{"url":"e","valueUuid":"Patient/new-1"}]`},
		{"urn:uuid:x", `"extension":[{"url":"e","valueCanonical":"urn:uuid:p"}]`, `"extension":[{"url":"e","valueCanonical":"urn:uuid:p"}]`},
		{"urn:uuid:x", `"extension":[{"url":"e","valueAttachment":{"url":"urn:uuid:p"}}]`, `"extension":[{"url":"e","valueAttachment":{"url":"Patient/new-1"}}]`},
		{"urn:uuid:x", `"text":{"status":"generated","div":"<div><a href=\"urn:uuid:p\">urn:uuid:p</a></div>"}`, `"text":{"status":"generated","div":"<div><a href=\"Patient/new-1\">urn:uuid:p</a></div>"}`},
		// conditional references, to what is there and to what is being made
		{"urn:uuid:x", `"subject":{"reference":"Patient?identifier=s|1"}`, `"subject":{"reference":"Patient/found"}`},
		{"urn:uuid:x", `"subject":{"reference":"Basic?identifier=s|v"}`, `"subject":{"reference":"Basic/new-3"}`},
		{"urn:uuid:x", `"subject":{"reference":"Basic?identifier=s%7Cv"}`, `"subject":{"reference":"Basic/new-3"}`},
		{"urn:uuid:x", `"subject":{"reference":"Basic?identifier=v"}`, `"subject":{"reference":"Basic/new-3"}`},
		{"urn:uuid:x", `"subject":{"reference":"Basic?identifier=other|v"}`, "precondition Bundle.entry[4].resource.subject.reference"},
		{"urn:uuid:x", `"subject":{"reference":"Patient?identifier=none"}`, "precondition Bundle.entry[4].resource.subject.reference"},
		{"urn:uuid:x", `"subject":{"reference":"Patient?identifier=many"}`, "ambiguous Bundle.entry[4].resource.subject.reference"},
		{"urn:uuid:x", `"subject":{"reference":"urn:uuid:nobody"}`, "unprocessable Bundle.entry[4].resource.subject.reference"},
		{"urn:uuid:x", `"code":{"extension":[{"url":"e","valueReference":{"reference":"urn:oid:1.2"}}]}`, "unprocessable Bundle.entry[4].resource.code.extension[0].valueReference.reference"},
	} {
		last := entry("POST", "Basic", `"fullUrl":"`+c.fullURL+`"`, `"resource":{"resourceType":"Basic",`+c.element+`}`)
		cs, err := plan(bundle("transaction", append(entries[:4:4], last)...), found{
			"Patient?identifier=s|1": {{Type: "Patient", ID: "found"}}, "Patient?identifier=many": {{Type: "Patient", ID: "a"}, {Type: "Patient", ID: "b"}}})
		if err != nil {
			e, _ := errors.AsType[*record.Error](err)
			if got := fmt.Sprint(e.Kind, " ", e.Path); got != c.want {
				t.Errorf("%s: %s, want %s", c.element, got, c.want)
			}
			continue
		}
		if got, want := string(cs[3].Resource.Bytes()), `{"resourceType":"Basic",`+c.want+`}`; got != want || cs[3].Index != 4 {
			t.Errorf("%s:\n got %s\nwant %s", c.element, got, want)
		}
	}
}

func TestCircularReferences(t *testing.T) {
	cs, err := plan(bundle("transaction",
		entry("POST", "Basic", `"fullUrl":"urn:uuid:a"`, `"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:b"}}`),
		entry("POST", "Basic", `"fullUrl":"urn:uuid:b"`, `"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:a"}}`)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(cs[0].Resource.Bytes()) + string(cs[1].Resource.Bytes()); got != `{"resourceType":"Basic","subject":{"reference":"Basic/new-2"}}{"resourceType":"Basic","subject":{"reference":"Basic/new-1"}}` {
		t.Error(got)
	}
}

// What a transaction refuses as a whole a batch refuses entry by entry.
func TestEntriesOneByOne(t *testing.T) {
	patient := `"resource":{"resourceType":"Patient","id":"1"}`
	there := found{"Patient?identifier=1": {{Type: "Patient", ID: "1"}}, "Patient?identifier=2": {{Type: "Patient", ID: "1"}, {Type: "Patient", ID: "2"}}}
	ifNone := func(q string) string {
		return `{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"` + q + `"}}`
	}
	for _, c := range []struct{ entry, want string }{
		{entry("PUT", "Patient/1", patient), "0 update Patient/1"},
		{entry("PUT", "Patient/2", patient), "0 invalid"},
		{entry("PUT", "Patient/1", `"resource":{"resourceType":"Patient"}`), "0 invalid"},
		{entry("PUT", "Basic/1", patient), "0 invalid"},
		{entry("PUT", "Patient", patient), "0 invalid"},
		{entry("PUT", "/Patient/1", patient), "0 invalid"},
		{entry("GET", "/Patient/1"), "0 invalid"},
		{entry("GET", "https://record.example/fhir/Patient/1"), "0 invalid"},
		{entry("PUT", "Patient/1"), "0 invalid"},
		{entry("PUT", "Nobody/1", patient), "0 invalid"},
		{entry("POST", "Patient", patient), "0 create Patient/new-1"},
		{entry("POST", "Patient/_search", patient), "0 not supported"},
		{entry("POST", "Basic", patient), "0 invalid"},
		{entry("POST", "Parameters", `"resource":{"resourceType":"Parameters"}`), "0 not allowed"},
		{entry("POST", "OperationOutcome", `"resource":{"resourceType":"OperationOutcome"}`), "0 not allowed"},
		{entry("PATCH", "Patient/1", patient), "0 invalid"},
		{entry("TRACE", "Patient/1"), "0 invalid"},
		{entry("put", "Patient/1", patient), "0 invalid"},
		{entry("DELETE", "Patient/1"), "0 delete Patient/1"},
		{entry("DELETE", "Patient/1", patient), "0 invalid"},
		{`{` + patient + `}`, "0 invalid"},
		{entry("POST", "Patient", `"resource":{"resourceType":"Patient","gender":null}`), "0 invalid"},
		// conditional: FHIR R4 §3.1.0.4.3, §3.1.0.7.1, §3.1.0.8.1
		{ifNone("identifier=0"), "0 create Patient/new-1"},
		{ifNone("identifier=1"), "0 exists Patient/1"},
		{ifNone("identifier=2"), "0 ambiguous"},
		{entry("PUT", "Patient?identifier=0", `"resource":{"resourceType":"Patient"}`), "0 create Patient/new-1"},
		{entry("PUT", "Patient?identifier=0", `"resource":{"resourceType":"Patient","id":"9"}`), "0 update Patient/9"},
		{entry("PUT", "Patient?identifier=1", `"resource":{"resourceType":"Patient"}`), "0 update Patient/1"},
		{entry("PUT", "Patient?identifier=1", patient), "0 update Patient/1"},
		{entry("PUT", "Patient?identifier=1", `"resource":{"resourceType":"Patient","id":"9"}`), "0 invalid"},
		{entry("PUT", "Patient?identifier=2", patient), "0 ambiguous"},
		{entry("PUT", "Patient?", patient), "0 precondition"},
		{entry("DELETE", "Patient?identifier=0"), "0 absent Patient/"},
		{entry("DELETE", "Patient?identifier=1"), "0 delete Patient/1"},
		{entry("DELETE", "Patient?identifier=2"), "0 ambiguous"},
		{entry("DELETE", "Patient?"), "0 precondition"},
		{entry("DELETE", "?identifier=1"), "0 invalid"},
	} {
		cs, err := plan(bundle("batch", c.entry), there)
		if got := show(cs); err != nil || got != c.want {
			t.Errorf("batch %s: %s %v, want %s", c.entry, got, err, c.want)
		}
		cs, err = plan(bundle("transaction", c.entry), there)
		got := show(cs)
		if err != nil {
			got = "0 " + string(record.KindOf(err))
		}
		if got != c.want {
			t.Errorf("transaction %s: %s, want %s", c.entry, got, c.want)
		}
	}
}

func TestTransactionRefusesTheSameTwice(t *testing.T) {
	put := entry("PUT", "Patient/1", `"resource":{"resourceType":"Patient","id":"1"}`)
	there := found{"Patient?identifier=1": {{Type: "Patient", ID: "1"}}}
	for _, entries := range [][]string{
		{put, put},
		{put, entry("DELETE", "Patient/1")},
		{entry("DELETE", "Patient/1"), entry("DELETE", "Patient/1")},
		{put, entry("DELETE", "Patient?identifier=1")}, // "including resolved identities"
		{entry("POST", "Basic", `"fullUrl":"urn:uuid:1"`, `"resource":{"resourceType":"Basic"}`), entry("POST", "Basic", `"fullUrl":"urn:uuid:1"`, `"resource":{"resourceType":"Basic"}`)},
	} {
		if _, err := plan(bundle("transaction", entries...), there); !errors.Is(err, record.Invalid) {
			t.Errorf("%s: %v", entries, err)
		}
	}
	if cs, err := plan(bundle("transaction", put, entry("GET", "Patient/1"), entry("GET", "Patient/1")), nil); err != nil || len(cs) != 3 {
		t.Errorf("reading what is changed: %v", err)
	}
}

func TestBatchIsNotATransaction(t *testing.T) {
	cs, err := plan(bundle("batch",
		entry("GET", "Patient/1"),
		entry("POST", "Basic", `"fullUrl":"urn:uuid:b"`, `"resource":{"resourceType":"Basic","subject":{"reference":"Patient/1"}}`),
		entry("POST", "Basic", `"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:b"}}`),
		entry("POST", "Basic", `"resource":{"resourceType":"Basic","subject":{"reference":"Patient?identifier=1"}}`),
		entry("DELETE", "Patient/1")), found{})
	want := "0 read Patient/1\n1 create Basic/new-1\n2 unprocessable\n3 unprocessable\n4 delete Patient/1"
	if got := show(cs); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	for _, typ := range []string{"collection", "searchset", "history", "document", "transaction-response"} {
		if _, err := plan(bundle(typ), nil); !errors.Is(err, record.Invalid) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if cs, err := plan(bundle("transaction"), nil); err != nil || len(cs) != 0 {
		t.Errorf("an empty transaction is no error: %v", err)
	}
}
