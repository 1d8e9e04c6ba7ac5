package rows

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"carehold/record"
)

// A row comes from memory only under the hash it has, is nobody's to change, and what
// is on the disk is read by whoever does not ask for what is remembered.
func TestKnown(t *testing.T) {
	var k Known
	row := []byte("live")
	disk := oneRow{string(LiveKey), row}
	good := HashOf(row)
	for range 2 {
		got, err := Checked(k.Reader(disk), LiveKey, good, "live list")
		if err != nil || string(got) != "live" {
			t.Fatalf("%q, %v", got, err)
		}
		clear(got)
	}
	changed := oneRow{string(LiveKey), []byte("dead")}
	if got, err := Checked(k.Reader(changed), LiveKey, good, "live list"); err != nil || string(got) != "live" {
		t.Errorf("remembered: %q, %v", got, err)
	}
	// Another hash is another row: of it the disk is asked.
	if _, err := Checked(k.Reader(changed), LiveKey, Hash{1}, "live list"); !errors.Is(err, record.Integrity) {
		t.Errorf("another hash: %v", err)
	}
	if _, err := Checked(changed, LiveKey, good, "live list"); !errors.Is(err, record.Integrity) {
		t.Errorf("from the disk: %v", err)
	}
	k.Forget()
	if _, err := Checked(k.Reader(changed), LiveKey, good, "live list"); !errors.Is(err, record.Integrity) {
		t.Errorf("forgotten: %v", err)
	}
	// A damaged row is never remembered.
	if _, err := Checked(k.Reader(changed), LiveKey, good, "live list"); !errors.Is(err, record.Integrity) {
		t.Errorf("asked for again: %v", err)
	}
}

// However much is read, two generations are kept at most, and what is asked for again
// and again stays.
func TestKnownIsBounded(t *testing.T) {
	var k Known
	often := HashOf([]byte("often"))
	k.keep(often, []byte("often"))
	row := make([]byte, 10_000)
	for i := range uint64(5 * knownMost / 10_000) {
		binary.BigEndian.PutUint64(row, i)
		k.keep(HashOf(row), bytes.Clone(row))
		if k.row(often) == nil {
			t.Fatalf("dropped after %d rows", i)
		}
	}
	size := 0
	for _, generation := range []map[Hash][]byte{k.newer, k.old} {
		for h, row := range generation {
			size += len(h) + len(row)
		}
	}
	if size > 2*knownMost || size < knownMost {
		t.Errorf("%d bytes are kept", size)
	}
	k.keep(Hash{9}, make([]byte, knownLargest+1))
	if k.row(Hash{9}) != nil {
		t.Error("a row for thousands of entries is kept")
	}
}

// Lookup finds what Find finds among a segment's lines, and nothing else.
func TestLookup(t *testing.T) {
	var lines []Line
	for i := range byte(20) {
		lines = append(lines, Line{record.EntryID{2, 2 * i}, NewStamp(1, 3), Hash{i}})
	}
	row := MarshalSegment(lines)
	n, d := SegmentOf(lines[0].Entry), new(Directory)
	d[n] = HashOf(row)
	disk := oneRow{string(SegmentKey(n, d[n])), row}
	for i := range byte(42) {
		id := record.EntryID{2, i}
		want, there := Find(lines, id)
		got, found, err := d.Lookup(disk, id)
		if err != nil || found != there || found && got != want {
			t.Errorf("%d: %v, %v, %v", i, got, found, err)
		}
	}
	if _, found, err := d.Lookup(disk, record.EntryID{255}); found || err != nil {
		t.Errorf("in an empty segment: %v, %v", found, err)
	}
}
