package healthcard_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record/healthcard"
)

// TestVerify is what makes a card verified, not verified, or bad: the issuer's pages,
// the card, and the answer.
func TestVerify(t *testing.T) {
	i, thief := newIssuer(t), newIssuer(t)
	const keysAt = iss + "/.well-known/jwks.json"
	listAt := iss + "/.well-known/crl/" + i.jwk.KeyID + ".json"
	good := i.sign(t, payload(bundle, "", ""))
	rid := func(rid string) string { return i.sign(t, payload(bundle, `,"rid":"`+rid+`"`, "")) }
	list := func(ctr string, rids ...string) string {
		return fmt.Sprintf(`{"kid":%q,"method":"rid","ctr":%s,"rids":["%s"]}`, i.jwk.KeyID, ctr, strings.Join(rids, `","`))
	}
	keys, listed := i.jwks(t), i.jwks(t, "crlVersion", "2")
	at := func(s int64) string { return fmt.Sprint(s) }
	const v, u, b = healthcard.Verified, healthcard.Unverified, healthcard.Bad
	for _, c := range []struct {
		name, card string
		keys, list string // "" means 404
		state      healthcard.State
		reason     healthcard.Reason
	}{
		{"good", good, keys, "", v, ""},
		{"among others", good, strings.Replace(keys, `[`, `[{"kty":"RSA","n":"AQAB"},{"kty":1},null,7,`, 1), "", v, ""},
		{"with unknown members", good, i.jwks(t, "x5c", `["MIIC"]`, "key_ops", `["verify"]`), "", v, ""},
		{"several types", i.sign(t, strings.Replace(payload(bundle, "", ""), `#health-card"`, `#health-card","https://smarthealth.cards#immunization"`, 1)), keys, "", v, ""},
		{"expires later", i.sign(t, payload(bundle, "", `,"exp":`+at(now.Unix()+1))), keys, "", v, ""},
		{"a fraction", i.sign(t, strings.Replace(payload(bundle, "", ""), "1700000000", "1700000000.678", 1)), keys, "", v, ""},
		{"a slow clock", i.sign(t, strings.Replace(payload(bundle, "", ""), "1700000000", at(now.Unix()+200), 1)), keys, "", v, ""},

		{"no keys", good, "", "", u, healthcard.NoKeys},
		{"keys are a page", good, "<html>", "", u, healthcard.NoKeys},
		{"keys twice", good, `{"keys":[],` + keys[1:], "", u, healthcard.NoKeys},
		{"a thousand keys more", good, strings.Replace(keys, "[", "["+strings.Repeat("{},", 1000), 1), "", u, healthcard.NoKeys},
		{"keys without an end", good, keys + strings.Repeat(" ", 1<<20), "", u, healthcard.NoKeys},
		{"keys redirect to http", good, "moved to http://issuer.example/k", "", u, healthcard.NoKeys},

		{"another's keys", good, thief.jwks(t), "", b, healthcard.UnknownKey},
		{"no key at all", good, `{"keys":[]}`, "", b, healthcard.UnknownKey},
		{"a thief's key by this name", good, thief.jwks(t, "kid", `"`+i.jwk.KeyID+`"`), "", b, healthcard.UnknownKey},
		{"a thief's card by this name", thief.sign(t, payload(bundle, "", ""), "kid", i.jwk.KeyID), keys, "", b, healthcard.WrongSignature},
		{"private half published", good, i.jwks(t, "d", `"AQ"`), "", b, healthcard.UnknownKey},
		{"for encryption", good, i.jwks(t, "use", `"enc"`), "", b, healthcard.UnknownKey},
		{"no use", good, i.jwks(t, "use", `null`), "", b, healthcard.UnknownKey},
		{"another algorithm", good, i.jwks(t, "alg", `"ES384"`), "", b, healthcard.UnknownKey},
		{"another curve", good, i.jwks(t, "crv", `"P-384"`), "", b, healthcard.UnknownKey},
		{"off the curve", good, i.jwks(t, "x", `"`+strings.Repeat("A", 43)+`"`), "", b, healthcard.UnknownKey},
		{"key in the header", thief.sign(t, payload(bundle, "", ""), "jwk", thief.jwks(t)), keys, "", b, healthcard.UnknownKey},
		{"address in the header", thief.sign(t, payload(bundle, "", ""), "jku", "https://thief.example/jwks.json", "x5u", "https://thief.example/"), keys, "", b, healthcard.UnknownKey},
		{"expired", i.sign(t, payload(bundle, "", `,"exp":`+at(now.Unix()))), keys, "", b, healthcard.Expired},
		{"expired, and no keys", i.sign(t, payload(bundle, "", `,"exp":1700000001`)), "", "", b, healthcard.Expired},
		{"not yet", i.sign(t, strings.Replace(payload(bundle, "", ""), "1700000000", at(now.Unix()+400), 1)), keys, "", b, healthcard.NotYet},

		{"list, not on it", rid("abc"), listed, list("2", "abd", "ab", "abcd"), v, ""},
		{"list, newer", rid("abc"), listed, list("3"), v, ""},
		{"list, counted in letters", rid("abc"), i.jwks(t, "crlVersion", `"2"`), list(`"2"`), v, ""},
		{"list, no rid in the card", good, listed, "", v, ""},
		{"no list, and none needed", rid("abc"), keys, "", v, ""},
		{"revoked", rid("abc"), listed, list("2", "x", "abc"), b, healthcard.Revoked},
		{"revoked what was before", rid("abc"), listed, list("2", "abc.1700000001"), b, healthcard.Revoked},
		{"revoked what was before this", rid("abc"), listed, list("2", "abc.1700000000"), v, ""},
		{"revoked twice, the larger counts", rid("abc"), listed, list("2", "abc.1600000000", "abc.1800000000", "abc.1650000000"), b, healthcard.Revoked},
		{"revoked twice, always counts", rid("abc"), listed, list("2", "abc", "abc.1600000000"), b, healthcard.Revoked},
		{"no list", rid("abc"), listed, "", u, healthcard.NoList},
		{"an old list", rid("abc"), listed, list("1"), u, healthcard.NoList},
		{"another key's list", rid("abc"), listed, strings.Replace(list("2"), i.jwk.KeyID, thief.jwk.KeyID, 1), u, healthcard.NoList},
		{"another method", rid("abc"), listed, strings.Replace(list("2"), `"rid"`, `"x"`, 1), u, healthcard.NoList},
		{"a list that cannot be read", rid("abc"), listed, list("2", "abc.soon"), u, healthcard.NoList},
		{"rids twice", rid("abc"), listed, strings.Replace(list("2", "abc"), "{", `{"rids":[],`, 1), u, healthcard.NoList},
	} {
		w := &web{pages: map[string]string{}}
		for url, page := range map[string]string{keysAt: c.keys, listAt: c.list} {
			if page != "" {
				w.pages[url] = page
			}
		}
		got := one(t, c.card).Verify(t.Context(), healthcard.Online{Fetch: w}, now)
		if got.State != c.state || got.Reason != c.reason || got.Text == "" {
			t.Errorf("%s: %+v", c.name, got)
		}
		for _, asked := range w.asked {
			if asked != "GET "+keysAt && asked != "GET "+listAt {
				t.Errorf("%s: asked %s", c.name, asked)
			}
		}
	}
}

