package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/sample"
)

// pagesOf are the entries of all pages of a list, by their names, and which came first.
func (w *world) pagesOf(token, path string) (all map[string][]byte, first string, total int) {
	w.t.Helper()
	all = map[string][]byte{}
	for path != "" {
		status, b := asks{w, token}.get(path)
		var page struct {
			Total int
			Link  []struct{ Relation, URL string }
			Entry []struct {
				FullURL  string
				Search   struct{ Mode string }
				Resource json.RawMessage
			}
		}
		if err := json.Unmarshal(b, &page); err != nil || status != 200 {
			w.t.Fatal(status, string(b))
		}
		for _, e := range page.Entry {
			name := strings.TrimPrefix(e.FullURL, publicURL+"/fhir/")
			if first == "" {
				first = name
			}
			if all[name] != nil || e.Search.Mode != "match" {
				w.t.Errorf("%s, %s, is there twice or should not be", name, e.Search.Mode)
			}
			all[name] = e.Resource
		}
		total, path = page.Total, ""
		for _, l := range page.Link {
			if l.Relation == "next" {
				path = strings.TrimPrefix(l.URL, publicURL)
			}
		}
	}
	return all, first, total
}

// All of the sample's record, in the two ways to have it.
func TestWholeSample(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	w.ada = w.enrol("Marion")
	token, types := w.session(w.ada), map[string]bool{}
	for _, src := range sample.Sources() {
		sent, _, _, _ := w.bring(token, src.Name, src.Bundle)
		for typ := range typesOf(sent) {
			types[typ] = true
		}
	}
	t.Run("$everything", func(t *testing.T) { w.everythingOfSample(t, token, types) })
	t.Run("$export", func(t *testing.T) { w.exportOfSample(t, token, types) })
}

// $everything is exactly what the searches of all types find together, to the byte: for
// the person, for each grant that is ready made, and for one whose scopes let less be
// read than found.
func (w *world) everythingOfSample(t *testing.T, token string, types map[string]bool) {
	patient, err := w.client.With(token).Patient(t.Context())
	w.check(err)
	tokens := map[string]string{"the person": token,
		"less is read": w.grant(w.ada, "less", 24*time.Hour, "patient/*.s patient/Condition.r patient/Observation.r", record.Sections()...)}
	for _, g := range grant.ReadyMade {
		tokens[g.Name] = w.grant(w.ada, g.Name, 24*time.Hour, g.Scopes, g.Sections.List()...)
	}
	for name, token := range tokens {
		want := w.fetch(token, types)
		lead := "Patient/" + patient
		if name == "less is read" {
			lead = ""
			for ref := range want {
				if !strings.HasPrefix(ref, "Condition/") && !strings.HasPrefix(ref, "Observation/") {
					delete(want, ref)
				}
			}
		}
		for _, count := range []string{"?_count=7", "", "?_count=500"} {
			got, first, total := w.pagesOf(token, "/fhir/Patient/$everything"+count)
			if len(got) != len(want) || total != len(want) || lead != "" && first != lead {
				t.Errorf("%s%s: %d entries of %d that there are said to be, %s first; searches find %d", name, count, len(got), total, first, len(want))
			}
			for ref, body := range want {
				if !bytes.Equal(got[ref], body) {
					t.Errorf("%s%s: %s differs", name, count, ref)
				}
			}
		}
		t.Logf("%s: %d", name, len(want))
	}
}

// exported begins an export, and gives its manifest.
func (w *world) exported(token, path string) (m struct {
	TransactionTime time.Time
	Output, Deleted []struct {
		Type, URL string
		Count     int
	}
}, job string) {
	w.t.Helper()
	resp := w.send("GET", path, http.Header{"Authorization": {"Bearer " + token}, "Prefer": {"respond-async"}}, "")
	resp.Body.Close()
	job = strings.TrimPrefix(resp.Header.Get("Content-Location"), publicURL)
	status, b := asks{w, token}.get(job)
	if err := json.Unmarshal(b, &m); err != nil || status != 200 {
		w.t.Fatal(status, string(b))
	}
	return m, job
}

