package main

import (
	"bytes"
	"errors"
	"fmt"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/export"
)

// Whose an export is, its manifest says, and anybody can write that: also the name that
// the person has in this very record, which every grantee knows. So it answers nothing.
// An export needs no question only where nothing of it would be written.

// whose makes sure that the export is about the person.
func (x *exportImport) whose(dry bool) error {
	own := x.theirs == x.ours
	asks := x.ask && !dry && !(own && x.waves == 0)
	c := x.entries[x.ours]
	if c == nil || c.filed.Deleted {
		if !asks {
			return nil
		}
		question := "%s does not say whom it is about. Is it yours?"
		if own {
			question = "%s says that it is of this record, not whom it is about, and holds what the record does not have. Is it yours?"
		}
		ok, err := x.app.confirm(fmt.Sprintf(question, sentence(clean(x.first.Source))), false)
		if err == nil && !ok {
			err = errors.New("nothing was imported: a record is about one person")
		}
		return err
	}
	seen := false
	err := x.Newest("Patient", func(v export.Version) error {
		seen = true
		bundles, err := change.ReadSource(bytes.NewReader(v.Resource.Bytes()), change.Limits{})
		if err != nil || len(bundles) != 1 {
			return err
		}
		plan, err := change.PlanImport(bundles[0], "", x.patient)
		if err != nil {
			return err
		}
		if err := plan.About(x.importer.own); err != nil {
			return hinted(err, "nothing was imported from it: a record is about one person")
		}
		was := x.there[x.ours]
		if other := was.Version > 0 && !was.Deleted && was.Source != x.first.Source; other && !x.person && c.from < len(c.versions) {
			c.from = len(c.versions)
			x.first.Left++
		}
		if asks {
			return x.isThatYou(x.first.Source, plan.Patients)
		}
		return nil
	})
	if err == nil && !seen { // it is among the older versions, where nobody would look
		err = badExport(x.path, record.Safef(record.Integrity, "Patient.ndjson does not have the Patient of sections.json"))
	}
	return err
}
