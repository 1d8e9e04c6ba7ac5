package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

// Every page that shows something of the record leaves one entry in the log, and no more:
// the history stays one that a person can read.
func TestReadingIsLoggedOnce(t *testing.T) {
	w, h, v := withSample(t)
	w.grant(h, "gp", time.Hour, "patient/*.rs", grant.Clinical.List()...)
	v = w.reads(h) // knows of the grant
	find := func(page, pattern string) string {
		m := regexp.MustCompile(`href="(` + pattern + `)"`).FindStringSubmatch(v.page(page))
		if m == nil {
			t.Fatalf("%s leads to no %s", page, pattern)
		}
		return m[1]
	}
	entry := find("/app/list/results?q=hba1c", "/app/entry/Observation/[^\"/]+")
	for path, want := range map[string]int{
		"/app/record": 1, "/app/list/all": 1, "/app/list/medicines?state=past": 1, "/app/list/results?q=nothing+has+these": 1, "/app/care": 1,
		entry: 1, entry + "/original": 1, entry + "/trend": 1, "/app/history": 1, "/app/list/people": 1,
	} {
		before, err := h.History(t.Context(), w.session(h), 0)
		w.check(err)
		v.page(path)
		after, err := h.History(t.Context(), w.session(h), 0)
		w.check(err)
		// The sessions that look themselves, and what they ask for the history, are theirs.
		if got := len(after) - len(before) - own(after[len(before):]); got != want {
			t.Errorf("%s: %d entries in the log, not %d: %+v", path, got, want, after[len(before):])
		}
	}
	if text := v.page("/app/history"); !strings.Contains(text, "You looked at") || !strings.Contains(text, "You gave gp") {
		t.Error("the history does not say what was done")
	}
}

// own is what looking at the log leaves in it: a session, and having asked for it.
func own(entries []audit.Entry) (n int) {
	signed := false
	for _, e := range entries {
		switch e.Event.Action {
		case audit.SignIn:
			signed = true
			n++
		case audit.History:
			if signed {
				n++
			}
		}
	}
	return n
}

