package fhirapi

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
)

// jsonTypes are the names JSON goes by, FHIR R4 §3.1.0.1.10 and §3.1.0.1.11.
var jsonTypes = []string{"application/fhir+json", "application/json", "text/json", "json"}

// queryOf reads the query of a request that may have the parameters known, after
// what every request may have: _format and _pretty. unknown are the names that
// the client should be told were not heeded; with Prefer: handling=strict they
// are an error.
func queryOf(header http.Header, raw string, known ...string) (values url.Values, unknown []string, err error) {
	values, err = url.ParseQuery(raw)
	if err != nil {
		return nil, nil, badQuery()
	}
	if err := format(header, values); err != nil {
		return nil, nil, err
	}
	for name, all := range values {
		switch {
		case name == "_format" || name == "_pretty":
		case !slices.Contains(known, name):
			unknown = append(unknown, name)
		case len(all) > 1:
			return nil, nil, record.Safef(record.Invalid, "this parameter is there more than once").At(name)
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 && preferences(header["Prefer"]).strict {
		return nil, nil, record.Errorf(record.Invalid, "unknown here: %s", strings.Join(unknown, ", ")).At(unknown[0])
	}
	return values, unknown, nil
}

func badQuery() error {
	return record.Safef(record.Invalid, "the query cannot be understood: check its percent-encoding")
}

// format reads how an answer is to be written.
func format(header http.Header, values url.Values) error {
	if err := acceptable(header["Accept"], values["_format"]); err != nil {
		return err
	}
	switch all := values["_pretty"]; {
	case len(all) == 0:
		return nil
	case len(all) == 1 && (all[0] == "true" || all[0] == "false"):
		return nil
	}
	return record.Safef(record.Invalid, "_pretty is true or false").At("_pretty")
}

// acceptable reports whether the client takes JSON. _format overrides Accept.
func acceptable(accept, format []string) error {
	no := record.Safef(problem.NotAcceptable, "this server speaks application/fhir+json, of FHIR 4.0, and nothing else")
	if len(format) > 0 {
		for _, f := range format {
			// "application/fhir+json", not encoded, arrives with a space for its +.
			typ, params, err := mime.ParseMediaType(strings.ReplaceAll(f, " ", "+"))
			if err != nil || !slices.Contains(jsonTypes, typ) || !thisFHIR(params) {
				return no
			}
		}
		return nil
	}
	if len(accept) == 0 {
		return nil
	}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		typ, params, err := mime.ParseMediaType(part)
		if err != nil || !thisFHIR(params) {
			continue
		}
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q == 0 {
			continue
		}
		if typ == "*/*" || typ == "application/*" || slices.Contains(jsonTypes, typ) {
			return nil
		}
	}
	return no
}

// thisFHIR reports whether a fhirVersion, if there is one, is ours.
func thisFHIR(params map[string]string) bool {
	v, ok := params["fhirversion"]
	return !ok || v == "4.0" || v == "4.0.1"
}
