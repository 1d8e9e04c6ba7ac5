package main

import (
	"strings"
	"testing"
)

// TestForgedDeletionIsAsked: on a terminal the person is shown what the export would
// delete, and decides. Undoing the import does not bring it back, and it says what does.
func TestForgedDeletionIsAsked(t *testing.T) {
	for answer, gone := range map[string]bool{"n\n": false, "\n": false, "y\n": true} {
		b, was, evil := forgedDeletion(t)
		before := b.versions()
		p := atPTY(t, "import", evil, "--state="+b.state, "--passphrase-file="+b.passphraseFile)
		p.expect("Condition/asthma: Asthma")
		p.expect("Delete them?")
		p.typeIn(answer)
		if code := p.wait(); code != exitDone {
			t.Fatalf("ended with %d:\n%s", code, p.seen())
		}
		if !gone {
			equalMaps(t, "versions", before, b.versions())
			continue
		}
		if seen := p.seen(); !strings.Contains(seen, "2 entries were deleted") || !strings.Contains(seen, "importing what brought them does") {
			t.Error(seen)
		}
		if b.versions()["Condition/asthma/_history/2"] != "deleted" {
			t.Error("it is not deleted")
		}
		if said := b.command(exitDone, "import", was); !strings.Contains(said, "2 back again") {
			t.Error(said)
		}
	}
}
