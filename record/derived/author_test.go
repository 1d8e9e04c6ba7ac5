package derived_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Who wrote a version is told by all that the grant said of them, and the grant itself
// to the person alone.
func TestAuthor(t *testing.T) {
	author := `{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","code":"author","display":"Author"}]},` +
		`"role":[{"text":"district nurse"}],"who":{%s"identifier":{"value":"12A3456E","assigner":{"display":"NMC"}},"display":"Lin Mei"},` +
		`"onBehalfOf":{"display":"Elm Road Surgery"}}`
	grantOf := `"extension":[{"url":"urn:carehold:grant","valueString":"` + gp.String() + `"}],`
	enterer := `{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","code":"enterer","display":"Enterer"}]},` +
		`"who":{"reference":"Patient/pat1","display":"the person themself"}}`
	unknown := `{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","code":"author","display":"Author"}]},` +
		`"who":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}`
	put := func(who string) string { return strings.Replace(author, "%s", who, 1) }
	for name, want := range map[string]string{
		"named":               "[" + put(grantOf) + "]",
		"named-to-other":      "[" + put("") + "]",
		"taken-in":            "[" + put(grantOf) + "," + enterer + "]",
		"taken-in-unverified": "[" + unknown + "," + enterer + "]",
	} {
		var p struct{ Agent any }
		var agent any
		if err := json.Unmarshal(all()["Provenance "+name], &p); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(want), &agent); err != nil {
			t.Fatal(err, want)
		}
		if !reflect.DeepEqual(p.Agent, agent) {
			t.Errorf("%s: %v\nwant %v", name, p.Agent, agent)
		}
	}
}
