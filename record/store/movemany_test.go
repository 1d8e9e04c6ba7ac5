package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/store"
)

var letterRef = fhir.Ref{Type: "DocumentReference", ID: "letter"}

// letterWith is a letter of so many files.
func letterWith(ids ...string) string {
	var files []string
	for _, id := range ids {
		files = append(files, `{"attachment":{"url":"Binary/`+id+`"}}`)
	}
	return `{"resourceType":"DocumentReference","id":"letter","status":"current","content":[` + strings.Join(files, ",") + `]}`
}

// inJSONOnly is what is just not kept apart from its JSON.
var inJSONOnly = strings.Repeat("QUFB", 255<<10/3)

// writer is somebody who may do anything with documents.
func writer(t *testing.T, s *store.Store, d *device) *store.View {
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Somebody"}, Sections: grant.With(record.SectionsOf(record.Documents)), Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	return view(t, s, token)
}

func madeFiles(t *testing.T, v *store.View, n int, data string) (ids []string) {
	for range n {
		res, err := creates(t, v, `{"resourceType":"Binary","contentType":"text/plain","data":"`+data+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, res.Ref.ID)
	}
	return ids
}

// TestNobodyPinsALetter: whatever a grantee lets a letter of the person's point to, in
// versions that are long past, the person can ask where it is, and file it elsewhere with
// all of that.
func TestNobodyPinsALetter(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, letterWith("none"))
	v := writer(t, s, d)
	ids := madeFiles(t, v, 200, inJSONOnly) // 66 MiB
	for part := range slices.Chunk(ids, 50) {
		put(t, v, letterWith(part...))
	}
	put(t, v, letterWith("none"))
	info, err := me.Why(t.Context(), letterRef)
	if err != nil || len(info.Files) != len(ids) {
		t.Errorf("it has %d files: %v", len(info.Files), err)
	}
	if _, err := me.Move(t.Context(), []fhir.Ref{letterRef}, record.Private); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if got := filedIn(t, me, id); got != record.Private {
			t.Fatalf("%s is in %s", id, got)
		}
	}
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 {
		t.Errorf("%+v", r)
	}
	put(t, me, letterWith(ids...)) // what it points to is looked up for its filing
	if _, err := me.Why(t.Context(), letterRef); err != nil {
		t.Error(err)
	}
}

// TestMoveTakesSoMany: of more files than a move looks at or takes along, the person's own
// go first, and the log says which stay.
func TestMoveTakesSoMany(t *testing.T) {
	store.FewFiles(t, 5, 2)
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, `{"resourceType":"Binary","id":"mine","contentType":"text/plain","data":"aGVsbG8="}`)
	put(t, me, letterWith("mine"))
	v := writer(t, s, d)
	ids := madeFiles(t, v, 5, "aGVsbG8=")
	put(t, v, letterWith(ids[:3]...))
	put(t, v, letterWith("none"))
	// Newest first: "none", the three, and the person's.
	if _, err := me.Move(t.Context(), []fhir.Ref{letterRef}, record.Private); err != nil {
		t.Fatal(err)
	}
	want := map[string]record.Section{"mine": record.Private, ids[0]: record.Private, ids[1]: record.Documents, ids[2]: record.Documents}
	got := make(map[string]record.Section)
	for id := range want {
		got[id] = filedIn(t, me, id)
	}
	if !maps.Equal(got, want) {
		t.Errorf("they are in %v, not %v", got, want)
	}
	stayed := func(more uint64, entries ...string) {
		t.Helper()
		var found bool
		for back := range 10 {
			e := d.event(t, back+1)
			if found = e.Action == audit.Move && e.Outcome == audit.Refused; found {
				if !slices.Equal(e.Entries, entries) || e.More != more {
					t.Errorf("%v and %d more stayed, by the log, not %v and %d", e.Entries, e.More, entries, more)
				}
				break
			}
		}
		if !found {
			t.Error("the log does not say what stayed")
		}
	}
	stayed(0, "Binary/"+ids[1], "Binary/"+ids[2])

	// What is more than it looks at is counted; what was never there is not looked at.
	ids = append(ids[3:], madeFiles(t, v, 4, "aGVsbG8=")...)
	named := append([]string{"n1", "n2", "n3", "n4", "n5", "n6"}, ids...)
	put(t, me, strings.Replace(letterWith(named...), `"id":"letter"`, `"id":"other"`, 1))
	other := fhir.Ref{Type: "DocumentReference", ID: "other"}
	if info, err := me.Why(t.Context(), other); err != nil || len(info.Files) != 2 || info.MoreFiles != 4 {
		t.Errorf("beforehand: %d files and %d more, %v", len(info.Files), info.MoreFiles, err)
	}
	res, err := me.Move(t.Context(), []fhir.Ref{other}, record.Private)
	if err != nil || res[0].Stay != 4 {
		t.Fatalf("%+v, %v", res, err)
	}
	for i, id := range ids {
		if at := filedIn(t, me, id); (at == record.Private) != (i < 2) {
			t.Errorf("file %d is in %s", i, at)
		}
	}
	stayed(1, "Binary/"+ids[2], "Binary/"+ids[3], "Binary/"+ids[4])
}

