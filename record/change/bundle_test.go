package change_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

func TestParseBundle(t *testing.T) {
	const resource = `{ "resourceType" : "Basic","x":1.10,"é":"\u00e9" }`
	b, err := change.ParseBundle([]byte(`{"entry":[ {"resource": `+resource+` ,"fullUrl":"urn:uuid:1","search":{"mode":"match"},"response":{"status":"200"},"link":[{"relation":"x","url":"y"}]},
	{"request":{"m\u0065thod":"GET","url":"Basic","ifMatch":"W/\"1\"","ifNoneMatch":"a","ifNoneExist":"b","ifModifiedSince":"2020-01-01T00:00:00Z"}},{"resource":{"resourceType":"Nobody"}}],
	"link":[{"relation":"self","url":"x"}],"total":1,"type":"searchset","x":1,"resourceType":"Bundle"}`), change.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	first, second, third := b.Entries[0], b.Entries[1], b.Entries[2]
	if b.Type != "searchset" || first.FullURL != "urn:uuid:1" || string(first.Resource.Bytes()) != resource || first.Request != nil || first.Err != nil {
		t.Errorf("%+v", first)
	}
	if q := second.Request; second.Resource != nil || *q != (change.Request{"GET", "Basic", `W/"1"`, "a", "b", "2020-01-01T00:00:00Z"}) {
		t.Errorf("%+v", second.Request)
	}
	if third.Resource != nil || third.Err == nil || !strings.HasPrefix(third.Err.Error(), "Bundle.entry[2].resource.resourceType: ") {
		t.Errorf("%v", third.Err)
	}
	for what, n := range map[string]int{"link": 1, "entry.link": 1, "entry.search": 1, "entry.response": 1, "total": 1, "other": 1} {
		if b.Ignored[what] != n {
			t.Errorf("%s ignored %d times, want %d", what, b.Ignored[what], n)
		}
	}
}

func TestParseBundleRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                                    "not JSON",
		`[]`:                                  "begins with {",
		`{}`:                                  "Bundle: ",
		`{"type":"batch"}`:                    "resourceType: ",
		`{"resourceType":"Basic"}`:            "resourceType: ",
		`{"resourceType":"Bundle"}`:           "Bundle.type: ",
		`{"resourceType":"Bundle","type":""}`: "Bundle.type: ",
		`{"resourceType":"Bundle","type":1}`:  "Bundle.type: ",
		`{"resourceType":"Bundle","type":"batch","type":"batch"}`: "type: ",
		bundle("batch") + "x": "after",
		`{"resourceType":"Bundle","type":"batch","entry":[]}`: "Bundle.entry: ",
		`{"resourceType":"Bundle","type":"batch","entry":{}}`: "Bundle.entry: ",
		bundle("batch", `{}`):                                                                "Bundle.entry[0]: ",
		bundle("batch", `{"fullUrl":"x"}`, `1`):                                              "Bundle.entry[1]: ",
		bundle("batch", `{"fullUrl":null}`):                                                  "Bundle.entry[0].fullUrl: ",
		bundle("batch", `{"request":[]}`):                                                    "Bundle.entry[0].request: ",
		bundle("batch", `{"request":{"method":true}}`):                                       "Bundle.entry[0].request.method: ",
		bundle("batch", `{"resource":{"resourceType":"Basic","id":"1","\u0069d":"2"}}`):      "entry[0].resource.id: ",
		bundle("batch", `{"fullUrl":"x","modifierExtension":[{"url":"u"}]}`):                 "Bundle.entry.modifierExtension: ",
		bundle("batch", strings.Repeat(`{"fullUrl":"x"},`, 10_000)+`{"fullUrl":"x"}`):        "at most 10000",
		`{"resourceType":"Bundle","type":"batch","id":"` + strings.Repeat("x", 1<<20) + `"}`: "bytes",
		"{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"id\":\"\xff\"}":                   "UTF-8",
		bundle("batch", `{"resource":{"resourceType":"Basic","x":`+strings.Repeat(`{"x":`, 20_000)+`1`+strings.Repeat(`}`, 20_000)+`}}`): "depth",
	} {
		_, err := change.ParseBundle([]byte(text), change.Limits{Bytes: 1 << 20})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", text, err, want)
		}
	}
}

// What is read is bounded as a whole: many small resources are as large as one.
func TestValuesAreCounted(t *testing.T) {
	one := item("", `{"resourceType":"Basic","x":["a","b"]}`) // 5 values
	for n, ok := range map[int]bool{10: true, 9: false} {
		lim := change.Limits{Values: n}
		if _, err := change.ParseBundle([]byte(bundle("collection", one, one)), lim); (err == nil) != ok || err != nil && !errors.Is(err, record.TooLarge) {
			t.Errorf("%d: %v", n, err)
		}
	}
	line := `{"resourceType":"Basic","x":["a","b"]}` + "\n"
	if _, err := change.ReadSource(strings.NewReader(line+line), change.Limits{Values: 9}); !errors.Is(err, record.TooLarge) {
		t.Error(err)
	}
	if _, err := change.ReadSource(strings.NewReader(bundle("collection", one)+"\n"+line), change.Limits{Values: 9}); !errors.Is(err, record.TooLarge) {
		t.Error(err)
	}
}

