package healthlink_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"carehold/crypto"
	"carehold/record/healthlink"
)

// TestKillTheClipboard: a link that another implementation made, with a passcode, an
// expiry, files in the manifest and beside it, compressed and not.
func TestKillTheClipboard(t *testing.T) {
	b, err := os.ReadFile("testdata/kill-the-clipboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Link, URL string
		Manifest  json.RawMessage
		Files     map[string]string
		Bundle    any
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	l, err := healthlink.Parse(v.Link)
	if err != nil || l.URL() != v.URL || !l.Passcode || !l.LongTerm || l.Single || l.Label != "Winter" || l.Expires.Year() != 2099 {
		t.Fatalf("%+v %v", l.Terms, err)
	}
	s := &server{answers: map[string]answer{"POST " + v.URL: {status: 200, body: string(v.Manifest)}}}
	for url, body := range v.Files {
		s.answers["GET "+url] = answer{status: 200, body: body}
	}
	ask := doctor
	ask.Passcode = crypto.SecretString("1234")
	o, err := l.Open(t.Context(), s, ask)
	if err != nil || len(o.Files) != 3 {
		t.Fatal(len(o.Files), err)
	}
	var got any
	if err := json.Unmarshal(o.Files[0].Body, &got); err != nil || !reflect.DeepEqual(got, v.Bundle) {
		t.Errorf("%s", o.Files[0].Body)
	}
	for i, want := range []string{healthlink.FHIR, healthlink.FHIR, healthlink.HealthCard} {
		if o.Files[i].ContentType != want {
			t.Errorf("file %d is %s", i, o.Files[i].ContentType)
		}
	}
}
