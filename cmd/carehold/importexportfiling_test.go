package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withScan puts in who it is, and a letter with its file.
func (x *exporting) withScan() (filed map[string]string) {
	x.t.Helper()
	x.put("Patient/"+x.patient(), `{"resourceType":"Patient","id":"`+x.patient()+`","name":[{"text":"Ada Okonkwo"}],"birthDate":"1951-03-02"}`)
	x.put("Binary/scan", `{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"aGVsbG8="}`)
	x.put("DocumentReference/letter", `{"resourceType":"DocumentReference","id":"letter","subject":{"reference":"Patient/`+x.patient()+`"},"status":"current","content":[{"attachment":{"url":"Binary/scan"}}]}`)
	filed = map[string]string{"Binary/scan": "documents", "DocumentReference/letter": "documents"}
	x.filed(filed)
	return filed
}

// TestImportTakesNoFileAlong: a new letter that an export has filed strictly takes no
// file along that the record had before: where that is, no export decides, and undoing
// the import could not put it back. The export's own files go along.
func TestImportTakesNoFileAlong(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	before := b.withScan()
	me := `"subject":{"reference":"Patient/` + a.patient() + `"}`
	for _, x := range [][2]string{{"evil", "scan"}, {"good", "its"}} {
		a.put("DocumentReference/"+x[0], `{"resourceType":"DocumentReference","id":"`+x[0]+`",`+me+`,"status":"current","content":[{"attachment":{"url":"Binary/`+x[1]+`"}}]}`)
	}
	a.put("Binary/its", `{"resourceType":"Binary","id":"its","contentType":"text/plain","data":"aGVsbG8="}`)
	a.command(exitDone, "export", a.path("out"))
	evil := tampered(t, a.path("out"), map[string]string{"DocumentReference/evil": "mental-health", "DocumentReference/good": "mental-health"})
	said := b.command(exitDone, "import", evil)
	b.filed(map[string]string{"DocumentReference/evil": "mental-health", "DocumentReference/good": "mental-health", "Binary/its": "mental-health"})
	b.filed(before)
	_, after, _ := strings.Cut(said, "imports undo ")
	b.command(exitDone, "imports", "undo", strings.Fields(after)[0])
	b.filed(before)
}

// TestLabelTakesNoFileAlong: neither does a letter with a label, which is filed when an
// import writes it.
func TestLabelTakesNoFileAlong(t *testing.T) {
	b := newExporting(t)
	before := b.withScan()
	bundle := `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"https://clinic.example/fhir/Patient/p","resource":{"resourceType":"Patient","id":"p","name":[{"text":"Ada Okonkwo"}],"birthDate":"1951-03-02"}},
{"fullUrl":"https://clinic.example/fhir/DocumentReference/new","resource":{"resourceType":"DocumentReference","id":"new","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},"subject":{"reference":"Patient/p"},"status":"current","content":[{"attachment":{"url":"Binary/scan"}}]}}]}`
	path := filepath.Join(t.TempDir(), "clinic.json")
	must(t, os.WriteFile(path, []byte(bundle), 0o600))
	b.command(exitDone, "import", path)
	b.filed(before)
}
