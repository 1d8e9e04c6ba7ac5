package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// askedAt makes an address, and has somebody ask there.
func askedAt(t *testing.T, a *app, question string) {
	t.Helper()
	var out bytes.Buffer
	b := *a
	b.stdout = &out
	if code := b.run(t.Context(), []string{"address", "new", "--json", "--state", a.state, "--passphrase-file", a.passphraseFile}); code != exitDone {
		t.Fatalf("ended with %d: %s", code, b.stderr)
	}
	var made addressJSON
	if err := json.Unmarshal(out.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(made.URL, "application/json", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("asking: %s", resp.Status)
	}
}

// grantsNow are the person's grants.
func grantsNow(t *testing.T, a *app) string {
	t.Helper()
	var out bytes.Buffer
	b := *a
	b.stdout = &out
	if code := b.run(t.Context(), []string{"grants", "--json", "--state", a.state, "--passphrase-file", a.passphraseFile}); code != exitDone {
		t.Fatalf("ended with %d: %s", code, b.stderr)
	}
	return out.String()
}

// TestApproveDialogue: a person is asked yes, no or less; what they leave out is left
// out, what they mistype is asked again, and nothing is given before a yes.
func TestApproveDialogue(t *testing.T) {
	a, dir := enrolled(t)
	args := []string{"approve", "Ann Lee", "--state=" + dir + "/device.json", "--passphrase-file=" + dir + "/passphrase.txt"}
	question := `{"name": "Ann Lee", "scope": "patient/*.crs", "sections": ["allergies", "medicines", "plan"], "days": 7}`
	askedAt(t, a, question)

	// No, and a second no: she is told nothing, and it waits.
	p := atPTY(t, args...)
	p.expect("Give \"Ann Lee\" this? Type yes, no, or less:")
	p.typeIn("perhaps\n")
	p.expect("Please type yes, no, or less.")
	p.typeIn("no\n")
	p.expect("Tell them that you say no?")
	p.typeIn("n\n")
	p.expect("nobody was told anything")
	if code := p.wait(); code != exitDone {
		t.Fatalf("ended with %d:\n%s", code, p.seen())
	}
	// Ctrl-C changes nothing.
	p = atPTY(t, args...)
	p.expect("Type yes, no, or less:")
	p.typeIn("\x03")
	if code := p.wait(); code != exitInterrupted || !strings.Contains(p.seen(), "stopped; nothing was changed") {
		t.Errorf("ended with %d:\n%s", code, p.seen())
	}
	if list := grantsNow(t, a); !strings.Contains(list, `"count":0`) {
		t.Errorf("something was given: %s", list)
	}

	// Less: one section, one day, and only to read.
	p = atPTY(t, args...)
	p.expect("Type yes, no, or less:")
	p.typeIn("less\n")
	p.expect("They would get: allergies, medicines and plan.")
	p.expect("Leave out")
	p.typeIn("medicins\n")
	p.expect("There is no section called")
	p.typeIn("allergies, medicines, plan\n")
	p.expect("Then nothing would be left")
	p.typeIn("plan, medicines\n")
	p.expect("For how long")
	p.typeIn("30d\n")
	p.expect("That is longer than it would be now.")
	p.typeIn("1d\n")
	p.expect("only read, and add or change nothing?")
	p.typeIn("y\n")
	p.expect("medicines and plan.")
	p.typeIn("yes\n")
	p.expect(`Given to "Ann Lee", until`)
	if code := p.wait(); code != exitDone {
		t.Fatalf("ended with %d:\n%s", code, p.seen())
	}
	if list := grantsNow(t, a); !strings.Contains(list, `"sections":["identity","providers","allergies"],"scopes":"patient/*.rs"`) {
		t.Errorf("it gave %s", list)
	}

	// No, and she is told.
	askedAt(t, a, strings.ReplaceAll(question, "Ann Lee", "Bo Lee"))
	args[1] = "Bo Lee"
	p = atPTY(t, args...)
	p.expect("Type yes, no, or less:")
	p.typeIn("n\n")
	p.expect("Tell them that you say no?")
	p.typeIn("\n")
	p.expect("Refused: they are told that you said no.")
	if code := p.wait(); code != exitDone {
		t.Fatalf("ended with %d:\n%s", code, p.seen())
	}
}

// TestBegunByThemselves: of a code they are asked first whether they began this. Whoever
// was talked into typing one says no, and nothing is given.
func TestBegunByThemselves(t *testing.T) {
	a, dir := enrolled(t)
	d, err := a.loadDevice()
	if err != nil {
		t.Fatal(err)
	}
	if out, text, code := program(t, nil, "client", "add", "--data", dir+"/server", "--id", "diary", "Pill Diary", "--redirect", "https://diary.example/cb"); code != exitDone {
		t.Fatalf("ended with %d: %s%s", code, out, text)
	}
	app, typed, err := sendTo(d.server, "diary", "patient/*.rs")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"approve", "--state=" + dir + "/device.json", "--passphrase-file=" + dir + "/passphrase.txt"}
	p := atPTY(t, args...)
	p.expect("The code on the screen of the app, or the number of a request:")
	p.typeIn(strings.ToLower(typed) + "\n")
	p.expect("Did you begin this yourself, just now, at diary.example? [y/N]")
	if strings.Contains(p.seen(), "If you say yes") {
		t.Errorf("something is offered before that:\n%s", p.seen())
	}
	p.typeIn("\n")
	if code := p.wait(); code != exitFailed || !strings.Contains(p.seen(), "do not use it") {
		t.Errorf("ended with %d:\n%s", code, p.seen())
	}
	if list := grantsNow(t, a); !strings.Contains(list, `"count":0`) {
		t.Errorf("something was given: %s", list)
	}
	p = atPTY(t, append(args, typed)...)
	p.expect("just now, at diary.example?")
	p.typeIn("y\n")
	p.expect("Type yes, no, or less:")
	p.typeIn("yes\n")
	p.expect(`Given to "Pill Diary", for one visit`)
	if code := p.wait(); code != exitDone {
		t.Errorf("ended with %d:\n%s", code, p.seen())
	}
	if to, err := app.back(); err != nil || !strings.Contains(to, "code=") {
		t.Errorf("the browser goes to %q: %v", to, err)
	}
}

