package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	stdcrypto "crypto"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// The verifier and challenge of RFC 7636, Appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mBKh27QAAAAAAAAAAAAAAAAAAAAAAAAAA"
	sunrise   = "sunrise"
	callback  = "https://app.sunrise.example/callback"
	someState = "af0ifjsldkj-9h2kf83nz71"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// register makes an app known. What is left out is that of a public one.
func (w *world) register(c clients.Client) clients.Client {
	w.t.Helper()
	if c.ID == "" {
		c.ID = sunrise
	}
	if c.Name == "" {
		c.Name = "Sunrise"
	}
	if c.Redirects == nil && !c.Backend {
		c.Redirects = []string{callback}
	}
	if c.Auth == "" {
		c.Auth = clients.Public
	}
	if c.Profile == "" {
		c.Profile = clients.SMART
	}
	w.check(w.apps.Add(c))
	return c
}

// askFor are the parameters of an authorize request that is good; more replaces or, with
// an empty value, removes some.
func askFor(more url.Values) url.Values {
	q := url.Values{"response_type": {"code"}, "client_id": {sunrise}, "redirect_uri": {callback}, "state": {someState}, "aud": {publicURL + "/fhir"},
		"scope": {"launch/patient openid fhirUser offline_access patient/*.rs"}, "nonce": {"n-0S6_WzA2Mj"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	for name, v := range more {
		if q[name] = v; len(v) == 1 && v[0] == "" {
			delete(q, name)
		}
	}
	return q
}

// browser is one that keeps cookies, and goes nowhere by itself.
type browser struct {
	*world
	cookies map[string]string
	at      string // where the request waits
	page    string // the last one
	typed   string // the code on it
}

func (w *world) browser() *browser { return &browser{world: w, cookies: map[string]string{}} }

func (b *browser) do(method, path, form string) *http.Response {
	b.t.Helper()
	h := http.Header{}
	if form != "" {
		h.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	var cookies []string
	for name, value := range b.cookies {
		cookies = append(cookies, name+"="+value)
	}
	if len(cookies) > 0 {
		h.Set("Cookie", strings.Join(cookies, "; "))
	}
	resp := b.send(method, strings.TrimPrefix(path, publicURL), h, form)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	b.check(err)
	b.page = string(body)
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return resp
}

var typedCode = regexp.MustCompile(`carehold approve ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})`)

// authorize goes to the authorize page, and on to the one that waits.
func (b *browser) authorize(q url.Values) {
	b.t.Helper()
	resp := b.do("GET", "/oauth/authorize?"+q.Encode(), "")
	if b.at = resp.Header.Get("Location"); resp.StatusCode != 303 || !strings.HasPrefix(b.at, "/oauth/wait?r=") {
		b.t.Fatalf("authorize: %d %s\n%s", resp.StatusCode, b.at, b.page)
	}
	if resp = b.do("GET", b.at, ""); resp.StatusCode != 200 {
		b.t.Fatalf("wait: %d\n%s", resp.StatusCode, b.page)
	}
	found := typedCode.FindStringSubmatch(b.page)
	if found == nil {
		b.t.Fatalf("there is no code on the page\n%s", b.page)
	}
	b.typed = found[1]
}

// returned looks at the page that waits once more, which is over, and gives what the
// client is told.
func (b *browser) returned() (to *url.URL, answer url.Values) {
	b.t.Helper()
	resp := b.do("GET", b.at, "")
	to, err := url.Parse(resp.Header.Get("Location"))
	b.check(err)
	if resp.StatusCode != 303 {
		b.t.Fatalf("it still waits: %d\n%s", resp.StatusCode, b.page)
	}
	return to, to.Query()
}

// approve types a code on the person's device, and says yes to what is proposed but for
// what change changes.
func (w *world) approve(h *holder.Holder, session, typed string, change func(*holder.GrantRequest)) grant.Grant {
	w.t.Helper()
	ctx := context.Background()
	r, err := h.Lookup(ctx, session, typed)
	w.check(err)
	p := r.Proposal()
	p.Purpose = "TREAT"
	if p.Lasts == 0 {
		p.Lasts = 24 * time.Hour
	}
	if change != nil {
		change(&p)
	}
	g, err := h.Approve(ctx, r, p, "")
	w.check(err)
	return g
}

// refuseRequest types a code, and says no.
func (w *world) refuseRequest(h *holder.Holder, session, typed, words string) {
	w.t.Helper()
	r, err := h.Lookup(context.Background(), session, typed)
	w.check(err)
	w.check(h.Refuse(context.Background(), session, r, words))
}

// post sends a form to a path for programs, and reads the JSON that comes.
func (w *world) post(path string, form url.Values, h http.Header) (*http.Response, map[string]any) {
	w.t.Helper()
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	resp := w.send("POST", path, h, form.Encode())
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.check(err)
	var m map[string]any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &m); err != nil {
			w.t.Fatalf("%s: %d, not JSON: %s", path, resp.StatusCode, body)
		}
	}
	return resp, m
}

// forCode is the token request for a code.
func forCode(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {sunrise}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

// launch goes all the way: authorize, approve, token. It is for a public client.
func (w *world) launch(q url.Values, change func(*holder.GrantRequest)) map[string]any {
	w.t.Helper()
	b := w.browser()
	b.authorize(q)
	w.approve(w.ada, w.vars["ada"], b.typed, change)
	_, answer := b.returned()
	if answer.Get("code") == "" {
		w.t.Fatalf("no code: %v", answer)
	}
	resp, tokens := w.post("/oauth/token", forCode(answer.Get("code")), nil)
	if resp.StatusCode != 200 {
		w.t.Fatalf("token: %d %v", resp.StatusCode, tokens)
	}
	return tokens
}

// prover makes DPoP proofs with one key (RFC 9449).
type prover struct {
	*world
	key   *ecdsa.PrivateKey
	nonce string
	n     int
}

func (w *world) prover() *prover {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.check(err)
	return &prover{world: w, key: key}
}

func (p *prover) jkt() string {
	sum, err := (&jose.JSONWebKey{Key: &p.key.PublicKey}).Thumbprint(stdcrypto.SHA256)
	p.check(err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// proof is a proof for one request; token is "" where none goes along.
func (p *prover) proof(method, path, token string) string {
	p.t.Helper()
	p.n++
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": publicURL + path, "iat": p.now().Unix()}
	if p.nonce != "" {
		claims["nonce"] = p.nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return signJWT(p.t, jose.ES256, p.key, "dpop+jwt", claims, &jose.SignerOptions{EmbedJWK: true})
}

func signJWT(t testing.TB, alg jose.SignatureAlgorithm, key any, typ string, claims map[string]any, o *jose.SignerOptions) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o.WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// postProved is post with a proof, which is made again with the nonce that comes.
func (p *prover) postProved(path string, form url.Values, h http.Header) (*http.Response, map[string]any) {
	p.t.Helper()
	for range 2 {
		with := h.Clone()
		if with == nil {
			with = http.Header{}
		}
		with["DPoP"] = []string{p.proof("POST", path, "")}
		resp, m := p.post(path, form, with)
		if m["error"] != "use_dpop_nonce" {
			return resp, m
		}
		p.nonce = resp.Header.Get("DPoP-Nonce")
	}
	p.t.Fatal("the nonce that came is not taken")
	return nil, nil
}

// clinical keeps what the person gives to the clinical sections.
func clinical(p *holder.GrantRequest) { p.Sections = grant.Clinical }

var _ = record.Allergies
