package validate_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// mutation is one change of a valid resource, which undo takes back, and the issue
// that it must have.
type mutation struct {
	kind       string
	do, undo   func()
	path, code string
}

// mutator lists the changes that a resource can have.
type mutator struct {
	defs definitions
	out  []mutation
}

func (m *mutator) set(kind string, o map[string]any, name string, to any, path, code string) {
	was := o[name]
	m.out = append(m.out, mutation{kind, func() { o[name] = to }, func() { o[name] = was }, path, code})
}

// object goes through an object whose content is defined at def.
func (m *mutator) object(o map[string]any, def, path string) {
	m.out = append(m.out, mutation{"unknown", func() { o["zzUnknown"] = true }, func() { delete(o, "zzUnknown") }, path + ".zzUnknown", "structure"})
	for name, v := range o {
		d, content := m.defs.member(def, name)
		if d == nil {
			continue // resourceType, _name
		}
		at := path + "." + d.name
		if d.min > 0 && o["_"+name] == nil {
			m.out = append(m.out, mutation{"required", func() { delete(o, name) }, func() { o[name] = v }, at, "required"})
		}
		list, isList := v.([]any)
		if o["_"+name] == nil {
			if isList && len(list) == 1 {
				m.set("unwrap", o, name, list[0], at, "structure")
			} else if !isList {
				m.set("wrap", o, name, []any{v}, at, "structure")
			}
		}
		if d.choice {
			for _, typ := range []string{"String", "Boolean", "DateTime", "Quantity", "CodeableConcept"} {
				if other, _ := m.defs.member(def, d.name+typ); other != nil && d.name+typ != name && !(typ == "Quantity" || typ == "CodeableConcept") {
					to := map[string]any{"String": "x", "Boolean": true, "DateTime": "2020"}[typ]
					m.out = append(m.out, mutation{"two of a choice", func() { o[d.name+typ] = to }, func() { delete(o, d.name+typ) }, at, "structure"})
					break
				}
			}
		}
		if !isList {
			m.value(o, name, v, d, content, at)
			continue
		}
		for i, x := range list {
			m.element(x, content, at+"["+strconv.Itoa(i)+"]")
		}
	}
}

func (m *mutator) element(v any, content, at string) {
	o, ok := v.(map[string]any)
	if !ok {
		return
	}
	if typ, ok := o["resourceType"].(string); ok && (content == "Resource") {
		content = typ
	}
	m.object(o, content, at)
}

// wrongValues are values that are none of the type, by R4's patterns, and right
// JSON of the right kind.
var wrongValues = map[string]any{
	"date": "2020-02-30", "dateTime": "2020-01-01T00:00", "instant": "2020-01-01", "time": "7:00", "code": "a  b", "id": "a_b",
	"uri": "a b", "url": "a b", "canonical": "a b", "oid": "1.2", "uuid": "urn:uuid:1", "base64Binary": "*", "string": "a\u0001",
	"markdown": "a\u0001", "positiveInt": json.Number("0"), "unsignedInt": json.Number("-1"), "integer": json.Number("1.5"),
}

// value changes one value of a member.
func (m *mutator) value(o map[string]any, name string, v any, d *definition, content, at string) {
	switch x := v.(type) {
	case map[string]any:
		m.set("string for object", o, name, "x", at, "structure")
		m.element(v, content, at)
		if ref, ok := x["reference"].(string); ok && content == "Reference" && d.targets != nil && !strings.HasPrefix(ref, "#") {
			m.set("reference", x, "reference", "SubstanceSpecification/1", at+".reference", "value")
		}
	case string:
		m.set("number for string", o, name, json.Number("7"), at, "structure")
		if d.required && content == "code" {
			m.set("code", o, name, "zz-not-a-code", at, "code-invalid")
		}
	case json.Number:
		m.set("string for number", o, name, "7", at, "structure")
	case bool:
		m.set("string for boolean", o, name, "true", at, "structure")
	}
	if wrong := wrongValues[content]; wrong != nil && name != "div" {
		m.set("format of "+content, o, name, wrong, at, "value")
	}
}

// A valid resource that is changed in one way has the issue, at the path.
func TestMutations(t *testing.T) {
	examples, synthea := data(t)
	defs := readDefinitions(t)
	rnd := rand.New(rand.NewPCG(4, 1))
	tried := map[string]int{}
	for i, n := range append(append([]named(nil), examples...), synthea...) {
		if len(n.raw) > 40_000 || trulyBroken[n.name] != "" || i >= len(examples) && i%20 != 0 {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(n.raw))
		d.UseNumber()
		var o map[string]any
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		m := mutator{defs: defs}
		typ := o["resourceType"].(string)
		m.object(o, typ, typ)
		// Some of each kind, so that the rare ones are tried too.
		rnd.Shuffle(len(m.out), func(i, j int) { m.out[i], m.out[j] = m.out[j], m.out[i] })
		some := map[string]int{}
		for _, mu := range m.out {
			if some[mu.kind]++; some[mu.kind] > 2 {
				continue
			}
			mu.do()
			b, err := json.Marshal(o)
			mu.undo()
			if err != nil {
				t.Fatal(err)
			}
			r, err := fhir.Parse(b, fhir.Limits{})
			if err != nil {
				continue // Parse is stricter still: an object that is left empty, the resource's own id
			}
			tried[mu.kind]++
			found := false
			issues := validate.Resource(r)
			for _, i := range issues {
				found = found || i.Path == mu.path && i.Code == mu.code && i.Severity == validate.Error
			}
			if !found {
				t.Errorf("%s, %s: no %s at %s, but %+v", n.name, mu.kind, mu.code, mu.path, issues)
			}
		}
	}
	t.Logf("%v", tried)
	for _, kind := range []string{"unknown", "required", "wrap", "unwrap", "two of a choice", "string for object", "reference", "number for string", "code",
		"string for number", "string for boolean", "format of date", "format of dateTime", "format of instant", "format of code", "format of uri",
		"format of canonical", "format of string", "format of markdown", "format of positiveInt", "format of unsignedInt", "format of integer", "format of base64Binary"} {
		if tried[kind] < 5 {
			t.Errorf("%s was tried %d times", kind, tried[kind])
		}
	}
}
