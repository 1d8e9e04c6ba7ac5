package main

import "testing"

// TestWiderIsAsked: on a terminal the person is shown which entries somebody would gain
// by, and who, and decides.
func TestWiderIsAsked(t *testing.T) {
	a := newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	evil := tampered(t, a.path("out"), map[string]string{"Condition/mind": "conditions", "Condition/asthma": "private"})
	for answer, section := range map[string]string{"n\n": "mental-health", "\n": "mental-health", "y\n": "conditions"} {
		b := newExporting(t)
		b.ward()
		p := atPTY(t, "import", evil, "--state="+b.state, "--passphrase-file="+b.passphraseFile)
		p.expect("Is that you?")
		p.typeIn("y\n")
		p.expect("Condition/mind: from mental-health to conditions")
		p.expect("Ward 7 will be able to read it")
		p.expect("File as the export has it?")
		p.typeIn(answer)
		if code := p.wait(); code != exitDone {
			t.Fatalf("ended with %d:\n%s", code, p.seen())
		}
		b.filed(map[string]string{"Condition/mind": section, "Condition/asthma": "private"})
	}
}
