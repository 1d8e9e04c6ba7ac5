package store_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/search"
	"carehold/record/statement"
	"carehold/record/store"
	"carehold/record/wire"
)

// signed sends a body as it is, and keeps nothing.
func (d *device) try(b statement.Body) error {
	_, err := d.s.Apply(d.t.Context(), statement.Sign(b, d.identity), crypto.Credential{})
	return err
}

// TestStatementRules breaks each rule of a statement once. The answers are
// written by hand; after each the record must be exactly as it was.
func TestStatementRules(t *testing.T) {
	_, s := newStore(t)
	d, other := enrol(t, s), enrol(t, s)
	live, token := d.share(clinician(s))
	ended, _ := d.share(clinician(s))
	d.stop(ended.ID)
	struck, _ := d.share(clinician(s))
	if err := d.session().Strike(t.Context(), struck.ID); err != nil {
		t.Fatal(err)
	}
	foreign, _ := other.share(clinician(s))
	next := func(b *statement.Body) { // an epoch for everyone, as it should be
		e := keys.NewEpochKey(record.Epoch(len(d.epochs) + 1))
		b.Epoch = &statement.Epoch{Number: e.Epoch, Back: e.BackRow(d.person, d.epochKey)}
		for _, g := range d.live {
			if g.ID != struck.ID {
				b.Grants = append(b.Grants, statement.GrantRow{Grant: g.ID, Until: g.Until, Self: g.Self,
					Row: keys.SealGrantRow(g, g.Sign(d.identity), e, d.id, d.grants, d.audit)})
			}
		}
		b.Ended = append(b.Ended, statement.Ended{Grant: struck.ID, Row: keys.SealStoppedRow(d.person, struck.ID, d.grants, d.audit)})
	}
	fresh := func() statement.GrantRow {
		g := clinician(s)
		g.ID, g.Person, g.From = record.GrantID(crypto.RandomID()), d.person, s.Now().Truncate(time.Second)
		return d.row(g)
	}
	newSlot := func() (crypto.Credential, statement.Slot, record.Capsule) {
		c := crypto.NewRecoveryCode().Slot()
		return c, statement.Slot{ID: c.CapsuleID(), Wrap: []byte("wrap")}, keys.SealSlot(c.CapsuleKey(), d.person)
	}
	taken := keys.SealToken(token.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: live.ID, Key: crypto.NewKey(), Audit: crypto.NewKey()})
	fuzzy := crypto.NewSigningKey(crypto.NewKey())
	cases := []struct {
		rule string
		want record.Kind
		make func(*statement.Body)
	}{
		{"another store", record.Unprocessed, func(b *statement.Body) { b.Store[0] ^= 1 }},
		{"the same sequence again", record.Conflict, func(b *statement.Body) { b.Seq-- }},
		{"a sequence too far", record.Conflict, func(b *statement.Body) { b.Seq++ }},
		{"sequence zero", record.Conflict, func(b *statement.Body) { b.Seq = 0 }},
		{"the largest sequence", record.Conflict, func(b *statement.Body) { b.Seq = ^record.Seq(0) }},
		{"another statement before", record.Conflict, func(b *statement.Body) { b.Prev[31] ^= 1 }},
		{"another person", record.Unauthorized, func(b *statement.Body) { b.Person = other.person }},
		{"a person there is not", record.Unauthorized, func(b *statement.Body) { b.Person[3] ^= 1 }},
		{"more of the log than there is", record.Integrity, func(b *statement.Body) { b.Seen.Size = 1 << 40 }},
		{"no slot at all", record.Unprocessed, func(b *statement.Body) { b.Slots = nil }},
		{"a slot twice", record.Unprocessed, func(b *statement.Body) { b.Slots = append(b.Slots, b.Slots[0]) }},
		{"a new slot without a wrap", record.Unprocessed, func(b *statement.Body) { _, _, c := newSlot(); b.PutSlots = append(b.PutSlots, c) }},
		{"a new slot that expires", record.Unprocessed, func(b *statement.Body) {
			_, w, c := newSlot()
			c.Hour = 1 << 20
			b.Slots, b.PutSlots = append(b.Slots, w), append(b.PutSlots, c)
		}},
		{"a removed slot with a wrap", record.Unprocessed, func(b *statement.Body) { b.CutSlots = []crypto.CapsuleID{d.slot.CapsuleID()} }},
		{"removing another person's slot", record.Unprocessed, func(b *statement.Body) { b.CutSlots = []crypto.CapsuleID{other.slot.CapsuleID()} }},
		{"removing a slot a million times", record.Invalid, func(b *statement.Body) {
			b.CutSlots = make([]crypto.CapsuleID, statement.MaxSlots+1)
		}},
		{"ending a grant that is not there", record.Unprocessed, func(b *statement.Body) {
			b.Ended = []statement.Ended{{Grant: record.GrantID(crypto.RandomID())}}
		}},
		{"ending another person's grant", record.Unprocessed, func(b *statement.Body) { b.Ended = []statement.Ended{{Grant: foreign.ID}} }},
		{"ending a grant again", record.Unprocessed, func(b *statement.Body) { b.Ended = []statement.Ended{{Grant: ended.ID}} }},
		{"ending a grant twice", record.Unprocessed, func(b *statement.Body) { b.Ended = []statement.Ended{{Grant: live.ID}, {Grant: live.ID}} }},
		{"ending one's own grant", record.Unprocessed, func(b *statement.Body) { b.Ended = []statement.Ended{{Grant: d.self.ID}} }},
		{"a second grant of one's own", record.Unprocessed, func(b *statement.Body) {
			g := fresh()
			g.Self = true
			b.Grants = []statement.GrantRow{g}
		}},
		{"a grant twice", record.Unprocessed, func(b *statement.Body) { g := fresh(); b.Grants = []statement.GrantRow{g, g} }},
		{"a grant that ended, again", record.Unprocessed, func(b *statement.Body) { b.Grants = []statement.GrantRow{d.row(ended)} }},
		{"a grant ended and made in one", record.Unprocessed, func(b *statement.Body) {
			b.Ended = []statement.Ended{{Grant: live.ID, Row: []byte("row")}}
			b.Grants = []statement.GrantRow{d.row(live)}
		}},
		{"a struck grant, renewed", record.Conflict, func(b *statement.Body) { b.Grants = []statement.GrantRow{d.row(struck)} }},
		{"an epoch that keeps a struck grant", record.Conflict, func(b *statement.Body) { next(b); b.Ended = nil }},
		{"a live grant that becomes the person's own", record.Unprocessed, func(b *statement.Body) {
			row := d.row(live)
			row.Self = true
			b.Grants = []statement.GrantRow{row}
		}},
		{"a grant suspended that is not live", record.Unprocessed, func(b *statement.Body) {
			b.Suspended = []statement.Ended{{Grant: ended.ID, Row: []byte("row")}}
		}},
		{"another person's grant suspended", record.Unprocessed, func(b *statement.Body) {
			b.Suspended = []statement.Ended{{Grant: foreign.ID, Row: []byte("row")}}
		}},
		{"a struck grant suspended", record.Conflict, func(b *statement.Body) {
			b.Suspended = []statement.Ended{{Grant: struck.ID, Row: []byte("row")}}
		}},
		{"the person's own grant suspended", record.Unprocessed, func(b *statement.Body) {
			b.Suspended = []statement.Ended{{Grant: d.live[0].ID, Row: []byte("row")}}
		}},
		{"a suspended grant renewed by who does not say that it goes on", record.Conflict, func(b *statement.Body) {
			b.Suspended = []statement.Ended{{Grant: live.ID, Row: []byte("row")}}
			b.Grants = []statement.GrantRow{d.row(live)}
		}},
		{"an epoch that renews a suspended grant so", record.Conflict, func(b *statement.Body) {
			next(b)
			b.Suspended = []statement.Ended{{Grant: live.ID, Row: []byte("row")}}
		}},
		{"a grant that goes on and was not suspended", record.Unprocessed, func(b *statement.Body) {
			row := d.row(live)
			row.Resumes = true
			b.Grants = []statement.GrantRow{row}
		}},
		{"a new grant that goes on", record.Unprocessed, func(b *statement.Body) {
			g := fresh()
			g.Resumes = true
			b.Grants = []statement.GrantRow{g}
		}},
		{"an epoch again", record.Unprocessed, func(b *statement.Body) { next(b); b.Epoch.Number-- }},
		{"an epoch too far", record.Unprocessed, func(b *statement.Body) { next(b); b.Epoch.Number++ }},
		{"epoch zero", record.Unprocessed, func(b *statement.Body) { next(b); b.Epoch.Number = 0 }},
		{"an epoch without its way back", record.Unprocessed, func(b *statement.Body) { next(b); b.Epoch.Back = nil }},
		{"an epoch with half a way back", record.Unprocessed, func(b *statement.Body) { next(b); b.Epoch.Back = b.Epoch.Back[:100] }},
		{"an epoch that leaves a grant behind", record.Unprocessed, func(b *statement.Body) { next(b); b.Grants = b.Grants[1:] }},
		{"a new identity without an epoch", record.Unprocessed, func(b *statement.Body) {
			b.Identity = &statement.Identity{Signing: d.identity.Public(), Box: d.box.Public().Bytes()}
		}},
		{"a box key that is none", record.Unprocessed, func(b *statement.Body) {
			next(b)
			b.Identity = &statement.Identity{Signing: d.identity.Public(), Box: bytes.Repeat([]byte{0xff}, crypto.BoxPublicKeySize)}
		}},
		{"no log entry", record.Unprocessed, func(b *statement.Body) { b.Leaf = nil }},
		{"a log entry of another statement", record.Unprocessed, func(b *statement.Body) {
			b.Leaf = audit.DeviceLeaf(d.audit, d.person, b.Seq+1, audit.Event{Time: s.Now()})
		}},
		{"a log entry that says it is a grant's", record.Unprocessed, func(b *statement.Body) { b.Leaf[0] = byte(audit.ByGrant) }},
		{"a log entry of a megabyte", record.Invalid, func(b *statement.Body) { b.Leaf = append(b.Leaf, make([]byte, 65<<10)...) }},
		{"a token's id that is taken", record.Conflict, func(b *statement.Body) { b.Capsules = []record.Capsule{taken} }},
		{"another person's slot taken over", record.Conflict, func(b *statement.Body) {
			c := keys.SealSlot(other.slot.CapsuleKey(), d.person)
			b.PutSlots, b.Slots = []record.Capsule{c}, append(b.Slots, statement.Slot{ID: c.ID, Wrap: []byte("w")})
		}},
		{"a token's id that is taken, behind others", record.Conflict, func(b *statement.Body) {
			c := keys.SealToken(crypto.NewCredential(crypto.Access).CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: live.ID, Key: crypto.NewKey(), Audit: crypto.NewKey()})
			b.Capsules = []record.Capsule{c, taken}
		}},
		{"a token with the id zero", record.Invalid, func(b *statement.Body) { b.Capsules = []record.Capsule{{Blob: make([]byte, 400)}} }},
	}
	as := func(b statement.Body) error {
		st := statement.Sign(b, d.identity)
		if b.Identity != nil {
			st = st.SignNew(d.identity)
		}
		_, err := s.Apply(t.Context(), st, crypto.Credential{})
		return err
	}
	before := d.state()
	for _, c := range cases {
		b := d.body()
		c.make(&b)
		if err := as(b); err == nil || record.KindOf(err) != c.want {
			t.Errorf("%s: %v (%s), want %s", c.rule, err, record.KindOf(err), c.want)
		}
		if now := d.state(); now != before {
			t.Errorf("%s: it left something behind:\n%s\n%s", c.rule, before, now)
			before = now
		}
	}
	// Signatures.
	good := d.body()
	for name, st := range map[string]statement.Signed{
		"no signature":               {Body: good.Marshal()},
		"another's signature":        statement.Sign(good, fuzzy),
		"another person's":           statement.Sign(good, other.identity),
		"a signature too many":       statement.Sign(good, d.identity).SignNew(d.identity),
		"a signature of another use": {Body: good.Marshal(), Signature: d.identity.Sign(crypto.SignIdentity, good.Marshal())},
		"a signature of a longer body": {Body: append(good.Marshal(), 0xff, 0xff, 0, 0, 0, 0),
			Signature: statement.Sign(good, d.identity).Signature},
	} {
		if _, err := s.Apply(t.Context(), st, crypto.Credential{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	// A new identity is signed by the old and by the new.
	rotate := d.body()
	next(&rotate)
	rotate.Identity = &statement.Identity{Signing: fuzzy.Public(), Box: d.box.Public().Bytes()}
	for name, st := range map[string]statement.Signed{
		"only by the old":      statement.Sign(rotate, d.identity),
		"only by the new":      statement.Sign(rotate, fuzzy).SignNew(fuzzy),
		"by the old, and then": statement.Sign(rotate, d.identity).SignNew(d.identity),
		"by a third":           statement.Sign(rotate, other.identity).SignNew(fuzzy),
	} {
		_, err := s.Apply(t.Context(), st, crypto.Credential{})
		if record.KindOf(err) != record.Unauthorized {
			t.Errorf("identity signed %s: %v", name, err)
		}
	}
	if now := d.state(); now != before {
		t.Errorf("signatures left something behind:\n%s\n%s", before, now)
	}
	for i := range rotate.Grants { // whose certificates the new identity signs
		g := d.live[0]
		for _, x := range d.live {
			if x.ID == rotate.Grants[i].Grant {
				g = x
			}
		}
		rotate.Grants[i] = statement.GrantRow{Grant: g.ID, Until: g.Until, Self: g.Self}
	}
	e := keys.NewEpochKey(rotate.Epoch.Number)
	rotate.Epoch.Back = e.BackRow(d.person, d.epochKey)
	for i := range rotate.Grants {
		for _, g := range d.live {
			if g.ID == rotate.Grants[i].Grant {
				rotate.Grants[i].Row = keys.SealGrantRow(g, g.Sign(fuzzy), e, d.id, d.grants, d.audit)
			}
		}
	}
	if _, err := s.Apply(t.Context(), statement.Sign(rotate, d.identity).SignNew(fuzzy), crypto.Credential{}); err != nil {
		t.Fatalf("a new identity signed by both: %v", err)
	}
	if _, err := s.Open(t.Context(), token); err != nil {
		t.Errorf("a grant renewed under the new identity: %v", err)
	}
	late := d.body()
	late.Seq, late.Prev = rotate.Seq+1, statement.HashOf(rotate.Marshal())
	wantKind(t, d.try(late), record.Unauthorized) // the old identity signs no more
	t.Logf("%d rules broken, and 10 signatures", len(cases))
}

// state says all that a refused statement must leave alone.
func (d *device) state() string {
	st, err := d.s.Status(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return fmt.Sprint(st.People, st.Capsules, st.Leaves, st.Used)
}

// TestEnrolledAttacker: one who was let in with an invite, and abuses it. They
// know every id of the other person: of the record, the grant, the slot.
func TestEnrolledAttacker(t *testing.T) {
	_, s := newStore(t)
	victim, mallory := enrol(t, s), enrol(t, s)
	g, _ := victim.share(clinician(s))
	put(t, victim.session(), allergy)
	stopped, _ := victim.share(clinician(s))
	victim.stop(stopped.ID)
	leaves := func() uint64 { st, _ := s.Status(t.Context()); return st.Leaves }

	plantCapsule := func(c record.Capsule) error {
		b := mallory.body()
		b.Capsules = []record.Capsule{c}
		return mallory.submit(b)
	}
	// Tokens of their own making that name the victim's record.
	for _, id := range []record.GrantID{g.ID, stopped.ID, victim.self.ID, record.GrantID(crypto.RandomID())} {
		for _, kind := range []crypto.Kind{crypto.Access, crypto.Session} {
			for _, until := range []time.Time{{}, s.Now().Add(-time.Hour), s.Now().Add(time.Hour)} {
				c := crypto.NewCredential(kind)
				if err := plantCapsule(keys.SealToken(c.CapsuleKey(), keys.TokenCapsule{Person: victim.person, Grant: id,
					Key: crypto.NewKey(), Audit: crypto.NewKey(), Until: until})); err != nil {
					t.Fatal(err)
				}
				before := leaves()
				_, err := s.Open(t.Context(), c)
				wantKind(t, err, record.Unauthorized)
				if leaves() != before {
					t.Errorf("a forged %c token wrote in somebody's log", kind)
				}
			}
		}
	}
	// An invite of their own making.
	invite := crypto.NewCredential(crypto.Invite)
	if err := plantCapsule(keys.SealInvite(invite.CapsuleKey(), keys.Invite{Quota: 1 << 50, Until: s.Now().Add(time.Hour)})); err != nil {
		t.Fatal(err)
	}
	_, err := enrolWith(t, s, invite)
	wantKind(t, err, record.Unauthorized)
	// The victim's slot, listed as theirs and then removed.
	slot, err := s.Slot(t.Context(), victim.slot.CapsuleID())
	if err != nil {
		t.Fatal(err)
	}
	b := mallory.body()
	b.PutSlots, b.Slots = []record.Capsule{slot}, append(b.Slots, statement.Slot{ID: slot.ID, Wrap: []byte("wrap")})
	wantKind(t, mallory.try(b), record.Conflict)
	b.PutSlots = nil
	wantKind(t, mallory.try(b), record.Unprocessed)
	if err := mallory.s.NameSlot(mallory.person, b.Slots[1]); err != nil {
		t.Fatal(err) // as a store had it that took it
	}
	b = mallory.body()
	b.CutSlots = []crypto.CapsuleID{slot.ID}
	if err := mallory.submit(b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Slot(t.Context(), slot.ID); err != nil {
		t.Errorf("the victim's slot is gone: %v", err)
	}
	// The victim's keyring, by any slot of theirs.
	_, err = s.Ring(t.Context(), victim.person, mallory.slot.CapsuleID(), 0)
	wantKind(t, err, record.NotFound)
	// Rows of their own that would make a server stumble: each request is an error,
	// never a panic.
	bad := mallory.grant(clinician(s))
	for i, row := range [][]byte{nil, {1}, make([]byte, 5000), zeroKeyRow(mallory, bad)} {
		id := bad.ID
		if i < 3 {
			id = record.GrantID(crypto.RandomID())
		}
		c := crypto.NewCredential(crypto.Access)
		b := mallory.body()
		b.Grants = []statement.GrantRow{{Grant: id, Row: row}}
		b.Capsules = []record.Capsule{keys.SealToken(c.CapsuleKey(), keys.TokenCapsule{Person: mallory.person, Grant: id,
			Key: keys.GrantKey(mallory.grants, id), Audit: crypto.NewKey()})}
		if err := mallory.submit(b); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), c); err == nil {
			t.Error("a row of rubbish opened")
		}
	}
}

// TestQuotaHolds: neither statements nor changes that are refused fill the disk.
func TestQuotaHolds(t *testing.T) {
	dir, s := newStore(t)
	invite, err := s.Invite(t.Context(), keys.Invite{Quota: 3 << 20, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	me := d.session()
	for i := 0; ; i++ {
		_, err = tryPut(me, large(fmt.Sprintf("b%d", i), 1<<20))
		if err != nil {
			break
		}
	}
	wantKind(t, err, record.TooMany)
	for i := range 8 { // too large for one commit, so they would be staged first
		_, err := tryPut(me, large(fmt.Sprintf("c%d", i), 4<<20))
		wantKind(t, err, record.TooMany)
	}
	st, _ := s.Status(t.Context())
	if st.Used > 4<<20 {
		t.Errorf("%d bytes are used of 3 MiB", st.Used)
	}
	for { // credentials count too
		b := d.body()
		for range 100 {
			c := crypto.NewCredential(crypto.Access)
			b.Capsules = append(b.Capsules, keys.SealToken(c.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: d.self.ID, Key: crypto.NewKey(), Audit: crypto.NewKey()}))
		}
		if err := d.submit(b); err != nil {
			wantKind(t, err, record.TooMany)
			break
		}
		if st, _ = s.Status(t.Context()); st.Used > 5<<20 {
			t.Fatal("credentials are not counted")
		}
	}
	if err := d.submit(d.body()); err != nil { // but what a full record must still do, it does
		t.Errorf("a statement of a full record: %v", err)
	}
	if _, err := me.Read(t.Context(), binaryRef("b0"), 0); err != nil {
		t.Errorf("reading in a full record: %v", err)
	}
	s.Close()
	total := 0
	for k, v := range rows(t, dir) {
		if len(k) > 16 && (k[16] == 'e' || k[16] == 'x') {
			total += len(v)
		}
	}
	if total > 4<<20 {
		t.Errorf("%d bytes of entries are on the disk: refused changes left rows behind", total)
	}
}

// TestUnstorable: what has no place in a record is refused here too, whatever a
// door let through.
func TestUnstorable(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	for _, typ := range []string{"Parameters", "OperationOutcome", "Subscription"} {
		_, err := tryPut(me, `{"resourceType":"`+typ+`","id":"x"}`)
		if record.KindOf(err) != record.Unprocessed {
			t.Errorf("%s: %v", typ, err)
		}
	}
	r, err := fhir.Parse([]byte(allergy), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = me.Apply(ctx, []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: "Basic", ID: "x"}, Resource: r}}, store.ApplyOptions{})
	wantKind(t, err, record.Unprocessed)
	if list, err := me.List(ctx); err != nil || len(list) > 0 {
		t.Errorf("%d entries, %v", len(list), err)
	}
}

// TestBusyGrant: requests use up nothing that a stop or its log needs.
func TestBusyGrant(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	c := clinician(s)
	c.Daily = 250
	g, token := d.share(c)
	v := view(t, s, token)
	for range 250 {
		if _, err := v.Read(t.Context(), allergyRef, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, err := v.Read(t.Context(), allergyRef, 0)
	wantKind(t, err, record.TooMany)
	if err := d.session().Strike(t.Context(), g.ID); err != nil {
		t.Fatal(err)
	}
	st, _ := s.Status(t.Context())
	for range 300 {
		_, err := s.Open(t.Context(), token)
		wantKind(t, err, record.Unauthorized)
	}
	after, _ := s.Status(t.Context())
	if n := after.Leaves - st.Leaves; n != 200 {
		t.Errorf("%d of 300 refusals are logged, want 200", n)
	}
	before := after.Leaves
	for range 5 { // striking what is struck floods nothing
		if err := d.session().Strike(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ = s.Status(t.Context()); after.Leaves != before+5 { // the five sessions
		t.Errorf("%d leaves for striking again", after.Leaves-before-5)
	}
	// What a request asks for is not the place to write a book in.
	_, token = d.share(clinician(s))
	v = view(t, s, token)
	used := mustUsed(t, s)
	if _, err := v.Read(t.Context(), allergyRefOf(string(bytes.Repeat([]byte("a"), 1<<20))), 0); err == nil {
		t.Error("read something")
	}
	v.Search(t.Context(), &search.Query{Type: string(bytes.Repeat([]byte("A"), 1<<20))}, store.SearchOptions{})
	if n := mustUsed(t, s) - used; n > 4096 {
		t.Errorf("two requests left %d bytes in the log", n)
	}
}

// zeroKeyRow is a row that its device sealed, and that holds a key of zeros.
// docs/format.md, "Grant row".
func zeroKeyRow(d *device, g grant.Grant) []byte {
	var w, outer wire.Builder
	w.Uint(1, 1)
	w.Bytes(2, d.id.Bytes())
	w.Bytes(3, append([]byte{byte(record.Identity)}, make([]byte, 32)...))
	w.Bytes(4, d.audit.Bytes())
	w.Bytes(5, g.Sign(d.identity))
	outer.Bytes(1, w.Finish())
	outer.Bytes(2, nil)
	gk := keys.GrantKey(d.grants, g.ID)
	return gk.Derive(crypto.LabelWrap).Seal(crypto.NewContext(crypto.ContextGrantRow, d.person[:], g.ID[:]), crypto.Pad(outer.Finish()))
}
