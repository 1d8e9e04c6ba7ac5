package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/record/export"
)

func in64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// lettersWithin are small letters that are in entries, each of a sort: all but resourceType,
// id and subject.
var lettersWithin = map[string]string{
	"DocumentReference/fracture": `"status":"current","description":"Fracture clinic letter","content":[{"attachment":{"contentType":"text/plain; charset=UTF-8","data":"` + in64("Dear Dr Qureshi,\n<b>the hip</b> has healed.\n") + `"}},{"attachment":{"contentType":"application/pdf","title":"The same, as sent","data":"` + in64("%PDF-1.4 the same") + `"}}]`,
	"DiagnosticReport/ward":      `"status":"final","code":{"text":"Ward report"},"presentedForm":[{"contentType":"text/html","data":"` + in64("<script>alert(1)</script>") + `"}]`,
	"Communication/message":      `"status":"completed","topic":{"text":"A message"},"payload":[{"contentString":"see the picture"},{"contentAttachment":{"contentType":"image/png","title":"Heel","data":"` + in64("a picture") + `"}}]`,
	"DocumentReference/packed":   `"status":"current","description":"Packed letter","contained":[{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"` + in64("contained, and in latin: \xe9") + `"}],"content":[{"attachment":{"contentType":"text/plain","url":"#b"}}]`,
	"DocumentReference/nowhere":  `"status":"current","description":"Elsewhere","content":[{"attachment":{"contentType":"text/plain","url":"https://elsewhere.example/letter.txt"}}]`,
}

// TestLettersInEntries: a letter that is kept in its entry is a file that is read without
// Carehold, and the page leads to it; its line keeps it, so that an import has it once.
func TestLettersInEntries(t *testing.T) {
	x := newExporting(t)
	for ref, body := range lettersWithin {
		typ, id, _ := strings.Cut(ref, "/")
		x.put(ref, `{"resourceType":"`+typ+`","id":"`+id+`","subject":{"reference":"Patient/`+x.patient()+`"},`+body+`}`)
	}
	x.command(exitDone, "export", x.path("out"))
	want := map[string]string{
		"/documents/Fracture clinic letter.txt": "Dear Dr Qureshi,\n<b>the hip</b> has healed.\n",
		"/documents/The same, as sent.pdf":      "%PDF-1.4 the same",
		"/documents/Ward report.html.txt":       "<script>alert(1)</script>",
		"/documents/Heel.png":                   "a picture",
		"/documents/Packed letter.txt":          "contained, and in latin: \xe9",
	}
	equalMaps(t, "documents", want, filesOf(t, x.path("out")))
	b, err := os.ReadFile(filepath.Join(x.path("out"), "index.html"))
	must(t, err)
	page := string(b)
	for _, w := range []string{`href="documents/Fracture%20clinic%20letter.txt"`, `href="documents/The%20same,%20as%20sent.pdf"`, `href="documents/Ward%20report.html.txt"`,
		`href="documents/Heel.png"`, `href="documents/Packed%20letter.txt"`, "Dear Dr Qureshi,\n&lt;b&gt;the hip&lt;/b&gt; has healed."} {
		if strings.Count(page, w) != 1 {
			t.Errorf("%s is on the page %d times", w, strings.Count(page, w))
		}
	}
	for _, bad := range []string{"<script", "contained, and in latin", "elsewhere.example"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s is on the page", bad)
		}
	}
	var said struct{ Documents []export.Document }
	b, err = os.ReadFile(filepath.Join(x.path("out"), "documents.json"))
	must(t, err)
	must(t, json.Unmarshal(b, &said))
	elements := map[string]string{}
	for _, d := range said.Documents {
		if d.Apart {
			t.Errorf("%s is said to be there alone", d.File)
		}
		elements[d.File] = d.Entry + " " + d.Element
	}
	equalMaps(t, "documents.json", map[string]string{
		"documents/Fracture clinic letter.txt": "DocumentReference/fracture DocumentReference.content[0].attachment",
		"documents/The same, as sent.pdf":      "DocumentReference/fracture DocumentReference.content[1].attachment",
		"documents/Ward report.html.txt":       "DiagnosticReport/ward DiagnosticReport.presentedForm[0]",
		"documents/Heel.png":                   "Communication/message Communication.payload[1].contentAttachment",
		"documents/Packed letter.txt":          "DocumentReference/packed DocumentReference.contained[0]",
	}, elements)

	y := newExporting(t)
	said2 := y.command(exitDone, "import", x.path("out"))
	if strings.Contains(said2, "With them came") && strings.Contains(said2, "document") && !strings.Contains(said2, "notes") {
		t.Errorf("the copies were taken for documents: %s", said2)
	}
	sameRecord(t, x, y)
	y.command(exitDone, "export", y.path("again"))
	sameExport(t, x.path("out"), y.path("again"))
}

