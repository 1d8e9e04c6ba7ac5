package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir/r4"
	"carehold/record/grant"
	"carehold/record/holder"
)

// The layers of a record, one above the other: each stage of it has all that came
// before. What is in the bottom one is pointed to from above, and points there.
var layers = [][]string{
	{ // what each grant below shows some of
		`{"resourceType":"Patient","id":"{patient}","identifier":[{"system":"urn:nhs","value":"943"}],"name":[{"family":"Okonkwo","given":["Ada"]}]}`,
		`{"resourceType":"Observation","id":"lab4","status":"final",` + laboratory + `"code":{"text":"sodium"},"subject":{"reference":"Patient/{patient}"},"focus":[{"reference":"Binary/plot"},{"reference":"Binary/scan"},{"reference":"Binary/tape"},{"reference":"Condition/mind"},{"reference":"Binary/never"}]}`,
		`{"resourceType":"Observation","id":"gone","status":"final",` + laboratory + `"code":{"text":"chloride"},"subject":{"reference":"Patient/{patient}"}}`,
		`{"resourceType":"DiagnosticReport","id":"report","status":"final","code":{"text":"electrolytes"},"subject":{"reference":"Patient/{patient}"},"result":[{"reference":"Observation/lab1"},{"reference":"Observation/mood"}],"presentedForm":[{"contentType":"text/plain","url":"Binary/plot"}]}`,
		`{"resourceType":"DocumentReference","id":"note","status":"current","type":{"text":"a letter"},"subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/tape"}}],"context":{"related":[{"reference":"Condition/mind"},{"reference":"Observation/mood"}]}}`,
		`{"resourceType":"AllergyIntolerance","id":"nuts","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":"nuts"},"patient":{"reference":"Patient/{patient}"}}`,
		`{"resourceType":"Binary","id":"plot","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"YSBwbG90IG9mIHNvZGl1bQ=="}`,
		`{"resourceType":"Provenance","id":"told","target":[{"reference":"Observation/lab1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"the laboratory"}}]}`,
	},
	{hidden[5]}, // an Observation of another section
	append(append([]string{ // what else is hidden from a grant to the results
		`{"resourceType":"Condition","id":"sleep","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"needle sleep"},"subject":{"reference":"Patient/{patient}"}}`,
		`{"resourceType":"DocumentReference","id":"letter","status":"current","description":"needle letter","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/scan"}}],"context":{"related":[{"reference":"Observation/lab1"}]}}`,
		`{"resourceType":"Provenance","id":"whisper","target":[{"reference":"Condition/secret"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"needle author"}}]}`,
		`{"resourceType":"Immunization","id":"jab","status":"completed","vaccineCode":{"text":"needle vaccine"},"patient":{"reference":"Patient/{patient}"},"occurrenceDateTime":"2025"}`,
		`{"resourceType":"Consent","id":"paper","status":"active","scope":{"text":"needle scope"},"category":[{"text":"needle"}],"patient":{"reference":"Patient/{patient}"},"dateTime":"2026","policyRule":{"text":"needle rule"}}`,
		`{"resourceType":"AuditEvent","id":"elsewhere","type":{"code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"name":"needle reader","requestor":true}],"source":{"observer":{"display":"needle site"}},"entity":[{"what":{"reference":"Condition/secret"}}]}`,
	}, hidden[:5]...), hidden[6:]...),
	{ // what is hidden from a grant to everything but what is sensitive: see sensitive
		`{"resourceType":"Condition","id":"mind","identifier":[{"system":"urn:x","value":"17"}],"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"needle state"},"subject":{"reference":"Patient/{patient}"},"evidence":[{"detail":[{"reference":"Observation/lab1"},{"reference":"DocumentReference/note"}]}]}`,
		`{"resourceType":"Observation","id":"mood","identifier":[{"system":"urn:x","value":"19"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"sodium needle"},"subject":{"reference":"Patient/{patient}"},"effectiveDateTime":"2026-01-02","valueString":"needle","derivedFrom":[{"reference":"Observation/lab1"}]}`,
		`{"resourceType":"MedicationStatement","id":"calm","status":"active","medicationCodeableConcept":{"text":"needle calm"},"subject":{"reference":"Patient/{patient}"},"reasonReference":[{"reference":"Condition/mind"}]}`,
		`{"resourceType":"Binary","id":"along","contentType":"text/plain","data":"bmVlZGxlIGFsb25n"}`,
		`{"resourceType":"DocumentReference","id":"moved","status":"current","description":"needle that was moved away","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"url":"Binary/along"}}]}`,
		`{"resourceType":"Observation","id":"left","status":"final",` + laboratory + `"code":{"text":"needle that was moved away"},"subject":{"reference":"Patient/{patient}"}}`,
	},
	{ // and what goes where that was moved to
		`{"resourceType":"Binary","id":"tape","contentType":"text/plain","securityContext":{"reference":"Condition/mind"},"data":"bmVlZGxlIHRhcGU="}`,
		`{"resourceType":"Provenance","id":"murmur","target":[{"reference":"Condition/mind"},{"reference":"Observation/lab1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"needle author"}}]}`,
		`{"resourceType":"DocumentReference","id":"diary","status":"current","description":"needle diary","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/tape"}}],"context":{"related":[{"reference":"Condition/mind"},{"reference":"Observation/lab1"}]}}`,
	},
}

