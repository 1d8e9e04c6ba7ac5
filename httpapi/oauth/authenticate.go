package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"carehold/crypto"
	"carehold/httpapi/oauth/assertion"
	"carehold/httpapi/oauth/clients"
	"carehold/httpapi/oauth/dpop"
	"carehold/record"
	"carehold/record/store"
)

// caller is a client that has shown who it is, in the way that is registered for it.
type caller struct {
	client  clients.Client
	segment bool              // its client_id has a grant to a system behind it:
	token   crypto.Credential // which this opens
}

func (c caller) Destroy() { c.token.Destroy() }

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// errClient is the one error of a client that does not show who it is: unknown, with a
// wrong secret, in another way than is registered.
var errClient = refuse(invalidClient, "the client is not known here, or did not show who it is in the way that is registered for it; a system that a person granted something to says its whole id in client_id, iss and sub: the client's, a dot and 49 characters")

// authenticate finds out which client asks, of a request to path. Exactly one way is
// taken, and it must be the registered one: RFC 6749 §2.3.
func (a *API) authenticate(r *http.Request, p params, path string) (by caller, err error) {
	auth, ways := r.Header["Authorization"], 0
	var id, secret string
	if len(auth) > 0 {
		ways++
		if id, secret, err = basic(auth); err != nil {
			return by, err
		}
	}
	if p["client_secret"] != "" {
		ways++
		secret = p["client_secret"]
	}
	if p["client_assertion"] != "" || p["client_assertion_type"] != "" {
		ways++
		if p["client_assertion_type"] != jwtBearer || p["client_assertion"] == "" {
			return by, refuse(invalidClient, "client_assertion is a JWT, and client_assertion_type is %s", jwtBearer)
		}
		if id, err = assertion.ClientID(p["client_assertion"]); err != nil {
			return by, assertionError(err)
		}
	}
	if ways > 1 {
		return by, refuse(invalidRequest, "the client shows in two ways who it is: one is enough (RFC 6749 S2.3)")
	}
	switch given := p["client_id"]; {
	case id == "":
		id = given
	case given != "" && given != id:
		return by, refuse(invalidRequest, "client_id is another than whom the client shows to be")
	}
	if id == "" && ways == 0 && path == pathToken && p["grant_type"] == "refresh_token" {
		return a.unnamed(r, p)
	}
	if id == "" && path == pathToken && unregistered(r, p) {
		return by, nil
	}
	if id == "" {
		return by, refuse(invalidClient, "client_id is missing")
	}
	name, token, segment := backend(id)
	by = caller{segment: segment, token: token}
	if by.client, err = a.config.Clients.Get(r.Context(), name); err != nil {
		by.Destroy()
		if k := record.KindOf(err); k == record.TooMany || k == record.Unavailable {
			return caller{}, err
		}
		return caller{}, errClient
	}
	if err := a.shown(r, by.client, id, secret, p["client_assertion"], path); err != nil {
		by.Destroy()
		return caller{}, err
	}
	return by, nil
}

// unnamed is the public client that a refresh token was given to. SMART App Launch 2.2
// has no client_id in that request, and of a public client it would show nothing.
// Of any other, the token opens nothing here.
func (a *API) unnamed(r *http.Request, p params) (caller, error) {
	token, err := parseKind(p["refresh_token"], crypto.Refresh)
	if err != nil {
		return caller{}, err
	}
	defer token.Destroy()
	id, err := a.store.RefreshOf(token)
	if err != nil {
		return caller{}, grantError(err)
	}
	c, err := a.config.Clients.Get(r.Context(), id)
	switch k := record.KindOf(err); {
	case k == record.TooMany || k == record.Unavailable:
		return caller{}, err
	case err != nil || c.Auth != clients.Public:
		return caller{}, grantError(a.store.Unnamed(r.Context(), token))
	}
	return caller{client: c}, nil
}

// shown checks that a client showed what is registered for it, and nothing else.
func (a *API) shown(r *http.Request, c clients.Client, id, secret, jwt, path string) error {
	switch {
	case c.Auth == clients.Public && secret == "" && jwt == "" && len(r.Header["Authorization"]) == 0 && id == c.ID:
		return nil
	case c.Auth == clients.Secret && jwt == "" && id == c.ID && c.HasSecret(secret):
		return nil
	case c.Auth == clients.Key && secret == "" && jwt != "":
		registered := assertion.Client{ID: id, Profile: assertion.Profile(c.Profile), JWKSURI: c.JWKSURI, Registered: c.ID, Stranger: !c.Verified}
		if len(c.JWKS) > 0 {
			set, err := assertion.ParseSet(c.JWKS)
			if err != nil {
				return assertionError(err)
			}
			registered.Keys = set
		}
		aud := assertion.Audience{Issuer: a.config.Base, Token: a.config.Base + pathToken, Endpoint: a.config.Base + path}
		if err := a.asserts.Check(r.Context(), jwt, registered, aud, a.now()); err != nil {
			return assertionError(err)
		}
		return nil
	}
	return errClient
}

