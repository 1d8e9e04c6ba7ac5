package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

// An export is a file. Whoever had it in their hands could write in it where entries are
// filed, and mend its checksums; these are of such exports.

// sickness is a Condition that the rules file as mental health, by its code.
const sickness = `"code":{"coding":[{"system":"http://snomed.info/sct","code":"58214004"}],"text":"schizophrenia"}`

// ada puts in who it is, and two Conditions: one that the rules file as sensitive, and
// one that they do not.
func (x *exporting) ada() {
	x.t.Helper()
	x.put("Patient/"+x.patient(), `{"resourceType":"Patient","id":"`+x.patient()+`","name":[{"text":"Ada Okonkwo"}],"birthDate":"1951-03-02"}`)
	me := `"subject":{"reference":"Patient/` + x.patient() + `"}`
	x.put("Condition/mind", `{"resourceType":"Condition","id":"mind",`+me+`,`+sickness+`}`)
	x.put("Condition/asthma", `{"resourceType":"Condition","id":"asthma",`+me+`,"code":{"text":"Asthma"}}`)
	x.filed(map[string]string{"Condition/mind": "mental-health", "Condition/asthma": "conditions"})
}

// filed checks where entries are.
func (x *exporting) filed(want map[string]string) {
	x.t.Helper()
	is := x.sections()
	for ref, section := range want {
		if !strings.HasPrefix(is[ref], section+",") {
			x.t.Errorf("%s is in %s, and should be in %s", ref, is[ref], section)
		}
	}
}

// ward lets a ward read conditions.
func (x *exporting) ward() {
	x.t.Helper()
	_, err := x.u.Grant(x.t.Context(), holder.GrantRequest{To: grant.Party{Name: "Ward 7"}, Sections: grant.With(record.SectionsOf(record.Conditions)), Purpose: "TREAT",
		Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}})
	must(x.t, err)
}

// tampered is a copy of an export with other sections, and a manifest that fits.
func tampered(t *testing.T, dir string, to map[string]string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	must(t, os.CopyFS(out, os.DirFS(dir)))
	path := filepath.Join(out, "sections.json")
	b, err := os.ReadFile(path)
	must(t, err)
	var text strings.Builder
	for line := range strings.Lines(string(b)) {
		for ref, section := range to {
			if strings.Contains(line, `"`+ref+`"`) {
				_, after, _ := strings.Cut(line, `"section":"`)
				was, _, _ := strings.Cut(after, `"`)
				line = strings.Replace(line, `"section":"`+was+`"`, `"section":"`+section+`","moved":true`, 1)
			}
		}
		text.WriteString(line)
	}
	if text.String() == string(b) {
		t.Fatal("nothing was changed")
	}
	must(t, os.WriteFile(path, []byte(text.String()), 0o600))
	path = filepath.Join(out, "manifest.json")
	b, err = os.ReadFile(path)
	must(t, err)
	var manifest map[string]any
	must(t, json.Unmarshal(b, &manifest))
	for _, f := range manifest["files"].([]any) {
		file := f.(map[string]any)
		content, err := os.ReadFile(filepath.Join(out, file["name"].(string)))
		must(t, err)
		sum := sha256.Sum256(content)
		file["size"], file["sha256"] = len(content), hex.EncodeToString(sum[:])
	}
	b, err = json.MarshalIndent(manifest, "", " ")
	must(t, err)
	must(t, os.WriteFile(path, b, 0o600))
	return out
}

// alone runs the program without --yes, and without a terminal.
func (x *exporting) alone(args ...string) (int, string) {
	var said bytes.Buffer
	b := *x.app
	b.stdout, b.stderr, b.stdin = &said, &said, nil
	code := b.run(x.t.Context(), append(args, "--state", x.state, "--passphrase-file", x.passphraseFile))
	return code, said.String()
}

// TestTamperedExportMovesNothing: where entries are that were in the record before an
// import, no export decides, also one that calls itself the source they are from.
func TestTamperedExportMovesNothing(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	b.ward()
	evil := tampered(t, a.path("out"), map[string]string{"Condition/mind": "conditions", "Condition/asthma": "private"})
	before := b.sections()
	code, said := b.alone("import", evil)
	if code != exitDone || strings.Contains(said, "again filed") || !strings.Contains(said, "Condition/mind: mental-health; in the export conditions, where Ward 7 would read it") {
		t.Errorf("%d: %s", code, said)
	}
	equalMaps(t, "sections", before, b.sections())
	b.command(exitDone, "import", evil)
	equalMaps(t, "sections with --yes", before, b.sections())
	// Into the record it is of, as well.
	before = a.sections()
	a.command(exitDone, "import", evil)
	equalMaps(t, "sections of its own record", before, a.sections())
}

