package ips_test

import (
	"bytes"
	"strings"
	"testing"
)

// What the person disputes is told with the entry, and the entry keeps it.
func TestDisputed(t *testing.T) {
	const said = `"extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"asked my mother"}},` +
		`{"url":"urn:carehold:dispute","valueAnnotation":{"authorReference":{"reference":"Patient/me"},"time":"2026-11-22T10:00:00Z","text":"never <b>had</b> it"}}],`
	p, entries := hand(t, handmade["everything"]...)
	for i, e := range entries {
		if e.Ref.ID == "diabetes" {
			entries[i].Body = []byte(strings.Replace(string(e.Body), `"resourceType"`, said+`"resourceType"`, 1))
		}
	}
	doc := build(t, whole(p, entries))
	text := read(t, doc).text("11450-4")
	for _, want := range []string{"Disputed by the person: never <b>had</b> it", "The person's note: asked my mother"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if !bytes.Contains(doc, []byte(`"url":"urn:carehold:dispute"`)) {
		t.Error("the entry lost it")
	}
}
