package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/store"
)

// past is a store with a past, for the table of attacks: closed copies of its
// folder as it was yesterday, at noon and now, the rows in each, and what people
// hold who have or had access.
type past struct {
	dirs  map[string]string // "now", "noon", "yesterday", "elsewhere"
	rows  map[string]map[string][]byte
	node  []byte
	began time.Time

	ada, ben, cy part              // whose rows begin with this
	adaSlot      crypto.Credential // her recovery code
	benSlot      crypto.Credential
	memory       []byte            // what her device remembers
	gp, nurse    holder.Issued     // live
	ended, later holder.Issued     // revoked since yesterday, one after the other
	oldSlot      crypto.Credential // a way in that was removed since yesterday
	session      string            // signed out since yesterday
	invite       crypto.Credential // used since yesterday
	thief        *keys.Hold        // who has the GP's token, and so the keys of its sections
	thiefLog     crypto.Key        // and of its log entries
}

// part is where the rows of a person begin.
type part string

func (p part) row(kind string, more ...[]byte) string {
	return string(p) + kind + strings.Join(slices.Collect(func(yield func(string) bool) {
		for _, m := range more {
			if !yield(string(m)) {
				return
			}
		}
	}), "")
}

// What is in the record: each with its newest version.
var pastEntries = map[fhir.Ref]record.Version{
	allergyRef: 3, allergyRefOf("n1"): 1, allergyRefOf("moved"): 2, binaryRef("letter"): 2, {Type: "Condition", ID: "c1"}: 1}

func newPast(t *testing.T) *past {
	w := &past{dirs: map[string]string{}, rows: map[string]map[string][]byte{}, began: time.Now()}
	ctx := t.Context()
	dir, s := newStore(t)
	srv := holdertest.Server{Store: s}
	reopen := func(name string) {
		s.Close()
		w.dirs[name] = copyDir(t, dir)
		s = open(t, dir, store.Options{})
		srv.Store = s
	}
	newHolder := func() (*holder.Holder, *holder.Kit) {
		invite := must[crypto.Credential](t)(s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)}))
		h, kit, err := holder.Enrol(ctx, &srv, holder.Enrolment{Invite: invite.Token(), Passphrase: crypto.SecretString("a passphrase")})
		if err != nil {
			t.Fatal(err)
		}
		return h, kit
	}
	ada, kit := newHolder()
	ben, benKit := newHolder()
	w.ada, w.ben = part(idBytes(ada.Person())), part(idBytes(ben.Person()))
	w.adaSlot, w.benSlot = kit.Recovery.Slot(), benKit.Recovery.Slot()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(h *holder.Holder, json string) {
		t.Helper()
		v := must[*store.View](t)(srv.View(ctx, signIn(t, h)))
		defer v.Close()
		put(t, v, json)
	}
	give := func(name string) holder.Issued {
		return must[holder.Issued](t)(ada.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: name}, Sections: grant.Clinical, Scopes: scopes("patient/*.rs"), Purpose: "TREAT"}))
	}
	prf := slices.Repeat([]byte{7}, 32)
	ok(ada.AddPasskeySlot(ctx, prf, "an old phone"))
	w.oldSlot = must[crypto.Credential](t)(crypto.PasskeySlot(prf))
	write(ada, allergy)
	write(ada, strings.Replace(allergy, `"a1"`, `"n1"`, 1))
	write(ada, strings.Replace(allergy, `"a1"`, `"moved"`, 1))
	write(ada, low)
	write(ada, large("letter", 330<<10)) // of three rows
	write(ben, allergy)
	w.gp, w.nurse, w.ended, w.later = give("Dr Okafor"), give("a nurse"), give("Dr Gone"), give("Dr Gone Later")
	w.session = signIn(t, ada)
	w.invite = must[crypto.Credential](t)(s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)}))
	reopen("yesterday")

	ok(ada.Revoke(ctx, w.ended.Grant.ID)) // epoch 2
	write(ada, strings.Replace(allergy, "Penicillin", "Latex", 1))
	ok(ada.Revoke(ctx, w.later.Grant.ID)) // epoch 3
	write(ada, strings.Replace(allergy, "Penicillin", "Nuts", 1))
	write(ada, large("letter", 340<<10))
	write(ada, strings.NewReplacer(`"a1"`, `"moved"`, "Penicillin", "Bees").Replace(allergy))
	ok(ada.RemoveSlot(ctx, w.oldSlot.CapsuleID()))
	v := must[*store.View](t)(srv.View(ctx, signIn(t, ada)))
	must[[]store.Result](t)(v.Move(ctx, []fhir.Ref{allergyRefOf("moved")}, record.Private))
	v = must[*store.View](t)(srv.View(ctx, w.session))
	must[[]byte](t)(v.SignOut(ctx))
	w.cy = part(idBytes(must[*device](t)(enrolWith(t, s, w.invite)).person))
	must[holder.CheckReport](t)(ada.Check(ctx, signIn(t, ada)))
	reopen("noon")
	v = must[*store.View](t)(srv.View(ctx, w.gp.Token))
	must[store.Entry](t)(v.Read(ctx, allergyRef, 0))
	must[holder.CheckReport](t)(ada.Check(ctx, signIn(t, ada)))
	w.memory = ada.Memory().Marshal()
	reopen("now")
	s.Close()

	other, s2 := newStore(t)
	d := enrol(t, s2)
	put(t, d.session(), allergy)
	s2.Close()
	w.dirs["elsewhere"] = other
	for name, dir := range w.dirs {
		w.rows[name] = rows(t, copyDir(t, dir))
	}
	w.node = must[[]byte](t)(os.ReadFile(filepath.Join(w.dirs["now"], "node.key")))
	w.steal(t)
	return w
}

