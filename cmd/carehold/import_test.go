package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/sample"
)

// TestInterruptedImport: a Ctrl-C is heard between two pieces, says how to go
// on, and going on brings the rest and nothing twice.
func TestInterruptedImport(t *testing.T) {
	a, _ := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	source, err := readSource(bytes.NewReader(sample.Sources()[0].Bundle), "gp")
	if err != nil {
		t.Fatal(err)
	}
	const piece = 200
	im := &importer{unlocked: u, most: piece}
	if err := im.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := im.source(interrupted, source, false)
	if err == nil || exitCode(interrupted, err) != exitInterrupted {
		t.Fatalf("error %v, code %d", err, exitCode(interrupted, err))
	}
	if report.New != piece {
		t.Errorf("%d entries are in, want one piece", report.New)
	}
	if hint := a.hintOf(exitInterrupted, err); !strings.Contains(hint, "goes on") || !strings.Contains(hint, report.ID.String()) {
		t.Errorf("hint: %s", hint)
	}
	if err := im.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	rest, err := im.source(t.Context(), source, false)
	if err != nil {
		t.Fatal(err)
	}
	total := len(source.bundles[0].Entries)
	if rest.Same != piece || rest.New != total-piece || rest.Changed != 0 {
		t.Errorf("then %d new, %d changed, %d there already, of %d", rest.New, rest.Changed, rest.Same, total)
	}
}

