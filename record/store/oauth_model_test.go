package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/grant"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/kv"
	at "carehold/record/rows"
	"carehold/record/statement"
	"carehold/record/store"
)

// The model of a client's grant: a page of plain Go, which knows nothing of keys or rows.
// A random life is lived on it and on the store, by a person with two devices, with a clock
// that moves, crashes in the middle, restarts and restores; what the store says must be
// what the model says, and after each step every access token there ever was reads exactly
// when the model says so.

type modelAccess struct {
	c     crypto.Credential
	until time.Time
	gone  bool
}

type modelRefresh struct {
	c      crypto.Credential
	number uint32
	until  time.Time // zero: with the grant
	gone   bool
}

type modelClient struct {
	g         grant.Grant
	by        store.Presented
	struck    bool
	suspended bool
	over      bool // ended by the person, or by a restore

	code      crypto.Credential
	codeUntil time.Time
	spent     bool
	swept     bool

	access  []*modelAccess
	refresh []*modelRefresh
	place   uint32
	last    crypto.CapsuleID
	used    time.Time
}

func (m *modelClient) valid(now time.Time) bool {
	return !m.struck && !m.suspended && !m.over && now.Before(m.g.Until)
}

// exchange says what comes of the code.
func (m *modelClient) exchange(now time.Time) (ok bool) {
	switch {
	case m.swept:
		return false
	case m.spent:
		if !m.over {
			m.struck = true
		}
		return false
	}
	return now.Before(m.codeUntil) && m.valid(now)
}

// use says what comes of a refresh token.
func (m *modelClient) use(r *modelRefresh, now time.Time) (ok bool) {
	if r.gone || !m.valid(now) {
		return false
	}
	if r.number > 0 && r.number <= m.place && (r.number != m.place || r.c.CapsuleID() != m.last || now.Sub(m.used) > 10*time.Minute) {
		m.struck = true
		return false
	}
	if !r.until.IsZero() && !now.Before(r.until) {
		return false
	}
	return now.Sub(m.used) <= 90*24*time.Hour
}

// took is what the model has after tokens were given.
func (m *modelClient) took(t store.Tokens, now time.Time) {
	m.access = append(m.access, &modelAccess{c: t.Access, until: t.Until})
	if len(m.refresh) == 0 { // for the code
		m.used = now
	}
	if !t.Refresh.IsZero() {
		r := &modelRefresh{c: t.Refresh}
		if m.by.Public && m.by.Bound == [32]byte{} { // nothing else ties it to the client
			r.number, r.until = m.place+1, now.Add(90*24*time.Hour)
		}
		m.refresh = append(m.refresh, r)
	}
}

// advance is what a used refresh token does to the place.
func (m *modelClient) advance(r *modelRefresh, now time.Time) {
	if r.number > 0 && r.number == m.place {
		return // again
	}
	m.place, m.last, m.used = r.number, r.c.CapsuleID(), now
}

type clientWorld struct {
	*oauth
	t       *rapid.T
	clients []*modelClient
	other   *device // the person's other device, as it last looked
	crashed int
	turns   int // made by the other device
	amended int
}

// pick draws one of the clients; nil when there is none.
func (w *clientWorld) pick() *modelClient {
	if len(w.clients) == 0 {
		return nil
	}
	return w.clients[rapid.IntRange(0, len(w.clients)-1).Draw(w.t, "client")]
}

// live is whom the next epoch is for.
func (w *clientWorld) live() {
	w.d.live = slices.DeleteFunc(w.d.live, func(g grant.Grant) bool { return !g.Self })
	for _, m := range w.clients {
		if !m.struck && !m.suspended && !m.over {
			w.d.live = append(w.d.live, m.g)
		}
	}
}

func (w *clientWorld) approve() {
	by := store.Presented{Client: "app", Public: rapid.Bool().Draw(w.t, "public")}
	if rapid.Bool().Draw(w.t, "bound") {
		by.Bound = [32]byte{7}
	}
	w.by = by
	w.turn()
	code, g := w.code(w.forApp(), appScope)
	w.clients = append(w.clients, &modelClient{g: g, by: by, code: code, codeUntil: w.now.Add(time.Minute)})
	if rapid.IntRange(0, 3).Draw(w.t, "at once") > 0 {
		w.exchangeOf(w.clients[len(w.clients)-1])
	}
}

