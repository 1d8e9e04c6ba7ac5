package change

import (
	"carehold/record"
	"carehold/record/fhir"
)

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
		return fhir.Ref{}, p.at(c, member, record.Safef(record.Ambiguous, "more than one resource matches"))
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
	if c.Patch.spent() {
		err := error(tooMuchTogether())
		if p.bundle {
			err = inPatch(c.Index, err)
		}
		return c, err
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
	err := p.Check(c.Index, c.Resource)
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
