package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWordsAreAsked: who gives no words is asked for them, and can stop; what goes is
// shown before it does.
func TestWordsAreAsked(t *testing.T) {
	_, dir := enrolled(t)
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte("To whom it may concern\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--state=" + filepath.Join(dir, "device.json"), "--passphrase-file=" + filepath.Join(dir, "passphrase.txt")}
	if code := quietApp().run(t.Context(), append([]string{"import", "-y", letter}, flags...)); code != exitDone {
		t.Fatalf("the import ended with %d", code)
	}
	a := quietApp()
	a.state, a.passphraseFile = filepath.Join(dir, "device.json"), filepath.Join(dir, "passphrase.txt")
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := u.session.Entries(t.Context())
	u.close()
	ref := ""
	for _, e := range list {
		if e.Type == "DocumentReference" {
			ref = e.Type + "/" + e.ID
		}
	}
	if err != nil || ref == "" {
		t.Fatalf("there is no letter: %v", err)
	}
	at := func(want int, steps []string, args ...string) string {
		t.Helper()
		p := atPTY(t, append(args, flags...)...)
		for i := 0; i < len(steps); i += 2 {
			p.expect(steps[i])
			p.typeIn(steps[i+1])
		}
		if code := p.wait(); code != want {
			t.Errorf("carehold %s ended with %d, want %d:\n%s", strings.Join(args, " "), code, want, p.seen())
		}
		return p.seen()
	}
	if out := at(exitInterrupted, []string{"What is wrong, in one line:", "\x03"}, "dispute", ref); !strings.Contains(out, "nothing was changed") {
		t.Errorf("it does not say that nothing was changed:\n%s", out)
	}
	at(exitUsage, []string{"Your note, in one line:", "\n"}, "note", ref)
	at(exitDone, []string{"Your note, in one line:", "I have the original\n"}, "note", ref)
	at(exitDone, []string{"What is wrong, in one line:", "Never sent to me\n"}, "dispute", ref)
	at(exitFailed, []string{"Take off 1 dispute and 1 note?", "n\n"}, "dispute", "--withdraw", ref)
	if out := at(exitDone, nil, "show", ref); !strings.Contains(out, "Never sent to me") || !strings.Contains(out, "I have the original") {
		t.Errorf("what was to stay is gone:\n%s", out)
	}
	at(exitDone, []string{"Never sent to me", "", "Take off 1 dispute and 1 note?", "y\n"}, "dispute", "--withdraw", ref)
}
