package app

import (
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/httpapi/web"
)

func visit(form string) *http.Request {
	return web.WithVisit(httptest.NewRequest("GET", "/app/consent", nil), web.Visit{Form: form})
}

// FuzzWhichNamed: what names a request in an address is what this session wrote, to the
// letter, or names nothing.
func FuzzWhichNamed(f *testing.F) {
	id := crypto.CapsuleID{1, 2, 3}
	mine, other := named(visit("mine"), id), named(visit("another's"), id)
	for _, seed := range []string{mine, other, strings.ToUpper(mine), mine + "0", mine[:32], "." + mine, hex.EncodeToString(id[:]) + ".", "", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := whichNamed(visit("mine"), text)
		if ok != (named(visit("mine"), got) == text) {
			t.Fatalf("%q: %v", text, ok)
		}
		if text == mine && (!ok || got != id) || text == other && ok {
			t.Fatalf("%q: %v, %v", text, got, ok)
		}
	})
}
