package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/backup"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/kv"
	atrest "carehold/record/rows"
	"carehold/record/store"
)

// beside are a person's rows of what lies beside the record, counted by kind.
func beside(t testing.TB, s *store.Store, p record.PersonID) map[string]int {
	t.Helper()
	kinds := map[string]int{}
	for key := range rowsOf(t, s, p) {
		if strings.Contains("uwftn", key[:1]) {
			kinds[key[:1]]++
		}
	}
	return kinds
}

// arrived demands that the record goes on at another store with its contents, and
// without its links and what was on its way.
func (x *documents) arrived(t *testing.T, s *store.Store) {
	t.Helper()
	if left := beside(t, s, x.h.Person()); len(left) != 0 {
		t.Errorf("these came along: %v", left)
	}
	for i := range x.links {
		if _, err := openLink(s, x.url(t, i), x.links[i].Passcode); !errors.Is(err, record.NotFound) {
			t.Errorf("link %d opens, before the record goes on: %v", i, err)
		}
	}
	srv := holdertest.Server{Store: s}
	h := must[*holder.Holder](t)(holder.Unlock(t.Context(), srv, x.kit.Recovery.Slot(), holder.Memory{}))
	defer h.Close()
	if err := h.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	me := must[*store.View](t)(srv.View(t.Context(), signIn(t, h)))
	defer me.Close()
	x.equal(t, me)
	if _, err := me.Sent(t.Context(), x.sent); !errors.Is(err, record.NotFound) {
		t.Errorf("what was on its way is there: %v", err)
	}
	for i := range x.links {
		if _, err := openLink(s, x.url(t, i), x.links[i].Passcode); !errors.Is(err, record.NotFound) {
			t.Errorf("link %d opens: %v", i, err)
		}
	}
	if links := h.Links(); len(links) != len(x.links) {
		t.Errorf("the device knows of %d links", len(links))
	} else {
		for _, l := range links {
			if l.Ended.IsZero() {
				t.Errorf("the device believes that a link is live: %+v", l)
			}
		}
	}
	// A link is made anew, a content sent, and the record can be moved within.
	again := &documents{s: s, srv: srv, h: h, me: me, contents: x.contents}
	again.link(t, "4711", true, 100)
	o, err := openLink(s, again.url(t, 0), "4711")
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
	again.upload(t, "after", scan(300<<10))
	again.equal(t, me)
	delete(x.contents, "Binary/after/1")
	must[holder.CheckReport](t)(h.Check(t.Context(), signIn(t, h)))
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 {
		t.Errorf("%+v", r)
	}
}

// TestContentsRestored: of a full backup and an increment every content is what it
// was; links and uploads are not in them.
func TestContentsRestored(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	x := makeDocuments(t, s)
	var f folder
	f.add(t, s, true)
	x.upload(t, "later", scan(1<<20))
	x.inline(t, "small", scan(290<<10)) // the newest version of one that is in the full one
	x.link(t, "", true, 400<<10)
	if b := f.add(t, s, false); b.Full {
		t.Fatalf("no increment: %+v", b)
	}
	for _, name := range f.names {
		r := readers(t, f.files[name])[0]
		for {
			row, err := r.Next()
			if err != nil {
				break
			}
			if len(row.Key) > 0 && strings.ContainsRune("uwftn", rune(row.Key[0])) {
				t.Errorf("%s has a row of kind %c", name, row.Key[0])
			}
		}
	}
	report := must[backup.Report](t)(backup.Verify(t.Context(), f.chain(t), nil))
	if report.Damage != 0 {
		t.Errorf("%+v", report)
	}
	_, out, to := restore(t, f.chain(t))
	if out.People != 1 || out.Left != 0 || len(out.Damaged) != 0 {
		t.Errorf("%+v", out)
	}
	x.arrived(t, to)
}

