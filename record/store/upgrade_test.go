package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/kv"
	at "carehold/record/rows"
	"carehold/record/store"
	"carehold/record/wire"
)

// inMemory is a fixture's rows on the engine in memory.
func inMemory(t *testing.T, name string) (e *memory, node crypto.Key, want fixture, opt store.Options) {
	t.Helper()
	dir, want, opt := openFixture(t, name)
	e = newMemory()
	for key, row := range rows(t, dir) {
		e.set(kv.Partition([]byte(key[:16])), key[16:], row)
	}
	return e, must[crypto.Key](t)(crypto.KeyFrom(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "node.key"))))), want, opt
}

// downgrade writes a store's rows as format 1 had them: an account of the format of
// its own, by git show be4509e:docs/format.md.
func downgrade(t *testing.T, e *memory, node crypto.Key) {
	t.Helper()
	zeros := kv.Partition{}
	id := record.StoreID(e.parts[zeros]["ms"][6:22])
	var w wire.Builder
	w.Bytes(1, id[:])
	w.Uint(2, 1)
	e.set(zeros, "ms", w.Finish())
	for part, rows := range e.parts {
		head, ok := rows["h"]
		if !ok {
			continue
		}
		h, ok := at.ParseHead(head[32:])
		if !ok {
			t.Fatal("no head")
		}
		dir := bytes.Clone(rows["d"])
		for n := range 64 {
			name := "s" + string(byte(n)) + string(dir[n*32:n*32+32])
			segment, there := rows[name]
			if !there {
				continue
			}
			segment = bytes.Clone(segment)
			for l := segment; len(l) > 0; l = l[56:] {
				stamp := binary.BigEndian.Uint64(l[16:])
				prev := make([]byte, 32)
				for v := stamp>>40<<40 + 1; v <= stamp; v++ {
					key := string(l[:16]) + string(crypto.U64(^v))
					row := rows["e"+key]
					count := int(binary.BigEndian.Uint32(row[44:]))
					old := append(append(bytes.Clone(prev), row[32:48]...), row[48+32*(count-1):]...)
					sum := sha256.New()
					sum.Write(old)
					for i := 1; i < count; i++ {
						sum.Write(rows["x"+key+string(crypto.U32(uint32(i)))])
					}
					h.Used -= uint64(32 * (count - 1))
					prev = sum.Sum(nil)
					e.set(part, "e"+key, old)
				}
				copy(l[24:], prev)
			}
			sum := sha256.Sum256(segment)
			copy(dir[n*32:], sum[:])
			e.set(part, name, nil)
			e.set(part, "s"+string(byte(n))+string(sum[:]), segment)
		}
		e.set(part, "d", dir)
		h.Dir = sha256.Sum256(append([]byte("carehold/directory"), dir...))
		message := h.Marshal()
		mac := node.MAC(crypto.LabelHead, id[:], part[:], message)
		e.set(part, "h", append(mac[:], message...))
	}
}

// entryRows are those of a record that an upgrade may touch.
func entryRows(e *memory, with string) map[string]string {
	all := map[string]string{}
	for part, rows := range e.parts {
		for key, row := range rows {
			if strings.ContainsRune(with, rune(key[0])) {
				all[string(part[:])+key] = string(row)
			}
		}
	}
	return all
}

// TestDowngrade: what the tests below make is what the program of then made.
func TestDowngrade(t *testing.T) {
	t.Parallel()
	e, node, _, opt := inMemory(t, "format1")
	was := entryRows(e, "exsd")
	if _, err := store.OpenOn(e, node, opt); err != nil {
		t.Fatal(err)
	}
	if maps.Equal(was, entryRows(e, "exsd")) {
		t.Fatal("nothing was upgraded")
	}
	downgrade(t, e, node)
	if !maps.Equal(was, entryRows(e, "exsd")) {
		t.Error("down again, the rows are not what they were")
	}
}

