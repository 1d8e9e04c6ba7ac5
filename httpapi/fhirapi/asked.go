package fhirapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"carehold/record"
)

// asked is what a request asks for beside the thing itself.
type asked struct {
	header  http.Header
	values  url.Values
	unknown []string // parameters that nothing here knows: lenient handling leaves them out
	prefer  preference
	part    part
	summary string // _summary, as it was sent
}

// What an interaction that shows resources, and an operation, can be asked with
// (FHIR R4 §3.1.0.1.11).
var (
	shown           = []string{"_summary", "_elements"}
	operationParams = []string{"mode", "profile", "identifier"}
)

// ask reads the query of a request that may have the parameters known, after those
// that every request may have.
func ask(r *http.Request, known ...string) (*asked, error) {
	return askOf(r.Header, r.URL.RawQuery, known...)
}

func askOf(header http.Header, raw string, known ...string) (*asked, error) {
	values, unknown, err := queryOf(header, raw, known...)
	if err != nil {
		return nil, err
	}
	q := &asked{header: header, values: values, unknown: unknown, prefer: preferences(header["Prefer"])}
	return q, q.parts()
}

// parts reads _summary and _elements.
func (q *asked) parts() (err error) {
	q.summary = q.values.Get("_summary")
	q.part, err = partOf(q.summary, elements(q.values.Get("_elements")))
	return err
}

func elements(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// applied are those of the parameters that have one of the names, for link[self].
func (q *asked) applied(names ...string) url.Values {
	all := url.Values{}
	for name, values := range q.values {
		if slices.Contains(names, name) {
			all[name] = values
		}
	}
	return all
}

// notCounted refuses _summary=count where there is nothing to count.
func (q *asked) notCounted() error {
	if q.summary == "count" {
		return record.Safef(record.Invalid, "_summary=count counts what a search or a history has; this is neither").At("_summary")
	}
	return nil
}