func TestReadSource(t *testing.T) {
	const one, two = `{"resourceType":"Patient","id":"1"}`, `{"resourceType":"Observation","subject":{"reference":"Patient/1"}}`
	for _, c := range []struct {
		text, want string // types of the bundles and their entries
	}{
		{one, "collection:Patient"},
		{"\n" + one + "\r\n", "collection:Patient"},
		{"{\n \"resourceType\":\n\"Patient\"}", "collection:Patient"},
		{one + "\n" + two, "collection:Patient,Observation"},
		{one + "\r\n\r\n" + two + "\n", "collection:Patient,Observation"},
		{one + "\n{\"resourceType\":\"Nobody\"}\n" + two, "collection:Patient,error,Observation"},
		{one + "\n{broken\n" + two, "collection:Patient,error,Observation"},
		{bundle("searchset", `{"resource":`+one+`}`), "searchset:Patient"},
		{bundle("searchset", `{"resource":`+one+`}`) + "\n" + two + "\n" + bundle("document"), "searchset:Patient document: collection:Observation"},
		{"", "invalid"}, {"{", "invalid"}, {"[]", "invalid"}, {one + one, "invalid"}, {`{"resourceType":"Nobody"}`, "invalid"},
		{one + "\n" + `{"resourceType":"Bundle"}`, "invalid"},
		{strings.Repeat(two+"\n", 11), "too large"},
		{strings.Repeat(" ", 2000), "too large"},
	} {
		bs, err := change.ReadSource(strings.NewReader(c.text), change.Limits{Bytes: 1500, Entries: 10})
		var got []string
		for _, b := range bs {
			var types []string
			for i, e := range b.Entries {
				if e.Index != i {
					t.Errorf("entry %d has index %d", i, e.Index)
				}
				if e.Err != nil {
					types = append(types, "error")
				} else {
					types = append(types, e.Resource.Type())
				}
			}
			got = append(got, b.Type+":"+strings.Join(types, ","))
		}
		if err != nil {
			got = []string{string(record.KindOf(err))}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%q: %s (%v), want %s", c.text, text, err, c.want)
		}
	}
}

// FuzzParseBundle: nothing panics; what is taken encoding/json takes too; every
// resource's bytes are bytes of the bundle; planning is deterministic.
func FuzzParseBundle(f *testing.F) {
	f.Add([]byte(bundle("transaction", entry("POST", "Basic", `"fullUrl":"urn:uuid:1"`, `"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:1"}}`))))
	f.Add([]byte(bundle("batch", entry("PUT", "Basic?identifier=1", `"resource":{"resourceType":"Basic","subject":{"reference":"Basic?identifier=1"}}`), entry("DELETE", "Basic/1"))))
	f.Add([]byte(bundle("transaction", entry("PATCH", "Basic/1", jsonPatch(`[{"op":"add","path":"/b","value":{"reference":"urn:uuid:1"}}]`)), entry("PATCH", "Basic?x=1", jsonPatch(`[{"op":"move","from":"/a/0","path":"/b"}]`)),
		with("POST", "Patient", `"ifNoneExist":"x=12"`, `"fullUrl":"urn:uuid:1"`, `"resource":{"resourceType":"Patient"}`), with("PUT", "Patient?x=1", `"ifMatch":"W/\"1\""`, `"resource":{"resourceType":"Patient","id":"1"}`),
		entry("HEAD", "Basic/1/_history/2?_summary=true"), entry("DELETE", "Basic?y=12"))))
	f.Add([]byte(bundle("batch", entry("POST", "Basic/$validate", `"resource":{"resourceType":"Parameters"}`), with("GET", "Basic?a=b", `"ifNoneMatch":"*","ifModifiedSince":"2020-01-01T00:00:00Z"`),
		entry("PATCH", "Basic/1", `"resource":{"resourceType":"Parameters"}`))))
	f.Add([]byte(bundle("history", `{"fullUrl":"http://a/Patient/1","resource":{"resourceType":"Patient","id":"1","meta":{"lastUpdated":"2020-01-01T00:00:00Z"}}}`, entry("DELETE", "Patient/1"))))
	f.Add([]byte(bundle("document", `{"resource":{"resourceType":"Composition","subject":{"reference":"Patient/1"}}}`, `{"resource":{"resourceType":"Patient","id":"1"}}`, `{"resource":{"resourceType":"Patient","id":"2"}}`)))
	f.Add([]byte("{\"resourceType\":\"Patient\"}\n{\"resourceType\":\"Basic\"}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		change.ReadSource(bytes.NewReader(raw), change.Limits{})
		b, err := change.ParseBundle(raw, change.Limits{})
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q is not JSON", raw)
		}
		for _, e := range b.Entries {
			if e.Resource != nil && !bytes.Contains(raw, e.Resource.Bytes()) {
				t.Fatalf("%q is not in %q", e.Resource.Bytes(), raw)
			}
		}
		planned(t, b)
		one, err := change.PlanImport(b, "source", "me")
		if err != nil {
			t.Fatal(err)
		}
		two, _ := change.PlanImport(b, "source", "me")
		if len(one.Changes) != len(two.Changes) {
			t.Fatal("planned twice, and different")
		}
		for i, c := range one.Changes {
			if c.Ref != two.Changes[i].Ref || !bytes.Equal(c.Resource.Bytes(), two.Changes[i].Resource.Bytes()) {
				t.Fatalf("planned twice: %v and %v", c, two.Changes[i])
			}
			if _, err := fhir.Parse(c.Resource.Bytes(), fhir.Limits{}); err != nil {
				t.Fatalf("%q: %v", c.Resource.Bytes(), err)
			}
		}
	})
}
