package kvtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/kv"
)

func testOwnWrites(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	update(t, e, p, "a", "1", "c", "3", "d", "4")
	if err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		tx.Put([]byte("b"), []byte("2"))
		tx.Put([]byte("c"), []byte("new"))
		tx.Delete([]byte("d"))
		tx.Put([]byte("e"), []byte("brief"))
		tx.Delete([]byte("e"))
		if got := rows(t, tx, nil, nil); !slices.Equal(got, []string{"a=1", "b=2", "c=new"}) {
			t.Errorf("scan: %q", got)
		}
		if got := rows(t, tx, nil, []byte("b")); !slices.Equal(got, []string{"b=2", "c=new"}) {
			t.Errorf("scan from b: %q", got)
		}
		if v, err := tx.Get([]byte("c")); err != nil || string(v) != "new" {
			t.Errorf("c: %q, %v", v, err)
		}
		for _, gone := range []string{"d", "e"} {
			if _, err := tx.Get([]byte(gone)); !errors.Is(err, kv.ErrNotFound) {
				t.Errorf("%s: %v", gone, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	expect(t, e, p, "a=1", "b=2", "c=new")
}

// A scan that deletes what it finds, as a sweep does.
func testScanWhileWriting(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	update(t, e, p, "a", "1", "b", "2", "c", "3", "d", "4")
	var seen []byte
	if err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		tx.Put([]byte("bb"), []byte("5"))
		return tx.Scan(nil, nil, func(key, _ []byte) (bool, error) {
			seen = append(seen, key[0])
			k := bytes.Clone(key)
			tx.Delete(k)
			if string(k) == "a" {
				tx.Delete([]byte("c"))
				tx.Put([]byte("A"), []byte("behind the scan"))
			}
			return true, nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	if string(seen) != "abbd" {
		t.Errorf("saw %q", seen)
	}
	expect(t, e, p, "A=behind the scan")
}

// An update that fails or panics leaves nothing, and harms no other.
func testAtomic(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	update(t, e, p, "a", "1")
	bad := errors.New("bad")
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			err := e.Update(context.Background(), p, func(tx kv.Tx) error {
				switch i % 3 {
				case 0:
					tx.Put(fmt.Appendf(nil, "good%02d", i), nil)
					return nil
				case 1:
					tx.Put([]byte("bad"), nil)
					tx.Delete([]byte("a"))
					return bad
				default:
					tx.Put([]byte("bad"), nil)
					tx.Delete([]byte("a"))
					panic("secret of the record")
				}
			})
			switch {
			case i%3 == 0 && err != nil:
				t.Errorf("good update: %v", err)
			case i%3 == 1 && err != bad:
				t.Errorf("failing update: %v", err)
			case i%3 == 2 && (err == nil || bytes.Contains([]byte(err.Error()), []byte("secret"))):
				t.Errorf("panicking update: %v", err)
			}
		})
	}
	wg.Wait()
	want := []string{"a=1"}
	for i := 0; i < 60; i += 3 {
		want = append(want, fmt.Sprintf("good%02d=", i))
	}
	expect(t, e, p, want...)
	if e = reopen(t, s, e); t.Failed() {
		return
	}
	expect(t, e, p, want...)
}

func reopen(t testing.TB, s Store, e kv.Engine) kv.Engine {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return s.open(t)
}

func add(tx kv.Tx, key string, n uint64) (uint64, error) {
	v, err := tx.Get([]byte(key))
	if errors.Is(err, kv.ErrNotFound) {
		v, err = make([]byte, 8), nil
	}
	if err != nil {
		return 0, err
	}
	n += binary.BigEndian.Uint64(v)
	tx.Put([]byte(key), binary.BigEndian.AppendUint64(nil, n))
	return n, nil
}

func testSerial(t *testing.T, s Store) {
	const workers, each = 64, 20
	e := s.open(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]int{}
	for range workers {
		wg.Go(func() {
			for range each {
				var n uint64
				if err := e.Update(context.Background(), person(1), func(tx kv.Tx) (err error) {
					n, err = add(tx, "counter", 1)
					return err
				}); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[n]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != workers*each || seen[workers*each] != 1 {
		t.Errorf("%d different counts of %d", len(seen), workers*each)
	}
}

func testDurable(t *testing.T, s Store) {
	e := s.open(t)
	update(t, e, person(1), "a", "1", "b", "2")
	update(t, e, person(2), "a", "3")
	for i := range 3 {
		e = reopen(t, s, e)
		expect(t, e, person(1), "a=1", "b=2")
		expect(t, e, person(2), fmt.Sprintf("a=%d", 3+i))
		update(t, e, person(2), "a", fmt.Sprint(4+i))
	}
	update(t, e, person(1), "a", "-", "b", "-")
	e = reopen(t, s, e)
	expect(t, e, person(1))
	expect(t, e, person(2), "a=6")
}

func testSnapshot(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	update(t, e, p, "a", "1", "b", "1")
	if err := e.View(p, func(r kv.Reader) error {
		for i := range 50 {
			update(t, e, p, "a", fmt.Sprint(i), "b", "-", "c", "new")
		}
		if got := rows(t, r, nil, nil); !slices.Equal(got, []string{"a=1", "b=1"}) {
			t.Errorf("an open View sees %q", got)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	expect(t, e, p, "a=49", "c=new")
}

func testTooLarge(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			err := e.Update(context.Background(), p, func(tx kv.Tx) error {
				tx.Put(fmt.Appendf(nil, "%02d", i), nil)
				switch i % 3 {
				case 1:
					tx.Put([]byte("x"), make([]byte, e.MaxUpdate()))
				case 2:
					tx.Put(make([]byte, kv.MaxKey+1), nil)
				}
				return nil
			})
			if large := i%3 != 0; large != errors.Is(err, kv.ErrTooLarge) || !large && err != nil {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	var want []string
	for i := 0; i < 30; i += 3 {
		want = append(want, fmt.Sprintf("%02d=", i))
	}
	expect(t, e, p, want...)
	//lint:ignore SA1032 the kind of our own error is what is asked for
	if !errors.Is(kv.ErrTooLarge, record.TooLarge) {
		t.Error("ErrTooLarge has not its kind")
	}
}

// What MaxUpdate says surely fits: in the largest rows, in the smallest, in several
// such updates at once. A row that is larger is refused with all of its update.
func testLargestUpdate(t *testing.T, s Store) {
	e := s.open(t)
	most := e.MaxUpdate()
	if most < 1<<20 {
		t.Fatalf("MaxUpdate is %d", most)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := e.Update(context.Background(), person(byte(i)), func(tx kv.Tx) error {
				if i%2 == 0 {
					for left := most; left > kv.RowCost+4; {
						size := min(kv.MaxValue, left-kv.RowCost-4)
						tx.Put(binary.BigEndian.AppendUint32(nil, uint32(left)), make([]byte, size))
						left -= kv.RowCost + 4 + size
					}
					return nil
				}
				for n := range most / (kv.RowCost + 4) {
					tx.Put(binary.BigEndian.AppendUint32(nil, uint32(n)), nil)
				}
				return nil
			}); err != nil {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	p := person(9)
	if err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		tx.Put([]byte("small"), nil)
		tx.Put([]byte("large"), make([]byte, kv.MaxValue+1))
		return nil
	}); !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("a row that is too large: %v", err)
	}
	expect(t, e, p)
}

func testCancel(t *testing.T, s Store) {
	e := s.open(t)
	p := person(1)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Update(over, p, func(tx kv.Tx) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}

	// One update holds the partition while another waits and gives up.
	var wg sync.WaitGroup
	inside, release := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		if err := e.Update(ctx, p, func(tx kv.Tx) error {
			close(inside)
			<-release
			cancel() // too late: it has run
			tx.Put([]byte("ran"), nil)
			return nil
		}); err != nil {
			t.Errorf("cancelled after it ran: %v", err)
		}
	})
	<-inside
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer stop()
	if err := e.Update(ctx, p, func(tx kv.Tx) error {
		t.Error("ran after its caller had gone")
		return nil
	}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled while waiting: %v", err)
	}
	close(release)
	wg.Wait()
	update(t, e, p, "after", "")
	expect(t, e, p, "after=", "ran=")
}

func testSharedCommits(t *testing.T, s Store) {
	if s.Commits == nil {
		t.Skip("the engine counts no commits")
	}
	const workers, each = 64, 10
	e := s.open(t)
	before := s.Commits(e)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				update(t, e, person(byte(w)), fmt.Sprint(i), "x")
			}
		})
	}
	wg.Wait()
	n := s.Commits(e) - before
	t.Logf("%d updates in %d commits", workers*each, n)
	if n == 0 || n > workers*each/2 {
		t.Errorf("%d updates took %d commits", workers*each, n)
	}
}

func testLastCommit(t *testing.T, s Store) {
	e := s.open(t)
	if at := e.LastCommit(); !at.IsZero() {
		t.Errorf("new store: %v", at)
	}
	start := time.Now()
	update(t, e, person(1), "a", "1")
	at := e.LastCommit()
	if at.Before(start.Add(-time.Millisecond)) || at.After(time.Now()) {
		t.Errorf("%v is not now", at)
	}
	if e = reopen(t, s, e); !e.LastCommit().Equal(at) {
		t.Errorf("reopened: %v, was %v", e.LastCommit(), at)
	}
}

func testClosed(t *testing.T, s Store) {
	e := s.open(t)
	var wg sync.WaitGroup
	done := make([]bool, 50)
	for i := range done {
		wg.Go(func() {
			err := e.Update(context.Background(), person(1), func(tx kv.Tx) error {
				tx.Put([]byte{byte(i)}, nil)
				return nil
			})
			if done[i] = err == nil; !done[i] && !errors.Is(err, kv.ErrClosed) {
				t.Errorf("Update: %v", err)
			}
		})
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := e.View(person(1), func(kv.Reader) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("View: %v", err)
	}
	if err := e.Update(context.Background(), person(1), func(kv.Tx) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Update: %v", err)
	}
	if err := e.Partitions(func(kv.Partition) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Partitions: %v", err)
	}
	e = s.open(t)
	if err := e.View(person(1), func(r kv.Reader) error {
		for i, acknowledged := range done {
			if _, err := r.Get([]byte{byte(i)}); (err == nil) != acknowledged {
				t.Errorf("update %d: acknowledged %v, then %v", i, acknowledged, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
