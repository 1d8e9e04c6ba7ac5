package backup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/rows"
	"carehold/record/statement"
)

// node is a server that makes backups.
type node struct {
	t      testing.TB
	store  record.StoreID
	signer *audit.NodeSigner
	second *int64 // of its last backup
}

func newNode(t testing.TB, name byte) node {
	t.Helper()
	s := record.StoreID(bytes.Repeat([]byte{name}, 16))
	signer, err := audit.NewNodeSigner(s, crypto.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	second := int64(4)
	return node{t, s, signer, &second}
}

// person is a record made by hand: one entry, one log entry, one slot.
type person struct {
	id    record.PersonID
	rows  map[string][]byte
	head  rows.Head
	slot  record.Capsule
	extra [][2][]byte // rows that are written as they stand, after the others
}

func newPerson(name byte, leaves ...string) *person {
	p := &person{id: record.PersonID{name}, rows: make(map[string][]byte), slot: record.Capsule{ID: crypto.CapsuleID{name, 9}, Blob: []byte("capsule")}}
	row0 := append(binary.BigEndian.AppendUint32(make([]byte, 12), 1), "sealed"...)
	kept, sum := rows.Chain(rows.Hash{}, row0)
	id, at := record.EntryID{name}, rows.NewStamp(0, 1)
	p.rows[string(rows.EntryKey(id, at))] = kept
	segment := rows.MarshalSegment([]rows.Line{{Entry: id, Stamp: at, Hash: sum}})
	var d rows.Directory
	n := rows.SegmentOf(id)
	d[n] = rows.HashOf(segment)
	p.rows[string(rows.SegmentKey(n, d[n]))] = segment
	p.rows["d"] = d.Marshal()
	p.rows["a"] = rows.Account{Box: crypto.NewBoxKey(crypto.NewKey()).Public().Bytes(), Seq: 1}.Marshal()
	p.rows["r"] = rows.Ring{Seq: 1, Slots: []statement.Slot{{ID: p.slot.ID, Wrap: []byte("wrap")}}, Blob: []byte("keyring")}.Marshal()
	for i, leaf := range leaves {
		p.rows[string(rows.LeafKey(uint64(i)))] = []byte(leaf)
		p.head.Log.Append(audit.LeafHash([]byte(leaf)))
	}
	p.head.Account, p.head.Ring, p.head.Dir = rows.HashOf(p.rows["a"]), rows.HashOf(p.rows["r"]), rows.DirRoot(p.rows["d"])
	p.rows["h"] = append(make([]byte, rows.HeadMACSize), p.head.Marshal()...)
	return p
}

// write writes a backup of people, of whom only some rows may be given.
func (n node) write(from uint64, base rows.Hash, to uint64, people ...*person) ([]byte, rows.Hash) {
	n.t.Helper()
	var b bytes.Buffer
	*n.second++
	must := func(err error) {
		if err != nil {
			n.t.Fatal(err)
		}
	}
	w, err := NewWriter(&b, Header{Store: n.store, Format: 2, Verifier: n.signer.Verifier(), Time: time.Unix(*n.second, 0), From: from, Base: base})
	must(err)
	for _, p := range people {
		for _, key := range slices.Sorted(maps.Keys(p.rows)) {
			must(w.Row(p.id, []byte(key), p.rows[key]))
		}
		for _, x := range p.extra {
			must(w.Row(p.id, x[0], x[1]))
		}
		if p.rows["r"] != nil {
			must(w.Capsule(p.slot))
		}
		cp, err := n.signer.Sign(p.id, p.head.Log.Head())
		must(err)
		head := append(make([]byte, rows.HeadMACSize), p.head.Marshal()...)
		must(w.Last(Last{Person: p.id, Head: rows.HashOf(head), Epoch: 1, Checkpoint: cp}))
	}
	sum, err := w.End(to, n.signer.SignBackup)
	must(err)
	return b.Bytes(), sum
}

// all reads to the end, and says what stopped it.
func all(b []byte) (frames int, err error) {
	r, err := NewReader(bytes.NewReader(b))
	for err == nil {
		if _, err = r.Next(); err == nil {
			frames++
		}
	}
	return frames, err
}

func TestFramesThereAndBack(t *testing.T) {
	n := newNode(t, 1)
	p := newPerson(7, "one", "two", "three")
	b, sum := n.write(0, rows.Hash{}, 42, newPerson(3, "x"), p)
	r, err := NewReader(bytes.NewReader(b))
	if err != nil || r.Header().Store != n.store || !r.Header().Full() || r.Header().Verifier != n.signer.Verifier() {
		t.Fatalf("%+v, %v", r, err)
	}
	got := make(map[string][]byte)
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Person == p.id && f.Key != nil {
			got[string(f.Key)] = bytes.Clone(f.Value)
		}
	}
	if !maps.EqualFunc(got, p.rows, bytes.Equal) {
		t.Errorf("%d rows, want %d", len(got), len(p.rows))
	}
	if r.End().Sum != sum || r.End().To != 42 {
		t.Errorf("%+v", r.End())
	}
}

