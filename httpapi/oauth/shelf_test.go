package oauth

import (
	"net/netip"
	"testing"
	"time"
)

func TestShelf(t *testing.T) {
	s := newShelf[int](5)
	now := time.Unix(1e9, 0)
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/64")
	key := func(n byte) [16]byte { return [16]byte{n} }
	put := func(n byte, from netip.Prefix) bool {
		return s.put(now, key(n), int(n), now.Add(time.Minute), byAddress(from, 3, 4)...) == nil
	}
	for n, c := range []struct {
		from netip.Prefix
		fits bool
	}{{a, true}, {a, true}, {a, true}, {a, false}, {b, true}, {b, true}, {b, false}} {
		if put(byte(n), c.from) != c.fits {
			t.Errorf("%d from %s: want %v", n, c.from, c.fits)
		}
	}
	if put(0, b) {
		t.Error("one takes another's name")
	}
	if v, ok := s.get(now, key(1)); !ok || v != 1 {
		t.Error("it is not there")
	}
	if v, ok := s.find(now, func(v int) bool { return v == 2 }); !ok || v != 2 {
		t.Error("it is not found")
	}
	if !s.drop(key(1)) || s.drop(key(1)) || !put(7, a) {
		t.Error("what is dropped leaves its room once")
	}
	now = now.Add(time.Minute)
	if _, ok := s.get(now, key(0)); ok {
		t.Error("it is there after its time")
	}
	if _, ok := s.find(now, func(v int) bool { return v == 0 }); ok {
		t.Error("it is found after its time")
	}
	for n := range byte(3) {
		if !put(20+n, a) {
			t.Error("what is over keeps room")
		}
	}
	for n := range byte(3) {
		s.drop(key(20 + n))
	}
	if len(s.of) != 0 || len(s.kept) != 0 {
		t.Errorf("something is left: %v %v", s.of, s.kept)
	}
}

// TestShelfWide: a line at home has 256 networks, and they count together: for one that
// begins a request, and for whoever comes as all of them.
func TestShelfWide(t *testing.T) {
	s, now := newShelf[int](100), time.Unix(1e9, 0)
	n := 0
	put := func(from string) bool {
		n++
		return s.put(now, [16]byte{byte(n)}, n, now.Add(time.Minute), byAddress(netip.MustParsePrefix(from), 2, 5)...) == nil
	}
	for _, c := range []struct {
		from string
		fits bool
	}{
		{"2001:db8:0:1::/64", true}, {"2001:db8:0:1::/64", true}, {"2001:db8:0:1::/64", false},
		{"2001:db8:0:2::/64", true}, {"2001:db8:0:3::/64", true}, {"2001:db8:0:ff::/64", true}, {"2001:db8:0:4::/64", false},
		{"2001:db8:1:1::/64", true}, {"192.0.2.1/32", true}, {"192.0.2.2/32", true},
	} {
		if put(c.from) != c.fits {
			t.Errorf("%d from %s: want %v", n, c.from, c.fits)
		}
	}
	for n := range 20 {
		s.drop([16]byte{byte(n)})
	}
	if len(s.of) != 0 {
		t.Errorf("something is left: %v", s.of)
	}
}

func TestTyped(t *testing.T) {
	for text, want := range map[string]string{
		"ABCD-EFGH-JKMN":              "ABCDEFGHJKMN",
		"abcd efgh jkmn":              "ABCDEFGHJKMN",
		"0O1I-lL23-4567":              "001111234567",
		"ABCD\u2011EFGH\u2013JKMN":    "ABCDEFGHJKMN",
		"ABCD-EFGH-JKM":               "",
		"ABCD-EFGH-JKMNP":             "",
		"ABCD-EFGH-JKMU":              "", // no U among the digits
		"":                            "",
		"ABCD-EFGH-JKM\u212a":         "", // a Kelvin sign is no K
		"ABCD-EFGH-JKMN\x00":          "",
		"ABCDEFGHJKMN" + "          ": "ABCDEFGHJKMN",
	} {
		if got, ok := parseTyped(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", text, got, ok, want)
		}
	}
	seen := map[string]bool{}
	for range 1000 {
		code := newTyped()
		if got, ok := parseTyped(showTyped(code)); !ok || got != code || seen[code] {
			t.Fatalf("%q reads as %q", code, got)
		}
		seen[code] = true
	}
}

func TestFormAction(t *testing.T) {
	for redirect, want := range map[string]string{
		"https://app.example/cb":           " https://app.example",
		"https://app.example:8443/cb?x=1":  " https://app.example:8443",
		"http://127.0.0.1:53211/cb":        " http://127.0.0.1:53211",
		"http://[::1]:53211/cb":            " http://[::1]:53211",
		"com.example.app:/cb":              " com.example.app:",
		"https://a.example;script-src x/":  "",
		"https://a.example 'unsafe-eval'/": "",
		"javascript:alert(1)":              " javascript:", // never registered; and it is no place that a form leads to
	} {
		if got := formAction(redirect); got != want {
			t.Errorf("%s: %q, want %q", redirect, got, want)
		}
	}
}

func FuzzTyped(f *testing.F) {
	f.Add("ABCD-EFGH-JKMN")
	f.Add("0o1i lL23–4567")
	f.Fuzz(func(t *testing.T, text string) {
		if code, ok := parseTyped(text); ok {
			if again, ok := parseTyped(showTyped(code)); !ok || again != code {
				t.Errorf("%q reads as %q, and that as %q", text, code, again)
			}
		}
	})
}

func FuzzParams(f *testing.F) {
	f.Add("client_id=a&scope=patient%2F*.rs&state=")
	f.Add("a=1&a=2;b=%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		p, twice, err := parse(raw)
		if err != nil {
			return
		}
		for name, value := range p {
			if value == "" || twice[name] {
				t.Errorf("%q: %s is %q, twice: %v", raw, name, value, twice[name])
			}
		}
	})
}

func FuzzClientID(f *testing.F) {
	f.Add("app.0000000000000000000000000000000000000000000000000")
	f.Add("https://a.example/x.y")
	f.Fuzz(func(t *testing.T, id string) {
		name, token, ok := backend(id)
		switch {
		case !ok && (name != id || !token.IsZero()):
			t.Errorf("%q is %q", id, name)
		case ok && name+"."+token.Token()[5:] != id:
			t.Errorf("%q is %q and a token", id, name)
		}
	})
}

func FuzzBasic(f *testing.F) {
	f.Add("Basic YTpi")
	f.Add("basic %%%")
	f.Fuzz(func(t *testing.T, header string) {
		if id, _, err := basic([]string{header}); err == nil && id == "" {
			t.Errorf("%q is of nobody", header)
		}
	})
}
