package change_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

func resource(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// patched is what the patch makes of the resource.
func patched(r *fhir.Resource, patch string) (*fhir.Resource, error) {
	p, err := change.ParseJSONPatch([]byte(patch))
	if err != nil {
		return nil, err
	}
	return p.Apply(r)
}

const head = `{"resourceType":"Basic","id":"1"`

// The examples of RFC 6902 appendix A, put into a resource, and what FHIR and
// this record need beside them. want is the members after the id, or the kind of
// the error and where it is.
func TestJSONPatch(t *testing.T) {
	for _, c := range []struct{ doc, patch, want string }{
		// RFC 6902 A.1 to A.16
		{`"foo":"bar"`, `[{"op":"add","path":"/baz","value":"qux"}]`, `"foo":"bar","baz":"qux"`},
		{`"foo":["bar","baz"]`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `"foo":["bar","qux","baz"]`},
		{`"baz":"qux","foo":"bar"`, `[{"op":"remove","path":"/baz"}]`, `"foo":"bar"`},
		{`"foo":["bar","qux","baz"]`, `[{"op":"remove","path":"/foo/1"}]`, `"foo":["bar","baz"]`},
		{`"baz":"qux","foo":"bar"`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `"baz":"boo","foo":"bar"`},
		{`"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`,
			`"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}`},
		{`"foo":["all","grass","cows","eat"]`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `"foo":["all","cows","eat","grass"]`},
		{`"baz":"qux","foo":["a",2,"c"]`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `"baz":"qux","foo":["a",2,"c"]`},
		{`"baz":"qux"`, `[{"op":"test","path":"/baz","value":"bar"}]`, "unprocessable patch[0]"},
		{`"foo":"bar"`, `[{"op":"add","path":"/child","value":{"grandchild":{"a":1}}}]`, `"foo":"bar","child":{"grandchild":{"a":1}}`},
		{`"foo":"bar"`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `"foo":"bar","baz":"qux"`},
		{`"foo":"bar"`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, "unprocessable patch[0].path"},
		{`"foo":"bar"`, `[{"op":"add","path":"/baz","value":"qux","op":"remove"}]`, "invalid [0].op"}, // A.13
		{`"/":9,"~1":10`, `[{"op":"test","path":"/~01","value":10}]`, `"/":9,"~1":10`},
		{`"/":9,"~1":10`, `[{"op":"test","path":"/~01","value":"10"}]`, "unprocessable patch[0]"},
		{`"foo":["bar"]`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, "unprocessable Basic.foo[1]"}, // A.16, and FHIR has no array in an array
		{`"foo":["bar"]`, `[{"op":"add","path":"/foo/-","value":"x"}]`, `"foo":["bar","x"]`},

		// what is not touched keeps its text: decimals, members' order, escapes
		{`"z":1.10,"a":0.000000000000000000001,"m":1e-3,"b":12345678901234567890.50,"é":"\u00e9\/<&>"`, `[{"op":"add","path":"/new","value":2.500}]`,
			`"z":1.10,"a":0.000000000000000000001,"m":1e-3,"b":12345678901234567890.50,"é":"\u00e9\/<&>","new":2.500`},
		{"\"a\":\"\u2028\u2029\u007f😀\",\"b\":{\"c\":\"\u2028\"}", `[{"op":"add","path":"/b/d","value":true}]`, "\"a\":\"\u2028\u2029\u007f😀\",\"b\":{\"c\":\"\u2028\",\"d\":true}"},
		{`"a":{"x":1.0,"w":[{"z":1.50}]}`, `[{"op":"replace","path":"/a/w/0/z","value":1.500}]`, `"a":{"x":1.0,"w":[{"z":1.500}]}`},
		{`"a":1.0`, `[{"op":"replace","path":"/a","value":1.00}]`, `"a":1.00`},
		{`"a":"x"`, `[]`, `"a":"x"`},
		{`"a":{"b":"x"}`, `[{"op":"copy","from":"/a","path":"/c"},{"op":"replace","path":"/c/b","value":"y"}]`, `"a":{"b":"x"},"c":{"b":"y"}`},
		{`"a":"x"`, `[{"op":"add","path":"/text","value":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a &lt; b</div>"}}]`,
			`"a":"x","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a &lt; b</div>"}`},

		// numbers are equal when they come to the same: RFC 6902 §4.6
		{`"a":1.0`, `[{"op":"test","path":"/a","value":1}]`, `"a":1.0`},
		{`"a":100`, `[{"op":"test","path":"/a","value":1e2}]`, `"a":100`},
		{`"a":-0.0`, `[{"op":"test","path":"/a","value":0}]`, `"a":-0.0`},
		{`"a":0.1`, `[{"op":"test","path":"/a","value":0.10000000000000000555}]`, "unprocessable patch[0]"},
		{`"a":1`, `[{"op":"test","path":"/a","value":"1"}]`, "unprocessable patch[0]"},
		{`"a":{"b":"\u0041","c":[1,{"d":true}]}`, `[{"op":"test","path":"/a","value":{"c":[1.0,{"d":true}],"b":"A"}}]`, `"a":{"b":"\u0041","c":[1,{"d":true}]}`},
		{`"a":[1,2]`, `[{"op":"test","path":"/a","value":[1]}]`, "unprocessable patch[0]"},
		{`"a":[1]`, `[{"op":"test","path":"/a","value":[1,2]}]`, "unprocessable patch[0]"},
		{`"a":{"b":1}`, `[{"op":"test","path":"/a","value":{"b":1,"c":1}}]`, "unprocessable patch[0]"},
		{`"a":{"b":1,"c":1}`, `[{"op":"test","path":"/a","value":{"b":1}}]`, "unprocessable patch[0]"},
		{`"a":{"b":1}`, `[{"op":"test","path":"/a","value":{"c":1}}]`, "unprocessable patch[0]"},
		{`"a":"x"`, `[{"op":"test","path":"","value":{"id":"1","a":"x","resourceType":"Basic"}}]`, `"a":"x"`},
		// null fills a gap beside an extension, and can be tested
		{`"a":[null,"x"],"_a":[{"id":"1"},null]`, `[{"op":"test","path":"/a","value":[null,"x"]},{"op":"test","path":"/_a/1","value":null}]`, `"a":[null,"x"],"_a":[{"id":"1"},null]`},
		{`"a":"x"`, `[{"op":"test","path":"/b","value":null}]`, "unprocessable patch[0].path"},

		// places
		{`"a":["x"]`, `[{"op":"add","path":"/a/1","value":"y"}]`, `"a":["x","y"]`},
		{`"a":["x"]`, `[{"op":"add","path":"/a/2","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":["x"]`, `[{"op":"add","path":"/a/-1","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"remove","path":"/a/-1"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"remove","path":"/a/01"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"remove","path":"/a/+1"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"remove","path":"/a/-"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"replace","path":"/a/2","value":"z"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"add","path":"/a/99999999999999999999","value":"z"}]`, "unprocessable patch[0].path"},
		{`"a":["x","y"]`, `[{"op":"add","path":"/a/1000000000","value":"z"}]`, "unprocessable patch[0].path"},
		{`"a":["x"]`, `[{"op":"add","path":"/a/b","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"add","path":"/a/b","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"add","path":"/","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"replace","path":"/","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"remove","path":"/b"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"replace","path":"/b","value":"y"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"copy","from":"/b","path":"/c"}]`, "unprocessable patch[0].from"},
		{`"a":"x"`, `[{"op":"move","from":"/b","path":"/c"}]`, "unprocessable patch[0].from"},
		{`"a":"x"`, `[{"op":"move","from":"/a","path":"/a"}]`, `"a":"x"`},
		{`"a":["x","y"]`, `[{"op":"move","from":"/a/0","path":"/a/2"}]`, "unprocessable patch[0].path"}, // there is one less by then
		{`"a":[{"b":"x"},{"b":"y"}]`, `[{"op":"move","from":"/a/0","path":"/a/0/c"}]`, "invalid patch[0].path"},
		{`"a":{"b":"x"}`, `[{"op":"move","from":"/a","path":"/a/c"}]`, "invalid patch[0].path"},
		{`"a":"x","ab":{"c":"x"}`, `[{"op":"move","from":"/a","path":"/ab/d"}]`, `"ab":{"c":"x","d":"x"}`},

		// it stays the resource it is, and stays FHIR
		{`"a":"x"`, `[{"op":"replace","path":"/id","value":"2"}]`, "unprocessable"},
		{`"a":"x"`, `[{"op":"remove","path":"/id"}]`, "unprocessable"},
		{`"a":"x"`, `[{"op":"replace","path":"/resourceType","value":"Patient"}]`, "unprocessable"},
		{`"a":"x"`, `[{"op":"remove","path":"/resourceType"}]`, "unprocessable"},
		{`"a":"x"`, `[{"op":"replace","path":"","value":{"resourceType":"Basic","id":"1","b":"y"}}]`, `"b":"y"`},
		{`"a":"x"`, `[{"op":"add","path":"","value":{"resourceType":"Basic","id":"1","b":"y"}}]`, `"b":"y"`},
		{`"a":"x"`, `[{"op":"replace","path":"","value":[]}]`, "unprocessable"},
		{`"a":"x"`, `[{"op":"replace","path":"","value":"x"}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"add","path":"","value":null}]`, "unprocessable patch[0].path"},
		{`"a":"x"`, `[{"op":"remove","path":""}]`, "unprocessable patch[0].path"},
		{`"a":["x"]`, `[{"op":"remove","path":"/a/0"}]`, "unprocessable Basic.a"},
		{`"a":"x"`, `[{"op":"replace","path":"/a","value":null}]`, "unprocessable Basic.a"},
		{`"a":["x"]`, `[{"op":"remove","path":"/a/0"},{"op":"add","path":"/a/0","value":"y"}]`, `"a":["y"]`}, // only what comes out counts

		// no patch at all
		{`"a":"x"`, ``, "invalid "},
		{`"a":"x"`, `{"op":"remove","path":"/a"}`, "invalid "},
		{`"a":"x"`, `[{"op":"remove","path":"/a"}] x`, "invalid "},
		{`"a":"x"`, `["remove"]`, "invalid patch[0]"},
		{`"a":"x"`, `[{"path":"/a"}]`, "invalid patch[0].op"},
		{`"a":"x"`, `[{"op":"delete","path":"/a"}]`, "invalid patch[0].op"},
		{`"a":"x"`, `[{"op":"Remove","path":"/a"}]`, "invalid patch[0].op"},
		{`"a":"x"`, `[{"Op":"remove","path":"/a"}]`, "invalid patch[0].op"},
		{`"a":"x"`, `[{"op":"remove"}]`, "invalid patch[0].path"},
		{`"a":"x"`, `[{"op":"remove","path":"a"}]`, "invalid patch[0].path"},
		{`"a":"x"`, `[{"op":"remove","path":1}]`, "invalid patch[0].path"},
		{`"a":"x"`, `[{"op":"remove","path":"/~2"}]`, "invalid patch[0].path"},
		{`"a":"x"`, `[{"op":"remove","path":"/~0~"}]`, "invalid patch[0].path"},
		{`"a":"x"`, `[{"op":"add","path":"/b"}]`, "invalid patch[0].value"},
		{`"a":"x"`, `[{"op":"test","path":"/b"}]`, "invalid patch[0].value"},
		{`"a":"x"`, `[{"op":"copy","path":"/b"}]`, "invalid patch[0].from"},
		{`"a":"x"`, `[{"op":"move","from":"a","path":"/b"}]`, "invalid patch[0].from"},
		{`"a":"x"`, `[{"op":"remove","path":"/a"},{"op":"add","path":"/b","value":{"c":1,"c":2}}]`, "invalid [1].value.c"},
	} {
		r, err := patched(resource(t, head+","+c.doc+"}"), c.patch)
		got := ""
		if err != nil {
			e, _ := errors.AsType[*record.Error](err)
			got = strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Path))
		} else {
			got = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(string(r.Bytes()), head), ","), "}")
		}
		if want := strings.TrimSpace(c.want); got != want && !(r != nil && got == strings.TrimPrefix(want, `"resourceType":"Basic","id":"1",`)) {
			t.Errorf("%s\n %s\n got %s (%v)\nwant %s", c.doc, c.patch, got, err, want)
		}
	}
}

