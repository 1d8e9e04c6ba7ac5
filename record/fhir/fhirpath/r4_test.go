package fhirpath

import "testing"

// How FHIR R4 is seen by FHIRPath (http://hl7.org/fhir/R4/fhirpath.html).
func TestChoices(t *testing.T) {
	check(t, `{"resourceType":"Observation","status":"final","valueQuantity":{"value":6.20,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},
"component":[{"valueQuantity":{"value":1}},{"valueString":"x"},{"valueCodeableConcept":{"text":"c"}},{"_valueDateTime":{"extension":[{"url":"u","valueCode":"unknown"}]}}]}`, []row{
		{"value", "Observation.valueQuantity"},
		{"value.value", "6.20"},
		{"valueQuantity", ""}, // the names of the JSON are not FHIRPath's
		{"value as Quantity", "Observation.valueQuantity"},
		{"(Observation.value as Quantity).code", "mmol/L"},
		{"value.ofType(Quantity).unit", "mmol/L"},
		{"value as string", ""},
		{"value is Quantity", "true"},
		// N1 has an error for "as" of several items, R4's own search parameters use it.
		{"component.value as Quantity", "Observation.component[0].valueQuantity"},
		{"component.value.as(string)", "x"},
		{"(component.value as Quantity) | (component.value as CodeableConcept)", "Observation.component[0].valueQuantity, Observation.component[2].valueCodeableConcept"},
		{"component.value.count()", "4"},
		{"component.value.as(DateTime).extension('u').value", "unknown"},
		{"component.where(value is dateTime).value.hasValue()", "false"},
		{"component.value.as(dateTime) = 'x'", ""},
		{"component[1] is BackboneElement", "true"},
	})
	check(t, `{"resourceType":"Condition","onsetAge":{"value":5,"code":"a"}}`, []row{
		{"onset.as(Age)", "Condition.onsetAge"},
		{"onset.as(Quantity)", "Condition.onsetAge"}, // a subclass
		{"onset.as(Duration)", ""},
	})
	check(t, `{"resourceType":"Patient","deceasedDateTime":"2020"}`, []row{
		// the search parameter "deceased"
		{"Patient.deceased.exists() and Patient.deceased != false", "true"},
		{"deceased as dateTime", "2020"},
	})
	check(t, `{"resourceType":"Patient","deceasedBoolean":false}`, []row{
		{"Patient.deceased.exists() and Patient.deceased != false", "false"},
	})
}

func TestSiblings(t *testing.T) {
	check(t, `{"resourceType":"Patient","birthDate":"1970","_birthDate":{"id":"b","extension":[{"url":"time","valueDateTime":"1970-01-01T10:00:00Z"},{"url":"x","valueCode":"y"}]},
"_gender":{"extension":[{"url":"absent","valueCode":"unknown"}]},"active":true,
"name":[{"given":["A",null,"C"],"_given":[null,{"extension":[{"url":"absent","valueCode":"masked"}]},{"id":"c"}]},{"_given":[{"extension":[{"url":"absent","valueCode":"asked"}]}]}]}`, []row{
		{"birthDate.extension('time').value", "1970-01-01T10:00:00Z"},
		{"birthDate.extension.url", "time, x"},
		{"birthDate.id", "b"},
		{"birthDate.hasExtension('x')", "true"},
		{"birthDate.hasExtension('z')", "false"},
		{"birthDate.hasValue()", "true"},
		{"gender.exists()", "true"},
		{"gender.hasValue()", "false"},
		{"gender", "Patient._gender"},
		{"gender.extension('absent').value", "unknown"},
		{"gender = 'male'", ""},
		{"gender in ('male' | 'female')", ""},
		{"gender & 'x'", "x"},
		{"gender.combine(gender).distinct().count()", "2"}, // they are not equal: it cannot be told
		{"name.given.count()", "4"},
		{"name[0].given", "A, Patient.name[0]._given[1], C"},
		{"name[0].given[1].hasValue()", "false"},
		{"name.given.extension('absent').value", "masked, asked"},
		{"name.given.where(id = 'c')", "C"},
		{"name.given.where(hasValue())", "A, C"},
		{"name.hasValue()", "false"},
		{"name[0].children()", "A, Patient.name[0]._given[1], C"},
		{"name[1].children()", "Patient.name[1]._given[0]"},
		{"children().count()", "5"}, // birthDate, gender, active and two names
		{"descendants().where(url = 'absent').value", "unknown, masked, asked"},
	})
}

const holder = `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"http://x/Patient/1","resource":{"resourceType":"Patient","id":"1","gender":"male"}},
{"resource":{"resourceType":"MedicationRequest","id":"m","contained":[{"resourceType":"Medication","id":"med","code":{"text":"t"}},{"resourceType":"Practitioner","id":"doc","link":{"reference":"#"}}],
"medicationReference":{"reference":"#med"},"requester":{"reference":"#doc"},"performer":{"reference":"#nobody"},"subject":{"reference":"Patient/1"},"recorder":{"reference":"#"}}}]}`

