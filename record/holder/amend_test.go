package holder_test

import (
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

var readAll = []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}

// reach is what a token's View may see; 0 where it opens nothing.
func (l *local) reach(token string) (record.SectionSet, string) {
	l.t.Helper()
	v, err := l.View(l.t.Context(), token)
	if errors.Is(err, record.Unauthorized) {
		return 0, ""
	}
	if err != nil {
		l.t.Fatal(err)
	}
	defer v.Close()
	return v.Grant().Sections, grant.FormatScopes(v.Grant().Scopes)
}

func TestAmend(t *testing.T) {
	t.Parallel()
	medicines, plan := record.SectionsOf(record.Medicines), record.SectionsOf(record.Plan)
	sets := func(s record.SectionSet) record.SectionSet { return grant.With(s) }
	for name, c := range map[string]struct {
		do       holder.Amend
		sections record.SectionSet
		scopes   string
		epoch    record.Epoch
		said     string
	}{
		"longer":      {holder.Amend{Lasts: 48 * time.Hour}, sets(medicines), "patient/*.rs", 1, ""},
		"shorter":     {holder.Amend{Lasts: time.Minute}, sets(medicines), "patient/*.rs", 1, ""},
		"open":        {holder.Amend{Open: true}, sets(medicines), "patient/*.rs", 1, "until you stop it"},
		"wider":       {holder.Amend{Add: plan}, sets(medicines | plan), "patient/*.rs", 1, "now plan too"},
		"narrower":    {holder.Amend{Drop: medicines, Add: plan}, sets(plan), "patient/*.rs", 2, "no longer medicines; now plan too"},
		"more verbs":  {holder.Amend{Scopes: []grant.Scope{{Type: "*", Verbs: grant.Create | grant.Read | grant.Search}}}, sets(medicines), "patient/*.crs", 1, "now patient/*.crs"},
		"fewer verbs": {holder.Amend{Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read}}}, sets(medicines), "patient/*.r", 1, "now patient/*.r"},
	} {
		srv := newLocal(t)
		h, _ := enrol(t, srv, srv.invite())
		req := gp(24 * time.Hour)
		req.Sections = medicines
		given := give(t, h, req)
		got, err := h.Amend(t.Context(), given.Grant.ID, c.do)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sections, scopes := srv.reach(given.Token)
		if sections != c.sections || scopes != c.scopes || got.Grant.Sections != c.sections || h.Epoch() != c.epoch {
			t.Errorf("%s: %v %s, epoch %d; want %v %s, epoch %d", name, sections, scopes, h.Epoch(), c.sections, c.scopes, c.epoch)
		}
		if got.Grant.To != given.Grant.To || got.State != holder.Live {
			t.Errorf("%s: %+v", name, got)
		}
		if r, err := h.Receipt(given.Grant.ID); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if s, err := holder.VerifyReceipt(r); err != nil || s.Grant.Sections != c.sections {
			t.Errorf("%s: its receipt says %v, %v", name, s.Grant.Sections, err)
		}
		if list, err := h.History(t.Context(), signIn(t, h), 0); err != nil || c.said != "" && !says(list, h.Grants(), "You changed the grant to Dr Amara Okafor (GP, Elm Road Surgery): "+c.said+",") {
			t.Errorf("%s: the log does not say it; %v", name, err)
		}
		// Again, it changes nothing, and no statement is made.
		if c.do.Lasts == 0 {
			seq := h.Memory().Seq
			if _, err := h.Amend(t.Context(), given.Grant.ID, c.do); err != nil || h.Memory().Seq != seq {
				t.Errorf("%s: the same again: %v, %d statements", name, err, h.Memory().Seq-seq)
			}
		}
	}
}

// A grant ends when it was made to end sooner, and not when it was made to end later;
// the tokens it has keep the end they were given.
func TestAmendedEnd(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	sooner, later := give(t, h, gp(24*time.Hour)), give(t, h, gp(time.Hour))
	for id, lasts := range map[record.GrantID]time.Duration{sooner.Grant.ID: time.Hour, later.Grant.ID: 24 * time.Hour} {
		if _, err := h.Amend(t.Context(), id, holder.Amend{Lasts: lasts}); err != nil {
			t.Fatal(err)
		}
	}
	srv.wait(2 * time.Hour)
	if srv.opens(sooner.Token) || srv.opens(later.Token) {
		t.Error("a token opens after its end, or its grant's")
	}
	again, err := h.IssueToken(t.Context(), later.Grant.ID, "", time.Time{})
	if err != nil || !srv.opens(again.Token) {
		t.Errorf("another token for the grant that goes on: %v", err)
	}
}