func idBytes(p record.PersonID) string { return string(p[:]) }

// steal opens what the GP's token opens, from the rows alone.
func (w *past) steal(t *testing.T) {
	c := must[crypto.Credential](t)(crypto.ParseToken(w.gp.Token))
	id := c.CapsuleID()
	tok := must[keys.TokenCapsule](t)(keys.OpenToken(c.CapsuleKey(), record.Capsule{ID: id, Blob: w.rows["now"][string(id[:])+"c"][69:]}))
	g := w.gp.Grant.ID
	row := must[*keys.GrantRow](t)(keys.OpenGrantRow(record.PersonID([]byte(w.ada)), g, tok.Key, w.rows["now"][w.ada.row("g", g[:])]))
	w.thief, w.thiefLog = row.Hold, tok.Audit
	w.thief.Back = func(e record.Epoch) ([]byte, error) { return w.rows["now"][w.ada.row("b", crypto.U32(uint32(e)))], nil }
}

// answer is what somebody was told.
type answer struct {
	text string
	kind record.Kind
	bad  bool // it is an error
}

// answers asks a store all that anybody can ask it: the operator, Ada on a device
// that knows the store and on one that does not, those who have a token and those
// whose access was ended.
func (w *past) answers(t *testing.T, open func() (*store.Store, error)) map[string]answer {
	got := map[string]answer{}
	say := func(question string, err error, text func() string) bool {
		if err != nil {
			got[question] = answer{err.Error(), record.KindOf(err), true}
			if errors.Is(err, record.Integrity) { // the log's are errors of their own
				got[question] = answer{err.Error(), record.Integrity, true}
			}
			return false
		}
		got[question] = answer{text: text()}
		return true
	}
	opens := func() string { return "opens" }
	s, err := open()
	if !say("the operator starts it", err, opens) {
		return got
	}
	defer s.Close()
	ctx, srv := t.Context(), holdertest.Server{Store: s}
	read := func(who string, v *store.View) {
		for ref, newest := range pastEntries {
			for n := range newest + 2 {
				e, err := v.Read(ctx, ref, n)
				say(fmt.Sprintf("%s reads %s/%d", who, ref, n), err, func() string { return fmt.Sprintf("%s %x", e.Section, sha256.Sum256(e.Body)) })
			}
		}
		for _, typ := range []string{"AllergyIntolerance", "Condition", "Binary"} {
			p, err := lookFor(v, typ, "", 50)
			say(who+" looks for "+typ, err, func() string { return fmt.Sprint(p.Total, len(p.Entries)) })
		}
		v.Close()
	}
	token := func(who, token string) {
		if v, err := srv.View(ctx, token); say(who+" comes", err, opens) {
			read(who, v)
		}
	}
	for _, who := range []struct {
		name string
		slot crypto.Credential
		m    holder.Memory
	}{{"Ada", w.adaSlot, must[holder.Memory](t)(holder.ParseMemory(w.memory))},
		{"a new device of Ada's", w.adaSlot, holder.Memory{}}, {"Ben", w.benSlot, holder.Memory{}}} {
		h, err := holder.Unlock(ctx, srv, who.slot, who.m)
		if !say(who.name+" unlocks", err, opens) {
			continue
		}
		session, _, err := h.SignIn(ctx)
		if say(who.name+" signs in", err, opens) {
			token(who.name, session)
			_, err = h.Check(ctx, session)
			say(who.name+" checks the log", err, opens)
		}
		h.Close()
	}
	token("the GP", w.gp.Token)
	token("the nurse", w.nurse.Token)
	token("whose grant ended", w.ended.Token)
	token("whose grant ended later", w.later.Token)
	token("whose session was signed out", w.session)
	_, err = holder.Unlock(ctx, srv, w.oldSlot, holder.Memory{})
	say("the removed way in", err, opens)
	_, err = s.Apply(ctx, newDevice(t, s).first(), w.invite)
	say("the used invite", err, opens)
	return got
}

