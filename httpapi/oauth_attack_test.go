package httpapi_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	stdcrypto "crypto"

	"github.com/go-jose/go-jose/v4"

	"carehold/crypto"
	"carehold/httpapi/oauth/clients"
	"carehold/record/fetch"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// doAttack does what the negative matrix of OAuth needs beside requests:
//
//	code sunrise [by KEY] SCOPE …     a browser goes to authorize and Ada says yes to the
//	                                  clinical sections: {code}; bound to the key called KEY
//	tokens sunrise [by KEY] SCOPE …   and it is exchanged: {access}, {refresh}, {id}
//	approve-scopes CODE SCOPE …       Ada gives what was asked for in other scopes
//	issue-scopes elm SCOPE …          {elm.id} is a grant to a system, in these scopes
//	approve-beyond CODE SCOPE …       even though they are more than was asked for
//	forge KEY METHOD PATH TOKEN FLAW  {proof} with something wrong; TOKEN is - for none
//	of-each-kind                      {kind.X} and {half.X} for each letter X of the kinds
//	serves URL [BODY]                 is on the network beside the server; without: gone
//	rekey elm                         the client's keys at its address are others
//	asked URL N                       so often did the server ask there
func (c *conversation) doAttack(verb string, args []string) bool {
	switch verb {
	case "at-once":
		n, err := strconv.Atoi(args[0])
		c.check(err)
		c.times = n
	case "code", "tokens":
		id, by, rest := args[0], (*prover)(nil), args[1:]
		if rest[0] == "by" {
			by, rest = c.prover(rest[1]), rest[2:]
		}
		c.code(id, by, strings.Join(rest, " "))
		if verb == "tokens" {
			c.tokens(id, by)
		}
	case "approve-scopes", "approve-beyond":
		c.approve(c.ada, c.vars["ada"], args[0], func(p *holder.GrantRequest) {
			var err error
			p.Scopes, err = grant.ParseScopes(strings.Join(args[1:], " "))
			c.check(err)
			if verb == "approve-beyond" {
				p.Sections, p.Beyond = grant.Clinical, true
			}
		})
	case "issue-scopes":
		c.issue(args[0], strings.Join(args[1:], " "))
	case "forge":
		c.vars["proof"] = c.prover(args[0]).forge(args[1], args[2], strings.TrimPrefix(args[3], "-"), args[4])
	case "of-each-kind":
		c.ofEachKind()
	case "serves":
		c.net.serve(args[0], strings.Join(args[1:], " "))
	case "rekey":
		c.publish(c.keyed[args[0]])
	case "asked":
		if got := c.net.times(args[0]); strconv.Itoa(got) != args[1] {
			c.t.Errorf("%s: it was asked %d times", c.at, got)
		}
	default:
		return false
	}
	return true
}

// answer is one of many.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// atOnce sends a request many times at the same time. The answers are in the order of
// their status.
func (c *conversation) atOnce(method, path string, h http.Header, body string) string {
	var mu sync.Mutex
	var all sync.WaitGroup
	byStatus := map[int][]answer{}
	begin := make(chan struct{})
	for range c.times {
		all.Go(func() {
			<-begin
			resp := c.send(method, path, h, body)
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				c.t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			byStatus[resp.StatusCode] = append(byStatus[resp.StatusCode], answer{resp.StatusCode, resp.Header, b})
		})
	}
	close(begin)
	all.Wait()
	c.times, c.many = 0, nil
	var said []string
	for status := range 600 {
		if list := byStatus[status]; list != nil {
			said = append(said, fmt.Sprintf("%d x%d", status, len(list)))
			c.many = append(c.many, list...)
		}
	}
	c.status, c.header, c.body = c.many[0].status, c.many[0].header, c.many[0].body
	return strings.Join(said, ", ")
}