func TestResourcesInside(t *testing.T) {
	check(t, holder, []row{
		{"Bundle.entry.resource.ofType(Patient).gender", "male"},
		{"entry[0].resource", "Bundle.entry[0].resource"},
		{"entry.resource.where($this is Patient).id", "1"},
		{"entry.resource.ofType(DomainResource).id", "1, m"},
		{"(entry.resource as Patient).id", "1"},
		{"entry.resource.contained.id", "med, doc"},
		{"entry.resource.contained.ofType(Medication).code.text", "t"},
		{"entry.first().resource.is(Composition)", "false"},
		{"entry.first().resource.is(Patient)", "true"},
		{"%resource.type", "collection"},
		{"entry.resource.medication.resolve() is Medication", "true"},
		{"entry.resource.medication.resolve().code.text", "t"},
		{"entry.resource.performer.resolve()", ""},
		{"entry.resource.recorder.resolve().id", "m"},
		{"entry.resource.descendants().where($this is Practitioner).id", "doc"},
	})
	// The context is a reference in a contained resource: %resource is that one,
	// %rootResource the one that contains it and not the Bundle.
	ctx, err := MustCompile("entry.resource.contained").Eval(Root(mustParse(t, holder)))
	if err != nil || len(ctx) != 2 {
		t.Fatal(show(ctx), err)
	}
	link := Element(ctx[1].Node.Get("link"), "Reference")
	for text, want := range map[string]string{
		"%resource.id": "doc", "%rootResource.id": "m", "%context.reference": "#", "resolve().id": "m", "%rootResource.contained.id": "med, doc",
	} {
		if got, err := MustCompile(text).Eval(link); err != nil || show(got) != want {
			t.Errorf("%s is %q, %v; want %q", text, show(got), err, want)
		}
	}
}

// resolve() is told from the text of a reference, and nothing is looked up.
func TestResolve(t *testing.T) {
	for reference, want := range map[string]string{
		`{"reference":"Patient/1"}`:                              "Patient",
		`{"reference":"Patient/1/_history/2"}`:                   "Patient",
		`{"reference":"https://elsewhere.example/fhir/Group/1"}`: "Group",
		`{"reference":"urn:uuid:c3a5","type":"Patient"}`:         "Patient",
		`{"type":"Device","identifier":{"value":"1"}}`:           "Device",
		`{"reference":"Patient?identifier=1"}`:                   "Patient",
		`{"reference":"urn:uuid:c3a5"}`:                          "",
		`{"reference":"Nonsense/1"}`:                             "",
		`{"reference":"urn:uuid:c3a5","type":"Quantity"}`:        "",
		`{"display":"somebody"}`:                                 "",
	} {
		rows := []row{{"subject.resolve()", want}, {"subject.resolve().id", ""}, {"subject.where(resolve() is Patient).exists()", map[bool]string{true: "true", false: "false"}[want == "Patient"]}}
		check(t, `{"resourceType":"Observation","subject":`+reference+`}`, rows)
	}
}

// Names that are keywords too, and elements that are not in R4.
func TestNames(t *testing.T) {
	check(t, `{"resourceType":"ValueSet","status":"active","expansion":{"contains":[{"code":"a","contains":[{"code":"b"}]}]},"text":{"status":"generated","div":"<div/>"},"made":{"up":1},"url":{"not":"a string"},"identifier":["a",{"value":"v"}],"_version":"x","useContext":3}`, []row{
		{"ValueSet.expansion.contains.code", "a"},
		{"expansion.contains.contains.code", "b"},
		{"expansion.descendants().code", "a, b"},
		{"expansion.descendants().code contains 'b'", "true"},
		{"text.`div`", "<div/>"},
		{"text.div", "<div/>"},
		{"made.up", ""},
		{"children().count()", "4"}, // status, expansion, text and an identifier
		{"children().where($this is uri)", ""},
		{"resourceType", ""},
		// what is not of the shape that R4 has there
		{"url.exists()", "false"}, {"identifier.value", "v"}, {"identifier.count()", "1"}, {"version.exists()", "false"}, {"useContext.exists()", "false"},
		// terminology and profiles are not here
		{"status.memberOf('http://hl7.org/fhir/ValueSet/publication-status')", ""},
		{"conformsTo('http://hl7.org/fhir/StructureDefinition/ValueSet')", ""},
		{"status.trace('s', length()).exists()", "true"},
	})
}