func TestAmendIsRefused(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	req := gp(24 * time.Hour)
	req.Sections = record.SectionsOf(record.Medicines)
	given, over := give(t, h, req), give(t, h, req)
	if err := h.Revoke(t.Context(), over.Grant.ID); err != nil {
		t.Fatal(err)
	}
	l := holder.PrepareLink()
	defer l.Destroy()
	link, err := h.Link(t.Context(), l, holder.LinkRequest{GrantRequest: req, Summary: true})
	if err != nil {
		t.Fatal(err)
	}
	app := req
	app.Client = "clinic"
	backend, err := h.IssueBackend(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	seq := h.Memory().Seq
	mental := record.SectionsOf(record.MentalHealth)
	for name, c := range map[string]struct {
		id   record.GrantID
		do   holder.Amend
		want error
	}{
		"two ends":           {given.Grant.ID, holder.Amend{Lasts: time.Hour, Open: true}, record.Invalid},
		"over":               {given.Grant.ID, holder.Amend{Until: time.Now().Add(-time.Hour)}, record.Invalid},
		"negative":           {given.Grant.ID, holder.Amend{Lasts: -1}, record.Invalid},
		"in and out":         {given.Grant.ID, holder.Amend{Add: mental, Drop: mental}, record.Invalid},
		"no such section":    {given.Grant.ID, holder.Amend{Add: 1 << 27}, record.Invalid},
		"whose it is":        {given.Grant.ID, holder.Amend{Drop: record.SectionsOf(record.Identity)}, record.Invalid},
		"nothing left":       {given.Grant.ID, holder.Amend{Drop: record.SectionsOf(record.Medicines)}, record.Invalid},
		"no scopes":          {given.Grant.ID, holder.Amend{Scopes: []grant.Scope{}}, record.Invalid},
		"ended":              {over.Grant.ID, holder.Amend{Open: true}, record.NotFound},
		"unknown":            {record.GrantID{1}, holder.Amend{Open: true}, record.NotFound},
		"a longer link":      {link.Grant.ID, holder.Amend{Open: true}, record.Unprocessed},
		"a wider link":       {link.Grant.ID, holder.Amend{Add: record.SectionsOf(record.Plan)}, record.Unprocessed},
		"an app without key": {backend.Grant.ID, holder.Amend{Add: mental}, record.Unprocessed},
	} {
		if _, err := h.Amend(t.Context(), c.id, c.do); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if h.Memory().Seq != seq {
		t.Errorf("%d statements were made", h.Memory().Seq-seq)
	}
	if g, err := h.Amend(t.Context(), link.Grant.ID, holder.Amend{Lasts: time.Hour}); err != nil || g.Grant.Until.After(time.Now().Add(2*time.Hour)) {
		t.Errorf("a link that ends sooner: %v", err)
	}
	if _, err := h.Amend(t.Context(), backend.Grant.ID, holder.Amend{Add: mental, Unbound: true}); err != nil {
		t.Errorf("an app without key, and the person wants it: %v", err)
	}
}

// Whoever had the row of a section that was taken away has no key of what is written
// since; it is another epoch's. A grant that only gains or ends sooner has its keys still.
func TestAmendToAddOnly(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	given := give(t, h, gp(0))
	add := []grant.Scope{{Type: "Observation", Verbs: grant.Create}}
	if _, err := h.Amend(t.Context(), given.Grant.ID, holder.Amend{Scopes: add}); err != nil {
		t.Fatal(err)
	}
	if h.Epoch() != 2 {
		t.Errorf("epoch %d, want 2: a grant to add only has no key of the record", h.Epoch())
	}
	if _, err := h.Amend(t.Context(), given.Grant.ID, holder.Amend{Scopes: readAll}); err != nil || h.Epoch() != 2 {
		t.Errorf("reading again: %v, epoch %d", err, h.Epoch())
	}
	if !srv.opens(given.Token) {
		t.Error("a grant that reads again opens nothing")
	}
}

func TestSuspend(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	one, two, stays := give(t, h, gp(0)), give(t, h, gp(24*time.Hour)), give(t, h, gp(0))
	if err := h.Suspend(t.Context(), one.Grant.ID, two.Grant.ID, one.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if srv.opens(one.Token) || srv.opens(two.Token) || !srv.opens(stays.Token) || h.Epoch() != 2 {
		t.Errorf("suspended, and opens; or another does not; epoch %d", h.Epoch())
	}
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	for _, x := range []*holder.Holder{h, u} {
		if g := state(t, x, one.Grant.ID); g.State != holder.Suspended || g.Paused.IsZero() {
			t.Errorf("it is %v since %v", g.State, g.Paused)
		}
	}
	seq := h.Memory().Seq
	if err := h.Suspend(t.Context(), one.Grant.ID); err != nil || h.Memory().Seq != seq {
		t.Errorf("again: %v, %d statements", err, h.Memory().Seq-seq)
	}
	// A renewal of the others' keys passes it over.
	if err := h.Revoke(t.Context(), stays.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if srv.opens(one.Token) || h.Epoch() != 3 || state(t, h, one.Grant.ID).State != holder.Suspended {
		t.Error("a new epoch let it go on")
	}
	// What is changed of it meanwhile counts when it goes on.
	if _, err := h.Amend(t.Context(), one.Grant.ID, holder.Amend{Drop: record.SectionsOf(record.Medicines), Lasts: 100 * time.Hour}); err != nil || h.Epoch() != 3 || srv.opens(one.Token) {
		t.Errorf("narrowed while it is suspended: %v, epoch %d", err, h.Epoch())
	}
	if err := h.Resume(t.Context(), one.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if got, _ := srv.reach(one.Token); got != grant.Clinical&^record.SectionsOf(record.Medicines) || h.Epoch() != 3 {
		t.Errorf("it goes on with %v, epoch %d", got, h.Epoch())
	}
	if err := h.Resume(t.Context(), one.Grant.ID); err != nil {
		t.Errorf("again: %v", err)
	}
	// One whose time runs out while it is suspended is over.
	srv.wait(25 * time.Hour)
	u = unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	ended, err := u.Tidy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ended) != 1 || ended[0].Grant.ID != two.Grant.ID || ended[0].Why != holder.RanOut {
		t.Errorf("tidied %v", ended)
	}
	if err := u.Resume(t.Context(), two.Grant.ID); !errors.Is(err, record.NotFound) {
		t.Errorf("letting go on what is over: %v", err)
	}
	list, err := u.History(t.Context(), signIn(t, u), 0)
	if err != nil {
		t.Fatal(err)
	}
	okafor := "Dr Amara Okafor (GP, Elm Road Surgery)"
	for _, want := range []string{"You suspended the grant to " + okafor + " and " + okafor + ",", "You let the grant to " + okafor + " go on,",
		okafor + " was refused, for you have suspended the grant: "} {
		if !says(list, u.Grants(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	checked(t, u)
}

// A struck grant is over: it cannot be suspended, and so come back.
func TestSuspendStruck(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	given, other := give(t, h, gp(0)), give(t, h, gp(0))
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory()) // which knows nothing of the strike
	if err := h.Strike(t.Context(), signIn(t, h), given.Grant.ID); err != nil {
		t.Fatal(err)
	}
	for _, x := range []*holder.Holder{u, h} {
		if err := x.Suspend(t.Context(), given.Grant.ID); !errors.Is(err, record.NotFound) {
			t.Errorf("suspending what was struck: %v", err)
		}
	}
	// And one that is struck while it is suspended is over.
	if err := h.Suspend(t.Context(), other.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.Strike(t.Context(), signIn(t, h), other.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if err := u.Resume(t.Context(), other.Grant.ID); !errors.Is(err, record.NotFound) {
		t.Errorf("letting go on what was struck: %v", err)
	}
	if srv.opens(given.Token) || srv.opens(other.Token) {
		t.Error("a struck grant opens")
	}
	if self := h.Suspend(t.Context(), selfOf(t, srv, h)); !errors.Is(self, record.NotFound) {
		t.Errorf("suspending the person: %v", self)
	}
}

// selfOf is the person's own grant.
func selfOf(t *testing.T, srv *local, h *holder.Holder) record.GrantID {
	v, err := srv.View(t.Context(), signIn(t, h))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	return v.Grant().ID
}

func TestBackend(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	req := gp(0)
	if _, err := h.IssueBackend(t.Context(), req); !errors.Is(err, record.Invalid) {
		t.Errorf("for no client: %v", err)
	}
	req.Client = "https://clinic.example/app.v2"
	sensitive := req
	sensitive.Sections = record.SectionsOf(record.Private)
	if _, err := h.IssueBackend(t.Context(), sensitive); !errors.Is(err, record.Unprocessed) {
		t.Errorf("sensitive sections: %v", err)
	}
	issued, err := h.IssueBackend(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	head, segment := issued.Token[:len(req.Client)+1], issued.Token[len(req.Client)+1:]
	if head != req.Client+"." || len(segment) != holder.LinkSegment || issued.Grant.Client != req.Client {
		t.Errorf("it is %s", head)
	}
	c, err := crypto.ParseToken("chdr_" + segment)
	if err != nil {
		t.Fatal(err)
	}
	if g := state(t, h, issued.Grant.ID); len(g.Tokens) != 1 || !g.Tokens[0].Backend || g.Tokens[0].ID != c.CapsuleID() {
		t.Errorf("its credential is noted as %+v", g.Tokens)
	}
	second, err := h.IssueToken(t.Context(), issued.Grant.ID, "new machine", time.Time{})
	if err != nil || second.Token[:len(head)] != head || second.Token == issued.Token {
		t.Errorf("another one: %v", err)
	}
}

// A backup has neither grants nor addresses: after a restore what was suspended is over,
// and an address is closed.
func TestRestoreEndsAll(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	given := give(t, h, gp(0))
	if err := h.Suspend(t.Context(), given.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.NewAddress(t.Context(), "card", time.Time{}); err != nil {
		t.Fatal(err)
	}
	u := unlock(t, restore(t, srv.backup()), kit.Recovery.Slot(), h.Memory())
	if err := u.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if g := state(t, u, given.Grant.ID); g.State != holder.Ended || g.Why != holder.Left {
		t.Errorf("the grant is %v, %v", g.State, g.Why)
	}
	if err := u.Resume(t.Context(), given.Grant.ID); !errors.Is(err, record.NotFound) {
		t.Errorf("letting it go on: %v", err)
	}
	if all := u.Addresses(); len(all) != 1 || all[0].Open(u.Now()) {
		t.Errorf("%+v", all)
	}
	checked(t, u)
}
