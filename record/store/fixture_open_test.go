package store_test

import (
	"bytes"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/store"
)

// TestFixtures opens a store of each format there was, made by the program of then:
// everything in it reads as it did, whoever had access has it, and who was stopped
// stays so. Opening it again changes nothing.
func TestFixtures(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/format*")
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			dir, want, opt := openFixture(t, filepath.Base(name))
			var told bytes.Buffer
			opt.Log = textLog(&told)
			upgraded := 0
			for _, again := range []bool{false, true} {
				told.Reset()
				s := open(t, dir, opt)
				if s.ID().String() != want.Store {
					t.Fatal("another store")
				}
				upgrades := strings.Contains(told.String(), "the store is upgraded")
				if upgrades != (want.Format == 1 && !again) {
					t.Errorf("opened again: %v, and the log says\n%s", again, told.String())
				}
				for i := range want.People {
					upgraded += checkFixture(t, s, &want.People[i], again)
				}
				s.Close()
			}
			if now := formatOf(t, dir); now != 2 {
				t.Errorf("the store is of format %d", now)
			}
			// The log is whole each time, so an upgrade is in it twice at the end: it is
			// in that of whom it had to rewrite, and in no other.
			if wanted := map[int]int{1: 2, 2: 0}[want.Format]; upgraded != wanted {
				t.Errorf("upgraded: %d entries of logs, want %d", upgraded, wanted)
			}
		})
	}
}

// checkFixture checks one person's record from every side, and remembers what their
// device would. It counts what their log says of upgrades.
func checkFixture(t *testing.T, s *store.Store, p *fixturePerson, again bool) (upgraded int) {
	t.Helper()
	ctx, srv := t.Context(), holdertest.Server{Store: s}
	raw := must[[]byte](t)(hex.DecodeString(p.Memory))
	h := must[*holder.Holder](t)(holder.Unlock(ctx, srv, must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(p.Recovery)).Slot(), must[holder.Memory](t)(holder.ParseMemory(raw))))
	defer h.Close()
	if h.Person().String() != p.Person {
		t.Error("another person")
	}
	settleMoved(t, h, *p, again)
	report := must[holder.CheckReport](t)(h.Check(ctx, signIn(t, h)))
	if report.Head.Size < p.Log {
		t.Errorf("the log has %d entries, and had %d", report.Head.Size, p.Log)
	}
	var dir []byte
	for _, e := range must[[]audit.Entry](t)(h.History(ctx, signIn(t, h), 0)) {
		if e.Event.Action == audit.Upgraded {
			upgraded++
			dir = e.Event.Dir
		}
	}
	if upgraded > 0 && len(dir) != 32 {
		t.Error("the upgrade does not say what the directory is now")
	}
	me := must[*store.View](t)(srv.View(ctx, signIn(t, h)))
	defer me.Close()
	if got := everyVersion(t, me); !slices.Equal(got, p.Versions) {
		t.Errorf("the versions are\n%v\nand were\n%v", got, p.Versions)
	}
	closedStays(t, me, *p)
	for _, g := range p.Grants {
		v, err := srv.View(ctx, g.Token)
		if (err == nil) != g.Opens {
			t.Errorf("the token of %s (%s): %v", g.Name, g.State, err)
		}
		if err != nil {
			wantKind(t, err, record.Unauthorized)
			continue
		}
		defer v.Close()
		must[store.Entry](t)(v.Read(ctx, allergyRef, 1))
		if _, err := v.Read(ctx, allergyRefOf("moved"), 0); record.KindOf(err) != record.NotFound {
			t.Errorf("what is private: %v", err)
		}
	}
	p.Memory = hex.EncodeToString(h.Memory().Marshal())
	return upgraded
}

// TestFixturePassphrase: the other way in of each person, which costs more.
func TestFixturePassphrase(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Argon2id, two of 64 MiB")
	}
	dir, want, opt := openFixture(t, "format1")
	s := open(t, dir, opt)
	for _, p := range want.People {
		key := must[crypto.DeviceKey](t)(crypto.ParseDeviceKey(p.DeviceKey))
		must[*holder.Holder](t)(holder.Unlock(t.Context(), holdertest.Server{Store: s}, crypto.PassphraseSlot(key, crypto.SecretString(p.Passphrase)), holder.Memory{})).Close()
	}
}
