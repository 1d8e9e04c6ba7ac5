package qr_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carehold/record/qr"
)

// modules writes a code as rows of 0 and 1.
func modules(c *qr.Code) string {
	var s strings.Builder
	for y := range c.Size() {
		for x := range c.Size() {
			if c.Dark(x, y) {
				s.WriteByte('1')
			} else {
				s.WriteByte('0')
			}
		}
		s.WriteByte('\n')
	}
	return s.String()
}

// TestAgainstQrcodegen: the codes are those of another implementation, module for
// module, and so is the mask.
func TestAgainstQrcodegen(t *testing.T) {
	b, err := os.ReadFile("testdata/qrcodegen.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Codes []struct {
			Name, Text, Card      string
			Repeat, Version, Mask int
			SHA256                []string
		}
	}
	if err := json.Unmarshal(b, &v); err != nil || len(v.Codes) < 8 {
		t.Fatal(err, len(v.Codes))
	}
	for _, want := range v.Codes {
		text := want.Text + strings.Repeat("x", want.Repeat)
		c, err := qr.Text(text)
		if want.Card != "" {
			c, err = qr.Card(want.Card)
		}
		if err != nil {
			t.Errorf("%s: %v", want.Name, err)
			continue
		}
		hash := sha256.Sum256([]byte(modules(c)))
		if mask := slices.Index(want.SHA256, hex.EncodeToString(hash[:])); mask != want.Mask || c.Size() != 17+4*want.Version {
			t.Errorf("%s: mask %d, size %d; want mask %d, version %d", want.Name, mask, c.Size(), want.Mask, want.Version)
		}
	}
}