// filed keeps long values in a file, so that what is on the heap is the store's own.
type filed struct {
	*memory
	f  *os.File
	at atomic.Int64
}

type filedReader struct {
	kv.Reader
	e *filed
}

type filedTx struct {
	filedReader
	tx kv.Tx
}

const longValue = 4 << 10

// away writes a long value to the file, and returns where it is.
func (e *filed) away(value []byte) []byte {
	if len(value) < longValue {
		return append([]byte{0}, value...)
	}
	at := e.at.Add(int64(len(value))) - int64(len(value))
	if _, err := e.f.WriteAt(value, at); err != nil {
		panic(err)
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte{1}, uint64(at)), uint32(len(value)))
}

func (e *filed) back(kept []byte) []byte {
	if kept[0] == 0 {
		return kept[1:]
	}
	value := make([]byte, binary.BigEndian.Uint32(kept[9:]))
	if _, err := e.f.ReadAt(value, int64(binary.BigEndian.Uint64(kept[1:]))); err != nil {
		panic(err)
	}
	return value
}

func (r filedReader) Get(key []byte) ([]byte, error) {
	kept, err := r.Reader.Get(key)
	if err != nil {
		return nil, err
	}
	return r.e.back(kept), nil
}

func (r filedReader) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	return r.Reader.Scan(prefix, from, func(key, kept []byte) (bool, error) { return fn(key, r.e.back(kept)) })
}

func (t filedTx) Put(key, value []byte) { t.tx.Put(key, t.e.away(value)) }
func (t filedTx) Delete(key []byte)     { t.tx.Delete(key) }

func (e *filed) View(p kv.Partition, fn func(kv.Reader) error) error {
	return e.memory.View(p, func(r kv.Reader) error { return fn(filedReader{r, e}) })
}

func (e *filed) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) error {
	return e.memory.Update(ctx, p, func(tx kv.Tx) error { return fn(filedTx{filedReader{tx, e}, tx}) })
}

// heapPeak is how much the heap grows at most while fn runs.
func heapPeak(fn func()) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapInuse, m.HeapInuse
	done, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
		}
	}()
	fn()
	close(done)
	<-sampled
	return peak - before
}

