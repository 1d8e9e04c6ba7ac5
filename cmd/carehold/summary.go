package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/rivo/uniseg"

	"carehold/record/fhir"
)

// A summary is an entry in a few words, for lists: what it is called and when it
// happened. It reads the JSON as it is and knows the common elements, not the
// types: what it does not find, it leaves out. It never says that something is
// absent.
type summary struct {
	Title string
	Date  string // as precise as the record is: 1970, 2024-01-17
	Value string // of a measurement or a result
}

type object = map[string]any

// summarize reads one FHIR resource.
func summarize(resource []byte) summary {
	o, ok := parseObject(resource)
	if !ok {
		return summary{}
	}
	s := summary{Title: title(o), Date: date(o), Value: value(o)}
	if s.Title == "" && str(o, "resourceType") == "Binary" {
		s.Title = fileWord(str(o, "contentType"))
	}
	if s.Title == "" {
		s.Title = typeWord(str(o, "resourceType"))
	}
	return s
}

// line is the summary in one line.
func (s summary) line() string {
	if s.Value == "" {
		return s.Title
	}
	return s.Title + ": " + s.Value
}

// in is the summary in so many columns. Of a long one the name is cut, not the
// value: 7.1 cut short is another number.
func (s summary) in(width int) string {
	tail := ""
	if s.Value != "" {
		tail = ": " + clean(s.Value)
	}
	if n := uniseg.StringWidth(tail); n <= width/2 {
		return fit(strings.TrimRight(cut(s.Title, width-n), " ")+tail, width)
	}
	return fit(s.line(), width)
}

func parseObject(b []byte) (object, bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // 7.0 is not 7: the precision was measured
	var o object
	err := d.Decode(&o)
	return o, err == nil
}

// titles are the elements that name an entry of most types, the best first.
var titles = []string{"code", "vaccineCode", "medicationCodeableConcept", "title", "name", "type", "serviceType", "description",
	"deviceName", "reasonCode", "category", "class", "role", "specialty", "activity", "medicationReference", "topic", "text"}

// titlesOf are those of a type whose name is elsewhere. A path goes into the
// first of several; a plus sign joins two.
var titlesOf = map[string][]string{
	"Appointment":           {"description", "appointmentType", "serviceType"},
	"Claim":                 {"item.productOrService", "type"},
	"ClaimResponse":         {"disposition", "type"},
	"Communication":         {"topic", "category", "payload.contentString"},
	"Contract":              {"title", "name", "scope", "type"},
	"Coverage":              {"class.value", "class.name", "type"},
	"DeviceUseStatement":    {"device", "reasonCode"},
	"DocumentReference":     {"description", "content.attachment.title", "type"},
	"Encounter":             {"type", "reasonCode", "class"},
	"FamilyMemberHistory":   {"relationship+condition.code", "relationship"},
	"ImagingStudy":          {"description", "procedureCode"},
	"Invoice":               {"lineItem.chargeItemReference", "lineItem.chargeItemCodeableConcept", "type"},
	"PractitionerRole":      {"practitioner+code", "code+organization"},
	"QuestionnaireResponse": {"item.text+item.answer.valueString", "item.text"},
	"RelatedPerson":         {"name+relationship", "relationship"},
	"RiskAssessment":        {"code", "method", "prediction.outcome"},
	"SupplyDelivery":        {"suppliedItem.itemCodeableConcept", "type"},
	"SupplyRequest":         {"itemCodeableConcept", "category"},
	"Task":                  {"description", "code"},
}

func title(o object) string {
	for _, paths := range titlesOf[str(o, "resourceType")] {
		var parts []string
		for path := range strings.SplitSeq(paths, "+") {
			parts = append(parts, wordsAt(o, path))
		}
		if len(parts) == 1 && parts[0] != "" {
			return parts[0]
		}
		if len(parts) == 2 && parts[0] != "" && parts[1] != "" {
			return parts[0] + ": " + parts[1]
		}
	}
	for _, name := range titles {
		if t := words(o[name]); t != "" {
			return t
		}
	}
	return ""
}

