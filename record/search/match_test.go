package search

import (
	"slices"
	"strings"
	"testing"
)

// TestStrings by FHIR R4 §3.1.1.4.8, with its own examples.
func TestStrings(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"eve","name":[{"given":["Eve"],"family":"Carreño Quinones"}]}`,
		`{"resourceType":"Patient","id":"evelyn","name":[{"given":["Evelyn"]}],"address":[{"line":["3 Elm Road"],"city":"Whitby"}]}`,
		`{"resourceType":"Patient","id":"severine","name":[{"given":["Séverine"]}]}`,
		`{"resourceType":"Patient","id":"caps","name":[{"given":["EVE"]}]}`,
		`{"resourceType":"Patient","id":"none"}`,
	)
	expect(t, all, map[string]string{
		"Patient?given=eve":               "Patient/eve Patient/evelyn Patient/caps",
		"Patient?given:contains=eve":      "Patient/eve Patient/evelyn Patient/severine Patient/caps",
		"Patient?given:exact=Eve":         "Patient/eve",
		"Patient?given:exact=eve":         "",
		"Patient?given:exact=Ev":          "",
		"Patient?given=severine":          "Patient/severine",
		"Patient?given:exact=Severine":    "",
		"Patient?given=S%C3%89VERINE":     "Patient/severine",
		"Patient?given=lyn":               "",
		"Patient?given=evelyns":           "",
		"Patient?given=lyn,sev":           "Patient/severine",
		"Patient?family=carreno":          "Patient/eve",
		"Patient?family=quinones":         "Patient/eve", // "either … should match"
		"Patient?family:exact=Quinones":   "",
		"Patient?family:missing=true":     "Patient/evelyn Patient/severine Patient/caps Patient/none",
		"Patient?given:missing=false":     "Patient/eve Patient/evelyn Patient/severine Patient/caps",
		"Patient?address=elm":             "",
		"Patient?address=3%20elm":         "Patient/evelyn",
		"Patient?address:contains=elm":    "Patient/evelyn",
		"Patient?address-city=WHIT":       "Patient/evelyn",
		"Patient?given=eve&family=carr":   "Patient/eve",
		"Patient?given=eve&given=evelyn":  "Patient/evelyn",
		"Patient?given=eve&family=nobody": "",
	})
}

// TestNotOfCodes: :not of codes that are long enough to be looked for in the bytes
// of an index.
func TestNotOfCodes(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]}}`,
		`{"resourceType":"Observation","id":"two","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"},{"system":"http://loinc.org","code":"85354-9"}]}}`,
		`{"resourceType":"Observation","id":"weight","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]}}`,
		`{"resourceType":"Observation","id":"text","status":"final","code":{"text":"85354-9"}}`,
	)
	expect(t, all, map[string]string{
		"Observation?code:not=85354-9":                                    "Observation/weight Observation/text",
		"Observation?code:not=http://loinc.org|85354-9":                   "Observation/weight Observation/text",
		"Observation?code:not=85354-9,29463-7":                            "Observation/text",
		"Observation?code:not=85354-9&code:not=29463-7":                   "Observation/text",
		"Observation?code=85354-9&code=29463-7":                           "Observation/two",
		"Observation?code=http://loinc.org|85354-9,x|y":                   "Observation/bp Observation/two",
		"Observation?code=85354-9":                                        "Observation/bp Observation/two",
		"Observation?code=http://other.example|85354-9":                   "",
		"Observation?code=http://loinc.org|85354":                         "",
		"Observation?code:text=85354":                                     "Observation/text",
		"Observation?status=final&code=http://loinc.org|29463-7":          "Observation/two Observation/weight",
		"Observation?status=http://hl7.org/fhir/observation-status|final": "Observation/bp Observation/two Observation/weight Observation/text",
	})
}

