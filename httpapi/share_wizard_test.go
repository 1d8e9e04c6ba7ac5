package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

var unsaidShare = regexp.MustCompile(`\[(share|add)\.[a-z0-9.\-]+\]`)

// The wizard's page has every section with what is in it, a summary by default, and no
// sensitive section ticked; in its ready-made choices there is none.
func TestShareWizard(t *testing.T) {
	_, _, v := withSample(t)
	page := v.page("/app/share")
	if m := unsaidShare.FindString(page); m != "" {
		t.Errorf("the page says %s", m)
	}
	for _, s := range record.Sections() {
		box := regexp.MustCompile(`<input type="checkbox" name="section" id="[a-z\-]+" value="` + s.String() + `"([^>]*)>`).FindStringSubmatch(page)
		switch {
		case s.Always():
			if box != nil {
				t.Errorf("%s can be left out, which it cannot", s)
			}
		case box == nil:
			t.Errorf("%s cannot be chosen", s)
		case s.Sensitive() != strings.Contains(box[1], "data-sensitive"), s.Sensitive() && strings.Contains(box[1], "checked"),
			!s.Sensitive() && grant.Clinical.Has(s) != strings.Contains(box[1], "checked"):
			t.Errorf("%s: %s", s, box[0])
		}
	}
	names := []string{"summary"}
	for _, r := range grant.ReadyMade {
		names = append(names, r.Name)
	}
	for _, m := range regexp.MustCompile(`id="preset-([a-z\-]+)" value="[a-z\-]+" data-sections="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		names = slices.DeleteFunc(names, func(n string) bool { return n == m[1] })
		for _, s := range strings.Fields(m[2]) {
			if x, err := record.ParseSection(s); err != nil || x.Sensitive() || x.Always() {
				t.Errorf("the choice %s has %s", m[1], s)
			}
		}
	}
	if len(names) > 0 {
		t.Errorf("these choices are not there: %v", names)
	}
	if !regexp.MustCompile(`id="preset-summary"[^>]* checked>`).MatchString(page) || !regexp.MustCompile(`value="604800" checked>`).MatchString(page) {
		t.Error("a summary for a week is not what stands there")
	}
}

// What a share would show is counted as the grant decides it, and is listed whole; what
// was not chosen is counted and not listed.
func TestSharePreview(t *testing.T) {
	w, h, v := withSample(t)
	asks := func(form url.Values) (*http.Response, string) {
		return v.goes("POST", "/app/share/preview", form.Encode(), "X-Carehold-Form", v.form, "Sec-Fetch-Dest", "empty")
	}
	type part struct {
		Section, Title, Said string
		Total                int
		Sensitive            bool
	}
	var got struct {
		Total         int
		Said          string
		Named         bool
		Parts, Closed []part
	}
	resp, text := asks(url.Values{"section": {"allergies", "medicines"}})
	w.check(json.Unmarshal([]byte(text), &got))
	if h := resp.Header; resp.StatusCode != 200 || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", resp.StatusCode, h)
	}
	session, _, err := h.SignIn(context.Background())
	w.check(err)
	me := w.view(session)
	defer me.Close()
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	want, err := me.Preview(context.Background(), grant.Grant{Sections: grant.With(record.SectionsOf(record.Allergies, record.Medicines)), Scopes: scopes, From: time.Now()})
	w.check(err)
	if got.Total != want.Total || want.Total == 0 || !got.Named || got.Said != strconv.Itoa(got.Total)+" entries" {
		t.Errorf("%+v, want %d", got, want.Total)
	}
	open := []string{}
	for _, p := range got.Parts {
		open = append(open, p.Section)
		var seen []string
		for from := 0; ; {
			var list struct {
				Entries []struct{ Word, Title, Href string }
				Next    int
			}
			resp, text := asks(url.Values{"section": {"allergies", "medicines"}, "list": {p.Section}, "from": {strconv.Itoa(from)}})
			if resp.StatusCode != 200 {
				t.Fatalf("%s: %d %s", p.Section, resp.StatusCode, text)
			}
			w.check(json.Unmarshal([]byte(text), &list))
			for _, e := range list.Entries {
				seen = append(seen, strings.TrimPrefix(e.Href, "/app/entry/"))
				if e.Word == "" {
					t.Errorf("an entry without a word: %+v", e)
				}
			}
			if from = list.Next; from == 0 {
				break
			}
		}
		var all []string
		entries, err := me.List(context.Background())
		w.check(err)
		for _, e := range entries {
			if e.Section.String() == p.Section && !e.Header.Deleted {
				all = append(all, e.Ref.String())
			}
		}
		slices.Sort(seen)
		slices.Sort(all)
		if !slices.Equal(seen, all) || len(all) != p.Total {
			t.Errorf("%s: %d are listed, %d are counted, and there are %d", p.Section, len(seen), p.Total, len(all))
		}
	}
	slices.Sort(open)
	if !slices.Equal(open, []string{"allergies", "identity", "medicines", "providers"}) {
		t.Errorf("open: %v", open)
	}
	for _, c := range got.Closed {
		if slices.Contains(open, c.Section) || c.Total == 0 {
			t.Errorf("closed: %+v", c)
		}
	}

	for _, x := range []struct {
		why  string
		form url.Values
		want int
	}{
		{"of no section there is", url.Values{"section": {"everything"}}, 400},
		{"a list of what was not chosen", url.Values{"section": {"allergies"}, "list": {"results"}}, 400},
		{"a list of what is sensitive, and not chosen", url.Values{"section": {"allergies"}, "list": {"sexual-health"}}, 400},
		{"from before the beginning", url.Values{"section": {"allergies"}, "list": {"allergies"}, "from": {"-7"}}, 200},
		{"from behind the end", url.Values{"section": {"allergies"}, "list": {"allergies"}, "from": {"99999999"}}, 200},
		{"of nothing: who they are is part of it", url.Values{"x": {"1"}}, 200},
	} {
		if resp, text := asks(x.form); resp.StatusCode != x.want {
			t.Errorf("%s: %d %s", x.why, resp.StatusCode, text)
		}
	}
	if resp, _ := v.goes("POST", "/app/share/preview", "section=allergies"); resp.StatusCode != 403 {
		t.Errorf("without the word of the session's forms: %d", resp.StatusCode)
	}
	if resp, _ := v.goes("GET", "/app/share/preview", ""); resp.StatusCode != 405 {
		t.Errorf("GET, whose address would say what was chosen: %d", resp.StatusCode)
	}

	// A record that does not say whose it is has no summary, and is told so here.
	_, err = me.Read(context.Background(), fhir.Ref{Type: "Patient", ID: me.PatientID()}, 0)
	w.check(err)
	ben := w.reads(w.enrol("Ben"))
	_, text = ben.goes("POST", "/app/share/preview", url.Values{"section": {"allergies"}}.Encode(), "X-Carehold-Form", ben.form)
	got.Named = true
	w.check(json.Unmarshal([]byte(text), &got))
	if got.Named || got.Total != 0 {
		t.Errorf("of an empty record: %s", text)
	}
}

// The page on which what somebody can see is changed has what they can see now, and is of
// the person's own grants alone.
func TestShareChangePage(t *testing.T) {
	w := newWorld(t)
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	issued, err := w.ada.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: "Dr <b>Okafor</b>"},
		Sections: record.SectionsOf(record.Allergies, record.SexualHealth), Scopes: scopes, Purpose: "TREAT", Lasts: 73 * time.Hour})
	w.check(err)
	v := w.reads(w.ada)
	at := "/app/sharing/" + issued.Grant.ID.String()
	page := v.page(at)
	for _, want := range []string{"Dr &lt;b&gt;Okafor&lt;/b&gt;", "3 days left", `value="allergies" checked>`, `value="sexual-health" checked>`, `value="medicines">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if m := unsaidShare.FindString(page); m != "" {
		t.Errorf("the page says %s", m)
	}
	if list := v.page("/app/sharing"); !strings.Contains(list, `href="`+at+`"`) || !strings.Contains(list, `data-op="suspend"`) || !strings.Contains(list, "3 days left") || strings.Contains(list, "carehold link") {
		t.Errorf("the list:\n%s", list)
	}
	ben := w.reads(w.enrol("Ben"))
	for _, path := range []string{at, "/app/sharing/x", "/app/sharing/" + strings.Repeat("0", 32)} {
		if resp, _ := ben.goes("GET", path, ""); resp.StatusCode != 404 {
			t.Errorf("Ben's %s: %d", path, resp.StatusCode)
		}
	}
	w.check(w.ada.Suspend(context.Background(), issued.Grant.ID))
	if list := v.page("/app/sharing"); !strings.Contains(list, `data-op="resume"`) || !strings.Contains(list, "Paused by you") {
		t.Error("what is paused cannot go on")
	}
	w.check(w.ada.Revoke(context.Background(), issued.Grant.ID))
	if resp, _ := w.reads(w.ada).goes("GET", at, ""); resp.StatusCode != 404 {
		t.Errorf("of what is over: %d", resp.StatusCode)
	}
}

// A link is told apart from other grants, how often it was opened and how often with
// another passcode; what is in it cannot be changed, so no field says that it can.
func TestSharingLink(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("made a link to fool you", "passcode=482913 tries=3 for=72h summary")
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	_, err = w.ada.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: "made a link that gives"},
		Sections: record.SectionsOf(record.Allergies), Scopes: scopes, Purpose: "TREAT", Lasts: time.Hour})
	w.check(err)
	v := w.reads(w.ada)
	item := func() (link, other string) {
		t.Helper()
		page := v.page("/app/sharing")
		if m := unsaidShare.FindString(page); m != "" {
			t.Errorf("the page says %s", m)
		}
		for _, li := range strings.Split(page, "<li data-grant=")[1:] {
			if strings.Contains(li, "to fool you") {
				link = li
			} else {
				other = li
			}
		}
		return link, other
	}
	is, other := item()
	if !strings.Contains(is, `<span class="tag">Link</span>`) || strings.Contains(other, `<span class="tag">Link</span>`) || strings.Contains(is, "wrong passcode") {
		t.Errorf("which is the link?\n%s\n%s", is, other)
	}
	if status, _ := w.asks(link.path, `{"recipient":"Ward 7","passcode":"482914"}`); status != 401 {
		t.Fatalf("a wrong passcode: %d", status)
	}
	w.listed(link.path, `{"recipient":"Ward 7","passcode":"482913"}`)
	if is, _ := item(); !strings.Contains(is, "1 wrong passcode. 2 tries are left.") || !strings.Contains(is, "1 time ") {
		t.Errorf("one of each:\n%s", is)
	}
	for range 2 {
		w.asks(link.path, `{"recipient":"Ward 7","passcode":"482914"}`)
	}
	if is, _ := item(); !strings.Contains(is, "The link opens for nobody now") {
		t.Errorf("used up:\n%s", is)
	}
	change := v.page("/app/sharing/" + link.grant.String())
	if strings.Contains(change, `name="section"`) || strings.Contains(change, `value="0"`) || strings.Contains(change, `value="604800"`) || !strings.Contains(change, `value="86400"`) {
		t.Errorf("what of a link can be changed:\n%s", change)
	}
}

