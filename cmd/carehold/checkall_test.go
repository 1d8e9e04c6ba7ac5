package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/rows"
)

// copied is a copy of a record, taken apart: what an operator with node.key can
// change, and sign again.
type copied struct {
	t        testing.TB
	header   backup.Header
	last     backup.Last
	rows     map[string][]byte
	capsules []record.Capsule
	signer   *audit.NodeSigner
}

func (c copied) clone() copied {
	c.rows = maps.Clone(c.rows)
	for k, v := range c.rows {
		c.rows[k] = bytes.Clone(v)
	}
	return c
}

// of are the rows of a kind, in order.
func (c copied) of(kind byte) []string {
	var keys []string
	for k := range c.rows {
		if k[0] == kind {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func (c copied) head() rows.Head {
	h, ok := rows.ParseHead(c.rows["h"][rows.HeadMACSize:])
	if !ok {
		c.t.Fatal("a head that cannot be read")
	}
	return h
}

func (c copied) putHead(h rows.Head) {
	c.rows["h"] = append(make([]byte, rows.HeadMACSize), h.Marshal()...)
}

// line changes what the directory says of the i-th entry, nil: that it is not there.
func (c copied) line(id record.EntryID, change func(*rows.Line) bool) {
	d, ok := rows.ParseDirectory(c.rows["d"])
	if !ok {
		c.t.Fatal("a directory that cannot be read")
	}
	n := rows.SegmentOf(id)
	old := string(rows.SegmentKey(n, d[n]))
	lines, _ := rows.ParseSegment(c.rows[old])
	lines = slices.DeleteFunc(lines, func(l rows.Line) bool { return l.Entry == id && !change(&l) })
	for i := range lines {
		if lines[i].Entry == id {
			change(&lines[i])
		}
	}
	delete(c.rows, old)
	d[n] = rows.Hash{}
	if len(lines) > 0 {
		row := rows.MarshalSegment(lines)
		d[n] = rows.HashOf(row)
		c.rows[string(rows.SegmentKey(n, d[n]))] = row
	}
	c.rows["d"] = d.Marshal()
	h := c.head()
	h.Dir = rows.DirRoot(c.rows["d"])
	c.putHead(h)
}

// write signs it, and gives it as a server would.
func (c copied) write() []byte {
	var out bytes.Buffer
	w, err := backup.NewWriter(&out, c.header)
	must := func(err error) {
		if err != nil {
			c.t.Helper()
			c.t.Fatal(err)
		}
	}
	must(err)
	for _, k := range slices.Sorted(maps.Keys(c.rows)) {
		must(w.Row(c.header.Person, []byte(k), c.rows[k]))
	}
	for _, x := range c.capsules {
		must(w.Capsule(x))
	}
	last := c.last
	last.Head = rows.HashOf(c.rows["h"])
	last.Checkpoint, err = c.signer.Sign(c.header.Person, c.head().Log.Head())
	must(err)
	must(w.Last(last))
	_, err = w.End(0, c.signer.SignBackup)
	must(err)
	return out.Bytes()
}

// TestCheckAllFinds is what whoever runs the server, with node.key, may do to a
// record, its hashes and signatures made anew each time: the keys on the device find
// it.
func TestCheckAllFinds(t *testing.T) {
	at := newHome(t)
	tr := newTraveller(t, at, at.url)
	c, err := client.New(at.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := tr.person
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u := &unlocked{Holder: h, client: c, session: c.With(token), token: token, app: quietApp(), device: &device{path: tr.state}}
	goal := func(id, text string) {
		bundle := `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Goal","id":"` + id +
			`","lifecycleStatus":"active","description":{"text":"` + text + `"},"subject":{"display":"her"}},"request":{"method":"PUT","url":"Goal/` + id + `"}}]}`
		if _, err := u.session.Transaction(t.Context(), []byte(bundle), entry.Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	goal("a", "walk")
	issued, err := h.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "Dr Amara Okafor"}, Sections: record.AllSections, Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read}}, Purpose: "TREAT"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Revoke(t.Context(), issued.Grant.ID); err != nil { // an epoch, and so a back row
		t.Fatal(err)
	}
	goal("a", "run")
	goal("b", "swim")
	goal("c", "sing")

	var raw bytes.Buffer
	if err := u.session.Copy(t.Context(), &raw); err != nil {
		t.Fatal(err)
	}
	x := copied{t: t, rows: map[string][]byte{}, signer: at.signer(t)}
	r, err := backup.NewReader(&raw)
	if err != nil {
		t.Fatal(err)
	}
	x.header = r.Header()
	for {
		f, err := r.Next()
		if err != nil {
			break
		}
		switch {
		case f.Key != nil:
			x.rows[string(f.Key)] = bytes.Clone(f.Value)
		case f.Capsule != nil:
			k := *f.Capsule
			k.Blob = bytes.Clone(k.Blob)
			x.capsules = append(x.capsules, k)
		case f.Last != nil:
			x.last = *f.Last
		}
	}
	opener := h.Opener()
	defer opener.Close()
	judge := func(c copied) (checkedAll, error) {
		file, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		w := &wholeCheck{opener: opener, step: func() {}, file: file, large: map[string]span{}}
		if err := u.readCopy(t.Context(), bytes.NewReader(c.write()), w); err != nil {
			return checkedAll{}, err
		}
		return w.judge(t.Context(), h)
	}
	if out, err := judge(x.clone()); err != nil || out.damage != 0 || out.versions != 7 || out.epochs != 2 {
		t.Fatalf("as it is: %+v, %v", out, err)
	}

	// row is the newest version of an entry: its key, and its place.
	row := func(c copied, id string) (string, record.EntryID, rows.Stamp) {
		name := opener.EntryID("Goal", id)
		for _, k := range c.of(rows.KindEntry) {
			if e, at, _ := rows.ParseEntryKey([]byte(k)); e == name {
				return k, e, at
			}
		}
		t.Fatalf("no entry %s", id)
		return "", name, 0
	}
	rehash := func(c copied, k string, id record.EntryID) {
		c.line(id, func(l *rows.Line) bool { l.Hash = rows.HashOf(c.rows[k]); return true })
	}
	for name, a := range map[string]struct {
		do   func(c copied)
		want string
	}{
		"an entry left out": {func(c copied) {
			k, id, _ := row(c, "b")
			delete(c.rows, k)
			c.line(id, func(*rows.Line) bool { return false })
		}, "which entries there are"},
		"an entry as it was before": {func(c copied) {
			k, id, at := row(c, "a")
			delete(c.rows, k)
			first := string(rows.EntryKey(id, at.At(1)))
			c.line(id, func(l *rows.Line) bool { l.Stamp, l.Hash = at.At(1), rows.HashOf(c.rows[first]); return true })
		}, "which entries there are"},
		"an entry altered": {func(c copied) {
			k, id, _ := row(c, "b")
			c.rows[k][len(c.rows[k])-1] ^= 1
			rehash(c, k, id)
		}, "opens with none of your keys"},
		"two entries swapped": {func(c copied) {
			k1, id1, _ := row(c, "b")
			k2, id2, _ := row(c, "c")
			c.rows[k1], c.rows[k2] = c.rows[k2], c.rows[k1]
			rehash(c, k1, id1)
			rehash(c, k2, id2)
		}, "opens with none of your keys"},
		"an entry altered, and its newer version": {func(c copied) {
			k, id, at := row(c, "a")
			first := c.rows[string(rows.EntryKey(id, at.At(1)))]
			first[len(first)-1] ^= 1
			sum := rows.HashOf(first)
			copy(c.rows[k], sum[:])
			rehash(c, k, id)
		}, "opens with none of your keys"},
		"part of a large entry": {func(c copied) {
			p := c.of(rows.KindPart)[0]
			id, at, i, _ := rows.ParsePartKey([]byte(p))
			c.rows[p][9] ^= 1
			k := string(rows.EntryKey(id, at))
			sum := rows.HashOf(c.rows[p])
			copy(c.rows[k][32+16+32*(i-1):], sum[:]) // prev || hint, count || hashes
			rehash(c, k, id)
		}, "opens with none of your keys"},
		"a link between epochs": {func(c copied) { c.rows[c.of(rows.KindBack)[0]][1000] ^= 1 }, "the link from epoch 2"},
		"a log entry": {func(c copied) {
			k := c.of(rows.KindLeaf)[4]
			c.rows[k][20] ^= 1
			c.relog()
		}, "the log: "},
		"a log entry left out at the end": {func(c copied) {
			all := c.of(rows.KindLeaf)
			for _, k := range all[len(all)-12:] {
				delete(c.rows, k)
			}
			c.relog()
		}, "the log: "},
		"another identity": {func(c copied) {
			a, _ := rows.ParseAccount(c.rows["a"])
			a.Signing = crypto.NewSigningKey(crypto.NewKey()).Public()
			c.account(a)
		}, "the identity in it is not yours"},
		"another box": {func(c copied) {
			a, _ := rows.ParseAccount(c.rows["a"])
			a.Box = crypto.NewBoxKey(crypto.NewKey()).Public().Bytes()
			c.account(a)
		}, "the identity in it is not yours"},
		"another statement": {func(c copied) {
			a, _ := rows.ParseAccount(c.rows["a"])
			a.Last[0] ^= 1
			c.account(a)
		}, "not of the keyring"},
	} {
		c := x.clone()
		a.do(c)
		out, err := judge(c)
		if err != nil || out.damage == 0 || !strings.Contains(strings.Join(out.named, "\n"), a.want) {
			t.Errorf("%s: %d damaged, %v:\n%s", name, out.damage, err, strings.Join(out.named, "\n"))
		}
	}
	// Without new hashes, any row: the hashes find it.
	for k := range x.rows {
		c := x.clone()
		c.rows[k][len(c.rows[k])/2] ^= 1
		if k == "h" {
			continue // signed anew with what is in it: that is what the rest is held against
		}
		if out, err := judge(c); err == nil && out.damage == 0 || err != nil && !errors.Is(err, record.Integrity) {
			t.Errorf("a row %q altered: %v", k[0], err)
		}
		c = x.clone()
		delete(c.rows, k)
		if out, err := judge(c); err == nil && out.damage == 0 || err != nil && !errors.Is(err, record.Integrity) {
			t.Errorf("a row %q left out: %v", k[0], err)
		}
	}
	// Of another server, or somebody else's.
	for name, spoil := range map[string]func(*copied){
		"person": func(c *copied) { c.header.Person[0] ^= 1 },
		"store":  func(c *copied) { c.signer = newHome(t).signer(t); c.header.Store[0] ^= 1 },
	} {
		c := x.clone()
		spoil(&c)
		func() {
			defer func() { recover() }() // a writer may refuse what it cannot sign
			if out, err := judge(c); !errors.Is(err, record.Integrity) {
				t.Errorf("of another %s: %+v, %v", name, out, err)
			}
		}()
	}
}

// relog makes the head's log of the leaves that are there.
func (c copied) relog() {
	var f audit.Frontier
	for _, k := range c.of(rows.KindLeaf) {
		f.Append(audit.LeafHash(c.rows[k]))
	}
	h := c.head()
	h.Log = f
	c.putHead(h)
}

func (c copied) account(a rows.Account) {
	c.rows["a"] = a.Marshal()
	h := c.head()
	h.Account = rows.HashOf(c.rows["a"])
	c.putHead(h)
}

// signer is what an operator has.
func (h *home) signer(t testing.TB) *audit.NodeSigner {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.dir, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := crypto.KeyFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := audit.NewNodeSigner(h.ID(), k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