// turn is before each statement: as often as not it is the other device that makes it. That
// one is behind, is told so, and looks.
func (w *clientWorld) turn() {
	if rapid.Bool().Draw(w.t, "the other device") {
		if w.other != nil && w.other.seq < w.d.seq {
			b := w.other.body()
			if _, err := w.s.Apply(ctx, statement.Sign(b, w.d.identity), crypto.Credential{}); !errors.Is(err, record.Conflict) {
				w.t.Fatalf("a device that is behind: %v", err)
			}
		}
		look := *w.d
		w.other, w.d = w.d, &look
		w.turns++
	}
	w.live()
}

// epoch begins one, which ends these grants and all that were struck.
func (w *clientWorld) epoch(end ...*modelClient) {
	b := w.d.body()
	for _, x := range w.clients {
		if !x.over && (slices.Contains(end, x) || x.struck) {
			b.Ended = append(b.Ended, statement.Ended{Grant: x.g.ID, Row: keys.SealStoppedRow(w.d.person, x.g.ID, w.d.grants, w.d.audit)})
			x.over = true
		}
	}
	w.live()
	w.d.newEpoch(&b)
	if err := w.d.submit(b); err != nil {
		w.t.Fatal(err)
	}
}

// amend makes a grant longer or shorter, or of more or less; less begins an epoch.
func (w *clientWorld) amend(m *modelClient) {
	if m.suspended || !m.valid(w.now) {
		return
	}
	w.turn()
	allergies := record.SectionsOf(record.Allergies)
	switch rapid.SampledFrom([]string{"longer", "shorter", "less", "more"}).Draw(w.t, "amend") {
	case "longer":
		m.g.Until = m.g.Until.Add(30 * 24 * time.Hour)
	case "shorter":
		m.g.Until = w.now.Add(30 * time.Minute)
	case "less":
		m.g.Sections &^= allergies
		w.amended++
		w.epoch()
		return
	case "more":
		m.g.Sections |= allergies
	}
	w.amended++
	w.live()
	b := w.d.body()
	b.Grants = []statement.GrantRow{w.d.row(m.g)}
	if err := w.d.submit(b); err != nil {
		w.t.Fatal(err)
	}
}

func (w *clientWorld) exchangeOf(m *modelClient) {
	t, err := w.s.Exchange(ctx, m.code, m.by, redirect, verifier)
	ok := m.exchange(w.now)
	w.want("exchange", err, ok)
	if ok {
		m.spent = true
		m.took(t, w.now)
	}
}

func (w *clientWorld) want(what string, err error, ok bool) {
	if (err == nil) != ok || err != nil && !errors.Is(err, store.ErrGrant) {
		w.t.Fatalf("%s: %v, and the model says %v", what, err, ok)
	}
}

