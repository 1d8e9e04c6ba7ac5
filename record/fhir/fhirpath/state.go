package fhirpath

import (
	"sync"

	"carehold/record"
	"carehold/record/fhir"
)

// budget is how many values an evaluation may look at. Two for each value that
// fhir.Limits lets into a resource: twice over everything is more than R4's own
// constraints need on anything real, and takes less than half a second.
const budget = 2 << 20

var errBudget = record.Safef(record.TooLarge, "the resource is too large for a rule of FHIR's to be evaluated on it: split it")

// state is one evaluation.
type state struct {
	ctx   Value
	left  int
	spare [][]Value // collections that are not in use
	memo  []memory  // of a memo
}

// memory is what a memo holds.
type memory struct {
	known  bool
	values []Value
}

// frame is what an expression is about: $this and $index.
type frame struct {
	this  []Value
	index int
}

var states = sync.Pool{New: func() any { return new(state) }}

// begin gives a state, which done takes back.
func begin(ctx Value, memos int) *state {
	s := states.Get().(*state)
	s.ctx, s.left = ctx, budget
	for len(s.memo) < memos {
		s.memo = append(s.memo, memory{})
	}
	return s
}

// done forgets the resource: what lies in the pool must not keep it.
func (s *state) done() {
	s.ctx = Value{}
	clear(s.memo)
	states.Put(s)
}

func (s *state) spend(n int) error {
	if s.left -= n; s.left < 0 {
		return errBudget
	}
	return nil
}

// take gives an empty collection, which give takes back.
func (s *state) take() []Value {
	if n := len(s.spare) - 1; n >= 0 {
		c := s.spare[n]
		s.spare = s.spare[:n]
		return c
	}
	return make([]Value, 0, 8)
}

// keep is the largest collection that is kept for the next evaluation.
const keep = 1024

func (s *state) give(c []Value) {
	if cap(c) > keep || cap(c) == 0 {
		return
	}
	clear(c)
	s.spare = append(s.spare, c[:0])
}

// resource is %resource: the resource that the context is in (FHIR R4 fhirpath.html#variables).
func (s *state) resource() Value { return resourceOf(s.ctx.Node) }

// rootResource is %rootResource: of a contained resource the one that contains it.
// A resource in a Bundle is its own root.
func (s *state) rootResource() Value { return container(resourceOf(s.ctx.Node)) }

func container(v Value) Value {
	if list := v.Node.Parent(); list.Kind() == '[' && list.IsName("contained") {
		return resourceOf(list.Parent())
	}
	return v
}

// resourceOf goes up to the resource that a node is in. Only the places where R4
// has a resource are looked at: an element of ExampleScenario.instance is named
// resourceType too.
func resourceOf(n fhir.Node) Value {
	for ; n.Valid(); n = n.Parent() {
		up := n.Parent()
		if n.Kind() == '{' && (!up.Valid() || n.IsName("resource") || up.IsName("contained")) {
			if v := Element(n, "Resource"); v.Type != "Resource" {
				return v
			}
		}
	}
	return Value{}
}
