package fhirapi

import (
	"encoding/json"
	"slices"
	"strings"

	"carehold/record/change"
	"carehold/record/fhir/r4"
	"carehold/record/search"
)

// The parts of a CapabilityStatement that this server has something to say in, in
// the order of R4's definition.
type (
	code struct {
		Code string `json:"code"`
	}
	coding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	concept struct {
		Coding []coding `json:"coding"`
		Text   string   `json:"text"`
	}
	extension struct {
		URL       string      `json:"url"`
		URI       string      `json:"valueUri,omitempty"`
		Extension []extension `json:"extension,omitempty"`
	}
	searchParam struct {
		Name          string `json:"name"`
		Definition    string `json:"definition"`
		Type          string `json:"type"`
		Documentation string `json:"documentation,omitempty"`
	}
	operation struct {
		Name          string `json:"name"`
		Definition    string `json:"definition"`
		Documentation string `json:"documentation"`
	}
	resourceCapability struct {
		Type              string        `json:"type"`
		Profile           string        `json:"profile"`
		Interaction       []code        `json:"interaction"`
		Versioning        string        `json:"versioning"`
		ReadHistory       bool          `json:"readHistory"`
		UpdateCreate      bool          `json:"updateCreate"`
		ConditionalCreate bool          `json:"conditionalCreate"`
		ConditionalRead   string        `json:"conditionalRead"`
		ConditionalUpdate bool          `json:"conditionalUpdate"`
		ConditionalDelete string        `json:"conditionalDelete"`
		ReferencePolicy   []string      `json:"referencePolicy"`
		SearchInclude     []string      `json:"searchInclude"`
		SearchRevInclude  []string      `json:"searchRevInclude,omitempty"`
		SearchParam       []searchParam `json:"searchParam"`
		Operation         []operation   `json:"operation"`
	}
	rest struct {
		Mode          string `json:"mode"`
		Documentation string `json:"documentation"`
		Security      struct {
			Extension   []extension `json:"extension,omitempty"`
			CORS        bool        `json:"cors"`
			Service     []concept   `json:"service"`
			Description string      `json:"description"`
		} `json:"security"`
		Resource    []resourceCapability `json:"resource"`
		Interaction []code               `json:"interaction"`
		SearchParam []searchParam        `json:"searchParam"`
		Operation   []operation          `json:"operation"`
		Compartment []string             `json:"compartment"`
	}
	capabilityStatement struct {
		ResourceType string `json:"resourceType"`
		Status       string `json:"status"`
		Date         string `json:"date"`
		Kind         string `json:"kind"`
		Software     struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"software"`
		Implementation struct {
			Description string `json:"description"`
			URL         string `json:"url"`
		} `json:"implementation"`
		FHIRVersion string   `json:"fhirVersion"`
		Format      []string `json:"format"`
		PatchFormat []string `json:"patchFormat"`
		Rest        []rest   `json:"rest"`
	}
)

// capability makes the statement from the table of interactions and R4's of search
// parameters. It names every parameter that search finds by, and no other.
func capability(c Config) []byte {
	s := capabilityStatement{ResourceType: "CapabilityStatement", Status: "active", Date: "2026-11-22", Kind: "instance",
		FHIRVersion: "4.0.1", Format: []string{"application/fhir+json", "json"}, PatchFormat: []string{"application/json-patch+json"}}
	s.Software.Name, s.Software.Version = "Carehold", c.Version
	s.Implementation.Description = "One person's health and care record for each token: the token says whose, and which part of it"
	s.Implementation.URL = c.Base
	r := rest{Mode: "server", Interaction: codes(OfSystem), SearchParam: searchParams(""),
		Compartment: []string{"http://hl7.org/fhir/CompartmentDefinition/patient"}}
	r.Documentation = "Entries outside the grant's sections do not exist for its token (404), and inside them other interactions " +
		"than granted are refused (403). Only a grant to everything may choose ids (405). Search parameters that are not " +
		"listed are left out, and named in an OperationOutcome in the Bundle; with Prefer: handling=strict they are refused. " +
		"A modifier, a chain of more than one hop, or :iterate that is not supported is refused (400), and so is FHIRPath Patch (501). " +
		"A Binary is served and taken in its own form, in ranges too, and what a browser would run as application/octet-stream; " +
		"what is large can be sent to Binary/$upload first (tus 1.0.0), and claimed."
	r.Security.Service = []concept{{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR"}},
		Text: "OAuth 2.0 as SMART App Launch 2.2 has it, with DPoP (RFC 9449) for who takes it"}}
	r.Security.Description = "See .well-known/smart-configuration. The person answers each request on their own device; or they make a grant and hand its token over. " +
		"Send a token as Authorization: Bearer, or, where it is bound to a key, as DPoP. Pages of registered clients may ask from a browser."
	r.Security.CORS = true
	r.Security.Extension = oauthURIs(strings.TrimSuffix(c.Base, "/fhir"))
	into := revIncludes()
	for _, typ := range types() {
		r.Resource = append(r.Resource, resourceCapability{
			Type: typ, Profile: "http://hl7.org/fhir/StructureDefinition/" + typ, Interaction: codes(OfType), Versioning: "versioned",
			ReadHistory: true, UpdateCreate: true, ConditionalCreate: true, ConditionalRead: "full-support", ConditionalUpdate: true,
			ConditionalDelete: "single", ReferencePolicy: []string{"literal", "logical"},
			SearchInclude: append([]string{"*"}, includes(typ)...), SearchRevInclude: into[typ], SearchParam: searchParams(typ),
			Operation: operationsOf(typ),
		})
	}
	r.Operation = []operation{{"export", "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export", exportSaid}}
	s.Rest = []rest{r}
	b, err := json.Marshal(s)
	if err != nil { // strings always encode
		panic("fhirapi: encoding the CapabilityStatement")
	}
	return b
}

// operationsOf are the operations on a type.
func operationsOf(typ string) []operation {
	all := []operation{{"validate", "http://hl7.org/fhir/OperationDefinition/Resource-validate",
		"against FHIR R4's own definitions; another profile is answered with an issue that says so"}}
	if typ != "Patient" {
		return all
	}
	return append(all,
		operation{"everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything",
			"all that the token lets be found and read, page by page; _since, _type, _count; not start and end"},
		operation{"summary", "http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
			"the International Patient Summary of what the token lets be found and read"},
		operation{"export", "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export", exportSaid})
}

const exportSaid = "for the person, and a grant to everything; GET and POST; _type, _since, _outputFormat=application/fhir+ndjson; " +
	"files of one type, of 1,200 resources at most, and of what was deleted with _since; Provenance is among them, Consent and AuditEvent where _type names them"

func codes(list []Interaction) []code {
	all := make([]code, len(list))
	for i, x := range list {
		all[i].Code = x.Code
	}
	return all
}

// types are the resource types that a record holds: R4's, but for those that
// change.Storable gives a reason against.
func types() []string {
	return slices.DeleteFunc(slices.Clone(r4.ResourceTypes()), func(typ string) bool {
		_, ok := change.Storable(typ)
		return !ok
	})
}

// searchable reports whether a parameter is one that search finds by: it has an
// expression to find its values with, and is of none of the kinds that search
// refuses by name.
func searchable(p *r4.Param) bool { return p.Expression != "" && p.Type != "special" }

// how says what can be said with a parameter of a type, FHIR R4 §3.1.1.4.
var how = map[string]string{
	"number":    "prefixes eq, ne, gt, lt, ge, le, sa, eb, ap; :missing",
	"date":      "prefixes eq, ne, gt, lt, ge, le, sa, eb, ap; :missing",
	"quantity":  "prefixes eq, ne, gt, lt, ge, le, sa, eb, ap; :missing; units by UCUM where they are known",
	"string":    "from the beginning, without case or accents; :exact, :contains, :missing",
	"reference": ":identifier, :[type], :missing, one hop of chaining",
	"uri":       ":above, :below, :missing",
	"composite": "the prefixes of its parts, which a $ separates; no modifier",
}

// saidWith is how, of one parameter: of a token it depends on what it looks at.
func saidWith(typ string, p *r4.Param) string {
	switch {
	case p.Code == "_id":
		return ":not, :missing"
	case p.Type == "token":
		return ":" + strings.Join(search.TokenModifiers(typ, p.Code), ", :")
	}
	return how[p.Type]
}

// searchParams are a type's, or for "" those that every type has.
func searchParams(typ string) []searchParam {
	of := typ
	if typ == "" {
		of = "Basic" // has none that are like these and its own
	}
	var all []searchParam
	for _, p := range r4.Params(of) {
		if !searchable(p) || typ == "" && p.Code[0] != '_' {
			continue
		}
		all = append(all, searchParam{p.Code, p.URL, p.Type, saidWith(of, p)})
	}
	return all
}

// includes are the references of a type that _include follows.
func includes(typ string) []string {
	var all []string
	for _, p := range r4.Params(typ) {
		if searchable(p) && p.Type == "reference" {
			all = append(all, typ+":"+p.Code)
		}
	}
	return all
}

// revIncludes are, by the type that is pointed at, the references that _revinclude
// follows back.
func revIncludes() map[string][]string {
	into := map[string][]string{}
	for _, typ := range types() {
		for _, p := range r4.Params(typ) {
			if !searchable(p) || p.Type != "reference" {
				continue
			}
			targets := p.Targets
			if len(targets) == 0 {
				targets = types()
			}
			for _, target := range targets {
				into[target] = append(into[target], typ+":"+p.Code)
			}
		}
	}
	return into
}

// oauthURIs is SMART's extension for clients that do not look for smart-configuration.
func oauthURIs(server string) []extension {
	x := extension{URL: "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"}
	for _, at := range []struct{ name, path string }{{"authorize", "/oauth/authorize"}, {"token", "/oauth/token"}, {"introspect", "/oauth/introspect"}, {"revoke", "/oauth/revoke"}, {"manage", "/manage"}} {
		x.Extension = append(x.Extension, extension{URL: at.name, URI: server + at.path})
	}
	return []extension{x}
}