// wordsAt are the words at the end of a path.
func wordsAt(o object, path string) string {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return words(o[name])
	}
	next := o[name]
	if l := list(next); len(l) > 0 {
		next = l[0]
	}
	if inner, ok := next.(object); ok {
		return wordsAt(inner, rest)
	}
	return ""
}

// dates are the elements that say when, the best first.
var dates = []string{"effectiveDateTime", "effectivePeriod", "effectiveInstant", "onsetDateTime", "onsetPeriod", "occurrenceDateTime",
	"occurrencePeriod", "performedDateTime", "performedPeriod", "period", "servicedPeriod", "start", "startDate", "authoredOn", "authored", "whenHandedOver",
	"timingPeriod", "enteredDate", "date", "created", "recordedDate", "recorded", "dateTime", "recordedOn", "sent", "issued", "identifiedDateTime", "statusDate", "assertedDate", "dateAsserted", "birthDate"}

func date(o object) string {
	if str(o, "resourceType") == "DocumentReference" { // its date is when it was brought here
		if made := wordsAt(o, "content.attachment.creation"); made != "" {
			return made[:min(len(made), len("2006-01-02"))]
		}
	}
	for _, name := range dates {
		switch v := o[name].(type) {
		case string:
			return v[:min(len(v), len("2006-01-02"))]
		case object:
			if s := str(v, "start"); s != "" {
				return s[:min(len(s), len("2006-01-02"))]
			}
		}
	}
	return ""
}

// value is what was measured or found.
func value(o object) string {
	if v := valueOf(o); v != "" {
		return v
	}
	if v := bloodPressure(o); v != "" {
		return v
	}
	var parts []string
	for _, c := range list(o["component"]) {
		if part, ok := c.(object); ok {
			if v := valueOf(part); v != "" {
				parts = append(parts, v)
			}
		}
	}
	return strings.Join(parts, " / ")
}

func valueOf(o object) string {
	for name, v := range o {
		if !strings.HasPrefix(name, "value") {
			continue
		}
		switch v := v.(type) {
		case string:
			return v
		case json.Number:
			return v.String()
		case bool:
			if v {
				return "yes"
			}
			return "no"
		case object:
			return quantity(v)
		}
	}
	return ""
}

func quantity(o object) string {
	n, ok := o["value"].(json.Number)
	if !ok {
		return words(o)
	}
	return joined(" ", str(o, "comparator")+n.String(), first(str(o, "unit"), str(o, "code")))
}

// words are what a person reads in an element: a text, a CodeableConcept, a
// Reference's display, a name; of several, the first that has any.
func words(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		for _, x := range v {
			if t := words(x); t != "" {
				return t
			}
		}
	case object:
		for _, name := range []string{"text", "display", "title"} {
			if t, ok := v[name].(string); ok && t != "" {
				return t
			}
		}
		if t := words(v["coding"]); t != "" {
			return t
		}
		if v["family"] != nil || v["given"] != nil {
			return personName(v)
		}
		if t, ok := v["name"].(string); ok {
			return t
		}
		return str(v, "code")
	}
	return ""
}

func personName(o object) string {
	var parts []string
	for _, name := range []string{"prefix", "given"} {
		for _, x := range list(o[name]) {
			if t, ok := x.(string); ok {
				parts = append(parts, t)
			}
		}
	}
	return strings.Join(append(parts, str(o, "family")), " ")
}

func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func first(of ...string) string {
	for _, s := range of {
		if s != "" {
			return s
		}
	}
	return ""
}

func joined(with string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, with)
}

