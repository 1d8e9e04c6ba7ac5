package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"carehold/crypto"
	"carehold/record/healthlink"
	"carehold/record/qr"
)

// made runs a command of the person's, and gives its answer.
func linkMade(t *testing.T, a *app, args ...string) linkJSON {
	t.Helper()
	var out bytes.Buffer
	b := *a
	b.stdout = &out
	if code := b.run(t.Context(), append([]string{"link", "--json", "--yes", "--state", a.state, "--passphrase-file", a.passphraseFile}, args...)); code != exitDone {
		t.Fatalf("ended with %d: %s%s", code, out.String(), b.stderr)
	}
	var made linkJSON
	if err := json.Unmarshal(out.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// withName is a record that says whose it is.
func withName(t *testing.T) (*app, string) {
	a, dir := enrolled(t)
	file := filepath.Join(dir, "me.json")
	if err := os.WriteFile(file, []byte(`{"resourceType":"Patient","id":"me","name":[{"family":"Okonkwo","given":["Ada"]}],"birthDate":"1951-03-02"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b := *a
	if code := b.run(t.Context(), []string{"import", "--yes", "--quiet", file, "--state", a.state, "--passphrase-file", a.passphraseFile}); code != exitDone {
		t.Fatalf("ended with %d: %s", code, b.stderr)
	}
	return a, dir
}

// TestPasscodeOnATerminal: a link's passcode is asked for, is not seen, and is asked for
// again with how many tries are left.
func TestPasscodeOnATerminal(t *testing.T) {
	a, dir := withName(t)
	link := linkMade(t, a, "--to", "Ann")
	wrong := map[bool]string{true: "000001", false: "000000"}[link.Passcode == "000000"]
	p := atPTY(t, "import", "--recipient", "Ward 7", link.Link, "--state="+dir+"/device.json", "--passphrase-file="+dir+"/passphrase.txt")
	p.expect("Passcode of the link:")
	p.typeIn(wrong + "\n")
	p.expect("9 tries are left")
	p.typeIn(link.Passcode + "\n")
	if code := p.wait(); code != exitDone {
		t.Fatalf("ended with %d:\n%s", code, p.seen())
	}
	if strings.Contains(p.seen(), link.Passcode) || strings.Count(p.seen(), "Passcode of the link:") != 2 || !strings.Contains(p.seen(), "nothing was added") {
		t.Errorf("it shows\n%s", p.seen())
	}
}

// TestCodeOnATerminal: where a terminal is wide enough the QR code is drawn, module for
// module that of the link; else it says what to do.
func TestCodeOnATerminal(t *testing.T) {
	_, dir := withName(t)
	args := []string{"link", "--to", "Ann", "--yes", "--no-passcode", "--state=" + dir + "/device.json", "--passphrase-file=" + dir + "/passphrase.txt"}
	show := func(columns uint16) (text, link string) {
		p := atPTY(t, args...)
		if err := unix.IoctlSetWinsize(int(p.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns}); err != nil {
			t.Fatal(err)
		}
		if code := p.wait(); code != exitDone {
			t.Fatalf("ended with %d:\n%s", code, p.seen())
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		text = strings.ReplaceAll(p.text.String(), "\r\n", "\n")
		_, link, _ = strings.Cut(text, "In any browser it opens at:\n")
		link, _, _ = strings.Cut(link, "\n")
		return text, link
	}
	text, link := show(120)
	code, err := qr.Text(link)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, code.Terminal()) {
		t.Errorf("the code of the link is not drawn:\n%s", text)
	}
	if text, _ = show(60); strings.Contains(text, "▀") || !strings.Contains(text, "--svg FILE") {
		t.Errorf("on 60 columns:\n%s", text)
	}
	t.Setenv("NO_COLOR", "1")
	if text, _ = show(120); strings.Contains(text, "▀") || !strings.Contains(text, "a terminal with colours") {
		t.Errorf("without colours:\n%s", text)
	}
}

// TestLinkable: what no viewer could open is refused before anything is asked.
func TestLinkable(t *testing.T) {
	for base, want := range map[string]string{
		"https://record.example.org":                            "",
		"https://" + strings.Repeat("r", 66):                    "", // 74, and /shl/ and 49 are 128
		"https://" + strings.Repeat("r", 67):                    "1 characters too long",
		"https://record.example.org/" + strings.Repeat("r", 90): "characters too long",
		"http://127.0.0.1:8080":                                 "",
		"http://localhost:8080":                                 "",
		"http://record.example.org":                             "leads to an https address",
		"http://192.168.1.7:8080":                               "leads to an https address",
	} {
		err := linkable(base)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// TestAccessFile: the token that a link hands over comes last, and says when it ends in a
// way that is right whenever the link is opened.
func TestAccessFile(t *testing.T) {
	a, _ := withName(t)
	made := linkMade(t, a, "--to", "App", "--api-access", "--no-passcode", "--for", "1h")
	l, err := healthlink.Parse(made.Link)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := l.Open(t.Context(), newFetch(l.URL()), healthlink.Ask{Recipient: "x", Now: time.Now()})
	if err != nil || len(opened.Files) != 2 || opened.Files[0].ContentType != healthlink.FHIR || opened.Files[1].ContentType != healthlink.APIAccess {
		t.Fatalf("%d files, %v", len(opened.Files), err)
	}
	var file map[string]any
	if err := json.Unmarshal(opened.Files[1].Body, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"access_token", "token_type", "aud", "scope", "patient", "query"} {
		if file[name] == nil {
			t.Errorf("it has no %s", name)
		}
	}
	if file["expires_in"] != nil || file["expires_at"] != float64(made.Until.Unix()) {
		t.Errorf("it ends at %v, in %v; the link at %s", file["expires_at"], file["expires_in"], made.Until)
	}
}

// TestUsedUpIsSaid: a link whose tries are used up opens for nobody, and the list of
// grants says so.
func TestUsedUpIsSaid(t *testing.T) {
	a, _ := withName(t)
	made := linkMade(t, a, "--to", "Ann")
	l, err := healthlink.Parse(made.Link)
	if err != nil {
		t.Fatal(err)
	}
	list := func() string {
		var out bytes.Buffer
		b := *a
		b.stdout = &out
		if code := b.run(t.Context(), []string{"grants", "--state", a.state, "--passphrase-file", a.passphraseFile}); code != exitDone {
			t.Fatalf("ended with %d: %s", code, b.stderr)
		}
		return out.String()
	}
	wrong := map[bool]string{true: "000001", false: "000000"}[made.Passcode == "000000"]
	for n := range made.Tries {
		if n == made.Tries-1 {
			if got := list(); strings.Contains(got, "Ended for everybody") || !strings.Contains(got, "wrong passcodes were tried") {
				t.Errorf("with a try left it says\n%s", got)
			}
		}
		l.Open(t.Context(), newFetch(l.URL()), healthlink.Ask{Recipient: "x", Passcode: crypto.SecretString(wrong), Now: time.Now()})
	}
	if got := list(); !strings.Contains(got, "Ended for everybody: its tries are used up.") || strings.Contains(got, "Until") {
		t.Errorf("it says\n%s", got)
	}
}
