package ips

import (
	"bytes"
	"slices"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"github.com/go-json-experiment/json/jsontext"
)

// absentReason is why an element is not there: nobody knows. IPS 2.0 asks for it where
// its profiles require an element that is not recorded ("Required Data Elements …").
const (
	absentReason = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	absentCode   = `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"unknown"}]}`
	absentName   = `{"_text":` + absentReason + `}`
)

// need is an element that a profile of IPS requires: one of has, else the member add.
type need struct {
	has  []string
	name string
	json string
}

func dated(name string) need {
	return need{[]string{name + "DateTime", name + "Period", name + "Instant", name + "Timing", name + "String", name + "Age", name + "Range"},
		"_" + name + "DateTime", absentReason}
}

var (
	needCode    = need{[]string{"code"}, "code", absentCode}
	needName    = need{[]string{"name"}, "name", "[" + absentName + "]"}
	needSubject = need{[]string{"subject"}, "subject", `{"_reference":` + absentReason + `}`}
	// "performer 1..", and ips-2.
	needPerformer = need{[]string{"performer"}, "performer", "[" + absentReason + "]"}
	needValue     = need{append([]string{"hasMember", "component"}, values...), "dataAbsentReason", absentCode}
	needPart      = need{values, "dataAbsentReason", absentCode}                     // of a component
	needText      = need{[]string{"given", "family", "text"}, "_text", absentReason} // of a name: ips-pat-1
	needReference = need{[]string{"reference"}, "_reference", absentReason}
)

var values = []string{"dataAbsentReason", "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean",
	"valueInteger", "valueRange", "valueRatio", "valueSampledData", "valueTime", "valueDateTime", "valuePeriod"}

// needs are the elements that IPS 2.0 requires and R4 does not.
var needs = map[string][]need{
	"Patient":             {needName, {[]string{"birthDate"}, "_birthDate", absentReason}},
	"AllergyIntolerance":  {needCode},
	"Condition":           {needCode},
	"MedicationStatement": {dated("effective")},
	"Medication":          {needCode},
	"Procedure":           {needCode, dated("performed")},
	"DeviceUseStatement":  {dated("timing")},
	"DiagnosticReport":    {needSubject, dated("effective")},
	"Observation":         {needSubject, dated("effective")},
	"Specimen":            {{[]string{"type"}, "type", absentCode}},
	"Practitioner":        {needName},
	"Organization":        {{[]string{"name"}, "_name", absentReason}},
}

// about are the types whose profile has "subject.reference 1.." (or patient), and the
// element. A display or an identifier alone does not do.
var about = map[string]string{"AllergyIntolerance": "patient", "Immunization": "patient", "Condition": "subject", "MedicationStatement": "subject",
	"MedicationRequest": "subject", "Procedure": "subject", "DeviceUseStatement": "subject", "DiagnosticReport": "subject", "Flag": "subject",
	"Observation": "subject", "Specimen": "subject", "ImagingStudy": "subject"}

// completed is an entry's bytes with what IPS requires. Nothing that is there changes.
func (b *builder) completed(it *item) []byte {
	n := it.root()
	list := needs[it.Ref.Type]
	inside := map[string]need{}
	if name := about[it.Ref.Type]; name != "" {
		inside[name] = needReference
	}
	switch it.Ref.Type {
	case "Patient":
		inside["name"] = needText
	case "Observation":
		lab, imaging, vital := category(n, "laboratory"), category(n, "imaging"), category(n, "vital-signs")
		list = list[:len(list):len(list)]
		if lab || imaging {
			list = append(list, needPerformer)
		}
		if lab || vital {
			list, inside["component"] = append(list, needValue), needPart
		}
	}
	return filled(n, list, inside)
}

func category(n fhir.Node, code string) bool {
	return speak.AnyCode(n.Get("category"), func(_, c string) bool { return c == code })
}

// filled is an object with what it needs, and with what its members need, alone or in
// an array. An object that lacks nothing keeps its bytes; of another each member does.
func filled(n fhir.Node, list []need, inside map[string]need) []byte {
	out := bytes.TrimRight(n.Raw(), " \t\r\n")
	if len(inside) > 0 {
		out = again(n, out, inside)
	}
	for _, d := range list {
		if !there(n, d) {
			out = slices.Clip(bytes.TrimRight(out[:len(out)-1], " \t\r\n")) // the bytes are the entry's
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(out, `"`+d.name+`":`+d.json+`}`...)
		}
	}
	return out
}

// again is an object, written again if one of its members needs something.
func again(n fhir.Node, raw []byte, inside map[string]need) []byte {
	changed := false
	out := []byte{'{'}
	for m := range n.All() {
		value := m.Raw()
		if d, ok := inside[m.Name()]; ok {
			value = given(m, d)
			changed = changed || len(value) != len(m.Raw())
		}
		out, _ = jsontext.AppendQuote(out, m.Name())
		out = append(append(append(out, ':'), value...), ',')
	}
	if !changed {
		return raw
	}
	out[len(out)-1] = '}'
	return out
}

// given is an object, or an array, of which each object has what it needs.
func given(n fhir.Node, d need) []byte {
	switch n.Kind() {
	case '{':
		return filled(n, []need{d}, nil)
	case '[':
		out, changed := []byte{'['}, false
		for x := range n.All() {
			value := given(x, d)
			changed = changed || len(value) != len(x.Raw())
			out = append(append(out, value...), ',')
		}
		if changed {
			out[len(out)-1] = ']'
			return out
		}
	}
	return n.Raw()
}

// there reports whether an object has an element, by value or by extension.
func there(n fhir.Node, d need) bool {
	for _, name := range d.has {
		if n.Get(name).Valid() || n.Get("_"+name).Valid() {
			return true
		}
	}
	return false
}
