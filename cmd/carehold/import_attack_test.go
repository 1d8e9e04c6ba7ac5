package main

import (
	"os"
	"strings"
	"testing"
)

// TestBogusClaim: an entry that says its content was sent under a name that nothing was
// sent under is left out, as whatever is wrong with one entry, and keeps no other out.
func TestBogusClaim(t *testing.T) {
	const (
		me      = `{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Patient","name":[{"family":"Okonkwo","given":["Ada"]}],"birthDate":"1951-03-02"}}`
		bogus   = `{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111112","resource":{"resourceType":"Binary","contentType":"text/plain","_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"Binary/$upload/00000000000000000000000000000000"}]}}}`
		peanuts = `{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111113","resource":{"resourceType":"AllergyIntolerance","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"patient":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"},"code":{"text":"peanuts"}}}`
	)
	x := newExporting(t)
	for name, c := range map[string]struct {
		entries []string
		in      int
	}{"among others": {[]string{me, bogus, peanuts}, 2}, "alone": {[]string{bogus}, 0}} {
		must(t, os.WriteFile(x.path("bogus.json"), []byte(`{"resourceType":"Bundle","type":"collection","entry":[`+strings.Join(c.entries, ",")+`]}`), 0o600))
		said := x.command(exitPartly, "import", "--source", name, x.path("bogus.json"))
		if !strings.Contains(said, "and is not there") || !strings.Contains(said, "1 entry was not imported") {
			t.Errorf("%s: %s", name, said)
		}
		in := 0
		list, err := x.u.session.Entries(t.Context())
		must(t, err)
		for _, e := range list {
			if e.Source == name {
				in++
			}
		}
		if in != c.in {
			t.Errorf("%s: %d entries are in, want %d", name, in, c.in)
		}
	}
}
