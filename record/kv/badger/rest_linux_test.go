package badger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"carehold/record/kv"
)

const restRows = 16 << 10 // of 1 KiB each

// restValue is what a row of the test holds.
func restValue(i uint64) []byte {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, i))
	value := make([]byte, 1<<10)
	rand.NewChaCha8(seed).Read(value)
	return value
}

// TestRest: the tables that were read leave the memory, and read as before.
func TestRest(t *testing.T) {
	e, dir := create(t, testOptions())
	key := func(i uint64) []byte { return binary.BigEndian.AppendUint64([]byte("r"), i) }
	for i := uint64(0); i < restRows; {
		if err := e.Update(context.Background(), kv1, func(tx kv.Tx) error {
			for range 1024 {
				tx.Put(key(i), restValue(i))
				i++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, e) // writes what is in memory into tables
	e = open(t, dir, testOptions())
	check := func(when string) {
		wrong := 0
		if err := e.View(kv1, func(r kv.Reader) error {
			for i := uint64(0); i < restRows; i++ {
				value, err := r.Get(key(i))
				if err != nil {
					return err
				}
				if !bytes.Equal(value, restValue(i)) {
					wrong++
				}
			}
			return nil
		}); err != nil || wrong > 0 {
			t.Errorf("%s: %d rows are others, %v", when, wrong, err)
		}
	}
	check("at first")
	full := mapped(t)
	if full < restRows<<10 {
		t.Fatalf("only %d MiB are mapped and resident", full>>20)
	}
	reading := make(chan struct{})
	go func() { // while some are read
		defer close(reading)
		check("meanwhile")
	}()
	e.Rest()
	<-reading
	e.Rest()
	if left := mapped(t); full-left < restRows<<10*3/4 {
		t.Errorf("of %d MiB, %d are still resident", full>>20, left>>20)
	}
	check("afterwards")
	put(t, e, kv1, "a", "goes on")
	shut(t, e)
	e.Rest() // when it is closed: nothing
}

// mapped is what of this process is resident and in a file.
func mapped(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssFile:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("the kernel does not say")
	return 0
}
