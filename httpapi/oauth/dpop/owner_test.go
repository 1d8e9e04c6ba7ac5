package dpop_test

import (
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/dpop"
)

// TestOwners: a line at home, as 256 networks with a new key each time, does not take the
// room of others who come to the same endpoint; all strangers together do not take that of
// a client that has shown who it is, or of a key by which a token opened; nor does one with
// many tokens, keys and networks take that of the next.
func TestOwners(t *testing.T) {
	c, _ := world(dpop.Options{Limit: 256}) // strangers 128, a network 4 around and 2 itself; a key or client 32
	h := newHolder(t, jose.EdDSA)
	at := func(net int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(net >> 16), byte(net >> 8), 0, byte(net)}), 64)
	}
	n := 0
	use := func(h holder, o dpop.Owner) error {
		n++
		p, err := c.Verify([]string{h.sign(t, h.header(), claims("POST", tokenURL, strconv.Itoa(n)))}, "POST", tokenURL, "", [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		return p.Use(o)
	}
	fit := func(h holder, tries int, o func(i int) dpop.Owner) (took int) {
		for i := range tries {
			switch err := use(h, o(i)); {
			case err == nil:
				took++
			case !errors.Is(err, dpop.Busy):
				t.Fatal(err)
			}
		}
		return took
	}
	if took := fit(h, 10, func(int) dpop.Owner { return dpop.Owner{From: at(1)} }); took != 2 {
		t.Errorf("one network has room for %d", took)
	}
	if took := fit(h, 256, func(i int) dpop.Owner { return dpop.Owner{From: at(i & 0xff)} }); took != 2 {
		t.Errorf("those around it have room for %d more", took)
	}
	if took := fit(h, 1000, func(i int) dpop.Owner { return dpop.Owner{From: at(i << 8)} }); took != 124 {
		t.Errorf("all strangers have room for %d more", took)
	}
	if err := use(h, dpop.Owner{}); !errors.Is(err, dpop.Busy) {
		t.Errorf("one more stranger: %v", err)
	}
	if took := fit(h, 40, func(i int) dpop.Owner { return dpop.Owner{Client: "clinic", From: at(1)} }); took != 32 {
		t.Errorf("a client has room for %d", took)
	}
	keys := []holder{newHolder(t, jose.EdDSA), newHolder(t, jose.EdDSA), newHolder(t, jose.EdDSA)}
	took := 0
	for _, h := range keys[:2] {
		took += fit(h, 20, func(i int) dpop.Owner { return dpop.Owner{Opened: true, From: at(i)} })
	}
	if took != 32 {
		t.Errorf("one line with two tokens has room for %d", took)
	}
	if took := fit(keys[2], 40, func(i int) dpop.Owner { return dpop.Owner{Opened: true, From: at(7 << 8)} }); took != 32 {
		t.Errorf("another's key has room for %d", took)
	}
}

// TestOnceWhoever: a proof that many bring at the same time, by whatever right, is used once.
func TestOnceWhoever(t *testing.T) {
	c, _ := world(dpop.Options{})
	h := newHolder(t, jose.ES256)
	text := []string{h.sign(t, h.header(), claims("POST", tokenURL, "one"))}
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			p, err := c.Verify(text, "POST", tokenURL, "", [32]byte{})
			if err != nil {
				t.Error(err)
				return
			}
			switch err := p.Use([]dpop.Owner{{}, {Opened: true}, {Client: "clinic"}}[i%3]); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, dpop.Invalid):
				lost.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
}

func TestAround(t *testing.T) {
	for text, want := range map[string]string{
		"2001:db8:1:2::/64": "2001:db8:1::/48", "2001:db8:1:ff02::/64": "2001:db8:1::/48", "2001:db8:1:2::1/128": "2001:db8:1::/48",
		"192.0.2.1/32": "", "2001:db8:1::/48": "", "2001:db8::/32": "",
	} {
		got, ok := dpop.Around(netip.MustParsePrefix(text))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s is in %s, %v", text, got, ok)
		}
	}
	if _, ok := dpop.Around(netip.Prefix{}); ok {
		t.Error("nowhere is around somewhere")
	}
}
