package filing

import (
	"bytes"
	"math/bits"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// refinement sends some entries of some types elsewhere than their type's
// default, among the ordinary sections. The first row that fits decides.
type refinement struct {
	id      string
	types   []string
	at      string   // the element the codes and words are looked for in; "" is anywhere
	codes   []string // any of these codes, whatever the system; of a reference the type it leads to is one
	words   []string // or any of these words
	section record.Section
	when    string // completes "An Observation …"
	why     string
}

var (
	carePapers  = []string{"QuestionnaireResponse", "DocumentReference", "Composition", "Communication", "CommunicationRequest", "Media"}
	careActs    = []string{"ServiceRequest", "Encounter", "EpisodeOfCare", "Procedure", "Appointment", "Condition", "ClinicalImpression", "Observation", "RiskAssessment"}
	lawPapers   = []string{"Consent", "DocumentReference", "Composition", "QuestionnaireResponse", "Flag"}
	ourSoftware = []string{"Device", "DeviceRequest", "DeviceUseStatement"}
)

var (
	socialWords = []string{"social care", "social work", "social service", "social context", "adult social", "home care", "homecare", "domiciliary", "care package",
		"package of care", "reablement", "respite", "day centre", "day center", "carer", "personal assistant", "personal care", "supported living", "care home",
		"residential care", "needs assessment", "support reason", "support needs", "housing", "home adaptation", "meals on wheels", "telecare", "community alarm",
		"home and community", "home help", "assisted with bathing", "social prescrib", "activities of daily living", "barthel"}
	socialCodes  = []string{"social-care", "socialcare", "sdoh", "functional-status", "disability-status", "hacc", "cacp", "96761-2", "93025-5"}
	aboutMeWords = []string{"about me", "aboutme", "what matters to me", "what is most important to me", "how i communicate", "please do and please do not",
		"how and when to support me", "also worth knowing about me", "my wellness", "this is me"}
	budgetWords = []string{"personal budget", "personal health budget", "direct payment", "continuing healthcare", "continuing health care", "funded nursing care",
		"financial assessment", "care funding", "funding panel"}
	advanceWords = []string{"advance decision", "advance directive", "advance statement", "advance care plan", "lasting power of attorney", "power of attorney",
		"do not attempt", "dnacpr", "resuscitation status", "respect form", "living will", "deprivation of liberty", "best interests"}
)

// refinements, in the order they are tried.
var refinements = []refinement{
	{"goal", []string{"Observation"}, "focus", []string{"Goal"}, nil, record.Plan,
		"has a goal as its focus", "R4, Observation.focus: it says how near the person came to the goal, and is read with the plan"},
	{"about-me", append([]string{"Observation", "Goal", "CarePlan"}, carePapers...), "", []string{"81338-6", "care-experience-preference", "treatment-intervention-preference"},
		aboutMeWords, record.AboutMe, "says it is About Me, or a preference", "PRSB About Me: the person's own words, for whoever supports them"},
	{"advance", lawPapers, "", []string{"42348-3", "adr", "acd", "dnr", "advance-directive"}, advanceWords, record.Plan,
		"is an advance decision, a power of attorney or the like", "it only works if whoever is there in an emergency sees it with the plan"},
	{"budget", append([]string{"ServiceRequest", "Consent", "Task"}, carePapers...), "", nil, budgetWords, record.Budget,
		"is about a personal budget, direct payments or funding", "money is shared with fewer people than care"},

	{"smoking", []string{"Observation"}, "code", smoking, []string{"tobacco", "smok", "cigarette", "nicotine", "vaping"}, record.Measures,
		"is about smoking", "asked with blood pressure and weight at every check, and for the same reasons; not a secret to those who smell it"},
	{"vital-signs", []string{"Observation"}, "category", []string{"vital-signs", "vital-sign", "activity"}, nil, record.Measures,
		"has the category vital signs or activity", "what a home device measures"},
	{"vital-code", []string{"Observation"}, "code", vitalSigns, nil, record.Measures, "has the code of a vital sign", "as the category"},
	{"laboratory", []string{"Observation"}, "category", []string{"laboratory", "imaging", "procedure", "exam"}, nil, record.Results,
		"has the category laboratory, imaging, procedure or exam", "a result"},
	{"social-care", append(append([]string{}, careActs...), carePapers...), "", socialCodes, socialWords, record.Support,
		"says it is social care, a need for support, housing or a carer", "what social workers and carers need, and hospitals seldom ask"},
	{"social-history", []string{"Observation"}, "category", []string{"social-history"}, nil, record.Support,
		"has the category social history", "work, home, family, schooling: PRSB's social context. Alcohol, drugs, sexuality and gender are taken out by code and word first"},

	{"flag-drug", []string{"Flag"}, "category", []string{"drug"}, nil, record.Medicines, "has the category drug", "whoever prescribes must see it"},
	{"flag-clinical", []string{"Flag"}, "category", []string{"clinical", "lab", "safety", "diet", "contact"}, nil, record.Conditions,
		"has the category clinical, lab, safety, diet or contact", "whoever treats must see it"},

	{"implant", ourSoftware, "", nil, []string{"implant", "pacemaker", "defibrillator", "stent", "prosthe", "heart valve", "shunt"}, record.Conditions,
		"is something in the body", "a scanner or a surgeon must know of it; it is no equipment"},
	{"home", []string{"Location"}, "", []string{"ho", "PTRES"}, nil, record.Support, "is somebody's home", "an address is not a provider, and everyone would see it"},

	{"list-allergies", []string{"List"}, "code", []string{"52472-8", "48765-2", "allergies", "adverserxns"}, nil, record.Allergies,
		"is a list of allergies", "an empty one says that there are none known: it must be seen with them"},
	{"list-medicines", []string{"List"}, "code", []string{"10160-0", "medications"}, nil, record.Medicines, "is a list of medicines", "as allergies"},
	{"list-problems", []string{"List"}, "code", []string{"11450-4", "problems"}, nil, record.Conditions, "is a list of problems", "as allergies"},
	{"list-vaccinations", []string{"List"}, "code", []string{"11369-6"}, nil, record.Vaccination, "is a list of vaccinations", "as allergies"},
	{"list-plans", []string{"List"}, "code", []string{"plans"}, nil, record.Plan, "is a list of plans", "as allergies"},
}

// rowSet is a set of refinements, a bit each.
type rowSet uint64

// rowsOf are the refinements of a type.
var rowsOf = func() map[string]rowSet {
	all := map[string]rowSet{}
	for i := range refinements {
		for _, typ := range refinements[i].types {
			all[typ] |= 1 << i
		}
	}
	return all
}()

// elements are those that refinements look at.
var elements = func() map[string]string {
	all := map[string]string{}
	for i := range refinements {
		all[refinements[i].at] = refinements[i].at
	}
	return all
}()

// below is the element of a resource that a path, Observation.category[0].coding[1],
// leads into: "category"; "" of one that no refinement looks at.
func below(path []byte) string {
	_, rest, _ := bytes.Cut(path, []byte{'.'})
	if end := bytes.IndexAny(rest, ".["); end >= 0 {
		rest = rest[:end]
	}
	return elements[string(rest)]
}

// refine returns what the first row that fits says.
func (rd *reader) refine(r *fhir.Resource) finding {
	focus := focus(r)
	rows := rowSet(0) // that something fits, wherever it stands
	for _, list := range [][]mention{rd.codes, rd.named, rd.texts} {
		for i := range list {
			rows |= list[i].rows
		}
	}
	for _, c := range focus {
		rows |= codeSays(c).rows
	}
	for rows &= rowsOf[r.Type()]; rows != 0; rows &= rows - 1 {
		i := bits.TrailingZeros64(uint64(rows))
		row := &refinements[i]
		if c, ok := rd.fits(row, 1<<i, focus); ok {
			return finding{row.section, Reason{
				Rule: "refine:" + row.id, Path: c.Path, Coding: c,
				Text: "It " + row.when + ".",
			}}
		}
	}
	return finding{}
}

// focus is what an Observation is about besides the person: the types, as codes.
func focus(r *fhir.Resource) (types []fhir.Coding) {
	if r.Type() != "Observation" {
		return nil
	}
	if _, there := r.Value("focus"); !there {
		return nil
	}
	for _, ref := range r.References() {
		if to := fhir.ParseReference(ref.Value).Ref; strings.HasPrefix(ref.Path, "Observation.focus") {
			types = append(types, fhir.Coding{Code: to.Type, Path: ref.Path})
		}
	}
	return types
}

// fits is the first code or text that a row, whose bit is given, asks for: codes first.
func (rd *reader) fits(row *refinement, bit rowSet, focus []fhir.Coding) (fhir.Coding, bool) {
	first := func(list []mention) *mention {
		for i := range list {
			if m := &list[i]; m.rows&bit != 0 && (row.at == "" || row.at == m.below) {
				return m
			}
		}
		return nil
	}
	if m := first(rd.codes); m != nil {
		return m.coding(), true
	}
	for _, c := range focus {
		if c.Code != "" && codeSays(c).rows&bit != 0 && (row.at == "" || row.at == below([]byte(c.Path))) {
			return c, true
		}
	}
	for _, list := range [][]mention{rd.named, rd.texts} {
		if m := first(list); m != nil {
			return m.coding(), true
		}
	}
	return fhir.Coding{}, false
}
