package httpapi_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/record/grant"
)

// TestAskForm: who forgets something is told what, and finds the rest as they typed it.
func TestAskForm(t *testing.T) {
	w := newWorld(t)
	at := w.address(w.ada, time.Time{})
	b := w.browser()
	for name, x := range map[string]struct {
		form url.Values
		said string
		kept []string
	}{
		"nothing ticked": {url.Values{"name": {"Sam Lee"}, "days": {"12"}, "do": {"patient/*.c"}}, "tick at least one part",
			[]string{`value="Sam Lee"`, `value="12"`, `value="patient/*.c" checked`}},
		"a word for days": {url.Values{"name": {"Sam Lee"}, "days": {"a week"}, "section-plan": {"1"}}, "a number from 1 to 3660",
			[]string{`value="a week"`, `name="section-plan" value="1" checked`}},
		"too many days": {url.Values{"name": {"Sam Lee"}, "days": {"99999"}, "section-plan": {"1"}}, "a number from 1 to 3660", []string{`value="99999"`}},
		"no days":       {url.Values{"name": {"Sam Lee"}, "days": {"0"}, "section-plan": {"1"}}, "a number from 1 to 3660", []string{`value="0"`}},
	} {
		resp := b.do("POST", at, x.form.Encode())
		if resp.StatusCode != 400 || !strings.Contains(b.page, x.said) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, b.page)
		}
		for _, kept := range x.kept {
			if !strings.Contains(b.page, kept) {
				t.Errorf("%s: %s is not there: %s", name, kept, b.page)
			}
		}
	}
	if waiting, err := w.ada.Requests(context.Background(), w.vars["ada"]); err != nil || len(waiting) != 0 {
		t.Errorf("asked all the same: %v %v", waiting, err)
	}
	for body, want := range map[string]int{
		`{"name":"Sam Lee"}`:                          400,
		`{"name":"Sam Lee","sections":[]}`:            400,
		`{"name":"Sam Lee","scope":"patient/*.rs"}`:   202,
		`{"name":"Sam Lee","sections":["allergies"]}`: 202,
	} {
		if status, m := w.asking(at, "", body); status != want {
			t.Errorf("%s: %d %v", body, status, m)
		}
	}
}

// TestAskToAdd: the form asks to add only, the page of the answer says in words what the
// token may do, and afterwards that it was fetched.
func TestAskToAdd(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	b := w.browser()
	b.at = b.do("POST", w.address(w.ada, time.Time{}), url.Values{"name": {"Sam Lee"}, "purpose": {"CAREMGT"}, "do": {"patient/*.c"}, "section-plan": {"1"}, "days": {"7"}}.Encode()).Header.Get("Location")
	waiting, err := w.ada.Requests(ctx, w.vars["ada"])
	w.check(err)
	if len(waiting) != 1 || waiting[0].Question.Scope != "patient/*.c" {
		t.Fatalf("what waits: %+v", waiting)
	}
	g, err := w.ada.Approve(ctx, waiting[0], waiting[0].Proposal(), "")
	w.check(err)
	if got := grant.FormatScopes(g.Scopes); got != "patient/*.c" {
		t.Errorf("granted %s", got)
	}
	if b.do("GET", b.at, ""); !strings.Contains(b.page, "With this token you may add to what was shared") || !strings.Contains(b.page, "chda_") || strings.Contains(b.page, "patient/*") {
		t.Errorf("the answer: %s", b.page)
	}
	if b.do("GET", b.at, ""); !strings.Contains(b.page, "The answer was fetched") || strings.Contains(b.page, "chda_") {
		t.Errorf("a second time: %s", b.page)
	}
	if b.do("GET", strings.Replace(b.at, "/ask/wait?", "/ask/wait/status?", 1), ""); !strings.Contains(b.page, `{"waiting":false}`) {
		t.Errorf("the status: %s", b.page)
	}
}