// TestTamperedExportIsAsked: what calls itself the rest of an import writes over nothing
// without a question.
func TestTamperedExportIsAsked(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	a.put("Condition/asthma", `{"resourceType":"Condition","id":"asthma","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"None"}}`)
	a.command(exitDone, "export", a.path("later"))
	was := func(dir string) string {
		b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		must(t, err)
		var m struct{ Time string }
		must(t, json.Unmarshal(b, &m))
		return m.Time
	}
	if now, then := was(a.path("later")), was(a.path("out")); now != then { // with that it is of the same name
		rewrite(t, a.path("later"), "manifest.json", now, then)
	}
	before := b.versions()
	if code, said := b.alone("import", a.path("later")); code != exitLocked || !strings.Contains(said, "1 of its entries is in this record already") {
		t.Errorf("%d: %s", code, said)
	}
	equalMaps(t, "versions", before, b.versions())
}

// TestTamperedExportOpensNothing: what an export brings may be filed more strictly than
// the rules would, and more widely only when the person was asked; --yes is no answer.
func TestTamperedExportOpensNothing(t *testing.T) {
	for name, c := range map[string]struct {
		shared bool
		says   string
	}{
		"a ward would read it": {true, "where Ward 7 would read it"},
		"a later grant might":  {false, "Condition/mind: mental-health; in the export conditions"},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newExporting(t), newExporting(t)
			a.ada()
			a.command(exitDone, "export", a.path("out"))
			evil := tampered(t, a.path("out"), map[string]string{"Condition/mind": "conditions", "Condition/asthma": "private"})
			b.put("Patient/"+b.patient(), `{"resourceType":"Patient","id":"`+b.patient()+`","name":[{"text":"Ada Okonkwo"}],"birthDate":"1951-03-02"}`)
			if c.shared {
				b.ward()
			}
			said := b.command(exitDone, "import", evil)
			for _, want := range []string{c.says, "1 entry is filed by this server's rules and not as in the export", "carehold move Condition/mind --to conditions"} {
				if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			want := map[string]string{"Condition/mind": "mental-health", "Condition/asthma": "private"}
			b.filed(want)
			b.command(exitDone, "import", evil)
			b.filed(want)
			if said := b.command(exitDone, "import", "--json", tampered(t, evil, map[string]string{"Condition/asthma": "conditions"})); strings.Contains(said, `"moved":true`) {
				t.Error(said)
			}
			b.filed(want)
		})
	}
	t.Run("json", func(t *testing.T) {
		a, b := newExporting(t), newExporting(t)
		a.ada()
		a.command(exitDone, "export", a.path("out"))
		b.ward()
		said := b.command(exitDone, "import", "--json", tampered(t, a.path("out"), map[string]string{"Condition/mind": "conditions"}))
		if !strings.Contains(said, `"ref":"Condition/mind","section":"mental-health","moved":false,"gains":[{`) {
			t.Error(said)
		}
		b.filed(map[string]string{"Condition/mind": "mental-health"})
	})
}

// TestExportOpensAgain: what the person filed by hand more widely than the rules do is so
// again in an empty record, where nobody gains by it, also when the import was cut off.
func TestExportOpensAgain(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	for ref, to := range map[string]record.Section{"mind": record.Conditions, "asthma": record.Private} {
		_, err := a.u.session.Move(t.Context(), fhir.Ref{Type: "Condition", ID: ref}, to)
		must(t, err)
	}
	a.command(exitDone, "export", a.path("out"))
	said := b.command(exitDone, "import", a.path("out"))
	if !strings.Contains(said, "2 entries are again filed where you had them") || strings.Contains(said, "warning") {
		t.Error(said)
	}
	sameRecord(t, a, b)
	if said := b.command(exitDone, "import", a.path("out")); !strings.Contains(said, "nothing was added") || strings.Contains(said, "not moved") {
		t.Error(said)
	}
}

// TestManyWider: all are counted, and as many named as somebody can look at.
func TestManyWider(t *testing.T) {
	var said bytes.Buffer
	a := quietApp()
	a.stderr, a.quiet = &said, false
	x := &exportImport{}
	for i := range mostNamed + 3 {
		x.left = append(x.left, entryMove{ref: fhir.Ref{Type: "Condition", ID: fmt.Sprint(i)}, from: record.MentalHealth, to: record.Conditions})
	}
	must(t, a.showFiling(x))
	if n := strings.Count(said.String(), "in the export conditions"); n != mostNamed || !strings.Contains(said.String(), "and 3 more") || !strings.Contains(said.String(), fmt.Sprint(mostNamed+3, " entries are")) {
		t.Errorf("%d: %s", n, said.String())
	}
}