// sensitive is where the last layer but one is filed.
var sensitive = map[string]string{"Condition/mind": "mental-health", "Observation/mood": "mental-health", "MedicationStatement/calm": "substance-use", "Observation/left": "private", "DocumentReference/moved": "private"}

// kind is a sort of grant, the stage of the record that shows all that it reaches, and
// which part of the questions it asks: every one, every third. With CAREHOLD_LONG set
// each asks all.
type kind struct {
	name, scopes string
	sections     []record.Section
	stage        int
	every        int
}

var (
	narrow = []record.Section{record.Results}
	many   = []record.Section{record.AboutMe, record.Allergies, record.Medicines, record.Vaccination, record.Results, record.Measures, record.Visits, record.Plan}
)

var kinds = []kind{
	{"results", "patient/*.cruds", narrow, 0, 1},
	{"log", "patient/*.rs", narrow, 0, 1}, // which is asked of the log, and nothing else
	{"reader", "patient/*.r", narrow, 0, 3},
	{"writer", "patient/*.cud", narrow, 0, 3},
	{"derived", "patient/Provenance.rs patient/Consent.rs patient/AuditEvent.rs", narrow, 0, 3},
	// Of many sections some types: what there is of others is forbidden by name, and so
	// known of; in no search, count, page, summary or list is there anything of it.
	{"typed", "patient/Observation.rs patient/Patient.rs patient/Provenance.rs patient/Consent.rs patient/AuditEvent.rs", many, 1, 2},
	{"clinical", "patient/*.cruds", grant.Clinical.List(), 2, 1},
}

func (k kind) asks(n int) bool { return n%k.every == 0 || os.Getenv("CAREHOLD_LONG") != "" }

// notByName is for what names one entry: to who is forbidden its type it is forbidden.
func notByName(k kind) bool { return k.name != "typed" && k.name != "log" }

// What is hidden from one grant or another, and what never was.
var unseen = []string{"Condition/secret", "Encounter/visit", "Observation/smoking", "Binary/scan", "DocumentReference/letter", "Condition/mind", "Observation/mood", "Observation/left", "Binary/tape", "Binary/along", "DocumentReference/moved", "Provenance/whisper", "Provenance/murmur", "DocumentReference/diary", "Consent/paper", "AuditEvent/elsewhere", "Binary/never"}

// guessed is how many names of Provenance that others have are tried.
const guessed = 24

