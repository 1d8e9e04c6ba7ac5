package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	invite := func() string {
		d := &demo{app: quietApp(), ctx: t.Context(), dir: dir}
		out, err := d.quietly(d.sub(nil), "invite", "--data", dir+"/server", "--socket", dir+"/carehold.sock")
		if err != nil {
			t.Fatal(err)
		}
		file := t.TempDir() + "/invite"
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	state, pass := "--state="+dir+"/device.json", "--passphrase-file="+dir+"/passphrase.txt"
	for name, c := range map[string]struct {
		args   []string
		prompt string
		says   string
	}{
		"passphrase":     {[]string{"grants", state}, "Passphrase for your record", "stopped; nothing was changed"},
		"new passphrase": {[]string{"passphrase", state, pass}, "The new passphrase", "stopped; nothing was changed"},
		"invite":         {[]string{"enrol", "--server", server, "--state", dir + "/no.json"}, "The invite you were given", "stopped; nothing was changed"},
		"yes or no":      {[]string{"grant", "--to", "Ann", "--sections", "plan", state, pass}, "Give Ann this?", "stopped; nothing was changed"},
		"group": {[]string{"enrol", "--server", server, "--state", dir + "/new.json", pass, "--invite-file", invite()}, "type group",
			"carehold device new-code"},
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