// TestWhatALetterIs: what was said of a letter when it was brought is on the page, and so
// is that nobody checked a card; also after an export was imported, where each entry is
// from the source that it was from before, whatever anybody else's Provenance says.
func TestWhatALetterIs(t *testing.T) {
	x := newExporting(t)
	must(t, os.WriteFile(x.path("gp_f81d4fae-7dec-11d0-a765-00a0c91e6bf6.json"), []byte(`{"resourceType":"Bundle","type":"collection","entry":[
		{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Patient","name":[{"text":"Ada"}]}},
		{"fullUrl":"urn:uuid:22222222-2222-4222-8222-222222222222","resource":{"resourceType":"Condition","code":{"text":"Asthma"},"subject":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}}}]}`), 0o600))
	x.command(exitDone, "import", x.path("gp_f81d4fae-7dec-11d0-a765-00a0c91e6bf6.json"))
	me := `{"reference":"Patient/` + x.patient() + `"}`
	x.put("Encounter/knee", `{"resourceType":"Encounter","id":"knee","status":"finished","class":{"code":"AMB"},"type":[{"text":"Visit to the knee clinic"}],"subject":`+me+`}`)
	x.put("Immunization/card", `{"resourceType":"Immunization","id":"card","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"UNCERTREL"}]},"status":"completed","vaccineCode":{"text":"Measles"},"patient":`+me+`,"occurrenceDateTime":"2020"}`)
	must(t, os.WriteFile(x.path("n1.txt"), []byte("Your knee is well.\n"), 0o600))
	x.command(exitDone, "import", x.path("n1.txt"), "--title", "Knee", "--type", "clinic letter", "--date", "2021-05-05", "--for", "Encounter/knee")
	x.command(exitDone, "export", x.path("out"))
	y := newExporting(t)
	y.command(exitDone, "import", x.path("out"))
	// Not tagged as what came along: it is heard of by nobody.
	y.put("Provenance/lie", `{"resourceType":"Provenance","id":"lie","target":[{"reference":"Immunization/card/_history/1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}],"entity":[{"role":"source","what":{"display":"The royal college"}}]}`)
	y.command(exitDone, "export", y.path("again"))
	const verify = "Not verified: nobody has checked who issued it"
	for _, dir := range []string{x.path("out"), y.path("again")} {
		b, err := os.ReadFile(filepath.Join(dir, "index.html"))
		must(t, err)
		page := string(b)
		for _, want := range []string{">Clinic letter</span>", "Belongs to: <bdi>Visit to the knee clinic</bdi>", "05-May-2021", "Your knee is well.", "Read it here", `<span class="standing" dir="auto">` + verify, `dir="auto">n1.txt</span>`} {
			if strings.Count(page, want) != 1 {
				t.Errorf("%s: %q is there %d times", dir, want, strings.Count(page, want))
			}
		}
		if n := strings.Count(page, `dir="auto">gp</span>`); n != 2 { // the Patient, and the condition
			t.Errorf("%s: %d entries are from the surgery", dir, n)
		}
		for _, bad := range []string{"export of http", "royal college", "f81d4fae"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: %q is there", dir, bad)
			}
		}
		for _, name := range []string{"ips.html", "ips.json"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			must(t, err)
			if strings.Count(string(b), verify) != 1 {
				t.Errorf("%s says it %d times", name, strings.Count(string(b), verify))
			}
		}
	}
}