// frame writes one by hand.
func frame(kind byte, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(b))), b...)
}

// split takes a backup apart into its frames.
func split(b []byte) (list [][]byte) {
	for len(b) > 0 {
		n := frameHead + int(binary.BigEndian.Uint32(b[1:]))
		list, b = append(list, b[:n]), b[n:]
	}
	return list
}

// signed puts frames together and signs them, however they are.
func (n node) signed(to uint64, count uint64, frames ...[]byte) []byte {
	b := bytes.Join(frames, nil)
	e := End{Rows: count, Sum: rows.HashOf(b), To: to}
	e.Note, _ = n.signer.SignBackup(to, e.Sum)
	return append(b, frame(frameEnd, e.marshal())...)
}

// TestReaderRefuses: a server that signs what Writer would not write is refused too.
func TestReaderRefuses(t *testing.T) {
	n, other := newNode(t, 1), newNode(t, 2)
	good, _ := n.write(0, rows.Hash{}, 9, newPerson(3, "x"), newPerson(7, "y"))
	fs := split(good)
	if _, err := all(good); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	count := uint64(0)
	for _, f := range fs {
		if f[0] == frameRow || f[0] == frameCapsule {
			count++
		}
	}
	body := fs[:len(fs)-1]
	if again := n.signed(9, count, body...); !bytes.Equal(again, good) {
		t.Fatal("frames are not put together as they were")
	}
	with := func(change func(fs [][]byte) [][]byte) [][]byte { return change(slices.Clone(body)) }
	rowOf := func(id byte, key string, value string) []byte {
		p := record.PersonID{id}
		return frame(frameRow, p[:], binary.BigEndian.AppendUint16(nil, uint16(len(key))), []byte(key), []byte(value))
	}
	lastAt := slices.IndexFunc(body, func(f []byte) bool { return f[0] == frameLast })
	forged, _ := other.signer.Sign(record.PersonID{3}, statement.Head{})
	for name, c := range map[string]struct {
		frames [][]byte
		count  uint64
	}{
		"no header":               {body[1:], count},
		"the header twice":        {with(func(f [][]byte) [][]byte { return slices.Insert(f, 1, f[0]) }), count},
		"a row twice":             {with(func(f [][]byte) [][]byte { return slices.Insert(f, 1, f[1]) }), count + 1},
		"two rows changed round":  {with(func(f [][]byte) [][]byte { f[1], f[2] = f[2], f[1]; return f }), count},
		"a person without an end": {with(func(f [][]byte) [][]byte { return slices.Delete(f, lastAt, lastAt+1) }), count},
		"the last without an end": {body[:len(body)-1], count},
		"an end twice":            {with(func(f [][]byte) [][]byte { return slices.Insert(f, lastAt, f[lastAt]) }), count},
		"people changed round":    {append(append([][]byte{body[0]}, body[lastAt+1:]...), body[1:lastAt+1]...), count},
		"one row less":            {with(func(f [][]byte) [][]byte { return slices.Delete(f, 1, 2) }), count},
		"a live list":             {with(func(f [][]byte) [][]byte { return slices.Insert(f, lastAt-1, rowOf(3, "v", "live")) }), count + 1},
		"a grant":                 {with(func(f [][]byte) [][]byte { return slices.Insert(f, 4, rowOf(3, "g"+strings.Repeat("x", 16), "grant")) }), count + 1},
		"the node's own row":      {with(func(f [][]byte) [][]byte { return slices.Insert(f, 1, rowOf(0, "h", "x")) }), count + 1},
		"a key of another length": {with(func(f [][]byte) [][]byte { return slices.Insert(f, 1, rowOf(3, "aa", "x")) }), count + 1},
		"a key longer than the row": {with(func(f [][]byte) [][]byte {
			p := record.PersonID{3}
			return slices.Insert(f, 1, frame(frameRow, p[:], []byte{0xff, 0xff}, []byte("a")))
		}), count + 1},
		"a row after a capsule":    {with(func(f [][]byte) [][]byte { f[lastAt-1], f[lastAt-2] = f[lastAt-2], f[lastAt-1]; return f }), count},
		"a capsule before anybody": {with(func(f [][]byte) [][]byte { return slices.Insert(f, 1, body[lastAt-1]) }), count + 1},
		"a token's capsule": {with(func(f [][]byte) [][]byte {
			f[lastAt-1] = frame(frameCapsule, make([]byte, 16), []byte{0, 0, 0, 1}, []byte("blob"))
			return f
		}), count},
		"more capsules than a record has slots": {with(func(f [][]byte) [][]byte {
			for i := range statement.MaxSlots {
				f = slices.Insert(f, lastAt+i, frame(frameCapsule, bytes.Repeat([]byte{0xf0 + byte(i/16)}, 15), []byte{byte(i)}, make([]byte, 4), []byte("blob")))
			}
			return f
		}), count + statement.MaxSlots},
		"an unknown kind": {with(func(f [][]byte) [][]byte { return slices.Insert(f, 1, frame('X', []byte("?"))) }), count},
		"another's checkpoint": {with(func(f [][]byte) [][]byte {
			f[lastAt] = frame(frameLast, Last{Person: record.PersonID{3}, Head: rows.Hash{1}, Epoch: 1, Checkpoint: forged}.marshal())
			return f
		}), count},
	} {
		if _, err := all(n.signed(9, c.count, c.frames...)); !errors.Is(err, record.Integrity) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bodyBytes := bytes.Join(body, nil)
	twin, _ := n.write(0, rows.Hash{}, 9, newPerson(3, "x"), newPerson(7, "z"))
	twinEnd := split(twin)[len(fs)-1]
	before, after := new(runtime.MemStats), new(runtime.MemStats)
	runtime.ReadMemStats(before)
	if _, err := all(append(bytes.Clone(body[0]), frameRow, 0xff, 0xff, 0xff, 0xff)); err == nil {
		t.Error("a frame of 4 GiB")
	}
	runtime.ReadMemStats(after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes are made for a frame that only says it is long", grown)
	}
	for name, b := range map[string][]byte{
		"no end":                   bodyBytes,
		"signed by another":        other.signed(9, count, body...),
		"another to":               append(bytes.Clone(bodyBytes), bytes.Replace(fs[len(fs)-1], []byte{0, 0, 0, 0, 0, 0, 0, 9}, []byte{0, 0, 0, 0, 0, 0, 0, 8}, 1)...),
		"the end of another":       append(bytes.Clone(bodyBytes), twinEnd...),
		"frames after the end":     append(bytes.Clone(good), fs[1]...),
		"a frame too long":         append(bytes.Clone(body[0]), frameRow, 0xff, 0xff, 0xff, 0xff),
		"an end longer than usual": append(bytes.Clone(bodyBytes), frame(frameEnd, make([]byte, maxSmall+1))...),
		"nothing":                  nil,
		"something else":           []byte("this is no backup of anything at all"),
	} {
		if _, err := all(b); !errors.Is(err, record.Integrity) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := Header{Store: n.store, Verifier: n.signer.Verifier()}.marshal()
	h[13] = 2 // the version
	if _, err := NewReader(bytes.NewReader(frame(frameHeader, h))); !errors.Is(err, record.Unsupported) {
		t.Errorf("a later version: %v", err)
	}
	h = Header{Store: n.store, Verifier: other.signer.Verifier()}.marshal()
	if _, err := NewReader(bytes.NewReader(frame(frameHeader, h))); !errors.Is(err, record.Integrity) {
		t.Errorf("another server's key: %v", err)
	}
}

// TestTooManyVersions: whoever has more versions than are verified has a finding, and
// nobody else; and no more of them is remembered.
func TestTooManyVersions(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows")
	}
	n := newNode(t, 1)
	p, other := newPerson(3, "x"), newPerson(7, "y")
	for i := range uint64(rows.MaxVersions) {
		id := record.EntryID{4}
		binary.BigEndian.PutUint64(id[8:], i)
		p.rows[string(rows.EntryKey(id, rows.NewStamp(0, 1)))] = make([]byte, 33)
	}
	b, _ := n.write(0, rows.Hash{}, 9, p, other)
	p.rows = nil
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := Verify(t.Context(), []*Reader{r}, nil)
	if err != nil || out.People != 2 || out.Damage != 1 || out.Damaged[0].Person != p.id || out.Damaged[0].Findings[0].Part != rows.PartVersions {
		t.Errorf("%v, %+v", err, out)
	}
}

// TestLargestSegment: the largest row of a segment fits a frame, and one line more
// does not.
func TestLargestSegment(t *testing.T) {
	for more, want := range []bool{true, false} {
		row := rows.MarshalSegment(make([]rows.Line, rows.MaxLines+more))
		key := rows.SegmentKey(63, rows.HashOf(row))
		w, err := NewWriter(io.Discard, Header{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Row(record.PersonID{1}, key, row); (err == nil) != want || Fits(key, row) != want {
			t.Errorf("%d lines: %v, fits: %v", rows.MaxLines+more, err, Fits(key, row))
		}
	}
}

// TestMerge: the newest row of each key is given, once, in order, of whom the
// last backup has.
func TestMerge(t *testing.T) {
	n := newNode(t, 1)
	a, b, gone := newPerson(1, "one"), newPerson(5, "other"), newPerson(3, "gone")
	full, sum := n.write(0, rows.Hash{}, 10, a, gone, b)
	a2 := newPerson(1, "one", "two")
	a2.rows["a"], a2.rows["r"] = a.rows["a"], a.rows["r"]
	a2.head.Account, a2.head.Ring = a.head.Account, a.head.Ring
	a2.rows = map[string][]byte{"h": append(make([]byte, rows.HeadMACSize), a2.head.Marshal()...), string(rows.LeafKey(1)): []byte("two")}
	unchanged := &person{id: b.id, head: b.head}
	fresh := newPerson(9, "new")
	incr, _ := n.write(10, sum, 12, a2, unchanged, fresh)
	var ids []string
	report := func(chain ...[]byte) (Report, error) {
		var rs []*Reader
		for _, c := range chain {
			r, err := NewReader(bytes.NewReader(c))
			if err != nil {
				t.Fatal(err)
			}
			rs = append(rs, r)
		}
		ids = nil
		var out Report
		err := Merge(t.Context(), rs, &Checker{Found: func(p Person) error {
			ids = append(ids, fmt.Sprintf("%d:%d", p.ID[0], p.Leaves))
			out.Add(p.ID, p.Verified)
			return nil
		}})
		return out, err
	}
	out, err := report(full, incr)
	if got := strings.Join(ids, " "); err != nil || out.Damage != 0 || got != "1:2 5:1 9:1" {
		t.Errorf("%s: %+v, %v", got, out, err)
	}
	out, err = report(full)
	if got := strings.Join(ids, " "); err != nil || out.Damage != 0 || got != "1:1 3:1 5:1" {
		t.Errorf("%s: %+v, %v", got, out, err)
	}
	otherSum := sum
	otherSum[0] ^= 1
	mixed, _ := n.write(10, otherSum, 12, a2, unchanged, fresh)
	if _, err = report(full, mixed); !errors.Is(err, record.Integrity) {
		t.Errorf("an increment of another backup with the same number: %v", err)
	}

	// A row that is missing everywhere, or is another, is damage and is told.
	for key := range a.rows {
		if key == "h" {
			continue
		}
		harmed := newPerson(1, "one")
		harmed.rows, harmed.head = maps.Clone(a.rows), a.head
		delete(harmed.rows, key)
		lone, _ := n.write(0, rows.Hash{}, 10, harmed)
		if out, err := report(lone); err != nil || out.Damage == 0 {
			t.Errorf("without %x: %+v, %v", key, out, err)
		}
		harmed.rows[key] = append(bytes.Clone(a.rows[key]), 0)
		lone, _ = n.write(0, rows.Hash{}, 10, harmed)
		if out, err := report(lone); err != nil || out.Damage == 0 {
			t.Errorf("another %x: %+v, %v", key, out, err)
		}
	}
	shorter := newPerson(1)
	shorter.rows, shorter.head = maps.Clone(a.rows), a.head
	shorter.rows["h"] = append(make([]byte, rows.HeadMACSize), rows.Head{Dir: a.head.Dir, Account: a.head.Account, Ring: a.head.Ring}.Marshal()...)
	lone, _ := n.write(0, rows.Hash{}, 10, shorter)
	if out, err := report(lone); err != nil || out.Damage == 0 {
		t.Errorf("another head than K's: %+v, %v", out, err)
	}
	later := newPerson(1, "one")
	later.rows, later.head = maps.Clone(a.rows), a.head
	h := a.head
	h.Time = time.Unix(99, 0)
	later.rows["h"] = append(make([]byte, rows.HeadMACSize), h.Marshal()...)
	lone, _ = n.write(0, rows.Hash{}, 10, later)
	if out, err := report(lone); err != nil || out.Damage != 1 || out.Damaged[0].Findings[0].Part != rows.PartHead {
		t.Errorf("a head of another time: %+v, %v", out, err)
	}
	cp, _ := n.signer.Sign(a.id, statement.Head{Size: 1, Root: [32]byte{1}})
	frames := split(full)[:1+len(a.rows)+1]
	frames = append(frames, frame(frameLast, Last{Person: a.id, Head: rows.HashOf(a.rows["h"]), Epoch: 1, Checkpoint: cp}.marshal()))
	if out, err := report(n.signed(10, uint64(len(a.rows)+1), frames...)); err != nil || out.Damage != 1 || out.Damaged[0].Findings[0].Part != rows.PartLog {
		t.Errorf("a checkpoint of another log: %+v, %v", out, err)
	}
}

func TestNames(t *testing.T) {
	h := Header{Store: record.StoreID{0xab, 0xcd, 0xef, 0x01}, Time: time.Date(2026, 11, 22, 3, 4, 5, 6, time.UTC)}
	const want = "carehold-abcdef01-20261122T030405Z-77-full.age"
	if got := NameOf(h, 77).String(); got != want {
		t.Error(got)
	}
	if n, ok := ParseName(want); !ok || n != NameOf(h, 77) || !n.IsOf(h.Store) {
		t.Errorf("%+v %v", n, ok)
	}
	for _, bad := range []string{"", "carehold.age", want + ".part", strings.ToUpper(want), strings.Replace(want, "77", "077", 1), strings.Replace(want, "1122", "1322", 1)} {
		if _, ok := ParseName(bad); ok {
			t.Errorf("%q is a name", bad)
		}
	}
}

func keyOf(t testing.TB) (Identity, string) {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i, i.Recipient().String()
}

// seal encrypts a backup into a file.
func seal(t testing.TB, dir, name string, b []byte, to ...string) string {
	t.Helper()
	list, err := Recipients(to)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := Encrypt(&out, list)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChainInFiles: a chain is found by its newest file or its folder, opens for
// each of the recipients, and for nobody else.
func TestChainInFiles(t *testing.T) {
	n := newNode(t, 1)
	dir := t.TempDir()
	k1, r1 := keyOf(t)
	k2, r2 := keyOf(t)
	k3, _ := keyOf(t)
	p := newPerson(1, "one")
	again := &person{id: p.id, head: p.head}
	full, sum := n.write(0, rows.Hash{}, 10, p)
	incr, sum2 := n.write(10, sum, 12, again)
	incr2, _ := n.write(12, sum2, 12, again)
	name := func(second int, to uint64, full bool) string {
		return Name{n.store.String()[:8], time.Date(1970, 1, 1, 0, 0, second, 0, time.UTC), to, full}.String()
	}
	f1 := seal(t, dir, name(5, 10, true), full, r1, r2)
	f2 := seal(t, dir, name(6, 12, false), incr, r1, r2)
	f3 := seal(t, dir, name(7, 12, false), incr2, r1)
	if err := os.WriteFile(filepath.Join(dir, "carehold-x.part"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(k Identity, from ...string) (int, error) {
		c, err := OpenChain(from, []Identity{k}, "")
		if err != nil {
			return 0, err
		}
		defer c.Close()
		r, err := Verify(t.Context(), c.Readers, nil)
		if err == nil && (r.Damage > 0 || r.People != 1) {
			err = fmt.Errorf("%+v", r)
		}
		return len(c.Paths), err
	}
	for _, c := range []struct {
		key  Identity
		from []string
		n    int
		err  error
	}{
		{k1, []string{dir}, 3, nil},
		{k1, []string{f3}, 3, nil},
		{k1, []string{f2}, 2, nil},
		{k2, []string{f2}, 2, nil},
		{k2, []string{f1}, 1, nil},
		{k1, []string{f2, f1}, 2, nil},
		{k2, []string{dir}, 0, record.Unauthorized},
		{k3, []string{f1}, 0, record.Unauthorized},
		{k1, []string{f1, f3}, 0, record.Integrity},
		{k1, []string{f1, dir}, 0, record.Invalid},
		{k1, []string{t.TempDir()}, 0, record.NotFound},
	} {
		got, err := try(c.key, c.from...)
		if !errors.Is(err, c.err) || err == nil && got != c.n {
			t.Errorf("%q: %d, %v; want %d, %v", c.from, got, err, c.n, c.err)
		}
	}
	if err := os.Remove(f2); err != nil {
		t.Fatal(err)
	}
	if _, err := try(k1, f3); !errors.Is(err, record.Integrity) {
		t.Errorf("a file that is missing: %v", err)
	}
	// Every byte of a file, and every length.
	raw, err := os.ReadFile(f1)
	if err != nil {
		t.Fatal(err)
	}
	ids := []Identity{k1}
	opens := func(b []byte) error {
		r, err := Decrypt(bytes.NewReader(b), ids)
		if err != nil {
			return err
		}
		for err == nil {
			_, err = r.Next()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	if err := opens(raw); err != nil {
		t.Fatal(err)
	}
	step := 1 + len(raw)/1500
	for i := 0; i < len(raw); i += step {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if err := opens(bad); !errors.Is(err, record.Integrity) && !errors.Is(err, record.Unauthorized) {
			t.Errorf("byte %d turned: %v", i, err)
		}
		if err := opens(raw[:i]); !errors.Is(err, record.Integrity) && !errors.Is(err, record.Unauthorized) {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
	if err := opens(append(bytes.Clone(raw), 0)); !errors.Is(err, record.Integrity) {
		t.Errorf("a byte more: %v", err)
	}
}

// TestRecipients: keys of both of age's sorts, not mixed, and never quoted.
func TestRecipients(t *testing.T) {
	h, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	_, r := keyOf(t)
	pq := h.Recipient().String()
	if l, err := Recipients([]string{"# ours", "", r, " " + r}); err != nil || len(l) != 2 {
		t.Errorf("%d, %v", len(l), err)
	}
	var out bytes.Buffer
	l, err := Recipients([]string{pq, pq})
	if err != nil {
		t.Fatal(err)
	}
	w, err := Encrypt(&out, l)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := newNode(t, 1).write(0, rows.Hash{}, 1)
	if _, err := w.Write(b); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if _, err := Decrypt(&out, []Identity{h}); err != nil {
		t.Errorf("to a hybrid key: %v", err)
	}
	for _, bad := range [][]string{nil, {"age1x"}, {h.String()}, {r, pq}, {"ssh-ed25519 AAAA"}} {
		_, err := Recipients(bad)
		if !errors.Is(err, record.Invalid) || len(bad) > 0 && strings.Contains(err.Error(), bad[0]) {
			t.Errorf("%v", err)
		}
	}
	if _, err := Identities(strings.NewReader("AGE-SECRET-KEY-1BAD")); !errors.Is(err, record.Invalid) || strings.Contains(err.Error(), "1BAD") {
		t.Errorf("%v", err)
	}
}

// FuzzReader: strangers' bytes are refused without a panic and without memory for
// what they only claim to have.
func FuzzReader(f *testing.F) {
	n := newNode(f, 1)
	b, sum := n.write(0, rows.Hash{}, 9, newPerson(3, "x"), newPerson(7, "y"))
	f.Add(b)
	f.Add(b[:len(b)/2])
	b, _ = n.write(9, sum, 10, &person{id: record.PersonID{3}})
	f.Add(b)
	f.Add([]byte("H\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		_ = Merge(t.Context(), []*Reader{r}, &Checker{Found: func(Person) error { return nil }})
	})
}