// doors are the questions at every door that part 4 of the record's building opened,
// and those which it changed: looks, and then what changes something.
func doors() (looks, changes []question) {
	look := func(target string, by ...func(kind) bool) {
		q := question{method: "GET", target: "/fhir" + target}
		if len(by) > 0 {
			q.only = by[0]
		}
		looks = append(looks, q)
	}
	// A search of the log goes through all that the asker did, which is asking.
	once := func(k kind) bool { return k.name == "log" }
	post := func(list *[]question, method, target, body string) {
		*list = append(*list, question{method: method, target: "/fhir" + target, body: body})
	}

	// What is derived. First of all: the asker's own log grows with each question.
	hiding := strings.Join(unseen, ",")
	for _, typ := range []string{"AuditEvent", "Consent", "Provenance"} {
		for _, q := range []string{"", "_count=1", "_count=3&_total=accurate", "_summary=count", "_summary=true", "_elements=id", "_sort=_id", "_sort=-_lastUpdated", "_lastUpdated=gt2000", "_lastUpdated=lt2000", "_include=*", "_include=" + typ + ":*", "_revinclude=*",
			"_revinclude=Provenance:target", "_id:not=x", "_tag=derived", "_tag:not=derived", "_id=log-0,log-1,log-2,log-3,grant-{others.id},grant-{stopped.id},elsewhere,paper,whisper"} {
			if typ == "AuditEvent" && q == "_sort=_id" {
				continue // by names that have nothing to do with their places
			}
			look("/" + typ + "?" + q)
			look("/Patient/{patient}/" + typ + "?" + q)
		}
		for _, p := range r4.Params(typ) {
			if p.Code == "" || p.Code[0] == '_' {
				continue
			}
			values := map[string][]string{"date": {"gt2000", "lt2000", "2026"}, "string": {"needle", "o"}, "uri": {"urn:needle", "urn:carehold:policy:grant:1"},
				"reference": {hiding, "Patient/{patient}", "Observation/lab1", "Consent/grant-{others.id}", "Consent/grant-{stopped.id}"}, "token": {"needle", "active", "R", "0", "4", "read,search-type,create,history-instance"}}[p.Type]
			if typ == "AuditEvent" {
				for _, v := range values {
					look("/AuditEvent?"+p.Code+"="+v+"&_elements=id", once)
				}
				look("/AuditEvent?"+p.Code+":missing=true&_summary=count", once)
				if p.Code != "entity" { // which are log entries, by such names
					look("/AuditEvent?_sort="+p.Code+"&_elements=id", once)
				}
				continue
			}
			for _, v := range values {
				look("/" + typ + "?" + p.Code + "=" + v)
			}
			look("/" + typ + "?" + p.Code + ":missing=true&_summary=count")
			look("/" + typ + "?_sort=" + p.Code + "&_elements=id")
			look("/" + typ + "?_include=" + typ + ":" + p.Code + "&_count=5")
		}
	}
	for _, ref := range unseen {
		look("/Provenance?target=" + ref)
		look("/Provenance?target=" + ref + "&_summary=count")
		look("/AuditEvent?entity="+ref, once)
		typ, _, _ := strings.Cut(ref, "/")
		if typ != "Binary" && typ != "AuditEvent" {
			look("/Provenance?target:" + typ + "._lastUpdated=gt2000&_summary=count")
			look("/" + typ + "?_has:Provenance:target:recorded=gt2000")
			look("/"+typ+"?_has:AuditEvent:entity:date=gt2000&_summary=count", once)
			look("/" + typ + "?_revinclude=Provenance:target&_count=2")
		}
	}
	for _, q := range []string{"/Provenance?target:Observation.code:text=needle", "/Provenance?target:Observation.derived-from=Observation/lab1", "/Provenance?target:Condition.code:text=needle", "/Provenance?agent:Organization.name=x", "/Provenance?entity=Observation/lab1",
		"/Observation?_has:Provenance:target:agent-type=author", "/Observation?_has:Provenance:target:_has:AuditEvent:entity:date=gt2000", "/Observation?_revinclude=Provenance:target&_include=*&_count=1", "/Observation?_revinclude=Provenance:*",
		"/Patient?_revinclude=Consent:patient", "/Patient?_revinclude=AuditEvent:patient", "/Patient?_has:Consent:patient:status=active", "/Patient?_has:Consent:patient:status=inactive", "/Patient?_has:AuditEvent:patient:agent-name=others",
		"/?_type=AuditEvent,Consent,Provenance,Condition&_summary=count", "/?_type=Consent,Condition,Goal", "/?_type=Provenance&target=x", "/Patient/{patient}/*?_type=Consent,Provenance", "/Consent?actor:Organization.name=needle", "/AuditEvent?agent-name=others", "/AuditEvent?agent-name=Ada",
		"/AuditEvent?date=ge2026-01-01&_count=2", "/AuditEvent?outcome=4", "/AuditEvent?action=D,C,U", "/Consent?period=gt2000&_sort=-date", "/Consent?source-reference:missing=false"} {
		look(q)
	}
	// Names that others' lists gave, by the copies below; and a few that nobody gave.
	names := []string{"Consent/grant-{others.id}", "Consent/grant-{stopped.id}", "Consent/grant-00000000000000000000000000000000", "Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-1", "AuditEvent/log-x0000000000000000", "AuditEvent/log-x00000000000000ff", "AuditEvent/log-18446744073709551615"}
	for i := range 12 {
		names = append(names, "AuditEvent/log-"+strconv.Itoa(i))
	}
	for i := range guessed {
		names = append(names, fmt.Sprintf("Provenance/{pv%d}", i))
		if i < 6 {
			names = append(names, fmt.Sprintf("AuditEvent/{log%d}", i))
		}
	}
	for _, ref := range names {
		look("/" + ref)
		look("/" + ref + "/_history/1")
		looks = append(looks, question{method: "HEAD", target: "/fhir/" + ref})
	}
	for _, ref := range names[:8] {
		look("/" + ref + "/_history")
		look("/" + ref + "/_history/2")
		look("/" + ref + "?_elements=id")
		post(&changes, "DELETE", "/"+ref, "")
		post(&changes, "PATCH", "/"+ref, `[{"op":"test","path":"/id","value":"x"}]`)
		typ, id, _ := strings.Cut(ref, "/")
		post(&changes, "PUT", "/"+ref, `{"resourceType":"`+typ+`","id":"`+id+`"}`)
		post(&looks, "POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+ref+`"}},{"request":{"method":"DELETE","url":"`+ref+`"}}]}`)
	}
	for _, q := range []string{"Provenance?target=" + hiding, "Consent?", "Consent?status=inactive", "Observation?_revinclude=Provenance:target&_summary=count", "Condition?_has:Provenance:target:recorded=gt2000"} {
		post(&looks, "POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+q+`"}}]}`)
		typ, form, _ := strings.Cut(q, "?")
		post(&looks, "POST", "/"+typ+"/_search", form+"&_count=2")
	}

	// The patient summary.
	for _, on := range []string{"/Patient/$summary", "/Patient/{patient}/$summary", "/Patient/{patient}/$summary?_format=json", "/Patient/$summary?identifier=urn:nhs%7C943", "/Patient/$summary?identifier=7", "/Patient/$summary?profile=urn:x", "/Patient/secret/$summary", "/Condition/secret/$summary", "/Condition/mind/$summary", "/$summary"} {
		looks = append(looks, question{method: "GET", target: "/fhir" + on, now: true, only: map[bool]func(kind) bool{true: notByName}[strings.HasPrefix(on, "/Condition")]})
	}
	looks = append(looks, question{method: "POST", target: "/fhir/Patient/{patient}/$summary", body: `{"resourceType":"Parameters"}`, now: true})

	// Everything, and the export that is the person's.
	for _, q := range []string{"", "_count=1", "_count=2", "_summary=count", "_total=accurate", "_since=2000-01-01T00:00:00Z", "_since=2099-01-01T00:00:00Z", "_type=Observation,Condition", "_type=Binary", "_type=DocumentReference,Binary&_count=1", "_type=Provenance,Consent,AuditEvent", "_type=Provenance",
		"_type=Condition", "_type=Nothing", "_elements=id", "_summary=true", "start=2020", "end=2020", "_type=Encounter&_count=0", "_page=AAAA"} {
		look("/Patient/$everything?" + q)
		look("/Patient/{patient}/$everything?" + q)
	}
	for _, on := range []string{"/Patient/secret/$everything", "/Condition/secret/$everything", "/Observation/mood/$everything", "/Encounter/visit/$everything", "/$everything"} {
		look(on, notByName)
	}
	post(&looks, "POST", "/Patient/{patient}/$everything", `{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Condition,Observation"},{"name":"_count","valueInteger":1}]}`)
	for _, on := range []string{"/$export", "/Patient/$export", "/Patient/$export?_type=Observation", "/$export?_type=Condition&_since=2000-01-01T00:00:00Z", "/Patient/{patient}/$export", "/Group/x/$export", "/$export/{job}", "/$export/AAAA", "/$export/{job}/1", "/$export/AAAA/1", "{file}"} {
		look(on)
		look(on + "\nPrefer: respond-async\nAccept: application/fhir+json")
		changes = append(changes, question{method: "DELETE", target: "/fhir" + on, only: notByName})
	}
	looks = append(looks, question{method: "POST", target: "/fhir/$export\nPrefer: respond-async", body: `{"resourceType":"Parameters"}`})

	// Documents.
	forms := []string{"", "\nAccept: application/fhir+json", "\nAccept: text/plain", "\nRange: bytes=0-3", "\nRange: bytes=999999-", "\nRange: bytes=-1", "\nRange: bytes=1-2\nIf-Range: \"1\"", "\nIf-None-Match: W/\"1\"", "\nIf-None-Match: \"1\"", "\nIf-None-Match: *", "\nIf-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT", "\nIf-Match: \"1\""}
	for _, id := range []string{"scan", "tape", "along", "plot", "never"} {
		for _, suffix := range []string{"", "/_history", "/_history/1", "/_history/2", "?_format=json", "?_elements=contentType", "?_summary=true", "?_pretty=true"} {
			for _, form := range forms {
				if suffix == "" || strings.HasPrefix(form, "\nR") && suffix == "/_history/1" || form == "" {
					looks = append(looks, question{method: "GET", target: "/fhir/Binary/" + id + suffix + form, only: notByName}, question{method: "HEAD", target: "/fhir/Binary/" + id + suffix + form, only: notByName})
				}
			}
		}
		for _, q := range []string{"/Binary?_id=" + id, "/Binary?_id=" + id + "&_summary=count", "/Observation?focus=Binary/" + id, "/Observation?focus:Binary._id=" + id, "/Observation?focus:Binary._lastUpdated=gt2000", "/DocumentReference?location=Binary/" + id, "/DocumentReference?relatesto:missing=true", "/Binary?_has:Observation:focus:_id=lab4", "/Provenance?target=Binary/" + id} {
			look(q)
		}
	}
	for _, q := range []string{"", "_summary=count", "_total=accurate", "_count=1", "_sort=-_lastUpdated", "_has:Observation:focus:code:text=sodium", "_has:Provenance:target:recorded=gt2000", "_revinclude=*", "_revinclude=Observation:focus", "_revinclude=Provenance:target", "_id:not=plot", "_lastUpdated=gt2000"} {
		look("/Binary?" + q)
	}
	for _, q := range []string{"/Observation?_id=lab4&_include=Observation:focus", "/Observation?_include=Observation:focus:Binary", "/Observation?_include=*&_count=1", "/DocumentReference?_include=*", "/DocumentReference?_include=DocumentReference:related", "/DocumentReference?related:Observation.code:text=needle", "/DocumentReference?related:Condition.code:text=needle",
		"/DiagnosticReport?_include=DiagnosticReport:result", "/DiagnosticReport?result.code:text=needle", "/Observation?_has:DiagnosticReport:result:status=final", "/Binary/_history", "/Binary/_history?_count=1", "/DocumentReference?_has:Condition:evidence-detail:code:missing=false", "/Observation?_has:DocumentReference:related:description=needle"} {
		look(q)
	}

	add := func(method, target, body string) { post(&changes, method, target, body) }
	for _, ref := range []string{"Observation/lab1", "Observation/mood", "Observation/smoking", "Condition/mind", "Condition/secret", "Condition/never", "DocumentReference/letter", "Binary/tape", "Patient/{patient}"} {
		add("POST", "/Binary", `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"`+ref+`"},"data":"eA=="}`)
		add("POST", "/Binary\nContent-Type: text/plain\nX-Security-Context: "+ref, "a letter")
		add("PUT", "/Binary/{new Binary}\nContent-Type: text/plain\nX-Security-Context: "+ref, "another")
		add("GET", "/Binary/{new Binary}", "")
		add("POST", "/Observation", fmt.Sprintf(fresh, "20", `,"focus":[{"reference":"`+ref+`"}],"derivedFrom":[{"reference":"`+ref+`"}]`))
		add("GET", "/Observation/{new Observation}", "")
		add("PUT", "/Observation/{new Observation}", strings.Replace(fmt.Sprintf(fresh, "21", `,"focus":[{"reference":"`+ref+`"}]`), `"resourceType":"Observation",`, `"resourceType":"Observation","id":"{new Observation}",`, 1))
		add("POST", "/Provenance", `{"resourceType":"Provenance","target":[{"reference":"`+ref+`"},{"reference":"Observation/lab1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`)
		add("POST", "/List", `{"resourceType":"List","status":"current","mode":"working","entry":[{"item":{"reference":"`+ref+`"}},{"item":{"reference":"Observation/lab1"}}]}`)
	}
	for _, ref := range []string{"Binary/tape", "Binary/scan", "Binary/never", "Binary/plot"} {
		add("POST", "/DocumentReference", `{"resourceType":"DocumentReference","status":"current","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"url":"`+ref+`"}}]}`)
		add("POST", "/DiagnosticReport", `{"resourceType":"DiagnosticReport","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/{patient}"},"presentedForm":[{"url":"`+ref+`"}]}`)
		add("GET", "/DiagnosticReport/{new DiagnosticReport}", "")
		if ref == "Binary/plot" {
			break
		}
		_, id, _ := strings.Cut(ref, "/")
		for _, condition := range []string{"", "\nIf-Match: W/\"1\"", "\nIf-Match: *", "\nIf-None-Match: *"} {
			add("PUT", "/"+ref+condition+"\nContent-Type: text/plain", "x")
			add("PUT", "/"+ref+condition, `{"resourceType":"Binary","id":"`+id+`","contentType":"text/plain","data":"eA=="}`)
			add("PATCH", "/"+ref+condition, `[{"op":"replace","path":"/contentType","value":"text/plain"}]`)
			add("DELETE", "/"+ref+condition, "")
		}
		add("POST", "/Binary\nIf-None-Exist: _id="+id, `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="}`)
		add("PUT", "/Binary?_id="+id, `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="}`)
		add("PATCH", "/Binary?_id="+id, `[{"op":"test","path":"/id","value":"x"}]`)
		add("DELETE", "/Binary?_id="+id, "")
		for _, typ := range []string{"batch", "transaction"} {
			for _, e := range []string{`{"request":{"method":"GET","url":"` + ref + `"}}`, `{"request":{"method":"DELETE","url":"` + ref + `"}}`, `{"request":{"method":"DELETE","url":"Binary?_id=` + id + `"}}`,
				`{"resource":{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="},"request":{"method":"POST","url":"Binary","ifNoneExist":"_id=` + id + `"}}`,
				`{"resource":` + fmt.Sprintf(fresh, "22", `,"focus":[{"reference":"Binary?_id=`+id+`"}]`) + `,"request":{"method":"POST","url":"Observation"}}`} {
				add("POST", "/", `{"resourceType":"Bundle","type":"`+typ+`","entry":[`+e+`]}`)
			}
		}
	}
	// Uploads: of another grant, of nobody's, and their own from its beginning to its end.
	claim := func(upload string) string {
		return `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"Binary/$upload/` + upload + `"}]}}`
	}
	own := "{new Binary/$upload}"
	const tus = "\nTus-Resumable: 1.0.0"
	add("POST", "/Binary/$upload"+tus+"\nUpload-Length: 4", "")
	for _, upload := range []string{"{theirs}", "00000000000000000000000000000000", own} {
		add("HEAD", "/Binary/$upload/"+upload+tus, "")
		add("PATCH", "/Binary/$upload/"+upload+tus+"\nUpload-Offset: 1\nContent-Type: application/offset+octet-stream", "x")
		add("PATCH", "/Binary/$upload/"+upload+tus+"\nUpload-Offset: 0\nContent-Type: application/offset+octet-stream", "abcd")
		add("HEAD", "/Binary/$upload/"+upload+tus, "")
		add("POST", "/Binary", claim(upload))
		add("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+claim(upload)+`,"request":{"method":"POST","url":"Binary"}}]}`)
		add("DELETE", "/Binary/$upload/"+upload+tus, "")
	}
	add("GET", "/Binary/{new Binary}\nRange: bytes=1-2", "")
	// And what is then said of what they did.
	for _, q := range []string{"/AuditEvent?_count=40", "/AuditEvent?action=C", "/AuditEvent?outcome=4&_summary=count", "/Provenance?_summary=count", "/Provenance?target=Binary/{new Binary}", "/Binary?_summary=count", "/Observation?_revinclude=Provenance:target&_summary=count", "/Patient/$everything?_summary=count", "/Consent"} {
		add("GET", q, "")
	}
	return looks, changes
}

