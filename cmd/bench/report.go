package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report collects what was measured: blocks of Markdown by name, plots, and how
// each target was met.
type report struct {
	blocks map[string]string
	plots  map[string][]byte
	goals  []goal
}

// goal is one target.
type goal struct {
	what, target, measured string
	met                    bool
}

func newReport() *report { return &report{blocks: map[string]string{}, plots: map[string][]byte{}} }

// table appends a table to a block.
func (r *report) table(block string, head []string, rows [][]string) {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	line(rule)
	for _, cells := range rows {
		line(cells)
	}
	r.append(block, b.String())
}

// text appends a paragraph.
func (r *report) text(block, format string, args ...any) {
	r.append(block, fmt.Sprintf(format, args...)+"\n")
}

func (r *report) append(block, text string) {
	if r.blocks[block] != "" {
		r.blocks[block] += "\n"
	}
	r.blocks[block] += text
}

// plot appends a picture, for which alt says what is in it.
func (r *report) plot(block, name, alt string, p plot) {
	r.plots[name+".svg"] = p.svg()
	r.append(block, fmt.Sprintf("![%s](performance/%s.svg)\n", alt, name))
}

// goal notes a target.
func (r *report) goal(met bool, what, target, format string, args ...any) {
	r.goals = append(r.goals, goal{what, target, fmt.Sprintf(format, args...), met})
}

// summary is the table of targets.
func (r *report) summary(took time.Duration) {
	var rows [][]string
	for _, g := range r.goals {
		word := "met"
		if !g.met {
			word = "**missed**"
		}
		rows = append(rows, []string{g.what, g.target, g.measured, word})
	}
	r.table("targets", []string{"what", "target", "measured", ""}, rows)
	r.text("targets", "All of this document's figures are of one run, which took %s.", took.Round(time.Second))
}

const (
	blockBegin = "<!-- bench:%s -->"
	blockEnd   = "<!-- /bench -->"
)

func (r *report) print(w io.Writer) error {
	for _, name := range slices.Sorted(maps.Keys(r.blocks)) {
		if _, err := fmt.Fprintf(w, "## %s\n\n%s\n", name, r.blocks[name]); err != nil {
			return err
		}
	}
	return nil
}

// write puts the blocks where the document has their names, and the plots beside it.
func (r *report) write(path string) error {
	doc, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for name, text := range r.blocks {
		if doc, err = replace(doc, name, text); err != nil {
			return err
		}
	}
	folder := filepath.Join(filepath.Dir(path), "performance")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, picture := range r.plots {
		if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(path, doc, 0o644)
}

// replace puts text into the block of that name.
func replace(doc []byte, name, text string) ([]byte, error) {
	begin := fmt.Appendf(nil, blockBegin, name)
	before, rest, ok := bytes.Cut(doc, begin)
	_, after, closed := bytes.Cut(rest, []byte(blockEnd))
	if !ok || !closed {
		return nil, fmt.Errorf("the document has no block %s … %s", begin, blockEnd)
	}
	return slices.Concat(before, begin, []byte("\n"), []byte(text), []byte(blockEnd), after), nil
}

// ms is a duration as a table shows it.
func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f ms", v)
	case v < 100:
		return fmt.Sprintf("%.1f ms", v)
	}
	return thousands(v) + " ms"
}

func us(d time.Duration) string { return thousands(float64(d)/float64(time.Microsecond)) + " µs" }

func mb(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// thousands is a number with commas.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