// TestTooLong: the last that fits, and the first that does not (ISO/IEC 18004, table
// 7; SHC, "Health Cards as QR Codes": 1,195 letters in version 22).
func TestTooLong(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() (*qr.Code, error)
		size int // 0: refused
	}{
		{"bytes, 2331", func() (*qr.Code, error) { return qr.Text(strings.Repeat("x", 2331)) }, 177},
		{"bytes, 2332", func() (*qr.Code, error) { return qr.Text(strings.Repeat("x", 2332)) }, 0},
		{"capitals, 3391", func() (*qr.Code, error) { return qr.Text(strings.Repeat("X", 3391)) }, 177},
		{"capitals, 3392", func() (*qr.Code, error) { return qr.Text(strings.Repeat("X", 3392)) }, 0},
		{"digits, 5596", func() (*qr.Code, error) { return qr.Text(strings.Repeat("5", 5596)) }, 177},
		{"digits, 5597", func() (*qr.Code, error) { return qr.Text(strings.Repeat("5", 5597)) }, 0},
		{"card, 1195", func() (*qr.Code, error) { return qr.Card(strings.Repeat("a", 1195)) }, 105},
		{"card, 1196", func() (*qr.Code, error) { return qr.Card(strings.Repeat("a", 1196)) }, 0},
		{"no text", func() (*qr.Code, error) { return qr.Text("") }, 0},
		{"no card", func() (*qr.Code, error) { return qr.Card("") }, 0},
		{"not ASCII", func() (*qr.Code, error) { return qr.Text("é") }, 0},
		{"two lines", func() (*qr.Code, error) { return qr.Text("a\nb") }, 0},
		{"a card with a comma", func() (*qr.Code, error) { return qr.Card("a,b") }, 0},
		{"a card with a brace", func() (*qr.Code, error) { return qr.Card("a{b") }, 0},
	} {
		code, err := c.make()
		if (err == nil) != (c.size > 0) || err == nil && code.Size() != c.size {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// read turns what is shown back into modules, with the light ones around.
func read(lines []string, dark map[rune][2]bool) (rows []string) {
	for _, line := range lines {
		var upper, lower strings.Builder
		for _, r := range line {
			d, ok := dark[r]
			if !ok {
				panic(fmt.Sprintf("%q is no half block", r))
			}
			for i, s := range []*strings.Builder{&upper, &lower} {
				s.WriteByte("01"[map[bool]int{false: 0, true: 1}[d[i]]])
			}
		}
		rows = append(rows, upper.String(), lower.String())
	}
	return rows
}

// TestShown: the terminal, the plain text for both grounds and the SVG all show the
// same modules, with four light ones on each side, whatever is around them.
func TestShown(t *testing.T) {
	c, err := qr.Text("shlink:/eyJ1cmwiOiJodHRwczovL2EuZXhhbXBsZSJ9")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	blank := strings.Repeat("0", c.Size()+8)
	for range 4 {
		want = append(want, blank)
	}
	for row := range strings.Lines(modules(c)) {
		want = append(want, "0000"+strings.TrimSpace(row)+"0000")
	}
	for range 4 {
		want = append(want, blank)
	}
	same := func(name string, got []string) {
		t.Helper()
		if len(got) == len(want)+1 && !strings.Contains(got[len(want)], "1") {
			got = got[:len(want)] // an odd number of rows leaves half a line, light
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	ink := map[rune][2]bool{' ': {false, false}, '▄': {false, true}, '▀': {true, false}, '█': {true, true}} // what is drawn is dark
	light := map[rune][2]bool{' ': {true, true}, '▄': {true, false}, '▀': {false, true}, '█': {false, false}}
	lines := func(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

	same("light ground", read(lines(c.Plain(false)), ink))
	same("dark ground", read(lines(c.Plain(true)), light))
	var bare []string
	for _, line := range lines(c.Terminal()) {
		inner, ok := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
		inner, end := strings.CutSuffix(inner, "\x1b[0m")
		if !ok || !end {
			t.Fatalf("%q does not set both colours, or leaves them set", line)
		}
		bare = append(bare, inner)
	}
	same("terminal", read(bare, ink))

	svg := string(c.SVG(`<script>"x"&`))
	var parsed struct {
		Box   string `xml:"viewBox,attr"`
		Width int    `xml:"width,attr"`
		High  int    `xml:"height,attr"`
		Title string `xml:"title"`
		Rect  struct {
			Width, Height int
			Fill          string `xml:"fill,attr"`
			W             int    `xml:"width,attr"`
			H             int    `xml:"height,attr"`
		} `xml:"rect"`
		Path struct {
			D    string `xml:"d,attr"`
			Fill string `xml:"fill,attr"`
		} `xml:"path"`
	}
	// A program that draws it at the size that it says gives one that can be scanned.
	if err := xml.Unmarshal([]byte(svg), &parsed); err == nil && (parsed.Width < 300 || parsed.Width != parsed.High || parsed.Width%(c.Size()+8) != 0 || parsed.Width/(c.Size()+8) < 4) {
		t.Errorf("%d by %d pixels", parsed.Width, parsed.High)
	}
	if err := xml.Unmarshal([]byte(svg), &parsed); err != nil {
		t.Fatal(err)
	}
	side := c.Size() + 8
	if parsed.Box != fmt.Sprintf("0 0 %d %d", side, side) || parsed.Title != `<script>"x"&` || parsed.Rect.Fill != "#fff" || parsed.Rect.W != side || parsed.Rect.H != side || parsed.Path.Fill != "#000" {
		t.Errorf("%+v", parsed)
	}
	if strings.Count(svg, "<path") != 1 || regexp.MustCompile(`(?i)<script|href|style|url\(|\son`).MatchString(svg) {
		t.Error(svg)
	}
	grid := make([][]byte, side)
	for y := range grid {
		grid[y] = []byte(blank)
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(parsed.Path.D, -1) {
		var x, y, w, back int
		fmt.Sscan(strings.Join(m[1:], " "), &x, &y, &w, &back)
		if w != back {
			t.Fatal(m)
		}
		for i := range w {
			grid[y][x+i] = '1'
		}
	}
	var rows []string
	for _, row := range grid {
		rows = append(rows, string(row))
	}
	same("SVG", rows)
}

// FuzzText: nothing panics; what is taken is drawn with its three corners.
func FuzzText(f *testing.F) {
	f.Add("shlink:/eyJ", false)
	f.Add("0123456789", true)
	f.Add(strings.Repeat("X", 3391), false)
	f.Fuzz(func(t *testing.T, text string, card bool) {
		c, err := qr.Text(text)
		if card {
			c, err = qr.Card(text)
		}
		if err != nil {
			return
		}
		n := c.Size() - 7
		for _, at := range [][2]int{{0, 0}, {n, 0}, {0, n}} {
			for i := range 7 {
				if !c.Dark(at[0]+i, at[1]) || !c.Dark(at[0], at[1]+i) || c.Dark(at[0]+1, at[1]+1) || !c.Dark(at[0]+3, at[1]+3) {
					t.Fatalf("no corner at %v", at)
				}
			}
		}
	})
}