// TestMoveHoldsOneVersion: a file of very many versions goes along, and an entry of very
// many is moved, with one of them in memory at a time: the person decides to move it,
// and somebody else how much there is of it.
func TestMoveHoldsOneVersion(t *testing.T) {
	n := 240 // 83 MB
	if !testing.Short() {
		n = 1200
	}
	f := must[*os.File](t)(os.Create(filepath.Join(t.TempDir(), "values")))
	t.Cleanup(func() { f.Close() })
	e := &filed{memory: newMemory(), f: f}
	if err := store.InitOn(e); err != nil {
		t.Fatal(err)
	}
	s := must[*store.Store](t)(store.OpenOn(e, crypto.NewKey(), store.Options{}))
	t.Cleanup(func() { s.Close() })
	d := enrol(t, s)
	me := d.session()
	put(t, me, `{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"aGVsbG8="}`)
	put(t, me, letterWith("scan"))
	v := writer(t, s, d)
	for i := range n {
		put(t, v, fmt.Sprintf(`{"resourceType":"Binary","id":"scan","contentType":"text/plain; x=%d","data":"%s"}`, i, inJSONOnly))
	}
	v.Close()
	grows := func(what string, most uint64, fn func() error) {
		t.Helper()
		var err error
		grown := heapPeak(func() { err = fn() }) >> 20
		t.Logf("%s: the heap grows by %d MiB", what, grown)
		if grown > most || err != nil {
			t.Errorf("%s: the heap grows by %d MiB: %v", what, grown, err)
		}
	}
	move := func(ref fhir.Ref, to record.Section) func() error {
		return func() error { _, err := me.Move(t.Context(), []fhir.Ref{ref}, to); return err }
	}
	strict := resourceOf(t, letterTo("strict", "PSY", "scan"))
	grows("with a strict letter of the person's", 64, func() error {
		_, err := me.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: "DocumentReference", ID: "strict"}, Resource: strict}}, store.ApplyOptions{})
		return err
	})
	if got := filedIn(t, me, "scan"); got != record.MentalHealth {
		t.Errorf("it is in %s", got)
	}
	grows("along with its letter", 64, move(letterRef, record.Private))
	if got := filedIn(t, me, "scan"); got != record.Private {
		t.Errorf("it is in %s", got)
	}
	grows("by itself, to where more may see it", 64, move(binaryRef("scan"), record.Visits))
	for version, want := range map[record.Version]string{1: `"data":"aGVsbG8="`, 2: `plain; x=0"`, record.Version(n + 1): fmt.Sprintf(`plain; x=%d"`, n-1)} {
		if e, err := me.Read(t.Context(), binaryRef("scan"), version); err != nil || !strings.Contains(string(e.Body), want) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 {
		t.Errorf("%+v", r)
	}
}

// cutting lets so many updates through.
type cutting struct {
	kv.Engine
	left atomic.Int64
}

var errCut = errors.New("the disk is away")

func (e *cutting) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) error {
	if e.left.Add(-1) < 0 {
		return errCut
	}
	return e.Engine.Update(ctx, p, fn)
}

// TestCutMoveIsNone: a move that is cut off among the rows that it writes early has moved
// nothing, and what it left is removed.
func TestCutMoveIsNone(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for i := range 60 { // 20 MB: more than one update
		put(t, me, fmt.Sprintf(`{"resourceType":"Binary","id":"scan","contentType":"text/plain; x=%d","data":"%s"}`, i, inJSONOnly))
	}
	put(t, me, letterWith("scan"))
	e := &cutting{}
	s.WrapEngine(func(inner kv.Engine) kv.Engine { e.Engine = inner; return e })
	for updates := int64(1); ; updates++ {
		e.left.Store(updates)
		_, err := me.Move(t.Context(), []fhir.Ref{letterRef}, record.Private)
		e.left.Store(1 << 30)
		if err == nil {
			if updates < 3 {
				t.Errorf("it took %d updates", updates)
			}
			break
		}
		if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		if got := filedIn(t, me, "scan"); got != record.Documents {
			t.Errorf("after %d updates it is in %s", updates, got)
		}
		if got := must[store.Reclaimed](t)(s.Reclaim(t.Context())); got.Rows == 0 {
			t.Errorf("after %d updates nothing was left: %+v", updates, got)
		}
	}
	if got := filedIn(t, me, "scan"); got != record.Private {
		t.Errorf("it is in %s", got)
	}
	if e, err := me.Read(t.Context(), binaryRef("scan"), 30); err != nil || !strings.Contains(string(e.Body), "plain; x=29") {
		t.Error(err)
	}
	must[store.Reclaimed](t)(s.Reclaim(t.Context())) // the old rows, when that was cut off
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 {
		t.Errorf("%+v", r)
	}
}
