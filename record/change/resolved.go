package change

import (
	"carehold/record"
	"carehold/record/fhir"
)

// PlanResolved takes a transaction in which an import arrives: PlanImport, at the
// other end, has resolved what there was to resolve. It holds updates only, each
// of another resource, and none of their bytes changes: a reference to nothing in
// the source stays as it is there, for a record of a life refers to much that
// nobody exported. Plan would refuse such a urn, and such a query.
func PlanResolved(b *Bundle) ([]Change, error) {
	if b.Type != "transaction" {
		return nil, record.Safef(record.Invalid, "an import is sent as a Bundle of type transaction").At("Bundle.type")
	}
	changes := make([]Change, len(b.Entries))
	written := make(map[fhir.Ref]bool, len(b.Entries))
	for i := range b.Entries {
		e := &b.Entries[i]
		path := entryPath(i) + ".request"
		if e.Err == nil && (e.Request == nil || e.Request.Method != "PUT") {
			return nil, record.Safef(record.Invalid, "an import puts each entry under an id of its own").At(path)
		}
		c, err := request(e)
		if err != nil {
			return nil, err
		}
		if c.Ref.ID == "" {
			return nil, record.Safef(record.Unsupported, "an import has looked up what there was to look up").At(path + ".url")
		}
		if written[c.Ref] {
			return nil, record.Safef(record.Invalid, "a transaction can change a resource only once").At(entryPath(i))
		}
		written[c.Ref] = true
		changes[i] = c
	}
	return changes, nil
}