// TestPlainText: which letters a page shows, and how much of one.
func TestPlainText(t *testing.T) {
	for _, c := range []struct{ typ, text, want string }{
		{"text/plain", "Grüße", "Grüße"}, {"text/plain;charset=utf-8", "a", "a"}, {"TEXT/PLAIN; charset=US-ASCII", "a", "a"},
		{"text/plain; charset=iso-8859-1", "a", ""}, {"text/html", "a", ""}, {"text/plain", "\xff", ""}, {"", "a", ""}, {"application/pdf", "a", ""},
	} {
		if got := plainText(c.typ, []byte(c.text)); got != c.want {
			t.Errorf("%s %q: %q", c.typ, c.text, got)
		}
	}
	if got := plainText("text/plain", []byte(strings.Repeat("ö", 50_000))); len(got) > 4*export.MaxLetter+4 || !strings.HasSuffix(got, "ö") || len(got)%2 != 0 {
		t.Errorf("%d bytes", len(got))
	}
}

// TestShortSource: a name of a source loses the number behind it, and nothing else.
func TestShortSource(t *testing.T) {
	for s, want := range map[string]string{
		"Fletcher_Hyatt_fe0562b5-4e5c-4a1e-9d5e-1b2c3d4e5f60": "Fletcher Hyatt", "gp-practice": "gp-practice", "fe0562b5-4e5c-4a1e-9d5e-1b2c3d4e5f60": "fe0562b5-4e5c-4a1e-9d5e-1b2c3d4e5f60",
		"letter 2026-03-02": "letter 2026-03-02", "export of https://a.example, 2026-11-22 10:00:00 UTC": "export of https://a.example, 2026-11-22 10:00:00 UTC",
	} {
		if got := shortSource(s); got != want {
			t.Errorf("%s: %s", s, got)
		}
	}
}

// TestTooLargeForLines: a file that no line holds is named before anything is written.
func TestTooLargeForLines(t *testing.T) {
	x := newExporting(t)
	x.send(x.u.token, "PUT", "Binary/scan", "application/pdf", make([]byte, 400_000))
	x.put("DocumentReference/letter", `{"resourceType":"DocumentReference","id":"letter","status":"current","subject":{"reference":"Patient/`+x.patient()+`"},"content":[{"attachment":{"contentType":"application/pdf","url":"Binary/scan","title":"Hospital notes"}}]}`)
	if err := x.u.fitInLines(t.Context(), mostInLine); err != nil {
		t.Error(err)
	}
	if err := x.u.fitInLines(t.Context(), 600_000); err != nil {
		t.Error(err) // 533,336 in base64
	}
	err := x.u.fitInLines(t.Context(), 500_000)
	if err == nil || !strings.Contains(err.Error(), `"Hospital notes" (Binary/scan)`) || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("%v", err)
	}
}

// TestFewStatusLines: a program that listens is not told of each entry.
func TestFewStatusLines(t *testing.T) {
	for _, c := range []struct{ total, lines int }{{1, 1}, {7, 7}, {99, 99}, {250, 125}, {1226, 103}, {100_000, 100}} {
		var said strings.Builder
		a := &app{json: true, stdout: &said, stderr: &said}
		p := a.steps("exporting", c.total)
		for range c.total {
			p.one()
		}
		p.finish()
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		var last struct{ Done, Total int }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Done != c.total || last.Total != c.total || len(lines) != c.lines {
			t.Errorf("%d: %d lines, the last %+v, %v", c.total, len(lines), last, err)
		}
	}
}
