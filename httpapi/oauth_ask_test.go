package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/record/holder"
)

// at is the path of an address.
func (w *world) address(h *holder.Holder, until time.Time) string {
	w.t.Helper()
	a, err := h.NewAddress(context.Background(), "for the surgery", until)
	w.check(err)
	return "/ask/" + a.Segment
}

// asking sends JSON, and reads JSON.
func (w *world) asking(path, bearer, body string) (int, map[string]any) {
	w.t.Helper()
	h := http.Header{}
	if body != "" {
		h.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		h.Set("Authorization", "Bearer "+bearer)
	}
	resp := w.send("POST", path, h, body)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.check(err)
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		w.t.Fatalf("%s: %d %s", path, resp.StatusCode, b)
	}
	return resp.StatusCode, m
}

const okafor = `{"name":"Dr Amara Okafor","role":"GP","organisation":"Elm Road Surgery","number":"7654321","register":"GMC","purpose":"TREAT","sections":["allergies","results"],"days":3,"words":"before your visit"}`

// TestAsk: somebody asks at an address, by a program and by the page; yes brings a token
// once, no brings words.
func TestAsk(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	at := w.address(w.ada, time.Time{})
	status, m := w.asking(at, "", okafor)
	request, _ := m["request"].(string)
	if status != 202 || !strings.HasPrefix(request, "chdq_") {
		t.Fatalf("asked: %d %v", status, m)
	}
	if _, m := w.asking("/ask/answer", request, ""); m["status"] != "waiting" || len(m) != 1 {
		t.Errorf("not answered yet: %v", m)
	}
	waiting, err := w.ada.Requests(ctx, w.vars["ada"])
	w.check(err)
	if len(waiting) != 1 || waiting[0].Question.To.Number != "7654321" || waiting[0].Question.Words != "before your visit" || waiting[0].Where != "for the surgery" {
		t.Fatalf("what waits: %+v", waiting)
	}
	_, err = w.ada.Approve(ctx, waiting[0], waiting[0].Proposal(), "see you on Friday")
	w.check(err)
	_, m = w.asking("/ask/answer", request, "")
	token, _ := m["token"].(string)
	if m["status"] != "approved" || m["words"] != "see you on Friday" || m["expires"] == nil || m["fhir"] != publicURL+"/fhir" {
		t.Fatalf("approved: %v", m)
	}
	r := w.send("GET", "/fhir/Observation/potassium", http.Header{"Authorization": {"Bearer " + token}}, "")
	if r.Body.Close(); r.StatusCode != 200 {
		t.Errorf("read: %d", r.StatusCode)
	}
	if _, m := w.asking("/ask/answer", request, ""); m["status"] != "fetched" || len(m) != 1 {
		t.Errorf("a second time: %v", m)
	}

	// The page.
	b := w.browser()
	if resp := b.do("GET", at, ""); resp.StatusCode != 200 || !strings.Contains(b.page, "Ask to see a record") {
		t.Errorf("the form: %d", resp.StatusCode)
	}
	if resp := b.do("POST", at, url.Values{"name": {""}, "words": {`<script>`}}.Encode()); resp.StatusCode != 400 || !strings.Contains(b.page, "say who is asking") || strings.Contains(b.page, "<script>") {
		t.Errorf("no name: %d %s", resp.StatusCode, b.page)
	}
	resp := b.do("POST", at, url.Values{"name": {"Sam Lee"}, "role": {"social worker"}, "purpose": {"CAREMGT"}, "section-plan": {"1"}, "days": {"7"}, "do": {"patient/*.crs"}, "words": {"for\nthe review"}}.Encode())
	b.at = resp.Header.Get("Location")
	if resp.StatusCode != 303 {
		t.Fatalf("sent: %d %s", resp.StatusCode, b.page)
	}
	if b.do("GET", b.at, ""); !strings.Contains(b.page, "was sent") || !strings.Contains(b.page, "To look at it, and add to it, for 7 days:") || !strings.Contains(b.page, "<li>plans and goals</li>") ||
		!strings.Contains(b.page, w.now().Add(30*24*time.Hour).UTC().Format("2 January 2006, 15:04")) {
		t.Errorf("waiting: %s", b.page)
	}
	waiting, err = w.ada.Requests(ctx, w.vars["ada"])
	w.check(err)
	w.check(w.ada.Refuse(ctx, w.vars["ada"], waiting[0], "not <now>"))
	if b.do("GET", b.at, ""); !strings.Contains(b.page, "The answer is no") || !strings.Contains(b.page, "not &lt;now&gt;") {
		t.Errorf("refused: %s", b.page)
	}
}

