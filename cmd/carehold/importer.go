package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/filing"
)

// imported is what came of one source.
type imported struct {
	ID       record.ImportID
	Source   string
	New      int
	Back     int // were there once, and deleted
	Known    int // of a dry run: are there, the same or not
	Changed  int
	Same     int  // were there already
	Left     int  // the person's own details, which another source gave first
	Kept     int  // would have been changed or deleted, to which nobody said yes
	Own      bool // their own details were taken as a change of their own, not of the import
	Refused  []refusal
	Types    map[string]int // of what would be, or was, imported
	Sections map[string]int
	Dangling int // references that lead to nothing that was taken
	LeadOut  int // of them those to an entry that was refused
	Ignored  map[string]int
}

func (t *imported) add(r imported) {
	t.New += r.New
	t.Back += r.Back
	t.Known += r.Known
	t.Changed += r.Changed
	t.Same += r.Same
	t.Left += r.Left
	t.Kept += r.Kept
	t.Refused = append(t.Refused, r.Refused...)
}

// written is how many entries the import brought or changed, and would take back.
func (t imported) written() int {
	n := t.New + t.Changed + t.Back
	if t.Own {
		n-- // their own details
	}
	return n
}

// wrote is written, but of a dry run nothing.
func (t imported) wrote(dry bool) int {
	if dry {
		return 0
	}
	return t.written()
}

// taken is how many of the entries are in the record now, whoever brought them.
func (t imported) taken() int { return t.New + t.Back + t.Known + t.Changed + t.Same + t.Left + t.Kept }

// importer puts sources into an open record.
type importer struct {
	*unlocked
	person  bool           // take the Patient of this source
	most    int            // entries in one piece; 0: pieceEntries
	own     *fhir.Resource // the record's Patient; nil when there is none yet
	ask     bool
	patient string
	there   map[fhir.Ref]message.EntryInfo

	ownExport bool // it is of the person's own export, as they were asked
}

// begin looks at what is there, so that what is new can be told from it.
func (im *importer) begin(ctx context.Context) (err error) {
	if im.patient, err = im.session.Patient(ctx); err != nil {
		return err
	}
	switch b, err := im.session.Read(ctx, fhir.Ref{Type: "Patient", ID: im.patient}); record.KindOf(err) {
	case record.NotFound, record.Gone:
	default:
		if err != nil {
			return err
		}
		if im.own, err = fhir.Parse(b, fhir.Limits{}); err != nil {
			return err
		}
	}
	return im.look(ctx)
}

func (im *importer) look(ctx context.Context) error {
	list, err := im.session.Entries(ctx)
	if err != nil {
		return err
	}
	im.there = make(map[fhir.Ref]message.EntryInfo, len(list))
	for _, e := range list {
		im.there[fhir.Ref{Type: e.Type, ID: e.ID}] = e
	}
	return nil
}

// source imports one source, or with dry counts what that would do.
func (im *importer) source(ctx context.Context, s importSource, dry bool) (imported, error) {
	r := imported{ID: crypto.RandomID(), Source: s.name, Types: map[string]int{}, Sections: map[string]int{}, Ignored: map[string]int{}}
	var changes []change.Change
	for _, b := range s.bundles {
		checks := checker{}
		plan, err := change.PlanImport(b, first(s.as, s.name), im.patient, change.Checking(checks.check))
		if err != nil {
			return r, err
		}
		if err := plan.About(im.own); err != nil {
			return r, hinted(err, "nothing was imported from it: a record is about one person")
		}
		if im.ask && !dry {
			if err := im.isThatYou(s.name, plan.Patients); err != nil {
				return r, err
			}
		}
		refused := checks.refusals(b, plan)
		r.Refused = append(r.Refused, refused...)
		r.Dangling += plan.Dangling
		r.LeadOut += leadTo(plan.Changes, refusedNames(refused))
		for what, n := range plan.Ignored {
			r.Ignored[what] += n
		}
		for i := range plan.Changes {
			if r := plan.Changes[i].Resource; r != nil {
				if plan.Changes[i].Resource, err = foreign(r); err != nil {
					return imported{}, err
				}
			}
		}
		kept, err := im.leaveKnown(ctx, s, b, plan.Changes, &r, dry)
		if err != nil {
			return r, err
		}
		for _, c := range kept {
			if im.keepPerson(c, s.name) {
				r.Left++
				continue
			}
			changes = append(changes, c)
		}
	}
	changes, err := im.mayOverwrite(ctx, s, changes, &r, dry)
	if err != nil {
		return r, err
	}
	im.count(&r, changes)
	if dry {
		im.foresee(&r, changes)
	} else {
		was := im.there[im.ownRef()]
		if err := im.send(ctx, &r, changes); err != nil {
			return r, err
		}
		if err := im.takePerson(ctx, &r, changes, was); err != nil {
			return r, err
		}
	}
	// The next source of the same command is compared with the person too.
	for _, c := range changes {
		if im.own == nil && c.Ref.Type == "Patient" && c.Ref.ID == im.patient && (dry || im.there[c.Ref].Version > 0) {
			im.own = c.Resource
		}
	}
	return r, nil
}

