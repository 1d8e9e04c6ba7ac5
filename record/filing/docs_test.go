package filing_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/filing"
)

var update = flag.Bool("update", false, "write the table in docs/filing.md anew")

const docs = "../../docs/filing.md"

// The table clinicians read is the table the program uses.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin: printed by go test ./record/filing -run TestDocs -update -->\n", "<!-- end -->\n"
	before, rest, ok1 := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("docs/filing.md has lost the marks around its table")
	}
	want := before + begin + page(filing.Rules()) + end + after
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(b) != want {
		t.Error("docs/filing.md is not what the program does: go test ./record/filing -run TestDocs -update")
	}
}

// page prints the table as Markdown.
func page(rules []filing.Rule) string {
	var b strings.Builder
	cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	kind := func(k filing.Kind, f func(filing.Rule)) {
		for _, r := range rules {
			if r.Kind == k {
				f(r)
			}
		}
	}

	b.WriteString("\n## 1. Labels\n\n| label | it says | section |\n|---|---|---|\n")
	kind(filing.ByLabel, func(r filing.Rule) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(r.Codes, " "), cell(r.When), r.Section)
	})
	b.WriteString("\n## 2. Codes\n")
	last := ""
	kind(filing.ByCode, func(r filing.Rule) {
		if r.Source != last {
			last = r.Source
			fmt.Fprintf(&b, "\n**Source:** %s.\n\n", r.Source)
		}
		fmt.Fprintf(&b, "- `%s` → **%s**, %s: %s\n", r.ID, r.Section, r.When, strings.Join(r.Codes, ", "))
	})
	b.WriteString("\n## 3. Words\n\n")
	kind(filing.ByWord, func(r filing.Rule) {
		fmt.Fprintf(&b, "- `%s` → **%s**, %s: %s\n", r.ID, r.Section, r.When, strings.Join(r.Codes, ", "))
	})
	b.WriteString("\n## 4. Categories, among the ordinary sections\n\nThe first row that fits decides.\n\n| rule | when | section | why |\n|---|---|---|---|\n")
	kind(filing.ByRefine, func(r filing.Rule) {
		fmt.Fprintf(&b, "| `%s` | %s (%s) | %s | %s |\n", r.ID, cell(r.When), cell(strings.Join(r.Codes, ", ")), r.Section, cell(r.Why))
	})
	b.WriteString("\n## 5. Types\n\n| section | type | why |\n|---|---|---|\n")
	for _, s := range record.Sections() {
		kind(filing.ByType, func(r filing.Rule) {
			if r.Section == s {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", s, r.When, cell(r.Why))
			}
		})
	}
	b.WriteString("\n## 6. Entries that go with others\n\n| rule | when | why |\n|---|---|---|\n")
	kind(filing.ByRelation, func(r filing.Rule) { fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.ID, cell(r.When), cell(r.Why)) })
	b.WriteString("\n")
	return b.String()
}
