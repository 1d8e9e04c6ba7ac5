package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/sample"
	"carehold/record/testdata"
)

// exporting is a person with a record on a server of its own, for tests that take it
// out and put it in.
type exporting struct {
	*app
	t   *testing.T
	dir string
	u   *unlocked
	id  string
}

func newExporting(t *testing.T) *exporting {
	t.Helper()
	a, dir := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	id, err := u.session.Patient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &exporting{a, t, dir, u, id}
}

// command runs the program, which must end with the code.
func (x *exporting) command(code int, args ...string) string {
	x.t.Helper()
	return x.within(x.t.Context(), code, args...)
}

func (x *exporting) within(ctx context.Context, code int, args ...string) string {
	x.t.Helper()
	var out, said bytes.Buffer
	b := *x.app
	b.stdout, b.stderr = &out, &said
	if got := b.run(ctx, append(args, "--yes", "--state", x.state, "--passphrase-file", x.passphraseFile)); got != code {
		x.t.Fatalf("%v ended with %d: %s", args, got, said.String())
	}
	return out.String() + said.String()
}

func (x *exporting) path(name string) string { return filepath.Join(x.dir, name) }

// send makes a request as a client would.
func (x *exporting) send(token, method, path, typ string, body []byte) []byte {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), method, x.u.client.Base()+"/fhir/"+path, bytes.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", typ)
	r.Header.Set("Accept", "application/fhir+json")
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		x.t.Fatalf("%s %s: %s %s", method, path, answer.Status, b)
	}
	return b
}

func (x *exporting) put(path, body string) {
	x.t.Helper()
	x.send(x.u.token, "PUT", path, "application/fhir+json", []byte(body))
}

func (x *exporting) patient() string { return x.id }

