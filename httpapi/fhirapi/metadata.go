package fhirapi

import (
	"encoding/json"
	"net/http"
)

// interactions are what this server does with each type, FHIR R4 valueset
// type-restful-interaction. A test finds a route for each.
var interactions = []string{"read", "vread", "create", "update", "delete", "search-type"}

// systemInteractions are what it does with the whole.
var systemInteractions = []string{"transaction", "batch"}

// Metadata serves the CapabilityStatement, to everybody. FHIR R4 §3.1.0.6.
func (a *API) Metadata(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := query(r, "mode"); err != nil {
		return err
	}
	h := w.Header()
	// It says nothing of anybody: any page may read it, and keep it.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	h.Del("Pragma")
	return write(w, http.StatusOK, a.capability)
}

type code struct {
	Code string `json:"code"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding"`
	Text   string   `json:"text"`
}

type resourceCapability struct {
	Type              string `json:"type"`
	Interaction       []code `json:"interaction"`
	Versioning        string `json:"versioning"`
	ReadHistory       bool   `json:"readHistory"`
	UpdateCreate      bool   `json:"updateCreate"`
	ConditionalCreate bool   `json:"conditionalCreate"`
	ConditionalRead   string `json:"conditionalRead"`
	ConditionalUpdate bool   `json:"conditionalUpdate"`
	ConditionalDelete string `json:"conditionalDelete"`
}

type capabilityStatement struct {
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
	Rest        []rest   `json:"rest"`
}

type rest struct {
	Mode          string `json:"mode"`
	Documentation string `json:"documentation"`
	Security      struct {
		CORS        bool      `json:"cors"`
		Service     []concept `json:"service"`
		Description string    `json:"description"`
	} `json:"security"`
	Resource    []resourceCapability `json:"resource"`
	Interaction []code               `json:"interaction"`
}

// capability makes the statement from the tables above.
func capability(c Config) []byte {
	s := capabilityStatement{ResourceType: "CapabilityStatement", Status: "active", Date: "2026-11-21", Kind: "instance",
		FHIRVersion: "4.0.1", Format: []string{"application/fhir+json", "json"}}
	s.Software.Name, s.Software.Version = "Carehold", c.Version
	s.Implementation.Description = "One person's health and care record for each token: the token says whose, and which part of it"
	s.Implementation.URL = c.Base
	r := rest{Mode: "server", Interaction: codes(systemInteractions)}
	r.Documentation = "Entries outside the grant's sections do not exist for its token (404), and inside them other interactions " +
		"than granted are refused (403). Only a grant to everything may choose ids (405). Search parameters that are not " +
		"listed are left out, and named in an OperationOutcome; with Prefer: handling=strict they are refused."
	r.Security.Service = []concept{{
		Coding: []coding{{"http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR", "SMART-on-FHIR"}},
		Text:   "a bearer token that the person has granted, with scopes as SMART App Launch 2.2 writes them",
	}}
	r.Security.Description = "The person makes a grant and hands its token over; send it as Authorization: Bearer. There is no authorization endpoint yet."
	for _, typ := range types {
		r.Resource = append(r.Resource, resourceCapability{Type: typ, Interaction: codes(interactions), Versioning: "versioned",
			ReadHistory: true, UpdateCreate: true, ConditionalRead: "not-match", ConditionalDelete: "not-supported"})
	}
	s.Rest = []rest{r}
	b, err := json.Marshal(s)
	if err != nil { // strings always encode
		panic("fhirapi: encoding the CapabilityStatement")
	}
	return b
}

func codes(names []string) []code {
	list := make([]code, len(names))
	for i, name := range names {
		list[i].Code = name
	}
	return list
}
