package clients

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

// MaxDocument is how large a document may be that describes an app. The draft
// recommends 5 kB (§6.6), which a few RSA keys and their certificates fill.
const MaxDocument = 16 << 10

// Of a URL as an id: what a grant and a token have room for (docs/format.md). The draft
// recommends a short one, which is shown to people.
const maxURL = 300

// IsURL reports whether a client_id is one that describes itself, well or badly
// written, rather than one of a registry.
func IsURL(id string) bool { return len(id) >= 6 && strings.EqualFold(id[:6], "https:") }

// CheckURL says what is wrong with a client_id that is a URL (§3 of the draft, here and below draft-ietf-oauth-client-id-metadata-document-01): https,
// a path, no . or .. in it, no fragment, no user. Beyond the draft it has no query,
// which the draft only discourages, and no encoded dots or slashes; and its host is a
// name that everybody can look up, for the document is asked of strangers.
func CheckURL(id string) error {
	wrong := checkURL(id)
	if u, _ := split(id); wrong == "" && !public(u) {
		wrong = "must have a host that is a name on the Internet"
	}
	if wrong != "" {
		return record.Errorf(record.Invalid, "a client_id that is a URL %s", wrong)
	}
	return nil
}

// checkURL is CheckURL for one that the operator registers, and that nobody asks.
func checkURL(id string) string {
	u, wrong := split(id)
	switch {
	case wrong != "":
		return wrong
	case u.scheme != "https" || u.host == "":
		return "must be https, with a host"
	case len(id) > maxURL:
		return fmt.Sprintf("must have at most %d characters", maxURL)
	case u.path == "":
		return "must have a path, as in https://app.example/client.json"
	case u.query != "":
		return "must have no query"
	}
	return ""
}

// homes are the names that lead into somebody's own network, or nowhere (RFC 6761, 6762,
// 7686, 8375, 9476, and ICANN's .internal).
var homes = []string{"localhost", "local", "internal", "home.arpa", "onion", "alt", "invalid", "test", "lan", "home", "corp", "intranet", "localdomain"}

// public reports whether a host is a name that could be on the Internet. Where it leads
// is judged when it is dialled.
func public(u uri) bool {
	if u.isAddress() || !strings.Contains(u.host, ".") {
		return false
	}
	return !slices.ContainsFunc(homes, func(h string) bool { return u.host == h || strings.HasSuffix(u.host, "."+h) })
}

// ParseDocument reads the document that was at a URL. Members that are not known are
// left alone, as the draft has it; what is known must be right, and be there once:
//
//	client_id                   the URL itself, letter for letter
//	client_name                 as a registered one; it may be missing
//	client_uri                  kept if it is at the same origin, else as if not there
//	redirect_uris               https at the same origin; a port of the device (RFC 8252
//	                            §7.3); or a scheme that is the host turned round (§7.1)
//	token_endpoint_auth_method  none, which is also meant by none being said, as the
//	                            draft forbids RFC 7591's default; or private_key_jwt
//	jwks, jwks_uri              for private_key_jwt, one of them; jwks_uri at the same origin
//	client_secret…              never
//	grant_types, response_types with authorization_code and code, if they are there
//	dpop_bound_access_tokens, require_pushed_authorization_requests
//
// That all is at one origin is our rule (the draft's §6.1 allows it): the host is what a
// person is shown, so it must be that host to which they are sent.
func ParseDocument(id string, body []byte) (Client, error) {
	c := Client{ID: id, Auth: Public, Profile: SMART}
	if err := CheckURL(id); err != nil {
		return Client{}, err
	}
	if wrong := c.read(body); wrong != "" {
		return Client{}, record.Errorf(record.Unprocessed, "the app's description at its client_id cannot be used: %s", wrong)
	}
	return c, nil
}