func (w *clientWorld) step() {
	m := w.pick()
	ops := []string{"approve", "clock", "sweep", "restart", "restore"}
	if m != nil {
		ops = []string{"approve", "exchange", "exchange", "wrong", "refresh", "refresh", "refresh", "refresh", "refresh", "refresh", "refresh", "refresh", "back", "suspend", "suspend", "strike", "revoke", "amend", "amend", "another's key",
			"clock", "clock", "clock", "sweep", "restart", "restore", "crash", "crash"}
	}
	switch op := rapid.SampledFrom(ops).Draw(w.t, "op"); op {
	case "approve":
		w.approve()
	case "clock":
		w.now = w.now.Add(rapid.SampledFrom([]time.Duration{10 * time.Second, 40 * time.Second, 6 * time.Minute, time.Hour, 30 * time.Hour, 46 * 24 * time.Hour}).Draw(w.t, "time"))
	case "sweep":
		if err := w.s.Sweep(ctx); err != nil {
			w.t.Fatal(err)
		}
		for _, x := range w.clients {
			x.swept = x.swept || int64(keys.ExpiryHour(x.codeUntil)) < w.now.Unix()/3600
			for _, r := range x.refresh {
				r.gone = r.gone || !r.until.IsZero() && int64(keys.ExpiryHour(r.until)) < w.now.Unix()/3600
			}
		}
	case "restart":
		w.boot()
	case "restore":
		w.restore()
	case "exchange":
		w.exchangeOf(m)
	case "wrong":
		_, err := w.s.Exchange(ctx, m.code, m.by, redirect, verifier+"x")
		w.want(op, err, false)
	case "refresh":
		if len(m.refresh) == 0 {
			return
		}
		r := m.refresh[len(m.refresh)-1]
		if rapid.IntRange(0, 3).Draw(w.t, "old") == 0 {
			r = rapid.SampledFrom(m.refresh).Draw(w.t, "token")
		}
		t, err := w.s.Refresh(ctx, r.c, m.by, "")
		ok := m.use(r, w.now)
		w.want(op, err, ok)
		if ok {
			m.advance(r, w.now)
			m.took(t, w.now)
		}
	case "back":
		w.back(m)
	case "suspend":
		if m.struck || m.over {
			return
		}
		w.turn()
		if m.suspended {
			w.resume(m.g)
		} else {
			w.suspend(m.g)
		}
		m.suspended = !m.suspended
	case "strike":
		if err := w.d.session().Strike(ctx, m.g.ID); (err == nil) == m.over {
			w.t.Fatalf("a strike: %v", err)
		}
		m.struck = m.struck || !m.over
	case "revoke":
		if m.over {
			return
		}
		w.turn()
		w.epoch(m)
	case "amend":
		w.amend(m)
	case "another's key":
		if m.by.Bound == [32]byte{} || !m.by.Public || len(m.refresh) == 0 {
			return
		}
		by := m.by
		by.Bound = [32]byte{9}
		_, err := w.s.Refresh(ctx, rapid.SampledFrom(m.refresh).Draw(w.t, "token").c, by, "")
		w.want(op, err, false)
	case "crash":
		w.crash(m)
	}
}

func (w *clientWorld) back(m *modelClient) {
	if len(m.access) == 0 {
		return
	}
	if len(m.refresh) > 0 && rapid.Bool().Draw(w.t, "refresh") {
		r := rapid.SampledFrom(m.refresh).Draw(w.t, "token")
		if err := w.s.GiveBack(ctx, r.c, m.by); err != nil {
			w.t.Fatal(err)
		}
		if !r.gone && (r.until.IsZero() || w.now.Before(r.until)) {
			r.gone, m.struck = true, m.struck || !m.over
		}
		return
	}
	a := rapid.SampledFrom(m.access).Draw(w.t, "token")
	if err := w.s.GiveBack(ctx, a.c, m.by); err != nil {
		w.t.Fatal(err)
	}
	a.gone = a.gone || w.now.Before(a.until)
}

// crash cuts an exchange or a refresh, and asks the disk which of the two it was: done or
// not. What is returned must have been done.
func (w *clientWorld) crash(m *modelClient) {
	w.engine.crash, w.engine.cut = rapid.IntRange(1, 5).Draw(w.t, "commit"), rapid.IntRange(1, 2).Draw(w.t, "cut")
	var r *modelRefresh
	var t store.Tokens
	var err error
	before := *m
	if len(m.refresh) > 0 {
		r = rapid.SampledFrom(m.refresh).Draw(w.t, "token")
		t, err = w.s.Refresh(ctx, r.c, m.by, "")
	} else {
		t, err = w.s.Exchange(ctx, m.code, m.by, redirect, verifier)
	}
	down := w.engine.down
	w.boot()
	w.crashed++
	ok := false
	if r != nil {
		ok = m.use(r, w.now)
	} else {
		ok = m.exchange(w.now)
	}
	if !down {
		w.want("what was not cut", err, ok)
		if ok && r != nil {
			m.advance(r, w.now)
		} else if ok {
			m.spent = true
		}
		if ok {
			m.took(t, w.now)
		}
		return
	}
	if err == nil {
		w.t.Fatal("it was cut, and yet it was done")
	}
	// Struck, or not yet.
	if m.struck && !before.struck {
		m.struck = w.struck(m.g)
		return
	}
	if !ok {
		return
	}
	rows := w.engine.parts[kv.Partition(w.d.person)]
	chain, there := at.ParseRefreshChain(rows[string(at.ChainKey(m.g.ID))])
	switch id := m.code.CapsuleID(); {
	case r != nil:
		// The exchange wrote the first one down as well, at place 0.
		if chain.Place == r.number && chain.Last == r.c.CapsuleID() && chain.Used.Unix() == w.now.Unix() {
			m.advance(r, w.now)
		}
	case there:
		m.used = w.now
		row, is := at.ParseCapsule(id, w.engine.parts[kv.Partition(id)]["c"])
		m.spent = is && row.State == at.CapsuleSpent
	}
}

