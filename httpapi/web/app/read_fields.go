package app

import (
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/ips"
)

// fields are the elements that a person asks for, in the order in which they do. Each has
// words of its own (show.field.* in messages); of an element that can be of several types,
// "onset[x]", this is the name without the type. All others are told too, further down and
// by FHIR's names: nothing that reads as words is left out.
var fields = []string{
	"payload", "item", "conclusion", "reaction", "criticality", "severity", "dosageInstruction", "dosage",
	"quantity", "daysSupply", "reasonCode", "reasonReference", "indication", "statusReason", "result", "summary",
	"description", "comment", "note", "instruction", "goal", "addresses", "activity", "target", "achievementStatus",
	"outcome", "outcomeReference", "prediction", "mitigation", "bodySite", "site", "route", "doseQuantity", "lotNumber",
	"expirationDate", "clinicalStatus", "verificationStatus", "lifecycleStatus", "priority", "onset", "abatement",
	"effective", "performed", "occurrence", "timing", "period", "servicePeriod", "start", "end", "minutesDuration",
	"startDate", "statusDate", "whenHandedOver", "name", "birthDate", "gender", "deceased", "address", "telecom",
	"maritalStatus", "communication", "generalPractitioner", "relationship", "qualification", "specialty", "category",
	"type", "class", "serviceType", "performer", "participant", "author", "asserter", "informationSource", "source",
	"expressedBy", "recorder", "requester", "assessor", "practitioner", "careManager", "sender", "recipient", "owner",
	"supplier", "payor", "organization", "serviceProvider", "managingOrganization", "location", "totalGross", "total",
	"priceOverride", "authoredOn", "authored", "dateAsserted", "recordedDate", "recorded", "recordedOn", "created",
	"date", "dateTime", "sent", "issued",
}

// values are the codes that have words for a person (show.value.*). Those of another list
// are said as they are.
var values = map[string][]string{
	"criticality":        {"high", "low", "unable-to-assess"},
	"clinicalStatus":     {"active", "recurrence", "relapse", "inactive", "remission", "resolved"},
	"verificationStatus": {"confirmed", "unconfirmed", "provisional", "differential", "refuted", "entered-in-error"},
	"type":               {"allergy", "intolerance"},
	"category":           {"food", "medication", "environment", "biologic"},
	"severity":           {"mild", "moderate", "severe"},
	"priority":           {"routine", "urgent", "asap", "stat"},
	"gender":             {"female", "male", "other", "unknown"},
}

// unspoken are elements that are told elsewhere on the page, or say nothing to a person.
var unspoken = []string{"resourceType", "id", "meta", "text", "subject", "patient", "beneficiary", "identifier", "contained", "extension", "modifierExtension", "implicitRules", "language",
	"interpretation", "referenceRange", "valueQuantity", "valueCodeableConcept", "valueString", "component", "content", "presentedForm", "photo", "data"}

// valueRows are the elements that read as words: those of fields, and the others.
func (a *App) valueRows(r *http.Request, res *fhir.Resource) (list, more []pair) {
	at := map[int][]pair{}
	for n := range res.Root().All() {
		name := n.Name()
		if slices.Contains(unspoken, name) || strings.HasPrefix(name, "_") {
			continue
		}
		field, i := fieldOf(name)
		said := a.elementIn(r, res, n, field)
		switch {
		case said == "":
		case i < 0:
			more = append(more, pair{speak.Clean(spaced(name)), said})
		default:
			at[i] = append(at[i], pair{a.pages.T(r, "show.field."+field), said})
		}
	}
	for i := range fields {
		list = append(list, at[i]...)
	}
	return list, more
}

// fieldOf is which of fields an element is, and its place there; -1 for none.
func fieldOf(name string) (field string, i int) {
	if i := slices.Index(fields, name); i >= 0 {
		return name, i
	}
	for i, f := range fields {
		if rest, is := strings.CutPrefix(name, f); is {
			if c, _ := utf8.DecodeRuneInString(rest); unicode.IsUpper(c) && slices.Contains(choices, f) {
				return f, i
			}
		}
	}
	return name, -1
}

// choices are those of fields that FHIR has in several types.
var choices = []string{"onset", "abatement", "effective", "performed", "occurrence", "timing", "deceased", "quantity"}

// elementIn is what an element says.
func (a *App) elementIn(r *http.Request, res *fhir.Resource, n fhir.Node, field string) string {
	code := n.Text()
	if n.Kind() != '"' {
		code = speak.Code(n, "")
	}
	switch {
	case n.Kind() != '[' && slices.Contains(values[field], code):
		return a.pages.T(r, "show.value."+field+"."+code)
	case field == "reaction":
		return each(n, a.reaction(r))
	case field == "dosageInstruction" || field == "dosage":
		return ips.Dosage(res)
	case field == "item":
		return each(n, answered)
	case n.Kind() == 't':
		return a.pages.T(r, "entry.yes")
	case n.Kind() == 'f':
		return a.pages.T(r, "entry.no")
	case n.Kind() == '"' && isDate(n.Text()):
		return a.when(r, n.Text())
	case n.Kind() == '{' && (n.Get("start").Valid() || n.Get("end").Valid()):
		return a.period(r, n)
	case n.Kind() == '"' && (strings.HasSuffix(field, "Status") || field == "status" || field == "intent" || field == "priority"):
		return speak.Status(n.Text())
	case n.Kind() == '[' && values[field] != nil:
		return each(n, func(x fhir.Node) string {
			if slices.Contains(values[field], x.Text()) {
				return a.pages.T(r, "show.value."+field+"."+x.Text())
			}
			return wordsIn(x)
		})
	}
	return wordsIn(n)
}

// reaction is what happened, and how bad it was.
func (a *App) reaction(r *http.Request) func(fhir.Node) string {
	return func(n fhir.Node) string {
		what := strings.Join(speak.Said(speak.Concepts(n.Get("manifestation")), speak.Clean(n.Get("description").Text())), ". ")
		bad := n.Get("severity").Text()
		if slices.Contains(values["severity"], bad) {
			bad = strings.ToLower(a.pages.T(r, "show.value.severity."+bad))
		}
		if what == "" || bad == "" {
			return what + speak.Clean(bad)
		}
		return what + " (" + speak.Clean(bad) + ")"
	}
}

// answered is a question and what was answered, with those within it.
func answered(n fhir.Node) string {
	said := speak.Clean(n.Get("text").Text())
	answers := each(n.Get("answer"), func(x fhir.Node) string {
		return strings.Join(speak.Said(speak.Value(x), each(x.Get("item"), answered)), "; ")
	})
	if answers != "" {
		said = strings.TrimSuffix(said, ":") + ": " + answers
	}
	return strings.Join(speak.Said(said, each(n.Get("item"), answered)), "; ")
}

// mostEach is how many of an array are told: the original has all.
const mostEach = 30

// each is what every one of an array says.
func each(n fhir.Node, say func(fhir.Node) string) string {
	var all []string
	for x := range n.All() {
		if len(all) == mostEach {
			all = append(all, "…")
			break
		}
		if said := say(x); said != "" {
			all = append(all, said)
		}
	}
	return speak.Clean(strings.Join(all, "; "))
}