// oldBed is a store of format 1 with documents of several rows and many versions,
// of two people, and what the program of format 2 had made of them.
func oldBed(t *testing.T) (b *bed, made *memory) {
	b = newBed(t)
	me := view(t, b.s, b.me)
	for v := range 9 {
		put(t, me, inJSON(large("many", 66<<10+v*40<<10)))
	}
	put(t, me, large("small", 100))
	put(t, me, large("small", 70<<10))
	put(t, me, large("small", 100))
	put(t, me, large("moved", 80<<10))
	put(t, me, large("moved", 81<<10))
	for i := range 40 {
		put(t, me, strings.Replace(allergy, `"a1"`, fmt.Sprintf(`"n%d"`, i), 1))
	}
	if _, err := me.Move(t.Context(), []fhir.Ref{binaryRef("moved")}, record.Private); err != nil {
		t.Fatal(err)
	}
	other := enrol(t, b.s)
	put(t, other.session(), large("other", 90<<10))
	put(t, other.session(), allergy)
	made = b.engine.fork()
	downgrade(t, b.engine, b.node)
	b.engine.max = 400 << 10
	return b, made
}

// TestUpgradeCrash cuts the upgrade at each of its commits, before it is written and
// after, and then once more while it is resumed: in the end the rows are to the
// byte what the program of the new format would have made.
func TestUpgradeCrash(t *testing.T) {
	t.Parallel()
	b, made := oldBed(t)
	start := b.engine
	b.boot(made.fork())
	want := b.whole()
	cuts := 0
	finish := func(e *memory, what string) {
		t.Helper()
		b.boot(e)
		if !maps.Equal(entryRows(e, "exsdm"), entryRows(made, "exsdm")) {
			t.Fatalf("%s: the rows are not what the program makes", what)
		}
		if got := b.whole(); got != want {
			t.Fatalf("%s: the record is\n%.2000s\nand was\n%.2000s", what, got, want)
		}
	}
	finish(start.fork(), "uncut")
	upgrade := func(e *memory, n, cut int) (*memory, bool) {
		e.crash, e.cut = n, cut
		_, err := store.OpenOn(e, b.node, store.Options{})
		if (err != nil) != e.down {
			t.Fatalf("commit %d: %v", n, err)
		}
		return e.reboot(), e.down
	}
	for n := 1; ; n++ {
		hit := false
		for cut := 1; cut <= 2; cut++ {
			var e *memory
			if e, hit = upgrade(start.fork(), n, cut); !hit {
				break
			}
			cuts++
			if n > 1 || cut == 2 {
				if row := e.parts[kv.Partition{}]["ms"]; row[len(row)-1] != 2 {
					t.Fatal("the program of then would open what is half done")
				}
			}
			for again := 1; again <= 3; again++ {
				twice, _ := upgrade(e.fork(), again, 1+again%2)
				finish(twice, fmt.Sprintf("cut %d at commit %d, and at %d of the rest", cut, n, again))
			}
			finish(e, fmt.Sprintf("cut %d at commit %d", cut, n))
		}
		if !hit {
			break
		}
	}
	if cuts < 2*6 {
		t.Errorf("only %d cuts", cuts)
	}
	t.Logf("%d cuts, each with 3 more while resumed", cuts)
}

// TestUpgradeUsed: what a record takes at rest is counted as if it had been written
// so.
func TestUpgradeUsed(t *testing.T) {
	t.Parallel()
	b, made := oldBed(t)
	old := b.engine
	used := func(e *memory) uint64 {
		b.boot(e)
		rows := e.parts[kv.Partition(b.d.person)]
		head, ok := at.ParseHead(rows["h"][32:])
		if !ok {
			t.Fatal("no head")
		}
		for key, leaf := range rows {
			if key[0] == 'l' {
				head.Used -= uint64(len(leaf))
			}
		}
		return head.Used
	}
	if was, now := used(made), used(old); was != now {
		t.Errorf("%d bytes of entries, want %d", now, was)
	}
}

