package store_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/statement"
	"carehold/record/store"
)

// The same store is read again and again, each time with one row altered. Every
// answer must be what it was, or record.Integrity: never something else, never
// "not found", never a panic.

type faultyStore struct {
	engine   *memory
	node     crypto.Key
	d        *device
	gp       crypto.Credential // a live grant's token
	gone     crypto.Credential // an ended one's
	invite   crypto.Credential
	newcomer statement.Signed // whom the invite admits
	other    record.PersonID  // whose rows are there to be put for hers
	live     record.GrantID
	refs     []fhir.Ref
	last     map[fhir.Ref]record.Version
}

func newFaulty(t testing.TB, big bool) *faultyStore {
	x := &faultyStore{engine: newMemory(), node: crypto.NewKey(), last: map[fhir.Ref]record.Version{}}
	if err := store.InitOn(x.engine); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenOn(x.engine, x.node, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x.d = enrol(t, s)
	x.other = enrol(t, s).person
	me := x.d.session()
	write := func(json string) {
		r := put(t, me, json)
		if x.last[r.Ref] == 0 {
			x.refs = append(x.refs, r.Ref)
		}
		x.last[r.Ref] = r.Version
	}
	write(allergy)
	write(low)
	first, _ := x.d.share(clinician(s))
	for i := range 3 {
		write(fmt.Sprintf(`{"resourceType":"AllergyIntolerance","id":"n%d","code":{"text":"n%d"},"patient":{"display":"her"}}`, i, i))
	}
	x.d.stop(first.ID)
	me = x.d.session()
	write(strings.Replace(allergy, "Penicillin", "Latex", 1))
	write(strings.Replace(low, "F32.1", "F32.2", 1))
	if big {
		write(large("big", 300<<10))
	}
	g, gp := x.d.share(clinician(s))
	x.gp, x.live = gp, g.ID
	ended, gone := x.d.share(clinician(s))
	x.gone = gone
	x.d.stop(ended.ID)
	me = x.d.session()
	write(strings.Replace(allergy, "Penicillin", "Nuts", 1))
	if _, err := me.Move(t.Context(), []fhir.Ref{{Type: "AllergyIntolerance", ID: "n2"}}, record.Private); err != nil {
		t.Fatal(err)
	}
	if x.invite, err = s.Invite(t.Context(), keys.Invite{Until: s.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	x.newcomer = newDevice(t, s).first()
	return x
}

// answers reads everything there is by every door, and returns what each said:
// "!" for damage.
func (x *faultyStore) answers(t testing.TB, e *memory) (got map[string]string) {
	got = map[string]string{}
	say := func(what string, err error, text func() string) {
		switch {
		case record.KindOf(err) == record.Integrity && err != nil:
			got[what] = "!"
		case err != nil:
			got[what] = err.Error()
		default:
			got[what] = text()
		}
	}
	s, err := store.OpenOn(e, x.node, store.Options{})
	if err != nil {
		say("open", err, nil)
		return got
	}
	slot, err := s.Slot(ctx, x.d.slot.CapsuleID())
	say("slot", err, func() string { return fmt.Sprintf("%x", slot) })
	ring, err := s.Ring(ctx, x.d.person, x.d.slot.CapsuleID(), 0)
	say("ring", err, func() string { return fmt.Sprintf("%x %x %d %v", ring.Blob, ring.Wrap, ring.Seq, ring.Live) })
	if c, err := s.Open(ctx, x.gone); err == nil {
		got["ended"] = "opened"
		c.Close()
	} else {
		say("ended", err, nil)
	}
	read := func(who string, v *store.View) {
		for _, ref := range x.refs {
			for n := range x.last[ref] + 1 {
				r, err := v.Read(ctx, ref, n)
				say(fmt.Sprint(who, ref, n), err, func() string { return fmt.Sprint(r.Section, r.Version, sha256.Sum256(r.Body)) })
			}
		}
		for _, typ := range []string{"AllergyIntolerance", "Condition", "Binary"} {
			p, err := lookFor(v, typ, "", 50)
			say(who+typ, err, func() string { return fmt.Sprint(p.Total, len(p.Entries)) })
		}
	}
	if v, err := s.Open(ctx, x.gp); err != nil {
		say("gp", err, nil)
	} else {
		read("gp", v)
		v.Close()
	}
	session, _, err := s.SignIn(ctx, x.d.person, x.d.self.ID, keys.GrantKey(x.d.grants, x.d.self.ID))
	if err != nil {
		say("me", err, nil)
		return got
	}
	me, err := s.Open(ctx, session)
	if err != nil {
		say("me", err, nil)
		return got
	}
	defer me.Close()
	read("me", me)
	list, err := me.List(ctx)
	say("list", err, func() string { return fmt.Sprint(len(list)) })
	pre, err := me.Preview(ctx, grant.Grant{Sections: grant.Clinical, Scopes: scopes("patient/*.rs"), From: time.Now()})
	say("preview", err, func() string { return fmt.Sprint(pre) })
	page, err := me.Log(ctx, 0, 0)
	if err == nil {
		head, cerr := audit.VerifyCheckpoint(page.Checkpoint, s.Verifier(), s.ID(), x.d.person)
		c := audit.NewChecker(audit.Frontier{}, statement.Head{})
		for _, leaf := range page.Leaves {
			c.Add(leaf)
		}
		if err = cerr; err == nil {
			_, err = c.Finish(head)
		}
	}
	if _, tampered := err.(*audit.Tampered); tampered {
		got["log"] = "!"
	} else {
		say("log", err, func() string { return "as it was" })
	}
	// Last, because it writes: nothing may be built on what is damaged. A write may
	// succeed beside the damage.
	_, err = s.Apply(ctx, x.newcomer, x.invite)
	say("invite", err, func() string { return "in" })
	err = s.Sweep(ctx)
	say("sweep", err, func() string { return "swept" })
	return got
}

type rowName struct {
	part kv.Partition
	key  string
}

// TestDamage alters rows: bits flipped, bytes cut off or added, rows deleted, and
// rows put in the place of others.
func TestDamage(t *testing.T) {
	t.Parallel()
	// A large entry makes each reading slow, so only its own rows are tried with it.
	for _, big := range []bool{false, true} {
		alterRows(t, newFaulty(t, big), big)
	}
}

func alterRows(t *testing.T, x *faultyStore, big bool) {
	base := x.answers(t, x.engine.fork())
	for what, said := range base {
		if said == "!" {
			t.Fatalf("undamaged, and %s is damage", what)
		}
	}
	if base["ring"] == "" || base["log"] != "as it was" || base["invite"] != "in" || base["list"] != map[bool]string{false: "5", true: "6"}[big] {
		t.Fatalf("the store is not as it should be: %v", base["list"])
	}
	kinds, others := map[byte][]rowName{}, map[byte][]rowName{}
	for _, p := range slices.SortedFunc(maps.Keys(x.engine.parts), func(a, b kv.Partition) int { return strings.Compare(string(a[:]), string(b[:])) }) {
		for _, key := range x.engine.sorted(p) {
			if big && key[0] != 'x' {
				continue
			}
			others[key[0]] = append(others[key[0]], rowName{p, key})
			if p != kv.Partition(x.other) { // nobody here asks about them
				kinds[key[0]] = append(kinds[key[0]], rowName{p, key})
			}
		}
	}
	flips := 125
	if big {
		flips = 30
	}
	if os.Getenv("CAREHOLD_LONG") != "" {
		flips = 5000
	}
	seed := uint64(time.Now().UnixNano())
	if testing.Short() {
		seed = 1
	}
	rnd := rand.New(rand.NewPCG(seed, 2))
	type tally struct{ tried, found, harmless, harmful int }
	sums := map[string]*tally{}
	var mu sync.Mutex
	type trial struct {
		what    string
		allowed func(question, said string) bool
		e       *memory
	}
	trials := make(chan trial)
	var workers sync.WaitGroup
	judge := func(what string, allowed func(question, said string) bool, e *memory) {
		trials <- trial{what, allowed, e}
	}
	try := func(what string, allowed func(question, said string) bool, e *memory) {
		mu.Lock()
		sum := sums[what]
		if sum == nil {
			sum = &tally{}
			sums[what] = sum
		}
		sum.tried++
		mu.Unlock()
		got := func() (got map[string]string) {
			defer func() {
				if p := recover(); p != nil {
					got = map[string]string{"panic": fmt.Sprint(p)}
				}
			}()
			return x.answers(t, e)
		}()
		found, bad := false, ""
		for q, said := range got {
			if said == "!" {
				found = true
			} else if said != base[q] && !allowed(q, said) {
				bad = fmt.Sprintf("%s said %.200q, not %.100q", q, said, base[q])
			}
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case bad != "":
			sum.harmful++
			t.Errorf("%s (seed %d): %s", what, seed, bad)
		case found:
			sum.found++
		default:
			sum.harmless++
		}
	}
	for range 2 {
		workers.Go(func() {
			for x := range trials {
				try(x.what, x.allowed, x.e)
			}
		})
	}
	never := func(string, string) bool { return false }
	for kind, names := range kinds {
		for range flips {
			n := names[rnd.IntN(len(names))]
			e := x.engine.fork()
			row := slices.Clone(e.parts[n.part][n.key])
			row[rnd.IntN(len(row))] ^= 1 << rnd.IntN(8)
			e.set(n.part, n.key, row)
			// The store's own row has a format that can be one this program does not know.
			judge(fmt.Sprintf("%c flipped", kind), func(q, said string) bool { return q == "open" && strings.Contains(said, "format") }, e)
		}
		for i := range flips / 6 {
			n := names[rnd.IntN(len(names))]
			e := x.engine.fork()
			row := slices.Clone(e.parts[n.part][n.key])
			if i%2 == 0 {
				row = row[:rnd.IntN(len(row))]
			} else {
				row = append(row, make([]byte, 1+rnd.IntN(40))...)
			}
			e.set(n.part, n.key, append([]byte{}, row...))
			judge(fmt.Sprintf("%c cut or grown", kind), never, e)
		}
		for range flips / 6 {
			a, b := names[rnd.IntN(len(names))], others[kind][rnd.IntN(len(others[kind]))]
			if a == b {
				continue
			}
			e := x.engine.fork()
			va, vb := e.parts[a.part][a.key], e.parts[b.part][b.key]
			e.set(a.part, a.key, vb)
			if rnd.IntN(2) == 0 {
				e.set(b.part, b.key, va)
			}
			judge(fmt.Sprintf("%c put for another", kind), never, e)
		}
		if kind == 'h' || kind == 'm' || kind == 'c' {
			continue // below
		}
		for range flips / 6 {
			n := names[rnd.IntN(len(names))]
			e := x.engine.fork()
			e.set(n.part, n.key, nil)
			judge(fmt.Sprintf("%c deleted", kind), never, e)
		}
	}
	// A capsule that is deleted is a credential that opens nothing: nobody can tell
	// it from one that never was. What it is not is somebody else's.
	for _, n := range kinds['c'] {
		e := x.engine.fork()
		e.set(n.part, n.key, nil)
		judge("c deleted", func(q, said string) bool {
			return strings.Contains(said, "opens nothing here") || said == "nothing is kept under this" || strings.HasPrefix(said, "this invite is not valid")
		}, e)
	}
	close(trials)
	workers.Wait()
	total, harmful := 0, 0
	for _, what := range slices.Sorted(maps.Keys(sums)) {
		s := sums[what]
		total, harmful = total+s.tried, harmful+s.harmful
		t.Logf("%-20s %5d tried, %5d found, %5d harmless, %d harmful", what, s.tried, s.found, s.harmless, s.harmful)
	}
	t.Logf("%d altered stores, %d harmful and undetected", total, harmful)
	for _, kind := range "exsbdlgvahr" { // the damage must have been met at all
		if s := sums[string(kind)+" flipped"]; s != nil && s.found == 0 {
			t.Errorf("no bit of %c was ever noticed", kind)
		}
	}
	if !big && total < 2000 {
		t.Errorf("only %d were tried", total)
	}
}

// TestDamageOnDisk alters what only opening the store can find, with the real
// engine: heads, and the node's own rows.
func TestDamageOnDisk(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	s.Close()
	all := rows(t, dir)
	var names []string
	for k := range all {
		if k[16] == 'h' || k[16] == 'm' {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		for _, how := range []string{"flipped", "deleted"} {
			twin := copyDir(t, dir)
			row := slices.Clone(all[name])
			row[len(row)/2] ^= 4
			if how == "deleted" {
				row = nil
			}
			plant(t, twin, map[string][]byte{name: row})
			s, err := store.Open(twin, store.Options{})
			if err == nil {
				_, _, err = s.SignIn(ctx, d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
				s.Close()
			}
			if name[16:] == "mc" && how == "deleted" && err == nil {
				continue // the anchor has the time too
			}
			if record.KindOf(err) != record.Integrity {
				t.Errorf("%q %s: %v", name[16:], how, err)
			}
		}
	}
}

// thief is who was granted sections, has the keys of them from their token, and
// can write to the disk.
func (x *faultyStore) thief(t *testing.T) *keys.Hold {
	t.Helper()
	part := x.engine.parts[kv.Partition(x.d.person)]
	row, err := keys.OpenGrantRow(x.d.person, x.live, keys.GrantKey(x.d.grants, x.live), part["g"+string(x.live[:])])
	if err != nil {
		t.Fatal(err)
	}
	row.Hold.Back = func(e record.Epoch) ([]byte, error) { return part["b"+string(crypto.U32(uint32(e)))], nil }
	return row.Hold
}

func versionKey(id record.EntryID, stamp uint64) string {
	return "e" + string(id[:]) + string(crypto.U64(^stamp))
}

// TestForgedRow: a grantee who can write to the disk has the section's key, so
// the seal does not stop them. The directory does, in a read and in a search.
func TestForgedRow(t *testing.T) {
	t.Parallel()
	x := newFaulty(t, false)
	h := x.thief(t)
	id := h.EntryID("AllergyIntolerance", "n1")
	forged := entry.Marshal(entry.Header{Type: "AllergyIntolerance", ID: "n1", Time: time.Now()}, []byte(`{"resourceType":"AllergyIntolerance","id":"n1"}`))
	rows, err := h.SealEntry(record.Allergies, id, 1, forged)
	if err != nil {
		t.Fatal(err)
	}
	part, key := kv.Partition(x.d.person), versionKey(id, 1)
	if x.engine.parts[part][key] == nil {
		t.Fatal("the attack is not even set up")
	}
	x.engine.set(part, key, append(make([]byte, 32), rows[0]...))
	s, err := store.OpenOn(x.engine, x.node, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := view(t, s, x.gp)
	_, err = v.Read(ctx, allergyRefOf("n1"), 0)
	wantKind(t, err, record.Integrity)
	_, err = lookFor(v, "AllergyIntolerance", "", 10)
	wantKind(t, err, record.Integrity)
}

// TestForgedPast: nor can they write another past. The newest version answers for
// those before it: in a read, a move, an undo and an import.
func TestForgedPast(t *testing.T) {
	t.Parallel()
	x := newFaulty(t, false)
	part := kv.Partition(x.d.person)
	s, err := store.OpenOn(x.engine, x.node, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x.d.s = s
	importOf := func(text string) (origin entry.Origin) {
		origin = entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: "nhs"}
		if _, err := tryImport(x.d.session(), `{"resourceType":"AllergyIntolerance","id":"i","code":{"text":"`+text+`"}}`, origin); err != nil {
			t.Fatal(err)
		}
		return origin
	}
	origin := importOf("imported")
	put(t, x.d.session(), `{"resourceType":"AllergyIntolerance","id":"i","code":{"text":"corrected"}}`)
	// Twice in a row the same words, so that swapping them would not even show.
	put(t, x.d.session(), `{"resourceType":"AllergyIntolerance","id":"m","code":{"text":"a"}}`)
	put(t, x.d.session(), `{"resourceType":"AllergyIntolerance","id":"m","code":{"text":"b"}}`)
	put(t, x.d.session(), `{"resourceType":"AllergyIntolerance","id":"m","code":{"text":"a"}}`)
	before := x.engine.fork()
	for _, to := range []record.Section{record.Private, record.Allergies} {
		if _, err := x.d.session().Move(ctx, []fhir.Ref{allergyRefOf("m")}, to); err != nil {
			t.Fatal(err)
		}
	}
	h := x.thief(t)
	a, i, m := h.EntryID("AllergyIntolerance", "a1"), h.EntryID("AllergyIntolerance", "i"), h.EntryID("AllergyIntolerance", "m")
	const moved = 2 << 40 // the generation of m now
	now := func(key string) []byte {
		row := x.engine.parts[part][key]
		if row == nil {
			t.Fatal("the attack is not even set up")
		}
		return row
	}
	// forge seals what the thief likes, after what was before.
	forge := func(id record.EntryID, name string, stamp uint64) []byte {
		plain := entry.Marshal(entry.Header{Type: "AllergyIntolerance", ID: name, Time: time.Now(), Origin: origin},
			[]byte(`{"resourceType":"AllergyIntolerance","id":"`+name+`","code":{"text":"forged"}}`))
		rows, err := h.SealEntry(record.Allergies, id, record.Version(stamp), plain)
		if err != nil {
			t.Fatal(err)
		}
		return append(slices.Clone(now(versionKey(id, stamp))[:32]), rows[0]...)
	}
	for _, c := range []struct {
		name   string
		ref    fhir.Ref
		set    map[string][]byte
		unread []record.Version // what must be found to be damaged
	}{
		{"version 1 forged", allergyRefOf("a1"), map[string][]byte{versionKey(a, 1): forge(a, "a1", 1)}, []record.Version{1}},
		{"version 2 forged", allergyRefOf("a1"), map[string][]byte{versionKey(a, 2): forge(a, "a1", 2)}, []record.Version{1, 2}},
		{"an import forged", allergyRefOf("i"), map[string][]byte{versionKey(i, 1): forge(i, "i", 1)}, []record.Version{1}},
		{"a moved version forged", allergyRefOf("m"), map[string][]byte{versionKey(m, moved|1): forge(m, "m", moved|1)}, []record.Version{1}},
		{"another's version", allergyRefOf("a1"), map[string][]byte{versionKey(a, 1): now(versionKey(i, 1))}, []record.Version{1}},
		{"versions exchanged", allergyRefOf("m"), map[string][]byte{versionKey(m, moved|1): now(versionKey(m, moved|2)),
			versionKey(m, moved|2): now(versionKey(m, moved|1))}, []record.Version{1, 2}},
		{"an older generation's", allergyRefOf("m"), map[string][]byte{versionKey(m, moved|1): before.parts[part][versionKey(m, 1)]}, []record.Version{1}},
		{"another link", allergyRefOf("a1"), map[string][]byte{versionKey(a, 1): append(slices.Repeat([]byte{1}, 32), now(versionKey(a, 1))[32:]...)}, []record.Version{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := x.engine.fork()
			for key, row := range c.set {
				if row == nil {
					t.Fatal("the attack is not even set up")
				}
				e.set(part, key, row)
			}
			s, err := store.OpenOn(e, x.node, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			x.d.s = s
			gp, me := view(t, s, x.gp), x.d.session()
			for _, n := range c.unread {
				_, err = gp.Read(ctx, c.ref, n)
				wantKind(t, err, record.Integrity)
				_, err = me.Read(ctx, c.ref, n)
				wantKind(t, err, record.Integrity)
			}
			if _, err = gp.Read(ctx, c.ref, 0); err != nil {
				t.Errorf("the newest version: %v", err)
			}
			_, err = me.Move(ctx, []fhir.Ref{c.ref}, record.Private)
			wantKind(t, err, record.Integrity)
			_, err = me.Undo(ctx, origin.Import)
			wantKind(t, err, record.Integrity)
			if c.ref.ID == "i" {
				_, err = tryImport(me, `{"resourceType":"AllergyIntolerance","id":"i","code":{"text":"forged"}}`, origin)
				wantKind(t, err, record.Integrity)
			}
		})
	}
}

// TestChainGoesOn: every version opens after moves, deletions and epochs, and what
// is stored of each begins with the hash of the one before.
func TestChainGoesOn(t *testing.T) {
	t.Parallel()
	x := newFaulty(t, false)
	s, err := store.OpenOn(x.engine, x.node, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x.d.s = s
	text := func(n int) string {
		return fmt.Sprintf(`{"resourceType":"Binary","id":"c","data":"%s"}`, strings.Repeat("AAAA", n))
	}
	for n := range 3 {
		put(t, x.d.session(), text(1+n*80_000)) // of one row, two and three
	}
	ref := binaryRef("c")
	for _, to := range []record.Section{record.Private, record.Results} {
		if _, err := x.d.session().Move(ctx, []fhir.Ref{ref}, to); err != nil {
			t.Fatal(err)
		}
		put(t, x.d.session(), text(2+int(to)))
	}
	me := x.d.session()
	for n := record.Version(1); n <= 5; n++ {
		if e, err := me.Read(ctx, ref, n); err != nil || e.Version != n {
			t.Errorf("version %d: %v", n, err)
		}
	}
	part := x.engine.parts[kv.Partition(x.d.person)]
	id, prev := x.thief(t).EntryID("Binary", "c"), make([]byte, 32)
	for n := uint64(1); n <= 5; n++ {
		stamp := 2<<40 | n
		all := slices.Clone(part[versionKey(id, stamp)])
		if len(all) < 32 || string(all[:32]) != string(prev) {
			t.Fatalf("version %d does not begin with the hash of the one before", n)
		}
		for i := uint32(1); part["x"+versionKey(id, stamp)[1:]+string(crypto.U32(i))] != nil; i++ {
			row := sha256.Sum256(part["x"+versionKey(id, stamp)[1:]+string(crypto.U32(i))])
			if !bytes.Equal(all[16+32*i:48+32*i], row[:]) {
				t.Fatalf("row %d of version %d is not the one that row 0 names", i, n)
			}
		}
		sum := sha256.Sum256(all)
		prev = sum[:]
	}
}