// code goes from the authorize page to the code.
func (c *conversation) code(id string, by *prover, scope string) {
	redirect := "https://" + id + ".example/cb"
	q := url.Values{"response_type": {"code"}, "client_id": {id}, "redirect_uri": {redirect}, "state": {someState}, "aud": {publicURL + "/fhir"},
		"scope": {scope}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	if by != nil {
		q.Set("dpop_jkt", by.jkt())
	}
	b := c.browser()
	b.authorize(q)
	g := c.approve(c.ada, c.vars["ada"], b.typed, func(p *holder.GrantRequest) { p.Sections = grant.Clinical })
	_, answer := b.returned()
	c.vars["code"], c.vars[id+".id"] = answer.Get("code"), g.ID.String()
}

func (c *conversation) tokens(id string, by *prover) {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {id}, "code": {c.vars["code"]}, "redirect_uri": {"https://" + id + ".example/cb"}, "code_verifier": {verifier}}
	post := c.post
	if by != nil {
		post = by.postProved
	}
	resp, m := post("/oauth/token", form, nil)
	if resp.StatusCode != 200 {
		c.t.Fatalf("%s: %d %v", c.at, resp.StatusCode, m)
	}
	for name, as := range map[string]string{"access_token": "access", "refresh_token": "refresh", "id_token": "id", "scope": "scope"} {
		c.vars[as], _ = m[name].(string)
	}
}

