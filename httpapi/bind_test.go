package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// liveLink makes a link of Ada's whose file hands over a token, and returns the token.
func (w *world) liveLink(name, passcode string, sections record.SectionSet) (made, string, error) {
	w.t.Helper()
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	l := holder.PrepareLink()
	w.t.Cleanup(l.Destroy)
	token := l.AccessToken()
	req := holder.LinkRequest{Summary: true, GrantRequest: holder.GrantRequest{To: grant.Party{Name: name}, Sections: sections, Scopes: scopes, Purpose: "TREAT", Lasts: time.Hour, Label: name}}
	if passcode != "" {
		req.Passcode = crypto.SecretString(passcode)
	}
	issued, err := w.ada.Link(w.t.Context(), l, req)
	return made{path: "/shl/" + l.Segment(), id: l.ID(), key: l.Key.Clone(), grant: issued.Grant.ID}, token, err
}

func exchange(token string, more url.Values) url.Values {
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}
	for name, v := range more {
		form[name] = v
	}
	return form
}

// reads is the status of a request for an entry, with a proof of the key.
func (p *prover) reads(token, path string) int {
	p.t.Helper()
	for {
		resp := p.send("GET", path, http.Header{"Authorization": {"DPoP " + token}, "DPoP": {p.proof("GET", path, token)}}, "")
		resp.Body.Close()
		if p.nonce != "" || resp.StatusCode != 401 {
			return resp.StatusCode
		}
		p.nonce = resp.Header.Get("DPoP-Nonce")
	}
}

func (w *world) readsBare(token, path string) int {
	resp := w.send("GET", path, http.Header{"Authorization": {"Bearer " + token}}, "")
	resp.Body.Close()
	return resp.StatusCode
}

// TestBind: the token of a link is exchanged for one of a key, which is good for ten
// minutes and nothing without the key, and ends with the link (RFC 8693, RFC 9449).
func TestBind(t *testing.T) {
	w := newWorld(t)
	_, token, err := w.liveLink("ward", "", grant.Clinical)
	w.check(err)
	p, thief := w.prover(), w.prover()
	const path = "/fhir/Observation/potassium"
	if got := w.readsBare(token, path); got != 200 {
		t.Fatalf("as it is, for programs that know no keys: %d", got)
	}
	resp, m := p.postProved("/oauth/token", exchange(token, nil), nil)
	if resp.StatusCode != 200 || m["token_type"] != "DPoP" || m["issued_token_type"] != "urn:ietf:params:oauth:token-type:access_token" || m["scope"] != "patient/*.rs" || m["patient"] != w.vars["patient"] || m["refresh_token"] != nil || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", resp.StatusCode, m)
	}
	if lasts, _ := m["expires_in"].(float64); lasts > 600 || lasts < 590 {
		t.Errorf("it is good for %v seconds", m["expires_in"])
	}
	bound := m["access_token"].(string)
	if got := p.reads(bound, path); got != 200 {
		t.Errorf("bound, with its key: %d", got)
	}
	if got := thief.reads(bound, path); got != 401 {
		t.Errorf("bound, with another key: %d", got)
	}
	if got := w.readsBare(bound, path); got != 401 {
		t.Errorf("bound, without a key: %d", got)
	}
	for name, c := range map[string]struct {
		token string
		more  url.Values
		error string
	}{
		"once more, of what is bound":  {bound, nil, "invalid_grant"},
		"of a session":                 {w.vars["ada"], nil, "invalid_grant"},
		"of nothing":                   {"chda_", nil, "invalid_grant"},
		"of another kind":              {token, url.Values{"subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"}}, "invalid_request"},
		"by a client":                  {token, url.Values{"client_id": {"sunrise"}}, "invalid_client"},
		"for another place":            {token, url.Values{"audience": {"https://evil.example/fhir"}}, "invalid_target"},
		"for more":                     {token, url.Values{"scope": {"patient/*.cruds"}}, "invalid_scope"},
		"for a refresh token":          {token, url.Values{"requested_token_type": {"urn:ietf:params:oauth:token-type:refresh_token"}}, "invalid_request"},
		"in the name of somebody else": {token, url.Values{"actor_token": {token}}, "invalid_request"},
	} {
		if resp, m := p.postProved("/oauth/token", exchange(c.token, c.more), nil); resp.StatusCode != 400 || m["error"] != c.error {
			t.Errorf("%s: %d %v", name, resp.StatusCode, m)
		}
	}
	if resp, m := w.post("/oauth/token", exchange(token, nil), nil); resp.StatusCode != 400 || m["error"] != "invalid_dpop_proof" {
		t.Errorf("without a proof: %d %v", resp.StatusCode, m)
	}
	w.wait(10*time.Minute + time.Second)
	p.nonce = ""
	if got := p.reads(bound, path); got != 401 {
		t.Errorf("after ten minutes: %d", got)
	}
	_, m = p.postProved("/oauth/token", exchange(token, nil), nil)
	again, _ := m["access_token"].(string)
	if got := p.reads(again, path); got != 200 {
		t.Errorf("fetched anew: %d", got)
	}
	links := w.ada.Links()
	w.check(w.ada.Revoke(t.Context(), links[0].Grant.ID))
	if got := p.reads(again, path); got != 401 {
		t.Errorf("after the link was stopped: %d", got)
	}
	if resp, m := p.postProved("/oauth/token", exchange(token, nil), nil); resp.StatusCode != 400 || m["error"] != "invalid_grant" {
		t.Errorf("exchanged after that: %d %v", resp.StatusCode, m)
	}
}

