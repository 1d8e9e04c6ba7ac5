package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// What follows gives a store that the program made to a second reader, in Python,
// which shares no code with it and follows docs/format.md: what the two disagree
// about, one of them or the document has wrong.

const secondReader = "testdata/second/read.py"

// python finds an interpreter that has the second reader's libraries. In CI,
// where CAREHOLD_NO_SKIP=1, there must be one; CAREHOLD_PYTHON names another
// than python3.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("CAREHOLD_PYTHON")
	if path == "" {
		path = "python3"
	}
	out, err := exec.Command(path, "-c", "import cryptography, argon2, kyber_py").CombinedOutput()
	switch {
	case err == nil:
		return path
	case os.Getenv("CAREHOLD_NO_SKIP") == "1":
		t.Fatalf("no python3 with cryptography, argon2-cffi and kyber-py: %v\n%s", err, out)
	}
	t.Skip("no python3 with cryptography, argon2-cffi and kyber-py to read the store with; CAREHOLD_PYTHON may name one")
	return ""
}

// runSecond runs the second reader.
func runSecond(t *testing.T, interpreter, mode string, in, out any) {
	t.Helper()
	given, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter, secondReader, mode)
	cmd.Stdin = bytes.NewReader(given)
	var said bytes.Buffer
	cmd.Stderr = &said
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("the second reader: %v\n%s", err, said.String())
	}
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
}

// near is the store as a holder.Server, and remembers what devices sent.
type near struct {
	holdertest.Server
	sent []string // statements that were applied, hex
}

func (n *near) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	r, err := n.Server.Submit(ctx, signed, invite)
	if err == nil {
		n.sent = append(n.sent, hex.EncodeToString(signed))
	}
	return r, err
}

// dump is what the second reader is given.
type dump struct {
	Rows       map[string]string `json:"rows"`
	Anchor     string            `json:"anchor"`
	NodeKey    string            `json:"node_key"`
	Recovery   string            `json:"recovery"`
	DeviceKey  string            `json:"device_key"`
	Passphrase string            `json:"passphrase"`
	Tokens     []string          `json:"tokens"`
	Invite     string            `json:"invite"`
	Checkpoint string            `json:"checkpoint"`
	Statements []string          `json:"statements"`
}

type damage struct {
	Name  string  `json:"name"`
	Key   string  `json:"key"`
	Value *string `json:"value"` // nil: the row is gone
}

// secondEntry is one version as the second reader opened it.
type secondEntry struct {
	Ref, Section, Name, Grant, Source, JSON string
	Version                                 record.Version
	Deleted, Moved                          bool
	Time                                    int64
}

type secondEvent struct {
	Index                   uint64
	Writer                  string
	Action, Outcome, Reason uint16
	Time                    int64
	Grant, Text, Query      string
	Entries                 []string
}

type secondRead struct {
	Store, Person, Patient, Root, Verifier string
	Epoch, Generations, Size               uint64
	Slots                                  []string
	Entries                                []secondEntry
	Grants                                 []struct {
		ID, Name   string
		Self, Live bool
		Sections   uint64
		Scopes     []string
		Tokens     int
	}
	Tokens []struct {
		Grant   string
		Opens   bool
		Entries []string
	}
	Log        []secondEvent
	Statements []struct {
		Seq  uint64
		Hash string
	}
}

