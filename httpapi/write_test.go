package httpapi_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/web/app"
	"carehold/record/fhir"
)

var keyIn = regexp.MustCompile(`name="key" value="([a-z2-7]+)"`)

// fills is a form that was filled in: the word of the session, and pairs.
func (v *visitor) fills(pairs ...string) string {
	form := url.Values{"form": {v.form}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form.Encode()
}

// writes goes through a form, from its empty page to the entry it makes, and returns where
// that is.
func (v *visitor) writes(path string, pairs ...string) string {
	v.t.Helper()
	resp, text := v.goes("GET", path, "")
	m := keyIn.FindStringSubmatch(text)
	if resp.StatusCode != 200 || m == nil {
		v.t.Fatalf("GET %s: %d %s", path, resp.StatusCode, text)
	}
	pairs = append(pairs, "key", m[1])
	if resp, text = v.goes("POST", path, v.fills(append(pairs, "step", "check")...)); resp.StatusCode != 200 || !strings.Contains(text, "Check what you wrote") {
		v.t.Fatalf("%s is not shown to be checked: %d %s", path, resp.StatusCode, text)
	}
	where := ""
	for range 2 { // twice, as an impatient finger does
		resp, text = v.goes("POST", path, v.fills(append(pairs, "step", "keep")...))
		to := resp.Header.Get("Location")
		if resp.StatusCode != 303 || where != "" && to != where {
			v.t.Fatalf("%s is not kept: %d %q, before %q %s", path, resp.StatusCode, to, where, text)
		}
		where = to
	}
	return where
}

// entryOf is what the record has under an address of the app.
func (w *world) entryOf(token, where string) (string, string) {
	w.t.Helper()
	me := w.view(token)
	defer me.Close()
	typ, id, _ := strings.Cut(strings.TrimPrefix(where, "/app/entry/"), "/")
	e, err := me.Read(w.t.Context(), fhir.Ref{Type: typ, ID: id}, 0)
	if err != nil {
		w.t.Fatalf("%s: %v", where, err)
	}
	return string(e.Body), e.Section.String()
}

// What a person writes is FHIR that R4 allows, in the part of the record where it belongs,
// once, and can be corrected in the form it was written with.
func TestWriting(t *testing.T) {
	w := newServer(t, generous)
	h := w.enrol("Marion")
	v, token := w.reads(h), w.session(h)
	day := time.Now().Format("2006-01-02")
	for _, x := range []struct {
		path, section string
		pairs         []string
		has           []string
	}{
		{"medicine", "medicines", []string{"what", "Ramipril", "how", "5 mg in the morning", "why", "blood pressure", "from-year", "2021", "from-month", "3"},
			[]string{`"medicationCodeableConcept":{"text":"Ramipril"}`, `"effectivePeriod":{"start":"2021-03"}`, `"status":"active"`, `"dosage":[{"text":"5 mg in the morning"}]`}},
		{"allergy", "allergies", []string{"what", "Peanuts", "sort", "food", "happens", "A rash", "severity", "severe"},
			[]string{`"code":{"text":"Peanuts"}`, `"severity":"severe"`, `"category":["food"]`, `"unconfirmed"`}},
		{"weight", "measurements", []string{"value", "072,50", "day-day", day[8:], "day-month", day[5:7], "day-year", day[:4]},
			[]string{`"value":72.50`, `"code":"kg"`, `"29463-7"`, `"effectiveDateTime":"` + day + `"`}},
		{"pressure", "measurements", []string{"top", "140", "bottom", "85", "day-day", "1", "day-month", "2", "day-year", "2024"},
			[]string{`"85354-9"`, `"8480-6"`, `"mm[Hg]"`, `"value":85`}},
		{"appointment", "visits", []string{"what", "Eye clinic", "day-day", "1", "day-month", "2", "day-year", "2027", "time", "9.05", "who", "Dr Okafor"},
			[]string{`"status":"booked"`, `T09:05:00`, `"display":"Dr Okafor"`}},
		{"about", "about-me", []string{"topic", "matters", "text", "My garden\r\nand my dog"}, []string{`"81338-6"`, `"valueString":"My garden\nand my dog"`}},
		{"note", "", []string{"title", "Dizzy", "text", "Since Monday <b>very</b>"}, []string{`"contentString":"Since Monday <b>very</b>"`, `"status":"completed"`}},
	} {
		t.Run(x.path, func(t *testing.T) {
			v.t = t
			where := v.writes("/app/add/"+x.path, x.pairs...)
			body, section := w.entryOf(token, where)
			for _, part := range append(x.has, `"reference":"Patient/`) {
				if !strings.Contains(body, part) {
					t.Errorf("%s is not in %s", part, body)
				}
			}
			if x.section != "" && section != x.section {
				t.Errorf("it is filed in %s, want %s", section, x.section)
			}
			if !strings.Contains(body, `"versionId":"1"`) {
				t.Errorf("it was written twice: %s", body)
			}
			resp, text := v.goes("GET", where+"/correct", "")
			if resp.StatusCode != 200 || !strings.Contains(text, `name="key"`) {
				t.Errorf("it cannot be corrected: %d %s", resp.StatusCode, text)
			}
			for i := 0; i < len(x.pairs); i += 2 {
				value := strings.ReplaceAll(x.pairs[i+1], "\r\n", "\n")
				if x.path == "appointment" || x.pairs[i] == "value" || strings.HasSuffix(x.pairs[i], "-month") || strings.HasSuffix(x.pairs[i], "-day") {
					continue // in another form: 03 for 3
				}
				if !strings.Contains(text, html.EscapeString(value)) {
					t.Errorf("the form lost %q", value)
				}
			}
		})
	}
	v.t = t

	t.Run("what was written is corrected, and going back overwrites nothing", func(t *testing.T) {
		where := v.writes("/app/add/weight", "value", "70", "day-day", "1", "day-month", "2", "day-year", "2024")
		resp, text := v.goes("GET", where+"/correct", "")
		key := keyIn.FindStringSubmatch(text)[1]
		send := func(version string) *http.Response {
			resp, text = v.goes("POST", where+"/correct", v.fills("key", key, "version", version, "step", "keep", "value", "71", "day-day", "1", "day-month", "2", "day-year", "2024"))
			return resp
		}
		if resp = send("1"); resp.StatusCode != 303 || resp.Header.Get("Location") != where {
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
		if resp = send("1"); resp.StatusCode != 303 {
			t.Errorf("sent twice: %d %s", resp.StatusCode, text)
		}
		if body, _ := w.entryOf(token, where); !strings.Contains(body, `"value":71`) || !strings.Contains(body, `"versionId":"2"`) {
			t.Error(body)
		}
		if resp, _ = v.goes("POST", where+"/correct", v.fills("key", key, "version", "1", "step", "keep", "value", "72", "day-day", "1", "day-month", "2", "day-year", "2024")); resp.StatusCode != 412 {
			t.Errorf("over what they did not see: %d", resp.StatusCode)
		}
	})
}

// What is wrong with a field is said beside it, with a link to it, and nothing typed is lost.
func TestWritingWrong(t *testing.T) {
	w := newServer(t, generous)
	v := w.reads(w.enrol("Marion"))
	key := strings.Repeat("a", 26)
	for _, x := range []struct{ path, field, value, says string }{
		{"medicine", "what", "", "Fill this in"},
		{"medicine", "what", "Rami\u202epril", "cannot be seen"},
		{"medicine", "what", "Rami\x00pril", "cannot be seen"},
		{"medicine", "what", "Rami\xffpril", "cannot be seen"},
		{"medicine", "what", "two\nlines", "cannot be seen"},
		{"medicine", "what", strings.Repeat("é", 201), "too long"},
		{"medicine", "note", strings.Repeat("a", 3001), "too long"},
		{"medicine", "from-day", "31", "no day"},
		{"weight", "value", "1e3", "Write a number"},
		{"weight", "value", "NaN", "Write a number"},
		{"weight", "value", "-5", "Write a number"},
		{"weight", "value", "0x10", "Write a number"},
		{"weight", "value", "900", "between 0.3 and 500"},
		{"weight", "day-year", "2149", "not come yet"},
		{"weight", "day-year", "99999", "no day"},
		{"appointment", "time", "25:00", "Write a time"},
		{"allergy", "sort", "evil", "Choose one"},
	} {
		form := map[string]string{"key": key, "step": "keep", "what": "Something <i>here</i>", "value": "70", "time": "10:00", "day-day": "1", "day-month": "2", "day-year": "2024", "from-year": "2023", "from-month": "2"}
		form[x.field] = x.value
		var pairs []string
		for name, value := range form {
			pairs = append(pairs, name, value)
		}
		resp, text := v.goes("POST", "/app/add/"+x.path, v.fills(pairs...))
		name, _, _ := strings.Cut(x.field, "-")
		if resp.StatusCode != 422 || !strings.Contains(text, x.says) || !strings.Contains(text, "<title>Error: ") || !strings.Contains(text, `href="#`+name) {
			t.Errorf("%s %s=%.20q: %d %s", x.path, x.field, x.value, resp.StatusCode, text)
		}
		if x.field != "what" && strings.Contains(text, `name="what"`) && !strings.Contains(text, "Something &lt;i&gt;here&lt;/i&gt;") {
			t.Errorf("%s %s: what was typed is lost", x.path, x.field)
		}
		if strings.Contains(text, "<i>here") {
			t.Error("what was typed is part of the page")
		}
	}
	for _, body := range []string{"what=x&form=" + v.form, "what=x&key=..&form=" + v.form, "what=x&key=" + key} {
		if resp, _ := v.goes("POST", "/app/add/medicine", body); resp.StatusCode != 400 && resp.StatusCode != 403 {
			t.Errorf("%s: %d", body, resp.StatusCode)
		}
	}
	if resp, _ := v.goes("POST", "/app/add/medicine", v.fills("key", key, "what", strings.Repeat("x", 70<<10))); resp.StatusCode != 413 {
		t.Errorf("a huge form: %d", resp.StatusCode)
	}
	if resp, _ := v.goes("GET", "/app/add/nothing", ""); resp.StatusCode != 404 {
		t.Errorf("no such form: %d", resp.StatusCode)
	}
}

// bring is a form with files, as a browser sends it.
func (v *visitor) bring(word string, files ...[2]string) (string, string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if word != "" {
		m.WriteField("form", word)
	}
	for _, f := range files {
		part, err := m.CreateFormFile("file", f[0])
		v.check(err)
		part.Write([]byte(f[1]))
	}
	m.Close()
	return b.String(), m.FormDataContentType()
}

func (v *visitor) brings(word string, files ...[2]string) (*http.Response, string) {
	v.t.Helper()
	body, typ := v.bring(word, files...)
	return v.goes("POST", "/app/import", body, "Content-Type", typ)
}

const bundleOfSomebody = `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:1a2b3c4d-0000-4000-8000-000000000001","resource":{"resourceType":"Patient","name":[{"text":"Ada Okonkwo","family":"Okonkwo","given":["Ada"]}]%s}},
{"fullUrl":"urn:uuid:1a2b3c4d-0000-4000-8000-000000000002","resource":{"resourceType":"Condition","code":{"text":"Asthma <script>"},"subject":{"reference":"urn:uuid:1a2b3c4d-0000-4000-8000-000000000001"}}},
{"fullUrl":"urn:uuid:1a2b3c4d-0000-4000-8000-000000000003","resource":{"resourceType":"Observation","code":{"text":"no status"},"subject":{"reference":"urn:uuid:1a2b3c4d-0000-4000-8000-000000000001"}}}]}`

// Files are looked at before they are kept, kept once, and can be taken back.
func TestBringing(t *testing.T) {
	w := newWorld(t)
	v := w.reads(w.ada)
	asks, sure := fmt.Sprintf(bundleOfSomebody, ""), fmt.Sprintf(bundleOfSomebody, `,"birthDate":"1951-03-02"`)

	t.Run("whose it is is asked, and what is wrong left out", func(t *testing.T) {
		resp, text := v.brings(v.form, [2]string{"surgery.json", asks}, [2]string{"letter.txt", "To whom it may concern"}, [2]string{"x.xml", `<?xml version="1.0"?><ClinicalDocument/>`})
		where := resp.Header.Get("Location")
		if resp.StatusCode != 303 || !strings.HasPrefix(where, "/app/import/") {
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
		resp, text = v.goes("GET", where, "")
		for _, says := range []string{"surgery.json", "Is that you?", "Ada Okonkwo", "Asthma &lt;script&gt;", "C-CDA", "letter.txt", "Don&#39;t keep", "status"} {
			if !strings.Contains(text, says) {
				t.Errorf("the review does not say %s: %d %s", says, resp.StatusCode, text)
			}
		}
		if resp, text = v.goes("POST", where, v.fills()); resp.StatusCode != 422 || !strings.Contains(text, `href="#me-0"`) {
			t.Errorf("kept without saying whose it is: %d", resp.StatusCode)
		}
		for range 2 {
			if resp, text = v.goes("POST", where, v.fills("me-0", "yes", "as-is-2", "yes", "title-1", "A letter", "made-1-year", "2024")); resp.StatusCode != 303 || resp.Header.Get("Location") != where {
				t.Fatalf("%d %s", resp.StatusCode, text)
			}
		}
		if resp, text = v.goes("GET", where, ""); resp.StatusCode != 200 || !strings.Contains(text, "What was kept") || !strings.Contains(text, "would be left out") {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
		if _, text = v.goes("GET", "/app/list/all", ""); !strings.Contains(text, "Asthma") || !strings.Contains(text, "A letter") {
			t.Error(text)
		}
	})

	t.Run("the same again adds nothing; undone, it is gone", func(t *testing.T) {
		resp, _ := v.brings(v.form, [2]string{"clinic.json", sure})
		where := resp.Header.Get("Location")
		if resp, text := v.goes("POST", where, v.fills()); resp.StatusCode != 303 { // the same name and day: it is not asked
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
		_, text := v.goes("GET", where, "")
		undo := regexp.MustCompile(`/app/imports/[0-9a-f]{32}/undo`).FindString(text)
		resp, _ = v.brings(v.form, [2]string{"clinic.json", sure})
		again := resp.Header.Get("Location")
		v.goes("POST", again, v.fills())
		if _, text = v.goes("GET", again, ""); !strings.Contains(text, "was there already") || strings.Contains(text, "is new") {
			t.Error(text)
		}
		if resp, text = v.goes("GET", undo, ""); resp.StatusCode != 200 || !strings.Contains(text, "Undo") {
			t.Fatalf("%s: %d %s", undo, resp.StatusCode, text)
		}
		for range 2 {
			if resp, _ = v.goes("POST", undo, v.fills()); resp.StatusCode != 303 || !strings.HasPrefix(resp.Header.Get("Location"), "/app/imports") {
				t.Errorf("%d", resp.StatusCode)
			}
		}
		if _, text = v.goes("GET", "/app/imports", ""); strings.Contains(text, undo) || !strings.Contains(text, "surgery") {
			t.Error(text)
		}
	})

	t.Run("somebody else's is refused", func(t *testing.T) {
		resp, _ := v.brings(v.form, [2]string{"a.json", fmt.Sprintf(bundleOfSomebody, `,"birthDate":"1999-01-01"`)})
		where := resp.Header.Get("Location")
		if _, text := v.goes("GET", where, ""); !strings.Contains(text, "Not understood") {
			t.Error(text)
		}
		if resp, _ = v.goes("POST", where, v.fills("me-0", "yes", "as-is-0", "no")); resp.StatusCode != 422 {
			t.Errorf("%d", resp.StatusCode)
		}
	})

	t.Run("attacks", func(t *testing.T) {
		file := [2]string{"x.json", sure}
		resp, _ := v.brings(v.form, file)
		where := resp.Header.Get("Location")
		ben := w.reads(w.enrol("Ben"))
		if resp, _ := ben.goes("GET", where, ""); resp.StatusCode != 404 {
			t.Errorf("another person sees it: %d", resp.StatusCode)
		}
		if resp, _ := ben.goes("POST", where, ben.fills()); resp.StatusCode != 404 {
			t.Errorf("another person keeps it: %d", resp.StatusCode)
		}
		for _, word := range []string{"", ben.form, strings.Repeat("0", 32)} {
			if resp, _ := v.brings(word, file); resp.StatusCode != 403 {
				t.Errorf("with the word %q: %d", word, resp.StatusCode)
			}
		}
		body, typ := v.bring(v.form, file)
		if resp, _ := v.goes("POST", "/app/import", body, "Content-Type", typ, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 403 {
			t.Errorf("from another site: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("POST", "/app/import", body[:len(body)-40], "Content-Type", typ); resp.StatusCode != 400 {
			t.Errorf("broken off: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("POST", "/app/import", v.fills()); resp.StatusCode != 415 {
			t.Errorf("no files' form: %d", resp.StatusCode)
		}
		if resp, text := v.brings(v.form, [2]string{"big.txt", strings.Repeat("a", app.MaxUpload+1)}); resp.StatusCode != 422 || !strings.Contains(text, "too large") {
			t.Errorf("too large: %d", resp.StatusCode)
		}
		many := make([][2]string, 21)
		for i := range many {
			many[i] = [2]string{"a.txt", "a"}
		}
		if resp, text := v.brings(v.form, many...); resp.StatusCode != 422 || !strings.Contains(text, "at most 20") {
			t.Errorf("too many: %d", resp.StatusCode)
		}
		for _, x := range [][2]string{{"\u202efdp.exe", "MZ\x00"}, {"../../etc/passwd", "root"}, {"a.zip", "PK\x03\x04zip"}, {"p.html", "<html><script>alert(1)</script>"}, {"deep.json", strings.Repeat(`{"a":`, 100_000)}, {"e.txt", ""}} {
			resp, _ := v.brings(v.form, x)
			resp, text := v.goes("GET", resp.Header.Get("Location"), "")
			if resp.StatusCode != 200 || strings.Contains(text, "<script>alert") || strings.Contains(text, "\u202e") {
				t.Errorf("%q: %d %s", x[0], resp.StatusCode, text)
			}
		}
		resp, _ = v.brings(v.form, file)
		where = resp.Header.Get("Location")
		if resp, _ := v.goes("POST", where+"/discard", v.fills()); resp.StatusCode != 303 {
			t.Errorf("not kept: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("GET", where, ""); resp.StatusCode != 404 {
			t.Errorf("it is there still: %d", resp.StatusCode)
		}
	})
}

// What a person does with an entry.
func TestActing(t *testing.T) {
	w := newWorld(t)
	v, token := w.reads(w.ada), w.vars["ada"]
	const at = "/app/entry/AllergyIntolerance/allergy"
	if resp, text := v.goes("POST", at+"/note", v.fills("version", "1", "text", " ")); resp.StatusCode != 422 || !strings.Contains(text, "Write something") {
		t.Errorf("an empty note: %d", resp.StatusCode)
	}
	if resp, text := v.goes("POST", at+"/note", v.fills("version", "1", "text", "It was <b>bad</b>")); resp.StatusCode != 303 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	if resp, _ := v.goes("POST", at+"/note", v.fills("version", "1", "text", "It was <b>bad</b>")); resp.StatusCode != 412 {
		t.Errorf("the same note again: %d", resp.StatusCode)
	}
	if resp, _ := v.goes("POST", at+"/dispute", v.fills("version", "2", "text", "I never had this")); resp.StatusCode != 303 {
		t.Errorf("a dispute: %d", resp.StatusCode)
	}
	if _, text := v.goes("GET", at, ""); !strings.Contains(text, "I never had this") || !strings.Contains(text, "It was &lt;b&gt;bad&lt;/b&gt;") {
		t.Error(text)
	}
	if resp, text := v.goes("GET", at+"/withdraw", ""); resp.StatusCode != 200 || !strings.Contains(text, "I never had this") {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, _ := v.goes("POST", at+"/withdraw", v.fills("version", "3")); resp.StatusCode != 303 {
		t.Errorf("taken back: %d", resp.StatusCode)
	}
	if body, _ := w.entryOf(token, at); strings.Contains(body, "never had") {
		t.Error(body)
	}
	if resp, text := v.goes("GET", at+"/move", ""); resp.StatusCode != 200 || !strings.Contains(text, "Mental health") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if resp, _ := v.goes("POST", at+"/move", v.fills("to", "nowhere")); resp.StatusCode != 422 {
		t.Errorf("to nowhere: %d", resp.StatusCode)
	}
	if resp, text := v.goes("POST", at+"/move", v.fills("to", "private")); resp.StatusCode != 303 {
		t.Errorf("moved: %d %s", resp.StatusCode, text)
	}
	if _, section := w.entryOf(token, at); section != "private" {
		t.Errorf("it is in %s", section)
	}
	if resp, _ := v.goes("GET", "/app/entry/Patient/"+w.vars["patient"]+"/remove", ""); resp.StatusCode != 422 {
		t.Errorf("their own details: %d", resp.StatusCode)
	}
	body, _ := w.entryOf(token, at)
	version := regexp.MustCompile(`"versionId":"(\d+)"`).FindStringSubmatch(body)[1]
	if resp, _ := v.goes("POST", at+"/remove", v.fills("version", version)); resp.StatusCode != 422 {
		t.Errorf("without saying how: %d", resp.StatusCode)
	}
	if resp, _ := v.goes("POST", at+"/remove", v.fills("version", "1", "how", "delete")); resp.StatusCode != 412 {
		t.Errorf("what they did not see: %d", resp.StatusCode)
	}
	if resp, text := v.goes("POST", at+"/remove", v.fills("version", version, "how", "delete")); resp.StatusCode != 303 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	if resp, text := v.goes("GET", at+"/remove", ""); resp.StatusCode != 200 || !strings.Contains(text, "Put it back") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if resp, _ := v.goes("POST", at+"/restore", v.fills()); resp.StatusCode != 303 {
		t.Errorf("put back: %d", resp.StatusCode)
	}
	if body, section := w.entryOf(token, at); !strings.Contains(body, "penicillin") || section != "private" {
		t.Errorf("%s in %s", body, section)
	}
	mine := v.writes("/app/add/allergy", "what", "Nuts")
	if resp, text := v.goes("POST", mine+"/remove", v.fills("version", "1", "how", "mistake")); resp.StatusCode != 303 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	if body, _ := w.entryOf(token, mine); !strings.Contains(body, "entered-in-error") || strings.Contains(body, "clinicalStatus") {
		t.Error(body)
	}
	other := *v
	other.form = w.reads(w.ada).form
	for _, path := range []string{at + "/note", at + "/dispute", at + "/withdraw", at + "/move", at + "/remove", at + "/restore", at + "/correct", "/app/add/medicine", "/app/settings/export"} {
		if resp, _ := v.goes("POST", path, "version=1"); resp.StatusCode != 403 {
			t.Errorf("POST %s without its word: %d", path, resp.StatusCode)
		}
		if resp, _ := v.goes("POST", path, other.fills("version", "1")); resp.StatusCode != 403 {
			t.Errorf("POST %s with another session's word: %d", path, resp.StatusCode)
		}
		ben := w.reads(w.enrol("Ben"))
		if strings.HasPrefix(path, at) {
			if resp, _ := ben.goes("POST", path, ben.fills("version", "1", "text", "x", "to", "private", "how", "delete")); resp.StatusCode != 404 {
				t.Errorf("POST %s by somebody else: %d", path, resp.StatusCode)
			}
		}
	}
	gone := *v
	gone.cookie = "__Host-carehold=none"
	if resp, text := gone.goes("POST", at+"/note", v.fills("version", "1", "text", "something long that was typed")); resp.StatusCode != 401 || !strings.Contains(text, "something long that was typed") {
		t.Errorf("a session that ended: %d", resp.StatusCode)
	}
}

// Everything can be taken out, and removed.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	v := w.reads(w.ada)
	for _, path := range []string{"", "/devices", "/recovery", "/export", "/delete"} {
		if resp, text := v.goes("GET", "/app/settings"+path, ""); resp.StatusCode != 200 || !strings.Contains(text, "<h1>") || strings.Contains(text, "[settings.") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	up, _ := v.brings(v.form, [2]string{"letter.txt", strings.Repeat("To whom it may concern\n", 20_000)})
	if resp, text := v.goes("POST", up.Header.Get("Location"), v.fills()); resp.StatusCode != 303 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	resp, text := v.goes("POST", "/app/settings/export", v.fills())
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), `attachment; filename="my-record-`) {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	types := map[string]int{}
	for _, line := range lines {
		r, err := fhir.Parse([]byte(line), fhir.Limits{})
		if err != nil {
			t.Fatalf("%v: %.200s", err, line)
		}
		types[r.Type()]++
	}
	if types["Patient"] != 1 || types["AllergyIntolerance"] != 1 || types["Binary"] != 1 || types["DocumentReference"] != 1 || !strings.Contains(text, "VG8gd2hvbSBpdCBtYXk") {
		t.Errorf("%v", types)
	}
	_, text = v.goes("GET", "/app/settings/delete", "")
	if said := fmt.Sprintf("It has %d entries.", len(lines)); !strings.Contains(text, said) {
		t.Errorf("the page on which all of it is deleted does not say %q", said)
	}
	// Only the person's keys delete it: no session of theirs does, nor a form.
	if resp, _ := v.goes("POST", "/app/settings/delete", v.fills("word", "delete")); resp.StatusCode != 405 {
		t.Errorf("a form: %d", resp.StatusCode)
	}
}
