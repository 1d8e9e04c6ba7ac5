package holder_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// codes is a server at which questions wait under codes, as they do in front of a store.
type codes struct {
	*local
	waiting map[string]holder.Coded
}

func (c *codes) Lookup(_ context.Context, _, code string) (holder.Coded, error) {
	q, there := c.waiting[code]
	if !there {
		return q, record.Safef(record.NotFound, "no such code")
	}
	return q, nil
}

// app is what an app asks.
func app(scope string) keys.Question {
	return keys.Question{To: grant.Party{Name: "Pill Diary"}, Scope: scope, Client: "diary", Bound: [32]byte{7}, At: time.Now().UTC().Truncate(time.Second)}
}

// gpAsks is what somebody asks who has no app.
func gpAsks() keys.Question {
	return keys.Question{To: grant.Party{Name: "Dr Amara Okafor", Role: "GP", Number: "7654321", Register: "GMC"}, Purpose: "TREAT",
		Sections: record.SectionsOf(record.Medicines, record.MentalHealth), Lasts: 7 * 24 * time.Hour, Words: "before your visit"}
}

// ask puts a question under the code CODE, and returns what whoever asks keeps.
func (c *codes) ask(q keys.Question) crypto.Credential {
	c.t.Helper()
	request := crypto.NewCredential(crypto.Request)
	q.Box = request.BoxKey().Public().Bytes()
	c.waiting = map[string]holder.Coded{"CODE": {ID: request.CapsuleID(), Question: q.Marshal(), Expires: c.clock().Add(15 * time.Minute)}}
	return request
}

func lookup(t *testing.T, h *holder.Holder) holder.Request {
	t.Helper()
	r, err := h.Lookup(t.Context(), signIn(t, h), "CODE")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProposal(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		q        keys.Question
		sections string
		scopes   string
		purpose  string
		lasts    time.Duration
	}{
		"an app":                {app("launch/patient patient/MedicationRequest.rs"), "identity, providers, medicines", "patient/MedicationRequest.rs", "PATRQT", day},
		"that works by itself":  {app("patient/MedicationRequest.rs offline_access"), "identity, providers, medicines", "patient/MedicationRequest.rs", "PATRQT", 90 * day},
		"by SMART v1":           {app("user/Immunization.read"), "identity, providers, vaccinations", "patient/Immunization.rs", "PATRQT", day},
		"for everything":        {app("patient/*.rs"), "identity, providers, about-me, allergies, medicines, conditions, vaccinations, results, measurements, visits, documents, support, plan", "patient/*.rs", "PATRQT", day},
		"somebody, with a list": {gpAsks(), "identity, providers, medicines", "patient/*.rs", "TREAT", 7 * day},
		"for ten years":         {keys.Question{To: grant.Party{Name: "x"}, Sections: record.SectionsOf(record.Plan), Lasts: 3650 * day}, "identity, providers, plan", "patient/*.rs", "PATRQT", 365 * day},
	} {
		p := holder.Request{Question: c.q}.Proposal()
		if p.Sections.String() != c.sections || grant.FormatScopes(p.Scopes) != c.scopes || p.Purpose != c.purpose || p.Lasts != c.lasts || p.To != c.q.To {
			t.Errorf("%s: %v, %s, %s, %v", name, p.Sections, grant.FormatScopes(p.Scopes), p.Purpose, p.Lasts)
		}
	}
}