// TestURIs by FHIR R4 §3.1.1.4.9.
func TestURIs(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"a","meta":{"profile":["http://p.example/core|1.0"],"source":"http://gp.example/export/7"}}`,
		`{"resourceType":"Patient","id":"b","meta":{"profile":["http://p.example/core","http://p.example/corelike"]}}`,
	)
	expect(t, all, map[string]string{
		"Patient?_profile=http://p.example/core":             "Patient/a Patient/b", // a canonical, of any version
		"Patient?_profile=http://p.example/core%5C|1.0":      "Patient/a",
		"Patient?_profile=http://p.example/core%5C|1":        "",
		"Patient?_profile=http://p.example/cor":              "",
		"Patient?_profile=http://P.example/core":             "",
		"Patient?_profile:below=http://p.example/corel":      "Patient/b",
		"Patient?_source:below=http://gp.example/":           "Patient/a",
		"Patient?_source:above=http://gp.example/export/7/8": "Patient/a",
		"Patient?_source:above=http://gp.example/export":     "",
		"Patient?_source:missing=true":                       "Patient/b",
	})
}

// TestSort: the orders, worked out by hand. Of several values the first in the
// direction counts; what has none is last in both.
func TestSort(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Observation","id":"none","status":"final"}`,
		`{"resourceType":"Observation","id":"y1969","status":"final","effectiveDateTime":"1969-07-20","valueQuantity":{"value":-10}}`,
		`{"resourceType":"Observation","id":"y2020","status":"final","effectiveDateTime":"2020","valueQuantity":{"value":-9.5}}`,
		`{"resourceType":"Observation","id":"d2020","status":"final","effectiveDateTime":"2020-01-01","valueQuantity":{"value":0}}`,
		`{"resourceType":"Observation","id":"since","status":"final","effectivePeriod":{"start":"1990"},"valueQuantity":{"value":0.25}}`,
		`{"resourceType":"Observation","id":"until","status":"final","effectivePeriod":{"end":"2000"},"valueQuantity":{"value":100}}`,
		`{"resourceType":"Patient","id":"p1","name":[{"family":"Berg","given":["Ada"]},{"family":"Zimmer"}],"birthDate":"1950"}`,
		`{"resourceType":"Patient","id":"p2","name":[{"family":"ångström","given":["Bo"]}],"birthDate":"1950"}`,
		`{"resourceType":"Patient","id":"p3","name":[{"family":"Cole Adams","given":["Al"]}],"birthDate":"1940"}`,
		`{"resourceType":"Observation","id":"kg","status":"amended","valueQuantity":{"value":2,"system":"http://unitsofmeasure.org","code":"kg"}}`,
		`{"resourceType":"Observation","id":"g","status":"amended","valueQuantity":{"value":500,"system":"http://unitsofmeasure.org","code":"g"}}`,
		`{"resourceType":"Observation","id":"lb","status":"amended","valueQuantity":{"value":3,"system":"http://unitsofmeasure.org","code":"[lb_av]"}}`,
	)
	for _, c := range []struct{ search, want string }{
		// The range with no beginning is first; 2020 and its first day begin together
		// and the day ends first.
		{"Observation?status=final&_sort=date", "until y1969 since d2020 y2020 none"},
		{"Observation?status=final&_sort=-date", "y2020 d2020 since y1969 until none"},
		{"Observation?status=final&_sort=value-quantity", "y1969 y2020 d2020 since until none"},
		{"Observation?status=final&_sort=-value-quantity", "until since d2020 y2020 y1969 none"},
		{"Observation?status=amended&_sort=value-quantity", "g lb kg"}, // 500 g, 1361 g, 2000 g
		{"Observation?status=amended&_sort=-value-quantity", "kg lb g"},
		// p1 has Berg and Zimmer: the first up, and the first down. Adams is found, and
		// is no beginning of a name.
		{"Patient?_sort=family", "p2 p1 p3"},
		{"Patient?_sort=-family", "p1 p3 p2"},
		{"Patient?_sort=birthdate,-given", "p3 p2 p1"},
		{"Patient?_sort=-birthdate,given", "p1 p2 p3"},
		{"Patient?_sort=_lastUpdated", "p1 p2 p3"},
		{"Patient?_sort=-_lastUpdated", "p3 p2 p1"},
		{"Patient?_sort=-_id", "p3 p2 p1"},
	} {
		typ, query, _ := strings.Cut(c.search, "?")
		var got []string
		for _, name := range finds(t, all, typ, query) {
			got = append(got, strings.TrimPrefix(name, typ+"/"))
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %v, want %s", c.search, got, c.want)
		}
	}
}