// TestImportIsWhole: what came together is filed together. The counsellor is
// named by therapy notes alone, and so is not for everyone who has a grant; the
// dry run and the import say the same.
func TestImportIsWhole(t *testing.T) {
	a, _ := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	source, err := readSource(bytes.NewReader(sample.Sources()[0].Bundle), "gp")
	if err != nil {
		t.Fatal(err)
	}
	im := &importer{unlocked: u}
	if err := im.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	said, err := im.source(t.Context(), source, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.source(t.Context(), source, false); err != nil {
		t.Fatal(err)
	}
	list, err := u.session.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range list {
		got[e.Section]++
	}
	if !maps.Equal(got, said.Sections) {
		t.Errorf("filed as\n%v\nand the dry run said\n%v", got, said.Sections)
	}
}

// TestRefusedEntryIsLeftOut: one entry that the server refuses is reported with
// its reason, and everything else is imported all the same.
func TestRefusedEntryIsLeftOut(t *testing.T) {
	a, _ := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	im := &importer{unlocked: u}
	if err := im.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	var changes []change.Change
	for i, about := range []string{im.patient, "somebody-else", im.patient, "another"} {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Goal","id":"g%d","lifecycleStatus":"active","description":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, i, about), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change.Change{Index: i, Verb: change.Update, Ref: fhir.Ref{Type: "Goal", ID: r.ID()}, Resource: r})
	}
	r := imported{ID: crypto.RandomID(), Source: "test"}
	if err := im.send(t.Context(), &r, changes); err != nil {
		t.Fatal(err)
	}
	if r.New != 2 || len(r.Refused) != 2 || r.Refused[0].Ref.ID != "g1" || r.Refused[1].Ref.ID != "g3" ||
		!strings.Contains(r.Refused[0].Reason, "another person") {
		t.Errorf("%d new, refused %+v", r.New, r.Refused)
	}
}

// TestImportOfSomebodyElse: a file about another person is refused, whatever is
// answered to "is that you?".
func TestImportOfSomebodyElse(t *testing.T) {
	a, _ := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	patient := func(name, born string) importSource {
		s, err := readSource(strings.NewReader(`{"resourceType":"Patient","id":"p","name":[{"text":"`+name+`"}],"birthDate":"`+born+`"}`), name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	im := &importer{unlocked: u}
	for i, s := range []importSource{patient("Ann Lee", "1950-01-01"), patient("Tom Fox", "1961-02-02")} {
		if err := im.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := im.source(t.Context(), s, false)
		if refused := err != nil; refused != (i == 1) {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

// TestImportOfTwoPeopleAtOnce: the first source of a command says who the record
// is about, and the second is held to that.
func TestImportOfTwoPeopleAtOnce(t *testing.T) {
	a, dir := enrolled(t)
	files := []string{"import", "--yes", "--state", filepath.Join(dir, "device.json"), "--passphrase-file", a.passphraseFile}
	for _, p := range []string{"Ann Lee,1950-01-01", "Tom Fox,1961-02-02"} {
		name, born, _ := strings.Cut(p, ",")
		path := filepath.Join(dir, name+".json")
		if err := os.WriteFile(path, []byte(`{"resourceType":"Patient","id":"p","name":[{"text":"`+name+`"}],"birthDate":"`+born+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	var said bytes.Buffer
	a.stderr = &said
	if code := a.run(t.Context(), files); code == exitDone || !strings.Contains(said.String(), "Tom Fox") {
		t.Errorf("ended with %d: %s", code, said.String())
	}
}

// TestUpdatePersonAfterACorrection: whoever asks for a source's own details gets
// them, also when they were corrected by hand or by somebody with a grant since; who
// does not ask keeps the correction.
func TestUpdatePersonAfterACorrection(t *testing.T) {
	a, dir := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	req := holder.GrantRequest{To: grant.Party{Name: "Sam"}, Sections: record.AllSections, Purpose: "TREAT",
		Scopes: []grant.Scope{{Type: "*", Verbs: grant.Create | grant.Read | grant.Update | grant.Delete | grant.Search}}}
	sam, err := u.Grant(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	const file = `{"resourceType":"Bundle","type":"collection","entry":[
		{"resource":{"resourceType":"Patient","id":"p","name":[{"text":"Ann Lee"}],"birthDate":"1950-01-01"}},
		{"resource":{"resourceType":"Organization","id":"o","name":"Mill Lane"}}]}`
	path := filepath.Join(dir, "gp.json")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		var out, said bytes.Buffer
		b := *a
		b.stdout, b.stderr = &out, &said
		if code := b.run(t.Context(), append(args, "--yes", "--state", a.state, "--passphrase-file", a.passphraseFile)); code != exitDone {
			t.Fatalf("%v ended with %d: %s", args, code, said.String())
		}
		return out.String() + said.String()
	}
	name := func() string {
		t.Helper()
		patient, err := u.session.Patient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := u.session.Read(t.Context(), fhir.Ref{Type: "Patient", ID: patient})
		if err != nil {
			t.Fatal(err)
		}
		return summarize(b).Title
	}
	correct := func(token, to string) {
		t.Helper()
		patient, err := u.session.Patient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		body := `{"resourceType":"Patient","id":"` + patient + `","name":[{"text":"` + to + `"}],"birthDate":"1950-01-01"}`
		r, err := http.NewRequestWithContext(t.Context(), "PUT", u.client.Base()+"/fhir/Patient/"+patient, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/fhir+json")
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK || name() != to {
			t.Fatalf("%s, and the name is %s: %s", answer.Status, name(), said)
		}
	}
	run("import", path)
	for _, by := range []struct{ who, token string }{{"themselves", u.token}, {"somebody with a grant", sam.Token}} {
		correct(by.token, "Anne Lee")
		if out := run("import", path); name() != "Anne Lee" || !strings.Contains(out, "nothing was added; all 2 entries were there already") {
			t.Errorf("corrected by %s, imported again: %s, %s", by.who, name(), out)
		}
		if out := run("import", path, "--update-person"); name() != "Ann Lee" || !strings.Contains(out, "gp: 1 changed, 1 there already") ||
			!strings.Contains(out, "That is a change of your own") || strings.Contains(out, "imports undo") {
			t.Errorf("corrected by %s, asked for: %s, %s", by.who, name(), out)
		}
		if out := run("import", path, "--update-person"); name() != "Ann Lee" || !strings.Contains(out, "nothing was added; all 2 entries were there already") {
			t.Errorf("corrected by %s, asked for again: %s, %s", by.who, name(), out)
		}
	}
}

// TestSurelyThem: who is not asked about, and who is.
func TestSurelyThem(t *testing.T) {
	const nhs = `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"%s"}],`
	own, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p",`+nhs+`"name":[{"text":"Ann Lee"}],"birthDate":"1950-01-01"}`, "900 000 0009"), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name, born, nhs string
		want            bool
	}{
		{"A. Lee", "", "9000000009", true},
		{"ann lee", "1950-01-01", "", true},
		{"Ann Lee", "1950", "", false},
		{"Ann Lee", "", "", false},
		{"Ann Fox", "1950-01-01", "", false},
		{"", "", "", false},
	} {
		p := change.PatientSummary{Name: x.name, BirthDate: x.born, NHSNumber: x.nhs}
		if got := p.Surely(own); got != x.want {
			t.Errorf("%+v: %v", x, got)
		}
		if p.Surely(nil) {
			t.Errorf("%+v: sure, without anybody to compare with", x)
		}
	}
}

// enrolled is a run of the program for a person whose record is on a server of
// its own.
func enrolled(t *testing.T) (*app, string) {
	t.Helper()
	dir := t.TempDir()
	d := &demo{app: quietApp(), ctx: t.Context(), dir: dir}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://127.0.0.1:" + port
	must := func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	must(d.quietly(d.sub(nil), "init", "--data", d.path("server")))
	must("", d.serveAgain())
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	invite := must(d.quietly(d.sub(nil), "invite", "--data", d.path("server"), "--socket", d.path("carehold.sock")))
	must("", os.WriteFile(d.path("invite.txt"), []byte(invite), 0o600))
	must("", os.WriteFile(d.path("passphrase.txt"), []byte(demoPassphrase), 0o600))
	must(d.quietly(d.sub(nil), "enrol", "--server", d.url, "--invite-file", d.path("invite.txt"), "--recovery-out", d.path("recovery.txt"),
		"--state", d.path("device.json"), "--passphrase-file", d.path("passphrase.txt")))
	a := d.sub(&bytes.Buffer{})
	a.state, a.passphraseFile = filepath.Join(dir, "device.json"), d.path("passphrase.txt")
	return a, dir
}