// Each line of an export's files is what a read gives, to the byte, but that it is one
// line; there is one for each entry and no other, and a Provenance for each version.
func (w *world) exportOfSample(t *testing.T, token string, types map[string]bool) {
	w.put(token, scanOf("document", 20), scanOf("letters", 400<<10),
		`{"resourceType":"DocumentReference","id":"letter","status":"current",`+"\n\r"+` "content":[{"attachment":{"url":"Binary/document"}}],"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a\nb</div>"}}`)
	types["Binary"], types["DocumentReference"] = true, true
	left := w.fetch(token, types)
	ask := asks{w, token}
	m, _ := w.exported(token, "/fhir/$export")
	made := 0
	for _, f := range m.Output {
		status, b := ask.get(strings.TrimPrefix(f.URL, publicURL))
		if status != 200 || !bytes.HasSuffix(b, []byte("\n")) {
			t.Fatal(status, f.URL)
		}
		lines := bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
		if f.Count > 0 && f.Count != len(lines) {
			t.Errorf("%d lines of %d", len(lines), f.Count)
		}
		for _, line := range lines {
			r, err := fhir.Parse(line, fhir.Limits{})
			w.check(err)
			ref := fhir.Ref{Type: r.Type(), ID: r.ID()}
			if ref.Type != f.Type {
				t.Errorf("a %s among the %ss", ref.Type, f.Type)
			}
			_, read := ask.ask("GET", "/fhir/"+ref.String()+"?_format=json", "", "")
			read = bytes.ReplaceAll(bytes.ReplaceAll(read, []byte{'\n'}, []byte{' '}), []byte{'\r'}, []byte{' '})
			if ref.Type == "DocumentReference" { // a URL that is absolute
				read = bytes.ReplaceAll(read, []byte(`"url":"Binary/`), []byte(`"url":"`+publicURL+`/fhir/Binary/`))
			}
			if !bytes.Equal(line, read) {
				t.Errorf("%s is\n%s\nand read\n%s", ref, line, read)
			}
			if left[ref.String()] == nil {
				made++
			}
			delete(left, ref.String())
		}
	}
	if len(left) > 0 {
		t.Errorf("%d entries are in no file", len(left))
	}
	entries, err := w.client.With(token).Entries(t.Context())
	w.check(err)
	versions := 0
	for _, e := range entries {
		versions += int(e.Version)
	}
	if made != versions {
		t.Errorf("%d Provenances of %d versions", made, versions)
	}
}

// scanOf is a Binary of so many bytes.
func scanOf(id string, size int) string {
	return fmt.Sprintf(`{"resourceType":"Binary","id":"%s","contentType":"text/plain","data":"%s"}`, id, strings.Repeat("QUJD", size/3))
}

// document puts a document of so many bytes into Ada's record.
func (w *world) document(id string, size int) {
	w.t.Helper()
	s := w.client.With(w.vars["ada"])
	name, err := s.Upload(w.t.Context(), bytes.NewReader(noise(size)), int64(size), client.Upload{})
	w.check(err)
	_, err = s.Transaction(w.t.Context(), []byte(fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Binary","id":%q,"contentType":"image/tiff","_data":{"extension":[{"url":%q,"valueUri":%q}]}},"request":{"method":"PUT","url":"Binary/%s"}}]}`,
		id, fhir.UploadURL, client.UploadURI(name), id)), entry.Origin{})
	w.check(err)
}

// A grant that is stopped while a file of it is fetched ends the file there, and it does
// not look whole; then there is no such export.
func TestStoppedWhileExported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"a", "b"} {
		w.document(id, 20<<20)
	}
	w.grant(w.ada, "friend", 24*time.Hour, "patient/*.cruds", record.Sections()...)
	m, job := w.exported(w.vars["friend"], "/fhir/$export?_type=Binary")
	resp := w.send("GET", strings.TrimPrefix(m.Output[0].URL, publicURL), http.Header{"Authorization": {"Bearer " + w.vars["friend"]}}, "")
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	id, err := record.ParseGrantID(w.vars["friend.id"])
	w.check(err)
	w.check(w.ada.Revoke(t.Context(), id))
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil || n > 45<<20 {
		t.Errorf("%d more bytes came, and then %v", n, err)
	}
	if status, _ := (asks{w, w.vars["friend"]}).get(job); status != 401 {
		t.Errorf("afterwards: %d", status)
	}
}

// An export of one grant keeps the person and other grants out of nothing, however many
// of its files are fetched by who does not read them: they hold a few places and little
// room.
func TestExportsNobodyReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document("scan", 30<<20)
	w.grant(w.ada, "friend", 24*time.Hour, "patient/*.cruds", record.Sections()...)
	m, _ := w.exported(w.vars["friend"], "/fhir/$export?_type=Binary")
	var refused atomic.Int32
	var wait sync.WaitGroup
	for range 12 {
		wait.Go(func() {
			resp := w.send("GET", strings.TrimPrefix(m.Output[0].URL, publicURL), http.Header{"Authorization": {"Bearer " + w.vars["friend"]}}, "")
			t.Cleanup(func() { resp.Body.Close() })
			if resp.StatusCode == 503 {
				refused.Add(1)
			}
		})
	}
	wait.Wait()
	for _, who := range []string{"ada", "gp"} {
		began := time.Now()
		if status, b := (asks{w, w.vars[who]}).get("/fhir/Patient/$everything"); status != 200 || time.Since(began) > patience/2 {
			t.Errorf("%s: %d after %v %s", who, status, time.Since(began), b)
		}
	}
	t.Logf("%d of 12 were refused", refused.Load())
}
