package oauth

import (
	"net/http"
	"slices"
	"strings"

	"carehold/crypto"
	"carehold/httpapi/oauth/dpop"
	"carehold/record"
	"carehold/record/store"
)

// introspected is RFC 7662 §2.2, with the launch context as it was told with the token.
type introspected struct {
	Active    bool              `json:"active"`
	Scope     string            `json:"scope,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	TokenType string            `json:"token_type,omitempty"`
	Expires   int64             `json:"exp,omitempty"`
	Issuer    string            `json:"iss,omitempty"`
	Subject   string            `json:"sub,omitempty"`
	Audience  string            `json:"aud,omitempty"`
	Patient   string            `json:"patient,omitempty"`
	FHIRUser  string            `json:"fhirUser,omitempty"`
	Confirm   map[string]string `json:"cnf,omitempty"` // RFC 9449 §6.2
}

// Introspect tells a client of its own tokens. Of all others, and of what is none, it is
// the same two words. RFC 7662.
func (a *API) Introspect(w http.ResponseWriter, r *http.Request) error {
	p, err := form(r)
	if err != nil {
		return err
	}
	by, err := a.introspector(w, r, p)
	if err != nil {
		return err
	}
	if p["token"] == "" {
		return refuse(invalidRequest, "token is missing")
	}
	inactive := introspected{}
	token, err := parseKind(p["token"], crypto.Access, crypto.Refresh)
	if err != nil {
		return sendJSON(w, http.StatusOK, inactive)
	}
	defer token.Destroy()
	t, active, err := a.store.Introspect(r.Context(), token, by)
	if err != nil {
		return err
	}
	if !active {
		return sendJSON(w, http.StatusOK, inactive)
	}
	x := introspected{Active: true, Scope: t.Scope, ClientID: t.Client, TokenType: "Bearer", Issuer: a.config.Base, Audience: a.fhir(), Patient: t.Patient}
	if !t.Until.IsZero() {
		x.Expires = t.Until.Unix()
	}
	if t.Bound != [32]byte{} {
		x.TokenType, x.Confirm = "DPoP", map[string]string{"jkt": dpop.FormatThumbprint(t.Bound)}
	}
	if scopes := strings.Fields(t.Scope); slices.Contains(scopes, "openid") {
		x.Subject = t.Subject
		if slices.Contains(scopes, "fhirUser") && t.Patient != "" {
			x.FHIRUser = a.fhir() + "/Patient/" + t.Patient
		}
	}
	return sendJSON(w, http.StatusOK, x)
}

// introspector is the client that asks about a token: as at the other paths, or by an
// access token of its own (SMART App Launch 2.2 §2.3.1: that way must be taken).
func (a *API) introspector(w http.ResponseWriter, r *http.Request, p params) (by store.Presented, err error) {
	auth := r.Header["Authorization"]
	scheme, text := "", ""
	if len(auth) == 1 {
		scheme, text, _ = strings.Cut(auth[0], " ")
	}
	bound := strings.EqualFold(scheme, "DPoP")
	if !bound && !strings.EqualFold(scheme, "Bearer") {
		c, err := a.authenticate(r, p, pathIntrospect)
		if err != nil {
			return by, err
		}
		defer c.Destroy()
		return c.presented([32]byte{}), nil
	}
	if p["client_secret"] != "" || p["client_assertion"] != "" {
		return by, refuse(invalidRequest, "the client shows in two ways who it is: one is enough")
	}
	token, err := crypto.ParseToken(text)
	if err != nil || token.Kind() != crypto.Access {
		token.Destroy()
		return by, errClient
	}
	defer token.Destroy()
	var proof dpop.Proof
	if bound {
		if proof, err = a.Proof(w, r, pathIntrospect, text); err != nil {
			return by, proofError(err)
		}
	}
	v, err := a.store.OpenBound(r.Context(), token, proof.JKT)
	if err != nil {
		if k := record.KindOf(err); k == record.Unauthorized || k == record.Forbidden {
			err = errClient
		}
		return by, err
	}
	defer v.Close()
	if bound {
		if err := a.UseProof(r, proof); err != nil {
			return by, proofError(err)
		}
	}
	// What a person handed out themselves is no client's.
	if by.Client = v.Grant().Client; by.Client == "" || p["client_id"] != "" && p["client_id"] != by.Client {
		return store.Presented{}, errClient
	}
	return by, nil
}

// Revoke gives a token back: RFC 7009. What is none, or another's, is as good as gone.
func (a *API) Revoke(w http.ResponseWriter, r *http.Request) error {
	p, err := form(r)
	if err != nil {
		return err
	}
	by, err := a.authenticate(r, p, pathRevoke)
	if err != nil {
		return err
	}
	defer by.Destroy()
	if p["token"] == "" {
		return refuse(invalidRequest, "token is missing")
	}
	// token_type_hint is for those whose tokens do not say what they are (§2.1).
	if token, err := parseKind(p["token"], crypto.Access, crypto.Refresh); err == nil {
		defer token.Destroy()
		if err := a.store.GiveBack(r.Context(), token, by.presented([32]byte{})); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}
