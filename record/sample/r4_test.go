package sample

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carehold/record/testdata"
)

// An r4 is HL7's definitions of R4, enough of them to say that a resource has
// only elements there are, all that are required, of the right types, with codes
// of the required value sets and references to types that may stand there.
type r4 struct {
	elements map[string]element         // by path
	children map[string][]string        // paths below a path
	codes    map[string]map[string]bool // by value set
	kinds    map[string]string          // "resource", "complex-type", "primitive-type"
	regex    map[string]*regexp.Regexp  // of primitive types
}

type element struct {
	Path string `json:"path"`
	Min  int    `json:"min"`
	Max  string `json:"max"`
	Type []struct {
		Code          string   `json:"code"`
		TargetProfile []string `json:"targetProfile"`
	} `json:"type"`
	Binding *struct {
		Strength string `json:"strength"`
		ValueSet string `json:"valueSet"`
	} `json:"binding"`
	ContentReference string `json:"contentReference"`
	Regex            string `json:"regex"`
}

func loadR4(t *testing.T) *r4 {
	dir := testdata.Dir(t, "r4-definitions")
	d := &r4{map[string]element{}, map[string][]string{}, map[string]map[string]bool{}, map[string]string{}, map[string]*regexp.Regexp{}}
	f, err := os.Open(filepath.Join(dir, "structures.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var s struct {
			Name, Kind string
			Element    []element
		}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		d.kinds[s.Name] = s.Kind
		for _, e := range s.Element {
			d.elements[e.Path] = e
			if i := strings.LastIndexByte(e.Path, '.'); i > 0 {
				d.children[e.Path[:i]] = append(d.children[e.Path[:i]], e.Path)
			}
			if e.Regex != "" {
				d.regex[s.Name] = regexp.MustCompile("^(?:" + e.Regex + ")$")
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "required-codes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sets map[string][][2]string
	if err := json.Unmarshal(raw, &sets); err != nil {
		t.Fatal(err)
	}
	for name, pairs := range sets {
		d.codes[name] = map[string]bool{}
		for _, p := range pairs {
			d.codes[name][p[1]] = true
			d.codes[name][p[0]+"|"+p[1]] = true
		}
	}
	return d
}

// check returns what is wrong with a resource. types tells what a urn:uuid of the
// same bundle is.
func (d *r4) check(resource map[string]any, types map[string]string) []string {
	var wrong []string
	say := func(at, format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }

	var object func(at, path string, o map[string]any)
	var value func(at string, e element, typ string, v any)

	object = func(at, path string, o map[string]any) {
		used := map[string]bool{}
		if d.kinds[path] == "resource" {
			used["resourceType"] = true
		}
		if len(o) == 0 {
			say(at, "empty object")
		}
		for _, child := range d.children[path] {
			e := d.elements[child]
			name := child[len(path)+1:]
			found := 0
			try := func(name, typ string) {
				v, ok := o[name]
				if !ok {
					return
				}
				used[name] = true
				found++
				if l, isList := v.([]any); isList != (e.Max != "1") {
					say(at+"."+name, "list where max is %s, or the other way round", e.Max)
				} else if isList {
					if len(l) == 0 {
						say(at+"."+name, "empty list")
					}
					for i, x := range l {
						value(fmt.Sprintf("%s.%s[%d]", at, name, i), e, typ, x)
					}
				} else {
					value(at+"."+name, e, typ, v)
				}
			}
			if base, choice := strings.CutSuffix(name, "[x]"); choice {
				for _, t := range e.Type {
					try(base+strings.ToUpper(t.Code[:1])+t.Code[1:], t.Code)
				}
			} else {
				typ := ""
				if len(e.Type) > 0 {
					typ = e.Type[0].Code
				}
				try(name, typ)
			}
			if found > 1 {
				say(at+"."+name, "two values of one choice")
			}
			if e.Min > 0 && found == 0 {
				say(at, "%s is required", name)
			}
		}
		for k := range o {
			if !used[k] {
				say(at, "there is no element %s", k)
			}
		}
	}

	value = func(at string, e element, typ string, v any) {
		if e.ContentReference != "" {
			object(at, strings.TrimPrefix(e.ContentReference, "#"), v.(map[string]any))
			return
		}
		d.bound(at, e, typ, v, say)
		switch {
		case typ == "Resource":
			say(at, "nested resource")
		case typ == "BackboneElement" || typ == "Element":
			object(at, e.Path, v.(map[string]any))
		case d.kinds[typ] == "complex-type":
			o, ok := v.(map[string]any)
			if !ok {
				say(at, "not a %s", typ)
				return
			}
			object(at, typ, o)
			if typ == "Reference" {
				d.target(at, e, o, types, say)
			}
		default:
			d.primitive(at, typ, v, say)
		}
	}

	name, _ := resource["resourceType"].(string)
	if d.kinds[name] != "resource" {
		return []string{name + ": no such resource type"}
	}
	object(name, name, resource)
	return wrong
}

func (d *r4) primitive(at, typ string, v any, say func(string, string, ...any)) {
	if i := strings.LastIndexByte(typ, '.'); i > 0 { // http://hl7.org/fhirpath/System.String
		typ = strings.ToLower(typ[i+1:])
	}
	switch typ {
	case "boolean":
		if _, ok := v.(bool); !ok {
			say(at, "not a boolean")
		}
	case "decimal", "integer", "positiveInt", "unsignedInt":
		n, ok := v.(json.Number)
		if !ok {
			say(at, "not a number")
		} else if re := d.regex[typ]; re != nil && !re.MatchString(n.String()) {
			say(at, "%s is no %s", n, typ)
		}
	default:
		s, ok := v.(string)
		if !ok || s == "" || strings.TrimSpace(s) != s {
			say(at, "not a string, empty or with outer spaces")
		} else if re := d.regex[typ]; re != nil && typ != "base64Binary" && !re.MatchString(s) {
			say(at, "%q is no %s", s, typ)
		}
	}
}

// bound checks codes of required bindings.
func (d *r4) bound(at string, e element, typ string, v any, say func(string, string, ...any)) {
	if e.Binding == nil || e.Binding.Strength != "required" {
		return
	}
	name, _, _ := strings.Cut(e.Binding.ValueSet, "|")
	set := d.codes[name]
	if set == nil {
		return // not enumerable: languages, units, MIME types
	}
	switch typ {
	case "code":
		if !set[v.(string)] {
			say(at, "%q is not in %s", v, name)
		}
	case "Coding", "CodeableConcept":
		o := v.(map[string]any)
		codings, _ := o["coding"].([]any)
		if typ == "Coding" {
			codings = []any{o}
		}
		if len(codings) == 0 {
			say(at, "no coding of %s", name)
		}
		for _, c := range codings {
			c := c.(map[string]any)
			if !set[fmt.Sprint(c["system"], "|", c["code"])] {
				say(at, "%v is not in %s", c, name)
			}
		}
	}
}

// target checks that a reference resolves inside the bundle, to a type that may
// stand there.
func (d *r4) target(at string, e element, o map[string]any, types map[string]string, say func(string, string, ...any)) {
	url, ok := o["reference"].(string)
	if !ok {
		if o["display"] == nil && o["identifier"] == nil {
			say(at, "a reference to nothing")
		}
		return
	}
	typ, ok := types[url]
	if !ok {
		say(at, "%s is not in the bundle", url)
		return
	}
	for _, t := range e.Type {
		if t.Code != "Reference" {
			continue
		}
		any := len(t.TargetProfile) == 0 || slices.Contains(t.TargetProfile, "http://hl7.org/fhir/StructureDefinition/Resource")
		if !any && !slices.Contains(t.TargetProfile, "http://hl7.org/fhir/StructureDefinition/"+typ) {
			say(at, "may not refer to a %s", typ)
		}
	}
}
