package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/holder"
	"carehold/record/sample"
	"carehold/record/store"
)

// withSample is a person whose record has the sample in it, and their session that reads
// the log too.
func withSample(t testing.TB) (*world, *holder.Holder, *visitor) {
	t.Helper()
	w := newServer(t, generous)
	h := w.enrol("Marion")
	token := w.session(h)
	me := w.view(token)
	defer me.Close()
	for i, source := range sample.Sources() {
		bundles, err := change.ReadSource(bytes.NewReader(source.Bundle), change.Limits{})
		w.check(err)
		im, err := change.PlanImport(bundles[0], source.Name, me.PatientID())
		w.check(err)
		_, err = me.Apply(context.Background(), im.Changes, store.ApplyOptions{Origin: entry.Origin{Import: record.ImportID{byte(i + 1)}, Source: source.Title}})
		w.check(err)
	}
	return w, h, w.reads(h)
}

// view is what a session opens.
func (w *world) view(token string) *store.View {
	w.t.Helper()
	c, err := crypto.ParseToken(token)
	w.check(err)
	v, err := w.store.Open(context.Background(), c)
	w.check(err)
	return v
}

// reads is a visitor with a session that reads the log.
func (w *world) reads(h *holder.Holder) *visitor {
	w.t.Helper()
	token, _, err := h.SignInToRead(context.Background())
	w.check(err)
	return w.visits(token)
}

// unsaid are the keys of messages that are in no catalogue, as a page shows them.
var unsaid = regexp.MustCompile(`\[(record|entry|history|show)\.[a-z0-9.\-]+\]`)

// page asks for a page, which has to be there, and be one of ours.
func (v *visitor) page(path string) string {
	v.t.Helper()
	resp, text := v.goes("GET", path, "")
	if resp.StatusCode != 200 {
		v.t.Fatalf("GET %s: %d\n%s", path, resp.StatusCode, text)
	}
	if h := resp.Header; h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Referrer-Policy") != "no-referrer" {
		v.t.Errorf("%s: %v", path, h)
	}
	if m := unsaid.FindString(text); m != "" {
		v.t.Errorf("%s says %s", path, m)
	}
	if strings.Contains(text, "%!") || strings.Contains(text, "<no value>") || strings.Contains(text, "ZgotmplZ") {
		v.t.Errorf("%s: a template went wrong", path)
	}
	return text
}

func jsonText(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}
