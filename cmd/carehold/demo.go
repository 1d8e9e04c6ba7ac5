package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/record/sample"
)

func (a *app) demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Walk through all of it with an invented person's record",
		Long: `Shows in half a minute what Carehold does, with the record of Marion Wetherlow,
who is invented: a server is started, she makes her record, imports what six
places know of her, lets her GP and her social worker read parts of it, and they
do while she is away. Then she stops one of them, puts in a letter that came on
paper, hands A&E a summary as a link, is asked by a clinic and gives it less,
looks at what a laboratory has written, sees who looked, and checks that nothing
was changed.

Everything happens on this machine, in a folder that is removed at the end. What
is claimed is tested on the way; the exit code is 1 if a claim does not hold.

It stays up afterwards, with commands to try. With DEMO_EXIT=1 it ends.`,
		Example: `  carehold demo
  DEMO_EXIT=1 carehold demo`,
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if a.json {
				return usagef("the demo is for reading: there is no JSON of it")
			}
			err := a.demo(c.Context())
			if c.Context().Err() == nil {
				return err
			}
			// By now the folder is gone. What broke off in the middle has no interest.
			a.note("Stopped; all of it is removed.")
			if err != nil {
				return coded(exitInterrupted, errSaid, "")
			}
			return nil
		},
	}
	return c
}

// demo is the walk. Each step runs real commands, and asserts what it says.
type demo struct {
	*app
	ctx         context.Context
	dir         string
	total       int    // entries she imported
	hidden      string // her depression: what she knows of and the others must not
	diabetes    string // what the doctor finds and the social worker must not
	doctorAsked int    // requests with the doctor's token
	url         string
	stop        func() error // the server
	step        int
	claims      int
	failed      []string
	colour      bool
}

func (a *app) demo(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "carehold-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demo{app: a, ctx: ctx, dir: dir, colour: a.colours()}
	defer func() {
		if d.stop != nil {
			d.stop()
		}
	}()
	began := time.Now()
	if err := d.walk(); err != nil {
		return err
	}
	d.say("")
	if len(d.failed) > 0 {
		return fmt.Errorf("%d of %d claims did not hold: %s", len(d.failed), d.claims, strings.Join(d.failed, "; "))
	}
	d.say("%s", d.good(fmt.Sprintf("%d claims were tested on the way, and all of them held. It took %.0f seconds.", d.claims, time.Since(began).Seconds())))
	if a.env("DEMO_EXIT") != "" {
		return nil
	}
	d.next()
	<-ctx.Done()
	return nil
}