// sections are where the entries are filed, and in which version they are.
func (x *exporting) sections() map[string]string {
	x.t.Helper()
	list, err := x.u.session.Entries(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range list {
		if !carried(e.ID) {
			out[strings.ReplaceAll(e.Type+"/"+e.ID, x.patient(), "THE-PATIENT")] = fmt.Sprintf("%s, version %d, deleted %v", e.Section, e.Version, e.Deleted)
		}
	}
	return out
}

func carried(id string) bool { return strings.HasPrefix(id, "carried-") }

// handmade is a record with everything that is hard to carry.
func handmade(t *testing.T) *exporting {
	t.Helper()
	x := newExporting(t)
	for _, s := range sample.Sources() {
		if err := os.WriteFile(x.path(s.Name+".json"), s.Bundle, 0o600); err != nil {
			t.Fatal(err)
		}
		x.command(exitDone, "import", x.path(s.Name+".json"))
	}
	me := `"subject":{"reference":"Patient/` + x.patient() + `"}`
	condition := func(id, text string) {
		x.put("Condition/"+id, `{"resourceType":"Condition","id":"`+id+`",`+me+`,"code":{"text":"`+text+`"}}`)
	}
	remove := func(ref string) { x.send(x.u.token, "DELETE", ref, "application/fhir+json", nil) }
	condition("several", "Asthma")
	condition("several", "Asthma, mild")
	condition("several", "Asthma, moderate")
	condition("there-and-back", "A")
	condition("there-and-back", "B")
	condition("there-and-back", "A")
	condition("gone", "A mistake")
	remove("Condition/gone")
	condition("gone-and-back", "Eczema")
	remove("Condition/gone-and-back")
	condition("gone-and-back", "Eczema again")
	condition("gone-and-back", "Eczema, again")
	remove("Condition/gone-and-back")
	condition("hidden", "Nobody's business")
	// As other systems write JSON: in lines, with tabs.
	x.put("Observation/indented", "{\r\n\t\"resourceType\" : \"Observation\",\r\n\t\"id\" : \"indented\",\n \"status\":\"final\", "+me+",\r\n\t\"code\" : { \"text\" : \"tab\\tand \\u2028 line\" },\n\n\"valueQuantity\":{\"value\":7.10}}")
	x.put("Observation/about-a-version", `{"resourceType":"Observation","id":"about-a-version","status":"final","subject":{"reference":"Patient/`+x.patient()+`/_history/1"},"code":{"text":"Weight"},"note":[{"text":"see Patient/`+`abc"}]}`)

	// Somebody with a grant writes too.
	nurse, err := x.u.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "Nurse Joy"}, Sections: record.AllSections, Purpose: "TREAT",
		Scopes: []grant.Scope{{Type: "*", Verbs: grant.Create | grant.Read | grant.Update | grant.Delete | grant.Search}}})
	if err != nil {
		t.Fatal(err)
	}
	x.send(nurse.Token, "PUT", "Observation/by-the-nurse", "application/fhir+json", []byte(`{"resourceType":"Observation","id":"by-the-nurse","status":"final",`+me+`,"code":{"text":"Temperature"}}`))
	x.send(nurse.Token, "PUT", "Condition/several", "application/fhir+json", []byte(`{"resourceType":"Condition","id":"several",`+me+`,"code":{"text":"Asthma, says the nurse"}}`))

	// Documents: large, small, in the entry, older; hostile; under names that are none.
	random := rand.NewChaCha8([32]byte{1})
	some := func(n int) []byte { b := make([]byte, n); _, _ = random.Read(b); return b }
	letter := func(id, title, url string) {
		name, _ := json.Marshal(title)
		x.put("DocumentReference/"+id, `{"resourceType":"DocumentReference","id":"`+id+`","status":"current",`+me+`,"content":[{"attachment":{"contentType":"application/pdf","url":"`+url+`","title":`+string(name)+`}}]}`)
	}
	for range 2 { // the first becomes an older version
		x.send(x.u.token, "PUT", "Binary/large", "application/pdf", some(3<<20))
	}
	letter("letter", "Entlassbrief: Müller/Ärztin", "Binary/large")
	for i, title := range []string{"../../etc/passwd", "CON", "Scan", "SCAN", "scan", "тест\u202egpj.exe", strings.Repeat("long ", 60), ".hidden", "nul.pdf"} {
		x.send(x.u.token, "PUT", fmt.Sprintf("Binary/raw-%d", i), "application/pdf", some(1000+i))
		letter(fmt.Sprintf("letter-%d", i), title, fmt.Sprintf("Binary/raw-%d", i))
	}
	for i := range 8 { // more than a server takes at a time
		x.send(x.u.token, "PUT", fmt.Sprintf("Binary/apart-%d", i), "image/jpeg", some(300_000+i))
		letter(fmt.Sprintf("apart-%d", i), fmt.Sprintf("Picture %d", i), fmt.Sprintf("Binary/apart-%d", i))
	}
	x.send(x.u.token, "PUT", "Binary/hostile", "text/html", []byte("<script>alert(1)</script>"))
	x.put("Binary/inline", "{\"resourceType\":\"Binary\",\"id\":\"inline\",\n\"data\" : \""+base64.StdEncoding.EncodeToString(some(10_000))+"\" ,\n\t\"contentType\":\"image/png\"}")
	x.put("Binary/inline-large", "{\"resourceType\":\"Binary\",\"id\":\"inline-large\",\n \"contentType\":\"image/jpeg\" ,\n\t\"data\" : \""+base64.StdEncoding.EncodeToString(some(500_000))+"\"\n}")
	x.put("Binary/both", "{\"resourceType\":\"Binary\",\"id\":\"both\",\"contentType\":\"image/jpeg\",\"data\":\""+base64.StdEncoding.EncodeToString(some(400_000))+"\",\"_data\":{\"id\":\"d\"}}")
	x.put("DocumentReference/within", `{"resourceType":"DocumentReference","id":"within","status":"current",`+me+`,"description":"<b>Ärztebrief</b>","content":[{"attachment":{"contentType":"image/svg+xml","data":"`+base64.StdEncoding.EncodeToString(some(100_000))+`"}}]}`)

	for ref, body := range lettersWithin {
		typ, id, _ := strings.Cut(ref, "/")
		x.put(ref, `{"resourceType":"`+typ+`","id":"`+id+`",`+me+`,`+body+`}`)
	}

	for ref, to := range map[string]record.Section{"Condition/hidden": record.Private, "Condition/several": record.MentalHealth, "Binary/hostile": record.Safeguarding, "Observation/indented": record.AboutMe} {
		r, err := fhir.ParseRef(ref)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.u.session.Move(t.Context(), r, to); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// TestExportAndBack: what comes out of a record and goes into an empty one is the same
// record: each version byte for byte but for the Patient's id and the server's own
// meta, filed in the same sections, its documents the same bytes.
func TestExportAndBack(t *testing.T) {
	a := handmade(t)
	a.command(exitDone, "export", a.path("out"))
	if err := os.WriteFile(a.path("packed.zip"), zipOf(t, a.path("out")), 0o600); err != nil { // documents too
		t.Fatal(err)
	}
	b, c := newExporting(t), newExporting(t)
	b.command(exitDone, "import", a.path("out"))
	c.command(exitDone, "import", a.path("packed.zip"))
	for _, x := range []*exporting{b, c} {
		sameRecord(t, a, x)
		x.command(exitDone, "export", x.path("again"))
		sameExport(t, a.path("out"), x.path("again"))
	}
	toldOf(t, a, b)
	// Nothing twice: into itself, into the one it went to.
	for _, x := range []*exporting{a, b} {
		before := x.sections()
		if said := x.command(exitDone, "import", a.path("out")); !strings.Contains(said, "nothing was added") || strings.Contains(said, "sending") {
			t.Errorf("again: %s", said)
		}
		equalMaps(t, "sections after importing it again", before, x.sections())
	}
}

// toldOf: who wrote which version, and when, is known in b as a knew it.
func toldOf(t *testing.T, a, b *exporting) {
	t.Helper()
	type who struct {
		Target   []struct{ Reference string }
		Recorded string
		Agent    []struct {
			Who struct{ Display, Reference string }
		}
		Entity []struct {
			Role string
			What struct{ Display string }
		}
	}
	read := func(x *exporting, is func(id string) bool) map[string]string {
		out := map[string]string{}
		err := x.u.session.Search(t.Context(), "Provenance", func(f client.Found) error {
			var p who
			if err := json.Unmarshal(f.Resource, &p); err != nil || !is(f.Ref.ID) {
				return err
			}
			said := p.Recorded + " by " + p.Agent[0].Who.Display
			for _, e := range p.Entity {
				if e.Role == "source" {
					said += " from " + e.What.Display
				}
			}
			for _, target := range p.Target {
				ref := strings.ReplaceAll(target.Reference, x.patient(), "THE-PATIENT")
				if out[ref] != "" {
					t.Errorf("%s is told of twice", ref)
				}
				out[ref] = said
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	was := read(a, func(id string) bool { return strings.HasPrefix(id, "pv-") })
	equalMaps(t, "who wrote what", was, read(b, carried))
	for ref, name := range map[string]string{"Observation/by-the-nurse/_history/1": "by Nurse Joy", "Condition/several/_history/4": "by Nurse Joy", "Condition/several/_history/1": "by the person themself", "Condition/gone/_history/2": "by the person themself"} {
		if !strings.HasSuffix(was[ref], name) {
			t.Errorf("%s: %s", ref, was[ref])
		}
	}
	for ref, said := range read(b, func(id string) bool { return strings.HasPrefix(id, "pv-") }) {
		if !strings.Contains(said, "from export of http://127.0.0.1") && was[ref] != "" && !strings.Contains(ref, "gone") {
			t.Errorf("%s here: %s", ref, said)
		}
	}
}

// TestExportAndBackSynthea is the same for Synthea's people.
func TestExportAndBackSynthea(t *testing.T) {
	people, err := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	if err != nil || len(people) == 0 {
		t.Fatal("no people", err)
	}
	if testing.Short() {
		people = people[:1]
	}
	for _, person := range people {
		t.Run(filepath.Base(person)[:6], func(t *testing.T) {
			a, b := newExporting(t), newExporting(t)
			a.command(exitDone, "import", person)
			a.command(exitDone, "export", a.path("out"))
			b.command(exitDone, "import", a.path("out"))
			sameRecord(t, a, b)
			b.command(exitDone, "export", b.path("again"))
			sameExport(t, a.path("out"), b.path("again"))
		})
	}
}

// sameRecord compares two records by what their servers say.
func sameRecord(t *testing.T, a, b *exporting) {
	t.Helper()
	equalMaps(t, "sections", a.sections(), b.sections())
	equalMaps(t, "versions", a.versions(), b.versions())
}

// versions are all versions of all entries, without what the server puts into them.
func (x *exporting) versions() map[string]string {
	x.t.Helper()
	list, err := x.u.session.Entries(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	out, types := map[string]string{}, map[string]bool{}
	for _, e := range list {
		types[e.Type] = true
	}
	for typ := range types {
		err := x.u.session.History(x.t.Context(), typ, func(v client.Version) (err error) {
			name := strings.ReplaceAll(fmt.Sprintf("%s/_history/%d", v.Ref, v.Version), x.patient(), "THE-PATIENT")
			switch {
			case carried(v.Ref.ID):
			case v.Deleted:
				out[name] = "deleted"
			case typ == "Binary": // all of it
				if v.Resource, err = x.u.session.VRead(x.t.Context(), v.Ref, v.Version); err != nil {
					return err
				}
				fallthrough
			default:
				out[name] = x.stripped(v.Resource)
			}
			return nil
		})
		if err != nil {
			x.t.Fatal(err)
		}
	}
	return out
}

func (x *exporting) stripped(b []byte) string {
	x.t.Helper()
	r, err := fhir.Parse(b, fhir.Limits{Bytes: 64 << 20})
	if err != nil {
		x.t.Fatal(err)
	}
	return strings.ReplaceAll(string(r.Stripped()), x.patient(), "THE-PATIENT")
}

// sameExport compares two exports, line by line and file by file. It reads them by
// itself, and not by the package that wrote them.
func sameExport(t *testing.T, a, b string) {
	t.Helper()
	equalMaps(t, "lines", linesOf(t, a), linesOf(t, b))
	equalMaps(t, "documents", filesOf(t, a), filesOf(t, b))
}

func linesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	var m struct{ Patient string }
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || json.Unmarshal(b, &m) != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, pattern := range []string{"*.ndjson", "history/*.ndjson"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range files {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(b)) {
				var e struct {
					ID                string
					Resource, Request json.RawMessage
					Response          struct{ ETag string }
					Meta              struct{ VersionID string }
				}
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatalf("%s: %v in %.100s", path, err, line)
				}
				name, text := e.ID+" "+e.Meta.VersionID, line
				if strings.HasPrefix(pattern, "history") {
					text = string(e.Resource)
					var x struct{ ID string }
					_ = json.Unmarshal(e.Resource, &x)
					name = x.ID + string(e.Request) + e.Response.ETag
				}
				if carried(e.ID) {
					continue
				}
				if text != "" {
					r, err := fhir.Parse([]byte(strings.TrimRight(text, "\n")), fhir.Limits{Bytes: 64 << 20})
					if err != nil {
						t.Fatal(err)
					}
					text = string(r.Stripped())
				}
				name = strings.TrimPrefix(path, dir) + " " + name
				out[strings.ReplaceAll(name, m.Patient, "THE-PATIENT")] = strings.ReplaceAll(text, m.Patient, "THE-PATIENT")
			}
		}
	}
	return out
}

func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, folder := range []string{"documents", "history/documents"} {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			out[strings.TrimPrefix(path, dir)] = string(b)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return out
}

func equalMaps(t *testing.T, what string, a, b map[string]string) {
	t.Helper()
	bad := 0
	for k, v := range a {
		if w, there := b[k]; !there || v != w {
			if bad++; bad < 6 {
				t.Errorf("%s: %q\n was %.300q\n is  %.300q", what, k, v, w)
			}
		}
	}
	for k, v := range b {
		if _, there := a[k]; !there {
			if bad++; bad < 6 {
				t.Errorf("%s: %q is new: %.300q", what, k, v)
			}
		}
	}
	if bad > 5 {
		t.Errorf("%s: %d differ, of %d", what, bad, len(a))
	}
	if len(a) == 0 && !strings.Contains(what, "documents") {
		t.Errorf("%s: nothing to compare", what)
	}
}
