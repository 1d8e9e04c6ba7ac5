package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
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

// near is the store as a holder.Server, and remembers what devices sent.
type near struct {
	holdertest.Server
	sent [][]byte // statements that were applied
}

func (n *near) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	r, err := n.Server.Submit(ctx, signed, invite)
	if err == nil {
		n.sent = append(n.sent, slices.Clone(signed))
	}
	return r, err
}

// badgerRows reads all of a closed store's rows as they stand in Badger, and in the
// files beside it that large ones are in (docs/format.md §13).
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
		if it.Item().Key()[0] == 'f' { // how many rows of such a file are in use
			continue
		}
		if it.Item().UserMeta() == 1 {
			at, size := binary.BigEndian.Uint32(v[8:]), binary.BigEndian.Uint32(v[12:])
			v = must[[]byte](t)(os.ReadFile(filepath.Join(dir, "db", "apart", hex.EncodeToString(v[:8])+".rows")))[at:][:size]
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

func signIn(t *testing.T, h *holder.Holder) string {
	t.Helper()
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// secondRow names a row to the second reader, in hexadecimal.
type secondRow struct {
	Partition string `json:"partition"`
	Key       string `json:"key"`
}

// secondStore is a store of this program's: what the second reader is given of it,
// and what that must find.
type secondStore struct {
	rows     map[secondRow]string // their bytes
	commit   string               // Badger's key "a", bytes
	dump     string               // path of the file with all of it
	nodeKey  string
	now      int64
	capsules int

	recovery, deviceKey, passphrase string
	tokens                          []string // revoked, struck, live
	invite, checkpoint              string
	statements, hashes              []string
	slots                           map[string]string // id to kind
	want                            secondRead
	others                          []fixturePerson // that moved
	waiting                         []string
}

// with is the input of a command on the store: the dump, and more.
func (s *secondStore) with(more ...any) map[string]any {
	in := map[string]any{"rows": s.dump, "node_key": s.nodeKey}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	return in
}

// makeSecondStore makes a record with everything the format has in it, and others
// that came here or went away.
func makeSecondStore(t *testing.T) *secondStore {
	dir, s := newStore(t)
	ctx, n := t.Context(), &near{Server: holdertest.Server{Store: s}}
	out := &secondStore{passphrase: "Straße und ﬁnde 1", now: s.Now().Unix()}
	out.invite = must[crypto.Credential](t)(s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)})).Token()
	h, kit, err := holder.Enrol(ctx, n, holder.Enrolment{Invite: out.invite, Passphrase: crypto.SecretString(out.passphrase), Label: "laptop", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	out.recovery, out.deviceKey = strings.ToLower(kit.Recovery.Text()), kit.DeviceKey.Text()
	out.story(t, s, n, h, kit)
	out.find(t, s, n, h)
	for _, signed := range n.sent {
		st := must[statement.Signed](t)(statement.Parse(signed))
		hash := statement.HashOf(st.Body)
		out.statements, out.hashes = append(out.statements, hex.EncodeToString(signed)), append(out.hashes, hex.EncodeToString(hash[:]))
	}

	// Closed, waiting; closed, and carried on.
	out.others = append(movedPeople(t, n.Server), movedPeople(t, n.Server)...)
	out.waiting = []string{out.others[1].Person}
	p := &out.others[3]
	memory := must[holder.Memory](t)(holder.ParseMemory(must[[]byte](t)(hex.DecodeString(p.Memory))))
	went := must[*holder.Holder](t)(holder.Unlock(ctx, n.Server, must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(p.Recovery)).Slot(), memory))
	defer went.Close()
	settleMoved(t, went, *p, false)
	p.State = "carried on"

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	out.write(t, dir)
	return out
}

