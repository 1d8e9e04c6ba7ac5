package healthcard_test

import (
	"bytes"
	"compress/flate"
	"context"
	stdcrypto "crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"carehold/record/fetch"
	"carehold/record/healthcard"
)

const iss = "https://issuer.example/cards"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// issuer signs cards with go-jose, which is not what reads them.
type issuer struct {
	private *ecdsa.PrivateKey
	jwk     jose.JSONWebKey // the public half, named by its thumbprint
}

func newIssuer(t testing.TB) issuer {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: &private.PublicKey, Use: "sig", Algorithm: "ES256"}
	thumb, err := jwk.Thumbprint(stdcrypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	return issuer{private, jwk}
}

func deflate(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 9)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// sign signs a payload as a card; header members may be added, or "" in place of one
// takes it away.
func (i issuer) sign(t testing.TB, payload string, header ...string) string {
	content := deflate(t, []byte(payload))
	options := (&jose.SignerOptions{}).WithHeader("kid", i.jwk.KeyID)
	zip := "DEF"
	for n := 0; n < len(header); n += 2 {
		if header[n] == "zip" {
			zip = header[n+1]
			continue
		}
		options = options.WithHeader(jose.HeaderKey(header[n]), header[n+1])
	}
	if zip != "" {
		options = options.WithHeader("zip", zip)
	} else {
		content = []byte(payload)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.private}, options)
	if err != nil {
		t.Fatal(err)
	}
	j, err := s.Sign(content)
	if err != nil {
		t.Fatal(err)
	}
	text, err := j.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jwks is the issuer's key file; the members are put into the key, or replace its own.
func (i issuer) jwks(t testing.TB, members ...string) string {
	b, err := json.Marshal(i.jwk)
	if err != nil {
		t.Fatal(err)
	}
	var k map[string]any
	if err := json.Unmarshal(b, &k); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(members); n += 2 {
		var v any
		if err := json.Unmarshal([]byte(members[n+1]), &v); err != nil {
			t.Fatal(err)
		}
		if k[members[n]] = v; v == nil {
			delete(k, members[n])
		}
	}
	b, err = json.Marshal(map[string]any{"keys": []any{k}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const bundle = `{"resourceType":"Bundle","type":"collection","entry":[` +
	`{"fullUrl":"resource:0","resource":{"resourceType":"Patient","name":[{"family":"Anyperson"}]}},` +
	`{"fullUrl":"resource:1","resource":{"resourceType":"Immunization","status":"completed","vaccineCode":{"coding":[{"code":"207"}]},"patient":{"reference":"resource:0"},"occurrenceDateTime":"2021-01-01"}}]}`

// payload is a card's content; the members come after those every card has.
func payload(bundle, vc, members string) string {
	return fmt.Sprintf(`{"iss":%q,"nbf":1700000000%s,"vc":{"type":["https://smarthealth.cards#health-card"]%s,"credentialSubject":{"fhirVersion":"4.0.1","fhirBundle":%s}}}`, iss, members, vc, bundle)
}

// web is the issuer's server: what is at an address.
type web struct {
	pages map[string]string
	asked []string
}

func (w *web) Fetch(_ context.Context, r fetch.Request) (*fetch.Response, error) {
	w.asked = append(w.asked, r.Method+" "+r.URL)
	body, ok := w.pages[r.URL]
	resp := &fetch.Response{Status: 200, Body: io.NopCloser(strings.NewReader(body))}
	if to, moved := strings.CutPrefix(body, "moved to "); moved {
		resp.Status, resp.Location = 302, to
	} else if !ok {
		resp.Status = 404
	}
	return resp, nil
}

func one(t testing.TB, text string) *healthcard.Card {
	t.Helper()
	cards, err := healthcard.Parse([]byte(text))
	if err != nil || len(cards) != 1 {
		t.Fatalf("%d cards, %v", len(cards), err)
	}
	return cards[0]
}