// TestRequestsFit: whoever asks chooses their words, and they stay within the terminal.
func TestRequestsFit(t *testing.T) {
	a, _ := enrolled(t)
	askedAt(t, a, `{"name": "Ann", "sections": ["results"], "words": "Gr\u00fc\u00dfe \"x\"", "organisation": "`+strings.Repeat("long ", 39)+`"}`)
	var out bytes.Buffer
	b := *a
	b.stdout = &out
	if code := b.run(t.Context(), []string{"requests", "--state", a.state, "--passphrase-file", a.passphraseFile}); code != exitDone {
		t.Fatalf("ended with %d: %s", code, b.stderr)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), `They say: "Grüße \"x\""`) {
		t.Errorf("it shows\n%s", out.String())
	}
}

// TestIsCode: what people type of a code, and what they type besides.
func TestIsCode(t *testing.T) {
	for text, want := range map[string]bool{
		"K7QM-2D9F-XW4T": true, "k7qm 2d9f xw4t": true, "K7QM2D9FXW4T": true, "nkvysggbmfwk": true, "NKVYSGGBMFWK": true, "KQMO-LDIF-XWLT": true,
		"3f2a91bc": false, "333fc6d2d7985c6789cb49c830b531f3": false, "Judith": false, "": false,
		"Ann-Marie Lee": false, "K7QM-2D9F-XW4TT": false, "Überweisungs": false, "K7QM_2D9F_XW4T": false,
	} {
		if got := isCode(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