// foresee counts what a dry run can know: whether what is there would change, only
// the server can say.
func (im *importer) foresee(r *imported, changes []change.Change) {
	for _, c := range changes {
		switch was, there := im.there[c.Ref]; {
		case !there:
			r.New++
		case was.Deleted:
			r.Back++
		default:
			r.Known++
		}
	}
}

// keepPerson reports whether a change is to the person's own details, and another
// source gave those first. Every system has its own Patient; if each overwrote the
// last one's, importing one of them again would never be without effect.
func (im *importer) keepPerson(c change.Change, source string) bool {
	was, there := im.there[c.Ref]
	return c.Ref.Type == "Patient" && there && !was.Deleted && withoutVerdict(was.Source) != withoutVerdict(source) && !im.person
}

func (im *importer) ownRef() fhir.Ref { return fhir.Ref{Type: "Patient", ID: im.patient} }

// takePerson is the rest of --update-person. An import does not undo what somebody
// corrected by hand: what it brought once is found unchanged then, though it is not
// what is there. Whoever asks for this source's details wants just that, and so sends
// them as a change of their own: as one that an import would not make.
func (im *importer) takePerson(ctx context.Context, r *imported, changes []change.Change, was message.EntryInfo) error {
	at := slices.IndexFunc(changes, func(c change.Change) bool { return c.Ref == im.ownRef() })
	if !im.person || at < 0 || was.Version == 0 || was.Deleted || was.Source != "" || im.there[im.ownRef()].Version != was.Version {
		return nil
	}
	body, err := transactionOf(changes[at : at+1])
	if err != nil {
		return err
	}
	answer, err := im.session.Transaction(context.WithoutCancel(ctx), body, entry.Origin{})
	if err != nil {
		return hinted(fmt.Errorf("your own details stay as they were: %w", err), "everything else of "+clean(r.Source)+" is in")
	}
	versions, err := versionsOf(answer, 1)
	if err != nil || versions[0] == was.Version {
		return err
	}
	r.Same, r.Changed, r.Own = r.Same-1, r.Changed+1, true
	im.there[im.ownRef()] = message.EntryInfo{Type: "Patient", ID: im.patient, Version: versions[0], Section: was.Section}
	return nil
}

// isThatYou asks whom the source is about.
func (im *importer) isThatYou(source string, patients []change.PatientSummary) error {
	if len(patients) != 1 {
		return nil // none: it is they who import it; several: all is refused
	}
	p := patients[0]
	if p.Surely(im.own) {
		return nil
	}
	who := first(clean(p.Name), "somebody without a name")
	if p.BirthDate != "" {
		who += ", born " + clean(p.BirthDate)
	}
	if p.NHSNumber != "" {
		who += ", NHS number " + clean(p.NHSNumber)
	}
	ok, err := im.app.confirm(fmt.Sprintf("%s is about %s. Is that you?", clean(source), who), false)
	if err == nil && !ok {
		err = errors.New("nothing was imported: a record is about one person")
	}
	return err
}

// count says what is new, by type and by the section it will be filed in.
func (im *importer) count(r *imported, changes []change.Change) {
	items := make([]filing.Item, len(changes))
	for i, c := range changes {
		items[i] = filing.Item{Ref: c.Ref, Resource: c.Resource}
		for _, t := range c.Resource.References() {
			if to := fhir.ParseReference(t.Value); to.Form == fhir.Relative {
				items[i].Targets = append(items[i].Targets, to.Ref)
			}
		}
	}
	filed := filing.File(items, func(ref fhir.Ref) (record.Section, bool) {
		e, there := im.there[ref]
		s, err := record.ParseSection(e.Section)
		return s, there && err == nil
	})
	for i, c := range changes {
		r.Types[c.Ref.Type]++
		section := filed[i].Section.String()
		if e, there := im.there[c.Ref]; there {
			section = e.Section // filing happens once
		}
		r.Sections[section]++
	}
}
