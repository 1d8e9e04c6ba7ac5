package healthcard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/record/healthcard"
	"carehold/record/testdata"
)

const hl7 = "https://spec.smarthealth.cards/examples/issuer"

// signedIn is a day when HL7's cards held: they are of 7 May 2024, one of them for a year.
var signedIn = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)

func hl7Keys(t testing.TB) *healthcard.Offline {
	b, err := os.ReadFile("testdata/hl7-examples.jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := healthcard.NewOffline(hl7, b)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func published(t testing.TB, name string) string {
	b, err := os.ReadFile(filepath.Join(testdata.Dir(t, "health-links"), name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// TestPublishedCards: each of HL7's example cards that is among the test data is
// verified by HL7's keys, is the same card in whatever form it comes, and holds the
// bundle that HL7 says it holds.
func TestPublishedCards(t *testing.T) {
	dir := testdata.Dir(t, "health-links")
	files, err := filepath.Glob(filepath.Join(dir, "example-*-d-jws.txt"))
	if err != nil || len(files) < 2 {
		t.Fatal(len(files), err)
	}
	urn := regexp.MustCompile(`urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), "d-jws.txt")
		c := one(t, published(t, name+"d-jws.txt"))
		if v := c.Verify(t.Context(), hl7Keys(t), signedIn); v.State != healthcard.Verified || c.Issuer != hl7 || c.FHIRVersion != "4.0.1" {
			t.Errorf("%s: %+v %s", name, v, c.Issuer)
		}
		b, err := c.Bundle()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// As a file, and as the text of a QR code, or of several.
		texts := map[string]string{"file": published(t, name+"e-file.smart-health-card")}
		if codes, _ := filepath.Glob(filepath.Join(dir, name+"f-qr-code-numeric-value-*.txt")); len(codes) > 0 {
			for _, code := range codes {
				texts["codes"] = published(t, filepath.Base(code)) + "\n" + texts["codes"] // the last one first
			}
		}
		for form, text := range texts {
			again, err := one(t, text).Bundle()
			if err != nil || string(again.Bytes()) != string(b.Bytes()) {
				t.Errorf("%s as %s is another card: %v", name, form, err)
			}
		}
		want, err := os.ReadFile(filepath.Join(dir, name+"c-jws-payload-minified.json"))
		if err != nil {
			continue // not among the test data
		}
		// With the names put back, it is HL7's bundle byte for byte.
		names := map[string]string{}
		got := urn.ReplaceAllStringFunc(string(b.Bytes()), func(u string) string {
			if names[u] == "" {
				names[u] = fmt.Sprintf("resource:%d", len(names))
			}
			return names[u]
		})
		if len(names) < 2 || name != "example-02-" && !strings.Contains(string(want), `"fhirBundle":`+got+`}`) {
			t.Errorf("%s holds\n%s\nnot\n%s", name, got, want)
		}
		t.Logf("%s: %d entries, the same in %d forms", name, len(names), 1+len(texts))
	}
}

// TestPublishedForgeries: HL7's cards do not verify when anything is changed, nor with
// another's key under the issuer's name.
func TestPublishedForgeries(t *testing.T) {
	jws := published(t, "example-00-d-jws.txt")
	parts := strings.Split(jws, ".")
	other := strings.Split(published(t, "example-01-d-jws.txt"), ".")
	for name, text := range map[string]string{
		"another's signature": parts[0] + "." + parts[1] + "." + other[2],
		"another's payload":   parts[0] + "." + other[1] + "." + parts[2],
		"another's header":    other[0] + "." + parts[1] + "." + parts[2],
	} {
		if v := one(t, text).Verify(t.Context(), hl7Keys(t), signedIn); v.State != healthcard.Bad || v.Reason != healthcard.WrongSignature {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
