package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	at "carehold/record/rows"
	"carehold/record/statement"
	"carehold/record/store"
)

// Whoever copies the disk has all rows, and node.key if it was on it. The table says what
// opens then, at each step of a link's life.
func TestLinkOnAStolenDisk(t *testing.T) {
	b := newBed(t)
	d := b.d
	me := view(t, b.s, b.me)
	const passcode, recipient, content = "482 913 and a word", "Ward Seven at night", `{"access_token":"chda_needle"}`
	g := d.grant(clinician(d.s))
	url, key, outer := crypto.NewCredential(crypto.Link), crypto.NewKey(), crypto.NewKey()
	gk := keys.GrantKey(d.grants, g.ID)
	jwe, err := jose.Seal(key, "application/smart-api-access", []byte(content), false)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"its file is sent", func() error {
			return errors.Join(me.PutLinkFile(ctx, url.CapsuleID(), 1, bytes.NewReader(keys.SealLinkFile(outer, url.CapsuleID(), 1, []byte(jwe)))),
				me.PutLinkFile(ctx, url.CapsuleID(), 0, bytes.NewReader(keys.MarshalFiles([]keys.LinkFile{{ContentType: "application/smart-api-access", Size: int64(len(jwe)), Made: time.Unix(1, 0)}}))))
		}},
		{"it is made", func() error {
			body := d.body()
			body.Grants = []statement.GrantRow{d.row(g)}
			body.Capsules = []record.Capsule{keys.SealLink(url, keys.LinkCapsule{Person: d.person, Grant: g.ID, Audit: keys.AuditKey(d.audit, g.ID),
				Flags: keys.LinkPasscode | keys.LinkSummary, Tries: 5, Salt: crypto.RandomID(), Until: g.Until},
				keys.LinkSecrets{Key: key, Grant: gk, Outer: outer}, crypto.SecretString(passcode))}
			return d.submit(body)
		}},
		{"a wrong passcode is tried", func() error {
			l, err := b.s.OpenLink(ctx, url)
			if err != nil {
				return err
			}
			defer l.Close()
			if _, err = l.Open(ctx, recipient, crypto.SecretString("000 000")); errors.As(err, new(store.WrongPasscode)) {
				return nil
			}
			return fmt.Errorf("a wrong passcode: %w", err)
		}},
		{"it is opened", func() error {
			l, err := b.s.OpenLink(ctx, url)
			if err != nil {
				return err
			}
			defer l.Close()
			o, err := l.Open(ctx, recipient, crypto.SecretString(passcode))
			if err != nil {
				return err
			}
			defer o.Close()
			var got bytes.Buffer
			if err := o.File(1, &got); err != nil || got.String() != jwe {
				return fmt.Errorf("its file is %q: %w", got.String(), err)
			}
			if err := l.File(1, &got); !errors.Is(err, record.NotFound) {
				return fmt.Errorf("without the passcode its file is to be had: %w", err)
			}
			_, err = o.View.Gather(ctx, "$summary", anything)
			return err
		}},
		{"it is stopped", func() error { d.stop(g.ID); return nil }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		stolen := b.engine.fork()
		secrets := map[string][]byte{"the URL": []byte(url.Token()[5:48]), "the passcode": []byte(passcode), "the recipient": []byte(recipient),
			"the link's key": key.Bytes(), "the files' key": outer.Bytes(), "the grant's key": gk.Bytes(), "the file": []byte("needle"), "the sealed file": []byte(jwe[len(jwe)-40:])}
		opens := 0
		for part, all := range stolen.parts {
			for k, v := range all {
				for what, secret := range secrets {
					if bytes.Contains([]byte(k+string(v)), secret) {
						t.Errorf("%s: %s lies open in a row of %x", s.name, what, part[:4])
					}
				}
				// Every place in every row where something sealed could begin, under node.key.
				for i := range min(len(v), 200) {
					if _, err := b.node.Open(crypto.NewContext(crypto.ContextLink, part[:]), v[i:]); err == nil {
						opens++
					}
				}
				// With the link itself its key is known: the file does not open with it.
				if _, _, err := jose.Open(key, v, 1<<20); err == nil {
					t.Errorf("%s: with the link and without the passcode, a row opens to its file", s.name)
				}
			}
		}
		if opens > 0 {
			t.Errorf("%s: %d rows open under node.key", s.name, opens)
		}
		sealed, there := stolen.parts[kv.Partition(url.CapsuleID())]
		if !there {
			continue
		}
		for _, row := range sealed {
			kept, ok := at.ParseCapsule(url.CapsuleID(), row)
			if !ok {
				t.Fatal("a capsule's row is none")
			}
			// Without the link: somebody else's opens nothing of it.
			other := crypto.NewCredential(crypto.Link).CapsuleKey()
			if _, err := keys.OpenLink(other, kept.Capsule); err == nil {
				t.Errorf("%s: another link opens its capsule", s.name)
			}
			// With the link: the outer half says whose it is, and the inner one stays shut
			// however its flags are read, until Argon2id was computed of the passcode.
			half, err := keys.OpenLink(url.CapsuleKey(), kept.Capsule)
			if err != nil {
				t.Fatal(err)
			}
			for _, guess := range []string{"", "000 000", "482 913", passcode + " "} {
				if _, err := half.Open(url, crypto.SecretString(guess)); !errors.Is(err, crypto.ErrOpen) {
					t.Errorf("%s: the inner half opens with %q: %v", s.name, guess, err)
				}
			}
			bare := half
			bare.Flags &^= keys.LinkPasscode
			if _, err := bare.Open(url, crypto.Secret{}); !errors.Is(err, crypto.ErrOpen) {
				t.Errorf("%s: the inner half opens without a passcode: %v", s.name, err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in, err := half.Open(url, crypto.SecretString(passcode))
			runtime.ReadMemStats(&after)
			if err != nil || !in.Key.Equal(key) || !in.Outer.Equal(outer) {
				t.Errorf("%s: with both it opens to something else: %v", s.name, err)
			}
			if paid := after.TotalAlloc - before.TotalAlloc; paid < 19<<20 {
				t.Errorf("%s: a guess costs %d bytes of memory, and not 19 MiB", s.name, paid)
			}
			in.Destroy()
		}
		// And the copy is no server to guess at without end: its tries go on from there.
		copied, err := store.OpenOn(stolen, b.node, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := copied.OpenLink(ctx, crypto.NewCredential(crypto.Link)); !errors.Is(err, record.NotFound) {
			t.Errorf("%s: a link that never was: %v", s.name, err)
		}
	}
}
