package httpapi_test

import (
	"fmt"
	"strings"
)

// documents asks for a Binary in each form, and by what points to it.
func (a *asking) documents() {
	// Documents.
	forms := []string{"", "\nAccept: application/fhir+json", "\nAccept: text/plain", "\nRange: bytes=0-3", "\nRange: bytes=999999-", "\nRange: bytes=-1", "\nRange: bytes=1-2\nIf-Range: \"1\"", "\nIf-None-Match: W/\"1\"", "\nIf-None-Match: \"1\"", "\nIf-None-Match: *", "\nIf-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT", "\nIf-Match: \"1\""}
	for _, id := range []string{"scan", "tape", "along", "plot", "never"} {
		for _, suffix := range []string{"", "/_history", "/_history/1", "/_history/2", "?_format=json", "?_elements=contentType", "?_summary=true", "?_pretty=true"} {
			for _, form := range forms {
				if suffix == "" || strings.HasPrefix(form, "\nR") && suffix == "/_history/1" || form == "" {
					a.looks = append(a.looks, question{method: "GET", target: "/fhir/Binary/" + id + suffix + form, only: notByName}, question{method: "HEAD", target: "/fhir/Binary/" + id + suffix + form, only: notByName})
				}
			}
		}
		for _, q := range []string{"/Binary?_id=" + id, "/Binary?_id=" + id + "&_summary=count", "/Observation?focus=Binary/" + id, "/Observation?focus:Binary._id=" + id, "/Observation?focus:Binary._lastUpdated=gt2000", "/DocumentReference?location=Binary/" + id, "/DocumentReference?relatesto:missing=true", "/Binary?_has:Observation:focus:_id=lab4", "/Provenance?target=Binary/" + id} {
			a.look(q)
		}
	}
	for _, q := range []string{"", "_summary=count", "_total=accurate", "_count=1", "_sort=-_lastUpdated", "_has:Observation:focus:code:text=sodium", "_has:Provenance:target:recorded=gt2000", "_revinclude=*", "_revinclude=Observation:focus", "_revinclude=Provenance:target", "_id:not=plot", "_lastUpdated=gt2000"} {
		a.look("/Binary?" + q)
	}
	for _, q := range []string{"/Observation?_id=lab4&_include=Observation:focus", "/Observation?_include=Observation:focus:Binary", "/Observation?_include=*&_count=1", "/DocumentReference?_include=*", "/DocumentReference?_include=DocumentReference:related", "/DocumentReference?related:Observation.code:text=needle", "/DocumentReference?related:Condition.code:text=needle",
		"/DiagnosticReport?_include=DiagnosticReport:result", "/DiagnosticReport?result.code:text=needle", "/Observation?_has:DiagnosticReport:result:status=final", "/Binary/_history", "/Binary/_history?_count=1", "/DocumentReference?_has:Condition:evidence-detail:code:missing=false", "/Observation?_has:DocumentReference:related:description=needle"} {
		a.look(q)
	}
}