// A patch that changes nothing gives back the very resource, white space and all:
// no version is written for it.
func TestJSONPatchOfNothing(t *testing.T) {
	r := resource(t, "{ \"resourceType\" : \"Basic\",\n\"id\":\"1\", \"a\": 1.0 }")
	for _, patch := range []string{`[]`, `[{"op":"test","path":"/a","value":1}]`, `[{"op":"replace","path":"/a","value":1.0}]`,
		`[{"op":"add","path":"/b","value":"x"},{"op":"remove","path":"/b"}]`} {
		if got, err := patched(r, patch); err != nil || got != r {
			t.Errorf("%s: %v %s", patch, err, got.Bytes())
		}
	}
}

// FHIR R4 §3.1.0.6: the narrative must not be unsafe after a patch.
func TestPatchAndNarrative(t *testing.T) {
	const was = `{"resourceType":"Basic","id":"1","meta":{"versionId":"1"},"text":{"status":"%s","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">5 mg</div>"},"a":"5 mg"}`
	for _, c := range []struct{ status, patch, want string }{
		{"generated", `{"op":"replace","path":"/a","value":"10 mg"}`, "gone"},
		{"extensions", `{"op":"replace","path":"/a","value":"10 mg"}`, "gone"},
		{"additional", `{"op":"replace","path":"/a","value":"10 mg"}`, "unprocessable"},
		{"empty", `{"op":"replace","path":"/a","value":"10 mg"}`, "there"},
		{"generated", `{"op":"add","path":"/meta/tag","value":[{"code":"t"}]}`, "there"},
		{"additional", `{"op":"add","path":"/meta/tag","value":[{"code":"t"}]}`, "there"},
		{"additional", `{"op":"replace","path":"/a","value":"10 mg"},{"op":"remove","path":"/text"}`, "gone"},
		{"additional", `{"op":"replace","path":"/a","value":"10 mg"},{"op":"replace","path":"/text/div","value":"<div xmlns=\"http://www.w3.org/1999/xhtml\">10 mg</div>"}`, "there"},
		{"additional", `{"op":"test","path":"/a","value":"5 mg"}`, "there"},
	} {
		r, err := patched(resource(t, fmt.Sprintf(was, c.status)), "["+c.patch+"]")
		got := "gone"
		if err != nil {
			got = string(record.KindOf(err))
		} else if strings.Contains(string(r.Bytes()), `"text"`) {
			got = "there"
		}
		if got != c.want {
			t.Errorf("%s, %s: %s (%v), want %s", c.status, c.patch, got, err, c.want)
		}
	}
}