// TestBindSensitive: what is sensitive is in no summary of a link and opens to no token as
// a file hands it over; to one that is bound to a reader's key it does, if the person said so.
func TestBindSensitive(t *testing.T) {
	w := newWorld(t)
	w.put(w.vars["ada"], `{"resourceType":"Condition","id":"mind","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]}],"code":{"text":"Depression needle","coding":[{"system":"http://snomed.info/sct","code":"35489007"}]},"subject":{"reference":"Patient/{patient}"}}`)
	sections := grant.Clinical | record.SectionsOf(record.MentalHealth)
	if _, _, err := w.liveLink("open", "", sections); record.KindOf(err) != record.Unprocessed {
		t.Errorf("without a passcode: %v", err)
	}
	link, token, err := w.liveLink("ward", "482913", sections)
	w.check(err)
	const path = "/fhir/Condition/mind"
	for _, path := range []string{path, "/fhir/Observation/potassium"} {
		if got := w.readsBare(token, path); got != 401 {
			t.Errorf("%s with the token as it was handed over: %d", path, got)
		}
	}
	status, b := w.asks(link.path, `{"recipient":"Ward 7","passcode":"482913"}`)
	if status != 200 {
		t.Fatalf("%d %s", status, b)
	}
	for _, f := range w.listed(link.path, `{"recipient":"Ward 7","passcode":"482913"}`) {
		text := w.opened(link, f.Embedded)
		if strings.Contains(text, "needle") || !strings.Contains(text, "penicillin") {
			t.Errorf("the summary that any program opens: %.300s", text)
		}
	}
	p := w.prover()
	_, m := p.postProved("/oauth/token", exchange(token, nil), nil)
	bound, _ := m["access_token"].(string)
	if got := p.reads(bound, path); got != 200 {
		t.Errorf("bound: %d %v", got, m)
	}
	// One without what is sensitive, made of the same kind, does not.
	_, plain, err := w.liveLink("plain", "482913", grant.Clinical)
	w.check(err)
	_, m = p.postProved("/oauth/token", exchange(plain, nil), nil)
	if got := p.reads(m["access_token"].(string), path); got != 404 {
		t.Errorf("bound, and not shared: %d", got)
	}
}