// restore is of a backup, into another store: no grant comes along.
func (w *clientWorld) restore() {
	from := w.s.ID()
	w.s.Open(ctx, crypto.NewCredential(crypto.Access)) // the server has seen this time
	to := holdertest.Rows{Engine: newMemory(), Node: crypto.NewKey()}
	if err := store.InitOn(to.Engine); err != nil {
		w.t.Fatal(err)
	}
	carried := w.engine.fork()
	for key := range carried.parts[kv.Partition(w.d.person)] {
		if k := key[0]; k != at.KindHead && k != at.KindLive && k != at.KindGrant && !backup.Carries([]byte(key)) { // those it makes anew
			carried.set(kv.Partition(w.d.person), key, nil)
		}
	}
	holdertest.RestoredRows(w.d.t, holdertest.Rows{Engine: carried, Node: w.node}, to, audit.Restored)
	w.engine, w.node = to.Engine.(*memory), to.Node
	w.boot()
	for _, m := range w.clients {
		m.over, m.swept = true, true
		for _, r := range m.refresh {
			r.gone = true
		}
	}
	if err := w.d.submit(w.d.goOn(from)); err != nil {
		w.t.Fatal(err)
	}
	w.other = nil
}

func (w *clientWorld) check() {
	for _, m := range w.clients {
		for i, a := range m.access {
			var want error
			switch {
			case !m.valid(w.now) || a.gone || !w.now.Before(a.until):
				want = record.Unauthorized
			case m.g.Sections&record.SectionsOf(record.Allergies) == 0:
				want = record.NotFound
			}
			w.by = m.by
			if err := w.reads(a.c); !errors.Is(err, want) {
				w.t.Fatalf("access token %d: %v, and the model says %v: %+v", i, err, want, *m)
			}
			w.by.Bound[1]++
			if err := w.reads(a.c); !errors.Is(err, record.Unauthorized) {
				w.t.Fatalf("access token %d, with another key: %v", i, err)
			}
		}
	}
}

func TestClientGrantModel(t *testing.T) {
	t.Parallel()
	steps, crashed, tokens, turns, amended := 0, 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := &clientWorld{oauth: newOAuth(t), t: rt}
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			w.step()
			w.check()
			steps++
		}
		crashed, turns, amended = crashed+w.crashed, turns+w.turns, amended+w.amended
		for _, m := range w.clients {
			tokens += len(m.access)
		}
	})
	if steps > 500 && (crashed == 0 || tokens == 0 || turns == 0 || amended == 0) {
		t.Error("nothing happened")
	}
	t.Logf("%d steps, %d tokens, %d crashes, %d turns of the other device, %d amended", steps, tokens, crashed, turns, amended)
}

// TestNoTokenInBackup: no row of a client's, or of who asks, is in a backup.
func TestNoTokenInBackup(t *testing.T) {
	for what, key := range map[string][]byte{"a capsule": at.CapsuleKey, "a grant": at.GrantKey(record.GrantID{1}), "the live list": at.LiveKey,
		"a request": at.AskKey([16]byte{1}), "the place of refresh tokens": at.ChainKey(record.GrantID{1})} {
		if backup.Carries(key) {
			t.Errorf("%s is", what)
		}
	}
}
