package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestStrong counts characters, not bytes, and as NFKC has them; and leaves what
// was typed as it was.
func TestStrong(t *testing.T) {
	for in, ok := range map[string]bool{
		"1234567": false, "12345678": true, "漢字漢字漢字漢字": true, "漢字漢字": false,
		strings.Repeat("e\u0301", 7): false, strings.Repeat("e\u0301", 8): true, // composed: 7 and 8 characters
		"ﬁ": false, "\xff\xff\xff\xff\xff\xff\xff\xff\xff": false, "": false, "        ": true,
	} {
		b := []byte(in)
		if err := strong(b); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
		if !bytes.Equal(b, []byte(in)) {
			t.Errorf("%q is %q after it was looked at", in, b)
		}
	}
}

// TestNoTerminalNamesTheFlag: where a passphrase cannot be typed, the flag that is named
// is the one for that passphrase.
func TestNoTerminalNamesTheFlag(t *testing.T) {
	a := quietApp() // with nobody to ask
	for _, flag := range []string{"--new-passphrase-file", "--encrypt-passphrase-file"} {
		_, err := a.newPassphrase("", flag, "")
		if code := exitCode(t.Context(), err); code != exitLocked || !strings.HasPrefix(a.hintOf(code, err), flag+" FILE ") {
			t.Errorf("%s: %d, %q", flag, code, a.hintOf(code, err))
		}
	}
}
