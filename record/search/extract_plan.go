package search

import (
	"strings"
	"sync"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// kind is the type of a parameter.
type kind uint8

const (
	noKind kind = iota // special: nothing is indexed
	numberKind
	dateKind
	stringKind
	tokenKind
	referenceKind
	quantityKind
	uriKind
	compositeKind
)

var kinds = map[string]kind{
	"number": numberKind, "date": dateKind, "string": stringKind, "token": tokenKind, "reference": referenceKind,
	"quantity": quantityKind, "uri": uriKind, "composite": compositeKind,
}

// plan says where in a resource of one type the values of its parameters are: a
// tree of member names that is walked once, for all parameters together. Nearly
// all of R4's expressions are paths and are in the tree; the few that are more are
// left to package fhirpath. TestPlan holds the two against each other.
type plan struct {
	kinds  []kind // of the type's parameters, in order
	root   branch
	others []other
	tuples []map[string][]part // of composite parameters, by the type of what their own expression finds
}

// branch is what is looked for in the values of one element.
type branch struct {
	link
	members []*branch
	takes   []int // the parameters whose values these are
}

// link is a step of a path, with what the definitions say about it.
type link struct {
	name   string // in JSON
	filter filter
	element
}

type element struct {
	typ     string // "CodeableConcept"
	set     string // the value set of a required binding
	targets string // of a reference: what it can point to when that is one type
}

// part is a component of a composite.
type part struct {
	kind   kind
	from   branch
	atRoot bool // its path begins at the resource: %resource
}

var plans sync.Map // type → *plan; no more than there are types

func planOf(typ string) *plan {
	if p, ok := plans.Load(typ); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(typ, newPlan(typ))
	return p.(*plan)
}

func newPlan(typ string) *plan {
	params := r4.Params(typ)
	p := &plan{kinds: make([]kind, len(params)), tuples: make([]map[string][]part, len(params))}
	p.root.typ = typ
	for i, param := range params {
		if param.Expression == "" || param.Code == "_lastUpdated" || param.Code == "_id" {
			continue // nothing has it, or Entry
		}
		p.kinds[i] = kinds[param.Type]
		if p.kinds[i] == noKind {
			continue
		}
		chains, ok := paths(p.root.link, param.Expression)
		if !ok {
			p.others = append(p.others, newOther(i, param.Expression))
			continue
		}
		for _, chain := range chains {
			p.root.grow(chain, i)
		}
		if p.kinds[i] == compositeKind {
			p.tuples[i] = map[string][]part{}
			for _, chain := range chains {
				on := p.root.link
				if len(chain) > 0 {
					on = chain[len(chain)-1]
				}
				p.tuples[i][on.typ] = p.parts(param, on)
			}
		}
	}
	return p
}

// grow puts a path into the tree.
func (b *branch) grow(chain []link, param int) {
	for _, l := range chain {
		b = b.member(l)
	}
	for _, has := range b.takes {
		if has == param {
			return
		}
	}
	b.takes = append(b.takes, param)
}

func (b *branch) member(l link) *branch {
	for _, m := range b.members {
		if m.link == l {
			return m
		}
	}
	m := &branch{link: l}
	b.members = append(b.members, m)
	return m
}

// wrongWayRound is a composite whose two components have each the other's
// expression: the reference, relatesto, has "code", and the code, relation, has
// "target".
const wrongWayRound = "http://hl7.org/fhir/SearchParameter/DocumentReference-relationship"

// parts are the components of a composite on a value of its own expression; all
// their expressions are paths.
func (p *plan) parts(param *r4.Param, on link) []part {
	parts := make([]part, len(param.Components))
	for i, component := range param.Components {
		expression := component.Expression
		if param.URL == wrongWayRound {
			expression = param.Components[1-i].Expression
		}
		definition, ok := r4.ParamByURL(component.Definition)
		if !ok {
			return nil
		}
		parts[i].kind = kinds[definition.Type]
		parts[i].from.link = on
		if rest, ok := strings.CutPrefix(expression, "%resource."); ok {
			parts[i].atRoot, expression = true, rest
			parts[i].from.link = p.root.link
		}
		chains, ok := paths(parts[i].from.link, expression)
		if !ok {
			return nil
		}
		for _, chain := range chains {
			parts[i].from.grow(chain, 0)
		}
	}
	return parts
}

// walk calls take with each value that the tree under b finds in n.
func (b *branch) walk(n fhir.Node, take func(param int, n fhir.Node, e *element)) {
	for _, param := range b.takes {
		take(param, n, &b.element)
	}
	if len(b.members) == 0 || n.Kind() != '{' {
		return
	}
	for _, m := range b.members {
		v := n.Get(m.name)
		switch v.Kind() {
		case '!':
		case '[':
			for each := range v.All() {
				if each.Kind() != 'n' && m.filter.keeps(each, &m.element) {
					m.walk(each, take)
				}
			}
		default:
			if v.Kind() != 'n' && m.filter.keeps(v, &m.element) {
				m.walk(v, take)
			}
		}
	}
}
