package oracle

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/record/testdata"
)

// capabilities is what the server says it does.
type capabilities struct {
	Rest []struct {
		Resource []struct {
			Type                            string
			Interaction                     []struct{ Code string }
			SearchParam                     []capabilityParam
			SearchInclude, SearchRevInclude []string
		}
		SearchParam []capabilityParam
	}
}

type capabilityParam struct{ Name, Type, Definition string }

// r4 is what HL7's definitions say of search parameters.
type r4 struct {
	params map[string]map[string][]capabilityParam // by the type they are for, and the code
	parts  map[string][]string                     // of a composite, by its URL: the types of its components
}

// The parameters of R4 that the server does not have: what wants an index of
// texts, a language of its own, named queries or a map, and two that R4 gives no
// expression for.
var without = []string{"_content", "_text", "_filter", "_query", "near", "age", "birthOrderBoolean"}

func definitions(t *testing.T) r4 {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata.Dir(t, "r4-definitions"), "search-parameters.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := r4{make(map[string]map[string][]capabilityParam), make(map[string][]string)}
	types := make(map[string]string)
	components := make(map[string][]string)
	for in := bufio.NewScanner(f); in.Scan(); {
		var d struct {
			Code, Type, URL string
			Base            []string
			Component       []struct{ Definition string }
		}
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		types[d.URL] = d.Type
		for _, c := range d.Component {
			components[d.URL] = append(components[d.URL], c.Definition)
		}
		for _, base := range d.Base {
			if all.params[base] == nil {
				all.params[base] = make(map[string][]capabilityParam)
			}
			all.params[base][d.Code] = append(all.params[base][d.Code], capabilityParam{d.Code, d.Type, d.URL})
		}
	}
	for composite, list := range components {
		for _, c := range list {
			all.parts[composite] = append(all.parts[composite], types[c])
		}
	}
	return all
}

// The CapabilityStatement has R4's parameters for each type, and what it has, works:
// each parameter, include and reverse include is asked for, strictly.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	p := newServer(t).enrol("Ada")
	var c capabilities
	p.check(json.Unmarshal(p.expect(200, "", request{method: "GET", path: "/metadata"}).body, &c))
	r4 := definitions(t)
	asked := 0
	for _, r := range c.Rest[0].Resource {
		expected := make(map[string][]capabilityParam)
		for _, base := range []string{"Resource", "DomainResource", r.Type} {
			if base == "DomainResource" && slices.Contains([]string{"Bundle", "Binary", "Parameters"}, r.Type) {
				continue
			}
			for code, d := range r4.params[base] {
				if !slices.Contains(without, code) {
					expected[code] = d
				}
			}
		}
		asked += len(r.SearchParam)
		for _, param := range r.SearchParam {
			if !slices.Contains(expected[param.Name], param) {
				t.Errorf("%s: %+v is not one of %+v", r.Type, param, expected[param.Name])
			}
			delete(expected, param.Name)
		}
		atOnce(r.SearchParam, func(param capabilityParam) {
			p.strictly(200, "/"+r.Type+"?"+url.Values{param.Name: {r4.value(param)}}.Encode())
		})
		for code := range expected {
			t.Errorf("%s: R4 has %s, and the server does not", r.Type, code)
		}
		for which, list := range map[string][]string{"_include": r.SearchInclude, "_revinclude": r.SearchRevInclude} {
			asked += len(list)
			for some := range slices.Chunk(list, 16) { // as many as a search may have
				p.strictly(200, "/"+r.Type+"?"+url.Values{which: some}.Encode())
			}
		}
	}
	for _, param := range c.Rest[0].SearchParam {
		p.strictly(200, "?_type=Patient,Observation&"+url.Values{param.Name: {r4.value(param)}}.Encode())
	}
	for _, code := range without {
		typ := "Patient"
		if code == "near" {
			typ = "Location"
		}
		p.strictly(400, "/"+typ+"?"+code+"=x")
		if code != "age" && code != "birthOrderBoolean" { // which no client knows; they are left out, and named
			p.expect(400, p.token, request{method: "GET", path: "/" + typ + "?" + code + "=x"})
		}
	}
	if n := len(c.Rest[0].Resource); n < 143 || asked < 10000 {
		t.Errorf("%d types, %d parameters and includes", n, asked)
	}
	t.Logf("%d types, %d parameters and includes asked for; the oracle refused %d answers", len(c.Rest[0].Resource), asked, p.refused)
}

func (p *person) strictly(status int, path string) {
	p.t.Helper()
	p.expect(status, p.token, request{method: "GET", path: path, header: []string{"Prefer", "handling=strict"}})
}

// value is one that a parameter can have.
func (r r4) value(p capabilityParam) string {
	switch p.Type {
	case "composite":
		var parts []string
		for _, typ := range r.parts[p.Definition] {
			parts = append(parts, r.value(capabilityParam{Type: typ}))
		}
		return strings.Join(parts, "$")
	case "date":
		return "ge2020-02"
	case "number":
		return "lt0.5"
	case "quantity":
		return "gt5.4|http://unitsofmeasure.org|mg"
	case "reference":
		return "Patient/1"
	case "uri":
		return "http://example.org/x"
	}
	return "x"
}