// What a patch can cost is bounded, whatever it says.
func TestJSONPatchIsBounded(t *testing.T) {
	many := func(n int, op string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(op+",", n), ",") + "]"
	}
	large := resource(t, head+`,"a":["`+strings.Repeat("x", 1<<20)+`"]}`)
	wide := resource(t, head+`,"a":["x"`+strings.Repeat(`,"x"`, 200_000)+`]}`)
	deep := strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000)
	for _, c := range []struct {
		name, patch string
		doc         *fhir.Resource
		kind        record.Kind
		slow        bool // a second
	}{
		{"operations", many(1001, `{"op":"test","path":"/a","value":1}`), large, record.TooLarge, false},
		{"a copy of a copy", many(40, `{"op":"copy","from":"/a","path":"/a/-"}`), resource(t, head+`,"a":["x"]}`), record.TooLarge, true},
		{"copies", many(40, `{"op":"copy","from":"/a/0","path":"/a/-"}`), large, record.TooLarge, true},
		{"more copies", many(1000, `{"op":"copy","from":"/a/0","path":"/a/-"}`), large, record.TooLarge, false},
		{"moves", many(1000, `{"op":"move","from":"/a/0","path":"/a/-"}`), wide, record.TooLarge, false},
		{"tests", many(1000, `{"op":"test","path":"/a/0","value":"y"}`), large, record.TooLarge, false},
		{"a deep value", `[{"op":"add","path":"/b","value":` + deep + `}]`, large, record.Unprocessed, false},
		{"a deeper one", `[{"op":"add","path":"/b","value":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) + `}]`, large, record.Invalid, false},
		{"a long pointer", `[{"op":"add","path":"` + strings.Repeat("/a", 500_000) + `","value":1}]`, large, record.Unprocessed, false},
	} {
		if c.slow && testing.Short() {
			continue
		}
		began := time.Now()
		_, err := patched(c.doc, c.patch)
		if took := time.Since(began); !errors.Is(err, c.kind) || took > 20*time.Second {
			t.Errorf("%s: %.200v after %s", c.name, err, took)
		}
	}
}

// What is too much is refused before any of it is done, and what somebody means by a
// patch is not too much: some operations on a resource of 4 MB, whatever is in it.
func TestJSONPatchWork(t *testing.T) {
	ops := func(n int, op string) string { return "[" + strings.TrimSuffix(strings.Repeat(op+",", n), ",") + "]" }
	scan := resource(t, head+`,"a":["`+strings.Repeat("x", 4<<20)+`"]}`)
	coding := `,{"system":"http://loinc.org","code":"2823-3","display":"Potassium in blood"}`
	full := resource(t, head+`,"a":[{"code":"x"}`+strings.Repeat(coding, (4<<20)/len(coding))+`]}`)
	for name, r := range map[string]*fhir.Resource{"a scan": scan, "codings": full} {
		if _, err := patched(r, ops(3, `{"op":"add","path":"/b","value":1}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p, err := change.ParseJSONPatch([]byte(ops(1000, `{"op":"move","from":"/a/0","path":"/a/-"}`)))
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = p.Apply(r)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, record.TooLarge) || used > 1<<20 {
			t.Errorf("%s: %v after %d bytes of memory", name, err, used)
		}
	}
}
