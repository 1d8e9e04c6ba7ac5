package store

import (
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/rows"
	"carehold/record/search"
)

// draft is a change on its way: looked up and allowed, not filed yet.
type draft struct {
	verb   change.Verb
	ref    fhir.Ref
	id     record.EntryID
	res    *fhir.Resource
	old    line
	was    Entry
	exists bool           // a version is there and is the View's to see
	may    grant.Decision // what is decided on that, where it hangs on what is in it
	filed  filing.Filed
	fresh  bool   // to be filed by the table
	apart  *apart // of a Binary whose content is not in its JSON

	version record.Version // of a read; 0 is the newest
}

// draft looks a change up and asks whether it may be made.
func (pl *planner) draft(c change.Change) (*draft, error) {
	v := pl.v
	if c.Err != nil {
		return nil, c.Err
	}
	if err := writable(c.Verb, c.Ref); err != nil {
		return nil, err
	}
	w := &draft{verb: c.Verb, ref: c.Ref, res: c.Resource, version: c.Version, id: v.hold.EntryID(c.Ref.Type, c.Ref.ID)}
	if done, err := pl.draftNothing(w); done || err != nil {
		return w, err
	}
	if !pl.claim(w) {
		return nil, record.Errorf(record.Invalid, "%s is changed twice in one change", c.Ref)
	}
	if w.res != nil {
		if why, ok := change.Storable(w.res.Type()); !ok {
			return nil, record.Safef(record.Unprocessed, "a record cannot hold this: %s", why)
		}
		if w.res.Type() != c.Ref.Type {
			return nil, record.Safef(record.Unprocessed, "the resource is of another type than where it is put")
		}
		if err := pl.onePerson(c.Ref, w.res); err != nil {
			return nil, err
		}
		if err := v.ownTags(w.res); err != nil {
			return nil, err
		}
		if err := pl.takeContent(w); err != nil {
			return nil, err
		}
		if err := pl.searchesStayQuick(w.res); err != nil {
			return nil, err
		}
	}
	old, was, exists, mine, err := pl.current(w.id)
	if err != nil {
		return nil, err
	}
	w.old, w.was, w.exists = old, was, exists && mine
	if err := pl.limit(w); err != nil {
		return nil, err
	}
	if err := pl.countSearched(w); err != nil {
		return nil, err
	}
	switch c.Verb {
	case change.Create:
		return w, pl.draftCreate(w, exists)
	case change.Update:
		return w, pl.draftUpdate(w, c, exists)
	case change.Delete:
		return w, pl.draftDelete(w, c)
	case change.Exists:
		return w, pl.draftExists(w)
	default:
		return nil, record.Safef(record.Unsupported, "a transaction here cannot hold this: put it in a batch")
	}
}

// What can be searched for in one entry is bounded: everybody's searches go through
// all of it. Of HL7's examples the largest has 2 KiB. Whoever has all of the record
// may put more into it, for it is theirs.
const (
	mostSearched      = 32 << 10
	mostSearchedWhole = 256 << 10
	fewValues         = 500 // of so small a resource it is never that much
)

func (pl *planner) searchesStayQuick(r *fhir.Resource) error {
	most := mostSearched
	if pl.whole {
		most = mostSearchedWhole
	}
	if r.Values() > fewValues && len(search.Index(r)) > most {
		return record.Safef(record.TooLarge, "there is more to search for in this (codes, dates, references, texts) than one entry may have, which is %d KiB: write it as several", most>>10)
	}
	return nil
}

// countSearched counts what a change adds to what searches go through, and refuses what
// would be more than a grant may write: whoever has the record is to be able to search
// it, whatever others put there.
func (pl *planner) countSearched(w *draft) error {
	v := pl.v
	if v.grant.Self {
		return nil
	}
	more := 0
	if w.res != nil {
		more = len(search.Index(w.res))
	}
	if w.exists && w.was.Header.Author.Grant == v.grant.ID && len(w.was.Body) > 0 { // in place of their own
		if old, err := fhir.Parse(w.was.Body, fhir.Limits{}); err == nil {
			more -= len(search.Index(old))
		}
	}
	pl.searched += more
	if most := v.s.grantSearched(); more > 0 && v.s.searched.by(v.person, v.grant.ID)+pl.searched > most {
		return record.Safef(record.TooMany, "what was written under this grant has more to search for (codes, dates, references, texts) than one may fill a record with, which is %d MiB: the person can delete some of it, or write it themselves", most>>20)
	}
	return nil
}

// draftNothing drafts what writes nothing and claims no entry. A conditional
// delete that found none still takes the right to delete.
func (pl *planner) draftNothing(w *draft) (done bool, err error) {
	switch w.verb {
	case change.Absent:
		if w.ref.Type != "" && !grant.Covers(pl.v.grant, grant.ActDelete, w.ref.Type) {
			return false, record.Errorf(record.Forbidden, "this grant does not include deleting %s", w.ref.Type)
		}
		return true, nil
	case change.Read, change.Head:
		if w.ref.ID == "" {
			break
		}
		return true, nil
	case change.Search:
	default:
		return false, nil
	}
	return false, record.Safef(record.Unsupported, "a search inside a transaction would have to see what the transaction changes, and this server does not do that: put it in a batch, or search afterwards")
}

// claim takes an entry for a change: each is changed once, and what one entry of a
// transaction found is not changed by another (FHIR R4 §3.1.0.11.2).
func (pl *planner) claim(w *draft) bool {
	before, there := pl.pending[w.id]
	pl.pending[w.id] = w.verb
	return !there || before == change.Exists && w.verb == change.Exists
}