// story is all that happens to the record.
func (out *secondStore) story(t *testing.T, s *store.Store, n *near, h *holder.Holder, kit *holder.Kit) {
	ctx := t.Context()
	session := func() *store.View {
		v := must[*store.View](t)(n.View(ctx, signIn(t, h)))
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
	put(t, me, `{"resourceType":"Observation","id":"o0","status":"final","code":{"text":"height"},"subject":{"display":"her"}}`) // no far link leads here
	must[[]store.Result](t)(me.Move(ctx, []fhir.Ref{allergyRef}, record.Private))

	prf := []byte(strings.Repeat("\x07", 32))
	if err := h.AddPasskeySlot(ctx, prf, "phone"); err != nil { // epoch 3, for the struck grant
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
	if err := h.Evict(ctx, keep...); err != nil { // generation 1
		t.Fatal(err)
	}
	if err := h.Revoke(ctx, give("Mx Brief", grant.Clinical).Grant.ID); err != nil { // epoch 4: far links
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
	out.tokens = []string{gone.Token, struck.Token, live.Token}
}

// find writes down what the program shows of the record.
func (out *secondStore) find(t *testing.T, s *store.Store, n *near, h *holder.Holder) {
	ctx, want := t.Context(), &out.want
	me := must[*store.View](t)(n.View(ctx, signIn(t, h)))
	t.Cleanup(me.Close)
	want.Entries = secondVersions(t, me)
	token := signIn(t, h)
	for _, e := range must[[]audit.Entry](t)(h.History(ctx, token, 0)) {
		want.Log = append(want.Log, secondEventOf(e))
	}
	head := h.Memory().Head()
	page := must[holder.LogPage](t)(n.Log(ctx, token, head.Size)) // History left leaves behind it, and so does this
	var f audit.Frontier
	all := must[holder.LogPage](t)(n.Log(ctx, token, 0))
	for _, leaf := range all.Leaves {
		f.Append(audit.LeafHash(leaf))
	}
	for i := len(want.Log); i < len(all.Leaves); i++ { // reading the log is in the log
		want.Log = append(want.Log, secondEvent{Index: uint64(i), Writer: "grant", Action: uint16(audit.History), Entries: []string{}, Grants: []string{}})
	}
	if len(page.Leaves) == 0 {
		t.Fatal("reading the log left nothing in it")
	}
	root := f.Root()
	want.Root, want.Size = hex.EncodeToString(root[:]), f.Size
	want.Store, want.Person, want.Patient, want.Verifier = s.ID().String(), h.Person().String(), me.PatientID(), s.Verifier()
	want.Epochs, want.Generations, out.checkpoint = uint64(h.Epoch()), 2, string(all.Checkpoint)
	out.slots = make(map[string]string)
	for _, slot := range h.Slots() {
		out.slots[hex.EncodeToString(slot.ID[:])] = string(slot.Kind)
	}
}

// secondEventOf is an entry of the log as the second reader shows it.
func secondEventOf(e audit.Entry) secondEvent {
	writer := map[audit.Writer]string{audit.ByDevice: "device", audit.ByGrant: "grant", audit.ByNode: "node"}[e.Writer]
	event := secondEvent{Index: e.Index, Writer: writer, Sequence: e.Seq, Action: uint16(e.Event.Action), Outcome: uint16(e.Event.Outcome),
		Reason: uint16(e.Event.Reason), Time: e.Event.Time.UnixMilli(), Text: e.Event.Text, Search: e.Event.Query, Token: e.Event.Token,
		More: e.Event.More, Entries: append([]string{}, e.Event.Entries...), Grants: []string{}}
	if e.Event.Grant != (record.GrantID{}) {
		event.Grant = e.Event.Grant.String()
	}
	for _, g := range e.Event.About {
		event.Grants = append(event.Grants, g.String())
	}
	return event
}

// secondVersions are all versions of all entries, as the program shows them.
func secondVersions(t *testing.T, me *store.View) (list []secondVersion) {
	t.Helper()
	for _, i := range must[[]store.Info](t)(me.List(t.Context())) {
		for version := record.Version(1); version <= i.Version; version++ {
			e, err := me.Read(t.Context(), i.Ref, version)
			if err != nil && record.KindOf(err) != record.Gone {
				t.Fatal(err)
			}
			if err != nil { // the list has the header of the newest version, which is the deleted one
				e = store.Entry{Ref: i.Ref, Version: version, Section: i.Section, Header: i.Header}
			}
			v := secondVersion{Ref: e.Ref.String(), Version: version, Section: e.Section, Deleted: e.Header.Deleted, Time: e.Header.Time.UnixMilli(),
				Source: e.Header.Origin.Source, Filed: e.Header.Moved}
			v.Author.Grant, v.Author.Name, v.Author.Self = e.Header.Author.Grant.String(), e.Header.Author.Name, e.Header.Author.Self
			if err == nil {
				body := wholeBody(t, me, e)
				sum := sha256.Sum256(body)
				v.SHA256, v.Bytes = hex.EncodeToString(sum[:]), len(body)
				if c := e.Header.Content; c != nil {
					v.Content = secondContent{SHA256: hex.EncodeToString(c.SHA256[:]), Bytes: c.Length}
				}
			}
			list = append(list, v)
		}
	}
	slices.SortFunc(list, byRef)
	return list
}

// wholeBody is a version as it is served: a content that is kept apart is in it.
func wholeBody(t *testing.T, v *store.View, e store.Entry) []byte {
	t.Helper()
	if e.Header.Content == nil {
		return e.Body
	}
	var b bytes.Buffer
	if err := must[*store.Content](t)(v.Content(t.Context(), e.Ref, e.Version)).JSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write makes the dump of a store that was closed.
func (out *secondStore) write(t *testing.T, dir string) {
	t.Helper()
	var lines strings.Builder
	line := json.NewEncoder(&lines)
	beside := func(name, value string) {
		must[any](t)(nil, line.Encode(map[string]string{"engine": name, "value": hex.EncodeToString([]byte(value))}))
	}
	out.rows = make(map[secondRow]string)
	for name, value := range badgerRows(t, dir) {
		b := string(must[[]byte](t)(hex.DecodeString(value)))
		if name == "61" {
			out.commit = b
			beside("a", b)
			continue
		}
		row := secondRow{Partition: name[2:34], Key: name[34:]}
		out.rows[row] = b
		if row.Key == "63" {
			out.capsules++
		}
		must[any](t)(nil, line.Encode(map[string]string{"partition": row.Partition, "key": row.Key, "value": value}))
	}
	beside("anchor", string(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "anchor")))))
	out.nodeKey = hex.EncodeToString(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "node.key"))))
	out.dump = filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(out.dump, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// damages are altered bytes, and a missing row, of each kind of row.
func (s *secondStore) damages(t *testing.T) (list []map[string]any) {
	t.Helper()
	people := map[string]string{s.want.Person: "", strings.Repeat("00", 16): "node "}
	for _, p := range s.others {
		people[p.Person] = p.State + " "
	}
	order := func(a, b secondRow) int { return strings.Compare(a.Partition+a.Key, b.Partition+b.Key) }
	kinds := make(map[string]int)
	for _, row := range slices.SortedFunc(maps.Keys(s.rows), order) {
		whose, known := people[row.Partition]
		letter := string(must[[]byte](t)(hex.DecodeString(row.Key[:2])))
		kind := whose + letter
		if whose == "node " {
			kind = whose + row.Key
		}
		every := whose == "" && known && strings.Contains("leb", letter) // of these, all
		switch {
		case whose == "" && letter == "g" && !strings.Contains(s.rows[secondRow{s.want.Person, "76"}], string(must[[]byte](t)(hex.DecodeString(row.Key[2:])))):
			continue // not on the live list: nothing opens by it, and its key is gone
		case whose != "" && strings.Contains("gb", letter) && whose != "node ":
			continue // only their own keys tell
		case kinds[kind] > 0 && !every && (letter != "c" || kinds[kind] > 8):
			continue
		}
		kinds[kind]++
		name := fmt.Sprintf("%s %s/%s", kind, row.Partition, row.Key)
		size := len(s.rows[row])
		for _, at := range []int{0, size / 2, size - 1} {
			list = append(list, map[string]any{"name": fmt.Sprintf("%s altered at %d", name, at), "row": row, "flip": at})
			if every && letter == "l" {
				break
			}
		}
		list = append(list, map[string]any{"name": name + " gone", "row": row, "value": nil})
	}
	for _, kind := range strings.Split("h a v r g b d s e x l c", " ") {
		if kinds[kind] == 0 {
			t.Errorf("the store has no row of kind %s", kind)
		}
	}
	// Near and far links, §9.
	if far := s.rows[secondRow{s.want.Person, "6200000004"}]; len(far) != 2*19*105 {
		t.Errorf("the back row of epoch 4 has %d bytes, and no far links", len(far))
	}
	for _, at := range []int{0, 20, 30, 40, 70, len(s.commit) - 1} {
		list = append(list, map[string]any{"name": fmt.Sprintf("the last commit's record altered at %d", at), "engine": "a", "flip": at})
	}
	return append(list, map[string]any{"name": "the last commit's record gone", "engine": "a", "value": nil},
		map[string]any{"name": "anchor", "engine": "anchor", "value": strings.Repeat("00", 8192)})
}
