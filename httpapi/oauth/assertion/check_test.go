package assertion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/assertion"
	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

func TestTaken(t *testing.T) {
	for _, c := range []struct {
		profile assertion.Profile
		auds    []any
	}{
		{assertion.SMART, []any{here.Token, here.Issuer, here.Endpoint, []string{here.Token}, []string{"https://other.example", here.Issuer}}},
		{assertion.FAPI2, []any{here.Issuer}},
	} {
		for _, alg := range assertion.Algorithms(c.profile) {
			s := newSigner(t, jose.SignatureAlgorithm(alg), "1")
			client := assertion.Client{ID: "app", Profile: c.profile, Keys: set(t, jwks(s.pub))}
			for _, aud := range c.auds {
				text := s.sign(t, s.header(), claims(aud))
				if id, err := assertion.ClientID(text); id != "app" || err != nil {
					t.Errorf("by %q: %v", id, err)
				}
				if err := assertion.New(nil, 0).Check(t.Context(), text, client, here, start); err != nil {
					t.Errorf("%s %s aud %v: %v", c.profile, alg, aud, err)
				}
			}
		}
	}
	s := newSigner(t, jose.ES256, "1")
	twin, rs := newSigner(t, jose.PS256, "1"), newSigner(t, jose.PS256, "2")
	head, body := s.header(), claims(here.Issuer)
	for name, c := range map[string]struct {
		header, claims obj
		keys           string
	}{
		"no typ":                      {with(head, "typ", nil), body, jwks(s.pub)},
		"typ in small letters":        {with(head, "typ", "jwt"), body, jwks(s.pub)},
		"no kid, one key":             {with(head, "kid", nil), body, jwks(s.pub, rs.pub)},
		"another key with that kid":   {head, body, jwks(twin.pub, s.pub)},
		"one for encryption":          {head, body, jwks(s.pub, with(s.pub, "use", "enc"))},
		"a key of an unknown kind":    {head, body, jwks(s.pub, obj{"kty": "AKP", "kid": "9", "alg": "ML-DSA-65", "pub": "AAAA"})},
		"a weak key beside":           {head, body, jwks(s.pub, with(rs.pub, "n", "AQAB"))},
		"keys of one's own":           {with(with(with(head, "jwk", rs.pub), "x5u", "https://evil.example/"), "x5t", "AAAA"), body, jwks(s.pub)},
		"use, alg and operations":     {head, body, jwks(with(with(with(s.pub, "use", "sig"), "alg", "ES256"), "key_ops", []string{"verify"}))},
		"made 10 s from now":          {head, with(with(body, "iat", start.Unix()+10), "nbf", start.Unix()+10), jwks(s.pub)},
		"made a day ago":              {head, with(body, "iat", start.Unix()-86400), jwks(s.pub)},
		"exp in 5 min 10 s":           {head, with(body, "exp", start.Unix()+310), jwks(s.pub)},
		"exp in a second":             {head, with(body, "exp", start.Unix()+1), jwks(s.pub)},
		"more claims, more of a head": {with(head, "x", 1), with(body, "x", obj{"y": 1}), jwks(s.pub)},
	} {
		client := assertion.Client{ID: "app", Profile: assertion.FAPI2, Keys: set(t, c.keys)}
		if err := assertion.New(nil, 0).Check(t.Context(), s.sign(t, c.header, c.claims), client, here, start); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefused: each is invalid_client, says why and quotes nothing; the right one is
// taken after it.
func TestRefused(t *testing.T) {
	s, other, ed, rs := newSigner(t, jose.ES256, "1"), newSigner(t, jose.ES256, "1"), newSigner(t, jose.EdDSA, "1"), newSigner(t, jose.PS256, "2")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	big, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, p521 := signerOf(t, jose.PS256, small, "3"), signerOf(t, jose.ES256, big, "4")
	p384 := newSigner(t, jose.ES384, "5")
	p384.alg = jose.ES256
	head, body := s.header(), claims(here.Issuer)
	good := s.sign(t, head, body)
	parts := strings.Split(good, ".")
	both := []assertion.Profile{assertion.SMART, assertion.FAPI2}
	smart, fapi := both[:1], both[1:]
	rs256, rs384 := rs, rs
	rs256.alg, rs384.alg = "RS256", jose.RS384
	raw := func(header, claims any) string { return s.sign(t, header, claims) }
	for name, c := range map[string]struct {
		text     string
		profiles []assertion.Profile
	}{
		"nothing":                  {"", both},
		"no JWT":                   {"assertion", both},
		"unsigned":                 {parts[0] + "." + parts[1] + ".", both},
		"padded":                   {good + "=", both},
		"a JWE":                    {good + ".x.y", both},
		"too long":                 {raw(head, with(body, "x", strings.Repeat("x", 8<<10))), both},
		"none":                     {raw(with(head, "alg", "none"), body), both},
		"HS256":                    {raw(with(head, "alg", "HS256"), body), both},
		"RS256":                    {rs256.sign(t, rs256.header(), body), both},
		"RS384 for FAPI 2":         {rs384.sign(t, rs384.header(), body), fapi},
		"ES384 for FAPI 2":         {raw(with(head, "alg", "ES384"), body), fapi},
		"alg of another kty":       {raw(with(head, "alg", "EdDSA"), body), both},
		"Ed25519 with a key EC":    {raw(with(head, "alg", "Ed25519"), body), both},
		"Ed25519, a key of X25519": {ed.sign(t, with(with(ed.header(), "alg", "Ed25519"), "kid", "x25519"), body), both},
		"Ed25519, a key of Ed448":  {ed.sign(t, with(with(ed.header(), "alg", "Ed25519"), "kid", "ed448"), body), both},
		"EdDSA, a key of Ed448":    {ed.sign(t, with(ed.header(), "kid", "ed448"), body), both},
		"Ed25519 by another":       {newSigner(t, signed.Ed25519, "ed").sign(t, with(with(ed.header(), "alg", "Ed25519"), "kid", "ed"), body), both},
		"alg twice":                {raw(strings.Replace(mustJSON(head), "{", `{"alg":"ES256",`, 1), body), both},
		"crit":                     {raw(with(head, "crit", []string{"exp"}), body), both},
		"b64":                      {raw(with(head, "b64", true), body), both},
		"typ":                      {raw(with(head, "typ", "at+jwt"), body), both},
		"no typ of ours":           {raw(with(head, "typ", "dpop+jwt"), body), both},
		"no kid":                   {raw(with(head, "kid", nil), body), smart},
		"an empty kid":             {raw(with(head, "kid", ""), body), both},
		"an unknown kid":           {raw(with(head, "kid", "9"), body), both},
		"no kid, and two fit":      {raw(with(head, "kid", nil), body), fapi},
		"a kid that two have":      {raw(with(head, "kid", "two"), body), both},
		"a key for encryption":     {raw(with(head, "kid", "enc"), body), both},
		"a key for another alg":    {raw(with(head, "kid", "alg"), body), both},
		"a key for other things":   {raw(with(head, "kid", "ops"), body), both},
		"a weak key":               {weak.sign(t, weak.header(), body), both},
		"P-521":                    {p521.sign(t, p521.header(), body), both},
		"P-384 for ES256":          {p384.sign(t, p384.header(), body), both},
		"a jku, and none is known": {raw(with(head, "jku", "https://app.example/jwks"), body), both},
		"another's signature":      {other.sign(t, head, body), both},
		"its own key in the head":  {other.sign(t, with(head, "jwk", other.pub), body), both},
		"a signature by kind":      {ed.sign(t, with(head, "alg", "ES256"), body), both},
		"claims changed":           {parts[0] + "." + b64([]byte(mustJSON(with(body, "jti", "two")))) + "." + parts[2], both},
		"no iss":                   {raw(head, with(body, "iss", nil)), both},
		"another iss":              {raw(head, with(body, "iss", "app2")), both},
		"no sub":                   {raw(head, with(body, "sub", nil)), both},
		"another sub":              {raw(head, with(body, "sub", "app2")), both},
		"a sub twice":              {raw(head, strings.Replace(mustJSON(body), "{", `{"sub":"app",`, 1)), both},
		"no aud":                   {raw(head, with(body, "aud", nil)), both},
		"another aud":              {raw(head, with(body, "aud", "https://other.example")), both},
		"an empty aud":             {raw(head, with(body, "aud", "")), both},
		"an aud with a slash":      {raw(head, with(body, "aud", here.Issuer+"/")), both},
		"no aud in the array":      {raw(head, with(body, "aud", []string{})), both},
		"a number in the array":    {raw(head, with(body, "aud", []any{1, here.Issuer})), both},
		"an aud of 17":             {raw(head, with(body, "aud", append(make([]string, 16), here.Issuer))), both},
		"an aud that is an object": {raw(head, with(body, "aud", obj{"0": here.Issuer})), both},
		"the token URL":            {raw(head, with(body, "aud", here.Token)), fapi},
		"the endpoint":             {raw(head, with(body, "aud", here.Endpoint)), fapi},
		"an array":                 {raw(head, with(body, "aud", []string{here.Issuer})), fapi},
		"no exp":                   {raw(head, with(body, "exp", nil)), both},
		"exp now":                  {raw(head, with(body, "exp", start.Unix())), both},
		"exp in 5 min 11 s":        {raw(head, with(body, "exp", start.Unix()+311)), both},
		"exp in milliseconds":      {raw(head, with(body, "exp", start.UnixMilli()+1000)), both},
		"exp a text":               {raw(head, with(body, "exp", "1800000100")), both},
		"exp without end":          {raw(head, strings.Replace(mustJSON(body), "1800000300", "1e999", 1)), both},
		"iat in 60 s":              {raw(head, with(body, "iat", start.Unix()+60)), both},
		"nbf in 60 s":              {raw(head, with(body, "nbf", start.Unix()+60)), both},
		"iat in 11 s":              {raw(head, with(body, "iat", start.Unix()+11)), both},
		"no jti":                   {raw(head, with(body, "jti", nil)), both},
		"an empty jti":             {raw(head, with(body, "jti", "")), both},
		"a long jti":               {raw(head, with(body, "jti", strings.Repeat("x", 257))), both},
		"claims no object":         {raw(head, "7"), both},
	} {
		for _, profile := range c.profiles {
			keys := jwks(s.pub, rs.pub, weak.pub, p521.pub, p384.pub, with(s.pub, "kid", "two"), with(other.pub, "kid", "two"),
				with(with(s.pub, "kid", "enc"), "use", "enc"), with(with(s.pub, "kid", "alg"), "alg", "ES384"), with(with(s.pub, "kid", "ops"), "key_ops", []string{"sign"}),
				with(ed.pub, "kid", "ed"), with(with(ed.pub, "kid", "x25519"), "crv", "X25519"), with(with(ed.pub, "kid", "ed448"), "crv", "Ed448"))
			client := assertion.Client{ID: "app", Profile: profile, Keys: set(t, keys)}
			checker := assertion.New(nil, 0)
			err := checker.Check(t.Context(), c.text, client, here, start)
			if !errors.Is(err, assertion.InvalidClient) || record.KindOf(err) != record.Unauthorized {
				t.Errorf("%s, %s: %v", profile, name, err)
			}
			if text := record.SafeText(err); text == "" || strings.Contains(text, "record.example") || strings.Contains(text, "app2") {
				t.Errorf("%s, %s: %q", profile, name, text)
			}
			if err := checker.Check(t.Context(), good, client, here, start); err != nil {
				t.Errorf("%s, after %s a good one: %v", profile, name, err)
			}
		}
	}
	keys := set(t, jwks(s.pub))
	for name, client := range map[string]assertion.Client{
		"no profile":       {ID: "app", Keys: keys},
		"unknown profile":  {ID: "app", Profile: "uma", Keys: keys},
		"no id":            {Profile: assertion.SMART, Keys: keys},
		"no keys":          {ID: "app", Profile: assertion.SMART},
		"keys twice":       {ID: "app", Profile: assertion.SMART, Keys: keys, JWKSURI: "https://app.example/jwks"},
		"keys of nobody's": {ID: "app", Profile: assertion.SMART, Keys: set(t, `{"keys":[]}`)},
		"no way to ask":    {ID: "app", Profile: assertion.SMART, JWKSURI: "https://app.example/jwks"},
	} {
		if err := assertion.New(nil, 0).Check(t.Context(), good, client, here, start); !errors.Is(err, assertion.InvalidClient) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := assertion.Client{ID: "app", Profile: assertion.SMART, Keys: keys}
	if err := assertion.New(nil, 0).Check(t.Context(), raw(with(head, "kid", nil), body), one, here, start); !errors.Is(err, assertion.InvalidClient) {
		t.Errorf("no kid, and one key: %v", err)
	}
	// What a server does not have is no audience.
	if err := assertion.New(nil, 0).Check(t.Context(), raw(head, with(body, "aud", "")), one, assertion.Audience{Issuer: here.Issuer}, start); !errors.Is(err, assertion.InvalidClient) {
		t.Errorf("for nobody: %v", err)
	}
	for _, bad := range []string{"", "x", raw(head, with(body, "sub", nil)), raw(head, with(body, "iss", "x")), raw(head, with(with(body, "sub", ""), "iss", ""))} {
		if id, err := assertion.ClientID(bad); id != "" || !errors.Is(err, assertion.InvalidClient) {
			t.Errorf("%q %v", id, err)
		}
	}
}

// An assertion counts once, until its exp; another client's jti is another's.
func TestReplay(t *testing.T) {
	s := newSigner(t, jose.ES256, "1")
	client := assertion.Client{ID: "app", Profile: assertion.SMART, Keys: set(t, jwks(s.pub))}
	checker := assertion.New(nil, 0)
	text := s.sign(t, s.header(), with(claims(here.Token), "exp", start.Unix()+310))
	if err := checker.Check(t.Context(), text, client, here, start); err != nil {
		t.Fatal(err)
	}
	for after := time.Duration(0); after < 320*time.Second; after += 500 * time.Millisecond {
		if err := checker.Check(t.Context(), text, client, here, start.Add(after)); !errors.Is(err, assertion.InvalidClient) {
			t.Fatalf("used again after %v: %v", after, err)
		}
	}
	client.ID = "app2"
	if err := checker.Check(t.Context(), s.sign(t, s.header(), with(with(claims(here.Token), "iss", "app2"), "sub", "app2")), client, here, start); err != nil {
		t.Error(err)
	}
}

func TestRace(t *testing.T) {
	s := newSigner(t, jose.EdDSA, "1")
	client := assertion.Client{ID: "app", Profile: assertion.SMART, Keys: set(t, jwks(s.pub))}
	checker, text := assertion.New(nil, 0), s.sign(t, s.header(), claims(here.Token))
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 100 {
		wg.Go(func() {
			if checker.Check(t.Context(), text, client, here, start) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

// One client fills an eighth of the memory, and another goes on.
func TestBusy(t *testing.T) {
	s := newSigner(t, jose.EdDSA, "1")
	checker := assertion.New(nil, 16)
	check := func(id, jti string) error {
		client := assertion.Client{ID: id, Profile: assertion.SMART, Keys: set(t, jwks(s.pub))}
		return checker.Check(t.Context(), s.sign(t, s.header(), obj{"iss": id, "sub": id, "aud": here.Token, "jti": jti, "exp": start.Unix() + 60}), client, here, start)
	}
	for _, id := range []string{"a", "b"} {
		for i, jti := range []string{"1", "2", "3"} {
			if err := check(id, jti); (err == nil) != (i < 2) || i == 2 && (!errors.Is(err, assertion.Busy) || record.KindOf(err) != record.Unavailable) {
				t.Errorf("%s %s: %v", id, jti, err)
			}
		}
	}
	if err := check("a", "1"); !errors.Is(err, assertion.InvalidClient) {
		t.Errorf("used, and no room: %v", err)
	}
}

// Clients that nobody registered are as many as somebody makes up: together they fill a
// quarter of the memory, one of them an eighth, and those that are registered go on.
func TestMadeUpClients(t *testing.T) {
	s := newSigner(t, jose.EdDSA, "1")
	keys := set(t, jwks(s.pub))
	checker := assertion.New(nil, 64)
	check := func(id, jti string, stranger bool) error {
		client := assertion.Client{ID: id, Profile: assertion.SMART, Keys: keys, Stranger: stranger}
		return checker.Check(t.Context(), s.sign(t, s.header(), obj{"iss": id, "sub": id, "aud": here.Token, "jti": jti, "exp": start.Unix() + 60}), client, here, start)
	}
	taken := map[string]int{}
	for i := range 16 {
		id := fmt.Sprintf("https://app%d.evil.example/", i)
		for j := range 64 {
			switch err := check(id, fmt.Sprint(j), true); {
			case err == nil:
				taken[id]++
			case !errors.Is(err, assertion.Busy):
				t.Fatal(err)
			}
		}
	}
	if len(taken) != 2 || taken["https://app0.evil.example/"] != 8 || taken["https://app1.evil.example/"] != 8 {
		t.Errorf("they took %v", taken)
	}
	for _, id := range []string{"clinic", "surgery"} {
		for j := range 8 {
			if err := check(id, fmt.Sprint(j), false); err != nil {
				t.Errorf("%s, the %dth: %v", id, j, err)
			}
		}
	}
	// Nor is one that is registered more by as many systems as it says are behind it.
	took := 0
	for i := range 64 {
		id := fmt.Sprintf("hospital.%d", i)
		client := assertion.Client{ID: id, Registered: "hospital", Profile: assertion.SMART, Keys: keys}
		if checker.Check(t.Context(), s.sign(t, s.header(), obj{"iss": id, "sub": id, "aud": here.Token, "jti": "1", "exp": start.Unix() + 60}), client, here, start) == nil {
			took++
		}
	}
	if took != 8 {
		t.Errorf("a client of many systems took %d", took)
	}
}
