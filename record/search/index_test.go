package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

func resource(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return r
}

// show writes down the values of a parameter, each in a line of its own.
func show(k kind, v Values) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch k {
	case tokenKind:
		for t := range v.Tokens {
			s := string(t.System) + "|" + string(t.Code)
			if t.Implied {
				s = "(" + string(t.System) + ")|" + string(t.Code)
			}
			if t.Caseless {
				s += " caseless"
			}
			if len(t.Text) > 0 {
				s += " '" + string(t.Text) + "'"
			}
			if len(t.TypeSystem)+len(t.TypeCode) > 0 {
				s += " of " + string(t.TypeSystem) + "|" + string(t.TypeCode)
			}
			add("%s", s)
		}
	case stringKind:
		for s := range v.Strings {
			if s.Exact == nil {
				add("…%s", s.Folded)
			} else {
				add("%s = %s", s.Exact, s.Folded)
			}
		}
	case referenceKind:
		for r := range v.References {
			s := strings.Trim(string(r.Type)+"/"+string(r.ID), "/")
			if len(r.URL) > 0 {
				s += " <" + string(r.URL) + ">"
			}
			if len(r.Version) > 0 {
				s += " version " + string(r.Version)
			}
			if len(r.System)+len(r.Value) > 0 {
				s += " identifier " + string(r.System) + "|" + string(r.Value)
			}
			add("%s", strings.TrimSpace(s))
		}
	case dateKind:
		for d := range v.Dates {
			s := showTime(d.From) + " – " + showTime(d.To)
			if d.Precision != 0 {
				s += fmt.Sprintf(" (%d)", d.Precision)
			}
			add("%s", s)
		}
	case numberKind:
		for n := range v.Numbers {
			s := showDecimal(n.Decimal)
			if n.Integer {
				s += " whole"
			}
			add("%s", s)
		}
	case quantityKind:
		for q := range v.Quantities {
			s := fmt.Sprintf("%s %s|%s", showSpan(q.Span), q.System, q.Code)
			if len(q.Unit) > 0 {
				s += " '" + string(q.Unit) + "'"
			}
			if len(q.CanonicalUnit) > 0 {
				s += fmt.Sprintf(" = %s %s", showSpan(q.Canonical), q.CanonicalUnit)
			}
			add("%s", s)
		}
	case uriKind:
		for u := range v.URIs {
			add("%s", u)
		}
	}
	return lines
}

