package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/record"
)

const laboratory = `"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`

// shared is what a grant to the results shows, and what it says of the rest is what
// its references say.
var shared = []string{
	`{"resourceType":"Observation","id":"lab1","identifier":[{"system":"urn:x","value":"1"}],"status":"final",` + laboratory + `"code":{"text":"sodium"},"subject":{"reference":"Patient/{patient}"},"encounter":{"reference":"Encounter/visit"},"effectiveDateTime":"2026-01-01","valueQuantity":{"value":140}}`,
	`{"resourceType":"Observation","id":"lab2","identifier":[{"system":"urn:x","value":"2"}],"status":"final",` + laboratory + `"code":{"text":"sodium"},"subject":{"reference":"Patient/{patient}"},"effectiveDateTime":"2026-01-02","valueQuantity":{"value":141},"derivedFrom":[{"reference":"QuestionnaireResponse/form"}]}`,
	`{"resourceType":"Observation","id":"lab3","identifier":[{"system":"urn:x","value":"3"}],"status":"amended",` + laboratory + `"code":{"text":"urea"},"subject":{"reference":"Patient/{patient}"},"effectiveDateTime":"2026-01-03","valueQuantity":{"value":5},"hasMember":[{"reference":"Observation/smoking"}]}`,
}

// hidden fills the other sections: it points at what is shown and is pointed at, and
// has the same codes and identifiers.
var hidden = []string{
	`{"resourceType":"Condition","id":"secret","identifier":[{"system":"urn:x","value":"7"}],"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"needle condition"},"subject":{"reference":"Patient/{patient}"},"evidence":[{"detail":[{"reference":"Observation/lab1"}]}]}`,
	`{"resourceType":"Goal","id":"aim","lifecycleStatus":"active","description":{"text":"needle goal"},"subject":{"reference":"Patient/{patient}"}}`,
	`{"resourceType":"Encounter","id":"visit","status":"finished","class":{"code":"AMB"},"type":[{"text":"needle encounter"}],"subject":{"reference":"Patient/{patient}"}}`,
	`{"resourceType":"AllergyIntolerance","id":"allergic","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":"needle allergy"},"patient":{"reference":"Patient/{patient}"}}`,
	`{"resourceType":"QuestionnaireResponse","id":"form","status":"completed","subject":{"reference":"Patient/{patient}"},"item":[{"linkId":"1","text":"needle answer"}]}`,
	`{"resourceType":"Observation","id":"smoking","identifier":[{"system":"urn:x","value":"9"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"social-history"}]}],"code":{"text":"sodium needle"},"subject":{"reference":"Patient/{patient}"},"effectiveDateTime":"2026-01-02","valueString":"needle","derivedFrom":[{"reference":"Observation/lab1"}]}`,
	`{"resourceType":"CarePlan","id":"plan","status":"active","intent":"plan","title":"needle plan","subject":{"reference":"Patient/{patient}"},"goal":[{"reference":"Goal/aim"}],"supportingInfo":[{"reference":"Observation/lab1"}]}`,
	`{"resourceType":"MedicationStatement","id":"pills","status":"active","medicationCodeableConcept":{"text":"needle medicine"},"subject":{"reference":"Patient/{patient}"},"derivedFrom":[{"reference":"Observation/lab2"}]}`,
	`{"resourceType":"Binary","id":"scan","contentType":"text/plain","securityContext":{"reference":"Observation/smoking"},"data":"bmVlZGxlIHNjYW4="}`,
}

const fresh = `{"resourceType":"Observation","identifier":[{"system":"urn:x","value":"%s"}],"status":"final",` + laboratory + `"code":{"text":"new"},"subject":{"reference":"Patient/{patient}"}%s}`