// writes tries to find out by writing what points to what, or is not there.
func (a *asking) writes() {
	for _, ref := range []string{"Observation/lab1", "Observation/mood", "Observation/smoking", "Condition/mind", "Condition/secret", "Condition/never", "DocumentReference/letter", "Binary/tape", "Patient/{patient}"} {
		a.change("POST", "/Binary", `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"`+ref+`"},"data":"eA=="}`)
		a.change("POST", "/Binary\nContent-Type: text/plain\nX-Security-Context: "+ref, "a letter")
		a.change("PUT", "/Binary/{new Binary}\nContent-Type: text/plain\nX-Security-Context: "+ref, "another")
		a.change("GET", "/Binary/{new Binary}", "")
		a.change("POST", "/Observation", fmt.Sprintf(fresh, "20", `,"focus":[{"reference":"`+ref+`"}],"derivedFrom":[{"reference":"`+ref+`"}]`))
		a.change("GET", "/Observation/{new Observation}", "")
		a.change("PUT", "/Observation/{new Observation}", strings.Replace(fmt.Sprintf(fresh, "21", `,"focus":[{"reference":"`+ref+`"}]`), `"resourceType":"Observation",`, `"resourceType":"Observation","id":"{new Observation}",`, 1))
		a.change("POST", "/Provenance", `{"resourceType":"Provenance","target":[{"reference":"`+ref+`"},{"reference":"Observation/lab1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`)
		a.change("POST", "/List", `{"resourceType":"List","status":"current","mode":"working","entry":[{"item":{"reference":"`+ref+`"}},{"item":{"reference":"Observation/lab1"}}]}`)
	}
	for _, ref := range []string{"Binary/tape", "Binary/scan", "Binary/never", "Binary/plot"} {
		a.change("POST", "/DocumentReference", `{"resourceType":"DocumentReference","status":"current","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"url":"`+ref+`"}}]}`)
		a.change("POST", "/DiagnosticReport", `{"resourceType":"DiagnosticReport","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/{patient}"},"presentedForm":[{"url":"`+ref+`"}]}`)
		a.change("GET", "/DiagnosticReport/{new DiagnosticReport}", "")
		if ref == "Binary/plot" {
			break
		}
		_, id, _ := strings.Cut(ref, "/")
		for _, condition := range []string{"", "\nIf-Match: W/\"1\"", "\nIf-Match: *", "\nIf-None-Match: *"} {
			a.change("PUT", "/"+ref+condition+"\nContent-Type: text/plain", "x")
			a.change("PUT", "/"+ref+condition, `{"resourceType":"Binary","id":"`+id+`","contentType":"text/plain","data":"eA=="}`)
			a.change("PATCH", "/"+ref+condition, `[{"op":"replace","path":"/contentType","value":"text/plain"}]`)
			a.change("DELETE", "/"+ref+condition, "")
		}
		a.change("POST", "/Binary\nIf-None-Exist: _id="+id, `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="}`)
		a.change("PUT", "/Binary?_id="+id, `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="}`)
		a.change("PATCH", "/Binary?_id="+id, `[{"op":"test","path":"/id","value":"x"}]`)
		a.change("DELETE", "/Binary?_id="+id, "")
		for _, typ := range []string{"batch", "transaction"} {
			for _, e := range []string{`{"request":{"method":"GET","url":"` + ref + `"}}`, `{"request":{"method":"DELETE","url":"` + ref + `"}}`, `{"request":{"method":"DELETE","url":"Binary?_id=` + id + `"}}`,
				`{"resource":{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"eA=="},"request":{"method":"POST","url":"Binary","ifNoneExist":"_id=` + id + `"}}`,
				`{"resource":` + fmt.Sprintf(fresh, "22", `,"focus":[{"reference":"Binary?_id=`+id+`"}]`) + `,"request":{"method":"POST","url":"Observation"}}`} {
				a.change("POST", "/", `{"resourceType":"Bundle","type":"`+typ+`","entry":[`+e+`]}`)
			}
		}
	}
}

// uploads are of another grant, of nobody, and the asker's own from its beginning to its end.
func (a *asking) uploads() {
	// Uploads: of another grant, of nobody's, and their own from its beginning to its end.
	claim := func(upload string) string {
		return `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"Binary/$upload/` + upload + `"}]}}`
	}
	own := "{new Binary/$upload}"
	const tus = "\nTus-Resumable: 1.0.0"
	a.change("POST", "/Binary/$upload"+tus+"\nUpload-Length: 4", "")
	for _, upload := range []string{"{theirs}", "00000000000000000000000000000000", own} {
		a.change("HEAD", "/Binary/$upload/"+upload+tus, "")
		a.change("PATCH", "/Binary/$upload/"+upload+tus+"\nUpload-Offset: 1\nContent-Type: application/offset+octet-stream", "x")
		a.change("PATCH", "/Binary/$upload/"+upload+tus+"\nUpload-Offset: 0\nContent-Type: application/offset+octet-stream", "abcd")
		a.change("HEAD", "/Binary/$upload/"+upload+tus, "")
		a.change("POST", "/Binary", claim(upload))
		a.change("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+claim(upload)+`,"request":{"method":"POST","url":"Binary"}}]}`)
		a.change("DELETE", "/Binary/$upload/"+upload+tus, "")
	}
	a.change("GET", "/Binary/{new Binary}\nRange: bytes=1-2", "")
	// And what is then said of what they did.
	for _, q := range []string{"/AuditEvent?_count=40", "/AuditEvent?action=C", "/AuditEvent?outcome=4&_summary=count", "/Provenance?_summary=count", "/Provenance?target=Binary/{new Binary}", "/Binary?_summary=count", "/Observation?_revinclude=Provenance:target&_summary=count", "/Patient/$everything?_summary=count", "/Consent"} {
		a.change("GET", q, "")
	}
}