// attack is a store under attack. What is planted goes past all checks.
type attack struct {
	*past
	t   *testing.T
	set map[string][]byte // rows, nil to delete
	dir string            // the folder, for attacks that need one
	at  time.Duration     // how far the clock is off

}

func (a *attack) now(key string) []byte {
	if row, planted := a.set[key]; planted {
		return row
	}
	return a.row("now", key)
}

// row is a row as it was then. An attack without a row to begin with is none.
func (a *attack) row(when, key string) []byte {
	row, there := a.rows[when][key]
	if !there {
		a.t.Fatalf("the attack is not even set up: no row %q %s", key[16:17], when)
	}
	return row
}

func (a *attack) put(key string, row []byte) { a.set[key] = row }
func (a *attack) was(keys ...string) { // yesterday's over today's
	for _, key := range keys {
		a.set[key] = a.row("yesterday", key)
	}
}
func (a *attack) drop(key string) { a.row("now", key); a.set[key] = nil }
func (a *attack) swap(x, y string) {
	one, other := a.now(x), a.now(y)
	if string(one) == string(other) {
		a.t.Fatal("the attack is not even set up: the rows are equal")
	}
	a.set[x], a.set[y] = other, one
}

// kind gives the keys of somebody's rows of a kind.
func (a *attack) kind(when string, p part, kind string) []string {
	var keys []string
	for key := range a.rows[when] {
		if strings.HasPrefix(key, string(p)+kind) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// version is the key of row 0, and other that of row i.
func (a *attack) version(ref fhir.Ref, stamp uint64) string {
	id := a.thief.EntryID(ref.Type, ref.ID)
	return a.ada.row("e", id[:], crypto.U64(^stamp))
}

func (a *attack) other(ref fhir.Ref, stamp uint64, i uint32) string {
	id := a.thief.EntryID(ref.Type, ref.ID)
	return a.ada.row("x", id[:], crypto.U64(^stamp), crypto.U32(i))
}

// capsule is the key of the row of a credential.
func capsuleRow(c crypto.Credential) string { id := c.CapsuleID(); return string(id[:]) + "c" }

func (a *attack) token(text string) string {
	return capsuleRow(must[crypto.Credential](a.t)(crypto.ParseToken(text)))
}

func (a *attack) grantRow(i holder.Issued) string { return a.ada.row("g", i.Grant.ID[:]) }

// file puts a file of another copy of the folder in place of this one's.
func (a *attack) file(when, name string) {
	b := must[[]byte](a.t)(os.ReadFile(filepath.Join(a.dirs[when], name)))
	if err := os.WriteFile(filepath.Join(a.dir, name), b, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// run asks the store that the attack made.
func (a *attack) run(do func(*attack), onDisk bool) map[string]answer {
	opt := store.Options{Now: func() time.Time { return time.Now().Add(a.at) }}
	if onDisk {
		a.dir = copyDir(a.t, a.dirs["now"])
		do(a)
		if len(a.set) > 0 {
			plant(a.t, a.dir, a.set)
		}
		return a.answers(a.t, func() (*store.Store, error) { return store.Open(a.dir, opt) })
	}
	do(a)
	e := newMemory()
	all := maps.Clone(a.rows["now"])
	maps.Copy(all, a.set)
	for key, row := range all {
		if row != nil {
			e.set(kv.Partition([]byte(key[:16])), key[16:], row)
		}
	}
	return a.answers(a.t, func() (*store.Store, error) {
		return store.OpenOn(e, must[crypto.Key](a.t)(crypto.KeyFrom(a.past.node)), opt)
	})
}
