package httpapi_test

import (
	"fmt"
	"strconv"
	"strings"

	"carehold/record/fhir/r4"
)

// question is one request: headers stand as lines under the target. now is set where
// the answer says when it was made, by no clock that a test sets.
type question struct {
	method, target, body string
	now                  bool
	only                 func(kind) bool // nil: for all
}

var hiding = strings.Join(unseen, ",")

// asking is the questions: looks first, and then what changes something.
type asking struct{ looks, changes []question }

// doors are the questions at every door that documents, links, summaries and what is
// derived have opened, or changed.
func doors() (looks, changes []question) {
	a := &asking{}
	a.derived()
	a.names()
	a.operations()
	a.documents()
	a.writes()
	a.uploads()
	return a.looks, a.changes
}

func (a *asking) look(target string, by ...func(kind) bool) {
	q := question{method: "GET", target: "/fhir" + target}
	if len(by) > 0 {
		q.only = by[0]
	}
	a.looks = append(a.looks, q)
}

func (a *asking) ask(method, target, body string) {
	a.looks = append(a.looks, question{method: method, target: "/fhir" + target, body: body})
}

func (a *asking) change(method, target, body string) {
	a.changes = append(a.changes, question{method: method, target: "/fhir" + target, body: body})
}

// guessed is how many names of Provenance that others have are tried.
const guessed = 24

// derived asks for Provenance, Consent and AuditEvent by each parameter that they have, and
// for others by them. It comes first: the asker's own log grows with each question.
func (a *asking) derived() {
	// A search of the log goes through all that the asker did, which is asking.
	once := func(k kind) bool { return k.name == "log" }
	// What is derived. First of all: the asker's own log grows with each question.
	for _, typ := range []string{"AuditEvent", "Consent", "Provenance"} {
		for _, q := range []string{"", "_count=1", "_count=3&_total=accurate", "_summary=count", "_summary=true", "_elements=id", "_sort=_id", "_sort=-_lastUpdated", "_lastUpdated=gt2000", "_lastUpdated=lt2000", "_include=*", "_include=" + typ + ":*", "_revinclude=*",
			"_revinclude=Provenance:target", "_id:not=x", "_tag=derived", "_tag:not=derived", "_id=log-0,log-1,log-2,log-3,grant-{others.id},grant-{stopped.id},elsewhere,paper,whisper"} {
			if typ == "AuditEvent" && q == "_sort=_id" {
				continue // by names that have nothing to do with their places
			}
			a.look("/" + typ + "?" + q)
			a.look("/Patient/{patient}/" + typ + "?" + q)
		}
		for _, p := range r4.Params(typ) {
			if p.Code == "" || p.Code[0] == '_' {
				continue
			}
			values := map[string][]string{"date": {"gt2000", "lt2000", "2026"}, "string": {"needle", "o"}, "uri": {"urn:needle", "urn:carehold:policy:grant:1"},
				"reference": {hiding, "Patient/{patient}", "Observation/lab1", "Consent/grant-{others.id}", "Consent/grant-{stopped.id}"}, "token": {"needle", "active", "R", "0", "4", "read,search-type,create,history-instance"}}[p.Type]
			if typ == "AuditEvent" {
				for _, v := range values {
					a.look("/AuditEvent?"+p.Code+"="+v+"&_elements=id", once)
				}
				a.look("/AuditEvent?"+p.Code+":missing=true&_summary=count", once)
				if p.Code != "entity" { // which are log entries, by such names
					a.look("/AuditEvent?_sort="+p.Code+"&_elements=id", once)
				}
				continue
			}
			for _, v := range values {
				a.look("/" + typ + "?" + p.Code + "=" + v)
			}
			a.look("/" + typ + "?" + p.Code + ":missing=true&_summary=count")
			a.look("/" + typ + "?_sort=" + p.Code + "&_elements=id")
			a.look("/" + typ + "?_include=" + typ + ":" + p.Code + "&_count=5")
		}
	}
	for _, ref := range unseen {
		a.look("/Provenance?target=" + ref)
		a.look("/Provenance?target=" + ref + "&_summary=count")
		a.look("/AuditEvent?entity="+ref, once)
		typ, _, _ := strings.Cut(ref, "/")
		if typ != "Binary" && typ != "AuditEvent" {
			a.look("/Provenance?target:" + typ + "._lastUpdated=gt2000&_summary=count")
			a.look("/" + typ + "?_has:Provenance:target:recorded=gt2000")
			a.look("/"+typ+"?_has:AuditEvent:entity:date=gt2000&_summary=count", once)
			a.look("/" + typ + "?_revinclude=Provenance:target&_count=2")
		}
	}
	for _, q := range []string{"/Provenance?target:Observation.code:text=needle", "/Provenance?target:Observation.derived-from=Observation/lab1", "/Provenance?target:Condition.code:text=needle", "/Provenance?agent:Organization.name=x", "/Provenance?entity=Observation/lab1",
		"/Observation?_has:Provenance:target:agent-type=author", "/Observation?_has:Provenance:target:_has:AuditEvent:entity:date=gt2000", "/Observation?_revinclude=Provenance:target&_include=*&_count=1", "/Observation?_revinclude=Provenance:*",
		"/Patient?_revinclude=Consent:patient", "/Patient?_revinclude=AuditEvent:patient", "/Patient?_has:Consent:patient:status=active", "/Patient?_has:Consent:patient:status=inactive", "/Patient?_has:AuditEvent:patient:agent-name=others",
		"/?_type=AuditEvent,Consent,Provenance,Condition&_summary=count", "/?_type=Consent,Condition,Goal", "/?_type=Provenance&target=x", "/Patient/{patient}/*?_type=Consent,Provenance", "/Consent?actor:Organization.name=needle", "/AuditEvent?agent-name=others", "/AuditEvent?agent-name=Ada",
		"/AuditEvent?date=ge2026-01-01&_count=2", "/AuditEvent?outcome=4", "/AuditEvent?action=D,C,U", "/Consent?period=gt2000&_sort=-date", "/Consent?source-reference:missing=false"} {
		a.look(q)
	}
}

