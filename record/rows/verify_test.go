package rows

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/statement"
)

// partition is one partition in memory.
type partition map[string][]byte

func (p partition) Get(key []byte) ([]byte, error) {
	if v, there := p[string(key)]; there {
		return v, nil
	}
	return nil, kv.ErrNotFound
}

func (p partition) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	for _, k := range slices.Sorted(maps.Keys(p)) {
		if !strings.HasPrefix(k, string(prefix)) || k < string(from) {
			continue
		}
		if more, err := fn([]byte(k), p[k]); err != nil || !more {
			return err
		}
	}
	return nil
}

func (p partition) put(key, value []byte) { p[string(key)] = value }

// row0 is row 0 of package keys over other rows: nothing here opens the seals.
func row0(blob string, others ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 12), uint32(1+len(others)))
	for _, o := range others {
		h := HashOf(o)
		b = append(b, h[:]...)
	}
	return append(b, blob...)
}

// version puts a version's rows, and returns its hash.
func (p partition) version(id record.EntryID, at Stamp, prev Hash, blob string, others ...[]byte) Hash {
	kept, own := Chain(prev, row0(blob, others...))
	p.put(EntryKey(id, at), kept)
	for i, o := range others {
		p.put(PartKey(id, at, i+1), o)
	}
	return own
}

var (
	small = record.EntryID{0x04, 1}
	big   = record.EntryID{0x04, 2} // in the same segment
	alone = record.EntryID{0xf0, 3}
)

// sampleRecord is a person's rows, made by hand: three entries, epoch 3, two live
// grants and a stopped one, a log of 11.
func sampleRecord(t testing.TB) partition {
	p := partition{}
	h1 := p.version(small, NewStamp(0, 1), Hash{}, "one")
	h2 := p.version(small, NewStamp(0, 2), h1, "two")
	h3 := p.version(small, NewStamp(0, 3), h2, "three")
	b1 := p.version(big, NewStamp(2, 1), Hash{}, "big", []byte("second row"), []byte("third row"))
	b2 := p.version(big, NewStamp(2, 2), b1, "bigger", []byte("another"), []byte("and"), []byte("one more"))
	a1 := p.version(alone, NewStamp(0, 1), Hash{}, "alone")
	p.directory(Line{small, NewStamp(0, 3), h3}, Line{big, NewStamp(2, 2), b2}, Line{alone, NewStamp(0, 1), a1})
	for e := record.Epoch(2); e <= 3; e++ {
		p.put(BackKey(e), bytes.Repeat([]byte{byte(e)}, 19*105))
	}
	for i := range uint64(11) {
		p.put(LeafKey(i), []byte{3, byte(i), 7})
	}
	live := Live{Epoch: 3}
	for i := range byte(2) {
		row := []byte{'g', i}
		p.put(GrantKey(record.GrantID{i}), row)
		live.Grants = append(live.Grants, LiveGrant{Grant: record.GrantID{i}, Self: i == 0, Row: HashOf(row)})
	}
	p.put(GrantKey(record.GrantID{9}), []byte("stopped"))
	p.put(LiveKey, live.Marshal())
	p.put(RingKey, Ring{5, []statement.Slot{{ID: crypto.CapsuleID{7}, Wrap: []byte("wrap")}}, []byte("keyring")}.Marshal())
	p.put(AccountKey, Account{Signing: crypto.NewSigningKey(crypto.NewKey()).Public(), Box: crypto.NewBoxKey(crypto.NewKey()).Public().Bytes(), Seq: 5}.Marshal())
	p.head(t)
	return p
}

func (p partition) directory(lines ...Line) {
	var d Directory
	segments := map[int][]Line{}
	for _, l := range lines {
		segments[SegmentOf(l.Entry)] = append(segments[SegmentOf(l.Entry)], l)
	}
	for n, lines := range segments {
		row := MarshalSegment(lines)
		d[n] = HashOf(row)
		p.put(SegmentKey(n, d[n]), row)
	}
	p.put(DirKey, d.Marshal())
}