// typeWords are FHIR's types in words, one and several, and what the log calls all of them.
var typeWords = map[string][2]string{
	"$everything":              {"everything", "everything"},
	"$export":                  {"entry for an export", "entries for an export"},
	"Account":                  {"account", "accounts"},
	"AllergyIntolerance":       {"allergy", "allergies"},
	"Appointment":              {"appointment", "appointments"},
	"Binary":                   {"file", "files"},
	"Bundle":                   {"bundle", "bundles"},
	"CarePlan":                 {"care plan", "care plans"},
	"CareTeam":                 {"care team", "care teams"},
	"ChargeItem":               {"charge", "charges"},
	"Claim":                    {"claim", "claims"},
	"ClaimResponse":            {"answer to a claim", "answers to claims"},
	"ClinicalImpression":       {"assessment", "assessments"},
	"Communication":            {"message", "messages"},
	"Composition":              {"document", "documents"},
	"Condition":                {"condition", "conditions"},
	"Consent":                  {"consent", "consents"},
	"Contract":                 {"agreement", "agreements"},
	"Coverage":                 {"funding", "sources of funding"},
	"Device":                   {"device", "devices"},
	"DeviceRequest":            {"equipment request", "equipment requests"},
	"DeviceUseStatement":       {"use of equipment", "uses of equipment"},
	"DiagnosticReport":         {"report", "reports"},
	"DocumentReference":        {"letter or document", "letters and documents"},
	"Encounter":                {"visit", "visits"},
	"EpisodeOfCare":            {"episode of care", "episodes of care"},
	"ExplanationOfBenefit":     {"statement of costs", "statements of costs"},
	"FamilyMemberHistory":      {"family history", "family histories"},
	"Flag":                     {"alert", "alerts"},
	"Goal":                     {"goal", "goals"},
	"ImagingStudy":             {"scan", "scans"},
	"Immunization":             {"vaccination", "vaccinations"},
	"Invoice":                  {"invoice", "invoices"},
	"List":                     {"list", "lists"},
	"Location":                 {"place", "places"},
	"Medication":               {"medicine", "medicines"},
	"MedicationAdministration": {"medicine given", "medicines given"},
	"MedicationDispense":       {"medicine dispensed", "medicines dispensed"},
	"MedicationRequest":        {"prescription", "prescriptions"},
	"MedicationStatement":      {"medicine taken", "medicines taken"},
	"Observation":              {"measurement or finding", "measurements and findings"},
	"Organization":             {"organisation", "organisations"},
	"Patient":                  {"set of personal details", "sets of personal details"},
	"Practitioner":             {"professional", "professionals"},
	"PractitionerRole":         {"professional's role", "professionals' roles"},
	"Procedure":                {"procedure", "procedures"},
	"Provenance":               {"note of origin", "notes of origin"},
	"Questionnaire":            {"questionnaire", "questionnaires"},
	"QuestionnaireResponse":    {"answered questionnaire", "answered questionnaires"},
	"RelatedPerson":            {"family member or friend", "family members and friends"},
	"RiskAssessment":           {"risk assessment", "risk assessments"},
	"ServiceRequest":           {"referral or request", "referrals and requests"},
	"Specimen":                 {"sample", "samples"},
	"SupplyDelivery":           {"delivery", "deliveries"},
	"SupplyRequest":            {"order", "orders"},
	"Task":                     {"task", "tasks"},
}

func typeWord(typ string) string { return typeCount(typ, 1) }

// typeCount is the word for so many of a type, without the number.
func typeCount(typ string, n int) string {
	w, ok := typeWords[typ]
	switch {
	case !ok:
		return typ
	case n == 1:
		return w[0]
	}
	return w[1]
}

// parseRef reads TYPE/ID as a person types it: condition/abc is Condition/abc.
func parseRef(s string) (fhir.Ref, error) {
	s = strings.TrimSuffix(s, "/")
	if typ, id, ok := strings.Cut(s, "/"); ok && fhir.ValidID(id) {
		t, err := parseType(typ)
		return fhir.Ref{Type: t, ID: id}, err
	}
	ref, err := fhir.ParseRef(s)
	if err != nil {
		return ref, coded(exitUsage, err, `an entry is named by its type and id: Condition/abc123; "carehold entries" lists them`)
	}
	return ref, nil
}
