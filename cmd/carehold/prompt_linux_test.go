package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestInterruptAtQuestion presses Ctrl-C where something is asked: the program
// ends at once, says so, and what is typed is seen again.
func TestInterruptAtQuestion(t *testing.T) {
	a, dir := enrolled(t)
	d, err := a.loadDevice()
	if err != nil {
		t.Fatal(err)
	}
	server := d.server
	state, pass := "--state="+dir+"/device.json", "--passphrase-file="+dir+"/passphrase.txt"
	for name, c := range map[string]struct {
		args   []string
		prompt string
		says   string
	}{
		"passphrase":     {[]string{"grants", state}, "Passphrase for your record", "stopped; nothing was changed"},
		"new passphrase": {[]string{"passphrase", state, pass}, "The new passphrase", "stopped; nothing was changed"},
		"invite":         {[]string{"enrol", "--server", server, "--state", dir + "/no.json"}, "The invite you were given", "stopped; nothing was changed"},
		"yes or no":      {[]string{"grant", "--to", "Ann", "--sections", "plan", state, pass}, "Give Ann this", "stopped; nothing was changed"},
		"group": {[]string{"enrol", "--server", server, "--state", dir + "/new.json", pass, "--invite-file", inviteFile(t, dir)}, "type group",
			"stopped; the recovery code was made, and not confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := atPTY(t, c.args...)
			p.expect(c.prompt)
			p.typeIn("\x03")
			if code := p.wait(); code != exitInterrupted {
				t.Errorf("ended with %d", code)
			}
			if !strings.Contains(p.seen(), c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, p.seen())
			}
			if !p.echoes() {
				t.Error("what is typed is not seen any more")
			}
		})
	}
}

// TestCheckAllClearsItsLine: what is shown while it works is gone when it says what
// came of it.
func TestCheckAllClearsItsLine(t *testing.T) {
	_, dir := enrolled(t)
	p := atPTY(t, "check", "--all", "--state="+dir+"/device.json", "--passphrase-file="+dir+"/passphrase.txt")
	if code := p.wait(); code != exitDone {
		t.Fatalf("ended with %d:\n%s", code, p.seen())
	}
	p.mu.Lock()
	text := p.text.String()
	p.mu.Unlock()
	before, _, holds := strings.Cut(text, "It holds")
	if !holds || !strings.Contains(before, "Opening") {
		t.Fatalf("it shows %q", text)
	}
	// What stands in the line at the end: what was written after the last return.
	if line := before[strings.LastIndexByte(before, '\r')+1:]; line != "" || !strings.HasSuffix(before, strings.Repeat(" ", 20)+"\r") {
		t.Errorf("before the answer stands %q", before)
	}
}

