package ips

import (
	"bytes"

	"carehold/record/fhir"
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
	needValue     = need{[]string{"dataAbsentReason", "hasMember", "component", "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean",
		"valueInteger", "valueRange", "valueRatio", "valueSampledData", "valueTime", "valueDateTime", "valuePeriod"}, "dataAbsentReason", absentCode}
)

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
	"Practitioner":        {needName},
	"Organization":        {{[]string{"name"}, "_name", absentReason}},
}

// completed is an entry's bytes with what IPS requires. Nothing that is there changes.
func (b *builder) completed(it *item) []byte {
	n := it.root()
	list := needs[it.Ref.Type]
	if it.Ref.Type == "Observation" && anyCode(n.Get("category"), func(_, code string) bool { return code == "laboratory" || code == "imaging" }) {
		list = append(list[:len(list):len(list)], needPerformer)
		if anyCode(n.Get("category"), func(_, code string) bool { return code == "laboratory" }) {
			list = append(list, needValue)
		}
	}
	var add bytes.Buffer
	for _, d := range list {
		if !there(n, d) {
			add.WriteString(`,"` + d.name + `":` + d.json)
		}
	}
	raw := it.res.Bytes()
	if it.Ref.Type == "Patient" {
		raw = named(n, raw)
	}
	raw = bytes.TrimRight(raw, " \t\r\n")
	if add.Len() == 0 {
		return raw
	}
	return append(append(raw[:len(raw)-1:len(raw)-1], add.Bytes()...), '}')
}

// there reports whether a resource has an element, by value or by extension.
func there(n fhir.Node, d need) bool {
	for _, name := range d.has {
		if n.Get(name).Valid() || n.Get("_"+name).Valid() {
			return true
		}
	}
	return false
}

// named is ips-pat-1: each name has a given, a family or a text, by value or extension.
// The object is written again member by member when one has not.
func named(n fhir.Node, raw []byte) []byte {
	var names []byte
	mended := false
	for name := range n.Get("name").All() {
		whole := name.Raw()
		if name.Kind() == '{' && !there(name, need{has: []string{"given", "family", "text"}}) {
			mended = true
			whole = append(append(whole[:len(whole)-1:len(whole)-1], `,"_text":`+absentReason...), '}')
		}
		names = append(append(names, ','), whole...)
	}
	if !mended {
		return raw
	}
	out := []byte{'{'}
	for m := range n.All() {
		value := m.Raw()
		if m.IsName("name") {
			names[0] = '['
			value = append(names, ']')
		}
		out, _ = jsontext.AppendQuote(out, m.Name())
		out = append(append(append(out, ':'), value...), ',')
	}
	out[len(out)-1] = '}'
	return out
}