// badgerRows reads all of a closed store's rows as they stand in Badger.
func badgerRows(t *testing.T, dir string) map[string]string {
	t.Helper()
	db, err := bdb.OpenManaged(bdb.DefaultOptions(filepath.Join(dir, "db")).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := make(map[string]string)
	txn := db.NewTransactionAt(db.MaxVersion(), false)
	defer txn.Discard()
	it := txn.NewIterator(bdb.DefaultIteratorOptions)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			t.Fatal(err)
		}
		all[hex.EncodeToString(it.Item().Key())] = hex.EncodeToString(v)
	}
	return all
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// secondStore makes a record with everything the format has in it, and returns
// its folder, what goes to the second reader and what that should find.
func secondStore(t *testing.T) (d dump, want secondRead) {
	dir, s := newStore(t)
	ctx, n := t.Context(), &near{Server: holdertest.Server{Store: s}}
	const typed = "Straße und ﬁnde 1"
	invite := must[crypto.Credential](t)(s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)})).Token()
	h, kit, err := holder.Enrol(ctx, n, holder.Enrolment{Invite: invite, Passphrase: crypto.SecretString(typed), Label: "laptop", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	session := func() *store.View {
		token, _, err := h.SignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		v := must[*store.View](t)(n.View(ctx, token))
		t.Cleanup(v.Close)
		return v
	}
	give := func(name string, sections record.SectionSet) holder.Issued {
		return must[holder.Issued](t)(h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: name, Organisation: "Elm Road Surgery", Role: "GP"},
			Sections: sections, Scopes: scopes("patient/*.rs"), Purpose: "TREAT", Lasts: time.Hour, Label: "surgery"}))
	}
	// The first generation of keys, and its first epoch.
	me := session()
	put(t, me, allergy)
	put(t, me, low)
	put(t, me, `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Penicillin, schwere \u00dc"},"patient":{"display":"her"}}`)
	large := `{"resourceType":"Binary","id":"b1","contentType":"text/plain","data":"` + strings.Repeat("QUJD", 150_000) + `"}`
	put(t, me, `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Penicillin"},"patient":{"display":"her"}}`)
	put(t, me, large)
	put(t, me, `{"resourceType":"Condition","id":"gone","code":{"text":"entered in error"},"subject":{"display":"her"}}`)
	must[[]store.Result](t)(me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Condition", ID: "gone"}}}, store.ApplyOptions{}))
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"text":"Ada"}]}`), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	must[[]store.Result](t)(me.Apply(ctx, []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: "Patient", ID: me.PatientID()}, Resource: r}},
		store.ApplyOptions{Origin: entry.Origin{Import: crypto.RandomID(), Source: "GP export"}}))

	gone, struck := give("Dr Okafor", grant.Clinical), give("Mr Lee", grant.Clinical)
	v := must[*store.View](t)(n.View(ctx, gone.Token))
	must[store.Entry](t)(v.Read(ctx, allergyRef, 0))
	_, err = v.Read(ctx, fhir.Ref{Type: "Condition", ID: "c1"}, 0)
	wantKind(t, err, record.NotFound)
	v.Close()
	if err := h.Revoke(ctx, gone.Grant.ID); err != nil { // epoch 2
		t.Fatal(err)
	}
	_, err = n.View(ctx, gone.Token)
	wantKind(t, err, record.Unauthorized)
	me = session()
	if err := me.Strike(ctx, struck.Grant.ID); err != nil {
		t.Fatal(err)
	}
	put(t, me, `{"resourceType":"Condition","id":"c1","code":{"text":"better"},"subject":{"display":"her"}}`)
	must[[]store.Result](t)(me.Move(ctx, []fhir.Ref{allergyRef}, record.Private))

	prf := bytes.Repeat([]byte{7}, 32)
	if err := h.AddPasskeySlot(ctx, prf, "phone"); err != nil { // and epoch 3, for the struck grant
		t.Fatal(err)
	}
	phone := must[crypto.Credential](t)(crypto.PasskeySlot(prf))
	if err := h.RemoveSlot(ctx, phone.CapsuleID()); err != nil {
		t.Fatal(err)
	}
	var keep []crypto.CapsuleID
	for _, slot := range h.Slots() {
		keep = append(keep, slot.ID)
	}
	if err := h.Evict(ctx, keep...); err != nil { // epoch 4, generation 1
		t.Fatal(err)
	}
	must[holder.CheckReport](t)(h.CheckNew(ctx, signIn(t, h)))
	live := give("Dr Amara Okafor", grant.Clinical)
	put(t, session(), `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"weight"},"subject":{"display":"her"}}`)

	unlocked, err := holder.Unlock(ctx, n, kit.Recovery.Slot(), h.Memory()) // a leaf of the node's
	if err != nil {
		t.Fatal(err)
	}
	unlocked.Close()
	_, err = n.View(ctx, struck.Token)
	wantKind(t, err, record.Unauthorized)

	me = session()
	for _, i := range must[[]store.Info](t)(me.List(ctx)) {
		for version := record.Version(1); version <= i.Version; version++ {
			e, err := me.Read(ctx, i.Ref, version)
			if err != nil && record.KindOf(err) != record.Gone {
				t.Fatal(err)
			}
			if err != nil {
				e = store.Entry{Ref: i.Ref, Version: version, Section: i.Section, Header: i.Header}
			}
			want.Entries = append(want.Entries, secondEntry{Ref: e.Ref.String(), Version: version, Section: e.Section.String(), Deleted: e.Header.Deleted,
				Name: e.Header.Author.Name, Grant: e.Header.Author.Grant.String(), Source: e.Header.Origin.Source, Moved: e.Header.Moved,
				Time: e.Header.Time.UnixMilli(), JSON: string(e.Body)})
		}
	}
	slices.SortFunc(want.Entries, func(a, b secondEntry) int {
		if c := strings.Compare(a.Ref, b.Ref); c != 0 {
			return c
		}
		return int(a.Version) - int(b.Version)
	})
	token := signIn(t, h)
	for _, e := range must[[]audit.Entry](t)(h.History(ctx, token, 0)) {
		writer := map[audit.Writer]string{audit.ByDevice: "device", audit.ByGrant: "grant", audit.ByNode: "node"}[e.Writer]
		want.Log = append(want.Log, secondEvent{Index: e.Index, Writer: writer, Action: uint16(e.Event.Action), Outcome: uint16(e.Event.Outcome),
			Reason: uint16(e.Event.Reason), Time: e.Event.Time.UnixMilli(), Grant: e.Event.Grant.String(), Text: e.Event.Text, Query: e.Event.Query,
			Entries: append([]string{}, e.Event.Entries...)})
	}
	head := h.Memory().Head()
	page := must[holder.LogPage](t)(n.Log(ctx, token, head.Size)) // History left leaves behind it, and so does this
	var f audit.Frontier
	all := must[holder.LogPage](t)(n.Log(ctx, token, 0))
	for _, leaf := range all.Leaves {
		f.Append(audit.LeafHash(leaf))
	}
	for i := len(want.Log); i < len(all.Leaves); i++ { // reading the log is in the log
		want.Log = append(want.Log, secondEvent{Index: uint64(i), Writer: "grant", Action: uint16(audit.History), Entries: []string{}})
	}
	if len(page.Leaves) == 0 {
		t.Fatal("reading the log left nothing in it")
	}
	root := f.Root()
	want.Root, want.Size = hex.EncodeToString(root[:]), f.Size
	want.Store, want.Person, want.Patient, want.Verifier = s.ID().String(), h.Person().String(), me.PatientID(), s.Verifier()
	want.Epoch, want.Generations, want.Slots = uint64(h.Epoch()), 2, []string{"P", "R"}

	d = dump{Recovery: strings.ToLower(kit.Recovery.Text()), DeviceKey: kit.DeviceKey.Text(), Passphrase: typed,
		Tokens: []string{gone.Token, struck.Token, live.Token}, Invite: invite, Checkpoint: string(all.Checkpoint), Statements: n.sent}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d.Rows = badgerRows(t, dir)
	d.Anchor = hex.EncodeToString(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "anchor"))))
	d.NodeKey = hex.EncodeToString(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "node.key"))))
	return d, want
}

func signIn(t *testing.T, h *holder.Holder) string {
	t.Helper()
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// damages are one altered byte, and one missing row, of each kind of row.
func damages(t *testing.T, d dump, person string) (list []damage) {
	t.Helper()
	kinds := make(map[string]bool)
	for _, key := range slices.Sorted(maps.Keys(d.Rows)) {
		value, name := d.Rows[key], "commit record"
		switch {
		case key == "61":
		case strings.HasPrefix(key, "72"+person):
			name = string(must[[]byte](t)(hex.DecodeString(key[34:36])))
		case strings.HasPrefix(key, "72"+strings.Repeat("00", 16)):
			name = "node " + key[34:]
		default:
			name = "c"
		}
		if kinds[name] && name != "l" && name != "e" { // of these, all
			continue
		}
		if name == "g" && !strings.Contains(d.Rows["72"+person+"76"], key[36:]) {
			continue // not on the live list: nothing opens by it, and its key is gone
		}
		kinds[name] = true
		for _, at := range []int{0, len(value) / 4, len(value)/2 - 1} {
			b := must[[]byte](t)(hex.DecodeString(value))
			b[at] ^= 1
			altered := hex.EncodeToString(b)
			list = append(list, damage{Name: fmt.Sprintf("%s %s altered at %d", name, key, at), Key: key, Value: &altered})
			if name == "l" {
				break
			}
		}
		// Without a mark a clock has the anchor's time, and nobody misses the capsule
		// of a session.
		if name != "node 6d63" && name != "c" {
			list = append(list, damage{Name: name + " " + key + " gone", Key: key})
		}
	}
	for _, kind := range strings.Split("h a v r g b d s e x l c", " ") {
		if !kinds[kind] {
			t.Errorf("the record has no row of kind %s", kind)
		}
	}
	empty := strings.Repeat("00", len(d.Anchor)/2)
	return append(list, damage{Name: "anchor", Key: "anchor", Value: &empty})
}

// TestSecondReader: a second implementation, after docs/format.md, opens all that
// this one wrote, and refuses it where a byte is altered.
func TestSecondReader(t *testing.T) {
	interpreter := python(t)
	if testing.Short() {
		t.Skip("makes and reads a whole record twice")
	}
	d, want := secondStore(t)
	bad := damages(t, d, want.Person)
	sound := bad[0] // with its own value: what refuses everything shows nothing
	own := d.Rows[sound.Key]
	sound.Name, sound.Value = "no damage", &own
	var out struct {
		Read    secondRead
		Damages map[string]string
	}
	runSecond(t, interpreter, "store", map[string]any{"dump": d, "damages": append(bad, sound)}, &out)
	got := out.Read
	for name, pair := range map[string][2]any{
		"store": {got.Store, want.Store}, "person": {got.Person, want.Person}, "patient": {got.Patient, want.Patient},
		"root": {got.Root, want.Root}, "size": {got.Size, want.Size}, "verifier": {got.Verifier, want.Verifier},
		"epoch": {got.Epoch, want.Epoch}, "generations": {got.Generations, want.Generations},
		"slots":      {strings.Join(got.Slots, ""), strings.Join(want.Slots, "")},
		"statements": {len(got.Statements), len(d.Statements)}, "entries": {len(got.Entries), len(want.Entries)}, "leaves": {len(got.Log), len(want.Log)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: the second reader has %v, the program %v", name, pair[0], pair[1])
		}
	}
	if t.Failed() {
		return
	}
	for i, w := range want.Entries {
		g := got.Entries[i]
		if w.Deleted { // the list has the header of the newest version, which is the deleted one
			w.JSON = ""
		}
		if g != w {
			g.JSON, w.JSON = cut(g.JSON), cut(w.JSON)
			t.Errorf("version %d:\n second %+v\nprogram %+v", i, g, w)
		}
	}
	for i, w := range want.Log {
		g := got.Log[i]
		if w.Time == 0 {
			w.Time, w.Grant = g.Time, g.Grant
		}
		if !slices.Equal(g.Entries, w.Entries) {
			t.Errorf("leaf %d: the second reader has %q, the program %q", i, g.Entries, w.Entries)
		}
		g.Entries, w.Entries = nil, nil
		if b, c := must[[]byte](t)(json.Marshal(g)), must[[]byte](t)(json.Marshal(w)); !bytes.Equal(b, c) {
			t.Errorf("leaf %d:\n second %s\nprogram %s", i, b, c)
		}
	}
	if len(got.Tokens) != 3 || got.Tokens[0].Opens || got.Tokens[1].Opens || !got.Tokens[2].Opens {
		t.Errorf("of a revoked, a struck and a live token: %+v", got.Tokens)
	} else if seen := got.Tokens[2].Entries; slices.Contains(seen, "Condition/c1") || slices.Contains(seen, "AllergyIntolerance/a1") ||
		!slices.Contains(seen, "Observation/o1") || !slices.Contains(seen, "Binary/b1") {
		t.Errorf("with the live token alone the second reader sees %q", seen)
	}
	names := make(map[string]bool)
	for _, g := range got.Grants {
		names[g.Name] = g.Live
	}
	if !maps.Equal(names, map[string]bool{"Ada": true, "Dr Okafor": false, "Mr Lee": false, "Dr Amara Okafor": true}) {
		t.Errorf("grants: %v", names)
	}
	if why := out.Damages[sound.Name]; why != "" {
		t.Errorf("the second reader refused a sound store: %s", why)
	}
	refused := 0
	for _, b := range bad {
		if out.Damages[b.Name] == "" {
			t.Errorf("the second reader took a store with: %s", b.Name)
		} else {
			refused++
		}
	}
	t.Logf("%d versions, %d leaves, %d statements read; %d damaged stores refused", len(got.Entries), len(got.Log), len(got.Statements), refused)
}

func cut(s string) string { return s[:min(len(s), 200)] }

// formatExamples reads the examples of docs/format.md.
func formatExamples(t *testing.T) map[string]string {
	t.Helper()
	b := must[[]byte](t)(os.ReadFile("../../docs/format.md"))
	_, text, found := strings.Cut(string(b), "```examples\n")
	text, _, closed := strings.Cut(text, "```")
	if !found || !closed {
		t.Fatal("docs/format.md has no examples")
	}
	all, name := make(map[string]string), ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if value, more := strings.CutPrefix(line, "  "); more {
			all[name] += value
		} else {
			name = line
		}
	}
	return all
}