// TestUpgradeDamage: where a row is damaged the store is not upgraded, and is left as
// it is to the byte; with AcceptLoss it is, and what is damaged stays so, nothing
// else does.
func TestUpgradeDamage(t *testing.T) {
	t.Parallel()
	b, made := oldBed(t)
	start, part := b.engine, kv.Partition(b.d.person)
	b.boot(made.fork())
	sound := answersOf(t, b)
	id := func(name string) string {
		for key := range start.parts[part] {
			if key[0] == 'e' && name == nameOf(t, b, key) {
				return key[1:17]
			}
		}
		t.Fatal("no ", name)
		return ""
	}
	many, small := id("Binary/many"), id("Binary/small")
	row := func(kind, entry string, v uint64) string { return kind + entry + string(crypto.U64(^v)) }
	partOf := func(entry string, v uint64, i uint32) string { return row("x", entry, v) + string(crypto.U32(i)) }
	versions := func(ref string, from, to int) (list []string) {
		for v := from; v <= to; v++ {
			list = append(list, fmt.Sprintf("%s/%d", ref, v))
		}
		return list
	}
	swap := func(e *memory, a, b string) {
		x, y := e.parts[part][a], e.parts[part][b]
		e.set(part, a, y)
		e.set(part, b, x)
	}
	flip := func(key string, at int) func(*memory) {
		return func(e *memory) {
			row := bytes.Clone(e.parts[part][key])
			if len(row) == 0 {
				t.Fatal("no row to damage")
			}
			row[(at+len(row))%len(row)] ^= 1
			e.set(part, key, row)
		}
	}
	for name, c := range map[string]struct {
		damage func(*memory)
		lost   []string // that read no more; the newest is "Type/id/0" too
	}{
		"a part of version 3":         {flip(partOf(many, 3, 1), 77), versions("Binary/many", 1, 3)},
		"row 0 of version 3":          {flip(row("e", many, 3), -1), versions("Binary/many", 1, 3)},
		"the count of version 3":      {flip(row("e", many, 3), 47), versions("Binary/many", 1, 3)},
		"the link of version 3":       {flip(row("e", many, 3), 1), versions("Binary/many", 1, 3)},
		"the link of version 1":       {flip(row("e", many, 1), 1), versions("Binary/many", 1, 1)},
		"a part of version 3 is gone": {func(e *memory) { e.set(part, partOf(many, 3, 1), nil) }, versions("Binary/many", 1, 3)},
		"version 3 is gone":           {func(e *memory) { e.set(part, row("e", many, 3), nil) }, versions("Binary/many", 1, 3)},
		"the newest":                  {flip(partOf(many, 9, 2), 0), versions("Binary/many", 0, 9)},
		"two versions":                {func(e *memory) { flip(partOf(many, 2, 1), 5)(e); flip(partOf(many, 6, 1), 5)(e) }, versions("Binary/many", 1, 6)},
		"versions swapped":            {func(e *memory) { swap(e, row("e", many, 2), row("e", many, 3)) }, versions("Binary/many", 1, 3)},
		"an old one of one row":       {flip(row("e", small, 1), -1), versions("Binary/small", 1, 1)},
		"the large one between":       {flip(partOf(small, 2, 1), 9), versions("Binary/small", 1, 2)},
		"version 3 as one row": {func(e *memory) { // which hashes to what version 4 says
			all := bytes.Clone(e.parts[part][row("e", many, 3)])
			for i := uint32(1); e.parts[part][partOf(many, 3, i)] != nil; i++ {
				all = append(all, e.parts[part][partOf(many, 3, i)]...)
			}
			e.set(part, row("e", many, 3), all)
		}, versions("Binary/many", 1, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			e := start.fork()
			c.damage(e)
			before := e.fork()
			_, err := store.OpenOn(e, b.node, store.Options{})
			wantKind(t, err, record.Integrity)
			if !strings.Contains(err.Error(), "Nothing has been changed") || !strings.Contains(err.Error(), "--accept-loss") {
				t.Errorf("it says %q", err)
			}
			if !maps.Equal(entryRows(before, "exsdmhl"), entryRows(e, "exsdmhl")) {
				t.Fatal("it was changed")
			}
			s, err := store.OpenOn(e, b.node, store.Options{AcceptLoss: true})
			if err != nil {
				t.Fatal(err)
			}
			b.engine, b.s, b.d.s = e, s, s
			want := maps.Clone(sound)
			for _, v := range c.lost {
				if strings.HasSuffix(v, "/9") {
					want["list"] = "!"
				}
				if want[v] == "" {
					t.Fatal("no such version ", v)
				}
				want[v] = "!"
			}
			for q, said := range answersOf(t, b) {
				if q != "list" && said != want[q] {
					t.Errorf("%s: %.80s, want %.80s", q, said, want[q])
				}
			}
			if _, damage := leftOver(t, e, part); damage == 0 {
				t.Error("and then nobody finds the damage")
			}
			if _, err := store.OpenOn(e, b.node, store.Options{}); err != nil {
				t.Errorf("opened again: %v", err)
			}
		})
	}
	for name, key := range map[string]string{"directory": "d", "account": "a", "segment": ""} {
		e := start.fork()
		if key == "" {
			dir := e.parts[part]["d"]
			n := int(many[0] >> 2)
			key = "s" + string(byte(n)) + string(dir[n*32:n*32+32])
		}
		flip(key, 3)(e)
		_, err := store.OpenOn(e, b.node, store.Options{})
		wantKind(t, err, record.Integrity)
		if _, err := store.OpenOn(e, b.node, store.Options{AcceptLoss: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUpgradeDamagedHalfway: a row that is damaged between a crash and the next
// start. What was rewritten already is not taken for damage, nor the damage for what
// was rewritten.
func TestUpgradeDamagedHalfway(t *testing.T) {
	t.Parallel()
	b, _ := oldBed(t)
	part := kv.Partition(b.d.person)
	tried := 0
	for n := 2; ; n++ {
		e := b.engine.fork()
		e.crash, e.cut = n, 2
		if _, err := store.OpenOn(e, b.node, store.Options{}); err == nil {
			break
		}
		e = e.reboot()
		for key, row := range e.parts[part] {
			if key[0] == 'x' {
				row = bytes.Clone(row)
				row[5] ^= 1
				e.set(part, key, row)
				break
			}
		}
		if _, there := e.parts[kv.Partition{}]["mu"]; !there {
			continue // it was the last
		}
		_, err := store.OpenOn(e, b.node, store.Options{})
		wantKind(t, err, record.Integrity)
		if !strings.Contains(err.Error(), "cannot be finished") {
			t.Errorf("it says %q", err)
		}
		if _, err := store.OpenOn(e, b.node, store.Options{AcceptLoss: true}); err != nil {
			t.Error(err)
		}
		tried++
	}
	if tried < 5 {
		t.Errorf("tried %d", tried)
	}
}

// TestNewerFormat: a store of a format to come is left alone.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	row := bytes.Clone(b.engine.parts[kv.Partition{}]["ms"])
	row[len(row)-1] = 3
	b.engine.set(kv.Partition{}, "ms", row)
	was := entryRows(b.engine, "exsdmhla")
	_, err := store.OpenOn(b.engine, b.node, store.Options{AcceptLoss: true})
	wantKind(t, err, record.Unsupported)
	if err.Error() != "this store is of format 3; this program knows format 2: use the program that made it" {
		t.Error(err)
	}
	if !maps.Equal(was, entryRows(b.engine, "exsdmhla")) {
		t.Error("and yet it was changed")
	}
}

func textLog(to *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }

// FuzzOldRow: whatever lies on the disk as rows of a version, what is sound by the
// hash of its old form is sound as it is rewritten, and is then left alone; and
// nothing else is.
func FuzzOldRow(f *testing.F) {
	head := make([]byte, 44)
	sum := sha256.Sum256([]byte("part"))
	f.Add(append(bytes.Clone(head), 0, 0, 0, 1, 'b'), []byte(nil))
	f.Add(append(bytes.Clone(head), 0, 0, 0, 2, 'b'), []byte("part"))
	f.Add(append(append(bytes.Clone(head), 0, 0, 0, 2), sum[:]...), []byte("part"))
	f.Add(append(bytes.Clone(head), 0, 0, 0x40, 1), []byte("part"))
	f.Add(append(bytes.Clone(head), 0xff, 0xff, 0xff, 0xff), []byte("part"))
	f.Add([]byte{1}, []byte{})
	f.Fuzz(func(t *testing.T, row, part []byte) {
		e, id := newMemory(), record.EntryID{1}
		l := at.Line{Entry: id, Stamp: 1}
		set := func(row []byte) kv.Reader {
			e.set(kv.Partition{}, string(at.EntryKey(id, 1)), row)
			if len(part) > 0 {
				e.set(kv.Partition{}, string(at.PartKey(id, 1, 1)), part)
			}
			return memoryReader{e.parts[kv.Partition{}], e.sorted(kv.Partition{})}
		}
		r := set(row)
		l.Hash = sha256.Sum256(append(bytes.Clone(row), part...)) // as a store of format 1 has it
		now, changes, damaged, err := store.OldChain(r, l)
		if err != nil {
			t.Fatal(err)
		}
		if damaged {
			return
		}
		next, err := store.OldRow(r, l)
		if err != nil {
			t.Fatal(err)
		}
		if changes == bytes.Equal(next, row) {
			t.Fatalf("changes: %v, and the row is %x, was %x", changes, next, row)
		}
		r = set(next)
		l.Hash = now
		v, err := at.ReadVersion(r, id, 1, now)
		if err == nil {
			_, err = v.Rows(r)
		}
		if err != nil {
			t.Fatalf("as it was rewritten it is damaged: %v", err)
		}
		if _, again, bad, _ := store.OldChain(r, l); again || bad {
			t.Fatal("it is not done")
		}
		l.Hash[3] ^= 1
		if _, changes, bad, _ := store.OldChain(r, l); changes || !bad {
			t.Fatal("what no directory vouches for is taken")
		}
	})
}

// nameOf tells which entry of the bed's a row is of.
func nameOf(t *testing.T, b *bed, key string) string {
	t.Helper()
	for _, ref := range []fhir.Ref{binaryRef("many"), binaryRef("small"), binaryRef("moved"), allergyRef} {
		if id := b.d.entryID(ref); string(id[:]) == key[1:17] {
			return ref.String()
		}
	}
	return ""
}

// entryID is the name of an entry's rows. docs/format.md, §10.
func (d *device) entryID(ref fhir.Ref) record.EntryID {
	return d.id.ID(crypto.LabelEntryID, []byte(ref.Type), []byte(ref.ID))
}

// answersOf reads every version of the bed's large documents, and "!" is damage.
func answersOf(t *testing.T, b *bed) map[string]string {
	t.Helper()
	got := map[string]string{}
	me := b.d.session()
	defer me.Close()
	for ref, n := range map[fhir.Ref]record.Version{binaryRef("many"): 9, binaryRef("small"): 3, binaryRef("moved"): 2, allergyRef: 1} {
		for v := record.Version(0); v <= n; v++ {
			e, err := me.Read(t.Context(), ref, v)
			name := fmt.Sprintf("%s/%d", ref, v)
			switch {
			case record.KindOf(err) == record.Integrity && err != nil:
				got[name] = "!"
			case err != nil:
				got[name] = err.Error()
			default:
				got[name] = fmt.Sprintf("%s %x", e.Section, sha256.Sum256(e.Body))
			}
		}
	}
	return got
}