// An app asks with a code: the person says yes, and what the app fetches is what they
// gave, in the app's own words.
func TestApprove(t *testing.T) {
	t.Parallel()
	srv := &codes{local: newLocal(t)}
	h, kit := enrol(t, srv, srv.invite())
	request := srv.ask(app("openid patient/MedicationRequest.cruds user/Condition.read offline_access"))
	if _, err := srv.Answer(t.Context(), request); !errors.Is(err, record.NotFound) {
		t.Errorf("before it was answered: %v", err)
	}
	r := lookup(t, h)
	give := r.Proposal()
	give.Sections = record.SectionsOf(record.Medicines)
	give.Scopes, _ = grant.ParseScopes("patient/MedicationRequest.rs patient/Condition.rs")
	give.To.Name = "Pill Diary, on my phone"
	g, err := h.Approve(t.Context(), r, give, "welcome")
	if err != nil {
		t.Fatal(err)
	}
	if g.Client != "diary" || g.Bound != [32]byte{7} || g.Asked != request.CapsuleID() || g.To.Name != "Pill Diary, on my phone" {
		t.Errorf("%+v", g)
	}
	a, err := srv.Answer(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if !a.Yes || a.Words != "welcome" || a.Client != "diary" || a.Scope != "openid offline_access patient/MedicationRequest.rs user/Condition.read" || !a.Ends.Equal(g.Until) {
		t.Errorf("%+v", a)
	}
	if _, err := srv.Answer(t.Context(), crypto.NewCredential(crypto.Request)); !errors.Is(err, record.NotFound) {
		t.Errorf("with another request's secret: %v", err)
	}
	// Twice is once, on this device and on another that has not heard of it.
	seq := h.Memory().Seq
	if _, err := h.Approve(t.Context(), r, give, ""); !errors.Is(err, record.Unprocessed) || h.Memory().Seq != seq {
		t.Errorf("twice: %v", err)
	}
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	if err := u.Refuse(t.Context(), signIn(t, u), r, "no"); !errors.Is(err, record.Unprocessed) {
		t.Errorf("no after yes: %v", err)
	}
	if g := state(t, h, g.ID); len(g.Tokens) != 0 || g.State != holder.Live {
		t.Errorf("%+v", g)
	}
	list, err := h.History(t.Context(), signIn(t, h), 0)
	if err != nil || !says(list, h.Grants(), "You said yes to a request, and gave Pill Diary, on my phone access to identity, providers, medicines (patient/MedicationRequest.rs patient/Condition.rs) for the person's own wish, through the app diary, until ") {
		t.Errorf("the log does not say it: %v", err)
	}
	checked(t, h)
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	srv := &codes{local: newLocal(t)}
	h, _ := enrol(t, srv, srv.invite())
	request := srv.ask(app("patient/*.rs"))
	r := lookup(t, h)
	if err := h.Refuse(t.Context(), signIn(t, h), r, "not now, thank you"); err != nil {
		t.Fatal(err)
	}
	a, err := srv.Answer(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Yes || a.Words != "not now, thank you" {
		t.Errorf("%+v", a)
	}
	if _, _, err := a.Token(t.Context()); err == nil {
		t.Error("a no gives a token")
	}
	for try := range 2 {
		if _, err := h.Approve(t.Context(), r, r.Proposal(), ""); !errors.Is(err, record.Unprocessed) {
			t.Errorf("yes after no, %d: %v", try, err)
		}
	}
	if len(h.Grants()) != 0 {
		t.Error("a grant was made all the same")
	}
}

// No more than was asked for, unless the person says so; and nothing that cannot be given.
func TestApproveIsRefused(t *testing.T) {
	t.Parallel()
	srv := &codes{local: newLocal(t)}
	h, _ := enrol(t, srv, srv.invite())
	narrow := app("patient/MedicationRequest.rs")
	unbound := narrow
	unbound.Bound, unbound.Sections = [32]byte{}, record.SectionsOf(record.Medicines, record.MentalHealth)
	week := narrow
	week.Lasts = 7 * 24 * time.Hour
	mental := record.SectionsOf(record.MentalHealth)
	for name, c := range map[string]struct {
		q     keys.Question
		do    func(*holder.Request, *holder.GrantRequest)
		words string
		want  error
		flag  func(*holder.GrantRequest) // with which it is given; nil: never
	}{
		"another section": {narrow, func(_ *holder.Request, g *holder.GrantRequest) { g.Sections |= record.SectionsOf(record.Plan) }, "", record.Unprocessed, beyond},
		"a sensitive one": {narrow, func(_ *holder.Request, g *holder.GrantRequest) { g.Sections |= mental }, "", record.Unprocessed, beyond},
		"another verb": {narrow, func(_ *holder.Request, g *holder.GrantRequest) {
			g.Scopes, _ = grant.ParseScopes("patient/MedicationRequest.rus")
		}, "", record.Unprocessed, beyond},
		"every type":    {narrow, func(_ *holder.Request, g *holder.GrantRequest) { g.Scopes = readAll }, "", record.Unprocessed, beyond},
		"longer":        {week, func(_ *holder.Request, g *holder.GrantRequest) { g.Lasts = 8 * 24 * time.Hour }, "", record.Unprocessed, beyond},
		"for ever":      {week, func(_ *holder.Request, g *holder.GrantRequest) { g.Lasts = 0 }, "", record.Unprocessed, beyond},
		"without a key": {unbound, func(_ *holder.Request, g *holder.GrantRequest) { g.Sections |= mental }, "", record.Unprocessed, func(g *holder.GrantRequest) { g.Unbound = true }},
		"without a key, at an address": {keys.Question{To: gpAsks().To, Sections: unbound.Sections}, func(_ *holder.Request, g *holder.GrantRequest) {
			g.Sections |= mental
			g.Unbound = true
		}, "", record.Unprocessed, nil},
		"nothing of it": {narrow, func(_ *holder.Request, g *holder.GrantRequest) {
			g.Scopes, _ = grant.ParseScopes("patient/Goal.rs")
			g.Beyond = true
		}, "", record.Unprocessed, nil},
		"too late":         {narrow, func(r *holder.Request, _ *holder.GrantRequest) { r.Expires = time.Now().Add(-time.Minute) }, "", record.Unprocessed, nil},
		"damaged":          {narrow, func(r *holder.Request, _ *holder.GrantRequest) { r.Damaged = true }, "", record.Integrity, nil},
		"words, two lines": {narrow, func(*holder.Request, *holder.GrantRequest) {}, "a\nb", record.Invalid, nil},
		"words, too many":  {narrow, func(*holder.Request, *holder.GrantRequest) {}, strings.Repeat("x", 1001), record.Invalid, nil},
		"nobody":           {narrow, func(_ *holder.Request, g *holder.GrantRequest) { g.To = grant.Party{} }, "", record.Invalid, nil},
	} {
		srv.ask(c.q)
		r := lookup(t, h)
		give := r.Proposal()
		c.do(&r, &give)
		seq := h.Memory().Seq
		if _, err := h.Approve(t.Context(), r, give, c.words); !errors.Is(err, c.want) || h.Memory().Seq != seq {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if c.flag == nil {
			continue
		}
		c.flag(&give)
		if _, err := h.Approve(t.Context(), r, give, ""); err != nil {
			t.Errorf("%s, as the person wants it: %v", name, err)
		}
	}
	// The verbs of two scopes together are what was asked for.
	srv.ask(app("patient/Goal.r patient/*.s"))
	r := lookup(t, h)
	give := r.Proposal()
	give.Scopes, _ = grant.ParseScopes("patient/Goal.rs")
	if _, err := h.Approve(t.Context(), r, give, ""); err != nil {
		t.Errorf("two scopes asked for, one given: %v", err)
	}
}

func beyond(g *holder.GrantRequest) { g.Beyond = true }

// A professional asks at an address that the person showed them. Their question is for
// the person's devices alone; the answer for them alone.
func TestAddress(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	at, err := h.NewAddress(t.Context(), "card in my purse", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	address, err := crypto.ParseToken("chdw_" + at.Segment)
	if err != nil || len(at.Segment) != holder.LinkSegment || address.CapsuleID() != at.ID {
		t.Fatalf("%v, %d characters", err, len(at.Segment))
	}
	ask := func() crypto.Credential {
		t.Helper()
		request, q := crypto.NewCredential(crypto.Request), gpAsks()
		q.Box = request.BoxKey().Public().Bytes()
		if err := srv.Ask(t.Context(), address, request.CapsuleID(), q); err != nil {
			t.Fatal(err)
		}
		return request
	}
	before := ask()
	if err := h.Evict(t.Context(), slotsOf(h)...); err != nil { // all keys made new: those of before still open it
		t.Fatal(err)
	}
	after := ask()
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory()) // the address is known on every device
	list, err := u.Requests(t.Context(), signIn(t, u))
	if err != nil || len(list) != 2 {
		t.Fatalf("%d requests, %v", len(list), err)
	}
	if list[0].ID == after.CapsuleID() {
		list[0], list[1] = list[1], list[0]
	}
	for _, r := range list {
		if r.Damaged || r.Where != "card in my purse" || r.Question.Words != "before your visit" || r.Question.To.Number != "7654321" || r.Expires.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	give := list[0].Proposal()
	more := give
	more.Sections |= record.SectionsOf(record.MentalHealth) // which was asked for, and not proposed
	if _, err := u.Approve(t.Context(), list[0], more, ""); !errors.Is(err, record.Unprocessed) {
		t.Errorf("a sensitive section without a key: %v", err)
	}
	g, err := u.Approve(t.Context(), list[0], give, "see you on Monday")
	if err != nil {
		t.Fatal(err)
	}
	yes, err := srv.Answer(t.Context(), before)
	if err != nil || !yes.Yes || yes.Words != "see you on Monday" {
		t.Fatalf("%+v, %v", yes, err)
	}
	defer yes.Close()
	token, until, err := yes.Token(t.Context())
	if err != nil || !until.Equal(g.Until) || !srv.opens(token.Token()) {
		t.Errorf("what they fetch opens nothing: %v", err)
	}
	if err := u.Refuse(t.Context(), signIn(t, u), list[1], "once is enough"); err != nil {
		t.Fatal(err)
	}
	no, err := srv.Answer(t.Context(), after)
	if err != nil || no.Yes || no.Words != "once is enough" {
		t.Errorf("%+v, %v", no, err)
	}
	if err := u.Refuse(t.Context(), signIn(t, u), list[1], ""); !errors.Is(err, record.Unprocessed) {
		t.Errorf("no twice: %v", err)
	}
	third := ask()
	if list, err = h.Requests(t.Context(), signIn(t, h)); err != nil || len(list) != 1 || list[0].ID != third.CapsuleID() {
		t.Errorf("%d requests wait, %v", len(list), err)
	}
	if err := h.Drop(t.Context(), signIn(t, h), list[0]); err != nil {
		t.Fatal(err)
	}
	// Closed, it is nobody's.
	for range 2 {
		if err := h.CloseAddress(t.Context(), signIn(t, h), at.ID); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if list, err = h.Requests(t.Context(), signIn(t, h)); err != nil || len(list) != 0 {
		t.Errorf("%d requests came in at a closed address, %v", len(list), err)
	}
	if all := h.Addresses(); len(all) != 1 || all[0].Open(h.Now()) || all[0].Segment != at.Segment {
		t.Errorf("%+v", all)
	}
	checked(t, h)
}

func slotsOf(h *holder.Holder) (all []crypto.CapsuleID) {
	for _, s := range h.Slots() {
		all = append(all, s.ID)
	}
	return all
}

func TestAddressIsRefused(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	if _, err := h.NewAddress(t.Context(), strings.Repeat("x", 201), time.Time{}); !errors.Is(err, record.Invalid) {
		t.Errorf("a long label: %v", err)
	}
	if _, err := h.NewAddress(t.Context(), "", time.Now().Add(-time.Hour)); !errors.Is(err, record.Invalid) {
		t.Errorf("closed already: %v", err)
	}
	if err := h.CloseAddress(t.Context(), signIn(t, h), crypto.CapsuleID{1}); !errors.Is(err, record.NotFound) {
		t.Errorf("closing none: %v", err)
	}
	if len(h.Addresses()) != 0 {
		t.Error("an address was made")
	}
}

// A request that is sealed to somebody else, or damaged, is shown as what it is: there is
// only to drop it.
func TestDamagedRequest(t *testing.T) {
	t.Parallel()
	srv := &odd{local: newLocal(t), id: crypto.CapsuleID{5}}
	h, _ := enrol(t, srv, srv.invite())
	list, err := h.Requests(t.Context(), signIn(t, h))
	if err != nil || len(list) != 1 || !list[0].Damaged {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := h.Approve(t.Context(), list[0], gp(0), ""); !errors.Is(err, record.Integrity) {
		t.Errorf("yes to what cannot be read: %v", err)
	}
	if err := h.Drop(t.Context(), signIn(t, h), list[0]); err != nil || !srv.dropped {
		t.Errorf("dropping it: %v", err)
	}
}

type odd struct {
	*local
	id      crypto.CapsuleID
	dropped bool
}

func (o *odd) Asked(context.Context, string) ([]holder.Sealed, error) {
	return []holder.Sealed{{ID: o.id, Hour: 1 << 20, Box: make([]byte, 2000)}}, nil
}

func (o *odd) DropAsked(_ context.Context, _ string, id crypto.CapsuleID) error {
	o.dropped = id == o.id
	return nil
}