func assertionError(err error) error {
	code := invalidClient
	if errors.Is(err, assertion.Busy) {
		code = unavailable
	}
	return refuse(code, "%s", record.SafeText(err))
}

// basic reads the client's id and secret: RFC 6749 §2.3.1, both form-encoded.
func basic(auth []string) (id, secret string, err error) {
	wrong := refuse(invalidClient, "the Authorization header is not Basic with a client's id and secret")
	if len(auth) != 1 {
		return "", "", wrong
	}
	user, password, ok := (&http.Request{Header: http.Header{"Authorization": auth}}).BasicAuth()
	if !ok {
		return "", "", wrong
	}
	if id, err = url.QueryUnescape(user); err != nil {
		return "", "", wrong
	}
	if secret, err = url.QueryUnescape(password); err != nil || id == "" {
		return "", "", wrong
	}
	return id, secret, nil
}

// backend splits the client_id of a system that a person granted something to: the
// client's, a dot, and 49 characters of a refresh token without its beginning. The check
// sum in those means that no other id reads as one by chance.
func backend(id string) (client string, token crypto.Credential, ok bool) {
	at := strings.LastIndexByte(id, '.')
	if at <= 0 {
		return id, token, false
	}
	token, err := crypto.ParseToken("chd" + string(crypto.Refresh) + "_" + id[at+1:])
	if err != nil {
		return id, crypto.Credential{}, false
	}
	return id[:at], token, true
}

// proof checks the DPoP proof of a request, if one came, or must: RFC 9449 §5. want is
// the key it must be by; zeros: any. It is used at once: a code or a token that it comes
// with can be used once too, and must not be lost over a proof.
func (a *API) proof(w http.ResponseWriter, r *http.Request, by caller, path string, want [32]byte) (jkt [32]byte, err error) {
	headers := r.Header["Dpop"]
	if len(headers) == 0 {
		return jkt, nil
	}
	w.Header().Set("DPoP-Nonce", a.proofs.Nonce())
	p, err := a.proofs.Verify(headers, r.Method, a.config.Base+path, "", want)
	if err == nil {
		owner := dpop.Owner{From: a.config.From(r)}
		if by.known() {
			owner.Client = by.client.ID
		}
		err = p.Use(owner)
	}
	if err != nil {
		return jkt, proofError(err)
	}
	return p.JKT, nil
}

func proofError(err error) error {
	switch {
	case errors.Is(err, dpop.UseNonce):
		return &Error{string(dpop.UseNonce), http.StatusBadRequest, record.Safef(record.Invalid, "%s", record.SafeText(err))}
	case errors.Is(err, dpop.Busy):
		return refuse(unavailable, "%s", record.SafeText(err))
	}
	return &Error{string(dpop.Invalid), http.StatusBadRequest, record.Safef(record.Invalid, "%s", record.SafeText(err))}
}

// presented is the caller as the store asks for it.
func (by caller) presented(jkt [32]byte) store.Presented {
	return store.Presented{Client: by.client.ID, Bound: jkt, Public: by.client.Auth == clients.Public}
}

// Proof checks the proof of a request to the FHIR interface, of a token that came with
// the scheme DPoP: RFC 9449 §7.1. path is that of the request as it was sent. Once the token
// has opened, UseProof comes before anything else.
func (a *API) Proof(w http.ResponseWriter, r *http.Request, path, token string) (dpop.Proof, error) {
	w.Header().Set("DPoP-Nonce", a.proofs.Nonce())
	return a.proofs.Verify(r.Header["Dpop"], r.Method, a.config.Base+path, token, [32]byte{})
}

// UseProof marks the proof of a token that has opened as used. Before that a proof takes no
// room, for anybody can make one.
func (a *API) UseProof(r *http.Request, p dpop.Proof) error {
	return p.Use(dpop.Owner{Opened: true, From: a.config.From(r)})
}
