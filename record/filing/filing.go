package filing

import (
	"log/slog"

	"carehold/record"
	"carehold/record/fhir"
)

// Item is one resource to file together with the others of the same change.
type Item struct {
	Ref      fhir.Ref       // its identity within this change; may be temporary
	Resource *fhir.Resource // as it will be kept
	Targets  []fhir.Ref     // the entries it refers to, in this change or in the record
}

// Known tells the section of an entry that is already in the record. A nil
// Known knows nothing.
type Known func(fhir.Ref) (record.Section, bool)

// Filed is where an entry goes, and why.
type Filed struct {
	Section record.Section
	Why     Reason
}

// Reason says in words a person understands why an entry is filed where it is.
// All of it tells something about the entry: it may be shown to whoever may
// read the entry, and never logged.
type Reason struct {
	Rule   string      // stable id of the row that decided: "label:PSY", "code:icd10:F30", "type:Encounter", "points-to"
	Text   string      // one sentence
	Path   string      // the element that decided, where one did: "Condition.code"
	Coding fhir.Coding // the code or text that decided, where one did
	Via    fhir.Ref    // the other entry that decided, where one did
}

// String is the sentence with what decided.
func (r Reason) String() string {
	text := r.Text
	switch {
	case r.Coding.Code != "" && r.Coding.Display != "":
		text += " (" + r.Coding.Display + ", " + r.Coding.Code + ")"
	case r.Coding.Display != "":
		text += " (“" + r.Coding.Display + "”)"
	case r.Coding.Code != "":
		text += " (" + r.Coding.Code + ")"
	case r.Via.Type != "":
		text += " (a " + r.Via.Type + ")"
	}
	return text
}

// LogValue keeps a reason out of logs: even the id of the rule would tell.
func (r Reason) LogValue() slog.Value { return slog.StringValue("[why]") }

// File says where each item goes, in the order of items. It is pure: the same
// items in another order get the same sections, for the same reasons.
func File(items []Item, known Known) []Filed {
	g := newGraph(items, known)
	g.settle()
	return g.filed()
}

// Section files one resource by itself, given the sections of the entries it is
// about. File knows more: which entry is of which type, and who points to whom.
func Section(r *fhir.Resource, targets []record.Section) Filed {
	o := new(reader).decide(r)
	at := o.start()
	var all, any record.Section
	mixed := false
	for _, t := range targets {
		if t.Valid() && !t.Always() {
			any = strictest(any, t)
			if t.Sensitive() {
				all = strictest(all, t)
			} else {
				mixed = true
			}
		}
	}
	pull := record.Section(0)
	switch o.row.follows {
	case container:
		pull = any
	case subjects, part:
		pull = all
	case allOfThem:
		if !mixed {
			pull = all
		}
	}
	if Stricter(pull, at) {
		return Filed{pull, Reason{Rule: rulePointsTo, Text: "It goes with an entry it refers to."}}
	}
	return Filed{o.found.section, o.found.why}
}
