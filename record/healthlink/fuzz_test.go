package healthlink_test

import (
	"strings"
	"testing"

	"carehold/record/fetch"
	"carehold/record/healthlink"
)

// FuzzParse: nothing panics; what is taken leads to https, and is read again as the
// same when it is written out.
func FuzzParse(f *testing.F) {
	f.Add(specLink)
	f.Add("https://viewer.example.org#" + specLink)
	f.Add(strings.ToUpper(specLink))
	f.Add(pack(`{"url":"https://a.example/x","key":"` + specKey + `","exp":1e9,"flag":"LU","label":"\u202ex","v":1,"_x":[]}`))
	f.Add(pack(`{"url":"https://a.example/x","url":"x","key":1}`))
	f.Add("shlink:/" + strings.Repeat("W", 4000))
	f.Fuzz(func(t *testing.T, text string) {
		healthlink.IsLink(text)
		l, err := healthlink.Parse(text)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a text")
			}
			return
		}
		if fetch.Check(l.URL()) != nil || l.Passcode && l.Single || len([]rune(l.Label)) > 80 || strings.ContainsAny(l.Label, "\x1b\n\u202e") {
			t.Fatalf("%+v %s", l.Terms, l.URL())
		}
		again, err := healthlink.Parse(l.Text())
		if err != nil || again.Terms != l.Terms || again.URL() != l.URL() || again.Text() != l.Text() {
			t.Fatalf("%q: %+v %v", l.Text(), again.Terms, err)
		}
		if !healthlink.IsLink(text) {
			t.Fatal("a link that does not look like one")
		}
	})
}

// FuzzManifest: nothing panics; every file has a type and is somewhere, at https.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"files":[{"contentType":"application/fhir+json","location":"https://f.example/1","embedded":"a..b.c.d","lastUpdated":"2025-03-09T15:29:46Z","status":"finalized"}],"list":{"resourceType":"List"}}`))
	f.Add([]byte(`{"files":[{"contentType":"","location":"http://x"}],"files":[]}`))
	f.Add([]byte(strings.Repeat(`{"files":[`, 5000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := healthlink.ParseManifest(b)
		if err != nil {
			return
		}
		for _, l := range m.Files {
			if l.Updated().Year() > 9999 || l.ContentType == "" || l.Location == "" && l.Embedded == "" || l.Location != "" && fetch.Check(l.Location) != nil {
				t.Fatalf("%+v", l)
			}
		}
	})
}

// FuzzFile: what a stranger's server gives for a file opens to one of three kinds, or
// not at all.
func FuzzFile(f *testing.F) {
	f.Add(encrypt(f, healthlink.FHIR, patient, true))
	f.Add(encrypt(f, healthlink.HealthCard, `{"verifiableCredential":["x"]}`, false))
	f.Add("eyJhbGciOiJub25lIn0....")
	l := link(f, "https://a.example/x", healthlink.Terms{Single: true})
	f.Fuzz(func(t *testing.T, body string) {
		s := &server{answers: map[string]answer{"GET https://a.example/x?recipient=x": {status: 200, body: body}}}
		o, err := l.Open(t.Context(), s, healthlink.Ask{Recipient: "x", Now: now})
		if err == nil && (len(o.Files) != 1 || o.Files[0].ContentType == "") || err != nil && len(o.Files) != 0 {
			t.Fatalf("%+v %v", o, err)
		}
	})
}

// FuzzRequest: nothing panics; who asks can be shown.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"recipient":"Dr X","passcode":"1","embeddedLengthMax":0}`))
	f.Add([]byte(`{"recipient":"\u001b"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := healthlink.ParseRequest(b)
		if err == nil && (r.Recipient == "" || len([]rune(r.Recipient)) > 80 || strings.ContainsAny(r.Recipient, "\x1b\n")) {
			t.Fatalf("%+v", r)
		}
	})
}
