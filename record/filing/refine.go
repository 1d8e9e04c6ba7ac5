package filing

import (
	"slices"
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

// refine returns what the first row that fits says.
func refine(r *fhir.Resource, codings, texts []fhir.Coding) (found finding) {
	typ, codings := r.Type(), append(codings, focus(r)...)
	for i := range refinements {
		row := &refinements[i]
		if !slices.Contains(row.types, typ) {
			continue
		}
		if c, ok := row.fits(codings, texts); ok {
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
	if _, there := r.Value("focus"); !there || r.Type() != "Observation" {
		return nil
	}
	for _, ref := range r.References() {
		if to := fhir.ParseReference(ref.Value).Ref; strings.HasPrefix(ref.Path, "Observation.focus") {
			types = append(types, fhir.Coding{Code: to.Type, Path: ref.Path})
		}
	}
	return types
}

func (row *refinement) fits(codings, texts []fhir.Coding) (fhir.Coding, bool) {
	for _, c := range codings {
		if c.Code != "" && row.within(c.Path) && slices.ContainsFunc(row.codes, func(s string) bool { return strings.EqualFold(s, c.Code) }) {
			return c, true
		}
	}
	for _, t := range texts {
		if !row.within(t.Path) {
			continue
		}
		text := normal(t.Display)
		for _, w := range row.words {
			if strings.Contains(text, " "+w) {
				return t, true
			}
		}
	}
	return fhir.Coding{}, false
}

// within reports whether a path, "Observation.category[0].coding[0]", lies in
// the element the row looks at.
func (row *refinement) within(path string) bool {
	if row.at == "" {
		return true
	}
	_, rest, _ := strings.Cut(path, ".")
	name, _, _ := strings.Cut(rest, ".")
	name, _, _ = strings.Cut(name, "[")
	return name == row.at
}