// draftExists is a conditional create that found one. It takes the right to create
// all the same: what is answered must not be had by those who could only search.
func (pl *planner) draftExists(w *draft) error {
	switch {
	case !grant.Covers(pl.v.grant, grant.ActCreate, w.ref.Type):
		return record.Errorf(record.Forbidden, "this grant does not include creating %s", w.ref.Type)
	case !w.exists || w.was.Header.Deleted:
		return notThere(w.ref)
	}
	return nil
}

// existing answers with what was found; with its content if the grant may read it.
func (pl *planner) existing(w *draft) Result {
	res := Result{Ref: w.ref, Version: w.was.Version, Time: w.was.Header.Time, Section: w.was.Section, Unchanged: true}
	if pl.v.decideFor(grant.ActRead, record.Meta{Type: w.ref.Type, Section: w.was.Section}, &w.was) == grant.Allowed {
		res.Body, res.Apart = w.was.Body, w.was.Header.Content != nil
	}
	return res
}

func (pl *planner) draftCreate(w *draft, exists bool) error {
	w.fresh = true
	if !exists {
		return nil
	}
	if w.ref.Type == "Patient" {
		if w.exists && w.was.Header.Deleted && pl.v.decide(grant.ActCreate, record.Meta{Type: "Patient", Section: w.was.Section}) == grant.Allowed {
			w.fresh = false // the person's own, again
			return nil
		}
		return record.Errorf(record.Unprocessed, "one record is one person, and this record has its Patient already: update %s", w.ref)
	}
	return record.Safef(record.Conflict, "the new entry's id is taken: try again")
}

func (pl *planner) draftUpdate(w *draft, c change.Change, exists bool) error {
	v := pl.v
	if !w.exists {
		// To a grant that does not reach everything, an id it cannot see and one
		// that is free are the same: neither can be written.
		switch {
		case exists && pl.whole:
			return rows.Damaged("entry") // every section is held, and none has it
		case !pl.whole && !grant.Covers(v.grant, grant.ActCreate, w.ref.Type):
			return record.Safef(record.NotAllowed, "entries under an id of your own choice are for the person, and this grant does not include creating any")
		case !pl.whole:
			return record.Safef(record.NotAllowed, "entries under an id of your own choice are for the person: create the entry with POST")
		}
		if c.IfMatch != "" {
			return record.Errorf(record.Precondition, "%s does not exist, so it has no version to match", w.ref)
		}
		w.fresh = true
		return nil
	}
	if err := pl.allowed(grant.ActUpdate, w); err != nil {
		return err
	}
	if err := pl.becomes(w); err != nil {
		return err
	}
	if c.IfNoneMatch == "*" && !w.was.Header.Deleted {
		return record.Errorf(record.Precondition, "%s exists already", w.ref)
	}
	return matches(c.IfMatch, w)
}

func (pl *planner) draftDelete(w *draft, c change.Change) error {
	pl.opened -= len(w.was.Body)
	w.was.Body = nil // of what goes nothing is held
	if !w.exists {
		return notThere(w.ref)
	}
	if err := pl.allowed(grant.ActDelete, w); err != nil {
		return err
	}
	return matches(c.IfMatch, w)
}

// matches checks If-Match: W/"3", or "3". FHIR R4 §3.1.0.5.
func matches(tag string, w *draft) error {
	if tag == "" || tag == "*" {
		return nil
	}
	if want := `"` + w.was.Version.String() + `"`; tag != want && tag != "W/"+want {
		return record.Errorf(record.Precondition, "%s is at version %s now: read it again before changing it", w.ref, w.was.Version)
	}
	return nil
}

// allowed asks the policy about an entry that exists.
func (pl *planner) allowed(a grant.Action, w *draft) error {
	decided := pl.v.decide(a, pl.v.about(w.was))
	if decided == grant.Depends {
		decided = w.may
	}
	switch decided {
	case grant.Allowed:
		return nil
	case grant.Forbidden:
		return pl.v.mayNotChange(a, w.was)
	case grant.Ended:
		return errUnauthorized
	}
	return notThere(w.ref)
}

// about is what the policy has to know of an entry.
func (v *View) about(e Entry) record.Meta {
	return record.Meta{Type: e.Ref.Type, Section: e.Section, Own: e.Header.Author.Grant == v.grant.ID}
}

// mayNotChange says which lock was shut: the scope, or that it is not theirs.
func (v *View) mayNotChange(a grant.Action, e Entry) error {
	if grant.Covers(v.grant, a, e.Ref.Type) {
		return record.Errorf(record.Forbidden, "%s is shared so that it can be read: it is changed by the person, or under a grant to everything", e.Ref.Type)
	}
	verb := "changing"
	if a == grant.ActDelete {
		verb = "deleting"
	}
	return record.Errorf(record.Forbidden, "this grant does not include %s %s", verb, e.Ref.Type)
}

// onePerson keeps a record about one person: its Patient has one id, and nothing
// in it is about anybody else.
func (pl *planner) onePerson(ref fhir.Ref, r *fhir.Resource) error {
	if pl.v.s.opts.ManyPatients {
		return nil
	}
	patient := pl.v.PatientID()
	if ref.Type == "Patient" && ref.ID != patient {
		return record.Errorf(record.Unprocessed, "one record is one person: the Patient of this record is Patient/%s", patient)
	}
	for _, about := range r.Subjects() {
		t := fhir.ParseReference(about.Value)
		switch {
		case t.Form == fhir.Relative && t.Ref.Type == "Patient" && t.Ref.ID != patient:
		case t.Form == fhir.Absolute && t.Ref.Type == "Patient" && !(t.Ref.ID == patient && pl.base != "" && t.Base == pl.base+"/"):
		default:
			continue
		}
		return record.Errorf(record.Unprocessed, "this entry is about another person; everything in this record is about Patient/%s", patient).At(about.Path)
	}
	return nil
}