// TestAskTakenBack: a yes that was stopped before it was fetched is a no.
func TestAskTakenBack(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	_, m := w.asking(w.address(w.ada, time.Time{}), "", okafor)
	request := m["request"].(string)
	waiting, err := w.ada.Requests(ctx, w.vars["ada"])
	w.check(err)
	g, err := w.ada.Approve(ctx, waiting[0], waiting[0].Proposal(), "")
	w.check(err)
	w.check(w.ada.Revoke(ctx, g.ID))
	if status, m := w.asking("/ask/answer", request, ""); status != 200 || m["status"] != "refused" || len(m) != 1 {
		t.Errorf("%d %v", status, m)
	}
}

// TestAskTellsNothing: there is no telling an address that is there from one that is
// closed, or never was.
func TestAskTellsNothing(t *testing.T) {
	w := newWorld(t)
	open := w.address(w.ada, time.Time{})
	closed := w.address(w.ada, w.now().Add(time.Hour))
	w.wait(2 * time.Hour)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	var pages, sent []string
	for _, at := range []string{open, closed, "/ask/" + strings.Repeat("0", 49)} {
		resp := w.send("GET", at, nil, "")
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		pages = append(pages, whole(resp.StatusCode, resp.Header, b))
		resp = w.send("POST", at, form, "name=Sam+Lee&days=7&section-plan=1")
		resp.Body.Close()
		tab := resp.Header.Get("Location")
		for _, c := range resp.Cookies() {
			if len(c.Value) != 54 && !strings.HasSuffix(c.Name, "-asked") {
				t.Errorf("%s: cookie %q", at, c.Value)
			}
		}
		resp.Header.Del("Set-Cookie")
		sent = append(sent, strings.ReplaceAll(whole(resp.StatusCode, resp.Header, nil), tab, "THERE"))
	}
	for i := range pages {
		if pages[i] != pages[0] || sent[i] != sent[0] {
			t.Errorf("they differ:\n%s\n%s\n%s\n%s", pages[i], pages[0], sent[i], sent[0])
		}
	}
	// The same of a program, whose answer differs by its secret and nothing else; and the
	// secrets are of no use, or told nothing for a while.
	full := w.address(w.ada, time.Time{})
	for range 25 { // more than an address is asked at on a day
		if status, m := w.asking(full, "", okafor); status != 202 {
			t.Fatalf("%d %v", status, m)
		}
	}
	var told, answers []string
	for _, at := range []string{full, open, closed, "/ask/" + strings.Repeat("0", 49)} {
		resp := w.send("POST", at, http.Header{"Content-Type": {"application/json"}}, okafor)
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		var m struct {
			Request string
			Expires time.Time
		}
		w.check(json.Unmarshal(b, &m))
		if past := w.now().Add(30 * 24 * time.Hour).Sub(m.Expires); past < 0 || past > time.Hour { // by the second that it was asked in
			t.Errorf("expires %s", m.Expires)
		}
		told = append(told, strings.NewReplacer(m.Request, "SECRET", m.Expires.Format(time.RFC3339), "THEN").Replace(whole(resp.StatusCode, resp.Header, b)))
		resp = w.send("POST", "/ask/answer", http.Header{"Authorization": {"Bearer " + m.Request}}, "")
		b, err = io.ReadAll(resp.Body)
		w.check(err)
		answers = append(answers, whole(resp.StatusCode, resp.Header, b))
	}
	for i := range told {
		if told[i] != told[0] || answers[i] != answers[0] {
			t.Errorf("%d differs:\n%s\n%s\n%s\n%s", i, told[i], told[0], answers[i], answers[0])
		}
	}
	if status, m := w.asking("/ask/"+strings.Repeat("0", 49), "", `{"name":""}`); status != 400 || m["error"] == nil {
		t.Errorf("no name at no address: %d %v", status, m)
	}
}
