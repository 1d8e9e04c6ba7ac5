package web

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"carehold/record/qr"
)

// The page draws its own QR codes, so that no server sees the key in a link. They are,
// dot for dot, those that record/qr makes, which a reader of others has read: of each
// version, at its longest and its shortest, and of a link.
func TestQR(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CAREHOLD_NO_SKIP") == "1" {
			t.Fatal(err)
		}
		t.Skip("no node in PATH: the page's QR codes are drawn by JavaScript")
	}
	// How many bytes fit at level M, for versions 1 to 25 (ISO/IEC 18004 Table 7).
	most := []int{14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997}
	texts := []string{"a", "https://record.example.org/v#shlink:/" + strings.Repeat("eyJ1cmwiOiJodHRwczovL3Jl", 10)}
	for _, n := range most {
		texts = append(texts, strings.Repeat("Carehold ~", 100)[:n], strings.Repeat("z", min(n+1, 997)))
	}
	script, err := os.ReadFile("ui/qr.mjs") // read, so that a changed script is not answered from the cache
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "--input-type=module", "-e", string(script)+`
let text = ""
for await (const part of process.stdin) text += part
const refused = ["", "é", "z".repeat(998)].map(t => { try { modules(t); return false } catch { return true } })
console.log(JSON.stringify({ refused, codes: JSON.parse(text).map(t => modules(t).map(row => row.map(Number).join(""))) }))`)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Refused []bool
		Codes   [][]string
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		want, err := qr.Text(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Codes[i]; len(got) != want.Size() {
			t.Errorf("%d letters: %d modules on a side, want %d", len(text), len(got), want.Size())
			continue
		}
	rows:
		for y, row := range out.Codes[i] {
			for x, c := range row {
				if (c == '1') != want.Dark(x, y) {
					t.Errorf("%d letters: another code, first at row %d, column %d", len(text), y, x)
					break rows
				}
			}
		}
	}
	for i, refused := range out.Refused {
		if !refused {
			t.Errorf("text %d that no code can hold, or that readers disagree about, was drawn", i)
		}
	}
}