// TestQuantities by FHIR R4 §3.1.1.4.11: units as written, of a system, and what
// UCUM converts.
func TestQuantities(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Observation","id":"mg","status":"final","valueQuantity":{"value":5.4,"unit":"milligrams","system":"http://unitsofmeasure.org","code":"mg"}}`,
		`{"resourceType":"Observation","id":"g","status":"final","valueQuantity":{"value":0.0054,"unit":"g","system":"http://unitsofmeasure.org","code":"g"}}`,
		`{"resourceType":"Observation","id":"word","status":"final","valueQuantity":{"value":5.4,"unit":"mg"}}`,
		`{"resourceType":"Observation","id":"puffs","status":"final","valueQuantity":{"value":5.4,"unit":"puffs","system":"http://units.example","code":"p"}}`,
		`{"resourceType":"Observation","id":"bare","status":"final","valueQuantity":{"value":5.4}}`,
		`{"resourceType":"Observation","id":"less","status":"final","valueQuantity":{"value":5,"comparator":"<","system":"http://unitsofmeasure.org","code":"mg"}}`,
		`{"resourceType":"Observation","id":"string","status":"final","valueString":"5.4 mg"}`,
	)
	const five = "Observation/mg Observation/word Observation/puffs Observation/bare"
	expect(t, all, map[string]string{
		"Observation?value-quantity=5.4":                                 five,
		"Observation?value-quantity=5.4||mg":                             "Observation/mg Observation/word",
		"Observation?value-quantity=5.4||milligrams":                     "Observation/mg",
		"Observation?value-quantity=5.4||g":                              "",
		"Observation?value-quantity=5.4|http://unitsofmeasure.org|mg":    "Observation/mg Observation/g",
		"Observation?value-quantity=5.40e-3|http://unitsofmeasure.org|g": "Observation/mg Observation/g",
		"Observation?value-quantity=5400|http://unitsofmeasure.org|ug":   "Observation/mg Observation/g",
		"Observation?value-quantity=5.4|http://unitsofmeasure.org|mL":    "",
		"Observation?value-quantity=5.4|http://units.example|p":          "Observation/puffs",
		"Observation?value-quantity=5.4|http://units.example|":           "Observation/puffs",
		"Observation?value-quantity=5.4|http://units.example|puffs":      "",
		"Observation?value-quantity=lt5.4|http://unitsofmeasure.org|mg":  "Observation/less",
		"Observation?value-quantity=gt4|http://unitsofmeasure.org|mg":    "Observation/mg Observation/g Observation/less", // less than 5 may be more than 4
		"Observation?value-quantity=gt0.005|http://unitsofmeasure.org|g": "Observation/mg Observation/g",
		"Observation?value-quantity=eb5|http://unitsofmeasure.org|mg":    "Observation/less",
		"Observation?value-quantity=ne5.4|http://unitsofmeasure.org|mg":  "Observation/less",
		"Observation?value-quantity=ap5.8|http://unitsofmeasure.org|mg":  "Observation/mg Observation/g",
		"Observation?value-quantity:missing=true":                        "Observation/string",
		"Observation?value-quantity=5.4||g,5.4|http://units.example|p":   "Observation/puffs",
		"Observation?value-quantity=ge5&value-quantity=lt6&status=final": five,
	})
}

// TestComposites by FHIR R4 §3.1.1.4.17: all parts from the same place.
func TestComposites(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":140}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":55}}]}`,
		`{"resourceType":"Observation","id":"k","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"effectiveDateTime":"2026-03-01","valueQuantity":{"value":5.4}}`,
		`{"resourceType":"Group","id":"herd","type":"animal","actual":true,"characteristic":[{"code":{"coding":[{"code":"gender"}]},"valueCodeableConcept":{"coding":[{"code":"mixed"}]},"exclude":false},{"code":{"coding":[{"code":"owner"}]},"valueCodeableConcept":{"coding":[{"code":"eve"}]},"exclude":false}]}`,
	)
	expect(t, all, map[string]string{
		"Observation?component-code-value-quantity=http://loinc.org|8480-6$gt60":                          "Observation/bp",
		"Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60":                          "", // that is the other's
		"Observation?component-code-value-quantity=8462-4$lt60":                                           "Observation/bp",
		"Observation?component-code-value-quantity=8480-6$lt60,8462-4$lt60":                               "Observation/bp",
		"Observation?component-code-value-quantity=8480-6$gt60&component-code-value-quantity=8462-4$lt60": "Observation/bp",
		"Observation?code-value-quantity=2823-3$5.4":                                                      "Observation/k",
		"Observation?code-value-quantity=2823-3$5.3":                                                      "",
		"Observation?code-value-quantity=8480-6$140":                                                      "",
		"Observation?combo-code-value-quantity=8480-6$140,2823-3$gt5":                                     "Observation/bp Observation/k",
		"Observation?code-value-date=2823-3$2026":                                                         "",
		"Group?characteristic-value=gender$mixed":                                                         "Group/herd",
		"Group?characteristic-value=gender$eve":                                                           "",
		"Group?characteristic-value=gender$eve,owner$eve":                                                 "Group/herd",
	})
}
