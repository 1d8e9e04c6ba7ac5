package main

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"
)

// colours reports whether the answer goes to a terminal that may be coloured.
func (a *app) colours() bool {
	f, ok := a.stdout.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}

func (d *demo) paint(code, s string) string {
	if !d.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (d *demo) bold(s string) string   { return d.paint("1", s) }
func (d *demo) good(s string) string   { return d.paint("32", s) }
func (d *demo) strong(s string) string { return d.paint("1;33", s) }

func (d *demo) heading(title, words string) {
	d.step++
	d.say("")
	d.say("%s", d.bold(wrapOne(d.step, title)))
	d.paragraph("   ", words)
	d.say("")
}

func wrapOne(n int, title string) string {
	digits := string(rune('0' + n%10))
	if n > 9 {
		digits = string(rune('0'+n/10)) + digits
	}
	return digits + ". " + title
}

// typed shows a command as it would be typed.
func (d *demo) typed(line string) {
	d.say("%s", strings.TrimRight(d.paint("36", strings.TrimRight(wrap("  $ ", "carehold "+line, 78), "\n")), " "))
}

// shown shows what a command answered.
func (d *demo) shown(out string) {
	for line := range strings.Lines(strings.TrimRight(out, "\n")) {
		d.say("%s", strings.TrimRight("  "+line, " \n"))
	}
}

// claim tests what was said.
func (d *demo) claim(what string, holds bool) {
	d.claims++
	if holds {
		return
	}
	d.failed = append(d.failed, what)
	d.say("%s", d.strong("  NOT AS PROMISED: "+what))
}

// next prints commands to try while the server is up.
func (d *demo) next() {
	program := "carehold"
	if path, err := os.Executable(); err == nil {
		program = path
		if here, err := os.Getwd(); err == nil {
			if rel, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(rel, "..") {
				program = "." + string(os.PathSeparator) + rel
			}
		}
	}
	header := "Authorization: Bearer "
	token, err := os.ReadFile(d.path("dr-okafor.token"))
	if err == nil {
		// A file, for what is typed after curl -H can be seen by other programs.
		err = writeNewFile(d.path("dr-okafor.header"), []byte(header+strings.TrimSpace(string(token))+"\n"))
	}
	d.say("")
	d.say("%s", d.bold("Try it yourself"))
	d.paragraph("", "The server is up until you press Ctrl-C; then all of it is removed. In another terminal:")
	d.say("")
	d.say("  cd %s", d.dir)
	d.say("  me() { %s \"$@\" --state device.json --passphrase-file passphrase.txt; }", absolute(program))
	d.say("")
	d.say("  me entries --section plan         # her goals and plans")
	d.say("  me entries --section documents    # her letters; me show DocumentReference/… reads one")
	d.say("  me show DocumentReference/… --save letter")
	d.say("  me export her-record              # then open her-record/index.html in a browser")
	d.say("  echo 'Knee is better.' > note.txt && me import note.txt --title 'My note'")
	d.say("  me link --to \"A&E\" --for 1h       # a SMART Health Link, for whoever has a viewer for these")
	d.say("  me grants                         # who may read what")
	d.say("  me grant --to Judith --ready carer-view -n")
	d.say("  me revoke \"%s\"", doctorName)
	d.say("  me history                        # with your own tries in it")
	d.say("  me check")
	if err == nil {
		d.say("")
		d.say("  curl -H @dr-okafor.header %s/fhir/AllergyIntolerance", d.url)
	}
	d.say("")
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