func TestReadingNeedsASession(t *testing.T) {
	w, h, v := withSample(t)
	paths := []string{"/app/record", "/app/list/all?q=x", "/app/entry/Observation/a", "/app/entry/Observation/a/original", "/app/entry/Observation/a/file", "/app/entry/Observation/a/narrative",
		"/app/entry/Observation/a/trend", "/app/care", "/app/history"}
	nobody := &visitor{w, "x=y", ""}
	for _, path := range paths {
		if resp, text := nobody.goes("GET", path, ""); resp.StatusCode != 303 || !strings.HasPrefix(resp.Header.Get("Location"), "/unlock?to=%2Fapp%2F") || strings.Contains(text, "Marion") {
			t.Errorf("%s without a session: %d %s", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	// Another person has nothing of it, and finds nothing of it.
	m := regexp.MustCompile(`href="(/app/entry/AllergyIntolerance/[^"]+)"`).FindStringSubmatch(v.page("/app/list/allergies"))
	ben := w.reads(w.enrol("Ben"))
	for _, path := range []string{"/app/record", "/app/list/all", "/app/list/allergies", "/app/care"} {
		if text := ben.page(path); strings.Contains(text, "/app/entry/") || strings.Contains(text, "Codeine") {
			t.Errorf("%s shows another's record", path)
		}
	}
	if text := ben.page("/app/list/allergies"); !strings.Contains(text, "No allergies are recorded here. That does not mean you have none.") {
		t.Error("nothing recorded is not said as that")
	}
	for _, end := range []string{"", "/original", "/narrative", "/file", "/trend"} {
		if resp, _ := ben.goes("GET", m[1]+end, ""); resp.StatusCode != 404 {
			t.Errorf("another's entry%s: %d", end, resp.StatusCode)
		}
	}
	if text := ben.page("/app/history"); strings.Contains(text, "Marion") {
		t.Error("another's history")
	}
	// A session without what reads the log says so.
	plain := w.visits(w.session(h))
	if text := plain.page("/app/history"); !strings.Contains(text, "This session cannot read the history") {
		t.Error("a session that reads no log")
	}
	if text := plain.page(m[1]); !strings.Contains(text, "This session cannot read the history") {
		t.Error("an entry, in a session that reads no log")
	}
	// It ends.
	v.goes("POST", "/app/lock", "form="+v.form)
	for _, path := range paths {
		if resp, _ := v.goes("GET", path, ""); resp.StatusCode != 303 {
			t.Errorf("%s in a session that is over: %d", path, resp.StatusCode)
		}
	}
}

// reader has a record with these entries, and a session that reads all of it.
func reader(t *testing.T, resources ...string) (*world, *holder.Holder, *visitor) {
	t.Helper()
	w := newServer(t, generous)
	h := w.enrol("Ada")
	token := w.session(h)
	var err error
	w.vars["patient"], err = w.client.With(token).Patient(t.Context())
	w.check(err)
	w.put(token, resources...)
	return w, h, w.reads(h)
}

func measured(id, day, code, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"coding":[{"system":"http://loinc.org","code":"%s"}],"text":"test of %s"},"subject":{"reference":"Patient/{patient}"},"effectiveDateTime":"%s"%s}`, id, code, code, day, more)
}

func TestListFilters(t *testing.T) {
	var all []string
	for i := range 120 {
		all = append(all, measured(fmt.Sprintf("o%03d", i), fmt.Sprintf("20%02d-03-%02d", 10+i/30, 1+i%30), []string{"2823-3", "4548-4"}[i%2], `,"valueQuantity":{"value":4.1,"unit":"mmol/L"}`))
	}
	all = append(all, measured("wrong", "2015-01-01", "2823-3", ""), measured("year", "2009", "718-7", ""),
		`{"resourceType":"Condition","id":"now","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"Asthma"},"subject":{"reference":"Patient/{patient}"},"onsetDateTime":"2001"}`,
		`{"resourceType":"Condition","id":"past","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]},"code":{"text":"Broken wrist"},"subject":{"reference":"Patient/{patient}"},"onsetDateTime":"2019-05"}`,
		`{"resourceType":"Goal","id":"walk","lifecycleStatus":"active","description":{"text":"walk to the shöp"},"subject":{"reference":"Patient/{patient}"}}`)
	all[120] = strings.Replace(all[120], `"final"`, `"entered-in-error"`, 1)
	_, _, v := reader(t, all...)
	shown := func(path string) (ids []string) {
		for _, m := range regexp.MustCompile(`href="/app/entry/[A-Za-z]+/([^"/]+)"`).FindAllStringSubmatch(v.page(path), -1) {
			ids = append(ids, m[1])
		}
		return ids
	}
	text := v.page("/app/list/results")
	if ids := shown("/app/list/results"); len(ids) != 50 || ids[0] != "o119" || ids[49] != "o070" {
		t.Errorf("the first page: %v", ids)
	}
	for _, want := range []string{"121 entries.", "These are 1 to 50, the newest first.", `href="/app/list/results?p=2" rel="next"`, "1 entry marked as a mistake is not shown.", "/app/list/results?mistakes=show"} {
		if !strings.Contains(text, want) {
			t.Errorf("the first page does not say %q", want)
		}
	}
	if ids := shown("/app/list/results?p=3"); len(ids) != 21 || ids[20] != "year" {
		t.Errorf("the last page: %v", ids)
	}
	if text := v.page("/app/list/results?p=3"); !strings.Contains(text, `rel="prev"`) || strings.Contains(text, `rel="next"`) {
		t.Error("from the last page there is no way back, or one further")
	}
	if ids := shown("/app/list/results?p=99999"); len(ids) != 21 {
		t.Errorf("beyond the last page: %v", ids)
	}
	for query, want := range map[string]string{
		"q=4548-4&from=2013-03-01&to=2013-03-04": "o093 o091",
		"q=TEST+718":                             "year",
		"to=2010-01-01":                          "year",
		"mistakes=show&q=2823&from=2014-12-31":   "wrong",
		"q=nothing":                              "",
		"p=-4&to=2009-12-31":                     "year",
		"q=%F0%9F%92%A3+%00%FF":                  "",
		"source=0123456789ab":                    "",
		"source=own&to=2010-01-01":               "year",
		"from=2009-06-01&to=2009-12-31":          "", // the year began before, and no more is known
	} {
		if got := strings.Join(shown("/app/list/results?"+query), " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string]string{"from=31/3/2026": "The first day is not a date", "to=x": "The last day is not a date", "from=2020-02-02&to=2019-01-01": "The last day is before the first day"} {
		if text := v.page("/app/list/results?" + query); !strings.Contains(text, want) || !strings.Contains(text, "<title>Error: ") || !strings.Contains(text, `aria-invalid="true"`) {
			t.Errorf("%s does not say %q", query, want)
		}
	}
	if got := strings.Join(shown("/app/list/conditions"), " "); got != "now past" {
		t.Errorf("what holds now comes first: %s", got)
	}
	if got := strings.Join(shown("/app/list/conditions?state=past"), " "); got != "past" {
		t.Errorf("in the past: %s", got)
	}
	if got := strings.Join(shown("/app/list/all?q="+url.QueryEscape("SHOP walk")), " "); got != "walk" {
		t.Errorf("words that its search values have not: %s", got)
	}
	if resp, _ := v.goes("GET", "/app/list/nothing", ""); resp.StatusCode != 404 {
		t.Errorf("a list that is not there: %d", resp.StatusCode)
	}
	if got := len(shown("/app/entry/Observation/o010/trend")); got < 60 {
		t.Errorf("a trend of sixty has %d", got)
	}
	if strings.Contains(strings.Join(shown("/app/entry/Observation/o010/trend"), " "), "o011") {
		t.Error("a trend has another measurement in it")
	}
}

// Whatever stands in a record is text, or is saved.
func TestHostileReading(t *testing.T) {
	for name, attack := range map[string]string{
		"script": `<script>alert(1)</script><img src=x onerror=alert(2)>`, "attribute": `" onmouseover="alert(1)" x="`, "single": `' onfocus='alert(1)`,
		"bidi": "abc\u202edcba\u2066\u2069\u200f", "url": `javascript:alert(1)`, "template": `{{.Form}} {{t "x"}} ZgotmplX`, "huge": strings.Repeat("<b>huge</b>", 20_000),
		"lines": "a\tb\nc\u0085d", "svg": `<svg onload=alert(1)>`, "comment": `--><script>alert(3)</script><!--`, "long": strings.Repeat("W", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			x := jsonText(attack)
			narrative := jsonText(`<div xmlns="http://www.w3.org/1999/xhtml"><p>` + "hello &lt;script&gt; " + `</p></div>`)
			_, _, v := reader(t,
				`{"resourceType":"AllergyIntolerance","id":"a","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":`+x+`},"patient":{"reference":"Patient/{patient}","display":`+x+`},"note":[{"text":`+x+`}],"text":{"status":"generated","div":`+narrative+`}}`,
				`{"resourceType":"DocumentReference","id":"d","status":"current","description":`+x+`,"content":[{"attachment":{"title":`+x+`,"contentType":"text/html","data":"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}},{"attachment":{"url":`+jsonText(strings.Join(strings.Fields(attack), ""))+`}}]}`,
				`{"resourceType":"CareTeam","id":"t","status":"active","name":`+x+`,"participant":[{"role":[{"text":`+x+`}],"member":{"display":`+x+`}}]}`,
				`{"resourceType":"Goal","id":"g","lifecycleStatus":"active","description":{"text":`+x+`},"subject":{"reference":"Patient/{patient}"}}`,
				measured("o", "2020-01-01", "2823-3", `,"valueString":`+x+`,"note":[{"text":`+x+`}]`),
			)
			long := url.QueryEscape(attack[:min(len(attack), 400)])
			for _, path := range []string{"/app/record", "/app/list/all", "/app/list/allergies", "/app/list/all?q=" + long, "/app/list/all?from=" + long, "/app/list/all?source=" + long, "/app/care", "/app/history?who=" + long,
				"/app/entry/AllergyIntolerance/a", "/app/entry/AllergyIntolerance/a/original", "/app/entry/AllergyIntolerance/a/narrative", "/app/entry/DocumentReference/d", "/app/entry/DocumentReference/d/original",
				"/app/entry/CareTeam/t", "/app/entry/Goal/g", "/app/entry/Observation/o", "/app/entry/Observation/o/trend"} {
				text := v.page(path)
				for _, bad := range []string{"<script>alert", "<img", "<svg", `" onmouseover="`, `' onfocus='`, "<b>huge", "\u202e", "\u2066", `href="javascript:`} {
					if strings.Contains(text, bad) {
						t.Errorf("%s has %q", path, bad)
					}
				}
				if !strings.HasSuffix(path, "/original") && len(text) > 400_000 {
					t.Errorf("%s is of %d bytes", path, len(text))
				}
			}
		})
	}
}

func TestFilesAreSaved(t *testing.T) {
	_, _, v := reader(t,
		`{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"title":"x\"; y=.exe","contentType":"text/html","data":"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}},{"attachment":{"contentType":"application/pdf","data":"JVBERi0="}},{"attachment":{"url":"https://evil.example/x"}}]}`,
		`{"resourceType":"Binary","id":"b","contentType":"image/svg+xml","data":"PHN2Zy8+"}`,
	)
	for path, want := range map[string][3]string{
		"/app/entry/DocumentReference/d/file":     {"application/octet-stream", `attachment; filename="documentreference-d.bin"`, "<script>alert(1)</script>"},
		"/app/entry/DocumentReference/d/file?n=2": {"application/pdf", `attachment; filename="documentreference-d-2.pdf"`, "%PDF-"},
		"/app/entry/Binary/b/file":                {"application/octet-stream", `attachment; filename="binary-b.bin"`, "<svg/>"},
	} {
		resp, text := v.goes("GET", path, "")
		h := resp.Header
		if resp.StatusCode != 200 || h.Get("Content-Type") != want[0] || h.Get("Content-Disposition") != want[1] || text != want[2] ||
			!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %q %v", path, resp.StatusCode, text, h)
		}
	}
	for _, path := range []string{"/app/entry/DocumentReference/d/file?n=3", "/app/entry/DocumentReference/d/file?n=0", "/app/entry/DocumentReference/d/file?n=99", "/app/entry/DocumentReference/x/file", "/app/entry/Binary/none/file", "/app/entry/Nothing/x", "/app/entry/Patient/.../file"} {
		if resp, _ := v.goes("GET", path, ""); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	if text := v.page("/app/entry/DocumentReference/d"); strings.Contains(text, `href="https://evil`) || !strings.Contains(text, "is not in your record") {
		t.Error("a file that lies elsewhere")
	}
}

// That nothing is recorded, that it is recorded that there is nothing, and what was done
// once are said apart.
func TestAbsence(t *testing.T) {
	allergy := func(id, code, text string) string {
		return `{"resourceType":"AllergyIntolerance","id":"` + id + `","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"` + code + `"}],"text":"` + text + `"},"patient":{"reference":"Patient/{patient}"}}`
	}
	given := `{"resourceType":"MedicationDispense","id":"given","status":"completed","medicationCodeableConcept":{"text":"Metformin"},"subject":{"reference":"Patient/{patient}"},"whenHandedOver":"2026-01-02"}`
	const nothing, stated = "No allergies are recorded here. That does not mean you have none.", "It is recorded that there are none:"
	for name, row := range map[string]struct {
		has       []string
		home, not []string
	}{
		"nothing recorded": {nil, []string{nothing, "No medicines are recorded here. That does not mean you take none."}, []string{stated}},
		"recorded none":    {[]string{allergy("none", "716186003", "No known allergy")}, []string{stated, "No known allergy"}, []string{nothing}},
		"none, and one":    {[]string{allergy("none", "716186003", "No known allergy"), allergy("a", "91936005", "Penicillin")}, []string{"1 allergy:", "Penicillin"}, []string{stated, nothing}},
		"given, not taken": {[]string{given}, []string{"None is marked as taken now; 1 entry about the past"}, []string{"medicine now"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, v := reader(t, append(row.has, measured("o", "2020-01-01", "2823-3", ""))...)
			text, _, _ := strings.Cut(v.page("/app/record"), "<h2>Latest</h2>")
			for _, want := range row.home {
				if !strings.Contains(text, want) {
					t.Errorf("not said: %s", want)
				}
			}
			for _, not := range row.not {
				if strings.Contains(text, not) {
					t.Errorf("said: %s", not)
				}
			}
		})
	}
}

// An entry tells where it came from, what was said of it, and who saw it.
func TestEntryPage(t *testing.T) {
	w, h, _ := withSample(t)
	gp := w.grant(h, "Dr Okafor", time.Hour, "patient/*.rs", grant.Clinical.List()...)
	resp := w.send("GET", "/fhir/AllergyIntolerance", http.Header{"Authorization": {"Bearer " + gp}}, "")
	resp.Body.Close()
	v := w.reads(h)
	m := regexp.MustCompile(`href="/app/entry/(AllergyIntolerance/[^"]+)"`).FindStringSubmatch(v.page("/app/list/allergies"))
	typ, id, _ := strings.Cut(m[1], "/")
	me := w.view(w.session(h))
	defer me.Close()
	text := v.page("/app/entry/" + m[1])
	for _, want := range []string{"Where this came from", "It was in a file that you put into your record", "It has not been changed since it was put in.", "Dr Okafor, GP looked at it", "You looked at it", "It is kept in the part <strong>Allergies</strong>",
		`href="/app/entry/` + m[1] + `/note"`, `/dispute"`, `/move"`, `/remove"`, `/original"`} {
		if !strings.Contains(text, want) {
			t.Errorf("not said: %s", want)
		}
	}
	_, err := me.Annotate(t.Context(), fhir.Ref{Type: typ, ID: id}, 0, "It was the glue\n<b>not</b> the plaster", true)
	w.check(err)
	text = v.page("/app/entry/" + m[1])
	for _, want := range []string{"You have said that this is wrong.", "It was the glue\n&lt;b&gt;not&lt;/b&gt; the plaster", "Version 2", `/original?version=1"`, "You put words on it"} {
		if !strings.Contains(text, want) {
			t.Errorf("after a dispute not said: %s", want)
		}
	}
	if strings.Contains(text, "It has not been changed since") {
		t.Error("it was changed")
	}
	if text := v.page("/app/entry/" + m[1] + "/original?version=1"); strings.Contains(text, "the glue") || !strings.Contains(text, "Version 1") {
		t.Error("the first version is not what it was")
	}
	if text := v.page("/app/history?who=" + w.vars["Dr Okafor.id"]); !strings.Contains(text, "Dr Okafor, GP looked at") || strings.Contains(text, "You looked at") {
		t.Error("the history of one")
	}
}

// A page of a record of some size is small, and nobody waits for it on a phone.
func TestReadingPagesAreSmall(t *testing.T) {
	_, _, v := withSample(t)
	for path, most := range map[string]int{"/app/record": 40_000, "/app/list/all": 60_000, "/app/care": 80_000, "/app/history": 60_000} {
		if n := len(v.page(path)); n > most {
			t.Errorf("%s is of %d bytes, more than %d", path, n, most)
		}
	}
}