// forge is a proof (RFC 9449 §4.2) with one thing about it that is not as it should be.
// It is put together by hand, for no library makes them.
func (p *prover) forge(method, path, token, flaw string) string {
	public := func(key any) map[string]any {
		b, err := jose.JSONWebKey{Key: key}.MarshalJSON()
		p.check(err)
		var m map[string]any
		p.check(json.Unmarshal(b, &m))
		return m
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.check(err)
	b64 := base64.RawURLEncoding.EncodeToString
	head := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": public(&p.key.PublicKey)}
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": publicURL + path, "iat": p.now().Unix(), "nonce": p.nonce}
	hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return b64(sum[:]) }
	if token != "" {
		claims["ath"] = hash(token)
	}
	sign := func(input string) []byte {
		sum := sha256.Sum256([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
		p.check(err)
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	shape := func(text string) string { return text }
	switch name, value, _ := strings.Cut(flaw, "="); name {
	case "right":
	case "no-typ", "no-alg", "no-jwk":
		delete(head, flaw[3:])
	case "no-jti", "no-htm", "no-htu", "no-iat", "no-ath", "no-nonce":
		delete(claims, flaw[3:])
	case "typ":
		head["typ"] = value
	case "htm", "nonce":
		claims[name] = value
	case "htu":
		claims["htu"] = value
	case "iat":
		d, err := time.ParseDuration(value)
		p.check(err)
		claims["iat"] = p.now().Add(d).Unix()
	case "ath-of":
		claims["ath"] = hash(value)
	case "alg": // each signed as it says
		head["alg"] = value
		switch value {
		case "none":
			sign = func(string) []byte { return nil }
		case "HS256": // with the public key as the secret
			sign = func(input string) []byte {
				k, err := json.Marshal(head["jwk"])
				p.check(err)
				m := hmac.New(sha256.New, k)
				m.Write([]byte(input))
				return m.Sum(nil)
			}
		case "RS256":
			k, err := rsa.GenerateKey(rand.Reader, 2048)
			p.check(err)
			head["jwk"] = public(&k.PublicKey)
			sign = func(input string) []byte {
				sum := sha256.Sum256([]byte(input))
				s, err := rsa.SignPKCS1v15(rand.Reader, k, stdcrypto.SHA256, sum[:])
				p.check(err)
				return s
			}
		}
	case "private-jwk":
		head["jwk"] = public(p.key)
	case "bad-signature": // by another key than that in the header
		head["jwk"] = public(&other.PublicKey)
	case "malformed": // two parts
		shape = func(text string) string { return text[:strings.LastIndexByte(text, '.')] }
	case "upper-case":
		shape = strings.ToUpper
	case "extra-claims":
		claims["colour"], head["x"] = "blue", 1
	default:
		p.t.Fatalf("no proof is forged by %q", flaw)
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		p.check(err)
		return b64(b)
	}
	input := part(head) + "." + part(claims)
	return shape(input + "." + b64(sign(input)))
}

// ofEachKind keeps one credential of each kind, good if there are such: of emergency cards
// there are none yet, so that one is made up. Access and refresh token and code are of
// the client called last.
func (c *conversation) ofEachKind() {
	ctx := context.Background()
	c.vars["kind.a"], c.vars["kind.r"], c.vars["kind.c"], c.vars["kind.s"] = c.vars["access"], c.vars["refresh"], c.vars["code"], c.vars["ada"]
	invite, err := c.store.Invite(ctx, keys.Invite{Until: c.now().Add(time.Hour)})
	c.check(err)
	c.vars["kind.i"] = invite.Token()
	c.vars["kind.e"] = crypto.NewCredential(crypto.Emergency).Token()
	c.links["kinds"] = c.linkTo("kinds", "summary")
	c.vars["kind.l"] = c.vars["kinds.token"]
	a, err := c.ada.NewAddress(ctx, "surgery", time.Time{})
	c.check(err)
	c.vars["kind.w"] = "chdw_" + a.Segment
	_, m := c.asking("/ask/"+a.Segment, "", okafor)
	c.vars["kind.q"], _ = m["request"].(string)
	for _, k := range crypto.TokenKinds {
		token := c.vars["kind."+string(k)]
		if !strings.HasPrefix(token, "chd"+string(k)+"_") {
			c.t.Fatalf("%s: of the kind %c there is %q", c.at, k, token)
		}
		c.vars["half."+string(k)] = token[5:]
	}
}

// keyedOtherwise registers a client with keys: of FAPI 2.0's rules, or at an address.
func (c *conversation) keyedOtherwise(x clients.Client, how string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.check(err)
	second, err := rsa.GenerateKey(rand.Reader, 2048)
	c.check(err)
	k := &keyed{world: c.world, key: key, rsa: second, alg: jose.ES256}
	if c.keyed == nil {
		c.keyed = map[string]*keyed{}
	}
	c.keyed[x.ID] = k
	x.Auth = clients.Key
	if how == "fapi2" {
		x.Profile, x.DPoP, x.PAR = clients.FAPI2, true, true
		x.JWKS = k.set()
	} else {
		k.alg = jose.ES384 // as SMART has it
		x.JWKSURI = "https://" + x.ID + ".example/jwks"
		k.c.JWKSURI = x.JWKSURI
		c.publish(k)
	}
	k.c = c.register(x)
}

// set are the client's public keys.
func (k *keyed) set() []byte {
	list := []jose.JSONWebKey{{Key: &k.key.PublicKey, KeyID: "k1", Use: "sig"}}
	if k.rsa != nil {
		list = append(list, jose.JSONWebKey{Key: &k.rsa.PublicKey, KeyID: "k2", Use: "sig"})
	}
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: list})
	k.check(err)
	return b
}

// publish draws a key, and puts it where the client's keys are.
func (c *conversation) publish(k *keyed) {
	var err error
	k.key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	c.check(err)
	c.net.serve(k.c.JWKSURI, string(k.set()))
}

// assertion is one with claims, and an algorithm, that are said as name=value.
func (c *conversation) assertion(k *keyed, id string, words []string) string {
	claims := map[string]any{"iss": id, "sub": id, "aud": publicURL + "/oauth/token", "jti": rand.Text(), "exp": k.now().Add(time.Minute).Unix(), "iat": k.now().Unix()}
	if k.c.Profile == clients.FAPI2 {
		claims["aud"] = publicURL
	}
	alg, key, kid := k.alg, any(k.key), "k1"
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch {
		case name == "alg":
			alg, key, kid = jose.SignatureAlgorithm(value), k.rsa, "k2"
		case value == "":
			delete(claims, name)
		case name == "exp" || name == "iat":
			d, err := time.ParseDuration(value)
			c.check(err)
			claims[name] = k.now().Add(d).Unix()
		case strings.HasPrefix(value, "["):
			claims[name] = []string{strings.Trim(value, "[]")}
		default:
			claims[name] = value
		}
	}
	return signJWT(k.t, alg, key, "JWT", claims, (&jose.SignerOptions{}).WithHeader("kid", kid))
}

// network is what there is beside a server: pages, by their addresses.
type network struct {
	mu    sync.Mutex
	pages map[string]string
	asked map[string]int
}

func newNetwork() *network { return &network{pages: map[string]string{}, asked: map[string]int{}} }

func (n *network) serve(address, body string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pages[address] = body
}

func (n *network) times(address string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[address]
}

// Fetch answers with a page; one that is "to URL" leads elsewhere; what is not there is 404.
func (n *network) Fetch(_ context.Context, q fetch.Request) (*fetch.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[q.URL]++
	body := n.pages[q.URL]
	resp := &fetch.Response{Status: 200, Body: io.NopCloser(bytes.NewReader([]byte(body)))}
	if to, moved := strings.CutPrefix(body, "to "); moved {
		resp.Status, resp.Location = 302, to
	} else if body == "" {
		resp.Status = 404
	}
	return resp, nil
}
