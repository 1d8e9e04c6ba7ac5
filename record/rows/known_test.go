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
	k.rows.keep(often, []byte("often"), knownMost)
	row := make([]byte, 10_000)
	for i := range uint64(5 * knownMost / 10_000) {
		binary.BigEndian.PutUint64(row, i)
		k.rows.keep(HashOf(row), bytes.Clone(row), knownMost)
		if k.rows.row(often, knownMost) == nil {
			t.Fatalf("dropped after %d rows", i)
		}
	}
	size := 0
	for _, generation := range []map[Hash][]byte{k.rows.newer, k.rows.old} {
		for h, row := range generation {
			size += len(h) + len(row)
		}
	}
	if size > 2*knownMost || size < knownMost {
		t.Errorf("%d bytes are kept", size)
	}
	remember(k.Reader(nil), Hash{9}, make([]byte, knownLargest+1))
	if k.rows.row(Hash{9}, knownMost) != nil {
		t.Error("a row for thousands of entries is kept")
	}
}

// A version comes from memory only under the hash that its row has, is read from the
// disk for whoever does not ask for what is remembered, and one that is damaged, or for
// another place than it can have, is not there, remembered or not.
func TestKnownVersion(t *testing.T) {
	var k Known
	id, at := record.EntryID{1}, NewStamp(0, 1)
	kept, good := Chain(Hash{}, append(make([]byte, 12), 0, 0, 0, 1, 's', 'e', 'a', 'l'))
	disk := oneRow{string(EntryKey(id, at)), kept}
	changed := oneRow{string(EntryKey(id, at)), append(bytes.Clone(kept[:len(kept)-1]), 'x')}
	if _, err := k.Version(changed, id, at, good); !errors.Is(err, record.Integrity) {
		t.Fatalf("damaged: %v", err)
	}
	want, err := ReadVersion(disk, id, at, good)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []oneRow{disk, changed, {}} { // remembered from the first on
		got, err := k.Version(from, id, at, good)
		if err != nil || !bytes.Equal(got.First, want.First) || got.ID != id || got.At != at {
			t.Errorf("%+v, %v", got, err)
		}
	}
	clear(kept) // the reader's, which may be another row by now
	if got, err := k.Version(oneRow{}, id, at, good); err != nil || string(got.First[16:]) != "seal" {
		t.Errorf("%q, %v", got.First, err)
	}
	if _, err := k.Version(changed, id, at, HashOf(changed.row)); err != nil {
		t.Errorf("another hash is another row: %v", err)
	}
	if _, err := k.Version(changed, id, at, Hash{1}); !errors.Is(err, record.Integrity) {
		t.Errorf("the hash of no row: %v", err)
	}
	if _, err := k.Version(oneRow{}, id, NewStamp(0, 0), good); !errors.Is(err, record.Integrity) {
		t.Errorf("version 0: %v", err)
	}
	if _, err := ReadVersion(oneRow{}, id, at, good); !errors.Is(err, record.Integrity) {
		t.Errorf("from the disk: %v", err)
	}
	k.Forget()
	if _, err := k.Version(oneRow{}, id, at, good); !errors.Is(err, record.Integrity) {
		t.Errorf("forgotten: %v", err)
	}
	for i := range uint64(5 * entriesMost / 10_000) {
		k.entries.keep(Hash(binary.BigEndian.AppendUint64(make([]byte, 24), i)), make([]byte, 10_000), entriesRoom())
	}
	size := 0
	for _, generation := range []map[Hash][]byte{k.entries.newer, k.entries.old} {
		for h, row := range generation {
			size += len(h) + len(row)
		}
	}
	if size > 2*entriesRoom() || size < entriesRoom() {
		t.Errorf("%d bytes are kept", size)
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
