package oauth

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"carehold/httpapi/oauth/clients"
	"carehold/httpapi/oauth/dpop"
	"carehold/record/grant"
	"carehold/record/keys"
)

// asked is what a client asks a person for, once it was examined. It is kept for a while, so
// nothing in it is part of the body that it came in, which may be larger by far.
type asked struct {
	client    clients.Client
	redirect  string // registered, or the same but for a loopback port
	state     string
	scope     string // what of it can be had, in the client's spelling
	requested grant.Requested
	nonce     string   // OpenID's
	challenge [32]byte // SHA-256 of the verifier
	bound     [32]byte // thumbprint of the key that the code and the tokens are to be bound to; zeros: none
}

// How long parameters may be that are kept, or given back in a URL.
const (
	maxState = 1024
	maxNonce = 512
)

// examine looks at what a client asks, whose client and redirect are known to belong
// together. Errors are told to the client.
func (a *API) examine(c clients.Client, redirect string, p params, twice map[string]bool) (q asked, err *Error) {
	q = asked{client: c, redirect: strings.Clone(redirect)}
	if state := p["state"]; visible(state) && len(state) <= maxState && !twice["state"] {
		q.state = strings.Clone(state) // so that the errors that follow bring it back
	}
	switch {
	case len(twice) > 0:
		return q, refuse(invalidRequest, "a parameter is there twice")
	case p["request"] != "":
		return q, refuse(noRequestObject, "request objects are not taken: push the request (RFC 9126), or send its parameters")
	case p["registration"] != "":
		return q, refuse("registration_not_supported", "clients are registered by whoever runs this server")
	case p["authorization_details"] != "":
		return q, refuse(noDetails, "authorization_details are not known here: ask by scope")
	case p["response_type"] == "":
		return q, refuse(invalidRequest, "response_type is missing: it is code")
	case p["response_type"] != "code":
		return q, refuse(unsupportedType, "response_type is code, and nothing else")
	case p["response_mode"] != "" && p["response_mode"] != "query":
		return q, refuse(invalidRequest, "response_mode is query, and nothing else")
	case p["launch"] != "":
		return q, refuse(invalidRequest, "there is no EHR here that launches apps: leave launch out, and ask for launch/patient")
	case p["state"] == "":
		return q, refuse(invalidRequest, "state is missing: an unpredictable value that ties the answer to your user")
	case q.state == "":
		return q, refuse(invalidRequest, "state has at most %d characters, all of them ASCII that can be seen, and spaces", maxState)
	}
	for _, check := range []func(*asked, params) *Error{checkProof, a.checkAudience, checkScope, checkOpenID, checkKey} {
		if err := check(&q, p); err != nil {
			return q, err
		}
	}
	return q, nil
}

// visible reports whether a text is of the characters that state may have: %x20-7E.
func visible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// checkProof: PKCE (RFC 7636) with S256, from everybody.
func checkProof(q *asked, p params) *Error {
	if p["code_challenge"] == "" {
		return refuse(invalidRequest, "code_challenge is missing: PKCE is for every client here (RFC 7636)")
	}
	if p["code_challenge_method"] != "S256" { // absent means plain (§4.3)
		return refuse(invalidRequest, "code_challenge_method is S256, and must be said")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(p["code_challenge"])
	if err != nil || len(b) != len(q.challenge) {
		return refuse(invalidRequest, "code_challenge is the SHA-256 of the verifier in base64url: 43 characters, without padding")
	}
	copy(q.challenge[:], b)
	return nil
}

// checkAudience: a client that was led to think that this server is another's must not
// get a token that it then sends there (SMART App Launch 2.2, aud; RFC 8707, resource).
func (a *API) checkAudience(_ *asked, p params) *Error {
	aud, resource := p["aud"], p["resource"]
	switch ours := func(s string) bool { return strings.TrimSuffix(s, "/") == a.fhir() }; {
	case aud == "" && resource == "":
		return refuse(invalidRequest, "aud is missing: it is %s", a.fhir())
	case aud != "" && !ours(aud):
		return refuse(invalidRequest, "aud names another server: here it is %s", a.fhir())
	case resource != "" && !ours(resource):
		return refuse(invalidTarget, "resource names another server: here it is %s", a.fhir())
	}
	return nil
}

func checkScope(q *asked, p params) *Error {
	r, err := requested(p["scope"])
	if err != nil {
		return refuse(invalidScope, "%s", ErrorOf(err).Err.Safe)
	}
	if len(r.Scopes) == 0 {
		return refuse(invalidScope, "there is nothing among the scopes that can be given: ask for patient/ scopes, such as patient/Observation.rs")
	}
	// What is never given is not shown to the person as if it were.
	user := r.FHIRUser && r.OpenID
	dropped := append(slices.Clone(r.Unknown), "launch", "profile", "http://smarthealthit.org/fhir/scopes/launch", "http://smarthealthit.org/fhir/scopes/profile")
	words := slices.DeleteFunc(strings.Fields(p["scope"]), func(w string) bool {
		return slices.Contains(dropped, w) || !user && strings.HasSuffix(w, "fhirUser")
	})
	if q.scope = strings.Clone(strings.Join(words, " ")); len(q.scope) > keys.MaxScope {
		return refuse(invalidScope, "the scopes have more than %d characters: ask for less", keys.MaxScope)
	}
	if q.requested, err = grant.ParseRequested(q.scope); err != nil {
		return refuse(invalidScope, "%s", ErrorOf(err).Err.Safe)
	}
	return nil
}

func checkOpenID(q *asked, p params) *Error {
	if prompts := strings.Fields(p["prompt"]); slices.Contains(prompts, "none") {
		if len(prompts) > 1 {
			return refuse(invalidRequest, "prompt is none together with something else")
		}
		return refuse(loginRequired, "the person has to answer, each time: nobody is signed in here")
	}
	if q.nonce = strings.Clone(p["nonce"]); len(q.nonce) > maxNonce || !visible(q.nonce) {
		return refuse(invalidRequest, "nonce has at most %d characters, all of them ASCII that can be seen", maxNonce)
	}
	return nil
}

func checkKey(q *asked, p params) *Error {
	if text := p["dpop_jkt"]; text != "" {
		jkt, err := dpop.ParseThumbprint(text)
		if err != nil || jkt == [32]byte{} {
			return refuse(invalidRequest, "dpop_jkt is the thumbprint of a key: 43 characters in base64url (RFC 7638)")
		}
		q.bound = jkt
	}
	return nil
}

// back is where a person is sent back to with an answer: what was registered, with the
// answer's parameters behind those that it has.
func (a *API) back(redirect string, answer url.Values) string {
	answer.Set("iss", a.config.Base) // RFC 9207
	if answer.Get("state") == "" {
		answer.Del("state")
	}
	sep := "?"
	if strings.Contains(redirect, "?") {
		if sep = "&"; strings.HasSuffix(redirect, "?") || strings.HasSuffix(redirect, "&") {
			sep = ""
		}
	}
	return redirect + sep + answer.Encode()
}

// refusal is where a person is sent back to with an error.
func (a *API) refusal(q asked, e *Error) string {
	return a.back(q.redirect, url.Values{"error": {e.Code}, "error_description": {e.description()}, "state": {q.state}})
}
