package healthcard_test

import (
	"os"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/healthcard"
)

// FuzzParse: whatever a person is handed, in any form: nothing panics, what is read
// can be asked everything, and nobody's card verifies by a key that did not sign it.
func FuzzParse(f *testing.F) {
	i, other := newIssuer(f), newIssuer(f)
	a := i.sign(f, payload(bundle, `,"rid":"abc"`, `,"exp":1800000000`))
	f.Add([]byte(a))
	f.Add([]byte(`{"verifiableCredential":["` + a + `"]}`))
	f.Add([]byte(`{"resourceType":"Parameters","parameter":[{"name":"verifiableCredential","valueString":"` + a + `"}]}`))
	f.Add([]byte("shc:/" + numeric(a)))
	f.Add([]byte("shc:/1/2/" + numeric(a[:100]) + "\nshc:/2/2/" + numeric(a[100:])))
	f.Add([]byte("https://a.example/#%7B%22verifiableCredential%22:[]}"))
	f.Add([]byte(strings.Repeat("{\"x\":", 5000)))
	keys, err := healthcard.NewOffline(iss, []byte(other.jwks(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		healthcard.IsCard(b)
		cards, err := healthcard.Parse(b)
		if err != nil {
			if err.Error() == "" || cards != nil {
				t.Fatal("refused without a text, or not as a whole")
			}
			return
		}
		for _, c := range cards {
			if v := c.Verify(t.Context(), keys, now); v.State == healthcard.Verified {
				t.Fatal("forged")
			}
			if b, err := c.Bundle(); err == nil && strings.Contains(string(b.Bytes()), `"fullUrl":"resource:`) {
				t.Fatal("a name from inside is left")
			}
		}
	})
}

// FuzzPayload: whatever an issuer signs. What is read has an issuer that may be asked,
// and what it holds has names for outside. It is not signed here: signatures are
// random, and a fuzzer would follow them.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(payload(bundle, "", "")))
	f.Add([]byte(payload(bundle, `,"rid":"abc"`, `,"exp":1800000000.5`)))
	f.Add([]byte(payload(`{"resourceType":"Bundle","type":"document","identifier":{"value":"x"},"entry":[{"resource":{"resourceType":"Observation","subject":{"reference":"resource:0"}}}]}`, "", "")))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := healthcard.Read(payload)
		if err != nil {
			return
		}
		if !strings.HasPrefix(c.Issuer, "https://") || strings.HasSuffix(c.Issuer, "/") || c.From.IsZero() {
			t.Fatalf("%+v", c)
		}
		b, err := c.Bundle()
		if err != nil {
			return
		}
		for e := range b.Root().Get("entry").All() {
			if u := e.Get("fullUrl").Text(); u == "" || strings.HasPrefix(u, "resource:") {
				t.Fatal(u)
			}
			r, err := fhir.Parse(e.Get("resource").Raw(), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for _, ref := range r.References() {
				if strings.HasPrefix(ref.Value, "resource:") {
					t.Fatalf("%s points to %s", ref.Path, ref.Value)
				}
			}
		}
	})
}

// FuzzKeys: nothing panics, for key files and lists of revoked cards.
func FuzzKeys(f *testing.F) {
	b, err := os.ReadFile("testdata/hl7-examples.jwks.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"kid":"x","method":"rid","ctr":"1","rids":["a","b.1636977600","b"]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":"","crlVersion":"9"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if set, err := healthcard.ParseKeys(b); (set == nil) == (err == nil) {
			t.Fatal(err)
		}
		if l, err := healthcard.ParseRevocationList(b); (l == nil) == (err == nil) {
			t.Fatal(err)
		}
	})
}
