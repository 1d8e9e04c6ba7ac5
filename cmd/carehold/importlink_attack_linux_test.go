package main

import (
	"strings"
	"testing"
)

// TestLinkChangesWhenAsked: a link that is opened again asks once about all that changed.
func TestLinkChangesWhenAsked(t *testing.T) {
	for answer, version := range map[string]string{"n\n": "", "y\n": "15 mg"} {
		b, s := newExporting(t), newLinkServer(t)
		b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", s.link("/surgery/abc", dosed("Ada Okonkwo", "10 mg", "")))
		p := atPTY(t, "import", "--recipient", "Ada", "--this-machine", s.link("/surgery/abc", dosed("Ada Okonkwo", "15 mg", "")), "--state="+b.state, "--passphrase-file="+b.passphraseFile)
		p.expect("Methotrexate 10 mg; by the link Methotrexate 15 mg")
		p.expect("Change it?")
		p.typeIn(answer)
		if code := p.wait(); code != exitDone {
			t.Fatalf("ended with %d:\n%s", code, p.seen())
		}
		found := ""
		for name, text := range b.versions() {
			if strings.HasPrefix(name, "MedicationStatement/") && strings.HasSuffix(name, "/_history/2") {
				found = text
			}
		}
		if version == "" && found != "" || !strings.Contains(found, version) {
			t.Errorf("answered %q, it is %q", answer, found)
		}
	}
}