func (c *Client) read(body []byte) (wrong string) {
	if len(body) > MaxDocument {
		return fmt.Sprintf("it is larger than %d bytes", MaxDocument)
	}
	// Names are compared letter for letter, and none may be there twice.
	var all map[string]jsontext.Value
	if json.Unmarshal(body, &all) != nil || all == nil {
		return "it is not a JSON object in UTF-8 that has each name once"
	}
	var d document
	for name, into := range map[string]any{
		"client_id": &d.id, "client_name": &d.name, "client_uri": &d.uri, "redirect_uris": &d.redirects,
		"token_endpoint_auth_method": &d.method, "jwks_uri": &d.jwksURI, "grant_types": &d.grants, "response_types": &d.responses,
		"dpop_bound_access_tokens": &c.DPoP, "require_pushed_authorization_requests": &c.PAR,
	} {
		v, there := all[name]
		if there && (v.Kind() == 'n' || json.Unmarshal(v, into) != nil) {
			return name + " is not what it should be"
		}
	}
	if d.id != c.ID {
		return "its client_id is not the URL that it is at"
	}
	for _, name := range []string{"client_secret", "client_secret_expires_at"} {
		if _, there := all[name]; there {
			return "it has a " + name + ", and a secret that everybody can read is none"
		}
	}
	if d.grants != nil && !slices.Contains(d.grants, "authorization_code") {
		return "its grant_types are without authorization_code: what has no person to ask must be registered"
	}
	if d.responses != nil && !slices.Contains(d.responses, "code") {
		return "its response_types are without code"
	}
	here, _ := split(c.ID)
	if wrong := c.authenticate(d, all["jwks"], here); wrong != "" {
		return wrong
	}
	c.Name, c.Redirects, c.Origins = d.name, d.redirects, []string{here.origin()}
	if c.Name == "" {
		c.Name = here.host
	}
	if u, wrong := split(d.uri); d.uri != "" && wrong == "" && u.origin() == here.origin() {
		c.URI = d.uri
	}
	// The same rules as for what the operator registers; a long host is a name too long.
	for _, check := range []func(Client) string{checkRedirects, checkAuth, checkOrigins} {
		if wrong := check(*c); wrong != "" {
			return wrong
		}
	}
	if wrong := checkText(d.name); d.name != "" && wrong != "" {
		return "the name " + wrong
	}
	for _, r := range c.Redirects {
		if !belongs(r, here) {
			return fmt.Sprintf("the redirect %s is not at the host of the client_id, which is what people are shown; the operator can register the app", shown(r))
		}
	}
	return ""
}

// document is what is read of one, beside what goes into the Client as it is.
type document struct {
	id, name, uri, method, jwksURI string
	redirects, grants, responses   []string
}

func (c *Client) authenticate(d document, jwks jsontext.Value, here uri) string {
	switch d.method {
	case "", "none":
		if d.method == "" && (jwks != nil || d.jwksURI != "") {
			return "it has keys, and its token_endpoint_auth_method does not say that it uses them: private_key_jwt"
		}
	case "private_key_jwt":
		c.Auth, c.JWKS, c.JWKSURI = Key, jwks, d.jwksURI
		if u, wrong := split(d.jwksURI); d.jwksURI != "" && (wrong != "" || u.origin() != here.origin()) {
			return "its jwks_uri is not at the host of the client_id"
		}
	default:
		return "its token_endpoint_auth_method is neither none nor private_key_jwt"
	}
	return ""
}

// belongs reports whether a redirect is that of whoever has the host of the client_id. A
// port of the device is nobody's: whatever listens there gets the code, and can do
// nothing with it, for it has not the verifier (RFC 7636).
func belongs(redirect string, here uri) bool {
	u, _ := split(redirect)
	switch {
	case u.scheme == "https":
		return u.origin() == here.origin()
	case u.scheme == "http":
		return true
	}
	labels := strings.Split(here.host, ".")
	slices.Reverse(labels)
	turned := strings.Join(labels, ".")
	return u.scheme == turned || strings.HasPrefix(u.scheme, turned+".")
}
