package change

import (
	"slices"

	"carehold/record"
	"carehold/record/fhir"
)

// Transaction turns what a transaction asks for into what is to be done, in order
// (FHIR R4 §3.1.0.11.2). asked stays as it is: a plan that is made again, because
// the record moved on, begins with it again. find may be nil when nothing needs the
// record (Conditional).
func Transaction(asked []Change, o Options, find Finder) ([]Change, error) {
	if find != nil {
		find = newLookups(find)
	}
	refill(asked)
	p := planner{o, find, true}
	changes := make([]Change, len(asked))
	once := onceOnly{written: map[fhir.Ref]bool{}, sought: map[string]bool{}}
	index := newIndex()
	for i := range asked {
		c, err := p.resolve(asked[i])
		if err != nil {
			return nil, err
		}
		if err := once.claim(&asked[i], &c); err != nil {
			return nil, err
		}
		if c.Verb == Create || c.Verb == Update || c.Verb == Exists {
			if !index.add(c.FullURL, c.Ref, c.Verb == Create) {
				return nil, record.Safef(record.Invalid, "two entries have the same fullUrl").At(entryPath(c.Index) + ".fullUrl")
			}
		}
		changes[i] = c
	}
	rewriting := resolver{index: index, find: find, changes: changes, found: map[string]string{}}
	for i := range changes {
		c := &changes[i]
		if c.Resource == nil {
			continue
		}
		if err := rewriting.rewrite(c); err != nil {
			return nil, err
		}
		if err := p.check(c); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return a.Verb.order() - b.Verb.order() })
	return changes, nil
}

// One is Transaction for a request that stands alone, or in a batch: nothing is
// rewritten.
func One(asked Change, o Options, find Finder) (Change, error) {
	if asked.Err != nil {
		return asked, asked.Err
	}
	if find != nil {
		find = newLookups(find)
	}
	p := planner{o, find, false}
	c, err := p.resolve(asked)
	if err != nil || c.Resource == nil {
		return c, err
	}
	if c.Patch != nil {
		for _, r := range c.Resource.References() {
			if r.In == fhir.InReference && !c.kept[r.Value] && fhir.ParseReference(r.Value).Form == fhir.Conditional {
				return c, record.Safef(record.Unprocessed, "a reference with a query can only be sent in a transaction").At(r.Path)
			}
		}
	}
	return c, p.check(&c)
}

// Conditional reports whether planning needs a Finder.
func Conditional(asked []Change) bool {
	for i := range asked {
		c := &asked[i]
		if c.conditional() || c.Verb == Patch {
			return true
		}
		if c.Resource == nil {
			continue
		}
		for _, r := range c.Resource.References() {
			if r.In == fhir.InReference && fhir.ParseReference(r.Value).Form == fhir.Conditional {
				return true
			}
		}
	}
	return false
}

// onceOnly refuses what a transaction would do twice: "if any resource identities
// (including resolved identities from conditional update/delete) overlap in steps
// 1-3, then the transaction SHALL fail" (FHIR R4 §3.1.0.11.2).
type onceOnly struct {
	written map[fhir.Ref]bool
	sought  map[string]bool // conditions that found nothing, and so make something new
}

func (o *onceOnly) claim(asked, c *Change) error {
	switch c.Verb {
	case Create, Update, Delete:
	default:
		return nil
	}
	if o.written[c.Ref] {
		return record.Safef(record.Invalid, "a transaction can change a resource only once").At(entryPath(c.Index))
	}
	o.written[c.Ref] = true
	if c.Verb != Create || asked.Query == "" {
		return nil
	}
	condition := c.Ref.Type + "?" + asked.Query
	if o.sought[condition] {
		return record.Safef(record.Invalid, "two entries would create what neither of them finds: the same condition is there twice").At(entryPath(c.Index))
	}
	o.sought[condition] = true
	return nil
}

// order is when a transaction does it (FHIR R4 §3.1.0.11.2).
func (v Verb) order() int {
	switch v {
	case Delete, Absent:
		return 0
	case Create, Exists:
		return 1
	case Update, Patch:
		return 2
	}
	return 3
}