// head writes the head over what there is, with a MAC of 32 times 'm'.
func (p partition) head(t testing.TB) {
	h := Head{Account: HashOf(p[string(AccountKey)]), Live: HashOf(p[string(LiveKey)]), Ring: HashOf(p[string(RingKey)]), Dir: DirRoot(p[string(DirKey)])}
	err := p.Scan([]byte{KindLeaf}, nil, func(_, leaf []byte) (bool, error) {
		h.Log.Append(audit.LeafHash(leaf))
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.put(HeadKey, append(bytes.Repeat([]byte{'m'}, 32), h.Marshal()...))
}

// verify verifies the rows, with a head that is believed if it has our MAC and
// those bytes.
func verify(t testing.TB, p partition, head []byte) (Verified, []string) {
	t.Helper()
	var left []string
	v, err := Verify(p, Check{
		Vouch:    func(row []byte) bool { return bytes.Equal(row, head) },
		LeftOver: func(key []byte) { left = append(left, string(key)) },
	}, func(int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if int(v.LeftOver) != len(left) {
		t.Errorf("%d left over, told of %d", v.LeftOver, len(left))
	}
	return v, left
}

func TestVerifyWhole(t *testing.T) {
	p := sampleRecord(t)
	v, left := verify(t, p, p["h"])
	if v.Damage != 0 || len(left) != 0 {
		t.Errorf("a whole record: %+v, left over %x", v.Findings, left)
	}
	if v.Rows != uint64(len(p)) || v.Entries != 3 || v.Versions != 6 || v.Leaves != 11 || v.Epoch != 3 || len(v.Slots) != 1 || v.Account.Seq != 5 {
		t.Errorf("%+v", v)
	}
	if v, _ := verify(t, partition{}, nil); v.Person() || v.Damage != 0 {
		t.Errorf("nothing at all: %+v", v)
	}
}

// TestVerifyEveryBit: whatever bit turns, row goes missing, or two rows change
// places is found, but in what a seal holds: back rows and those of grants that ended.
func TestVerifyEveryBit(t *testing.T) {
	whole := sampleRecord(t)
	sealed := func(key string) bool { return key[0] == KindBack || key == string(GrantKey(record.GrantID{9})) }
	flips := 0
	for key, row := range whole {
		p := maps.Clone(whole)
		delete(p, key)
		if v, _ := verify(t, p, whole["h"]); v.Damage == 0 && !(sealed(key) && key[0] == KindGrant) {
			t.Errorf("without row %x: no damage is found", key)
		}
		if sealed(key) {
			continue
		}
		step := 1
		if len(row) > 400 {
			step = 17
		}
		for bit := 0; bit < len(row)*8; bit += step {
			p := maps.Clone(whole)
			p[key] = slices.Clone(row)
			p[key][bit/8] ^= 1 << (bit % 8)
			flips++
			if v, _ := verify(t, p, whole["h"]); v.Damage == 0 {
				t.Errorf("row %x with bit %d turned: no damage is found", key, bit)
			}
		}
		for other, theirs := range whole {
			if other[0] == key[0] && other != key && !sealed(other) {
				p := maps.Clone(whole)
				p[key], p[other] = theirs, row
				if v, _ := verify(t, p, whole["h"]); v.Damage == 0 {
					t.Errorf("rows %x and %x in each other's place: no damage is found", key, other)
				}
			}
		}
		for _, n := range []int{0, len(row) / 2} { // torn
			p := maps.Clone(whole)
			p[key] = row[:n]
			if v, _ := verify(t, p, whole["h"]); v.Damage == 0 && len(row) > 0 {
				t.Errorf("row %x cut to %d bytes: no damage is found", key, n)
			}
		}
	}
	t.Logf("%d bits", flips)
}

// TestVerifyLeftOver: what a write that was cut off leaves, and what is left of
// an older record, is no damage, and each of its rows is told.
func TestVerifyLeftOver(t *testing.T) {
	p := sampleRecord(t)
	whole := maps.Clone(p)
	top := HashOf(p[string(EntryKey(small, NewStamp(0, 3)))])
	p.version(small, NewStamp(0, 4), top, "a version that no commit turned to", []byte("its second row"))
	moved := p.version(alone, NewStamp(1, 1), Hash{}, "being filed elsewhere")
	p.version(record.EntryID{0x99}, NewStamp(0, 1), Hash{}, "a new entry", []byte("and its second row"))
	row := MarshalSegment([]Line{{alone, NewStamp(1, 1), moved}})
	p.put(SegmentKey(SegmentOf(alone), HashOf(row)), row)
	p.put(PartKey(big, NewStamp(2, 2), 4), []byte("a row too many"))
	p.put(PartKey(big, NewStamp(1, 2), 1), []byte("of a generation before"))
	p.put(LeafKey(11), []byte("beyond the head"))
	p.put(BackKey(4), bytes.Repeat([]byte{4}, 19*105))
	p.put([]byte("zzz"), []byte("unknown"))
	var want []string
	for key := range p {
		if _, was := whole[key]; !was {
			want = append(want, key)
		}
	}
	v, left := verify(t, p, whole["h"])
	slices.Sort(want)
	slices.Sort(left)
	if v.Damage != 0 || !slices.Equal(want, left) {
		t.Errorf("%+v\nleft over %q\n     want %q", v.Findings, left, want)
	}
}

// TestVerifyTells: a finding says what is damaged, and no more than that.
func TestVerifyTells(t *testing.T) {
	entryOf := func(id record.EntryID, n uint64, missing bool) []Finding {
		return []Finding{{Part: PartEntry, Entry: hex.EncodeToString(id[:]), Version: n, Missing: missing}}
	}
	flip := func(key []byte) func(partition) {
		return func(p partition) { row := slices.Clone(p[string(key)]); row[len(row)-1] ^= 1; p.put(key, row) }
	}
	gone := func(key []byte) func(partition) { return func(p partition) { delete(p, string(key)) } }
	whole := sampleRecord(t)
	seg := 0
	for key := range whole {
		if key[0] == KindSegment {
			seg = max(seg, int(key[1]))
		}
	}
	last := func(p partition) []byte {
		for key := range p {
			if key[0] == KindSegment && int(key[1]) == seg {
				return []byte(key)
			}
		}
		return nil
	}(whole)
	for name, c := range map[string]struct {
		harm func(partition)
		want []Finding
	}{
		"head":                      {flip(HeadKey), nil},
		"newest version":            {flip(EntryKey(small, NewStamp(0, 3))), entryOf(small, 3, false)},
		"a version in between":      {flip(EntryKey(small, NewStamp(0, 2))), entryOf(small, 2, false)},
		"the first is gone":         {gone(EntryKey(small, NewStamp(0, 1))), entryOf(small, 1, true)},
		"the newest is gone":        {gone(EntryKey(alone, NewStamp(0, 1))), entryOf(alone, 1, true)},
		"a part":                    {flip(PartKey(big, NewStamp(2, 1), 2)), entryOf(big, 1, false)},
		"a part is gone":            {gone(PartKey(big, NewStamp(2, 2), 2)), entryOf(big, 2, true)},
		"the last part is gone":     {gone(PartKey(big, NewStamp(2, 2), 3)), entryOf(big, 2, true)},
		"all parts are gone":        {func(p partition) { gone(PartKey(big, NewStamp(2, 1), 1))(p); gone(PartKey(big, NewStamp(2, 1), 2))(p) }, entryOf(big, 1, true)},
		"a log entry":               {flip(LeafKey(9)), []Finding{{Part: PartLog, From: 8, To: 10}}},
		"log entries gone":          {func(p partition) { gone(LeafKey(3))(p); gone(LeafKey(4))(p) }, []Finding{{Part: PartLog, Missing: true, From: 3, To: 5}}},
		"the end of the log":        {gone(LeafKey(10)), []Finding{{Part: PartLog, Missing: true, From: 10, To: 11}}},
		"a segment":                 {flip(last), []Finding{{Part: PartSegment, Number: uint64(seg)}}},
		"a segment is gone":         {gone(last), []Finding{{Part: PartSegment, Missing: true, Number: uint64(seg)}}},
		"an epoch":                  {gone(BackKey(2)), []Finding{{Part: PartEpoch, Missing: true, Number: 2}}},
		"a live grant":              {flip(GrantKey(record.GrantID{1})), []Finding{{Part: PartGrant}}},
		"a live grant is gone":      {gone(GrantKey(record.GrantID{1})), []Finding{{Part: PartGrant, Missing: true}}},
		"the live list is gone":     {gone(LiveKey), []Finding{{Part: PartLive, Missing: true}}},
		"the keyring":               {flip(RingKey), []Finding{{Part: PartRing}}},
		"the account":               {flip(AccountKey), []Finding{{Part: PartAccount}}},
		"the directory":             {flip(DirKey), []Finding{{Part: PartDirectory}}},
		"the directory is gone":     {gone(DirKey), []Finding{{Part: PartDirectory, Missing: true}}},
		"the head is gone":          {gone(HeadKey), []Finding{{Part: PartHead, Missing: true}}},
		"a whole entry of versions": {func(p partition) { flip(EntryKey(big, NewStamp(2, 2)))(p) }, entryOf(big, 2, false)},
	} {
		p := maps.Clone(whole)
		c.harm(p)
		v, left := verify(t, p, whole["h"])
		if c.want == nil {
			if v.Damage == 0 || v.Findings[0].Part != PartHead {
				t.Errorf("%s: %+v", name, v.Findings)
			}
			continue
		}
		if !slices.Equal(v.Findings, c.want) || len(left) != 0 {
			t.Errorf("%s: %+v, want %+v; left over %x", name, v.Findings, c.want, left)
		}
	}
	stop := errors.New("stop")
	if _, err := Verify(whole, Check{}, func(int) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("progress that wants to stop: %v", err)
	}
}

// TestVerifyMemory: of 100,000 entries little is kept in memory.
func TestVerifyMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 entries")
	}
	const n = 100_000
	value, _ := Chain(Hash{}, row0("entry"))
	before, after := new(runtime.MemStats), new(runtime.MemStats)
	runtime.GC()
	runtime.ReadMemStats(before)
	v := NewVerifier(Check{})
	var id record.EntryID
	for i := range uint64(n) {
		binary.BigEndian.PutUint64(id[:], i<<40)
		v.Row(EntryKey(id, NewStamp(0, 1)), value)
	}
	runtime.GC()
	runtime.ReadMemStats(after)
	kept := (after.HeapAlloc - before.HeapAlloc) / n
	t.Logf("%d bytes an entry", kept)
	if kept > 160 {
		t.Errorf("%d bytes are kept of each entry", kept)
	}
	v.Finish(1)
}

// FuzzVerify: rows of any key and value, in any order, are judged without a panic.
func FuzzVerify(f *testing.F) {
	var all []byte
	for key, row := range sampleRecord(f) {
		all = append(append(append(append(all, byte(len(key))), key...), byte(len(row)>>8), byte(len(row))), row...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		v := NewVerifier(Check{Copy: len(b)%2 == 0})
		for len(b) > 3 {
			n := min(int(b[0]), len(b)-3)
			key, rest := b[1:1+n], b[1+n:]
			size := min(int(rest[0])<<8|int(rest[1]), len(rest)-2)
			v.Row(key, rest[2:2+size])
			b = rest[2+size:]
		}
		v.Finish(1)
	})
}
