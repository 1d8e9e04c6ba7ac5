package change_test

import (
	"bytes"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

// small is a record of three entries, enough to be found once, often and never.
type small struct{ t testing.TB }

func (s small) Find(typ, query string) ([]fhir.Ref, error) {
	switch len(query) % 4 {
	case 0:
		return nil, nil
	case 1:
		return []fhir.Ref{{Type: typ, ID: "1"}}, nil
	case 2:
		return []fhir.Ref{{Type: typ, ID: "1"}, {Type: typ, ID: "2"}}, nil
	}
	return nil, record.Safef(record.Invalid, "no such parameter").At("x")
}

func (s small) Current(ref fhir.Ref) (*fhir.Resource, error) {
	if len(ref.ID) > 3 {
		return nil, record.Safef(record.NotFound, "no such entry")
	}
	return resource(s.t, `{"resourceType":"`+ref.Type+`","id":"`+ref.ID+`","a":[1.0,{"b":"x"}],"subject":{"reference":"urn:uuid:old"}}`), nil
}

// planned plans a bundle of strangers' bytes, twice, and looks at what comes out:
// it is in order, no entry is written twice, and what is written is FHIR.
func planned(t *testing.T, b *change.Bundle) {
	o := change.Options{NewID: func(string) string { return "new" }, Check: func(_ int, r *fhir.Resource) error {
		if len(r.Bytes())%7 == 0 {
			return record.Safef(record.Unprocessed, "not this one").At(r.Type() + ".a")
		}
		return nil
	}}
	asked, err := change.Requests(b)
	if err != nil {
		return
	}
	if b.Type == "batch" {
		for _, c := range asked {
			change.One(c, o, small{t})
		}
		return
	}
	n := byte(0)
	o.NewID = func(string) string { n++; return "new-" + string('a'+n%26) + string('a'+n/26%26) }
	first, err := transaction(asked, o, small{t})
	if !change.Conditional(asked) {
		if _, without := transaction(asked, o, nil); (err == nil) != (without == nil) {
			t.Fatalf("with a Finder that nothing needs: %v, without: %v", err, without)
		}
	}
	n = 0
	second, again := transaction(asked, o, small{t})
	if (err == nil) != (again == nil) || len(first) != len(second) {
		t.Fatalf("planned twice: %v and %v", err, again)
	}
	written := map[fhir.Ref]bool{}
	step := 0
	for i, c := range first {
		if c.Ref != second[i].Ref || c.Verb != second[i].Verb || c.Resource != nil && !bytes.Equal(c.Resource.Bytes(), second[i].Resource.Bytes()) {
			t.Fatalf("planned twice: %v and %v", c, second[i])
		}
		now := map[change.Verb]int{change.Delete: 1, change.Absent: 1, change.Create: 2, change.Exists: 2, change.Update: 3,
			change.Read: 4, change.Head: 4, change.Search: 4, change.Invoke: 4}[c.Verb]
		if now < step || now == 0 {
			t.Fatalf("%v after step %d", c.Verb, step)
		}
		step = now
		switch c.Verb {
		case change.Create, change.Update:
			if _, err := fhir.Parse(c.Resource.Bytes(), fhir.Limits{}); err != nil || c.Resource.Type() != c.Ref.Type {
				t.Fatalf("%q: %v", c.Resource.Bytes(), err)
			}
			fallthrough
		case change.Delete:
			if written[c.Ref] || c.Ref.ID == "" {
				t.Fatalf("%s is written twice", c.Ref)
			}
			written[c.Ref] = true
		}
	}
}

// FuzzJSONPatch: nothing panics; what comes out is the resource it was, and FHIR;
// the resource that went in is not touched.
func FuzzJSONPatch(f *testing.F) {
	const doc = `{"resourceType":"Basic","id":"1","a":[1.0,{"b":"x"},"y"],"~/":{"c":null,"_c":{"id":"e"}},"given":[null,"z"],"_given":[{"id":"1"},null],"text":{"status":"generated","div":"<div/>"}}`
	for _, patch := range []string{
		`[{"op":"add","path":"/a/-","value":{"d":[1e3]}},{"op":"move","from":"/a/0","path":"/b"},{"op":"copy","from":"","path":"/contained"}]`,
		`[{"op":"test","path":"/given","value":[null,"z"]},{"op":"test","path":"/_given/1","value":null},{"op":"remove","path":"/~0~1"}]`,
		`[{"op":"replace","path":"","value":{"resourceType":"Basic","id":"1"}},{"op":"add","path":"/","value":1},{"op":"test","path":"/a","value":1.00e0}]`,
		`[{"op":"add","path":"/a/0","value":"\ud834\udd1e"},{"op":"remove","path":"/a/99999999999999999999"},{"op":"replace","path":"/a/01","value":1}]`,
	} {
		f.Add([]byte(doc), []byte(patch))
	}
	f.Fuzz(func(t *testing.T, doc, patch []byte) {
		r, err := fhir.Parse(doc, fhir.Limits{})
		if err != nil {
			return
		}
		p, err := change.ParseJSONPatch(patch)
		if err != nil {
			return
		}
		was := bytes.Clone(r.Bytes())
		next, err := p.Apply(r)
		if !bytes.Equal(was, r.Bytes()) {
			t.Fatalf("%q became %q", was, r.Bytes())
		}
		if err != nil {
			if k := record.KindOf(err); k != record.Unprocessed && k != record.TooLarge {
				t.Fatalf("%q on %q: %v", patch, doc, err)
			}
			return
		}
		again, err := fhir.Parse(next.Bytes(), fhir.Limits{})
		if err != nil || again.Type() != r.Type() || again.ID() != r.ID() {
			t.Fatalf("%q on %q gives %q: %v", patch, doc, next.Bytes(), err)
		}
		if twice, err := p.Apply(r); err != nil || !bytes.Equal(twice.Bytes(), next.Bytes()) {
			t.Fatalf("%q on %q gives %q, then %q", patch, doc, next.Bytes(), twice.Bytes())
		}
	})
}
