package app

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
	"carehold/record/importer"
)

// looked is a file that was looked at: what keeping it would do.
type looked struct {
	name    string // as it is called where it came from
	source  string // what its entries say that they came from
	key     string // of the catalogue: what it is
	doc     *importer.Document
	changes []change.Change
	refused []change.Refusal
	patient *change.PatientSummary
	sure    bool
	ignored int
	why     string // why it is not taken; "" when it is
	asIs    bool   // it can be kept as a document all the same
}

// mostSource is how many bytes the name of a source has.
const mostSource = 100

// sourceOf is what a file's entries say that they came from: its name without its ending.
func sourceOf(name string) string {
	name = strings.TrimSpace(clean(name))
	if base := strings.TrimSuffix(name, path.Ext(name)); base != "" {
		name = base
	}
	for len(name) > mostSource {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "a file without a name"
	}
	return name
}

// notYet are files that have health in them and are not understood yet, by how they begin.
func notYet(body []byte, name string) string {
	head := strings.TrimLeft(string(bytes.TrimPrefix(body[:min(len(body), 4096)], []byte("\xef\xbb\xbf"))), " \t\r\n")
	ending := strings.ToLower(path.Ext(name))
	switch {
	case strings.HasPrefix(head, "PK\x03\x04") && strings.Contains(string(body[:min(len(body), 4096)]), "apple_health_export"):
		return "add.not.apple"
	case strings.HasPrefix(head, "PK\x03\x04"), strings.HasPrefix(head, "\x1f\x8b"), strings.HasPrefix(head, "7z\xbc\xaf"), strings.HasPrefix(head, "Rar!"):
		return "add.not.archive"
	case strings.HasPrefix(head, "age-encryption.org/"):
		return "add.not.export"
	case strings.HasPrefix(head, "<") && strings.Contains(head, "ClinicalDocument"):
		return "add.not.cda"
	case strings.HasPrefix(head, "<") && strings.Contains(head, "HealthData"):
		return "add.not.apple"
	case strings.HasPrefix(head, "<") && strings.Contains(head, "http://hl7.org/fhir"):
		return "add.not.xml"
	case strings.HasPrefix(head, "MSH|"):
		return "add.not.v2"
	case len(body) > 132 && string(body[128:132]) == "DICM":
		return "add.not.dicom"
	case ending == ".smart-health-card", strings.HasPrefix(head, "shc:/"), strings.Contains(head[:min(len(head), 400)], `"verifiableCredential"`):
		return "add.not.card"
	case strings.HasPrefix(head, "shlink:/"):
		return "add.not.link"
	case ending == ".csv":
		return "add.not.csv"
	}
	return ""
}

// isFHIR tells FHIR by a file's name or its beginning.
func isFHIR(body []byte, name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".ndjson", ".jsonl":
		return true
	case ".pdf", ".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".heic", ".heif":
		return false
	}
	return strings.HasPrefix(strings.TrimLeft(string(bytes.TrimPrefix(body[:min(len(body), 64)], []byte("\xef\xbb\xbf"))), " \t\r\n"), "{")
}

// look finds out what a file is, and plans what keeping it would do.
func look(f sentFile, own *fhir.Resource, patient string, asIs bool, now time.Time) *looked {
	x := &looked{name: strings.TrimSpace(clean(f.name)), source: sourceOf(f.name)}
	if x.name == "" {
		x.name = x.source
	}
	if len(f.body) == 0 {
		x.why = "add.not.empty"
		return x
	}
	not := notYet(f.body, f.name)
	switch {
	case not == "" && isFHIR(f.body, f.name) && !asIs:
		x.fhir(f.body, own, patient)
		return x
	case not != "" && !asIs:
		x.why, x.asIs = not, not != "add.not.link"
		return x
	}
	doc, err := importer.Look(bytes.NewReader(f.body), int64(len(f.body)), f.name, importer.Options{AsIs: asIs, Now: now})
	if err != nil {
		x.why, x.asIs = err.Error(), true
		return x
	}
	x.doc, x.key = doc, "add.found.document"
	if strings.HasPrefix(doc.Type, "image/") {
		x.key = "add.found.picture"
	}
	return x
}

// fhir reads FHIR.
func (x *looked) fhir(body []byte, own *fhir.Resource, patient string) {
	bundles, err := change.ReadSource(bytes.NewReader(body), change.Limits{Bytes: MaxUpload, Entries: 10_000, Values: 2_000_000})
	if err != nil {
		x.why, x.asIs = err.Error(), true
		return
	}
	x.key = "add.found.fhir"
	for _, b := range bundles {
		plan, err := change.PlanImport(b, x.source, patient, change.Checking(valid))
		if err == nil {
			err = plan.About(own)
		}
		if err != nil {
			*x = looked{name: x.name, source: x.source, why: err.Error()}
			return
		}
		if len(plan.Patients) == 1 && (x.patient == nil || x.sure) {
			x.patient, x.sure = &plan.Patients[0], plan.Patients[0].Surely(own)
		}
		x.refused = append(x.refused, plan.Refused...)
		for _, n := range plan.Ignored {
			x.ignored += n
		}
		x.changes = append(x.changes, plan.Changes...)
	}
}

// valid is whether R4 allows a resource.
func valid(r *fhir.Resource) error {
	for _, i := range validate.Resource(r) {
		if i.Severity == validate.Error {
			return record.Errorf(record.Unprocessed, "%s", i.Text)
		}
	}
	return nil
}

// counted are how many of each type there are, the most first.
func counted(changes []change.Change) (list []struct {
	Type string
	N    int
}) {
	at := map[string]int{}
	for _, c := range changes {
		i, there := at[c.Ref.Type]
		if !there {
			i = len(list)
			at[c.Ref.Type] = i
			list = append(list, struct {
				Type string
				N    int
			}{Type: c.Ref.Type})
		}
		list[i].N++
	}
	slices.SortStableFunc(list, func(a, b struct {
		Type string
		N    int
	}) int {
		return b.N - a.N
	})
	return list
}
