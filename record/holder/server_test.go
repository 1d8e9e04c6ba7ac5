package holder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/store"
)

// local is the store as a Server, without HTTP in between.
type local struct {
	holdertest.Server
	t   testing.TB
	dir string

	mu  sync.Mutex
	add time.Duration // to the clock
}

func newLocal(t testing.TB) *local {
	t.Helper()
	l := &local{t: t, dir: filepath.Join(t.TempDir(), "store")}
	if err := store.Init(l.dir); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(l.dir, store.Options{Now: l.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	l.Store = s
	return l
}

func (l *local) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.add)
}

// wait lets time pass.
func (l *local) wait(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add += d
}

func (l *local) invite() string {
	l.t.Helper()
	c, err := l.Store.Invite(context.Background(), keys.Invite{Until: l.clock().Add(time.Hour)})
	if err != nil {
		l.t.Fatal(err)
	}
	return c.Token()
}

// opens reports whether a token opens a View.
func (l *local) opens(token string) bool {
	l.t.Helper()
	v, err := l.View(context.Background(), token)
	if err == nil {
		v.Close()
		return true
	}
	if !errors.Is(err, record.Unauthorized) {
		l.t.Fatalf("a token failed for another reason: %v", err)
	}
	return false
}

// nodeKey is what a dishonest operator has.
func (l *local) signer() *audit.NodeSigner {
	l.t.Helper()
	b, err := os.ReadFile(filepath.Join(l.dir, "node.key"))
	if err != nil {
		l.t.Fatal(err)
	}
	k, err := crypto.KeyFrom(b)
	if err != nil {
		l.t.Fatal(err)
	}
	n, err := audit.NewNodeSigner(l.ID(), k)
	if err != nil {
		l.t.Fatal(err)
	}
	if n.Verifier() != l.Verifier() {
		l.t.Fatal("the node signs with another key than this test's")
	}
	return n
}

const passphrase = "correct horse battery staple"

func typed(text string) crypto.Secret { return crypto.SecretString(text) }

func enrol(t testing.TB, srv holder.Server, invite string) (*holder.Holder, *holder.Kit) {
	t.Helper()
	h, kit, err := holder.Enrol(t.Context(), srv, holder.Enrolment{Invite: invite, Passphrase: typed(passphrase), Label: "laptop"})
	if err != nil {
		t.Fatalf("enrol: %v", err)
	}
	t.Cleanup(h.Close)
	return h, kit
}

func unlock(t testing.TB, srv holder.Server, slot crypto.Credential, m holder.Memory) *holder.Holder {
	t.Helper()
	h, err := holder.Unlock(t.Context(), srv, slot, m)
	if err != nil {
		t.Fatalf("unlock: %v", err)
	}
	t.Cleanup(h.Close)
	return h
}

func signIn(t testing.TB, h *holder.Holder) string {
	t.Helper()
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	return token
}

func gp(lasts time.Duration) holder.GrantRequest {
	return holder.GrantRequest{
		To:       grant.Party{Name: "Dr Amara Okafor", Role: "GP", Organisation: "Elm Road Surgery"},
		Sections: grant.Clinical, Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}},
		Purpose: "TREAT", Lasts: lasts, Label: "surgery",
	}
}

func give(t testing.TB, h *holder.Holder, req holder.GrantRequest) holder.Issued {
	t.Helper()
	i, err := h.Grant(t.Context(), req)
	if err != nil {
		t.Fatalf("grant: %v", err)
	}
	return i
}

func state(t testing.TB, h *holder.Holder, id record.GrantID) holder.Granted {
	t.Helper()
	for _, g := range h.Grants() {
		if g.Grant.ID == id {
			return g
		}
	}
	t.Fatalf("the keyring does not have grant %v", id)
	return holder.Granted{}
}

// checked runs the whole check, which must find nothing wrong.
func checked(t testing.TB, h *holder.Holder) holder.CheckReport {
	t.Helper()
	r, err := h.Check(t.Context(), signIn(t, h))
	if err != nil {
		t.Fatalf("check: %v", err)
	}
	return r
}
