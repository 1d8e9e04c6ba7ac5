package fhirpath

import (
	"sync"
	"sync/atomic"

	"carehold/record/fhir/r4"
)

// byType keeps what a part of an expression has found out about each type that it
// has met. Most meet one; there are some 900. A value is made once or twice, and
// each is as good.
type byType[V any] struct {
	first  atomic.Pointer[entry[V]]
	others sync.Map // *r4.Type → *V
}

type entry[V any] struct {
	of *r4.Type
	v  *V
}

// get is what is known about a type; nil for nothing yet.
func (c *byType[V]) get(t *r4.Type) *V {
	first := c.first.Load()
	if first == nil {
		return nil
	}
	if first.of == t {
		return first.v
	}
	v, _ := c.others.Load(t)
	p, _ := v.(*V)
	return p
}

func (c *byType[V]) put(t *r4.Type, v *V) *V {
	if !c.first.CompareAndSwap(nil, &entry[V]{t, v}) {
		c.others.Store(t, v)
	}
	return v
}