// names asks for what is derived by its names.
func (a *asking) names() {
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
		a.look("/" + ref)
		a.look("/" + ref + "/_history/1")
		a.looks = append(a.looks, question{method: "HEAD", target: "/fhir/" + ref})
	}
	for _, ref := range names[:8] {
		a.look("/" + ref + "/_history")
		a.look("/" + ref + "/_history/2")
		a.look("/" + ref + "?_elements=id")
		a.change("DELETE", "/"+ref, "")
		a.change("PATCH", "/"+ref, `[{"op":"test","path":"/id","value":"x"}]`)
		typ, id, _ := strings.Cut(ref, "/")
		a.change("PUT", "/"+ref, `{"resourceType":"`+typ+`","id":"`+id+`"}`)
		a.ask("POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+ref+`"}},{"request":{"method":"DELETE","url":"`+ref+`"}}]}`)
	}
	for _, q := range []string{"Provenance?target=" + hiding, "Consent?", "Consent?status=inactive", "Observation?_revinclude=Provenance:target&_summary=count", "Condition?_has:Provenance:target:recorded=gt2000"} {
		a.ask("POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+q+`"}}]}`)
		typ, form, _ := strings.Cut(q, "?")
		a.ask("POST", "/"+typ+"/_search", form+"&_count=2")
	}
}

// operations asks for the summary, for everything, and for the export that is the person's.
func (a *asking) operations() {
	// The patient summary.
	for _, on := range []string{"/Patient/$summary", "/Patient/{patient}/$summary", "/Patient/{patient}/$summary?_format=json", "/Patient/$summary?identifier=urn:nhs%7C943", "/Patient/$summary?identifier=7", "/Patient/$summary?profile=urn:x", "/Patient/secret/$summary", "/Condition/secret/$summary", "/Condition/mind/$summary", "/$summary"} {
		a.looks = append(a.looks, question{method: "GET", target: "/fhir" + on, now: true, only: map[bool]func(kind) bool{true: notByName}[strings.HasPrefix(on, "/Condition")]})
	}
	a.looks = append(a.looks, question{method: "POST", target: "/fhir/Patient/{patient}/$summary", body: `{"resourceType":"Parameters"}`, now: true})

	// Everything, and the export that is the person's.
	for _, q := range []string{"", "_count=1", "_count=2", "_summary=count", "_total=accurate", "_since=2000-01-01T00:00:00Z", "_since=2099-01-01T00:00:00Z", "_type=Observation,Condition", "_type=Binary", "_type=DocumentReference,Binary&_count=1", "_type=Provenance,Consent,AuditEvent", "_type=Provenance",
		"_type=Condition", "_type=Nothing", "_elements=id", "_summary=true", "start=2020", "end=2020", "_type=Encounter&_count=0", "_page=AAAA"} {
		a.look("/Patient/$everything?" + q)
		a.look("/Patient/{patient}/$everything?" + q)
	}
	for _, on := range []string{"/Patient/secret/$everything", "/Condition/secret/$everything", "/Observation/mood/$everything", "/Encounter/visit/$everything", "/$everything"} {
		a.look(on, notByName)
	}
	a.ask("POST", "/Patient/{patient}/$everything", `{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Condition,Observation"},{"name":"_count","valueInteger":1}]}`)
	for _, on := range []string{"/$export", "/Patient/$export", "/Patient/$export?_type=Observation", "/$export?_type=Condition&_since=2000-01-01T00:00:00Z", "/Patient/{patient}/$export", "/Group/x/$export", "/$export/{job}", "/$export/AAAA", "/$export/{job}/1", "/$export/AAAA/1", "{file}"} {
		a.look(on)
		a.look(on + "\nPrefer: respond-async\nAccept: application/fhir+json")
		a.changes = append(a.changes, question{method: "DELETE", target: "/fhir" + on, only: notByName})
	}
	a.looks = append(a.looks, question{method: "POST", target: "/fhir/$export\nPrefer: respond-async", body: `{"resourceType":"Parameters"}`})
}
