package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/kv/badger"
	"carehold/record/statement"
	"carehold/record/store"
)

// disk is an engine on a disk with as much room as a test says. What is written to
// the folder takes of it.
type disk struct {
	kv.Engine
	free func() int64
}

func (d disk) Measure() badger.Measure {
	return badger.Measure{Free: d.free(), Reserve: badger.DefaultReserve}
}

// slowly sends the beginning of a copy, and then nothing until it is let go.
func slowly(t *testing.T, s *store.Store, b []byte, ticket crypto.Credential) (letGo func() error) {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { _, err := s.TakeRecord(ctx, r, ticket); done <- err }()
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	return func() error {
		w.CloseWithError(errors.New("gone"))
		return <-done
	}
}

// TestSlowUpload: who sends a copy slowly holds up nobody: not the person whose
// record it says it is, and not somebody else's move.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), large("letter", 700<<10))
	b, from := copyOf(t, d), s.ID()
	_, elsewhere := newStore(t)
	others := copyOf(t, recordOf(t, elsewhere))
	d.s = d.restored(dir)
	s = d.s

	ticket := invite(t, s, 0)
	letGo := slowly(t, s, b[:len(b)/2], ticket)
	c, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := s.Apply(c, statement.Sign(d.goOn(from), d.identity), crypto.Credential{}); err != nil {
		t.Errorf("the person goes on meanwhile: %v", err)
	}
	if _, err := s.TakeRecord(c, bytes.NewReader(others), invite(t, s, 0)); err != nil {
		t.Errorf("another's move: %v", err)
	}
	_, err := s.TakeRecord(ctx, bytes.NewReader(others), ticket)
	wantKind(t, err, record.TooMany) // one with each invite
	if err := letGo(); err == nil {
		t.Error("half a copy is taken")
	}

	// Not more than a few.
	var all []func() error
	for range 4 {
		all = append(all, slowly(t, s, others[:len(others)/2], invite(t, s, 0)))
	}
	_, err = s.TakeRecord(ctx, bytes.NewReader(others), invite(t, s, 0))
	wantKind(t, err, record.TooMany)
	for _, letGo := range all {
		_ = letGo()
	}
	_, err = s.TakeRecord(ctx, bytes.NewReader(b), invite(t, s, 0))
	wantKind(t, err, record.Conflict) // it was carried on
}

// TestUploadCarriedOn: a copy that comes while its person carries the record on is
// not put in its place.
func TestUploadCarriedOn(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), large("letter", 700<<10))
	b, from := copyOf(t, d), s.ID()
	d.s = d.restored(dir)
	s = d.s
	r, w := io.Pipe()
	done := make(chan error, 1)
	ticket := invite(t, s, 0)
	go func() { _, err := s.TakeRecord(ctx, r, ticket); done <- err }()
	_, _ = w.Write(b[:len(b)-10])
	if _, err := s.Apply(ctx, statement.Sign(d.goOn(from), d.identity), crypto.Credential{}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(b[len(b)-10:])
	w.Close()
	wantKind(t, <-done, record.Conflict)
	put(t, d.session(), allergy)
}

// TestUploadRoom: a copy is refused, and its file gone, before it takes the room on
// the disk that others' changes need.
func TestUploadRoom(t *testing.T) {
	t.Parallel()
	_, old := newStore(t)
	d := recordOf(t, old)
	for i := range 6 {
		put(t, d.session(), large(string(rune('a'+i)), 700<<10))
	}
	b := copyOf(t, d)
	dir, s := newStore(t)
	var free int64
	s.WrapEngine(func(e kv.Engine) kv.Engine { return disk{e, func() int64 { return free }} })
	ticket := invite(t, s, 0)

	free = badger.DefaultReserve + 60<<20
	n := &counting{r: bytes.NewReader(b)}
	_, err := s.TakeRecord(ctx, n, ticket)
	if wantKind(t, err, record.Unavailable); n.n > 0 {
		t.Errorf("%d bytes were read before it was refused", n.n)
	}
	free = badger.DefaultReserve + 66<<20 // and it is not written to the rows after it is in the file
	_, err = s.TakeRecord(ctx, io.MultiReader(bytes.NewReader(b)), ticket)
	wantKind(t, err, record.Unavailable)
	if left, _ := filepath.Glob(filepath.Join(dir, "taking-*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	free = badger.DefaultReserve + 80<<20
	if _, err := s.TakeRecord(ctx, bytes.NewReader(b), ticket); err != nil {
		t.Errorf("with room: %v", err)
	}
}

type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// TestUploadTries: an invite is good for a few failures a day, and its file is not
// there under a name while it is written.
func TestUploadTries(t *testing.T) {
	t.Parallel()
	_, old := newStore(t)
	b := copyOf(t, recordOf(t, old))
	dir, s := newStore(t)
	ticket := invite(t, s, 0)
	letGo := slowly(t, s, b[:len(b)/2], ticket)
	if left, _ := filepath.Glob(filepath.Join(dir, "taking-*")); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("a kill would leave %q", left)
	}
	_ = letGo()
	for range 7 {
		_, err := s.TakeRecord(ctx, bytes.NewReader(b[:100]), ticket)
		wantKind(t, err, record.Integrity)
	}
	n := &counting{r: bytes.NewReader(b)}
	_, err := s.TakeRecord(ctx, n, ticket)
	if wantKind(t, err, record.TooMany); n.n > 0 {
		t.Errorf("%d bytes were read", n.n)
	}
	if _, err := s.TakeRecord(ctx, bytes.NewReader(b), invite(t, s, 0)); err != nil {
		t.Errorf("another invite: %v", err)
	}
}

// TestSpoolGoesFirst: what a take has left goes before the database is opened: it may
// have taken the room that opening needs.
func TestSpoolGoesFirst(t *testing.T) {
	t.Parallel()
	dir, _ := newStore(t) // which is open: it is not opened twice
	left := filepath.Join(dir, "taking-7.tmp")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(dir, store.Options{}); err == nil {
		s.Close()
		t.Fatal("it opens twice")
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("it is still there")
	}
}
