package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// damaging is a server whose disk has lost something of what waits.
type damaging struct {
	*client.Client
	harm bool
}

func (d *damaging) Waiting(ctx context.Context, token string, from [16]byte) ([]holder.InboxRow, [16]byte, bool, error) {
	list, next, more, err := d.Client.Waiting(ctx, token, from)
	if d.harm && len(list) > 0 {
		list[0].Blob[len(list[0].Blob)-1] ^= 1
	}
	return list, next, more, err
}

// TestInboxOnTheDevice: what waits is opened on the device, with every key that was ever
// the person's; what does not open is told, and goes when the person says so.
func TestInboxOnTheDevice(t *testing.T) {
	w := newServer(t, generous)
	srv := &damaging{Client: w.client}
	invite, err := w.store.Invite(t.Context(), keys.Invite{Until: w.now().Add(time.Hour)})
	w.check(err)
	h, _, err := holder.Enrol(t.Context(), srv, holder.Enrolment{Invite: invite.Token(),
		Passphrase: crypto.SecretString("correct horse battery staple"), Label: "laptop", Name: "Ada"})
	w.check(err)
	t.Cleanup(h.Close)
	scopes, err := grant.ParseScopes("patient/*.c")
	w.check(err)
	nurse := grant.Party{Name: "Lin Mei", Organisation: "Elm Road Surgery", Role: "district nurse", Number: "12A3456E", Register: "NMC"}
	issued, err := h.Grant(t.Context(), holder.GrantRequest{To: nurse, Sections: grant.Clinical, Scopes: scopes, Purpose: "TREAT", Lasts: time.Hour})
	w.check(err)
	create := func() {
		resp := w.send("POST", "/fhir/Observation", http.Header{"Authorization": {"Bearer " + issued.Token}, "Content-Type": {"application/fhir+json"}},
			strings.Replace(strings.Replace(observation, `"id":"potassium",`, "", 1), `"subject":{"reference":"Patient/{patient}"},`, "", 1))
		resp.Body.Close()
		if resp.StatusCode != 201 {
			t.Fatal(resp.StatusCode)
		}
	}
	create()
	create()
	create()
	session := w.session(h)
	items, err := h.Inbox(t.Context(), session)
	w.check(err)
	if len(items) != 3 || items[0].By != nurse || !items[0].Known || items[0].Notice() || items[0].Section != record.Results || items[0].FHIRID == "" {
		t.Fatalf("%+v", items)
	}
	out, err := h.TakeIn(t.Context(), session, items[0], record.MentalHealth)
	if err != nil || out.By != nurse || out.Unverified || out.Section != record.MentalHealth || out.ID != items[0].FHIRID {
		t.Fatalf("%+v, %v", out, err)
	}
	if again, err := h.TakeIn(t.Context(), session, items[0], 0); err != nil || !again.Unchanged {
		t.Errorf("%+v, %v", again, err)
	}
	ref := fhir.Ref{Type: out.Type, ID: out.ID}
	if n, err := w.client.With(session).Annotate(t.Context(), ref, 1, "It was 4.2", true); err != nil || n != 2 {
		t.Error(n, err)
	}
	if n, err := w.client.With(session).Withdraw(t.Context(), ref, 2); err != nil || n != 3 {
		t.Error(n, err)
	}
	if err := h.Looked(t.Context(), session, items[1]); !errors.Is(err, record.Unprocessed) {
		t.Error("what waits was looked away:", err)
	}

	// All keys new: what waited opens still, and names who wrote it; neither the device nor
	// the server can prove it any more.
	w.check(h.Evict(t.Context()))
	session = w.session(h)
	if items, err = h.Inbox(t.Context(), session); err != nil || len(items) != 2 || items[0].By != nurse || items[0].Known {
		t.Fatalf("%+v, %v", items, err)
	}
	if out, err = h.TakeIn(t.Context(), session, items[0], 0); err != nil || !out.Unverified || out.By != (grant.Party{}) {
		t.Errorf("%+v, %v", out, err)
	}

	srv.harm = true
	if items, err = h.Inbox(t.Context(), session); err != nil || len(items) != 1 || !items[0].Damaged {
		t.Fatalf("%+v, %v", items, err)
	}
	if _, err := h.TakeIn(t.Context(), session, items[0], 0); !errors.Is(err, record.Integrity) {
		t.Error(err)
	}
	w.check(h.Dismiss(t.Context(), session, items[0]))
	if items, err = h.Inbox(t.Context(), session); err != nil || len(items) != 0 {
		t.Errorf("%+v, %v", items, err)
	}
}
