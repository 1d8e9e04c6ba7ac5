package store_test

import (
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

// said are the sentences of the history that a grant's own entries make, of an action.
func (o *oauth) said(a audit.Action) (all []string) {
	o.t.Helper()
	page, err := o.d.session().Log(ctx, 0, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	r := audit.NewReader(o.d.person)
	r.AddGeneration(o.d.audit, []record.GrantID{o.d.self.ID})
	for i, leaf := range page.Leaves {
		e, err := r.Open(uint64(i), leaf)
		if err == nil && e.Writer == audit.ByGrant && e.Event.Action == a {
			text := holder.Describe(e, nil)
			all = append(all, text[:len(text)-len(", "+holder.When(e.Event.Time))])
		}
	}
	return all
}

// What a session does with requests is in the history: at a screen that was left open
// anybody can say no in the person's name.
func TestAnswersAreNoted(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	address := o.d.address(o.now.Add(48 * time.Hour))
	me := o.d.session()
	request := o.asks(address)
	no, err := keys.SealAnswer(request.CapsuleID(), request.BoxKey().Public().Bytes(), keys.Answer{Person: o.d.person, Until: o.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if err := me.PutAnswer(ctx, no); err != nil {
		t.Fatal(err)
	}
	request = o.asks(address)
	for range 2 { // the second time there is nothing to do, and nothing to tell
		if err := me.DropAsk(ctx, request.CapsuleID()); err != nil {
			t.Fatal(err)
		}
	}
	got := o.said(audit.Dismissed)
	if len(got) != 2 || got[0] != "You said no to a request" || got[1] != "You put a request away unanswered" {
		t.Errorf("the history says %q", got)
	}
}

// A refresh token that is shown by nobody, where its client has to show who it is, is in
// somebody else's hands, and the history says so.
func TestUnnamedIsNoted(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.by = store.Presented{Client: "app"} // with a secret
	tokens, g := o.tokens(appScope)
	wantGrant(t, "its token, unnamed", o.s.Unnamed(ctx, tokens.Refresh))
	if n := o.did(g, audit.Used, audit.NotTheirs); n != 1 {
		t.Errorf("%d lines", n)
	}
	wantGrant(t, "one of nothing", o.s.Unnamed(ctx, crypto.NewCredential(crypto.Refresh)))
	o.refreshed(tokens.Refresh)
}