// Who brought no file writes who they are: from then on a summary can say it, it is
// written once, and it can be corrected.
func TestOwnDetails(t *testing.T) {
	w := newWorld(t)
	v := w.reads(w.enrol("Ben"))
	const at = "/app/settings/details?share"
	if page := v.page("/app/settings"); !strings.Contains(page, `href="/app/settings/details"`) {
		t.Error("Settings do not lead there")
	}
	field := regexp.MustCompile(`name="(form|key)" value="([^"]*)"`)
	form := url.Values{"given": {"Ben <i>"}, "family": {"Okoro"}, "born-year": {"1999"}}
	page := v.page(at)
	if m := unsaidShare.FindString(page); m != "" {
		t.Errorf("the page says %s", m)
	}
	for _, m := range field.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	empty := url.Values{"form": form["form"], "key": form["key"]}
	if resp, text := v.goes("POST", at, empty.Encode()); resp.StatusCode != 422 || !strings.Contains(text, `href="#given"`) {
		t.Errorf("nothing: %d %s", resp.StatusCode, text)
	}
	if resp, text := v.goes("POST", at, form.Encode()); resp.StatusCode != 200 || !strings.Contains(text, "Ben &lt;i&gt;") || unsaidShare.MatchString(text) {
		t.Errorf("to check: %d %s", resp.StatusCode, text)
	}
	form.Set("step", "keep")
	for range 2 {
		if resp, _ := v.goes("POST", at, form.Encode()); resp.StatusCode != 303 || resp.Header.Get("Location") != "/app/share" {
			t.Errorf("kept: %d %s", resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	_, text := v.goes("POST", "/app/share/preview", "section=allergies", "X-Carehold-Form", v.form)
	if !strings.Contains(text, `"named":true`) || !strings.Contains(text, `"total":1,`) {
		t.Errorf("what would be shared: %s", text)
	}
	resp, _ := v.goes("GET", "/app/settings/details", "")
	entry := resp.Header.Get("Location")
	if resp.StatusCode != 303 || !strings.HasPrefix(entry, "/app/entry/Patient/") {
		t.Fatalf("when it is there: %d %s", resp.StatusCode, entry)
	}
	if page := v.page(entry + "/correct"); !strings.Contains(page, `value="Okoro"`) || !strings.Contains(page, `name="version"`) {
		t.Errorf("to correct:\n%s", page)
	}
}
