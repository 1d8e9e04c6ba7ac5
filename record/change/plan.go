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
		find = &lookups{find, maxLookups}
	}
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

// maxLookups is how often one transaction may have the record searched: nobody else
// can change it meanwhile. References that ask for the same count once.
const maxLookups = 1_000

type lookups struct {
	Finder
	left int
}

func (l *lookups) Find(typ, query string) ([]fhir.Ref, error) {
	if l.left--; l.left < 0 {
		return nil, record.Safef(record.TooLarge, "at most %d conditions are looked up in a transaction: send several", maxLookups)
	}
	return l.Finder.Find(typ, query)
}

// One is Transaction for a request that stands alone, or in a batch: nothing is
// rewritten.
func One(asked Change, o Options, find Finder) (Change, error) {
	if asked.Err != nil {
		return asked, asked.Err
	}
	p := planner{o, find, false}
	c, err := p.resolve(asked)
	if err != nil || c.Resource == nil {
		return c, err
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

// planner asks the record what a request means.
type planner struct {
	Options
	find   Finder
	bundle bool // errors say which entry
}

// resolve is the change with its condition looked up and its patch done.
func (p *planner) resolve(c Change) (Change, error) {
	var err error
	if c.conditional() {
		if c, err = p.meant(c); err != nil {
			return c, err
		}
	}
	switch {
	case c.Verb == Patch:
		return p.patched(c)
	case c.Verb == Create && c.Ref.ID == "":
		c.Ref.ID = p.NewID(c.Ref.Type)
	}
	return c, nil
}

// meant looks a condition up: FHIR R4 §3.1.0.8.1 for a create, §3.1.0.4.3 for an
// update, §3.1.0.7.1 for a delete, §3.1.0.6 for a patch.
func (p *planner) meant(c Change) (Change, error) {
	found, err := p.one(&c)
	if err != nil {
		return c, err
	}
	none := found.ID == ""
	switch c.Verb {
	case Create:
		if !none {
			c.Verb, c.Resource, c.Ref = Exists, nil, found
		}
	case Delete:
		if c.Verb, c.Ref.ID = Delete, found.ID; none {
			c.Verb = Absent
		}
	case Patch:
		if c.Ref = found; none {
			return c, p.at(&c, "url", record.Safef(record.NotFound, "nothing matches"))
		}
	case Update:
		switch id := c.Resource.ID(); {
		case none && id == "":
			if c.IfMatch != "" {
				return c, p.at(&c, "ifMatch", record.Safef(record.Precondition, "nothing matches, so there is no version to match"))
			}
			c.Verb, c.IfNoneMatch = Create, ""
		case none:
			c.Ref.ID = id
		case id != "" && id != found.ID:
			return c, p.at(&c, "url", record.Safef(record.Invalid, "the resource found has another id than the one sent"))
		default:
			c.Ref = found
		}
	}
	return c, nil
}

// one is the only resource that the condition finds; the zero Ref for none.
func (p *planner) one(c *Change) (fhir.Ref, error) {
	member := "url"
	if c.Verb == Create {
		member = "ifNoneExist"
	}
	switch {
	case p.find == nil:
		return fhir.Ref{}, p.at(c, member, record.Safef(record.Unsupported, "conditional requests are not possible here"))
	case c.Query == "":
		// It would mean every resource of the type.
		return fhir.Ref{}, p.at(c, member, record.Safef(record.Precondition, "a conditional request must say what to look for"))
	}
	found, err := p.find.Find(c.Ref.Type, c.Query)
	switch {
	case err != nil:
		return fhir.Ref{}, p.at(c, member, err)
	case len(found) > 1:
		return fhir.Ref{}, p.at(c, member, record.Safef(record.Precondition, "more than one resource matches"))
	case len(found) == 0:
		return fhir.Ref{}, nil
	}
	return found[0], nil
}

// patched makes an Update of a patch.
func (p *planner) patched(c Change) (Change, error) {
	if p.find == nil {
		return c, p.at(&c, "method", record.Safef(record.Unsupported, "patches are not possible here"))
	}
	now, err := p.find.Current(c.Ref)
	if err != nil {
		return c, p.at(&c, "url", err)
	}
	next, err := c.Patch.Apply(now)
	if err != nil && p.bundle {
		err = inPatch(c.Index, err)
	}
	if err != nil {
		return c, err
	}
	c.Verb, c.Resource, c.kept = Update, next, map[string]bool{}
	for _, r := range now.References() {
		c.kept[r.Value] = true
	}
	return c, nil
}

// check asks whether the resource may be written.
func (p *planner) check(c *Change) error {
	if p.Check == nil || c.Verb != Create && c.Verb != Update {
		return nil
	}
	err := p.Check(c.Resource)
	switch {
	case err == nil || !p.bundle:
		return err
	case c.Patch != nil:
		return inPatch(c.Index, err)
	}
	return inEntry(c.Index, err)
}

// at says which member of an entry's request an error is about.
func (p *planner) at(c *Change, member string, err error) error {
	if !p.bundle {
		return err
	}
	return inside(entryPath(c.Index)+".request."+member, err)
}
