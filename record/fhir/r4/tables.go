package r4

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed definitions.txt
var definitions string

// All is everything, as it is looked up.
type all struct {
	types       map[string]*Type
	resources   []string
	params      map[string][]*Param
	byCode      map[paramKey]*Param
	byURL       map[string]*Param
	sets        map[string]valueSet
	compartment map[string][]string
}

var tables = sync.OnceValue(func() *all {
	a, err := read(definitions)
	if err != nil { // embedded, and read by a test
		panic("r4: definitions.txt: " + err.Error())
	}
	return a
})

// reader goes through the lines; what a line is about is in those before it.
type reader struct {
	all
	typ    *Type
	param  *Param
	values valueSet
	listed []*Param
}

func read(text string) (*all, error) {
	r := reader{all: all{
		types: map[string]*Type{}, params: map[string][]*Param{}, byCode: map[paramKey]*Param{},
		byURL: map[string]*Param{}, sets: map[string]valueSet{}, compartment: map[string][]string{},
	}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if err := r.line(fields[0], fields[1:]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	for _, t := range r.types {
		t.index()
		if t.Kind == Resource && !t.Abstract {
			r.resources = append(r.resources, t.Name)
		}
	}
	slices.Sort(r.resources)
	r.order()
	return &r.all, nil
}

// fields is how many fields a line of a kind has at least.
var fields = map[string]int{"T": 3, "R": 1, "E": 6, "C": 4, "P": 7, "K": 2, "V": 1, "S": 2, "M": 2}

func (r *reader) line(kind string, f []string) error {
	if need := fields[kind]; need == 0 || len(f) < need {
		return fmt.Errorf("%q with %d fields", kind, len(f))
	}
	switch kind {
	case "T":
		what, abstract := strings.CutPrefix(f[1], "abstract ")
		r.typ = &Type{Name: f[0], Kind: kinds[what], Abstract: abstract, Base: f[2]}
		r.types[f[0]] = r.typ
	case "R":
		r.typ.Regex = f[0]
	case "E":
		return r.element(f)
	case "C":
		c := Constraint{Key: f[0], Warning: f[1] == "warning", Human: f[2], Expression: f[3]}
		if n := len(r.typ.Elements); n > 0 {
			r.typ.Elements[n-1].Constraints = append(r.typ.Elements[n-1].Constraints, c)
		} else {
			r.typ.Constraints = append(r.typ.Constraints, c)
		}
	case "P":
		r.param = &Param{Code: f[0], Type: f[1], Bases: split(f[2], ","), URL: f[3], Targets: split(f[4], ","), Comparators: split(f[5], ","), Expression: f[6]}
		r.byURL[f[3]] = r.param
		r.listed = append(r.listed, r.param)
	case "K":
		r.param.Components = append(r.param.Components, Component{f[0], f[1]})
	case "V":
		r.values = valueSet{}
		r.sets[f[0]] = r.values
	case "S":
		r.values[f[0]] = f[1:]
	case "M":
		r.compartment[f[0]] = f[1:]
	}
	return nil
}

var kinds = map[string]Kind{"primitive": Primitive, "complex": Complex, "resource": Resource, "backbone": Backbone}

func (r *reader) element(f []string) (err error) {
	e := Element{Name: f[0], Max: -1, Choice: strings.Contains(f[3], "x"), Summary: strings.Contains(f[3], "s"),
		Modifier: strings.Contains(f[3], "m"), Required: f[4]}
	if e.Min, err = strconv.Atoi(f[1]); err != nil {
		return err
	}
	if f[2] != "*" {
		if e.Max, err = strconv.Atoi(f[2]); err != nil {
			return err
		}
	}
	for _, t := range split(f[5], "|") {
		code, targets, _ := strings.Cut(t, ":")
		ref := TypeRef{Code: code, Targets: split(targets, ",")}
		if slices.Contains(ref.Targets, "Resource") {
			ref.Targets = nil // any
		}
		e.Types = append(e.Types, ref)
	}
	r.typ.Elements = append(r.typ.Elements, e)
	return nil
}

// order gives each resource type its parameters: those it has, and those of the
// types it comes from. Where one code has two definitions the first, which is the
// standard's own and not an extension's, counts.
func (r *reader) order() {
	add := func(typ string, p *Param) {
		if k := (paramKey{typ, p.Code}); r.byCode[k] == nil {
			r.byCode[k] = p
			r.params[typ] = append(r.params[typ], p)
		}
	}
	for _, p := range r.listed {
		for _, base := range p.Bases {
			switch base {
			case "Resource", "DomainResource":
				for _, typ := range r.resources {
					if base == "Resource" || r.types[typ].Base == base {
						add(typ, p)
					}
				}
				if base == "Resource" {
					add("", p)
				}
			default:
				add(base, p)
			}
		}
	}
	for typ := range r.params {
		slices.SortFunc(r.params[typ], func(a, b *Param) int { return strings.Compare(a.Code, b.Code) })
	}
}

func split(s, by string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, by)
}
