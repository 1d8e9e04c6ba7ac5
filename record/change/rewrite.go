package change

import "carehold/record/fhir"

// ImportOption is one of PlanImport's options.
type ImportOption func(*importing)

// Checking leaves out what check refuses, with its error as the reason. check sees
// each resource as it would be sent, its references rewritten.
func Checking(check func(*fhir.Resource) error) ImportOption {
	return func(im *importing) { im.check = check }
}

// rewriteAll rewrites what is not refused. What check then refuses is no longer
// pointed to, so the others are rewritten once more: with less to point to, there
// is nothing new to refuse.
func (im *importing) rewriteAll() {
	again := false
	for _, c := range im.candidates {
		if c.refused != "" {
			continue
		}
		if c.rewritten = im.rewrite(c); im.check == nil {
			continue
		}
		if err := im.check(c.rewritten); err != nil {
			c.refuse(err.Error())
			again = true
		}
	}
	if !again {
		return
	}
	im.out.Dangling = 0
	for _, c := range im.candidates {
		if c.refused == "" {
			c.rewritten = im.rewrite(c)
		}
	}
}

// rewrite points c's references to the new ids. The person is pointed to also when
// the source's Patient is refused: the record has its own.
func (im *importing) rewrite(c *candidate) *fhir.Resource {
	return c.res.Rewrite(func(r fhir.Reference) (string, bool) {
		if to := im.find(c, r.Value); to != nil && (to.refused == "" || to == im.person) {
			return to.ref.String(), true
		}
		if im.alias != "" && unversioned(r.Value) == im.alias {
			return im.own.String(), true
		}
		if r.In == fhir.InReference && fhir.ParseReference(r.Value).Form != fhir.Contained {
			im.out.Dangling++
		}
		return "", false
	})
}