// question is one request: headers stand as lines under the target. now is set where
// the answer says when it was made, by no clock that a test sets.
type question struct {
	method, target, body string
	now                  bool
	only                 func(kind) bool // nil: for all
}

// TestEveryDoorIsTheSame: at every door a grant is answered from a record that has
// everything, in which others read, write and share, what it is answered from one that
// has what it reaches and nothing else. The records are twins (leak_twins_test.go).
func TestEveryDoorIsTheSame(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks some thousand questions")
	}
	full, bare := stages(t)
	looks, changes := doors()
	pairsOf := map[string]*pairs{}
	asked, lively := 0, 0
	there := map[string]int{}
	ask := func(k kind, q question) {
		if q.only != nil && !q.only(k) || q.only == nil && k.name == "log" {
			return
		}
		asked++
		other := bare[k.stage]
		for _, w := range []*twin{full, other} {
			w.vars["asker"] = k.name
		}
		now := full.at.Add(100)
		for _, b := range bare {
			b.at.Store(now)
		}
		a, b := full.asks(full.vars[k.name], q), other.asks(other.vars[k.name], q)
		if q.now {
			a, b = seconds.ReplaceAllString(a, "NOW"), seconds.ReplaceAllString(b, "NOW")
		}
		if strings.HasPrefix(a, "20") && len(a) > 600 {
			there[k.name]++
		}
		if why := pairsOf[k.name].same(a, b); why != "" {
			t.Errorf("%s: %s %s %s: of the full record and of the bare one\n%s", k.name, q.method, q.target, q.body, why)
		}
		if k.stage == 0 && strings.Contains(a, "needle") && !strings.Contains(q.target+q.body, "needle") {
			t.Errorf("%s: %s %s: shows what is hidden: %.300s", k.name, q.method, q.target, a)
		}
		if asked%7 == 0 {
			lively++
			full.elsewhere(lively)
		}
	}
	for _, k := range kinds {
		pairsOf[k.name] = newPairs()
		for i, q := range looks {
			if k.asks(i) {
				ask(k, q)
			}
		}
	}
	// A link shows the summary of its own sections, whoever asks, and says of a passcode
	// what its own tries say. It is sealed for who has its key: what is compared is inside.
	for i, link := range full.opens {
		other := bare[[]int{0, 0, 2, 2}[i]]
		p := newPairs()
		for _, body := range []string{`{"recipient":"Ward 7"}`, `{"recipient":"Ward 7","passcode":"000000"}`, `{"recipient":"Ward 7","passcode":"482913"}`, `{"recipient":"Ward 7","passcode":"482913","embeddedLengthMax":1}`,
			`{"recipient":"","passcode":"482913"}`, `{"recipient":"x","passcode":7}`, `{"recipient":"Ward 7","passcode":"000001"}`, `{"recipient":"Ward 7","passcode":"000002"}`, `{"recipient":"Ward 7","passcode":"482913"}`} {
			asked++
			full.elsewhere(asked)
			now := full.at.Add(100)
			for _, b := range bare {
				b.at.Store(now)
			}
			q := question{method: "POST", target: link.path, body: body}
			a, b := full.unsealed(link, full.asks("", q)), other.unsealed(link, other.asks("", q))
			if why := p.same(a, b); why != "" {
				t.Errorf("link %d: %s: of the full record and of the bare one\n%s", i, body, why)
			}
			if i < 2 && strings.Contains(a, "needle") || strings.Contains(a, "needle calm") || strings.Contains(a, "needle state") {
				t.Errorf("link %d shows what is hidden: %s", i, a)
			}
			if strings.Contains(a, `"resourceType":"Composition"`) {
				there["links"]++
			}
		}
		q := question{method: "GET", target: link.path + "?recipient=x"}
		if why := p.same(full.asks("", q), other.asks("", q)); why != "" {
			t.Errorf("link %d: %s", i, why)
		}
	}
	for _, k := range kinds {
		for _, w := range append(bare, full) {
			for name := range w.vars {
				if strings.HasPrefix(name, "new ") {
					w.vars[name] = "none"
				}
			}
		}
		for i, q := range changes {
			if k.name != "writer" && !k.asks(i) { // which has to write what it asks for
				continue
			}
			ask(k, q)
			for stage, w := range bare { // what one changes, others may see
				if stage != k.stage && q.method != "GET" && q.method != "HEAD" && (q.only == nil || q.only(k)) {
					w.asks(w.vars[k.name], q)
				}
			}
		}
	}
	if there["links"] < 10 {
		t.Errorf("links showed a summary only %d times", there["links"])
	}
	for _, k := range kinds {
		if there[k.name] < 10 {
			t.Errorf("%s was shown something only %d times", k.name, there[k.name])
		}
	}
	t.Logf("%d questions, %d acts of others", asked, lively)
}

