// Gen writes definitions.txt of package r4 from HL7's definitions:
//
//	go run ./record/fhir/r4/internal/gen <folder of r4-definitions> record/fhir/r4/definitions.txt
package main

import (
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"carehold/record/fhir/internal/definitions"
)

type structure struct {
	Name, Kind, BaseDefinition string
	Abstract                   bool
	Element                    []element
}

type element struct {
	Path             string
	Min              int
	Max              string
	ContentReference string
	Type             []struct {
		Code          string
		TargetProfile []string
	}
	FHIRType   string `json:"structuredefinition-fhir-type"`
	IsSummary  bool
	IsModifier bool
	Regex      string
	Binding    struct{ Strength, ValueSet string }
	Constraint []struct{ Key, Severity, Human, Expression string }
}

type parameter struct {
	Code, Type, Expression, URL string
	Base, Target, Comparator    []string
	Component                   []struct{ Definition, Expression string }
}

type compartment struct {
	Resource []struct {
		Code  string
		Param []string
	}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: gen <folder of r4-definitions> <definitions.txt>")
	}
	from := func(name string) string { return filepath.Join(os.Args[1], name) }
	var w writer
	structures := definitions.Read[structure](from("structures.ndjson"))
	slices.SortFunc(structures, func(a, b structure) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range structures {
		w.structure(s)
	}
	for _, p := range definitions.Read[parameter](from("search-parameters.ndjson")) {
		w.parameter(p)
	}
	w.codes(definitions.Read[map[string][][2]string](from("required-codes.json"))[0])
	for _, r := range definitions.Read[compartment](from("patient-compartment.json"))[0].Resource {
		if len(r.Param) > 0 {
			w.line("M", append([]string{r.Code}, r.Param...)...)
		}
	}
	if err := os.WriteFile(os.Args[2], []byte(w.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}

type writer struct{ strings.Builder }

// line writes a line of fields. A field has no tab and no line break in it.
func (w *writer) line(kind string, fields ...string) {
	w.WriteString(kind)
	for _, f := range fields {
		w.WriteByte('\t')
		w.WriteString(strings.Join(strings.Fields(f), " "))
	}
	w.WriteByte('\n')
}

// structure writes a type, and after it the backbones in it.
func (w *writer) structure(s structure) {
	kind := map[string]string{"primitive-type": "primitive", "complex-type": "complex", "resource": "resource"}[s.Kind]
	if s.Abstract {
		kind = "abstract " + kind
	}
	w.line("T", s.Name, kind, last(s.BaseDefinition))
	w.elements(s, s.Name)
	for _, e := range s.Element {
		if strings.Contains(e.Path, ".") && s.Kind != "primitive-type" && hasChildren(s, e.Path) {
			base := "Element"
			if len(e.Type) > 0 {
				base = e.Type[0].Code
			}
			w.line("T", e.Path, "backbone", base)
			w.elements(s, e.Path)
		}
	}
}

// elements writes the element that is the type itself, and those right under it.
func (w *writer) elements(s structure, path string) {
	for _, e := range s.Element {
		if e.Path == path && path == s.Name {
			w.constraints(e)
		}
		name, ok := strings.CutPrefix(e.Path, path+".")
		if !ok || strings.Contains(name, ".") {
			continue
		}
		if s.Kind == "primitive-type" && name == "value" {
			if e.Regex != "" {
				w.line("R", e.Regex)
			}
			continue
		}
		flags := ""
		if stem, choice := strings.CutSuffix(name, "[x]"); choice {
			name, flags = stem, "x"
		}
		if e.IsSummary {
			flags += "s"
		}
		if e.IsModifier {
			flags += "m"
		}
		valueSet := ""
		if e.Binding.Strength == "required" {
			valueSet, _, _ = strings.Cut(e.Binding.ValueSet, "|")
		}
		w.line("E", name, fmt.Sprint(e.Min), e.Max, flags, valueSet, types(s, e))
		w.constraints(e)
	}
}

func (w *writer) constraints(e element) {
	for _, c := range e.Constraint {
		w.line("C", c.Key, c.Severity, c.Human, c.Expression)
	}
}

// types are an element's types, with what a reference may point to:
// "Reference:Patient,Group|string".
func types(s structure, e element) string {
	switch {
	case e.ContentReference != "":
		return strings.TrimPrefix(e.ContentReference, "#")
	case hasChildren(s, e.Path):
		return e.Path
	case s.Kind == "resource" && e.Path == s.Name+".id":
		return "id"
	}
	var list []string
	for _, t := range e.Type {
		name := t.Code
		if strings.HasPrefix(name, "http://hl7.org/fhirpath/") {
			if name = e.FHIRType; name == "" {
				name = "string" // Timing.repeat.id and the like
			}
		}
		var targets []string
		for _, p := range t.TargetProfile {
			targets = append(targets, last(p))
		}
		if len(targets) > 0 {
			name += ":" + strings.Join(targets, ",")
		}
		list = append(list, name)
	}
	return strings.Join(list, "|")
}

func hasChildren(s structure, path string) bool {
	return slices.ContainsFunc(s.Element, func(e element) bool { return strings.HasPrefix(e.Path, path+".") })
}

func last(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// parameter writes a search parameter; those that HL7 gives no base stand for
// nothing that could be searched.
func (w *writer) parameter(p parameter) {
	if len(p.Base) == 0 {
		return
	}
	w.line("P", p.Code, p.Type, strings.Join(p.Base, ","), p.URL, strings.Join(p.Target, ","), strings.Join(p.Comparator, ","), p.Expression)
	for _, c := range p.Component {
		w.line("K", c.Definition, c.Expression)
	}
}

func (w *writer) codes(sets map[string][][2]string) {
	for _, url := range slices.Sorted(maps.Keys(sets)) {
		w.line("V", url)
		bySystem := map[string][]string{}
		for _, c := range sets[url] {
			bySystem[c[0]] = append(bySystem[c[0]], c[1])
		}
		for _, system := range slices.Sorted(maps.Keys(bySystem)) {
			w.line("S", append([]string{system}, bySystem[system]...)...)
		}
	}
}
