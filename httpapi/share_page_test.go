package httpapi_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// What the person sees of who has access, and that Stop stops it at once.
func TestSharingPage(t *testing.T) {
	w := newWorld(t)
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	issued, err := w.ada.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: "Dr <script>alert(1)</script> Okafor", Role: "GP"},
		Sections: record.SectionSet(0).With(record.Allergies).With(record.SexualHealth), Scopes: scopes, Purpose: "TREAT", Lasts: 48 * time.Hour})
	w.check(err)
	v := w.reads(w.ada)
	uses := func() int {
		resp := w.send("GET", "/fhir/AllergyIntolerance", http.Header{"Authorization": {"Bearer " + issued.Token}}, "")
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := uses(); got != 200 {
		t.Fatalf("the grant: %d", got)
	}
	resp, page := v.goes("GET", "/app/sharing", "")
	if resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, page)
	}
	for _, want := range []string{"Dr &lt;script&gt;alert(1)&lt;/script&gt; Okafor", "look at it", "1 time", "until ", `value="` + issued.Grant.ID.String() + `"`, "Sensitive:"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script>alert") || unsaid.MatchString(page) || strings.Contains(page, "[share.") {
		t.Errorf("the page has what it should not\n%s", page)
	}

	stop := url.Values{"grant": {issued.Grant.ID.String()}, "form": {v.form}}
	ben := w.reads(w.enrol("Ben"))
	if resp, _ := ben.goes("POST", "/app/sharing/stop", url.Values{"grant": stop["grant"], "form": {ben.form}}.Encode()); resp.StatusCode != 404 {
		t.Errorf("somebody else's: %d", resp.StatusCode)
	}
	if resp, _ := v.goes("POST", "/app/sharing/stop", url.Values{"grant": stop["grant"]}.Encode()); resp.StatusCode != 403 {
		t.Errorf("without the word of the form: %d", resp.StatusCode)
	}
	if resp, _ := v.goes("POST", "/app/sharing/stop", url.Values{"grant": {"x"}, "form": {v.form}}.Encode()); resp.StatusCode != 400 {
		t.Errorf("of nothing: %d", resp.StatusCode)
	}
	if got := uses(); got != 200 {
		t.Errorf("refused attempts stopped it: %d", got)
	}
	if resp, _ := v.goes("POST", "/app/sharing/stop", stop.Encode()); resp.StatusCode != 303 || resp.Header.Get("Location") != "/app/sharing?stopped" {
		t.Errorf("stop: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	if got := uses(); got != 401 {
		t.Errorf("after Stop: %d", got)
	}
	if _, page = v.goes("GET", "/app/sharing?stopped", ""); strings.Contains(page, `value="`+issued.Grant.ID.String()+`"`) || !strings.Contains(page, "It is stopped.") {
		t.Errorf("it is still in the list\n%s", page)
	}
}
