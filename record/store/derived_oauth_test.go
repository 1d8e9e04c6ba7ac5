package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// auditSays is what an AuditEvent says, in short: type, subtypes, action, outcome, and what
// was presented or why it was refused.
func auditSays(t *testing.T, f store.Found) string {
	t.Helper()
	var x struct {
		Type        struct{ Code string }
		Subtype     []struct{ Code string }
		Action      string
		Outcome     string
		OutcomeDesc string
		Entity      []struct{ What struct{ Display string } }
	}
	if err := json.Unmarshal(f.Body, &x); err != nil {
		t.Fatal(err)
	}
	out := x.Type.Code
	for _, s := range x.Subtype {
		out += " " + s.Code
	}
	out += " " + x.Action + x.Outcome
	for _, e := range x.Entity {
		if e.What.Display != "" {
			out += ", " + e.What.Display
		}
	}
	if x.OutcomeDesc != "" {
		out += ": " + x.OutcomeDesc
	}
	return out
}

// What clients, adders and those who ask leave in the log is there as AuditEvents: for
// a session that reads the log all of it, and for each grant its own alone.
func TestDerivedOfClients(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	first, g := o.tokens(appScope)
	next := o.refreshed(first.Refresh)
	o.mustRead(next.Access)
	seen := view(t, o.s, next.Access)
	o.suspend(g)
	if _, err := o.refresh(next.Refresh); !errors.Is(err, store.ErrGrant) {
		t.Fatalf("suspended: %v", err)
	}
	if err := o.reads(next.Access); err == nil {
		t.Fatal("a token of a suspended grant reads")
	}
	o.resume(g)
	if _, err := o.s.Refresh(ctx, next.Refresh, store.Presented{Client: "another", Public: true}, ""); !errors.Is(err, store.ErrGrant) {
		t.Fatalf("another's: %v", err)
	}

	again, other := o.tokens(appScope) // a second grant of the same client's: used twice, and so struck
	o.refreshed(o.refreshed(again.Refresh).Refresh)
	if _, err := o.refresh(again.Refresh); !errors.Is(err, store.ErrGrant) || !o.struck(other) {
		t.Fatalf("a replay: %v", err)
	}
	gave, third := o.tokens(appScope)
	if err := o.s.GiveBack(ctx, gave.Refresh, o.by); err != nil {
		t.Fatal(err)
	}
	nurses, c := o.d.addOnly(record.Measures)
	if _, err := add(adder(t, o.s, c), weight); err != nil {
		t.Fatal(err)
	}
	if err := o.d.session().Dismiss(ctx, o.d.inbox()[0].id); err != nil {
		t.Fatal(err)
	}
	o.asks(o.d.address(time.Time{}))

	const (
		answer, code, refresh = "110114 ITI-71 E0, an answer to a request", "110114 ITI-71 E0, an authorization code", "110114 ITI-71 E0, a refresh token"
		replay                = "110113 110132 110137 U0, a code or refresh token that was used before"
		back                  = "110113 110137 U0"
		asked                 = "110100 E0: somebody asked for access at an address of the person's"
		created, removed      = "rest create C0", "rest delete D0"
		onHold                = "the grant is suspended"
		notTheirs             = "the token is another client's, or came without its key"
	)
	reader := o.d.reader()
	all := allOf(t, reader, "AuditEvent", "") // validates each
	said := map[string]int{}
	why := map[string]int{}
	for _, e := range all {
		_, refused, _ := strings.Cut(auditSays(t, e), ": ")
		said[auditSays(t, e)]++
		why[refused]++
	}
	for what, n := range map[string]int{answer: 3, code: 3, refresh: 3, replay: 1, asked: 1, created: 3, removed: 1} { // two creations are the person's own
		if said[what] != n {
			t.Errorf("%q is there %d times, want %d", what, said[what], n)
		}
	}
	if said[back] < 1 || why[onHold] != 2 || why[notTheirs] != 1 {
		t.Errorf("given back %d times, refused because %v", said[back], why)
	}
	if t.Failed() {
		t.Logf("%v", said)
	}
	if got := allOf(t, reader, "AuditEvent", "subtype=ITI-71"); len(got) < 9 {
		t.Errorf("%d AuditEvents of tokens", len(got))
	}

	// The client's own token finds what was done under its grant, and nothing of the
	// other two of the same client's, of the adder, of devices or of the address.
	own := allOf(t, seen, "AuditEvent", "")
	mine := map[string]int{}
	for _, e := range own {
		mine[auditSays(t, e)]++
		for _, another := range []grant.Grant{other, third, nurses} {
			if strings.Contains(string(e.Body), another.ID.String()) {
				t.Errorf("another's: %s", e.Body)
			}
		}
		if !strings.Contains(string(e.Body), g.ID.String()) || !strings.HasPrefix(e.Ref.ID, "log-x") {
			t.Errorf("%s", e.Body)
		}
	}
	for what, n := range map[string]int{answer: 1, code: 1, refresh: 1, replay: 0, asked: 0, back: 0, created: 0, removed: 0} {
		if mine[what] != n {
			t.Errorf("the client finds %q %d times, want %d", what, mine[what], n)
		}
	}
	if t.Failed() {
		t.Logf("%v", mine)
	}
	for _, e := range all { // under the names that the person sees there is nothing for them
		if _, err := seen.Read(ctx, e.Ref, 0); !errors.Is(err, record.NotFound) {
			t.Errorf("%s: %v", e.Ref, err)
		}
	}
	// Who may only add finds nothing, of themself neither; and the struck and given
	// back are shut.
	if _, err := o.s.Open(ctx, c); err == nil {
		t.Error("a token to add only opens a View")
	}
	for name, token := range map[string]crypto.Credential{"struck": again.Access, "given back": gave.Access} {
		if err := o.reads(token); !errors.Is(err, record.Unauthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// As many as there are leaves, of each writer.
	page, err := reader.Log(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	last, _ := fhir.ParseRef(fmt.Sprintf("AuditEvent/log-%d", page.Size-1))
	if !slices.ContainsFunc(allOf(t, reader, "AuditEvent", ""), func(f store.Found) bool { return f.Ref == last }) {
		t.Errorf("%s is not there", last)
	}
}
