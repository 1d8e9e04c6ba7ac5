package httpapi_test

import (
	"context"
	"net/url"
	"strings"
	"time"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/grant"
)

// vitalSigns is a scope that leaves out what the matrix asks for.
const vitalSigns = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"

// bound has Ada give a client access, and returns its refresh token, which is bound to a
// key. It comes before the clock goes on: Ada's device answers by its own.
func (m *matrix) bound() string {
	m.register(clients.Client{DPoP: true})
	m.key = m.prover()
	b := m.browser()
	b.authorize(askFor(url.Values{"dpop_jkt": {m.key.jkt()}, "scope": {"launch/patient offline_access patient/*.cruds"}}))
	m.approve(m.ada, m.vars["ada"], b.typed, clinical)
	_, answer := b.returned()
	resp, tokens := m.key.postProved("/oauth/token", forCode(answer.Get("code")), nil)
	if resp.StatusCode != 200 || tokens["token_type"] != "DPoP" {
		m.t.Fatalf("token: %d %v", resp.StatusCode, tokens)
	}
	return tokens["refresh_token"].(string)
}

// clients makes the tokens that OAuth brought: a client's, bound to a key, with a proof of
// it and without; one that a query narrows; one of a grant that is suspended; and one to
// add only.
func (m *matrix) clients(refresh string) {
	ctx := context.Background()
	add := func(name, token string) {
		m.tokens[name] = token
		m.order = append(m.order, name)
	}
	resp, tokens := m.key.postProved("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {refresh}}, nil)
	if resp.StatusCode != 200 || tokens["token_type"] != "DPoP" || !strings.Contains(tokens["scope"].(string), "patient/*.cruds") {
		m.t.Fatalf("refresh: %d %v", resp.StatusCode, tokens)
	}
	access := tokens["access_token"].(string)
	add("proved", access)
	add("unproved", access)
	sections := grant.Clinical.List()
	add("narrowed", m.grant(m.ada, "narrowed", 24*time.Hour, vitalSigns, sections...))
	add("suspended", m.grant(m.ada, "suspended", 24*time.Hour, "patient/*.cruds", sections...))
	id, err := record.ParseGrantID(m.vars["suspended.id"])
	m.check(err)
	m.check(m.ada.Suspend(ctx, id))
	add("adder", m.grant(m.ada, "adder", 24*time.Hour, "patient/*.c", sections...))
}