func TestDates(t *testing.T) {
	period := func(start, end string) string {
		return `{"resourceType":"Encounter","period":{"start":"` + start + `","end":"` + end + `"}}`
	}
	// N1 §6.1.1 "Date/Time Equality" and §6.2: from the year on; empty where one
	// has no value for what the other has.
	for _, c := range []struct{ start, end, equal, less string }{
		{"2012", "2012", "true", "false"},
		{"2012", "2013", "false", "true"},
		{"2012-01", "2012", "", ""},
		{"2012-01", "2013", "false", "true"},
		{"2012-02-01", "2012-01", "false", "false"},
		{"2012-01-01", "2012-01-01", "true", "false"},
		{"2012-01-01T10:30:31.0Z", "2012-01-01T10:30:31Z", "true", "false"},
		{"2012-01-01T10:30:31.1Z", "2012-01-01T10:30:31Z", "false", "false"},
		{"2017-11-05T01:30:00.0-04:00", "2017-11-05T00:30:00.0-05:00", "true", "false"},
		{"2017-11-05T01:30:00.0-04:00", "2017-11-05T01:15:00.0-05:00", "false", "true"},
		{"2012-01-01", "2012-01-01T10:30:31Z", "", ""},
		{"2012-01-01", "2012-01-02T10:30:31Z", "false", "true"},
		{"never", "2012", "", ""},
	} {
		check(t, period(c.start, c.end), []row{{"period.start = period.end", c.equal}, {"period.start < period.end", c.less}})
	}
	check(t, `{"resourceType":"Schedule","meta":{"lastUpdated":"2012-01-01T00:00:00Z"},"planningHorizon":{"start":"2012-01-01T00:00:00.000+00:00"}}`, []row{
		{"meta.lastUpdated = planningHorizon.start", "true"}, // instant and dateTime
		{"meta.lastUpdated >= planningHorizon.start", "true"},
		{"meta.lastUpdated = '2012-01-01T00:00:00Z'", "false"}, // a date is no string
	})
}

func TestQuantities(t *testing.T) {
	quantity := func(value, unit string) string {
		return `{"value":` + value + `,"system":"http://unitsofmeasure.org","code":"` + unit + `"}`
	}
	for _, c := range []struct{ low, high, want string }{
		{quantity("1.0", "mg"), quantity("1", "mg"), "true"},
		{quantity("2", "mg"), quantity("10", "mg"), "true"},
		{quantity("2", "mg"), quantity("1", "mg"), "false"},
		{quantity("1e999999999", "mg"), quantity("2", "mg"), "false"},
		{quantity("0.1000000000000000000000000000000000000000001", "mg"), quantity("0.1", "mg"), "false"},
		{quantity("2", "g"), quantity("1", "mg"), ""}, // units do not convert here: it cannot be told
		{`{"value":2,"unit":"cups"}`, `{"value":1,"unit":"cups"}`, "false"},
		{`{"value":2,"unit":"cups"}`, `{"value":1,"unit":"cans"}`, ""},
		{`{"value":2}`, `{"value":1,"comparator":"<"}`, ""},
		{`{"unit":"mg"}`, `{"value":1,"unit":"mg"}`, ""},
	} {
		check(t, `{"resourceType":"Condition","onsetRange":{"low":`+c.low+`,"high":`+c.high+`}}`, []row{{"(onset as Range).select(low <= high)", c.want}})
	}
}

// Complex values are equal when all that is in them is, in whatever order.
func TestDeepEquality(t *testing.T) {
	check(t, `{"resourceType":"Observation","category":[
{"coding":[{"system":"s","code":"c"}],"text":"t"},
{"text":"t","coding":[{"code":"\u0063","system":"s"}]},
{"text":"t","coding":[{"code":"c","system":"s","userSelected":true}]},
{"text":"t","coding":[{"code":"c","system":"s"},{"code":"d"}]}],
"valueQuantity":{"value":1.0,"unit":"x"},"referenceRange":[{"low":{"unit":"x","value":1}},{"low":{"unit":"x","value":1.01}}]}`, []row{
		{"category[0] = category[1]", "true"},
		{"category[0] = category[2]", "false"},
		{"category[2] = category[0]", "false"},
		{"category[0] = category[3]", "false"},
		{"category[3] = category[0]", "false"},
		{"category.distinct().count()", "3"},
		{"category.combine(category).combine(category).distinct().count()", "3"}, // by hash
		{"category.coding.combine(category.coding).combine(category.coding).isDistinct()", "false"},
		{"value = referenceRange[0].low", "true"},
		{"value = referenceRange[1].low", "false"},
		{"category[0] = value", "false"},
		{"referenceRange.low.combine(referenceRange.low).combine(referenceRange.low).combine(referenceRange.low).combine(value).distinct().count()", "2"},
	})
	check(t, `{"resourceType":"Observation","code":{"coding":[{"display":"x"}]},"subject":{"display":"x"},"device":{"display":"x"}}`, []row{
		{"subject = device", "true"},
		{"subject = code.coding", "false"}, // a Reference and a Coding
	})
}