// TestFormatExamples: the examples in docs/format.md are what the program makes, and
// what the second reader makes.
func TestFormatExamples(t *testing.T) {
	ex := formatExamples(t)
	used := make(map[string]bool)
	get := func(name string) []byte {
		t.Helper()
		v, there := ex[name]
		if !there {
			t.Fatalf("docs/format.md has no example %q", name)
		}
		used[name] = true
		if strings.HasPrefix(v, `"`) {
			var text string
			if err := json.Unmarshal([]byte(v), &text); err != nil {
				t.Fatal(err)
			}
			return []byte(text)
		}
		return must[[]byte](t)(hex.DecodeString(v))
	}
	same := func(name string, got []byte) {
		t.Helper()
		if !bytes.Equal(get(name), got) {
			t.Errorf("%s: the program has %x", name, got)
		}
	}
	key := func(b byte) crypto.Key {
		return must[crypto.Key](t)(crypto.KeyFrom(bytes.Repeat([]byte{b}, crypto.KeySize)))
	}
	idKey, audits, grants, node := key(0x41), key(0x61), key(0x66), key(0x71)
	epoch := keys.EpochKey{Epoch: 1, Key: key(0x51)}
	identity := crypto.NewSigningKey(key(0x65))
	person := record.PersonID(crypto.PersonOf(identity.Public()))
	var g record.GrantID
	var st record.StoreID
	for i := range g {
		g[i], st[i] = 0x21, 0x12
	}
	at := time.Unix(1795269720, 0).UTC()

	same("KDF(41^32, entry-id, Patient, p1)", idKey.Derive(crypto.LabelEntryID, []byte("Patient"), []byte("p1")).Bytes())
	sk := epoch.Key.Derive(crypto.LabelSection, []byte{4})
	same("KDF(51^32, section, 04)", sk.Bytes())
	mac := node.MAC(crypto.LabelMark, crypto.U64(5))
	same("MAC(71^32, clock-mark, u64(5))", mac[:])
	same("person of identity seed 65^32", person[:])

	// A context has no way out of its package; it is what the blob opens under.
	ctx := crypto.NewContext(crypto.ContextPrev, person[:], []byte{4}, crypto.U32(2))
	lp := func(fields ...[]byte) (b []byte) {
		for _, f := range fields {
			b = append(append(b, crypto.U32(uint32(len(f)))...), f...)
		}
		return b
	}
	same("ctx (prev, person, section 4, epoch 2)", lp([]byte("prev"), person[:], []byte{4}, crypto.U32(2)))
	for _, suite := range []string{"1", "2"} {
		plain, err := idKey.Open(ctx, get("Seal(41^32, ctx, hello), suite "+suite+", salt 00..17"))
		if err != nil || string(plain) != "hello" {
			t.Errorf("suite %s: %q, %v", suite, plain, err)
		}
	}
	token, err := crypto.ParseToken(string(get("token a, secret 01^32")))
	if err != nil {
		t.Fatal(err)
	}
	c := token.CapsuleKey()
	same("its capsule id", c.ID[:])
	same("its KEK", c.KEK.Bytes())
	code := must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(string(get("recovery code of 01 02 .. 14"))))
	slot := must[crypto.Key](t)(crypto.KeyFrom(get("secret of its slot")))
	if id := code.Slot().CapsuleID(); id != slot.ID(crypto.LabelCapsuleID, []byte{'R'}) {
		t.Error("the recovery code has another slot")
	}

	// An entry, as a grant's hold opens it.
	full := grant.Grant{ID: g, Person: person, Self: true, To: grant.Party{Name: "you"}, Sections: record.AllSections,
		Scopes: scopes("patient/*.cruds"), Purpose: "PATRQT", From: at.Add(-2 * time.Minute), Daily: 1_000_000}
	same("certificate", full.Sign(identity))
	row, err := keys.OpenGrantRow(person, g, keys.GrantKey(grants, g), keys.SealGrantRow(full, full.Sign(identity), epoch, idKey, grants, audits))
	if err != nil {
		t.Fatal(err)
	}
	id := row.Hold.EntryID("AllergyIntolerance", "a1")
	same("entry id of AllergyIntolerance/a1", id[:])
	first := get("row 0 of version 1, suite 2, salt 00..17")
	if !bytes.Equal(first[:32], make([]byte, 32)) {
		t.Error("there is a version before the first")
	}
	kept, first := first, first[32:]
	same("hint, section 4, epoch 1, stamp 1", first[:12])
	if s, e, ok := row.Hold.Recognise(id, 1, first); !ok || s != record.Allergies || e != 1 {
		t.Errorf("recognised as section %v, epoch %d, %v", s, e, ok)
	}
	plain, err := row.Hold.OpenEntry(record.Allergies, 1, id, 1, [][]byte{first})
	if err != nil {
		t.Fatal(err)
	}
	same("plaintext", plain)
	same("plaintext", entry.Marshal(entry.Header{Type: "AllergyIntolerance", ID: "a1", Time: at, Why: "type:AllergyIntolerance",
		Author: entry.Author{Grant: g, Self: true, Name: "you"}}, []byte(`{"resourceType":"AllergyIntolerance","id":"a1"}`)))
	same("its row key", append(append([]byte{'e'}, id[:]...), crypto.U64(^uint64(1))...))
	sum := sha256.Sum256(kept)
	same("its line in the directory", append(append(id[:], crypto.U64(1)...), sum[:]...))
	same("GK_g of K_grants 66^32", keys.GrantKey(grants, g).Bytes())
	same("AK_g of K_audit 61^32", keys.AuditKey(audits, g).Bytes())

	// A statement.
	fill := func(b byte) (a [32]byte) { return [32]byte(bytes.Repeat([]byte{b}, 32)) }
	body := statement.Body{Person: person, Store: st, Seq: 2, Prev: fill(0x31), Seen: statement.Head{Size: 7, Root: fill(0x34)}, Time: at,
		CutSlots: []crypto.CapsuleID{crypto.CapsuleID(bytes.Repeat([]byte{0x72}, 16))},
		Slots:    []statement.Slot{{ID: crypto.CapsuleID(bytes.Repeat([]byte{0x73}, 16)), Wrap: []byte("wrap")}},
		Ring:     []byte("keyring"), Leaf: append(append([]byte{1}, crypto.U64(2)...), "leaf"...)}
	same("statement body (stand-ins for wrap, keyring, leaf)", body.Marshal())
	hash := statement.HashOf(body.Marshal())
	same("its hash", hash[:])
	same("its signature by 65^32", statement.Sign(body, identity).Signature)

	// A leaf, the tree, its checkpoint.
	mark := c.ID[:4]
	ev := audit.Event{Time: at, Action: audit.Read, Grant: g, Entries: []string{"AllergyIntolerance/a1/_history/1"},
		Token: uint32(mark[0])<<24 | uint32(mark[1])<<16 | uint32(mark[2])<<8 | uint32(mark[3])}
	same("event", ev.Marshal())
	leaf := get("leaf 2, suite 2, salt 00..17")
	r := audit.NewReader(person)
	r.AddGeneration(audits, []record.GrantID{g})
	if e, err := r.Open(2, leaf); err != nil || !bytes.Equal(e.Event.Marshal(), ev.Marshal()) {
		t.Errorf("the leaf opens as %+v, %v", e, err)
	}
	leafHash := audit.LeafHash(leaf)
	same("its leaf hash", leafHash[:])
	var f audit.Frontier
	for _, l := range [][]byte{[]byte("zero"), []byte("one"), leaf} {
		f.Append(audit.LeafHash(l))
	}
	same("peaks of the tree of leaves zero, one, leaf 2", f.Marshal())
	root := f.Root()
	same("its root", root[:])
	signer := must[*audit.NodeSigner](t)(audit.NewNodeSigner(st, node))
	same("verifier key of node.key 71^32", []byte(signer.Verifier()))
	same("checkpoint of that tree", must[[]byte](t)(signer.Sign(person, f.Head())))

	for name := range ex {
		if !used[name] {
			t.Errorf("nobody checked the example %q", name)
		}
	}
	t.Run("second", func(t *testing.T) {
		var second map[string]string
		runSecond(t, python(t), "examples", nil, &second)
		if !maps.Equal(second, ex) {
			t.Error("docs/format.md has other examples than read.py examples prints")
		}
	})
}
