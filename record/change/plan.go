package change

import (
	"slices"

	"carehold/record"
	"carehold/record/fhir"
)

// Plan is what is to be done, in order (FHIR R4 §3.1.0.11.2). It may be asked for
// again, because the record moved on. find may be nil when nothing needs the record
// (Conditional).
func (t *Transaction) Plan(find Finder) ([]Change, error) {
	if find != nil {
		find = newLookups(find)
	}
	refill(t.asked)
	p := planner{t.options, find, true}
	changes := make([]Change, len(t.asked))
	once := onceOnly{written: map[fhir.Ref]bool{}, sought: map[string]bool{}}
	index := newIndex()
	for i := range t.asked {
		c := t.asked[i]
		c.Ref = t.prepared[i].ref
		c, err := p.resolve(c)
		if err != nil {
			return nil, err
		}
		if err := once.claim(&t.asked[i], &c); err != nil {
			return nil, err
		}
		if c.Verb == Create || c.Verb == Update || c.Verb == Exists {
			index.add(c.FullURL, entryRef{Ref: c.Ref, created: c.Verb == Create})
		}
		changes[i] = c
	}
	rewriting := resolver{index: index, find: find, changes: changes, found: map[string]string{}}
	for i := range changes {
		if changes[i].Resource == nil {
			continue
		}
		if err := t.finish(&p, &rewriting, &changes[i], &t.prepared[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return a.Verb.order() - b.Verb.order() })
	return changes, nil
}

// finish makes what is written of a change whose condition and whose references'
// conditions are known.
func (t *Transaction) finish(p *planner, rewriting *resolver, c *Change, was *prepared) error {
	switch {
	case c.Patch != nil: // what comes of it was not known
		if err := rewriting.rewrite(c); err != nil {
			return err
		}
		return p.check(c)
	case was.err != nil:
		return was.err
	case !was.guessed:
		c.Resource = was.resource
		return nil
	}
	// It was checked with other ids in its references.
	guess, alike := resolver{index: t.index, guess: true}, true
	rewriting.took = func(r fhir.Reference, base, to string) {
		guessed, err := guess.resolve(c.Index, base, r)
		alike = alike && err == nil && sameShape(guessed, to)
	}
	err := rewriting.rewrite(c)
	rewriting.took = nil
	if err != nil || alike {
		return err
	}
	return p.check(c)
}

// One plans a request that stands alone, or in a batch: nothing is
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
	err = p.check(&c)
	return c, err
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
