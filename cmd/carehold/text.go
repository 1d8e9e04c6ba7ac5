package main

import (
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// columns is how wide the answer may be.
func (a *app) columns() int {
	if a.width > 0 {
		return a.width
	}
	if f, ok := a.stdout.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w >= 40 {
			return min(w, 100)
		}
	}
	return 80
}

// noteColumns is how wide notes and errors may be. What reads them elsewhere than
// at a terminal wants them in one line.
func (a *app) noteColumns() int {
	if a.atTerminal() {
		return 80
	}
	return 1 << 20
}

// atTerminal reports whether a person is reading stderr.
func (a *app) atTerminal() bool {
	f, ok := a.stderr.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// note says something on the side: progress, what was left out, what to do next.
func (a *app) note(format string, args ...any) {
	if !a.quiet && !a.json {
		fmt.Fprint(a.stderr, wrap("", plain(fmt.Sprintf(format, args...)), a.noteColumns()))
	}
}

// aside is a note of one line that is not broken: an address, a command.
func (a *app) aside(format string, args ...any) {
	if !a.quiet && !a.json {
		fmt.Fprintln(a.stderr, plain(fmt.Sprintf(format, args...)))
	}
}

// warn is a note that --quiet does not silence.
func (a *app) warn(format string, args ...any) {
	if !a.json {
		fmt.Fprint(a.stderr, wrap("carehold: warning: ", plain(fmt.Sprintf(format, args...)), a.noteColumns()))
	}
}

// say prints a part of the answer.
func (a *app) say(format string, args ...any) {
	io.WriteString(a.stdout, plain(fmt.Sprintf(format, args...))+"\n")
}

// paragraph prints a part of the answer, wrapped.
func (a *app) paragraph(indent, text string) {
	io.WriteString(a.stdout, wrap(indent, clean(text), a.columns()))
}

// wrap breaks text between words. The first line begins with head, the others
// are set under what follows it.
func wrap(head, text string, width int) string {
	var b strings.Builder
	b.WriteString(head)
	indent := uniseg.StringWidth(head)
	at := indent
	for i, word := range strings.Fields(text) {
		w := uniseg.StringWidth(word)
		if i > 0 {
			if at+1+w > width {
				b.WriteString("\n" + strings.Repeat(" ", indent))
				at = indent
			} else {
				b.WriteByte(' ')
				at++
			}
		}
		b.WriteString(word)
		at += w
	}
	b.WriteByte('\n')
	return b.String()
}

// clean takes what a terminal would obey out of a text from a record: whoever
// writes a letter must not move the cursor of who reads it.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// plain is clean for what has lines of its own.
func plain(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = clean(line)
	}
	return strings.Join(lines, "\n")
}

// fit makes a text exactly so many columns wide.
func fit(s string, width int) string {
	s = clean(s)
	if w := uniseg.StringWidth(s); w <= width {
		return s + strings.Repeat(" ", width-w)
	}
	return cut(s, width)
}

// cut makes a text at most so many columns wide.
func cut(s string, width int) string {
	s = clean(s)
	if uniseg.StringWidth(s) <= width {
		return s
	}
	var b strings.Builder
	at := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if at += g.Width(); at > width-1 {
			break
		}
		b.WriteString(g.Str())
	}
	out := b.String() + "…"
	return out + strings.Repeat(" ", max(0, width-uniseg.StringWidth(out)))
}

// table prints rows in columns. All columns but the last are as wide as they
// must be; the last is cut at the end of the line.
func (a *app) table(indent string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], uniseg.StringWidth(clean(cell)))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		b.WriteString(indent)
		at := len(indent)
		for i, cell := range r {
			if i == len(r)-1 {
				b.WriteString(cut(cell, max(12, a.columns()-at)))
				break
			}
			b.WriteString(fit(cell, widths[i]) + "  ")
			at += widths[i] + 2
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(b.String(), " "))
	}
}

// plural is "1 entry", "2 entries".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// oneOr is a word that goes with so many.
func oneOr(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func entriesOf(n int) string { return plural(n, "entry", "entries") }

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// and is "a, b and c".
func and(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// keysByCount lists the keys of counts, the largest first.
func keysByCount(counts map[string]int) []string {
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if a, b := counts[keys[i]], counts[keys[j]]; a != b {
			return a > b
		}
		return keys[i] < keys[j]
	})
	return keys
}

// countList is "Observation 310, Condition 21".
func countList(counts map[string]int) string {
	var parts []string
	for _, k := range keysByCount(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", k, counts[k]))
	}
	return strings.Join(parts, ", ")
}

// command shows a command to type next.
func (a *app) command(line, what string) {
	if !a.quiet && !a.json {
		fmt.Fprintf(a.stderr, "  %-44s  %s\n", line, what)
	}
}