// TestOffline: keys from a file are for one issuer, and may be old.
func TestOffline(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	c := one(t, i.sign(t, payload(bundle, `,"rid":"abc"`, "")))
	list := fmt.Sprintf(`{"kid":%q,"method":"rid","ctr":1,"rids":["abc"]}`, i.jwk.KeyID)
	for _, k := range []struct {
		name, issuer, keys string
		lists              []string
		state              healthcard.State
		reason             healthcard.Reason
	}{
		{"good", iss, i.jwks(t), nil, healthcard.Verified, ""},
		{"with a slash", iss + "/", i.jwks(t), nil, healthcard.Verified, ""},
		{"another issuer's file", "https://other.example", i.jwks(t), nil, healthcard.Unverified, healthcard.NoKeys},
		{"an old file", iss, other.jwks(t), nil, healthcard.Unverified, healthcard.KeyNotInFile},
		{"no list at hand", iss, i.jwks(t, "crlVersion", "1"), nil, healthcard.Unverified, healthcard.NoList},
		{"list at hand", iss, i.jwks(t, "crlVersion", "1"), []string{list}, healthcard.Bad, healthcard.Revoked},
	} {
		var lists [][]byte
		for _, l := range k.lists {
			lists = append(lists, []byte(l))
		}
		keys, err := healthcard.NewOffline(k.issuer, []byte(k.keys), lists...)
		if err != nil {
			t.Fatal(err)
		}
		if v := c.Verify(t.Context(), keys, now); v.State != k.state || v.Reason != k.reason {
			t.Errorf("%s: %+v", k.name, v)
		}
	}
	for name, f := range map[string]func() (*healthcard.Offline, error){
		"no issuer": func() (*healthcard.Offline, error) { return healthcard.NewOffline("", []byte(i.jwks(t))) },
		"http": func() (*healthcard.Offline, error) {
			return healthcard.NewOffline("http://localhost", []byte(i.jwks(t)))
		},
		"no keys": func() (*healthcard.Offline, error) { return healthcard.NewOffline(iss, []byte("{")) },
		"a list that is none": func() (*healthcard.Offline, error) {
			return healthcard.NewOffline(iss, []byte(i.jwks(t)), []byte("{}"))
		},
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestVerifyUsesTheClock: the same card, on three days.
func TestVerifyUsesTheClock(t *testing.T) {
	i := newIssuer(t)
	keys, err := healthcard.NewOffline(iss, []byte(i.jwks(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := one(t, i.sign(t, payload(bundle, "", `,"exp":1700086400`)))
	for when, want := range map[int64]healthcard.Reason{1699000000: healthcard.NotYet, 1700000000: "", 1700086399: "", 1700086400: healthcard.Expired} {
		if v := c.Verify(t.Context(), keys, time.Unix(when, 0)); v.Reason != want {
			t.Errorf("%d: %+v", when, v)
		}
	}
}
