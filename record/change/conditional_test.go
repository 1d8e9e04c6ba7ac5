package change_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

// where is the kind of an error and the place it is about.
func where(err error) string {
	e, ok := errors.AsType[*record.Error](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return fmt.Sprint(e.Kind, " ", e.Path)
}

// with is an entry whose request has more than a method and a url.
func with(method, url, request string, members ...string) string {
	return `{` + strings.Join(append(members, `"request":{"method":"`+method+`","url":"`+url+`",`+request+`}`), ",") + `}`
}

// A patch inside a bundle is a Binary; what it does is looked up like an update.
func TestPatchEntries(t *testing.T) {
	add := jsonPatch(`[{"op":"add","path":"/a","value":1.0}]`)
	there := found{"Basic/1": {{}}, "Basic?identifier=1": {{Type: "Basic", ID: "1"}}, "Basic?identifier=2": {{Type: "Basic", ID: "1"}, {Type: "Basic", ID: "2"}}}
	for _, c := range []struct{ entry, want string }{
		{entry("PATCH", "Basic/1", add), "0 update Basic/1"},
		{entry("PATCH", "Basic?identifier=1", add), "0 update Basic/1"},
		{entry("PATCH", "Basic?identifier=2", add), "ambiguous Bundle.entry[0].request.url"},
		{entry("PATCH", "Basic?identifier=0", add), "not found Bundle.entry[0].request.url"},
		{entry("PATCH", "Basic?", add), "precondition Bundle.entry[0].request.url"},
		{entry("PATCH", "Basic/9", add), "not found Bundle.entry[0].request.url"},
		{entry("PATCH", "Basic", add), "invalid Bundle.entry[0].request.url"},
		{entry("PATCH", "Basic/1"), "invalid Bundle.entry[0]"},
		{entry("PATCH", "Basic/1", `"resource":{"resourceType":"Basic","id":"1"}`), "invalid Bundle.entry[0].resource.resourceType"},
		{entry("PATCH", "Basic/1", `"resource":{"resourceType":"Parameters","parameter":[{"name":"operation"}]}`), "not supported Bundle.entry[0].resource"},
		{entry("PATCH", "Basic/1", `"resource":{"resourceType":"Binary","contentType":"application/merge-patch+json","data":"e30="}`), "not supported Bundle.entry[0].resource.contentType"},
		{entry("PATCH", "Basic/1", `"resource":{"resourceType":"Binary","contentType":"Application/JSON-Patch+json; charset=utf-8","data":"W10"}`), "invalid Bundle.entry[0].resource.data"},
		{entry("PATCH", "Basic/1", `"resource":{"resourceType":"Binary","contentType":"Application/JSON-Patch+json; charset=utf-8","data":" W1\n0= "}`), "0 update Basic/1"},
		{entry("PATCH", "Basic/1", `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json"}`), "invalid Bundle.entry[0].resource.data"},
		{entry("PATCH", "Basic/1", jsonPatch(`{}`)), "invalid Bundle.entry[0].resource.data"},
		{entry("PATCH", "Basic/1", jsonPatch(`[{"op":"test","path":"/a","value":1}]`)), "unprocessable Bundle.entry[0].resource.data"},
		{entry("PATCH", "Basic/1", jsonPatch(`[{"op":"replace","path":"/id","value":"2"}]`)), "unprocessable Bundle.entry[0].resource.data"},
	} {
		text := strings.ReplaceAll(c.entry, "\n", `\n`)
		cs, err := plan(bundle("transaction", text), there)
		got := show(cs)
		if err != nil {
			got = where(err)
		}
		if got != strings.TrimSuffix(c.want, "\n") {
			t.Errorf("%s: %s (%v), want %s", text, got, err, c.want)
		}
	}
}

// What a patch left as it was points where it pointed; what it brings is looked up.
func TestPatchedReferences(t *testing.T) {
	cs, err := plan(bundle("transaction",
		entry("POST", "Patient", `"fullUrl":"urn:uuid:p"`, `"resource":{"resourceType":"Patient"}`),
		entry("PATCH", "Basic/1", `"fullUrl":"http://h/fhir/Basic/1"`, jsonPatch(`[{"op":"add","path":"/author","value":{"reference":"urn:uuid:p"}}]`))), found{"Basic/1": {{}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(cs[1].Resource.Bytes()), `{"resourceType":"Basic","id":"1","subject":{"reference":"urn:uuid:old"},"other":{"reference":"Basic?identifier=old"},"author":{"reference":"Patient/new-1"}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, err = plan(bundle("transaction", entry("PATCH", "Basic/1", jsonPatch(`[{"op":"add","path":"/author","value":{"reference":"urn:uuid:nobody"}}]`))), found{"Basic/1": {{}}})
	if got := where(err); got != "unprocessable Bundle.entry[0].resource.author.reference" {
		t.Error(got)
	}
}

// By itself, or in a batch, a patch cannot bring a query either; one that is there
// does not keep it from what else it changes.
func TestPatchBringsNoQuery(t *testing.T) {
	for patch, want := range map[string]string{
		`[{"op":"add","path":"/author","value":{"reference":"Patient?identifier=1"}}]`: "unprocessable Basic.author.reference",
		`[{"op":"add","path":"/author","value":{"display":"x"}}]`:                      "",
	} {
		cs, err := plan(bundle("batch", entry("PATCH", "Basic/1", jsonPatch(patch))), found{"Basic/1": {{}}})
		got := ""
		if err == nil && cs[0].Err != nil {
			got = where(cs[0].Err)
		}
		if err != nil || got != want {
			t.Errorf("%s: %v %s, want %s", patch, err, got, want)
		}
	}
}

// A condition of a request that its method does not know is not left out.
func TestConditionsAstray(t *testing.T) {
	basic := `"resource":{"resourceType":"Basic","id":"1"}`
	for _, c := range []struct{ entry, want string }{
		{with("POST", "Basic", `"ifMatch":"W/\"1\""`, basic), "ifMatch"},
		{with("POST", "Basic", `"ifNoneMatch":"*"`, basic), "ifNoneMatch"},
		{with("PUT", "Basic/1", `"ifNoneExist":"identifier=1"`, basic), "ifNoneExist"},
		{with("PUT", "Basic/1", `"ifModifiedSince":"2020-01-01T00:00:00Z"`, basic), "ifModifiedSince"},
		{with("PUT", "Basic/1", `"ifNoneMatch":"*"`, basic), ""},
		{with("PUT", "Basic/1", `"ifMatch":"W/\"1\""`, basic), ""},
		{with("DELETE", "Basic/1", `"ifNoneMatch":"*"`), "ifNoneMatch"},
		{with("DELETE", "Basic/1", `"ifMatch":"W/\"1\""`), ""},
		{with("PATCH", "Basic/1", `"ifNoneMatch":"*"`, jsonPatch("[]")), "ifNoneMatch"},
		{with("GET", "Basic/1", `"ifMatch":"W/\"1\""`), "ifMatch"},
		{with("GET", "Basic/1", `"ifNoneMatch":"W/\"1\"","ifModifiedSince":"2020-01-01T00:00:00Z"`), ""},
	} {
		_, err := plan(bundle("transaction", c.entry), found{})
		got := strings.TrimPrefix(where(err), "invalid Bundle.entry[0].request.")
		if err == nil {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s: %v, want %s", c.entry, err, c.want)
		}
	}
}

// Two entries that come to one resource, once what they mean is known, are one too
// many: FHIR R4 §3.1.0.11.2.
func TestTransactionIdentities(t *testing.T) {
	one := found{"Basic/1": {{}}, "Basic?identifier=1": {{Type: "Basic", ID: "1"}}, "Basic?code=1": {{Type: "Basic", ID: "1"}}}
	create := func(condition string) string {
		return with("POST", "Basic", `"ifNoneExist":"`+condition+`"`, `"resource":{"resourceType":"Basic"}`)
	}
	update := entry("PUT", "Basic?identifier=1", `"resource":{"resourceType":"Basic"}`)
	patch := entry("PATCH", "Basic?code=1", jsonPatch(`[]`))
	for _, c := range []struct {
		entries []string
		want    string
	}{
		{[]string{update, patch}, "invalid Bundle.entry[1]"},
		{[]string{entry("DELETE", "Basic?identifier=1"), patch}, "invalid Bundle.entry[1]"},
		{[]string{entry("DELETE", "Basic?identifier=1"), entry("DELETE", "Basic/1")}, "invalid Bundle.entry[1]"},
		{[]string{update, entry("PUT", "Basic?code=1", `"resource":{"resourceType":"Basic"}`)}, "invalid Bundle.entry[1]"},
		{[]string{create("identifier=0"), create("identifier=0")}, "invalid Bundle.entry[1]"},
		{[]string{create("identifier=0"), create("identifier=9")}, ""},
		{[]string{create("identifier=1"), create("identifier=1")}, ""}, // both find the one there is, and write nothing
		{[]string{entry("DELETE", "Basic?identifier=0"), entry("DELETE", "Basic?identifier=0")}, ""},
		{[]string{update, entry("GET", "Basic/1")}, ""},
	} {
		_, err := plan(bundle("transaction", c.entries...), one)
		got := ""
		if err != nil {
			got = where(err)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.entries, got, c.want)
		}
	}
}

// A reference with a query is looked up last, in what the transaction leaves.
func TestConditionalReferencesSeeTheTransaction(t *testing.T) {
	there := found{"Basic?identifier=1": {{Type: "Basic", ID: "old"}}, "Basic?code=1": {{Type: "Basic", ID: "old"}}}
	points := func(query string) string {
		return entry("POST", "Basic", `"resource":{"resourceType":"Basic","subject":{"reference":"Basic?`+query+`"}}`)
	}
	put := func(id, value string) string {
		return entry("PUT", "Basic/"+id, `"resource":{"resourceType":"Basic","id":"`+id+`","identifier":[{"value":"`+value+`"}]}`)
	}
	const fails = "precondition Bundle.entry[0].resource.subject.reference"
	const many = "ambiguous Bundle.entry[0].resource.subject.reference"
	for _, c := range []struct{ query, other, want string }{
		{"identifier=1", entry("GET", "Basic/9"), "Basic/old"},
		{"identifier=1", entry("DELETE", "Basic/old"), fails},
		{"identifier=1", put("old", "2"), fails},          // it no longer has that identifier
		{"identifier=1", put("old", "1"), "Basic/old"},    // it has it still
		{"identifier=1", put("new", "1"), many},           // there are two now
		{"identifier=3", put("new", "3"), "Basic/new"},    //
		{"code=1", entry("DELETE", "Basic/old"), fails},   //
		{"code=1", put("old", "2"), "Basic/old"},          // other queries see what was there
		{"identifier=1,2", put("new", "1,2"), fails},      // a list, which the record's search reads
		{"identifier=%31", put("new", "2"), fails},        // nor is every way of writing one looked up here
		{"_id=1&identifier=1", put("new", "1"), fails},    //
		{"identifier=s%7C1", put("new", "1"), fails},      //
		{"identifier=%7C1", put("new", "1"), "Basic/new"}, // one without a system
	} {
		cs, err := plan(bundle("transaction", points(c.query), c.other), there)
		got := ""
		if err != nil {
			got = where(err)
		} else {
			for _, x := range cs {
				if x.Index == 0 {
					got = x.Resource.References()[0].Value
				}
			}
		}
		if got != c.want {
			t.Errorf("%s with %s: %s, want %s", c.query, c.other, got, c.want)
		}
	}
}

// What a plan writes is checked as it will be written, references and all; the
// error says where in the bundle.
func TestCheckedAsWritten(t *testing.T) {
	n := 0
	o := change.Options{NewID: func(string) string { n++; return fmt.Sprint("new-", n) }, Check: func(_ int, r *fhir.Resource) error {
		if strings.Contains(string(r.Bytes()), "urn:uuid") || !strings.Contains(string(r.Bytes()), "bad") {
			return nil
		}
		return record.Safef(record.Unprocessed, "bad").At(r.Type() + ".a")
	}}
	for _, c := range []struct{ entry, want string }{
		{entry("POST", "Basic", `"resource":{"resourceType":"Basic","a":"bad"}`), "unprocessable Bundle.entry[1].resource.a"},
		{entry("PUT", "Basic/1", `"resource":{"resourceType":"Basic","id":"1","a":"bad"}`), "unprocessable Bundle.entry[1].resource.a"},
		{entry("PATCH", "Basic/1", jsonPatch(`[{"op":"add","path":"/a","value":"bad"}]`)), "unprocessable Bundle.entry[1].resource.data"},
		{entry("POST", "Basic", `"resource":{"resourceType":"Basic","a":"bad","subject":{"reference":"urn:uuid:x"}}`), "unprocessable Bundle.entry[1].resource.a"},
	} {
		first := entry("POST", "Basic", `"fullUrl":"urn:uuid:x"`, `"resource":{"resourceType":"Basic"}`)
		b, err := change.ParseBundle([]byte(bundle("transaction", first, c.entry)), change.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		asked, err := change.Requests(b)
		if err != nil {
			t.Fatal(err)
		}
		kept := found{"Basic/1": {{}}}
		if c.want == "unprocessable Bundle.entry[1].resource.data" {
			o.Check = func(_ int, r *fhir.Resource) error { // what was there has a urn of its own
				if strings.Contains(string(r.Bytes()), `"bad"`) {
					return record.Safef(record.Unprocessed, "bad").At(r.Type() + ".a")
				}
				return nil
			}
		}
		if _, err := transaction(asked, o, kept); where(err) != c.want {
			t.Errorf("%s: %v, want %s", c.entry, err, c.want)
		}
	}
}

// A search's place is a batch.
func TestTransactionWithoutSearches(t *testing.T) {
	for _, e := range []string{entry("GET", "Basic?code=1"), entry("GET", "Basic"), entry("HEAD", "Basic?code=1"), entry("GET", "Basic/1/_history"),
		entry("POST", "Basic/$validate", `"resource":{"resourceType":"Basic"}`), entry("GET", "$meta")} {
		if _, err := plan(bundle("transaction", e), found{}); where(err) != "not supported Bundle.entry[0].request.url" {
			t.Errorf("%s: %v", e, err)
		}
		if cs, err := plan(bundle("batch", e), found{}); err != nil || cs[0].Err != nil {
			t.Errorf("%s in a batch: %v %v", e, err, cs)
		}
	}
}

// What planning can cost is bounded as a whole.
func TestTransactionIsBounded(t *testing.T) {
	var entries []string
	for i := range 1001 {
		entries = append(entries, entry("DELETE", fmt.Sprint("Basic?identifier=", i)))
	}
	if _, err := plan(bundle("transaction", entries[:1000]...), found{}); err != nil {
		t.Error(err)
	}
	if _, err := plan(bundle("transaction", entries...), found{}); where(err) != "too large Bundle.entry[1000].request.url" {
		t.Error(err)
	}
	same := entry("POST", "Basic", `"resource":{"resourceType":"Basic","subject":{"reference":"Basic?identifier=1"}}`)
	if _, err := plan(bundle("transaction", slices.Repeat([]string{same}, 1001)...), found{"Basic?identifier=1": {{Type: "Basic", ID: "1"}}}); err != nil {
		t.Error(err)
	}
	// By anything else than an identifier or an id they cost more, and fewer are enough.
	var others []string
	for i := range 101 {
		others = append(others, entry("DELETE", fmt.Sprint("Basic?code=", i)), entry("DELETE", fmt.Sprint("Basic?_id=", i)), entry("DELETE", "Basic?code=0"))
	}
	if _, err := plan(bundle("transaction", others[:300]...), found{}); err != nil {
		t.Error(err)
	}
	if _, err := plan(bundle("transaction", others...), found{}); where(err) != "too large Bundle.entry[300].request.url" {
		t.Error(err)
	}
	// Each patch is within what one may cost, and together they are not.
	patch := entry("PATCH", "Basic/1", jsonPatch("["+strings.TrimSuffix(strings.Repeat(`{"op":"test","path":"/subject/reference","value":"urn:uuid:old"},`, 1000), ",")+"]"))
	there := found{"Basic?identifier=1": {{Type: "Basic", ID: "1"}}, "Basic/1": {{}}}
	big := wide{found: there, one: resource(t, `{"resourceType":"Basic","id":"1","subject":{"reference":"urn:uuid:old"},"a":"`+strings.Repeat("x", 60_000)+`"}`)}
	cs, err := plan(bundle("batch", slices.Repeat([]string{patch}, 6)...), big)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cs {
		if tooMuch := errors.Is(c.Err, record.TooLarge); tooMuch != (i >= 1) {
			t.Errorf("patch %d: %v", i, c.Err)
		}
	}
	// A patch of nothing is not free: what is there is read, and what comes of it.
	nothing := entry("PATCH", "Basic/1", jsonPatch("[]"))
	if cs, err = plan(bundle("batch", slices.Repeat([]string{nothing}, 1000)...), big); err != nil {
		t.Fatal(err)
	}
	done, read := 0, 0
	for _, c := range cs {
		if c.Err == nil {
			done++
		}
	}
	big.read = &read
	if _, err = plan(bundle("batch", slices.Repeat([]string{nothing}, 1000)...), big); err != nil || done < 300 || done > 400 || read > done+2 {
		t.Errorf("%d patches of nothing were done, and %d entries read for them: %v", done, read, err)
	}
}

// wide holds one large entry.
type wide struct {
	found
	one  *fhir.Resource
	read *int // how often
}

func (w wide) Current(fhir.Ref) (*fhir.Resource, error) {
	if w.read != nil {
		*w.read++
	}
	return w.one, nil
}

// A condition says which resource is meant, and is no search: alone, in a batch and
// in a transaction, and in a reference.
func TestConditionsAreNarrow(t *testing.T) {
	values := func(n int) string { return strings.TrimSuffix(strings.Repeat("x,", n), ",") }
	params := func(n int) string { return strings.TrimSuffix(strings.Repeat("code=x&", n), "&") }
	for _, c := range []struct {
		query string
		ok    bool
	}{
		{params(10), true},
		{params(11), false},
		{"code=" + values(20), true},
		{"code=" + values(21), false},
		{"code=" + values(11) + "&identifier=" + values(11), false},
		{"code=" + strings.Repeat(`x\\,`, 30), true},
		{"code=" + strings.ReplaceAll(values(21), ",", "%2C"), false},
		{"patient.name=x&code=y", true},
		{"patient.name=x&author.name=y", false},
		{"patient.name=x&_has:Basic:patient:code=y", false},
		{"_has:Basic:patient:code=y&%5Fhas:Basic:patient:code=y", false},
	} {
		want := ""
		if !c.ok {
			want = "invalid Bundle.entry[0].request."
		}
		for member, e := range map[string]string{
			"url":         entry("DELETE", "Basic?"+c.query),
			"ifNoneExist": with("POST", "Basic", `"ifNoneExist":"`+c.query+`"`, `"resource":{"resourceType":"Basic"}`),
		} {
			got := ""
			if _, err := plan(bundle("transaction", e), found{}); err != nil {
				got = where(err)
			}
			if got != want && got != want+member {
				t.Errorf("%s in a transaction: %s, want %s", c.query, got, want)
			}
			cs, err := plan(bundle("batch", e), found{})
			if err != nil {
				t.Fatal(err)
			}
			if (cs[0].Err == nil) != c.ok || !c.ok && !errors.Is(cs[0].Err, record.Invalid) {
				t.Errorf("%s in a batch: %v", c.query, cs[0].Err)
			}
		}
		refers := entry("POST", "Basic", `"resource":{"resourceType":"Basic","subject":{"reference":"Basic?`+c.query+`"}}`)
		if _, err := plan(bundle("transaction", refers), found{}); errors.Is(err, record.Invalid) == c.ok {
			t.Errorf("%s in a reference: %v", c.query, err)
		}
	}
}

// A plan that is made again, because the record moved on, may do as much again.
func TestPatchesPlannedAgain(t *testing.T) {
	b, err := change.ParseBundle([]byte(bundle("transaction", entry("PATCH", "Basic/1", jsonPatch(`[{"op":"add","path":"/b","value":1}]`)))), change.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := change.Requests(b)
	if err != nil {
		t.Fatal(err)
	}
	big := wide{one: resource(t, `{"resourceType":"Basic","id":"1","a":"`+strings.Repeat("x", 1<<20)+`"}`)}
	for i := range 30 {
		if _, err := transaction(asked, change.Options{}, big); err != nil {
			t.Fatalf("plan %d: %v", i, err)
		}
	}
}