var (
	embedded = regexp.MustCompile(`"embedded":"([^"]*)"`)
	located  = regexp.MustCompile(`"location":"` + regexp.QuoteMeta(publicURL) + `([^"]*)"`)
	lengths  = regexp.MustCompile(`Content-Length: \d+`)
)

// unsealed is a manifest with what its files say in their place. How long one is sealed
// differs with the random ids in it, which do not compress alike.
func (w *twin) unsealed(link made, answer string) string {
	inside := func(jwe string) string {
		return seconds.ReplaceAllString(w.opened(link, jwe), "NOW")
	}
	out := embedded.ReplaceAllStringFunc(answer, func(m string) string { return inside(embedded.FindStringSubmatch(m)[1]) })
	for _, m := range located.FindAllStringSubmatch(answer, -1) {
		head, jwe, _ := strings.Cut(w.asks("", question{method: "GET", target: m[1]}), "\r\n\r\n")
		if jwe == "" {
			head, jwe = head[:strings.LastIndex(head, "\n")], head[strings.LastIndex(head, "\n")+1:]
		}
		out += head + inside(jwe)
	}
	return lengths.ReplaceAllString(out, "Content-Length")
}

// seconds are times as a summary says them.
var seconds = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// stages makes the full record, and beside it those that end with each layer.
func stages(t *testing.T) (full *twin, bare []*twin) {
	w := newTwin(t)
	for _, k := range kinds {
		w.grant(w.ada, k.name, 24*time.Hour, k.scopes, k.sections...)
	}
	w.links()
	for n, layer := range layers {
		if n == 0 {
			layer = append(append([]string(nil), shared...), layer...)
		}
		w.put(w.vars["ada"], layer...)
		if n == 0 {
			w.put(w.vars["ada"], strings.Replace(shared[2], "amended", "corrected", 1)) // a second version
			h := http.Header{"Authorization": {"Bearer " + w.vars["ada"]}}
			w.send("DELETE", "/fhir/Observation/gone", h, "").Body.Close()
		}
		if n < 3 {
			bare = append(bare, w.copied(t))
		}
		for ref, section := range sensitive {
			if n == 3 {
				w.file(ref, section)
			}
		}
	}
	w.at.Add(60_000) // a grant begins when the device's clock says, which went on
	w.others()
	for _, b := range bare {
		b.at.Store(w.at.Load())
	}
	for name, value := range w.vars { // what others learned is guessed in each
		for _, b := range bare {
			if _, there := b.vars[name]; !there {
				b.vars[name] = value
			}
		}
	}
	w.reallyHidden(t, bare)
	return w, bare
}

