package oauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/store"
)

// tokenAnswer is RFC 6749 §5.1 with the launch context of SMART App Launch 2.2 §2.0.13.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Issued       string `json:"issued_token_type,omitempty"` // RFC 8693 §2.2.1
	Patient      string `json:"patient,omitempty"`
	Banner       bool   `json:"need_patient_banner"`
}

// errGrant is the one error of a code or token that opens nothing.
var errGrant = refuse(invalidGrant, "the code or token opens nothing for this client: it may have run out, been used, been stopped, or be another's")

// Token gives tokens: RFC 6749 §3.2.
func (a *API) Token(w http.ResponseWriter, r *http.Request) error {
	p, err := form(r)
	if err != nil {
		return err
	}
	if p["grant_type"] == "" {
		return refuse(invalidRequest, "grant_type is missing")
	}
	by, err := a.authenticate(r, p, pathToken)
	if err != nil {
		return err
	}
	defer by.Destroy()
	if by.client.DPoP && len(r.Header["Dpop"]) == 0 {
		return refuse("invalid_dpop_proof", "this client's tokens are bound to a key: send a DPoP proof (RFC 9449)")
	}
	jkt, err := a.proof(w, r, by, pathToken, [32]byte{})
	if err != nil {
		return err
	}
	var t store.Tokens
	switch p["grant_type"] {
	case "authorization_code":
		t, err = a.exchange(r, p, by, jkt)
	case "refresh_token":
		t, err = a.refresh(r, p, by, jkt)
	case "client_credentials":
		t, err = a.backend(r, p, by, jkt)
	case tokenExchange:
		t, err = a.bind(r, p, jkt)
	default:
		err = refuse(unsupportedGrant, "grant_type is authorization_code, refresh_token, client_credentials or %s", tokenExchange)
	}
	if err != nil {
		return grantError(err)
	}
	defer t.Access.Destroy()
	defer t.Refresh.Destroy()
	return a.sendTokens(w, r, by, t)
}

func grantError(err error) error {
	switch {
	case errors.Is(err, store.ErrScope):
		return refuse(invalidScope, "the scopes are more than what was granted: ask for the same, or less")
	case errors.Is(err, store.ErrUnbound):
		return refuse(invalidGrant, "%s", record.SafeText(err))
	case record.KindOf(err) == record.Unauthorized && !errors.As(err, new(*Error)):
		return errGrant
	}
	return err
}

func (a *API) exchange(r *http.Request, p params, by caller, jkt [32]byte) (t store.Tokens, err error) {
	if by.segment {
		return t, errGrant
	}
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if p[name] == "" {
			return t, refuse(invalidRequest, "%s is missing", name)
		}
	}
	if n := len(p["code_verifier"]); n < 43 || n > 128 { // RFC 7636 §4.1
		return t, refuse(invalidRequest, "code_verifier has 43 to 128 characters")
	}
	code, err := parseKind(p["code"], crypto.Code)
	if err != nil {
		return t, err
	}
	defer code.Destroy()
	return a.store.Exchange(r.Context(), code, by.presented(jkt), p["redirect_uri"], p["code_verifier"])
}

func (a *API) refresh(r *http.Request, p params, by caller, jkt [32]byte) (t store.Tokens, err error) {
	if by.segment {
		return t, errGrant
	}
	if p["refresh_token"] == "" {
		return t, refuse(invalidRequest, "refresh_token is missing")
	}
	if r, err := requested(p["scope"]); err != nil || len(r.Unknown) > 0 {
		return t, store.ErrScope
	}
	token, err := parseKind(p["refresh_token"], crypto.Refresh)
	if err != nil {
		return t, err
	}
	defer token.Destroy()
	return a.store.Refresh(r.Context(), token, by.presented(jkt), p["scope"])
}

// backend is SMART Backend Services: what the person granted to an organisation's system
// is opened by the second half of its client_id.
func (a *API) backend(r *http.Request, p params, by caller, jkt [32]byte) (t store.Tokens, err error) {
	switch {
	case by.client.Auth != clients.Key || !by.client.Backend:
		return t, refuse(unauthorized, "this client is not registered to come without a person")
	case !by.segment:
		return t, refuse(unauthorized, "the client_id for this has the grant behind it, as the person was shown it: %s.…", by.client.ID)
	case p["scope"] == "":
		return t, refuse(invalidScope, "scope is missing") // SMART Backend Services: required
	}
	scope, err := ofResources(p["scope"])
	if err != nil {
		return t, err
	}
	return a.store.Backend(r.Context(), by.token, by.presented(jkt), scope)
}

// ofResources are the scopes that name resources. Nobody has answered just now, so there is
// nobody for an ID token to speak of; nor is there a launch, or a refresh token.
func ofResources(scope string) (string, error) {
	r, err := requested(scope)
	if err != nil || len(r.Asked) == 0 {
		return "", refuse(invalidScope, "there is nothing among the scopes that a system can be given: ask for system/ scopes, such as system/Observation.rs")
	}
	var words []string
	for _, x := range r.Asked {
		words = append(words, x.Text)
	}
	return strings.Join(words, " "), nil
}

// parseKind reads a code or a token. What is none opens nothing, as one that is unknown.
func parseKind(text string, kinds ...crypto.Kind) (crypto.Credential, error) {
	c, err := crypto.ParseToken(text)
	if err != nil || !slices.Contains(kinds, c.Kind()) {
		c.Destroy()
		return crypto.Credential{}, errGrant
	}
	return c, nil
}

func (a *API) sendTokens(w http.ResponseWriter, r *http.Request, by caller, t store.Tokens) error {
	x := tokenAnswer{AccessToken: t.Access.Token(), TokenType: "Bearer", Scope: t.Scope, Patient: t.Patient, Banner: true,
		ExpiresIn: max(0, int(t.Until.Sub(a.now())/time.Second))}
	if t.Bound != [32]byte{} {
		x.TokenType = "DPoP"
	}
	if by.client.ID == "" { // of an exchange
		x.Issued = accessToken
	}
	if !t.Refresh.IsZero() {
		x.RefreshToken = t.Refresh.Token()
	}
	// Of a grant to add only nobody is told whose it is: there is no subject for a token.
	if scopes := strings.Fields(t.Scope); slices.Contains(scopes, "openid") && t.Subject != "" {
		var err error
		if x.IDToken, err = a.idToken(r.Context(), by.client.ID, t, slices.Contains(scopes, "fhirUser")); err != nil {
			return err
		}
	}
	return sendJSON(w, http.StatusOK, x)
}