func showTime(ms int64) string {
	switch ms {
	case MinTime, MaxTime:
		return "…"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000")
}

func showDecimal(d Decimal) string { return fmt.Sprintf("%se%d", d.big(), d.exp) }

func showAmount(a Amount) string {
	if !a.modest() {
		return showDecimal(a.Decimal)
	}
	r := rat(a.Decimal)
	return r.Quo(r, rat(Decimal{coef: max(a.Over, 1)})).RatString()
}

func showSpan(s Span) string {
	low, high := "[…", "…]"
	if !s.NoLow {
		low = "[" + showAmount(s.Low)
	}
	if !s.NoHigh {
		high = showAmount(s.High) + "]"
	}
	if s.Open {
		low, high = strings.Replace(low, "[", "(", 1), strings.Replace(high, "]", ")", 1)
	}
	if !s.NoLow && !s.NoHigh && s.Low.Cmp(s.High) == 0 {
		return showAmount(s.Low)
	}
	return low + ", " + high
}

// showParam is show, and of a composite its tuples.
func showParam(r *fhir.Resource, index []byte, code string) (lines []string) {
	place := Place(r.Type(), code)
	if place < 0 {
		return []string{"no such parameter"}
	}
	p := r4.Params(r.Type())[place]
	v := Lookup(index, place)
	if kinds[p.Type] != compositeKind {
		return show(kinds[p.Type], v)
	}
	for t := range v.Tuples {
		var parts []string
		for i, c := range p.Components {
			definition, _ := r4.ParamByURL(c.Definition)
			parts = append(parts, strings.Join(show(kinds[definition.Type], t.Component(i)), " or "))
		}
		lines = append(lines, strings.Join(parts, " $ "))
	}
	return lines
}

// What R4 says of each type of parameter and of element, worked out by hand.
func TestIndex(t *testing.T) {
	for _, c := range []struct {
		name, resource, code string
		want                 []string
	}{
		// token, FHIR R4 §3.1.1.4.10
		{"CodeableConcept: every coding, and the text", `{"resourceType":"Condition","code":{"coding":[{"system":"http://snomed.info/sct","code":"195967001","display":"Asthma"},{"code":"H33"},{"system":"http://x.org"},{"display":"Wheeze"}],"text":"Asthma (mild)"},"subject":{"display":"x"}}`,
			"code", []string{"http://snomed.info/sct|195967001 'asthma'", "|H33", "http://x.org|", "| 'wheeze'", "| 'asthma mild'"}},
		{"CodeableConcept: a text that a display says already", `{"resourceType":"Condition","code":{"coding":[{"code":"1","display":"Asthma"}],"text":"ASTHMA"},"subject":{"display":"x"}}`, "code", []string{"|1 'asthma'"}},
		{"several concepts", `{"resourceType":"Observation","category":[{"coding":[{"code":"a"}]},{"text":"b"}]}`, "category", []string{"|a", "| 'b'"}},
		{"a concept that is only extensions", `{"resourceType":"Condition","code":{"extension":[{"url":"http://x.org","valueCode":"unknown"}]}}`, "code", nil},
		{"Coding", `{"resourceType":"Encounter","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"ambulatory"}}`, "class", []string{"http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB 'ambulatory'"}},
		{"Identifier, with what :of-type asks for", `{"resourceType":"Patient","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"},{"code":"PI"}],"text":"Hospital No."},"system":"http://acme.org/patient","value":"446053"},{"value":"x"},{"type":{"text":"Old"},"value":"y"}]}`,
			"identifier", []string{"http://acme.org/patient|446053 'hospital no' of http://terminology.hl7.org/CodeSystem/v2-0203|MR", "http://acme.org/patient|446053 'hospital no' of |PI", "|x", "|y 'old'"}},
		{"code: the system is that of the required value set", `{"resourceType":"Patient","gender":"male"}`, "gender", []string{"(http://hl7.org/fhir/administrative-gender)|male"}},
		{"code: none that the set has", `{"resourceType":"Patient","gender":"m"}`, "gender", []string{"|m"}},
		{"code: a set that is not listed", `{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"contentType":"application/pdf"}}]}`, "contenttype", []string{"|application/pdf"}},
		{"boolean", `{"resourceType":"Patient","active":true}`, "active", []string{"|true"}},
		{"boolean of an expression: dead", `{"resourceType":"Patient","deceasedDateTime":"2020"}`, "deceased", []string{"|true"}},
		{"boolean of an expression: alive", `{"resourceType":"Patient","deceasedBoolean":false}`, "deceased", []string{"|false"}},
		{"boolean of an expression: not said", `{"resourceType":"Patient","active":true}`, "deceased", []string{"|false"}},
		{"ContactPoint", `{"resourceType":"Patient","telecom":[{"system":"phone","value":"020 7946 0000","use":"home"},{"system":"email","value":"a@x.org"},{"use":"old"}]}`, "telecom", []string{"|020 7946 0000", "|a@x.org"}},
		{"ContactPoint of a system", `{"resourceType":"Patient","telecom":[{"system":"phone","value":"1"},{"system":"email","value":"a@x.org"}]}`, "email", []string{"|a@x.org"}},
		{"string: case does not count", `{"resourceType":"Questionnaire","version":"V1","status":"draft"}`, "version", []string{"|V1 caseless"}},
		{"uri", `{"resourceType":"MessageDefinition","eventUri":"http://x.org/e","status":"draft","date":"2020"}`, "event", []string{"|http://x.org/e"}},
		{"_tag, _security", `{"resourceType":"Basic","meta":{"tag":[{"system":"http://x.org","code":"t"}],"security":[{"code":"R"}]}}`, "_tag", []string{"http://x.org|t"}},
		{"_security", `{"resourceType":"Basic","meta":{"tag":[{"code":"t"}],"security":[{"code":"R"}]}}`, "_security", []string{"|R"}},
		{"an extension's value", `{"resourceType":"Device","extension":[{"url":"http://hl7.org/fhir/SearchParameter/device-extensions-Device-din","valueIdentifier":{"system":"urn:x","value":"d1"}},{"url":"http://other.org","valueString":"no"}]}`, "din", []string{"urn:x|d1"}},
		{"escapes are resolved", `{"resourceType":"Condition","code":{"coding":[{"system":"http:\/\/snomed.info\/sct","code":"\u0031"}]}}`, "code", []string{"http://snomed.info/sct|1"}},
		{"nulls are no values", `{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"x"}]}]}`, "given", []string{"A = a"}},

		{"nulls are no codes", `{"resourceType":"AllergyIntolerance","category":["food",null],"_category":[null,{"id":"x"}]}`, "category", []string{"(http://hl7.org/fhir/allergy-intolerance-category)|food"}},

		// string, §3.1.1.4.8
		{"HumanName: its strings, not use and period; a family name by its parts", `{"resourceType":"Patient","name":[{"use":"official","text":"Dr Ana Carreño","family":"Carreño Quiñones","given":["Ana","María"],"prefix":["Dr"],"suffix":["Jr"],"period":{"start":"2001"}}]}`,
			"name", []string{"Dr Ana Carreño = dr ana carreno", "…ana carreno", "…carreno", "Carreño Quiñones = carreno quinones", "…quinones", "Ana = ana", "María = maria", "Dr = dr", "Jr = jr"}},
		{"family", `{"resourceType":"Patient","name":[{"family":"Carreno-Quinones"}]}`, "family", []string{"Carreno-Quinones = carreno quinones", "…quinones"}},
		{"given stands as it is", `{"resourceType":"Patient","name":[{"given":["Mary Anne"]}]}`, "given", []string{"Mary Anne = mary anne"}},
		{"phonetic", `{"resourceType":"Patient","name":[{"given":["eve"]}]}`, "phonetic", []string{"eve = eve"}},
		{"Address", `{"resourceType":"Patient","address":[{"use":"home","type":"both","text":"t","line":["1 High St.","Flat 2"],"city":"Leeds","district":"d","state":"s","postalCode":"LS1 1AA","country":"UK","period":{"start":"2001"}}]}`,
			"address", []string{"t = t", "1 High St. = 1 high st", "Flat 2 = flat 2", "Leeds = leeds", "d = d", "s = s", "LS1 1AA = ls1 1aa", "UK = uk"}},
		{"string", `{"resourceType":"Patient","address":[{"city":"Leeds"},{"city":"York"}]}`, "address-city", []string{"Leeds = leeds", "York = york"}},
		{"markdown", `{"resourceType":"Questionnaire","description":"**How** are you?","status":"draft"}`, "description", []string{"**How** are you? = how are you"}},
		{"the text of a concept", `{"resourceType":"Observation","valueCodeableConcept":{"text":"Positive"}}`, "value-string", []string{"Positive = positive"}},
		{"an extension's string", `{"resourceType":"Observation","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/observation-geneticsDnaVariant","valueString":"NG_1"}]}`, "dna-variant", []string{"NG_1 = ng 1"}},

		// reference, §3.1.1.4.12 and .13
		{"relative, without its version", `{"resourceType":"Observation","subject":{"reference":"Patient/23/_history/2"}}`, "subject", []string{"Patient/23"}},
		{"absolute", `{"resourceType":"Observation","subject":{"reference":"http://example.org/fhir/Patient/123/_history/1"}}`, "subject", []string{"Patient/123 <http://example.org/fhir/Patient/123>"}},
		{"urn", `{"resourceType":"Observation","subject":{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}}`, "subject", []string{"<urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0>"}},
		{"identifier", `{"resourceType":"Observation","subject":{"type":"Patient","identifier":{"system":"http://acme.org/mrn","value":"123456"}}}`, "subject", []string{"Patient identifier http://acme.org/mrn|123456"}},
		{"contained: there, and not found", `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}}`, "subject", []string{""}},
		{"a display alone", `{"resourceType":"Observation","subject":{"display":"her"}}`, "subject", []string{""}},
		{"only those to a type", `{"resourceType":"Observation","subject":{"reference":"Group/1"}}`, "patient", nil},
		{"to that type", `{"resourceType":"Observation","subject":{"reference":"Patient/1"}}`, "patient", []string{"Patient/1"}},
		{"a urn that says its type", `{"resourceType":"Observation","subject":{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0","type":"Patient"}}`, "patient", []string{"Patient <urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0>"}},
		{"canonical", `{"resourceType":"QuestionnaireResponse","questionnaire":"http://x.org/Questionnaire/q1|3.0","status":"completed"}`, "questionnaire", []string{"Questionnaire/q1 <http://x.org/Questionnaire/q1> version 3.0"}},
		{"canonical that is no REST address", `{"resourceType":"QuestionnaireResponse","questionnaire":"http://x.org/q1","status":"completed"}`, "questionnaire", []string{"<http://x.org/q1>"}},
		{"a resource in another", `{"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"Patient","id":"p"}}]}`, "composition", []string{"Composition/c"}},
		{"of what is related, one kind", `{"resourceType":"PlanDefinition","status":"draft","relatedArtifact":[{"type":"depends-on","resource":"http://x.org/a"},{"type":"predecessor","resource":"http://x.org/b"}]}`, "depends-on", []string{"<http://x.org/a>"}},
		{"deep in a questionnaire's answers", `{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"1","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject","valueBoolean":true}],"answer":[{"valueReference":{"reference":"Patient/7"}}]}]}`, "item-subject", []string{"Patient/7"}},

		// date, §3.1.1.4.7
		{"date", `{"resourceType":"Patient","birthDate":"1974-12-25"}`, "birthdate", []string{"1974-12-25T00:00:00.000 – 1974-12-26T00:00:00.000 (3)"}},
		{"a month", `{"resourceType":"Patient","birthDate":"2000-02"}`, "birthdate", []string{"2000-02-01T00:00:00.000 – 2000-03-01T00:00:00.000 (2)"}},
		{"a year", `{"resourceType":"Patient","birthDate":"1900"}`, "birthdate", []string{"1900-01-01T00:00:00.000 – 1901-01-01T00:00:00.000 (1)"}},
		{"dateTime", `{"resourceType":"Observation","effectiveDateTime":"2013-01-14T10:00:00+01:00"}`, "date", []string{"2013-01-14T09:00:00.000 – 2013-01-14T09:00:01.000 (4)"}},
		{"dateTime with a fraction", `{"resourceType":"Observation","effectiveDateTime":"2013-01-14T10:00:00.25Z"}`, "date", []string{"2013-01-14T10:00:00.250 – 2013-01-14T10:00:00.260 (5)"}},
		{"finer than a millisecond", `{"resourceType":"Observation","effectiveDateTime":"2013-01-14T10:00:00.123456Z"}`, "date", []string{"2013-01-14T10:00:00.123 – 2013-01-14T10:00:00.124 (5)"}},
		{"instant: an effective width of 0", `{"resourceType":"Slot","start":"2013-01-14T10:00:00Z","status":"free"}`, "start", []string{"2013-01-14T10:00:00.000 – 2013-01-14T10:00:00.001 (4)"}},
		{"Period: the end is in it", `{"resourceType":"Encounter","period":{"start":"2012-02-01","end":"2012-02-03"}}`, "date", []string{"2012-02-01T00:00:00.000 – 2012-02-04T00:00:00.000"}},
		{"Period without an end", `{"resourceType":"Encounter","period":{"start":"2013-01-21"}}`, "date", []string{"2013-01-21T00:00:00.000 – …"}},
		{"Period without a beginning", `{"resourceType":"Encounter","period":{"end":"2013-01-21T08:00:00Z"}}`, "date", []string{"… – 2013-01-21T08:00:01.000"}},
		{"a Period that says nothing", `{"resourceType":"Encounter","period":{"extension":[{"url":"http://x.org","valueCode":"a"}]}}`, "date", nil},
		{"Timing: the outer limits of its bounds", `{"resourceType":"ServiceRequest","occurrenceTiming":{"repeat":{"boundsPeriod":{"start":"2013-01-31","end":"2013-03-24"},"frequency":1,"period":2,"periodUnit":"d"}}}`, "occurrence", []string{"2013-01-31T00:00:00.000 – 2013-03-25T00:00:00.000"}},
		{"Timing: of its events", `{"resourceType":"ServiceRequest","occurrenceTiming":{"event":["2013-03-01","2013-01-01","2013-02-01T10:00:00Z"]}}`, "occurrence", []string{"2013-01-01T00:00:00.000 – 2013-03-02T00:00:00.000"}},
		{"Timing: no limits", `{"resourceType":"ServiceRequest","occurrenceTiming":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}}}`, "occurrence", []string{"… – …"}},
		{"each event of its own", `{"resourceType":"MedicationRequest","dosageInstruction":[{"timing":{"event":["2013","2014"]}}]}`, "date", []string{"2013-01-01T00:00:00.000 – 2014-01-01T00:00:00.000 (1)", "2014-01-01T00:00:00.000 – 2015-01-01T00:00:00.000 (1)"}},
		{"a text is no date", `{"resourceType":"Procedure","performedString":"2012"}`, "date", nil},
		{"an age is no date", `{"resourceType":"Procedure","performedAge":{"value":5,"system":"http://unitsofmeasure.org","code":"a"}}`, "date", nil},
		{"before 1970", `{"resourceType":"Observation","effectiveDateTime":"1918-11-11T11:00:00.5Z"}`, "date", []string{"1918-11-11T11:00:00.500 – 1918-11-11T11:00:00.600 (5)"}},

		// number, §3.1.1.4.6
		{"decimal: exact, with its precision", `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.80},{"probabilityDecimal":1e-3}]}`, "probability", []string{"80e-2", "1e-3"}},
		{"integer", `{"resourceType":"MolecularSequence","coordinateSystem":0,"referenceSeq":{"windowStart":100,"windowEnd":200}}`, "window-end", []string{"200e0 whole"}},
		{"Range: its ends", `{"resourceType":"RiskAssessment","prediction":[{"probabilityRange":{"low":{"value":0.1},"high":{"value":0.2}}}]}`, "probability", []string{"1e-1", "2e-1"}},

		// quantity, §3.1.1.4.11
		{"Quantity", `{"resourceType":"Observation","valueQuantity":{"value":5.40,"unit":"milligrams","system":"http://unitsofmeasure.org","code":"mg"}}`, "value-quantity", []string{"27/5 http://unitsofmeasure.org|mg 'milligrams' = 27/5000 g"}},
		{"the unit is the code", `{"resourceType":"Observation","valueQuantity":{"value":120,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`, "value-quantity", []string{"120 http://unitsofmeasure.org|mm[Hg] 'mm[Hg]' = 15998640 g.m-1.s-2"}},
		{"a rate: not a decimal in base units", `{"resourceType":"Observation","valueQuantity":{"value":72,"system":"http://unitsofmeasure.org","code":"/min"}}`, "value-quantity", []string{"72 http://unitsofmeasure.org|/min = 6/5 s-1"}},
		{"a temperature", `{"resourceType":"Observation","valueQuantity":{"value":98.6,"system":"http://unitsofmeasure.org","code":"[degF]"}}`, "value-quantity", []string{"493/5 http://unitsofmeasure.org|[degF] = 6203/20 K"}},
		{"a unit alone", `{"resourceType":"Observation","valueQuantity":{"value":3,"unit":"tablets"}}`, "value-quantity", []string{"3 | 'tablets'"}},
		{"no unit of UCUM's", `{"resourceType":"Observation","valueQuantity":{"value":3,"system":"http://unitsofmeasure.org","code":"mmHg"}}`, "value-quantity", []string{"3 http://unitsofmeasure.org|mmHg"}},
		{"another system's unit", `{"resourceType":"Observation","valueQuantity":{"value":3,"system":"http://snomed.info/sct","code":"258684004"}}`, "value-quantity", []string{"3 http://snomed.info/sct|258684004"}},
		{"less than", `{"resourceType":"Observation","valueQuantity":{"value":5,"comparator":"<","system":"http://unitsofmeasure.org","code":"g/L"}}`, "value-quantity", []string{"(…, 5) http://unitsofmeasure.org|g/L = (…, 5000) g.m-3"}},
		{"at most", `{"resourceType":"Observation","valueQuantity":{"value":5,"comparator":"<="}}`, "value-quantity", []string{"[…, 5] |"}},
		{"more than", `{"resourceType":"Observation","valueQuantity":{"value":90,"comparator":">","unit":"mL/min"}}`, "value-quantity", []string{"(90, …) | 'mL/min'"}},
		{"at least", `{"resourceType":"Observation","valueQuantity":{"value":90,"comparator":">="}}`, "value-quantity", []string{"[90, …] |"}},
		{"a quantity without a value", `{"resourceType":"Observation","valueQuantity":{"unit":"mg"}}`, "value-quantity", nil},
		{"SampledData: the bounds of its values", `{"resourceType":"Observation","valueSampledData":{"origin":{"value":2048,"system":"http://unitsofmeasure.org","code":"mV"},"period":10,"factor":0.5,"dimensions":1,"data":"2041 2043 E 2037.5 -4"}}`, "value-quantity", []string{"[2046, 6139/2] http://unitsofmeasure.org|mV = [2046, 6139/2] g.m2.s-2.C-1"}},
		{"SampledData that went off the scale", `{"resourceType":"Observation","valueSampledData":{"origin":{"value":0,"unit":"mV"},"period":10,"dimensions":1,"data":"1 U 3"}}`, "value-quantity", []string{"[1, …] | 'mV'"}},
		{"SampledData without data", `{"resourceType":"Observation","valueSampledData":{"origin":{"value":0,"unit":"mV"},"period":10,"dimensions":1}}`, "value-quantity", nil},
		{"Money", `{"resourceType":"Invoice","status":"issued","totalNet":{"value":40.22,"currency":"GBP"}}`, "totalnet", []string{"2011/50 urn:iso:std:iso:4217|GBP"}},
		{"Age", `{"resourceType":"Condition","onsetAge":{"value":52,"unit":"years","system":"http://unitsofmeasure.org","code":"a"}}`, "onset-age", []string{"52 http://unitsofmeasure.org|a 'years' = 1640995200 s"}},
		{"Duration", `{"resourceType":"Encounter","length":{"value":90,"system":"http://unitsofmeasure.org","code":"min"}}`, "length", []string{"90 http://unitsofmeasure.org|min = 5400 s"}},
		{"Range", `{"resourceType":"Condition","onsetRange":{"low":{"value":5,"system":"http://unitsofmeasure.org","code":"a"},"high":{"value":10,"system":"http://unitsofmeasure.org","code":"a"}}}`, "onset-age", []string{"[5, 10] http://unitsofmeasure.org|a = [157788000, 315576000] s"}},
		{"Range with one end", `{"resourceType":"Condition","onsetRange":{"high":{"value":10,"unit":"a"}}}`, "onset-age", []string{"[…, 10] | 'a'"}},
		{"Range of two units", `{"resourceType":"Condition","onsetRange":{"low":{"value":5,"unit":"mo"},"high":{"value":1,"unit":"a"}}}`, "onset-age", nil},

		// uri, §3.1.1.4.9
		{"uri, as written", `{"resourceType":"ValueSet","url":"http://Acme.org/fhir/ValueSet/123","status":"draft"}`, "url", []string{"http://Acme.org/fhir/ValueSet/123"}},
		{"canonical, with its version", `{"resourceType":"Basic","meta":{"profile":["http://x.org/p|1","http://x.org/q"]}}`, "_profile", []string{"http://x.org/p|1", "http://x.org/q"}},
		{"_source", `{"resourceType":"Basic","meta":{"source":"urn:x:1#req"}}`, "_source", []string{"urn:x:1#req"}},
		{"url", `{"resourceType":"DocumentReference","content":[{"attachment":{"url":"Binary/1"}}],"status":"current"}`, "location", []string{"Binary/1"}},

		// composite, §3.1.1.4.17
		{"code and quantity", `{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"2823-3"},{"code":"K"}]},"valueQuantity":{"value":5.5,"system":"http://unitsofmeasure.org","code":"mmol/L"}}`,
			"code-value-quantity", []string{"http://loinc.org|2823-3 or |K $ 11/2 http://unitsofmeasure.org|mmol/L = 3312177418000000000000000 m-3"}},
		{"each component with its own code", `{"resourceType":"Observation","code":{"text":"bp"},"component":[{"code":{"coding":[{"code":"8480-6"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"code":"8462-4"}]},"valueQuantity":{"value":80}},{"code":{"coding":[{"code":"x"}]}}]}`,
			"component-code-value-quantity", []string{"|8480-6 $ 120 |", "|8462-4 $ 80 |"}},
		{"the resource and its components", `{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueQuantity":{"value":1},"component":[{"code":{"coding":[{"code":"b"}]},"valueQuantity":{"value":2}}]}`,
			"combo-code-value-quantity", []string{"|a $ 1 |", "|b $ 2 |"}},
		{"nothing of another type", `{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueString":"s"}`, "code-value-quantity", nil},
		{"code and text", `{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueString":"S"}`, "code-value-string", []string{"|a $ S = s"}},
		{"code and date", `{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueDateTime":"2020"}`, "code-value-date", []string{"|a $ 2020-01-01T00:00:00.000 – 2021-01-01T00:00:00.000 (1)"}},
		{"characteristic", `{"resourceType":"Group","type":"person","actual":true,"characteristic":[{"code":{"text":"gender"},"valueCodeableConcept":{"text":"mixed"},"exclude":false},{"code":{"text":"owner"},"valueBoolean":true,"exclude":false},{"code":{"text":"age"},"valueRange":{"low":{"value":1}},"exclude":false}]}`,
			"characteristic-value", []string{"| 'gender' $ | 'mixed'", "| 'owner' $ |true"}},
		{"the reference first, though the definition has the expressions the other way round", `{"resourceType":"DocumentReference","status":"current","relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/1"}}]}`,
			"relationship", []string{"DocumentReference/1 $ (http://hl7.org/fhir/document-relationship-type)|replaces"}},
		{"a component of the resource's own", `{"resourceType":"MolecularSequence","coordinateSystem":0,"referenceSeq":{"chromosome":{"coding":[{"code":"1"}]}},"variant":[{"start":5,"end":7},{"start":9}]}`,
			"chromosome-variant-coordinate", []string{"|1 $ 5e0 whole $ 7e0 whole"}},
		{"use context", `{"resourceType":"Questionnaire","status":"draft","useContext":[{"code":{"code":"age"},"valueRange":{"low":{"value":5,"unit":"a"}}},{"code":{"code":"focus"},"valueCodeableConcept":{"coding":[{"code":"408934002"}]}}]}`,
			"context-type-quantity", []string{"|age $ [5, …] | 'a'"}},
	} {
		r := resource(t, c.resource)
		if got := showParam(r, Index(r), c.code); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s of %s:\n got %q\nwant %q", c.name, c.code, r.Type(), got, c.want)
		}
	}
}