// file moves an entry, as its person does.
func (w *twin) file(ref, section string) {
	resp := w.send("POST", "/holder/v1/entries/"+ref+"/section", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/json"}}, `{"section":"`+section+`"}`)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		w.t.Fatalf("%s to %s: %d", ref, section, resp.StatusCode)
	}
}

// others fills what of a record is not entries: grants that were made and stopped, what
// was done under them, an upload, and the names of all that is derived for the person.
func (w *twin) others() {
	w.grant(w.ada, "stopped", 24*time.Hour, "patient/*.cruds", record.Sections()...)
	w.grant(w.ada, "others", 24*time.Hour, "patient/*.cruds", record.Sections()...)
	for i := range 20 {
		w.elsewhere(i)
	}
	id, err := record.ParseGrantID(w.vars["stopped.id"])
	w.check(err)
	w.check(w.ada.Revoke(w.t.Context(), id))
	all := w.list(w.vars["others"], "/fhir/Provenance?_count=200")
	slices.SortStableFunc(all, func(a, b [2]string) int { // those of what is hidden first
		rank := func(e [2]string) int {
			target, _, _ := strings.Cut(e[1], "/_history")
			return -slices.Index(append([]string{""}, unseen...), target)
		}
		return rank(a) - rank(b)
	})
	for i := range guessed {
		w.vars[fmt.Sprintf("pv%d", i)] = all[i][0]
	}
	for i, e := range w.list(w.vars["others"], "/fhir/AuditEvent?_count=6") {
		w.vars[fmt.Sprintf("log%d", i)] = e[0]
	}
	resp := w.send("POST", "/fhir/Binary/$upload", http.Header{"Authorization": {"Bearer " + w.vars["others"]}, "Tus-Resumable": {"1.0.0"}, "Upload-Length": {"4"}}, "")
	resp.Body.Close()
	_, w.vars["theirs"], _ = strings.Cut(resp.Header.Get("Location"), "$upload/")
	resp = w.send("GET", "/fhir/$export", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Prefer": {"respond-async"}}, "")
	resp.Body.Close()
	_, w.vars["job"], _ = strings.Cut(resp.Header.Get("Content-Location"), "$export/")
	resp = w.send("GET", "/fhir/$export/"+w.vars["job"], http.Header{"Authorization": {"Bearer " + w.vars["ada"]}}, "")
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	w.check(err)
	var m struct{ Output []struct{ URL string } }
	w.check(json.Unmarshal(b, &m))
	w.vars["file"] = strings.TrimPrefix(m.Output[0].URL, publicURL+"/fhir")
	if w.vars["theirs"] == "" || w.vars["job"] == "" {
		w.t.Fatal("no upload, or no export")
	}
}

// list is the ids of a search, and what each is of.
func (w *twin) list(token, target string) (out [][2]string) {
	resp := w.send("GET", target, http.Header{"Authorization": {"Bearer " + token}}, "")
	defer resp.Body.Close()
	var bundle struct {
		Entry []struct {
			Resource struct {
				ID     string
				Target []struct{ Reference string }
			}
		}
	}
	b, err := io.ReadAll(resp.Body)
	w.check(err)
	w.check(json.Unmarshal(b, &bundle))
	for _, e := range bundle.Entry {
		one := [2]string{e.Resource.ID}
		if len(e.Resource.Target) > 0 {
			one[1] = e.Resource.Target[0].Reference
		}
		out = append(out, one)
	}
	return out
}

// elsewhere is what others do meanwhile, each time something else.
func (w *twin) elsewhere(n int) {
	as := func(name, method, target, typ, body string) {
		h := http.Header{"Authorization": {"Bearer " + w.vars[name]}}
		if typ != "" {
			h.Set("Content-Type", typ)
		}
		resp := w.send(method, w.expand(target), h, w.expand(body))
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 400 {
			w.t.Fatalf("%s %s by %s: %d", method, target, name, resp.StatusCode)
		}
	}
	switch n % 10 {
	case 0:
		as("others", "GET", "/fhir/Observation?code:text=sodium", "", "")
	case 1:
		as("ada", "GET", "/fhir/Condition/mind", "", "")
	case 2:
		as("others", "GET", "/fhir/Binary/tape", "", "")
	case 3:
		as("ada", "PUT", "/fhir/Condition/mind", "application/fhir+json", strings.Replace(layers[3][0], "needle state", fmt.Sprintf("needle state %d", n), 1))
	case 4:
		as("others", "GET", "/fhir/Patient/$summary", "", "")
	case 5:
		as("others", "PUT", "/fhir/Observation/mood", "application/fhir+json", strings.Replace(layers[3][1], "2026-01-02", fmt.Sprintf("2026-01-%02d", n%27+1), 1))
	case 6:
		as("ada", "GET", "/fhir/Observation/lab1", "", "")
	case 7:
		as("others", "GET", "/fhir/Provenance?_count=3", "", "")
	case 8:
		as("ada", "GET", "/fhir/Observation?_revinclude=*", "", "")
	case 9:
		if n%50 == 9 { // a grant begins and ends
			w.grant(w.ada, fmt.Sprintf("passing%d", n), 24*time.Hour, "patient/*.rs", record.Sections()...)
			id, err := record.ParseGrantID(w.vars[fmt.Sprintf("passing%d.id", n)])
			w.check(err)
			w.check(w.ada.Revoke(w.t.Context(), id))
		}
	}
}

// reallyHidden ends the test where it would be about nothing.
func (w *twin) reallyHidden(t *testing.T, bare []*twin) {
	t.Helper()
	for _, ref := range unseen {
		if ref == "Binary/never" {
			continue
		}
		read := func(w *twin, token string) int {
			resp := w.send("GET", "/fhir/"+ref, http.Header{"Authorization": {"Bearer " + token}}, "")
			resp.Body.Close()
			return resp.StatusCode
		}
		if got := read(w, w.vars["others"]); got != 200 {
			t.Errorf("%s is not in the record: %d", ref, got)
		}
		for name, stage := range map[string]int{"results": 0, "clinical": 2} {
			here, there := read(w, w.vars[name]), read(bare[stage], bare[stage].vars[name])
			above := slices.Contains([]string{"Condition/mind", "Binary/tape", "Observation/mood", "Observation/left", "Provenance/murmur", "DocumentReference/diary", "Binary/along", "DocumentReference/moved"}, ref)
			if here != there || (name == "results" || above) && here != 404 {
				t.Errorf("%s: %s: %d in the full record, %d in the bare one", name, ref, here, there)
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// links makes those of the twins, before they part: each shows a summary of its own
// grant's sections.
func (w *twin) links() {
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	for _, k := range []kind{kinds[0], kinds[len(kinds)-1]} {
		for _, passcode := range []string{"", "482913"} {
			name := "link to " + k.name
			req := holder.LinkRequest{GrantRequest: holder.GrantRequest{To: grant.Party{Name: "ward"}, Sections: record.SectionsOf(k.sections...), Scopes: scopes, Purpose: "TREAT", Lasts: 24 * time.Hour, Label: name}, Summary: true}
			if passcode != "" {
				name += " with a passcode"
				req.Passcode, req.Tries = crypto.SecretString(passcode), 3
			}
			l := holder.PrepareLink()
			w.t.Cleanup(l.Destroy)
			_, err := w.ada.Link(w.t.Context(), l, req)
			w.check(err)
			w.vars[name] = "/shl/" + l.Segment()
			w.opens = append(w.opens, made{path: "/shl/" + l.Segment(), key: l.Key.Clone(), id: l.ID()})
		}
	}
}
