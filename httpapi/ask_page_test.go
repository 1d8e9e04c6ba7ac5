package httpapi_test

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

var ticked = regexp.MustCompile(`<input[^>]* checked`)

var unsaidAsk = regexp.MustCompile(`\[(ask|share|add|record)\.[a-zA-Z0-9.\-]+\]`)

// asked has an app ask, in a browser that then has the request's cookie and the person's.
func (w *world) asked(b *browser, h *holder.Holder, q url.Values) (v *visitor, tab string) {
	w.t.Helper()
	b.authorize(askFor(q))
	u, err := url.Parse(b.at)
	w.check(err)
	v = w.reads(h)
	return v, u.Query().Get("r")
}

// sees is a page as it comes to the browser with all of its cookies.
func (b *browser) sees(v *visitor, path string) (*http.Response, string) {
	b.t.Helper()
	var also []string
	for name, value := range b.cookies {
		also = append(also, name+"="+value)
	}
	return v.goes("GET", path, "", "Cookie", strings.Join(append(also, v.cookie), "; "))
}

// The browser that the app sent here has the request, and the person sees in it who asks,
// from where, what for and with what proof; nobody is led to a request of somebody else's.
func TestConsentPage(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{Name: "Sunrise <script>alert(1)</script>", Organisation: "Sunrise & Co"})
	marion := w.enrol("Marion")
	b := w.browser()
	v, tab := w.asked(b, marion, url.Values{"scope": {"openid offline_access patient/MedicationRequest.rs patient/Observation.crus"}})
	if !strings.Contains(b.page, `href="/app/consent?r=`+tab+`"`) {
		t.Fatalf("the page that waits does not lead to the person's own\n%s", b.page)
	}
	resp, page := b.sees(v, "/app/consent?r="+tab)
	if resp.StatusCode != 200 {
		t.Fatalf("%d\n%s", resp.StatusCode, page)
	}
	typed := strings.ReplaceAll(b.typed, "-", "")
	for _, want := range []string{"Sunrise &lt;script&gt;alert(1)&lt;/script&gt;", "Sunrise &amp; Co", "Registered with this server", "app.sunrise.example",
		`data-code="` + typed + `"`, `data-tab="` + tab + `"`, `data-scopes="patient/MedicationRequest.rs patient/Observation.crus"`,
		`data-sections="about-me medicines results measurements support plan"`, `data-sensitive=""`, `data-asked="0"`, `data-lasts="7776000"`, " data-back", "come back without you",
		"Allow this", "Don’t allow", `class="btn" id="refuse"`, `value="mental-health"`, "means nothing elsewhere"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script>alert") || strings.Contains(page, " data-bound") || strings.Contains(page, `id="begun"`) || ticked.MatchString(page) || unsaidAsk.MatchString(page) {
		t.Errorf("the page has what it should not: %s\n%s", unsaidAsk.FindString(page), page)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self';") || !strings.Contains(csp, "'wasm-unsafe-eval'") {
		t.Error(csp)
	}

	// A link to it that somebody else made leads to nothing: their browser had the request.
	if _, page := v.goes("GET", "/app/consent?r="+tab, ""); strings.Contains(page, typed) || !strings.Contains(page, "does not wait any more") {
		t.Errorf("without the request's cookie\n%s", page)
	}
	secret, err := crypto.ParseToken(b.cookies["__Host-carehold-request-"+tab])
	w.check(err)
	id := secret.CapsuleID()
	for _, q := range []string{hex.EncodeToString(id[:]), hex.EncodeToString(id[:]) + "." + strings.Repeat("0", 32), "x", "." + v.form} {
		if _, page := v.goes("GET", "/app/consent?q="+q, ""); strings.Contains(page, typed) {
			t.Errorf("%s leads to the request", q)
		}
	}
	if resp, _ := (&visitor{w, "none=1", ""}).goes("GET", "/app/consent?r="+tab, ""); resp.StatusCode != 303 || resp.Header.Get("Location") != "/unlock?to="+url.QueryEscape("/app/consent?r="+tab) {
		t.Errorf("without a session: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}

	// With no: it is gone, here and where it waited.
	w.refuseRequest(marion, w.session(marion), b.typed, "")
	if _, answer := b.returned(); answer.Get("error") != "access_denied" {
		t.Errorf("%v", answer)
	}
	if _, page := b.sees(v, "/app/consent?r="+tab); strings.Contains(page, typed) || !strings.Contains(page, "does not wait any more") {
		t.Errorf("after the answer\n%s", page)
	}
}

// Of an app that nobody registered the page says where it is from before what it calls
// itself, and that nobody checked it. A key that it has shown is known to the script, and
// an app that does not come back is given one visit.
func TestConsentUnchecked(t *testing.T) {
	w := newServer(t, generous, described{})
	marion := w.enrol("Marion")
	b := w.browser()
	v, tab := w.asked(b, marion, url.Values{"client_id": {"https://evil.example/app"}, "redirect_uri": {"https://evil.example/cb"}, "scope": {"patient/*.rs"}, "nonce": {""},
		"dpop_jkt": {"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})
	_, page := b.sees(v, "/app/consent?r="+tab)
	site, calls := strings.Index(page, "<bdi>evil.example</bdi>"), strings.Index(page, "“<bdi>Your surgery</bdi>”")
	if site < 0 || calls < site || !strings.Contains(page, "Nobody has checked this.") || strings.Contains(page, "Registered with this server") || strings.Contains(page, ` data-name="Your surgery"`) {
		t.Errorf("%d, %d\n%s", site, calls, page)
	}
	if !strings.Contains(page, " data-bound") || strings.Contains(page, " data-back") || !strings.Contains(page, `data-lasts="86400"`) {
		t.Errorf("the key, or the one visit, is not known\n%s", page)
	}
	// The budget is nobody's who asks for everything, and what is sensitive has to be named.
	if !strings.Contains(page, `data-sections="about-me allergies medicines conditions vaccinations results measurements visits documents support plan" data-sensitive=""`) {
		t.Errorf("%s", page)
	}
}

// A code that is typed leads to the request, in the session in which it was typed and in no
// other, and is in no address. Who typed it says that they began it.
func TestConsentTyped(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	marion := w.enrol("Marion")
	b := w.browser()
	v, _ := w.asked(b, marion, nil)
	types := func(v *visitor, code string) (*http.Response, string) {
		return v.goes("POST", "/app/consent", url.Values{"code": {code}, "form": {v.form}}.Encode())
	}
	if resp, page := types(v, "AAAA-BBBB-CCCC"); resp.StatusCode != 422 || !strings.Contains(page, "No request waits under this code") || !strings.Contains(page, `value="AAAA-BBBB-CCCC"`) || unsaidAsk.MatchString(page) {
		t.Errorf("a wrong one: %d\n%s", resp.StatusCode, page)
	}
	if resp, _ := v.goes("POST", "/app/consent", url.Values{"code": {b.typed}}.Encode()); resp.StatusCode != 403 {
		t.Errorf("without the word of the form: %d", resp.StatusCode)
	}
	resp, _ := types(v, strings.ToLower(b.typed))
	to := resp.Header.Get("Location")
	if resp.StatusCode != 303 || !strings.HasPrefix(to, "/app/consent?q=") || strings.Contains(strings.ToUpper(to), strings.ReplaceAll(b.typed, "-", "")) {
		t.Fatalf("%d to %s", resp.StatusCode, to)
	}
	if _, page := v.goes("GET", to, ""); !strings.Contains(page, `id="begun"`) || !strings.Contains(page, `data-tab=""`) || !strings.Contains(page, "Sunrise") || strings.Contains(page, " data-back") == false {
		t.Errorf("%s", page)
	}
	if _, page := w.reads(marion).goes("GET", to, ""); !strings.Contains(page, "does not wait any more") {
		t.Errorf("the address is good in another session\n%s", page)
	}
}

// What was decided is shown again when the page is loaded again, and Stop is there.
func TestAnswersAreShownAgain(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	marion := w.enrol("Marion")
	b := w.browser()
	w.asked(b, marion, url.Values{"scope": {"patient/*.rs"}})
	g := w.approve(marion, w.session(marion), b.typed, func(p *holder.GrantRequest) { p.Sections = record.SectionsOf(record.Allergies) })
	v := w.reads(marion)
	for _, path := range []string{"/app/consent?given=" + g.ID.String(), "/app/requests?given=" + g.ID.String()} {
		for range 2 {
			page := v.page(path)
			for _, want := range []string{"You said yes", "Sunrise", "Allergies", "Stop sharing", `value="` + g.ID.String() + `"`} {
				if !strings.Contains(page, want) {
					t.Errorf("%s lacks %q", path, want)
				}
			}
			if unsaidAsk.MatchString(page) || strings.Contains(page, "data-code") {
				t.Errorf("%s: %s", path, page)
			}
		}
	}
	for path, want := range map[string]string{"/app/consent?refused": "You said no", "/app/requests?refused": "You said no", "/app/requests?dropped": "It is removed", "/app/inbox?done": "It is done"} {
		if page := v.page(path); !strings.Contains(page, want) || unsaidAsk.MatchString(page) {
			t.Errorf("%s\n%s", path, page)
		}
	}
	ben := w.reads(w.enrol("Ben"))
	for _, given := range []string{g.ID.String(), "x", strings.Repeat("0", 32)} {
		if resp, page := ben.goes("GET", "/app/consent?given="+given, ""); resp.StatusCode != 404 || strings.Contains(page, "Sunrise") {
			t.Errorf("somebody else's, or nothing: %d", resp.StatusCode)
		}
	}
}

// The server knows how many wait, and no more: the pages have nothing of what was asked and
// sent, and the record leads to them.
func TestRequestsAndInboxAreSealed(t *testing.T) {
	w, h, v := withSample(t)
	ctx := context.Background()
	at, err := h.NewAddress(ctx, "blue card 7", time.Time{})
	w.check(err)
	q := url.Values{"name": {"Dr Amara Okafor"}, "purpose": {"TREAT"}, "words": {"before the visit"}, "days": {"7"}, "do": {"patient/*.rs"}, "section-medicines": {"1"}}
	if resp := w.browser().do("POST", "/ask/"+at.Segment, q.Encode()); resp.StatusCode != 303 {
		t.Fatalf("asking: %d", resp.StatusCode)
	}
	scopes, err := grant.ParseScopes("patient/*.c")
	w.check(err)
	adder, err := h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Lab 7"}, Sections: record.SectionsOf(record.Results), Scopes: scopes, Purpose: "TREAT"})
	w.check(err)
	resp := w.send("POST", "/fhir/Observation", http.Header{"Authorization": {"Bearer " + adder.Token}, "Content-Type": {"application/fhir+json"}},
		`{"resourceType":"Observation","status":"final","code":{"text":"Haemoglobin of the lab"},"valueQuantity":{"value":131,"unit":"g/L"}}`)
	if resp.Body.Close(); resp.StatusCode >= 300 {
		t.Fatalf("sending: %d", resp.StatusCode)
	}
	page := v.page("/app/record")
	if !strings.Contains(page, `href="/app/requests"`) || !strings.Contains(page, `href="/app/inbox"`) || strings.Contains(page, "<code>carehold") {
		t.Errorf("the record does not lead there\n%s", page)
	}
	for path, want := range map[string]string{"/app/requests": "1 person waits for an answer", "/app/inbox": "1 thing waits for you"} {
		page := v.page(path)
		if !strings.Contains(page, want) || unsaidAsk.MatchString(page) {
			t.Errorf("%s lacks %q, or says %s", path, want, unsaidAsk.FindString(page))
		}
		for _, no := range []string{"Okafor", "before the visit", "blue card", "Haemoglobin", "Lab 7", at.Segment} {
			if strings.Contains(page, no) {
				t.Errorf("%s has %q", path, no)
			}
		}
	}
}