// walk is all of it, in order.
func (d *demo) walk() error {
	d.say("%s", d.bold("Carehold: a record that only its person's keys can open"))
	d.paragraph("", "Marion Wetherlow, whom this shows, is invented, and so is everybody else. Lines that begin with $ are commands as you would type them (less the flags that say where the demo keeps its files).")
	for _, step := range []func() error{d.server, d.enrolment, d.imports, d.glance, d.grants, d.away, d.doctor, d.socialWorker, d.revocation, d.letter, d.link, d.asked, d.added, d.whoLooked, d.checking} {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

const demoPassphrase = "bramble digs the allotment"

func (d *demo) server() error {
	d.heading("A server", "Somebody runs it: a practice, a council, a charity, or you. It never holds a key to anybody's record.")
	port, err := freePort()
	if err != nil {
		return err
	}
	d.url = "http://127.0.0.1:" + port
	if _, err := d.command("init", "--data", d.path("server")); err != nil {
		return err
	}
	d.typed("serve")
	if err := d.serveAgain(); err != nil {
		return err
	}
	out, err := d.command("invite", "--data", d.path("server"))
	if err != nil {
		return err
	}
	d.shown(strings.TrimSpace(out))
	return errors.Join(writeNewFile(d.path("invite.txt"), []byte(out)), writeNewFile(d.path("passphrase.txt"), []byte(demoPassphrase+"\n")))
}

func (d *demo) enrolment() error {
	d.heading("Marion makes her record", "Its keys are made on her own device. She keeps a recovery code on paper; the server gets neither that nor her passphrase.")
	out, err := d.mine("enrol", "--server", d.url, "--invite-file", d.path("invite.txt"), "--recovery-out", d.path("recovery.txt"), "--label", "Marion's tablet")
	if err != nil {
		return err
	}
	d.shown(out)
	info, err := os.Stat(d.path("device.json"))
	if err != nil {
		return err
	}
	d.claim("the device file is for her eyes only", !othersMayRead(info.Mode()))
	_, err = d.quietly(d.sub(nil), "enrol", "--server", d.url, "--invite-file", d.path("invite.txt"), "--recovery-out", d.path("r2.txt"),
		"--state", d.path("other.json"), "--passphrase-file", d.path("passphrase.txt"))
	d.claim("the invite was good once", err != nil)
	return nil
}

func (d *demo) imports() error {
	d.heading("She puts in what six places know of her", "Each gave her a file, as they must. Nothing in it is changed; every entry remembers where it came from.")
	d.typed("import gp-practice.json hospital.json council.json …")
	total := 0
	var again []string
	for _, s := range sample.Sources() {
		file := d.path(s.Name + ".json")
		if err := writeNewFile(file, s.Bundle); err != nil {
			return err
		}
		again = append(again, file)
	}
	all := func() ([]importJSON, error) {
		var reports []importJSON
		out, err := d.quietly(d.sub(nil), append([]string{"import", "--json", "--yes", "--state", d.path("device.json"), "--passphrase-file", d.path("passphrase.txt")}, again...)...)
		if err != nil {
			return nil, err
		}
		err = eachLine(out, "item", func(r importJSON) { reports = append(reports, r) })
		return reports, err
	}
	reports, err := all()
	if err != nil {
		return err
	}
	var rows [][]string
	for i, r := range reports {
		total += r.New
		rows = append(rows, []string{fmt.Sprintf("%4d", r.New), r.Source, sample.Sources()[i].Title})
	}
	d.table("  ", rows)
	d.say("  %4d entries, from %d sources", total, len(rows))
	d.total = total
	if reports, err = all(); err != nil {
		return err
	}
	added := 0
	for _, r := range reports {
		added += r.New + r.Changed
	}
	d.claim("importing all six again adds nothing", added == 0)
	d.claim("nothing was refused", total >= 600)
	return nil
}

func (d *demo) glance() error {
	d.heading("Her record at a glance", "Each entry is filed in one section. Sections are the unit of sharing: each has a key of its own.")
	out, err := d.mine("entries")
	if err != nil {
		return err
	}
	d.shown(out)
	d.claim("all that was imported is in the record", strings.HasPrefix(out, entriesOf(d.total)+" in your record"))
	out, err = d.quietly(d.sub(nil), "entries", "--section", "mental-health", "--type", "Condition", "--json",
		"--state", d.path("device.json"), "--passphrase-file", d.path("passphrase.txt"))
	if err != nil {
		return err
	}
	err = eachLine(out, "item", func(e entryItem) {
		if d.hidden == "" && strings.Contains(strings.ToLower(e.Title), "depress") {
			d.hidden = e.Ref
		}
	})
	d.claim("her depression is filed in mental-health", d.hidden != "")
	return err
}

// serveAgain starts the server, or starts it again.
func (d *demo) serveAgain() error {
	log, err := os.OpenFile(d.path("server.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(d.ctx))
	s := &settings{value: map[string]string{"data": d.path("server"), "node-key": "", "socket": d.path("carehold.sock"),
		"listen": strings.TrimPrefix(d.url, "http://"), "log-format": "json"}, from: map[string]string{"node-key": "default"}}
	server := &app{stdout: io.Discard, stderr: log, env: d.env, environ: d.environ}
	done := make(chan error, 1)
	go func() { done <- server.serve(ctx, s, false); log.Close() }()
	d.stop = func() error { cancel(); d.stop = nil; return <-done }
	for range 200 {
		select {
		case err := <-done:
			d.stop = nil
			return fmt.Errorf("the server did not start: %w", err)
		case <-time.After(25 * time.Millisecond):
		}
		if r, err := http.Get(d.url + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return errors.New("the server did not start in five seconds")
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// sub is a run of the program within this one: with nobody at the terminal, and
// the demo's own folder for a home.
func (d *demo) sub(stdout io.Writer) *app {
	home := func(name string) string {
		switch name {
		case "HOME":
			return d.dir
		case "GOTRACEBACK", "PATH", "TZ", "TMPDIR":
			return d.env(name)
		}
		return ""
	}
	return &app{stdout: stdout, stderr: io.Discard, env: home, environ: func() []string { return nil }, width: 78}
}

// quietly runs a command line and returns what it answered.
func (d *demo) quietly(a *app, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	a.stdout, a.stderr = &out, &complaint
	if code := a.run(d.ctx, args); code != exitDone {
		return out.String(), fmt.Errorf("carehold %s ended with %d: %s", args[0], code, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}

// command shows and runs one of the operator's commands.
func (d *demo) command(args ...string) (string, error) {
	d.typed(args[0])
	if args[0] == "invite" {
		args = append(args, "--socket", d.path("carehold.sock"))
	}
	return d.quietly(d.sub(nil), append(args, "--quiet")...)
}

// mine shows and runs one of Marion's commands.
func (d *demo) mine(args ...string) (string, error) {
	shown := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		if strings.HasSuffix(args[i], "-file") || strings.HasSuffix(args[i], "-out") {
			i++ // where the demo keeps its files
			continue
		}
		if args[i] == "--yes" {
			continue
		}
		shown = append(shown, quoted(args[i]))
	}
	d.typed(strings.Join(shown, " "))
	return d.hers(append(args, "--quiet")...)
}

// hers runs one of them, and does not show it.
func (d *demo) hers(args ...string) (string, error) {
	return d.quietly(d.sub(nil), append(args, "--state", d.path("device.json"), "--passphrase-file", d.path("passphrase.txt"))...)
}

func quoted(arg string) string {
	if strings.ContainsAny(arg, " '*") {
		return `"` + arg + `"`
	}
	return arg
}

// eachLine reads the JSON lines of one type.
func eachLine[T any](out, typ string, fn func(T)) error {
	for line := range strings.Lines(out) {
		var head struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			return err
		}
		if head.Type != typ {
			continue
		}
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			return err
		}
		fn(v)
	}
	return nil
}
