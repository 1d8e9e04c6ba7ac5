package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// A page is asked for once, of a search and of a history.
func TestOnePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(url string) (int, string) {
		resp := w.send("GET", url, http.Header{"Authorization": {"Bearer " + w.vars["ada"]}}, "")
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		return resp.StatusCode, string(b)
	}
	for _, list := range []string{"/fhir", "/fhir/_history"} {
		_, text := ask(list + "?_count=1")
		_, rest, _ := strings.Cut(text, `"next","url":"`+publicURL+list+"?")
		page, _, _ := strings.Cut(rest, `"`)
		if status, _ := ask(list + "?" + page); status != 200 {
			t.Fatalf("%s?%s: %d", list, page, status)
		}
		if status, text := ask(list + "?" + page + "&" + page); status != 400 {
			t.Errorf("%s: %d %s", list, status, text)
		}
	}
}

// What is validated and not kept is counted in the grant's day: it takes work.
func TestValidateIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	parsed, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	issued, err := w.ada.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "few"}, Sections: record.SectionsOf(record.Plan),
		Scopes: parsed, Purpose: "TREAT", Lasts: time.Hour, Daily: 2})
	w.check(err)
	goal := w.expand(`{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"x"},"subject":{"reference":"Patient/{patient}"}}`)
	for _, want := range []int{200, 200, 429} {
		resp := w.send("POST", "/fhir/Goal/$validate", http.Header{"Authorization": {"Bearer " + issued.Token}, "Content-Type": {"application/fhir+json"}}, goal)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s, want %d", resp.Status, want)
		}
	}
}
