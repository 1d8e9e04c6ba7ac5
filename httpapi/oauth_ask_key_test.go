package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/holder"
)

// TestAskWithKey: who asks at an address with the thumbprint of a key is given a token that
// opens with that key's proofs alone, and so may see what is sensitive; who names none is
// given nothing sensitive that they could read, whatever the person's device says.
func TestAskWithKey(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	at := w.address(w.ada, time.Time{})
	ask := func(more string) (request string, r holder.Request) {
		t.Helper()
		status, m := w.asking(at, "", `{"name":"Nurse Bello","scope":"patient/*.rs","sections":["results","mental-health"],"days":1`+more+`}`)
		if status != 202 {
			t.Fatalf("asked: %d %v", status, m)
		}
		waiting, err := w.ada.Requests(ctx, w.vars["ada"])
		w.check(err)
		if len(waiting) != 1 {
			t.Fatalf("%d wait", len(waiting))
		}
		return m["request"].(string), waiting[0]
	}
	give := func(r holder.Request) error {
		p := r.Proposal()
		if p.Sections&record.SensitiveSections != 0 {
			t.Error("a sensitive section is proposed")
		}
		p.Sections, p.Unbound = p.Sections.With(record.MentalHealth), true
		_, err := w.ada.Approve(ctx, r, p, "")
		return err
	}

	_, r := ask("")
	if err := give(r); record.KindOf(err) != record.Unprocessed || !strings.Contains(err.Error(), "mental-health") {
		t.Errorf("sensitive, without a key: %v", err)
	}
	w.check(w.ada.Refuse(ctx, w.vars["ada"], r, ""))

	p, thief := w.prover(), w.prover()
	request, r := ask(`,"dpop_jkt":"` + p.jkt() + `"`)
	w.check(give(r))
	_, m := w.asking("/ask/answer", request, "")
	token, _ := m["token"].(string)
	if m["status"] != "approved" || m["token_type"] != "DPoP" || token == "" {
		t.Fatalf("approved: %v", m)
	}
	get := func(h http.Header) *http.Response {
		t.Helper()
		resp := w.send("GET", "/fhir/Observation/potassium", h, "")
		resp.Body.Close()
		return resp
	}
	proved := func(x *prover) int {
		return get(http.Header{"Authorization": {"DPoP " + token}, "DPoP": {x.proof("GET", "/fhir/Observation/potassium", token)}}).StatusCode
	}
	first := get(http.Header{"Authorization": {"DPoP " + token}, "DPoP": {p.proof("GET", "/fhir/Observation/potassium", token)}})
	p.nonce = first.Header.Get("DPoP-Nonce")
	thief.nonce = p.nonce
	for name, c := range map[string]struct{ got, want int }{
		"no nonce yet":  {first.StatusCode, 401},
		"its key":       {proved(p), 200},
		"another's key": {proved(thief), 401},
		"as a bearer":   {get(http.Header{"Authorization": {"Bearer " + token}}).StatusCode, 401},
		"without proof": {get(http.Header{"Authorization": {"DPoP " + token}}).StatusCode, 401},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}

	for name, jkt := range map[string]string{"short": p.jkt()[1:], "zeros": strings.Repeat("A", 43), "padded": p.jkt() + "=", "not base64url": "+" + p.jkt()[1:]} {
		if status, m := w.asking(at, "", `{"name":"Nurse Bello","sections":["results"],"dpop_jkt":"`+jkt+`"}`); status != 400 {
			t.Errorf("a thumbprint that is %s: %d %v", name, status, m)
		}
	}
}
