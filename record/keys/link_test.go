package keys_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

// A link's capsule opens with its URL to whose it is, and with the passcode too to what
// it opens. Each half is for this link alone.
func TestLinkCapsule(t *testing.T) {
	url, other := crypto.NewCredential(crypto.Link), crypto.NewCredential(crypto.Link)
	in := keys.LinkCapsule{Person: record.PersonID{1}, Grant: record.GrantID{2}, Audit: crypto.NewKey(), Flags: keys.LinkPasscode | keys.LinkSummary,
		Tries: 7, Salt: crypto.RandomID(), Until: time.Unix(1_800_000_000, 0).UTC()}
	secrets := keys.LinkSecrets{Key: crypto.NewKey(), Grant: crypto.NewKey(), Outer: crypto.NewKey()}
	pass := func(s string) crypto.Secret { return crypto.SecretString(s) }
	c := keys.SealLink(url, in, secrets, pass("Ångström 7"))

	out, err := keys.OpenLink(url.CapsuleKey(), c)
	if err != nil || out.Person != in.Person || out.Grant != in.Grant || !out.Audit.Equal(in.Audit) || out.Flags != in.Flags || out.Tries != 7 || out.Salt != in.Salt || !out.Until.Equal(in.Until) {
		t.Fatalf("%+v %v", out, err)
	}
	// NFKC: an A with its ring apart, and a full-width 7, are the same passcode.
	for _, typed := range []string{"Ångström 7", "A\u030angstro\u0308m \uff17"} {
		s, err := out.Open(url, pass(typed))
		if err != nil || !s.Key.Equal(secrets.Key) || !s.Grant.Equal(secrets.Grant) || !s.Outer.Equal(secrets.Outer) {
			t.Errorf("%q: %v", typed, err)
		}
	}
	for _, typed := range []string{"", "ångström 7", "Ångström 7 ", "Angstrom 7"} {
		if _, err := out.Open(url, pass(typed)); !errors.Is(err, crypto.ErrOpen) {
			t.Errorf("%q opens it: %v", typed, err)
		}
	}
	if _, err := out.Open(other, pass("Ångström 7")); !errors.Is(err, crypto.ErrOpen) {
		t.Errorf("another link's URL opens it: %v", err)
	}
	if _, err := keys.OpenLink(other.CapsuleKey(), c); err == nil {
		t.Error("another link's URL opens its capsule")
	}
	salted := out
	salted.Salt[0] ^= 1
	if _, err := salted.Open(url, pass("Ångström 7")); !errors.Is(err, crypto.ErrOpen) {
		t.Errorf("with another salt it opens: %v", err)
	}
	// A flag that does not go with what is inside: the server would make a summary without
	// a grant, or hold a grant's key for none.
	for _, flags := range []keys.LinkFlags{keys.LinkPasscode, keys.LinkPasscode | keys.LinkDirect} {
		changed := out
		changed.Flags = flags
		if _, err := changed.Open(url, pass("Ångström 7")); !errors.Is(err, crypto.ErrOpen) {
			t.Errorf("flags %d: %v", flags, err)
		}
	}
}

// A file under a passcode is sealed for its place in its link.
func TestLinkFile(t *testing.T) {
	outer, link := crypto.NewKey(), crypto.CapsuleID{1}
	sealed := keys.SealLinkFile(outer, link, 1, []byte("a.b..c.d"))
	if got, err := keys.OpenLinkFile(outer, link, 1, sealed); err != nil || !bytes.Equal(got, []byte("a.b..c.d")) {
		t.Fatalf("%q %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return keys.OpenLinkFile(outer, link, 2, sealed) },
		"another link":  func() ([]byte, error) { return keys.OpenLinkFile(outer, crypto.CapsuleID{2}, 1, sealed) },
		"another key":   func() ([]byte, error) { return keys.OpenLinkFile(crypto.NewKey(), link, 1, sealed) },
		"cut":           func() ([]byte, error) { return keys.OpenLinkFile(outer, link, 1, sealed[:len(sealed)-1]) },
	} {
		if _, err := open(); !errors.Is(err, crypto.ErrOpen) {
			t.Errorf("in %s it opens: %v", name, err)
		}
	}
}

// What a stranger's device says of files is not believed beyond its form.
func TestLinkFiles(t *testing.T) {
	list := []keys.LinkFile{{ContentType: "application/fhir+json", Size: 5, Made: time.Unix(7, 0).UTC()}, {ContentType: "application/smart-api-access", Size: 1 << 40, Made: time.Unix(8, 0).UTC()}}
	got, err := keys.ParseFiles(keys.MarshalFiles(list))
	if err != nil || len(got) != 2 || got[0] != list[0] || got[1] != list[1] {
		t.Fatalf("%+v %v", got, err)
	}
	if got, err := keys.ParseFiles(nil); err != nil || got != nil {
		t.Errorf("%+v %v", got, err)
	}
	many := make([]keys.LinkFile, 17)
	for i := range many {
		many[i] = list[0]
	}
	if _, err := keys.ParseFiles(keys.MarshalFiles(many)); err == nil {
		t.Error("17 files are taken")
	}
	b := keys.MarshalFiles(list)
	for i := range b {
		if i > 0 {
			_, _ = keys.ParseFiles(b[:i])
		}
	}
	if _, err := keys.ParseFiles(append(b, 0)); err == nil {
		t.Error("a byte behind the list is taken")
	}
}
