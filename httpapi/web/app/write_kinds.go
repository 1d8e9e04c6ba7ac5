package app

import (
	"encoding/json"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// kind is something that a person writes themself.
type kind struct {
	name    string
	typ     string
	fields  []field
	measure bool
	build   func(v map[string]string, patient string) object
}

type object = map[string]any

func worded(s string) object { return object{"text": s} }

func coded(system, code string) object {
	return object{"coding": []any{object{"system": system, "code": code}}}
}

func patientRef(id string) object { return object{"reference": "Patient/" + id} }

// set puts what there is into an object.
func set(o object, name string, value any, is bool) {
	if is {
		o[name] = value
	}
}

const terminology = "http://terminology.hl7.org/CodeSystem/"

// kinds are all of them, in the order in which they are offered. Each builds the same
// resource from the same answers: what is sent twice is one entry.
var kinds = append([]*kind{
	{name: "medicine", typ: "MedicationStatement", fields: []field{
		{name: "what", sort: aLine, required: true, most: mostLine},
		{name: "how", sort: aLine, most: mostLine},
		{name: "why", sort: aLine, most: mostLine},
		{name: "from", sort: aDate, past: true},
		{name: "until", sort: aDate},
		{name: "note", sort: aText, most: mostText},
	}, build: func(v map[string]string, patient string) object {
		o := object{"resourceType": "MedicationStatement", "status": "active", "medicationCodeableConcept": worded(v["what"]),
			"subject": patientRef(patient), "informationSource": patientRef(patient)}
		if v["from"]+v["until"] != "" {
			p := object{}
			set(p, "start", v["from"], v["from"] != "")
			set(p, "end", v["until"], v["until"] != "")
			o["effectivePeriod"] = p
		}
		if u := v["until"]; u != "" && u < time.Now().Format(time.DateOnly)[:len(u)] {
			o["status"] = "completed"
		}
		set(o, "reasonCode", []any{worded(v["why"])}, v["why"] != "")
		set(o, "note", []any{worded(v["note"])}, v["note"] != "")
		set(o, "dosage", []any{worded(v["how"])}, v["how"] != "")
		return o
	}},
	{name: "allergy", typ: "AllergyIntolerance", fields: []field{
		{name: "what", sort: aLine, required: true, most: mostLine},
		{name: "sort", sort: aChoice, choices: []string{"food", "medication", "environment", "biologic"}},
		{name: "happens", sort: aLine, most: mostLine},
		{name: "severity", sort: aChoice, choices: []string{"mild", "moderate", "severe"}},
		{name: "since", sort: aDate, past: true},
		{name: "note", sort: aText, most: mostText},
	}, build: func(v map[string]string, patient string) object {
		o := object{"resourceType": "AllergyIntolerance", "clinicalStatus": coded(terminology+"allergyintolerance-clinical", "active"),
			"verificationStatus": coded(terminology+"allergyintolerance-verification", "unconfirmed"), "code": worded(v["what"]),
			"patient": patientRef(patient), "recorder": patientRef(patient), "asserter": patientRef(patient)}
		set(o, "category", []any{v["sort"]}, v["sort"] != "")
		set(o, "onsetDateTime", v["since"], v["since"] != "")
		set(o, "note", []any{worded(v["note"])}, v["note"] != "")
		if v["happens"] != "" {
			x := object{"manifestation": []any{worded(v["happens"])}}
			set(x, "severity", v["severity"], v["severity"] != "")
			o["reaction"] = []any{x}
		}
		return o
	}},
	{name: "note", typ: "Communication", fields: []field{
		{name: "title", sort: aLine, required: true, most: mostLine},
		{name: "text", sort: aText, required: true, most: mostText},
		{name: "when", sort: aDate, past: true},
	}, build: func(v map[string]string, patient string) object {
		o := object{"resourceType": "Communication", "status": "completed", "subject": patientRef(patient), "topic": worded(v["title"]),
			"sender": patientRef(patient), "payload": []any{object{"contentString": v["text"]}}}
		set(o, "sent", v["when"], v["when"] != "")
		return o
	}},
	{name: "appointment", typ: "Appointment", fields: []field{
		{name: "what", sort: aLine, required: true, most: mostLine},
		{name: "day", sort: aDay, required: true},
		{name: "time", sort: aTime, required: true},
		{name: "until", sort: aTime},
		{name: "who", sort: aLine, most: mostLine},
		{name: "where", sort: aLine, most: mostLine},
		{name: "note", sort: aText, most: mostText},
	}, build: func(v map[string]string, patient string) object {
		at := func(clock string) string {
			t, err := time.ParseInLocation("2006-01-02 15:04", v["day"]+" "+clock, time.Local)
			if err != nil {
				return ""
			}
			return t.Format(time.RFC3339)
		}
		end := v["until"]
		if end == "" || end < v["time"] { // R4 has both or neither (app-2): when it ends is not known
			end = v["time"]
		}
		who := []any{object{"actor": patientRef(patient), "status": "accepted"}}
		for _, name := range []string{"who", "where"} {
			if v[name] != "" {
				who = append(who, object{"actor": object{"display": v[name]}, "status": "accepted"})
			}
		}
		o := object{"resourceType": "Appointment", "status": "booked", "description": v["what"], "start": at(v["time"]), "end": at(end), "participant": who}
		set(o, "comment", v["note"], v["note"] != "")
		return o
	}},
	{name: "about", typ: "Observation", fields: []field{
		{name: "topic", sort: aChoice, required: true, choices: []string{"matters", "communicate", "please-do", "support", "people", "wellness"}},
		{name: "text", sort: aText, required: true, most: mostText},
	}, build: func(v map[string]string, patient string) object {
		return object{"resourceType": "Observation", "status": "final",
			"code":    object{"coding": []any{object{"system": "http://loinc.org", "code": "81338-6"}}, "text": aboutTopics[v["topic"]]},
			"subject": patientRef(patient), "performer": []any{patientRef(patient)}, "valueString": v["text"]}
	}},
}, measures()...)

// aboutTopics are what the PRSB's About Me standard asks, which is English.
var aboutTopics = map[string]string{"matters": "What is most important to me", "communicate": "How I communicate and how to communicate with me",
	"please-do": "Please do and please do not", "support": "How and when to support me", "people": "People who are important to me", "wellness": "My wellness"}

// measure is something a person measures at home: LOINC and UCUM as R4's vital signs
// profile has them, where it has them.
type measure struct {
	name, code, text, unit, ucum string
	low, up                      float64
	vital                        bool
}

var measured = []measure{
	{"weight", "29463-7", "Body weight", "kg", "kg", 0.3, 500, true},
	{"height", "8302-2", "Body height", "cm", "cm", 20, 260, true},
	{"temperature", "8310-5", "Body temperature", "°C", "Cel", 25, 45, true},
	{"pulse", "8867-4", "Heart rate", "beats a minute", "/min", 15, 350, true},
	{"oxygen", "2708-6", "Oxygen saturation", "%", "%", 30, 100, true},
	{"glucose", "15074-8", "Blood glucose", "mmol/L", "mmol/L", 0.5, 60, false},
	{"breathing", "9279-1", "Respiratory rate", "breaths a minute", "/min", 3, 100, true},
	{"waist", "8280-0", "Waist circumference", "cm", "cm", 20, 300, false},
}

func quantity(v, unit, ucum string) object {
	return object{"value": json.Number(v), "unit": unit, "system": "http://unitsofmeasure.org", "code": ucum}
}

func observed(v map[string]string, patient, code, name string, vital bool) object {
	o := object{"resourceType": "Observation", "status": "final", "subject": patientRef(patient), "performer": []any{patientRef(patient)},
		"code":              object{"coding": []any{object{"system": "http://loinc.org", "code": code}}, "text": name},
		"effectiveDateTime": v["day"]}
	set(o, "category", []any{coded(terminology+"observation-category", "vital-signs")}, vital)
	set(o, "note", []any{worded(v["note"])}, v["note"] != "")
	return o
}

func measures() (list []*kind) {
	day := field{name: "day", sort: aDay, required: true, past: true}
	note := field{name: "note", sort: aText, most: mostText}
	list = append(list, &kind{name: "pressure", typ: "Observation", measure: true, fields: []field{
		{name: "top", sort: aNumber, required: true, low: 40, up: 320, unit: "mmHg"},
		{name: "bottom", sort: aNumber, required: true, low: 10, up: 220, unit: "mmHg"}, day, note,
	}, build: func(v map[string]string, patient string) object {
		o := observed(v, patient, "85354-9", "Blood pressure", true)
		part := func(code, name, value string) object {
			return object{"code": object{"coding": []any{object{"system": "http://loinc.org", "code": code}}, "text": name}, "valueQuantity": quantity(value, "mmHg", "mm[Hg]")}
		}
		o["component"] = []any{part("8480-6", "Systolic blood pressure", v["top"]), part("8462-4", "Diastolic blood pressure", v["bottom"])}
		return o
	}})
	for _, m := range measured {
		list = append(list, &kind{name: m.name, typ: "Observation", measure: true,
			fields: []field{{name: "value", sort: aNumber, required: true, low: m.low, up: m.up, unit: m.unit}, day, note},
			build: func(v map[string]string, patient string) object {
				o := observed(v, patient, m.code, m.text, m.vital)
				o["valueQuantity"] = quantity(v["value"], m.unit, m.ucum)
				return o
			}})
	}
	return list
}

func kindOf(name string) *kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	return nil
}

// resource is what a kind makes of answers, as R4 allows it.
func (k *kind) resource(v map[string]string, patient string, more object) (*fhir.Resource, error) {
	o := k.build(v, patient)
	for name, value := range more {
		o[name] = value
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return nil, record.Safef(record.Internal, "encoding what was written")
	}
	res, err := fhir.Parse([]byte(b.String()), fhir.Limits{})
	if err != nil {
		return nil, err
	}
	for _, i := range validate.Resource(res) {
		if i.Severity == validate.Error {
			return nil, record.Safef(record.Unprocessed, "what was written cannot be kept as FHIR has it: look at the dates")
		}
	}
	return res, nil
}
