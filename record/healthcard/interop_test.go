package healthcard_test

import (
	"encoding/json"
	"os"
	"testing"

	"carehold/record/healthcard"
)

// TestKillTheClipboard: a card that another implementation issued verifies by its
// key, in each of the forms that it writes.
func TestKillTheClipboard(t *testing.T) {
	b, err := os.ReadFile("testdata/kill-the-clipboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Issuer, JWS, File string
		JWKS              json.RawMessage
		Numeric           []string
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	keys, err := healthcard.NewOffline(v.Issuer, v.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(v.Numeric, v.JWS, v.File) {
		c := one(t, text)
		if got := c.Verify(t.Context(), keys, now.AddDate(1, 0, 0)); got.State != healthcard.Verified {
			t.Errorf("%+v", got)
		}
		if b, err := c.Bundle(); err != nil || b.Root().Get("entry").Kind() != '[' {
			t.Error(err)
		}
	}
}
