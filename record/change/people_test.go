package change_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/testdata"
)

// Each of the six Synthea people imports whole: every urn:uuid points to an
// entry that is there, nothing else changed, and a second time is the same.
func TestImportPeople(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	if len(files) != 6 {
		t.Fatalf("%d people", len(files))
	}
	entries := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		entries += importPerson(t, filepath.Base(f), raw)
	}
	if entries != 2500 {
		t.Errorf("%d entries, want 2,500", entries)
	}
}

func importPerson(t *testing.T, name string, raw []byte) int {
	var plain struct { // the same file as encoding/json reads it
		Entry []struct {
			FullURL  string
			Resource json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // what each fullUrl becomes, computed apart
	for _, e := range plain.Entry {
		var r struct{ ResourceType string }
		json.Unmarshal(e.Resource, &r)
		want[e.FullURL] = r.ResourceType + "/" + idOf("synthea", e.FullURL)
		if r.ResourceType == "Patient" {
			want[e.FullURL] = "Patient/me"
		}
	}

	im, again := importOf(t, raw), importOf(t, raw)
	if len(im.Changes) != len(plain.Entry) || len(im.Refused) != 0 || im.Dangling != 0 || len(im.Patients) != 1 {
		t.Fatalf("%s: %d of %d entries, %d refused, %d dangling, %d patients", name, len(im.Changes), len(plain.Entry), len(im.Refused), im.Dangling, len(im.Patients))
	}
	surname := strings.Split(name, "_")[1]
	if p := im.Patients[0]; !strings.Contains(p.Name, surname) || len(p.BirthDate) != 10 {
		t.Errorf("%s: %+v", name, p)
	}
	urn := regexp.MustCompile(`("reference"\s*:\s*)"(urn:uuid:[^"]*)"`)
	for i, c := range im.Changes {
		e := plain.Entry[i]
		if c.Ref.String() != want[e.FullURL] || c.Verb != change.Update {
			t.Errorf("%s[%d]: %v, want %s", name, i, c.Ref, want[e.FullURL])
		}
		expected := urn.ReplaceAllFunc(e.Resource, func(m []byte) []byte {
			parts := urn.FindSubmatch(m)
			to, ok := want[string(parts[2])]
			if !ok {
				t.Errorf("%s[%d]: %s is not in the bundle", name, i, parts[2])
			}
			return append(append([]byte{}, parts[1]...), `"`+to+`"`...)
		})
		if !bytes.Equal(c.Resource.Bytes(), expected) {
			t.Errorf("%s[%d]: something else than references changed", name, i)
		}
		if other := again.Changes[i]; other.Ref != c.Ref || !bytes.Equal(other.Resource.Bytes(), c.Resource.Bytes()) {
			t.Errorf("%s[%d]: a second time it is something else", name, i)
		}
	}
	return len(plain.Entry)
}

// As a transaction the same: what each POST gets is what the others point to.
func TestTransactionOfPeople(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		cs, err := plan(string(raw), nil)
		if err != nil {
			t.Fatal(err)
		}
		made := map[string]bool{}
		for _, c := range cs {
			made[c.Ref.String()] = true
		}
		for _, c := range cs {
			for _, r := range c.Resource.References() {
				if r.In == fhir.InReference && !made[r.Value] && !strings.HasPrefix(r.Value, "#") {
					t.Errorf("%s: %s points to nothing", filepath.Base(f), r.Path)
				}
			}
		}
	}
}

func importOf(t *testing.T, raw []byte) *change.Import {
	t.Helper()
	bs, err := change.ReadSource(bytes.NewReader(raw), change.Limits{})
	if err != nil || len(bs) != 1 {
		t.Fatal(len(bs), err)
	}
	im, err := change.PlanImport(bs[0], "synthea", "me")
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// idOf is the formula of doc.go, written again.
func idOf(source, identity string) string {
	var b bytes.Buffer
	for _, s := range []string{"carehold/import", source, identity} {
		b.Write([]byte{0, 0, byte(len(s) >> 8), byte(len(s))})
		b.WriteString(s)
	}
	sum := sha256.Sum256(b.Bytes())
	return strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(sum[:16]), "="))
}

// An IPS document: fullUrls are urns, references Type/id.
func TestImportIPS(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(testdata.Dir(t, "health-links"), "IPS_IG-bundle-01.json"))
	if err != nil {
		t.Fatal(err)
	}
	im := importOf(t, raw)
	there := map[string]bool{}
	for _, c := range im.Changes {
		there[c.Ref.String()] = true
	}
	if len(im.Refused) != 0 || len(im.Changes) != 20 || !there["Patient/me"] {
		t.Errorf("%d changes, refused %v", len(im.Changes), im.Refused)
	}
	for _, c := range im.Changes {
		for _, r := range c.Resource.References() {
			if r.In == fhir.InReference && !there[r.Value] {
				t.Errorf("%s %s points to nothing", r.Path, r.Value)
			}
		}
	}
}

// Each of HL7's examples imports into a record of its own, but for what
// refused.txt names.
func TestImportExamples(t *testing.T) {
	text, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]bool{}
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, _, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			refused[name] = true
		}
	}
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "r4-examples"), "*.json"))
	if len(files) != 375 {
		t.Fatalf("%d examples", len(files))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		im, name := importOf(t, raw), filepath.Base(f)
		if (len(im.Refused) > 0) != refused[name] {
			t.Errorf("%s: %v", name, im.Refused)
		}
		if len(im.Changes) != 1 || strings.HasPrefix(name, "Bundle-") {
			continue
		}
		// Undo by hand what an import may do to one resource: the person and the
		// resource itself have other names. Nothing else may differ.
		c := im.Changes[0]
		old, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		undo := strings.NewReplacer(`"`+c.Ref.String()+`"`, `"`+old.Type()+"/"+old.ID()+`"`)
		if subjects := old.Subjects(); len(subjects) > 0 {
			undo = strings.NewReplacer(`"Patient/me"`, `"`+subjects[0].Value+`"`, `"`+c.Ref.String()+`"`, `"`+old.Type()+"/"+old.ID()+`"`)
		}
		// A reference to a version of itself loses the version (doc.go).
		want := strings.ReplaceAll(string(raw), `"`+old.Type()+"/"+old.ID()+`/_history/1"`, `"`+old.Type()+"/"+old.ID()+`"`)
		if got := undo.Replace(string(c.Resource.Bytes())); got != want {
			t.Errorf("%s: something else than names changed", name)
		}
	}
}
