package clients_test

import (
	"errors"
	"strings"
	"testing"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
)

const (
	// RFC 7517 appendix A.1 and A.2, and RFC 8037 appendix A.2.
	ecKey      = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}`
	ecPrivate  = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","kid":"1"}`
	rsaModulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	rsaKey     = `{"kty":"RSA","n":"` + rsaModulus + `","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	edKey      = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"}`
)

func set(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

// TestCheck: what a client may be, and in which words it may not.
func TestCheck(t *testing.T) {
	_, hash := clients.NewSecret()
	secret := func(c *clients.Client) { c.Auth, c.SecretHash = clients.Secret, hash }
	key := func(c *clients.Client) { c.Auth, c.JWKS = clients.Key, set(ecKey) }
	fapi := func(c *clients.Client) { key(c); c.Profile, c.DPoP, c.PAR = clients.FAPI2, true, true }
	for _, c := range []struct {
		name   string
		change func(*clients.Client)
		wrong  string // part of the words; "" is none
	}{
		{"public", func(c *clients.Client) {}, ""},
		{"secret", secret, ""},
		{"key", key, ""},
		{"keys elsewhere", func(c *clients.Client) { c.Auth, c.JWKSURI = clients.Key, "https://app.example/jwks.json" }, ""},
		{"fapi2", fapi, ""},
		{"backend", func(c *clients.Client) { key(c); c.Backend, c.Redirects = true, nil }, ""},
		{"a URL as id", func(c *clients.Client) { c.ID = "https://app.example/client.json" }, ""},
		{"all of it", func(c *clients.Client) {
			c.Organisation, c.URI, c.Origins = "Łódź & Sons", "https://app.example/about", []string{"https://app.example", "https://app.example:8443", "http://127.0.0.1:3000"}
		}, ""},

		{"no id", func(c *clients.Client) { c.ID = "" }, "the id must be"},
		{"an id with spaces", func(c *clients.Client) { c.ID = "a b" }, "the id must be"},
		{"an id for a shell", func(c *clients.Client) { c.ID = "-x" }, "the id must be"},
		{"an id that is a person's", func(c *clients.Client) { c.ID = "0123456789abcdef0123456789abcdef" }, "looks like a record's"},
		{"a bad URL as id", func(c *clients.Client) { c.ID = "https://app.example" }, "must have a path"},
		{"http as id", func(c *clients.Client) { c.ID = "http://app.example/x" }, "the id must be"},
		{"no name", func(c *clients.Client) { c.Name = "" }, "the name must have"},
		{"a long name", func(c *clients.Client) { c.Name = strings.Repeat("é", 101) }, "the name must have"},
		{"a name of two lines", func(c *clients.Client) { c.Name = "a\nb" }, "the name must be of letters"},
		{"a turned name", func(c *clients.Client) { c.Name = "a\u202eb" }, "the name must be of letters"},
		{"an unseen letter", func(c *clients.Client) { c.Name = "a\u200bb" }, "the name must be of letters"},
		{"a coloured name", func(c *clients.Client) { c.Name = "a\x1b[31mb" }, "the name must be of letters"},
		{"spaces around", func(c *clients.Client) { c.Name = " a" }, "begin or end with a space"},
		{"bad UTF-8", func(c *clients.Client) { c.Organisation = "a\xff" }, "the organisation must have"},
		{"a page over http", func(c *clients.Client) { c.URI = "http://app.example/" }, "the page about it must be an https URL"},
		{"a page that runs", func(c *clients.Client) { c.URI = "javascript:alert(1)" }, "the page about it must"},
		{"no redirect", func(c *clients.Client) { c.Redirects = nil }, "there must be a redirect"},
		{"a redirect twice", func(c *clients.Client) { c.Redirects = append(c.Redirects, c.Redirects[0]) }, "there twice"},
		{"too many", func(c *clients.Client) { c.Redirects = make([]string, 33) }, "32 redirects at most"},
		{"a secret in an app", func(c *clients.Client) { secret(c); c.Redirects = []string{"com.example.app:/cb"} }, "it must be public"},

		{"no auth", func(c *clients.Client) { c.Auth = "" }, "auth must be"},
		{"mTLS", func(c *clients.Client) { c.Auth = "tls" }, "auth must be"},
		{"public with a secret", func(c *clients.Client) { c.SecretHash = hash }, "no secret and no keys"},
		{"public with keys", func(c *clients.Client) { c.JWKS = set(ecKey) }, "no secret and no keys"},
		{"a secret without", func(c *clients.Client) { c.Auth = clients.Secret }, "64 hexadecimal digits"},
		{"a secret itself", func(c *clients.Client) { c.Auth, c.SecretHash = clients.Secret, "hunter2" }, "64 hexadecimal digits"},
		{"capitals", func(c *clients.Client) { c.Auth, c.SecretHash = clients.Secret, strings.ToUpper(hash) }, "64 hexadecimal digits"},
		{"secret and keys", func(c *clients.Client) { secret(c); c.JWKSURI = "https://app.example/k" }, "not both"},
		{"keys and secret", func(c *clients.Client) { key(c); c.SecretHash = hash }, "not both"},
		{"no keys", func(c *clients.Client) { c.Auth = clients.Key }, "its keys, or the address"},
		{"keys twice", func(c *clients.Client) { key(c); c.JWKSURI = "https://app.example/k" }, "and not both"},
		{"keys over http", func(c *clients.Client) { c.Auth, c.JWKSURI = clients.Key, "http://app.example/k" }, "the address of the keys must be an https"},

		{"no profile", func(c *clients.Client) { c.Profile = "" }, "the profile must be"},
		{"public fapi2", func(c *clients.Client) { c.Profile, c.DPoP, c.PAR = clients.FAPI2, true, true }, "fapi2 must prove itself by a key"},
		{"fapi2 with a secret", func(c *clients.Client) { fapi(c); c.JWKS = nil; secret(c) }, "fapi2 must prove itself by a key"},
		{"fapi2 without DPoP", func(c *clients.Client) { fapi(c); c.DPoP = false }, "must bind its tokens"},
		{"fapi2 without PAR", func(c *clients.Client) { fapi(c); c.PAR = false }, "must bind its tokens"},
		{"fapi2 on http", func(c *clients.Client) { fapi(c); c.Redirects = []string{"http://127.0.0.1/cb"} }, "redirects that are https"},
		{"public backend", func(c *clients.Client) { c.Backend = true }, "without a person must prove itself"},
		{"backend with a secret", func(c *clients.Client) { secret(c); c.Backend = true }, "without a person must prove itself"},

		{"any origin", func(c *clients.Client) { c.Origins = []string{"*"} }, "no wildcard"},
		{"null", func(c *clients.Client) { c.Origins = []string{"null"} }, "the origin"},
		{"an origin with a path", func(c *clients.Client) { c.Origins = []string{"https://app.example/"} }, "and nothing else"},
		{"an origin with 443", func(c *clients.Client) { c.Origins = []string{"https://app.example:443"} }, "and nothing else"},
		{"an origin over http", func(c *clients.Client) { c.Origins = []string{"http://app.example"} }, "and nothing else"},
		{"an origin of an app", func(c *clients.Client) { c.Origins = []string{"com.example.app://x"} }, "and nothing else"},
		{"an origin twice", func(c *clients.Client) { c.Origins = []string{"https://a.example", "https://a.example"} }, "there twice"},
	} {
		client := app("https://app.example/cb")
		c.change(&client)
		err := client.Check()
		if c.wrong == "" && err != nil || c.wrong != "" && (!errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestKeys: public keys that are strong enough, and no private one in any form.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		keys  []byte
		wrong string
	}{
		{set(ecKey), ""}, {set(rsaKey), ""}, {set(edKey), ""}, {set(ecKey, rsaKey, edKey), ""},
		{set(strings.Replace(ecKey, `,"kid":"1"`, "", 1)), ""},
		{set(), "1 to 16 keys"}, {[]byte(`{}`), "1 to 16 keys"}, {[]byte(`[]`), "JWK Set"}, {[]byte(ecKey[:20]), "JWK Set"}, {[]byte(`{"keys":[],"keys":[]}`), "JWK Set"},
		{set(ecKey, ecKey), "same kid"}, {set(ecKey, strings.Replace(rsaKey, `,"kid":"2011-04-29"`, "", 1)), "must have a kid"},
		{set(ecPrivate), "private"}, {set(strings.Replace(rsaKey, `{`, `{"dp":"AQAB",`, 1)), "private"}, {set(strings.Replace(rsaKey, `{`, `{"oth":[],`, 1)), "private"},
		{set(`{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"}`), "private"}, {set(`{"kty":"oct"}`), "kty"},
		{set(strings.Replace(ecKey, "P-256", "secp256k1", 1)), "P-256"}, {set(strings.Replace(ecKey, "P-256", "P-384", 1)), "no point"}, {set(strings.Replace(edKey, "Ed25519", "X25519", 1)), "Ed25519"},
		{set(strings.Replace(rsaKey, rsaModulus, rsaModulus[:172], 1)), "2048 to 8192"}, {set(strings.Replace(rsaKey, "AQAB", "AQ", 1)), "exponent"}, {set(strings.Replace(rsaKey, "AQAB", "AQAA", 1)), "exponent"},
		{set(strings.Replace(rsaKey, "AQAB", "AQAB==", 1)), "base64url"}, {set(strings.Replace(rsaKey, `"AQAB"`, `7`, 1)), "e that is"}, {set(strings.Replace(ecKey, `"sig"`, `"enc"`, 1)), "signatures"},
		{set(strings.Replace(ecKey, `"1"`, `1`, 1)), "kid that is no text"}, {set("null"), "kty"}, {set(`"x"`), "JWK Set"},
		{set(strings.Repeat(" ", 17<<10) + ecKey), "16384 bytes"},
	} {
		client := app("https://app.example/cb")
		client.Auth, client.JWKS = clients.Key, c.keys
		err := client.Check()
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%.120s: %v, not %q", c.keys, err, c.wrong)
		}
		if err != nil && strings.Contains(err.Error(), "870MB6") {
			t.Error("an error quotes a private key")
		}
	}
}

// TestSecret: a secret is itself and nothing else, and what is kept of it is not it.
func TestSecret(t *testing.T) {
	one, hash := clients.NewSecret()
	two, _ := clients.NewSecret()
	c := clients.Client{Auth: clients.Secret, SecretHash: hash}
	if one == two || len(one) != 7+43 || strings.Contains(hash, one) {
		t.Fatal(one, two, hash)
	}
	for given, want := range map[string]bool{one: true, two: false, "": false, one + " ": false, one[:49]: false, hash: false, strings.ToLower(one): false} {
		if c.HasSecret(given) != want {
			t.Errorf("%q: %v", given, !want)
		}
	}
	if (clients.Client{Auth: clients.Public}).HasSecret("") || (clients.Client{Auth: clients.Key, SecretHash: hash}).HasSecret(one) {
		t.Error("a client without a secret has one")
	}
	if a, b := clients.NewID(), clients.NewID(); a == b || len(a) != 20 || strings.HasPrefix(a, "https") {
		t.Error(a, b)
	}
}

// TestTitle: of an app that nobody registered, where it is from comes first.
func TestTitle(t *testing.T) {
	for _, c := range []struct {
		client clients.Client
		want   string
	}{
		{clients.Client{ID: "app-1", Name: "Sunrise", Verified: true}, "Sunrise"},
		{clients.Client{ID: "https://app.example/c", Name: "Sunrise", Verified: true}, "Sunrise"},
		{clients.Client{ID: "https://evil.example/c", Name: "NHS App (nhs.uk)"}, "evil.example, which calls itself “NHS App (nhs.uk)”"},
		{clients.Client{ID: "https://evil.example/c", Name: "x” of “nhs.uk"}, "evil.example, which calls itself “x' of 'nhs.uk”"},
		{clients.Client{ID: "https://app.example/c", Name: "app.example"}, "app.example"},
		{clients.Client{ID: "https://app.example/c"}, "app.example"},
	} {
		if got := c.client.Title(); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