// TestContentsMoved: the same of a copy that goes to another server.
func TestContentsMoved(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	x := makeDocuments(t, s)
	var b bytes.Buffer
	if err := x.me.CopyRecord(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	_, to := newStore(t)
	got, err := to.TakeRecord(t.Context(), &b, invite(t, to, 0))
	if err != nil || got.Person != x.h.Person() {
		t.Fatalf("%+v, %v", got, err)
	}
	x.arrived(t, to)
}

// TestContentsVerified: a store with contents, links and uploads is sound, and nothing
// of them is left over; a byte of a content that was altered is found, hides only that
// content, and keeps what is left over from being removed.
func TestContentsVerified(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	x := makeDocuments(t, s)
	part, person := kv.Partition(x.h.Person()), x.h.Person()
	before := rowsOf(t, s, person)
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 || r.Entries != 4 {
		t.Errorf("%+v", r)
	}
	if out := must[store.Reclaimed](t)(s.Reclaim(t.Context())); out != (store.Reclaimed{}) {
		t.Errorf("of a sound record something was removed: %+v", out)
	}
	if after := rowsOf(t, s, person); len(after) != len(before) {
		t.Errorf("%d rows, of %d", len(after), len(before))
	}
	x.equal(t, x.me)
	for i, l := range x.links {
		o, err := openLink(s, x.url(t, i), l.Passcode)
		if err != nil {
			t.Errorf("link %d: %v", i, err)
			continue
		}
		o.Close()
	}

	var key []byte // row 5 of version 1 of the letter, which alone has so many
	for k := range before {
		if id, at, i, ok := atrest.ParsePartKey([]byte(k)); ok && i == 10 {
			key = atrest.PartKey(id, at, 5)
		}
	}
	flip := func() {
		t.Helper()
		err := engineOf(s).Update(t.Context(), part, func(tx kv.Tx) error {
			row, err := tx.Get(key)
			if err == nil {
				row = bytes.Clone(row)
				row[len(row)/2] ^= 1
				tx.Put(key, row)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	flip()
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 1 {
		t.Errorf("an altered byte: %+v", r)
	}
	c := must[*store.Content](t)(x.me.Content(t.Context(), binaryRef("letter"), 1))
	var b bytes.Buffer
	if err := c.WriteRange(&b, 0, c.Size); !errors.Is(err, record.Integrity) {
		t.Errorf("the content with an altered byte is read: %v", err)
	}
	if want := x.contents["Binary/letter/1"]; b.Len() >= len(want) || !bytes.Equal(b.Bytes(), want[:b.Len()]) {
		t.Errorf("what came before is another: %d bytes", b.Len())
	}
	if got := contentOf(t, x.me, "letter", 0); !bytes.Equal(got, x.contents["Binary/letter/3"]) {
		t.Error("another version is not what it was")
	}
	if out := must[store.Reclaimed](t)(s.Reclaim(t.Context())); out.Damaged != 1 || out.Rows != 0 {
		t.Errorf("%+v", out)
	}
	flip()
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 {
		t.Errorf("and back: %+v", r)
	}
}

// TestUploadCutOff: what of an upload was left behind when its removal was cut off goes
// with the next sweep or Reclaim; an upload under way stays.
func TestUploadCutOff(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.engine.max = 1 << 20
	me := view(t, b.s, b.me)
	half := must[store.Sent](t)(me.Begin(t.Context(), 1<<20))
	must[store.Sent](t)(me.Send(t.Context(), half.ID, 0, bytes.NewReader(scan(512<<10))))
	gone := send(t, me, scan(3<<20), 1<<20)
	b.engine.max = 8 * kv.RowCost // a few rows a commit
	count := func(id store.SentID) (n int) {
		for key := range b.engine.parts[kv.Partition(b.d.person)] {
			if strings.HasPrefix(key, "w"+string(id[:])) {
				n++
			}
		}
		return n
	}
	if count(gone) != 12 || count(half.ID) != 2 {
		t.Fatalf("%d and %d parts", count(gone), count(half.ID))
	}
	b.engine.crash, b.engine.cut = 3, 2
	err := me.Cancel(t.Context(), gone)
	if err == nil || count(gone) == 12 || count(gone) == 0 {
		t.Fatalf("nothing was cut off: %v, %d parts are left", err, count(gone))
	}
	b.boot(b.engine.reboot())
	b.engine.max = 1 << 20
	if left, damage := leftOver(t, b.engine, kv.Partition(b.d.person)); left != uint64(count(gone)) || damage != 0 {
		t.Errorf("%d rows are left over of %d, %d damaged", left, count(gone), damage)
	}
	n := count(gone)
	if out := must[store.Reclaimed](t)(b.s.Reclaim(t.Context())); out.Rows != n || count(gone) != 0 {
		t.Errorf("%+v, and %d parts are left of %d", out, count(gone), n)
	}
	me = view(t, b.s, b.me)
	if x := must[store.Sent](t)(me.Sent(t.Context(), half.ID)); x.Offset != 512<<10 || count(half.ID) != 2 {
		t.Errorf("the other upload: %+v", x)
	}
}
