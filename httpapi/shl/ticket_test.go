package shl

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record/store"
)

func newAPI(t testing.TB) *API {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return New(s, "https://record.example.org/", nil)
}

func (a *API) sample() ticket {
	return ticket{url: crypto.NewCredential(crypto.Link), passcode: "482913", file: 3, until: a.store.Now().Add(time.Minute).Truncate(time.Second)}
}

// A ticket is what it was made as, for this server and until its time; it shows nothing
// of what is in it, and no letter of it can be another.
func TestTicket(t *testing.T) {
	a := newAPI(t)
	want := a.sample()
	text := a.seal(want)
	got, ok := a.ticket(text)
	if !ok || got.url.Token() != want.url.Token() || got.passcode != want.passcode || got.file != 3 || !got.until.Equal(want.until) {
		t.Fatalf("%v %+v", ok, got)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{want.url.Token()[5:], want.passcode} {
		if strings.Contains(string(raw), part) {
			t.Errorf("it shows %q", part)
		}
	}
	for i := range raw {
		raw[i] ^= 1
		if _, ok := a.ticket(base64.RawURLEncoding.EncodeToString(raw)); ok {
			t.Errorf("with another byte %d it opens", i)
		}
		raw[i] ^= 1
	}
	for _, bad := range []string{"", text + "=", text + "A", text[:len(text)-1], text[:len(text)-1] + "\n", strings.ToUpper(text), "A" + text} {
		if _, ok := a.ticket(bad); ok {
			t.Errorf("%.20q… opens", bad)
		}
	}
	if _, ok := newAPI(t).ticket(text); ok {
		t.Error("it opens at another server")
	}
	late := want
	late.until = a.store.Now().Add(-time.Second)
	if _, ok := a.ticket(a.seal(late)); ok {
		t.Error("it opens after its time")
	}
	if l := a.location(want, 1); !strings.HasPrefix(l, "https://record.example.org/shl/file/") {
		t.Error(l)
	}
	if at, _ := a.ticket(a.location(want, 1)[len("https://record.example.org/shl/file/"):]); at.file != 1 || at.until.Sub(a.store.Now()) > time.Hour {
		t.Errorf("%+v", at)
	}
}

// FuzzTicket: whatever a stranger puts into the path, or into a ticket if they had the
// key, nothing falls over, and what opens is a link's token.
func FuzzTicket(f *testing.F) {
	a := newAPI(f)
	text := a.seal(a.sample())
	f.Add(text, []byte{})
	f.Add("", []byte{1, 2, 3})
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	inner, err := a.tickets.Open(crypto.NewContext(crypto.ContextTicket), raw)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("x", inner)
	f.Fuzz(func(t *testing.T, text string, inside []byte) {
		sealed := base64.RawURLEncoding.EncodeToString(a.tickets.Seal(crypto.NewContext(crypto.ContextTicket), inside))
		for _, s := range []string{text, sealed} {
			if got, ok := a.ticket(s); ok && (got.url.IsZero() || !a.store.Now().Before(got.until)) {
				t.Errorf("%+v", got)
			}
		}
	})
}
