package kvtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"carehold/record/kv"
)

// Store is one store, empty at first, that can be opened more than once.
type Store struct {
	// Open opens the store: the first time, and again after the engine was closed.
	Open func(t testing.TB) kv.Engine

	// Commits returns how many commits the engine has made. nil: it does not
	// share commits, or does not count them.
	Commits func(kv.Engine) uint64
}

// Run runs the suite. fresh makes a new store for each test.
func Run(t *testing.T, fresh func(t *testing.T) Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Store)
	}{
		{"GetPutDelete", testGetPutDelete},
		{"Ownership", testOwnership},
		{"Scan", testScan},
		{"Neighbours", testNeighbours},
		{"ScanBig", testScanBig},
		{"Isolation", testIsolation},
		{"Partitions", testPartitions},
		{"OwnWrites", testOwnWrites},
		{"ScanWhileWriting", testScanWhileWriting},
		{"Atomic", testAtomic},
		{"Serial", testSerial},
		{"Durable", testDurable},
		{"Snapshot", testSnapshot},
		{"TooLarge", testTooLarge},
		{"LargestUpdate", testLargestUpdate},
		{"Cancel", testCancel},
		{"SharedCommits", testSharedCommits},
		{"LastCommit", testLastCommit},
		{"Closed", testClosed},
		{"Changes", testChanges},
		{"ChangesSnapshot", testChangesSnapshot},
		{"Model", testModel},
		{"ChangesModel", testChangesModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, fresh(t)) })
	}
}

// open opens the store for the length of the test.
func (s Store) open(t testing.TB) kv.Engine {
	t.Helper()
	e := s.Open(t)
	t.Cleanup(func() {
		if err := e.Close(); err != nil && !errors.Is(err, kv.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

func person(n byte) kv.Partition { return kv.Partition{15: n} }

// update writes the pairs, and deletes the keys whose value is "-".
func update(t testing.TB, e kv.Engine, p kv.Partition, pairs ...string) {
	t.Helper()
	err := e.Update(context.Background(), p, func(tx kv.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] == "-" {
				tx.Delete([]byte(pairs[i]))
			} else {
				tx.Put([]byte(pairs[i]), []byte(pairs[i+1]))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// rows is all that a scan gives, as "key=value".
func rows(t testing.TB, r kv.Reader, prefix, from []byte) []string {
	t.Helper()
	var got []string
	err := r.Scan(prefix, from, func(key, value []byte) (bool, error) {
		got = append(got, fmt.Sprintf("%s=%s", key, value))
		return true, nil
	})
	if err != nil {
		t.Errorf("Scan: %v", err)
	}
	return got
}

// expect checks every row of a partition.
func expect(t testing.TB, e kv.Engine, p kv.Partition, want ...string) {
	t.Helper()
	if err := e.View(p, func(r kv.Reader) error {
		if got := rows(t, r, nil, nil); !slices.Equal(got, want) {
			t.Errorf("rows of %x: %q, want %q", p, got, want)
		}
		return nil
	}); err != nil {
		t.Fatalf("View: %v", err)
	}
}