// prying is what somebody sends who wants to know what they may not see: looks, which
// change nothing, and changes.
func prying() (looks, changes [][3]string) {
	add := func(method, target, body string) {
		q := [3]string{method, target, body}
		if method == "GET" || method == "HEAD" || strings.HasSuffix(target, "_search") {
			looks = append(looks, q)
		} else {
			changes = append(changes, q)
		}
	}
	for _, ref := range []string{"Condition/secret", "Goal/aim", "Encounter/visit", "Observation/smoking", "Binary/scan"} {
		typ, _, _ := strings.Cut(ref, "/")
		for _, suffix := range []string{"", "/_history", "/_history/1", "/_history/2", "?_summary=text", "?_elements=code", "/$validate", "/$validate?mode=delete"} {
			add("GET", "/"+ref+suffix, "")
			add("HEAD", "/"+ref+suffix, "")
		}
		add("GET", "/"+typ, "")
		add("GET", "/"+typ+"/_history", "")
		add("GET", "/Patient/{patient}/"+typ, "")
		for _, condition := range []string{"Range: bytes=0-3", "Range: bytes=999-", "Accept: application/fhir+json", "Accept: text/plain", "If-None-Match: *", `If-None-Match: W/"1"`, "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT", `If-Match: W/"1"`} {
			add("GET", "/"+ref+"\n"+condition, "")
			add("DELETE", "/"+ref+"\n"+condition, "")
			add("PUT", "/"+ref+"\n"+condition, `{"resourceType":"`+typ+`","id":"`+strings.TrimPrefix(ref, typ+"/")+`"}`)
			add("PATCH", "/"+ref+"\n"+condition, `[{"op":"test","path":"/id","value":"x"}]`)
		}
		add("DELETE", "/"+ref, "")
		add("PATCH", "/"+ref, `[{"op":"test","path":"/id","value":"x"}]`)
		add("PUT", "/"+ref, `{"resourceType":"`+typ+`","id":"`+strings.TrimPrefix(ref, typ+"/")+`"}`)
	}
	// What is made of the record itself. Its ids are of the record's keys, so it is counted.
	for _, q := range []string{"/Provenance?", "/Provenance?target=Condition/secret&", "/Provenance?target=Condition/secret,Observation/lab1,Goal/never&", "/Provenance?target:Observation=smoking&", "/Provenance?recorded=gt2000&",
		"/Provenance?_has:AuditEvent:entity:action=R&", "/Condition?_has:Provenance:target:recorded=gt2000&", "/Observation?_has:Provenance:target:recorded=gt2000&", "/Consent?", "/Consent?status=active&", "/AuditEvent?entity=Condition/nobody-asked&"} {
		add("GET", q+"_summary=count", "")
	}
	for _, ref := range []string{"Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-1", "Consent/grant-00000000000000000000000000000000", "AuditEvent/log-0", "AuditEvent/log-x0000000000000000"} {
		add("GET", "/"+ref, "")
		add("GET", "/"+ref+"/_history/1", "")
		add("GET", "/"+ref+"/_history", "")
		add("DELETE", "/"+ref, "")
	}
	for _, q := range []string{
		"", "_total=accurate", "_summary=count", "_count=1", "_count=2&_sort=-date", "_sort=encounter", "_sort=-_lastUpdated", "code:text=sodium", "code:text=needle",
		"encounter=Encounter/visit", "encounter:missing=true", "encounter.class=AMB", "encounter:Encounter.type:text=needle",
		"_has:Condition:evidence-detail:code:text=needle", "_has:Condition:evidence-detail:code:missing=false",
		"_has:CarePlan:activity-reference:status=active", "_has:Observation:derived-from:code:text=sodium", "_has:MedicationStatement:source:status=active",
		"has-member.code:text=sodium", "derived-from:QuestionnaireResponse.status=completed", "has-member:missing=false",
		"_include=*", "_include=Observation:encounter", "_include=Observation:has-member", "_include=Observation:derived-from&_count=1",
		"_revinclude=*", "_revinclude=Condition:evidence-detail", "_revinclude=Observation:derived-from", "_revinclude=CarePlan:*", "_revinclude=MedicationStatement:*",
		"identifier=urn:x|7", "identifier=urn:x|9", "identifier=urn:x|7,urn:x|1", "_id=smoking", "_id=smoking,lab1", "_id:not=smoking", "subject.name=Ada", "subject:Patient.identifier=x",
		"_lastUpdated=gt2000-01-01", "value-quantity=gt1", "date=2026-01-02", "category=social-history", "category:not=social-history",
	} {
		add("GET", "/Observation?"+q, "")
		add("GET", "/?_type=Observation,Condition,Goal&"+noChain(q), "")
		add("GET", "/Patient/{patient}/*?"+noChain(q), "")
	}
	for _, q := range []string{"", "_revinclude=*", "_has:Condition:subject:code:text=needle", "_has:Goal:patient:lifecycle-status=active", "_has:Observation:subject:code:text=sodium", "_revinclude=Goal:subject&_revinclude=CarePlan:subject"} {
		add("GET", "/Patient?"+q, "")
	}
	for _, q := range []string{"", "_count=1", "_since=2000-01-01T00:00:00Z", "_at=2026", "_summary=count"} {
		add("GET", "/_history?"+q, "")
	}
	for _, upload := range []string{"00000000000000000000000000000000", "nonsense"} {
		add("HEAD", "/Binary/$upload/"+upload+"\nTus-Resumable: 1.0.0", "")
		add("DELETE", "/Binary/$upload/"+upload+"\nTus-Resumable: 1.0.0", "")
		add("POST", "/Binary", `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"Binary/$upload/`+upload+`"}]}}`)
	}
	add("POST", "/Binary\nX-Security-Context: Observation/smoking", `{"resourceType":"Basic"}`)
	add("POST", "/Binary\nIf-None-Exist: _id=scan", `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="}`)
	// By a condition that only what is hidden matches, and by one that both would.
	for _, q := range []string{"identifier=urn:x|9", "code:text=needle", "identifier=urn:x|9,urn:x|1", "_id=smoking", "encounter.class=AMB", "_has:Condition:evidence-detail:code:missing=false"} {
		add("PATCH", "/Observation?"+q, `[{"op":"test","path":"/status","value":"final"}]`)
		add("DELETE", "/Observation?"+q+"&status=preliminary", "")
	}
	add("POST", "/Observation\nIf-None-Exist: identifier=urn:x|9", fmt.Sprintf(fresh, "9", ""))
	add("POST", "/Observation\nIf-None-Exist: code:text=needle", fmt.Sprintf(fresh, "10", ""))
	add("PUT", "/Observation?code:text=needle", fmt.Sprintf(fresh, "11", ""))
	add("DELETE", "/Observation?identifier=urn:x|9", "")
	add("DELETE", "/Condition?identifier=urn:x|7", "")
	add("DELETE", "/Goal?lifecycle-status=active", "")
	entry := func(method, url, more string) string {
		return `{"request":{"method":"` + method + `","url":"` + url + `"}` + more + `}`
	}
	for _, typ := range []string{"transaction", "batch"} {
		for _, e := range []string{
			entry("DELETE", "Condition/secret", ""), entry("DELETE", "Goal/aim", ""), entry("DELETE", "Condition?identifier=urn:x|7", ""), entry("DELETE", "Goal?lifecycle-status=active", ""),
			entry("GET", "Condition/secret", ""), entry("GET", "Encounter/visit", ""),
			`{"resource":` + fmt.Sprintf(fresh, "12", `,"encounter":{"reference":"Encounter?type:text=needle"}`) + `,"request":{"method":"POST","url":"Observation"}}`,
			`{"resource":` + fmt.Sprintf(fresh, "13", `,"hasMember":[{"reference":"Observation?identifier=urn:x|9"}]`) + `,"request":{"method":"POST","url":"Observation"}}`,
			`{"resource":` + fmt.Sprintf(fresh, "13", `,"contained":[{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/{patient}"}}],"focus":[{"reference":"#c"},{"reference":"Condition/secret"}]`) + `,"request":{"method":"POST","url":"Observation"}}`,
			`{"resource":` + fmt.Sprintf(fresh, "14", "") + `,"request":{"method":"POST","url":"Observation","ifNoneExist":"code:text=needle"}}`,
		} {
			add("POST", "/", `{"resourceType":"Bundle","type":"`+typ+`","entry":[`+e+`]}`)
		}
	}
	looks = append(looks, [3]string{"POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[` + entry("GET", "Observation?_include=*", "") + "," + entry("GET", "_history", "") + "," + entry("GET", "Patient?_revinclude=*", "") + `]}`})
	add("POST", "/Observation/_search", "_revinclude=*&_include=*&_sort=date")
	add("GET", "/Observation?_count=1&_sort=date&_revinclude=*\nnext", "")
	add("GET", "/_history?_count=1\nnext", "")
	return looks, changes
}

// noChain is a search that every type has.
func noChain(q string) string {
	for _, own := range []string{"code", "encounter", "has-member", "derived-from", "identifier", "subject", "value-quantity", "date", "category", "_has:", "_sort=-date", "_sort=encounter"} {
		if strings.Contains(q, own) {
			return "_summary=count"
		}
	}
	return q
}

// Everything outside the grant does not exist: a token that opens the results gets
// the same bytes from a record that has something in every section as from one that
// has the results alone, whatever it asks. Only what is sealed in a link differs, and
// its length does not; and of what is changed the times, and the ids that are drawn.
func TestOutsideDoesNotExist(t *testing.T) {
	t.Parallel()
	looks, changes := prying()
	full, bare := newResults(t), newResults(t)
	before := make([]string, len(looks))
	for i, q := range looks { // one record, before and after
		before[i] = full.answer(q)
	}
	full.put(full.vars["ada"], hidden...)
	for _, ref := range []string{"Condition/secret", "Goal/aim", "Encounter/visit", "Observation/smoking", "Binary/scan"} { // or this test is about nothing
		there, _ := asks{full.world, full.vars["ada"]}.get("/fhir/" + ref)
		if hid, _ := asks(full).get("/fhir/" + ref); there != 200 || hid != 404 {
			t.Fatalf("%s is not hidden: %d %d", ref, there, hid)
		}
	}
	differ := func(q [3]string, full, bare string) {
		if full != bare {
			t.Errorf("%s %s %s\nof a full record: %s\nof a bare one: %s", q[0], q[1], q[2], full, bare)
		}
		if !strings.Contains(q[1]+q[2], "needle") && strings.Contains(full, "needle") {
			t.Errorf("%s %s: %s", q[0], q[1], full)
		}
	}
	for i, q := range looks {
		differ(q, full.answer(q), before[i])
	}
	for _, q := range changes { // two records, changed alike
		differ(q, full.alike(q), bare.alike(q))
	}
	t.Logf("%d looks, %d changes", len(looks), len(changes))
}

// The same inside the sections of a grant, for types that it does not let be searched:
// they are in no total, no page, and no chain or include leads through them. Reading
// one is forbidden and so known of, as it must be.
func TestOtherTypesDoNotExist(t *testing.T) {
	t.Parallel()
	looks, _ := prying()
	w := newResults(t)
	w.token = w.grant(w.ada, "typed", 24*time.Hour, "patient/Observation.rs patient/Patient.rs", record.Sections()...)
	w.put(w.vars["ada"], hidden[5]) // an Observation, which this token opens
	search := func(q [3]string) bool {
		path, _, _ := strings.Cut(q[1], "?")
		return path == "/" || path == "/_history\nnext" || path == "/_history" || strings.HasPrefix(path, "/Observation") && strings.Count(path, "/") == 1 ||
			path == "/Patient" || path == "/Patient/{patient}/*" || strings.HasSuffix(path, "_search")
	}
	before := map[[3]string]string{}
	for _, q := range looks {
		if search(q) {
			before[q] = w.answer(q)
		}
	}
	w.put(w.vars["ada"], append(append([]string(nil), hidden[:5]...), hidden[6:]...)...)
	for q, was := range before {
		if now := w.answer(q); now != was {
			t.Errorf("%s %s\nwith more in the record: %s\nwithout: %s", q[0], q[1], now, was)
		}
	}
	t.Logf("%d looks", len(before))
}

// results is a record with results in it, and a token that opens those.
type results struct {
	*world
	token string
}

func newResults(t *testing.T) results {
	w := newServer(t, generous)
	w.ada = w.enrol("Ada")
	w.vars["ada"] = w.session(w.ada)
	var err error
	w.vars["patient"], err = w.client.With(w.vars["ada"]).Patient(t.Context())
	w.check(err)
	w.put(w.vars["ada"], append([]string{`{"resourceType":"Patient","id":"{patient}","name":[{"family":"Okonkwo","given":["Ada"]}]}`}, shared...)...)
	return results{w, w.grant(w.ada, "lab", 24*time.Hour, "patient/*.cruds", record.Results)}
}

var (
	moments   = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	httpDates = regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`)
	randoms   = regexp.MustCompile(`[a-z2-7]{26}`)
	pages     = regexp.MustCompile(`_page=[A-Za-z0-9_-]+`)
)

// answer is all that is answered, and of a list that has further pages all of them.
func (w results) answer(q [3]string) string {
	target, extra, _ := strings.Cut(q[1], "\n")
	h := http.Header{"Authorization": {"Bearer " + w.token}}
	if name, value, ok := strings.Cut(extra, ": "); ok {
		h.Set(name, value)
	}
	switch {
	case q[2] == "":
	case q[0] == "PATCH":
		h.Set("Content-Type", "application/json-patch+json")
	case strings.HasSuffix(target, "_search"):
		h.Set("Content-Type", "application/x-www-form-urlencoded")
	default:
		h.Set("Content-Type", "application/fhir+json")
	}
	all := ""
	for next := "/fhir" + w.expand(target); next != ""; {
		resp := w.send(q[0], next, h, w.expand(q[2]))
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		w.check(err)
		all += whole(resp.StatusCode, resp.Header, b)
		next = ""
		if extra == "next" {
			if _, rest, ok := strings.Cut(string(b), `"next","url":"`+publicURL); ok {
				next, _, _ = strings.Cut(rest, `"`)
			}
		}
	}
	return pages.ReplaceAllStringFunc(all, func(p string) string { return fmt.Sprintf("a page's link of %d characters", len(p)) })
}

// alike is answer without what differs between two records that were changed alike.
func (w results) alike(q [3]string) string {
	all := strings.ReplaceAll(w.answer(q), w.vars["patient"], "PATIENT")
	return randoms.ReplaceAllString(moments.ReplaceAllString(httpDates.ReplaceAllString(all, "DATE"), "MOMENT"), "RANDOM")
}