// TestRecoveryCodeIsConfirmed: after three wrong groups the code is shown again;
// whoever leaves then is told by the next enrol what to do; new-code mends it.
func TestRecoveryCodeIsConfirmed(t *testing.T) {
	a, dir := enrolled(t)
	d, err := a.loadDevice()
	if err != nil {
		t.Fatal(err)
	}
	state, pass := "--state="+dir+"/new.json", "--passphrase-file="+dir+"/passphrase.txt"
	enrol := []string{"enrol", "--server", d.server, state, pass, "--invite-file", inviteFile(t, dir)}
	p := atPTY(t, enrol...)
	p.expect("type group")
	for range tries {
		p.typeIn("wrong\n")
	}
	p.expect("Show the code again?")
	p.typeIn("\n")
	for range 100 {
		if strings.Count(p.seen(), "This is your recovery code") == 2 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.typeIn("\x03")
	if code := p.wait(); code != exitInterrupted || strings.Count(p.seen(), "This is your recovery code") != 2 {
		t.Errorf("ended with %d:\n%s", code, p.seen())
	}
	p = atPTY(t, enrol...)
	if code := p.wait(); code != exitFailed || !strings.Contains(p.seen(), "carehold device new-code") {
		t.Errorf("again: ended with %d:\n%s", code, p.seen())
	}
	p = atPTY(t, "device", "new-code", state, pass, "--recovery-out", dir+"/code")
	if code := p.wait(); code != exitDone {
		t.Errorf("new-code: ended with %d:\n%s", code, p.seen())
	}
	p = atPTY(t, enrol...)
	if code := p.wait(); code != exitFailed || strings.Contains(p.seen(), "carehold device new-code") {
		t.Errorf("after it was confirmed: ended with %d:\n%s", code, p.seen())
	}
}

// TestSlipsAtTheTerminal: what can be typed wrong may be typed again, three times.
func TestSlipsAtTheTerminal(t *testing.T) {
	a, dir := enrolled(t)
	d, err := a.loadDevice()
	if err != nil {
		t.Fatal(err)
	}
	p := atPTY(t, "enrol", "--server", d.server, "--state", dir+"/no.json")
	p.expect("The invite you were given")
	p.typeIn("chdi_one\nchdi_two\nchdi_three\n")
	if code := p.wait(); code != exitLocked || strings.Count(p.seen(), "There is a slip in this invite") != tries ||
		strings.Contains(p.seen(), "passphrase") {
		t.Errorf("ended with %d:\n%s", code, p.seen())
	}

	state := "--state=" + dir + "/device.json"
	p = atPTY(t, "grants", state)
	p.expect("Passphrase for your record")
	p.typeIn("not this\n")
	p.expect("That does not open it")
	p.typeIn(demoPassphrase + "\n")
	if code := p.wait(); code != exitDone || !strings.Contains(p.seen(), "Nobody but you") {
		t.Errorf("the second passphrase is right: ended with %d:\n%s", code, p.seen())
	}

	// The only recovery code goes when somebody means it.
	pass := "--passphrase-file=" + dir + "/passphrase.txt"
	for _, c := range []struct {
		typed string
		code  int
	}{{"y", exitFailed}, {withoutCodeText, exitDone}} {
		p = atPTY(t, "device", "remove", "recovery code", state, pass)
		p.expect("To be without one all the same")
		p.typeIn(c.typed + "\n")
		if code := p.wait(); code != c.code {
			t.Errorf("%q: ended with %d:\n%s", c.typed, code, p.seen())
		}
	}
}

// TestWayInIsTriedFirst: whoever cannot reach the server is told so before they are
// asked for the recovery code; and the question before a device goes says which.
func TestWayInIsTriedFirst(t *testing.T) {
	_, dir := enrolled(t)
	for _, args := range [][]string{{"recover"}, {"device", "add"}} {
		p := atPTY(t, append(args, "--server", "http://127.0.0.1:1", "--state", dir+"/none.json")...)
		if code := p.wait(); code != exitFailed || !strings.Contains(p.seen(), "cannot be reached") || strings.Contains(p.seen(), "Your recovery code") {
			t.Errorf("%q ended with %d:\n%s", args, code, p.seen())
		}
	}
	id, _, code := program(t, nil, "device", "list", "--json", "--state="+dir+"/device.json", "--passphrase-file="+dir+"/passphrase.txt")
	_, id, found := strings.Cut(id, `"id":"`)
	if code != exitDone || !found {
		t.Fatalf("device list ended with %d", code)
	}
	p := atPTY(t, "device", "remove", "--stolen", id[:8], "--state="+dir+"/device.json", "--passphrase-file="+dir+"/passphrase.txt")
	p.expect("passphrase " + id[:8] + ", added ")
	p.typeIn("n\n")
	if code := p.wait(); code != exitFailed || !strings.Contains(p.seen(), "make all keys new and end every grant?") {
		t.Errorf("ended with %d:\n%s", code, p.seen())
	}
}

// TestInterruptedDemo: one line, and nothing is left.
func TestInterruptedDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := atPTY(t, "demo")
	p.expect("1. A server")
	p.typeIn("\x03")
	code := p.wait()
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	if code != exitInterrupted || len(left) > 0 || !strings.HasSuffix(p.seen(), "Stopped; all of it is removed.") || strings.Contains(p.seen(), "error") {
		t.Errorf("ended with %d, left %v:\n%s", code, left, p.seen())
	}
}

// inviteFile is a new invite of the server in that folder.
func inviteFile(t *testing.T, dir string) string {
	t.Helper()
	d := &demo{app: quietApp(), ctx: t.Context(), dir: dir}
	out, err := d.quietly(d.sub(nil), "invite", "--data", d.path("server"), "--socket", d.path("carehold.sock"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "invite")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// pty is a run of the program at a terminal of its own.
type pty struct {
	t             *testing.T
	master, slave *os.File
	cmd           *exec.Cmd
	mu            sync.Mutex
	text          bytes.Buffer
}

func atPTY(t *testing.T, args ...string) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	p := &pty{t: t, master: master, slave: slave, cmd: exec.CommandContext(ctx, "carehold", args...)}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			p.mu.Lock()
			p.text.Write(b[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

// seen is what is on the screen, in one line.
func (p *pty) seen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return unwrapped(p.text.String())
}

// expect waits until the program has asked.
func (p *pty) expect(prompt string) {
	p.t.Helper()
	for range 400 {
		if strings.Contains(p.seen(), strings.TrimSpace(prompt)) {
			time.Sleep(50 * time.Millisecond) // until it reads
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.t.Fatalf("it never asked %q:\n%s", prompt, p.seen())
}

func (p *pty) typeIn(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pty) wait() int {
	p.t.Helper()
	err := p.cmd.Wait()
	time.Sleep(20 * time.Millisecond) // the last of what it wrote
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return 0
}

func (p *pty) echoes() bool {
	mode, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	return err == nil && mode.Lflag&unix.ECHO != 0
}
