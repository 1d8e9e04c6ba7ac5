package httpapi_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/keys"
)

// Somebody else who saw the code puts something in the answer's place: who waits is sent
// back to begin again, and the person is told that somebody may have seen it.
func TestAnswerOfAnother(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	ben := w.enrol("Ben")
	session := w.session(ben)
	b := w.browser()
	b.authorize(askFor(nil))
	r, err := ben.Lookup(context.Background(), session, b.typed)
	w.check(err)
	w.check(w.client.PutAnswer(context.Background(), session, record.Capsule{ID: r.ID, Hour: keys.ExpiryHour(w.now().Add(time.Hour)), Blob: []byte("x")}))
	q, err := w.ada.Lookup(context.Background(), w.vars["ada"], b.typed)
	w.check(err)
	if _, err = w.ada.Approve(context.Background(), q, q.Proposal(), ""); err == nil || !strings.Contains(err.Error(), "somebody else may have seen its code") {
		t.Errorf("she reads %v", err)
	}
	resp := b.do("GET", b.at, "")
	to, err := url.Parse(resp.Header.Get("Location"))
	w.check(err)
	if to.Query().Get("error") != "access_denied" || !strings.Contains(to.Query().Get("error_description"), "begin again") {
		t.Errorf("%d %s", resp.StatusCode, to)
	}
}
