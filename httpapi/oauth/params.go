package oauth

import (
	"io"
	"net/http"
	"net/url"
)

// params are the parameters of a request, each once. One without a value was not sent
// (RFC 6749 §3.1). They are parts of the body they came in: of what is kept, a copy is.
type params map[string]string

// maxParams is how many there may be: the standards together have some thirty.
const maxParams = 100

// parse reads a query or a form body. twice are those that came more than once, of which
// none is believed: what is in front may have read the other (RFC 6749 §3.1).
func parse(raw string) (p params, twice map[string]bool, err error) {
	values, err := url.ParseQuery(raw)
	if err != nil || len(values) > maxParams {
		return nil, nil, refuse(invalidRequest, "the parameters cannot be understood: check their percent-encoding")
	}
	p, twice = params{}, map[string]bool{}
	for name, v := range values {
		switch {
		case len(v) > 1:
			twice[name] = true
		case v[0] != "":
			p[name] = v[0]
		}
	}
	return p, twice, nil
}

// form reads the parameters of a POST that a program makes: in the body alone, for a URL
// stays in logs.
func form(r *http.Request) (params, error) {
	if r.URL.RawQuery != "" {
		return nil, refuse(invalidRequest, "parameters go into the body, not the URL, where logs keep them")
	}
	body, err := io.ReadAll(r.Body) // the row bounds it
	if err != nil {
		return nil, err
	}
	defer clear(body)
	p, twice, err := parse(string(body))
	if err != nil {
		return nil, err
	}
	if len(twice) > 0 {
		return nil, refuse(invalidRequest, "a parameter is there twice")
	}
	return p, nil
}
