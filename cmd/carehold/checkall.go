package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/rows"
	"carehold/record/statement"
)

// maxDamage is how much of what is damaged is named.
const maxDamage = 20

// wholeCheck is a backup.Handler that opens a copy of the record as it comes by.
// What is opened is looked at and overwritten; only what is sealed goes to a file.
type wholeCheck struct {
	opener *holder.Opener
	step   func()

	file   *os.File // of sealed rows that are needed again
	at     int64
	leaves []span
	large  map[string]span // row 0 of versions with more, by the key's 24 bytes
	group  string          // the version whose rows come
	rows   [][]byte
	want   int

	versions, backs uint64
	section         record.Section // of the entry that came last
	last            record.EntryID
	stamp           rows.Stamp

	found  *backup.Person
	log    statement.Head
	note   []byte
	damage uint64
	named  []string
}

type span struct {
	at   int64
	size int
}

func (c *wholeCheck) damaged(format string, args ...any) {
	if c.damage++; len(c.named) < maxDamage {
		c.named = append(c.named, fmt.Sprintf(format, args...))
	}
}

func (c *wholeCheck) keep(b []byte) (span, error) {
	s := span{c.at, len(b)}
	_, err := c.file.WriteAt(b, c.at)
	c.at += int64(len(b))
	return s, err
}

func (c *wholeCheck) read(s span) ([]byte, error) {
	b := make([]byte, s.size)
	_, err := c.file.ReadAt(b, s.at)
	return b, err
}

// Row takes a row of the copy.
func (c *wholeCheck) Row(_ record.PersonID, key, value []byte) (err error) {
	switch key[0] {
	case rows.KindBack:
		c.backs++
		e := record.Epoch(uint32(key[1])<<24 | uint32(key[2])<<16 | uint32(key[3])<<8 | uint32(key[4]))
		if c.opener.Back(e, value) != nil {
			c.damaged("the link from epoch %d to the one before it", e)
		}
	case rows.KindLeaf:
		s, err := c.keep(value)
		c.leaves = append(c.leaves, s)
		return err
	case rows.KindEntry:
		id, at, _ := rows.ParseEntryKey(key)
		v, err := rows.ParseVersion(value, id, at, rows.HashOf(value)) // whether it is the one: rows.Verifier
		if err != nil {
			c.damaged("version %d of an entry", at.Version())
			return nil
		}
		if v.Count() == 1 {
			c.open(id, at, [][]byte{v.First})
			return nil
		}
		c.large[string(key[1:])], err = c.keep(v.First)
		return err
	case rows.KindPart:
		return c.part(key, value)
	}
	return nil
}

// part takes one of a large version's other rows, which come in order.
func (c *wholeCheck) part(key, value []byte) error {
	id, at, i, _ := rows.ParsePartKey(key)
	name := string(key[1:25])
	if name != c.group {
		c.group, c.rows, c.want = name, nil, 0
		first, there := c.large[name]
		if !there {
			return nil // of a version that does not exist: rows.Verifier counts it
		}
		row, err := c.read(first)
		if err != nil {
			return err
		}
		others, err := keys.Parts(row)
		if err != nil {
			return err // it was read before
		}
		c.rows, c.want = [][]byte{row}, 1+len(others)
	}
	if i != len(c.rows) || c.want == 0 {
		return nil
	}
	c.rows = append(c.rows, append([]byte(nil), value...))
	if len(c.rows) == c.want {
		c.open(id, at, c.rows)
		delete(c.large, name)
		c.rows, c.want = nil, 0
	}
	return nil
}

// open opens a version, and looks whether it is what it should be.
func (c *wholeCheck) open(id record.EntryID, at rows.Stamp, all [][]byte) {
	c.versions++
	c.step()
	name := func(h entry.Header) string { return h.Type + "/" + h.ID }
	section, plain, err := c.opener.Version(id, at.Sealed(), all)
	if err != nil {
		c.damaged("version %d of an entry (%s): it opens with none of your keys", at.Version(), hex.EncodeToString(id[:4]))
		return
	}
	defer clear(plain)
	h, json, err := entry.Parse(plain)
	switch {
	case err != nil:
		c.damaged("version %d of an entry (%s): it opens, and cannot be read", at.Version(), hex.EncodeToString(id[:4]))
	case c.opener.EntryID(h.Type, h.ID) != id:
		c.damaged("version %d of %s: it is in the place of another entry", at.Version(), name(h))
	case id == c.last && at.Generation() == c.stamp.Generation() && section != c.section:
		c.damaged("version %d of %s: it is filed in another section than the one after it", at.Version(), name(h))
	case !h.Holds(plain):
		c.damaged("version %d of %s: its content is not the one that it says", at.Version(), name(h))
	case h.Deleted != (len(json) == 0):
		c.damaged("version %d of %s: it is deleted and is there", at.Version(), name(h))
	case !h.Deleted:
		if r, err := fhir.Parse(json, fhir.Limits{}); err != nil || r.Type() != h.Type || r.ID() != h.ID {
			c.damaged("version %d of %s: it is not the resource that it says", at.Version(), name(h))
		}
	}
	if len(all) == 1 { // large ones come later, out of this order
		c.last, c.stamp, c.section = id, at, section
	}
}

// Capsule takes the capsule of a way to unlock: it is the server's own to keep.
func (c *wholeCheck) Capsule(record.PersonID, record.Capsule) error { return nil }

// Last takes the end of the record.
func (c *wholeCheck) Last(l backup.Last, log statement.Head) error {
	c.note, c.log = l.Checkpoint, log
	return nil
}

// page gives the copy's log to the check.
func (c *wholeCheck) page(from uint64) (holder.LogPage, error) {
	p := holder.LogPage{From: from, Size: c.log.Size, Checkpoint: c.note}
	for i := from; i < uint64(len(c.leaves)) && i < from+1000; i++ {
		leaf, err := c.read(c.leaves[i])
		if err != nil {
			return p, err
		}
		p.Leaves = append(p.Leaves, leaf)
	}
	return p, nil
}

// checkedAll is what came of checking a whole record.
type checkedAll struct {
	entries, versions, leaves, bytes uint64
	epochs                           record.Epoch
	head                             statement.Head
	statements                       record.Seq
	named                            []string
	damage                           uint64
}

// checkAll fetches the whole record, sealed as it lies, and opens all of it.
func (u *unlocked) checkAll(ctx context.Context, step func()) (out checkedAll, err error) {
	file, err := os.CreateTemp(filepath.Dir(u.device.path), ".check-")
	if err != nil {
		return out, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	opener := u.Opener()
	defer opener.Close()
	c := &wholeCheck{opener: opener, step: step, file: file, large: make(map[string]span)}

	// What is copied is read as it comes: the copy ends when the reading does.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, from := io.Pipe()
	copied := make(chan error, 1)
	go func() {
		err := u.session.Copy(ctx, from)
		from.CloseWithError(err)
		copied <- err
	}()
	err = u.readCopy(ctx, in, c)
	in.CloseWithError(errors.New("not read any further"))
	if err != nil {
		cancel()
	}
	if lost := <-copied; lost != nil && (err == nil || !errors.Is(err, record.Integrity)) {
		return out, lost
	}
	if err != nil {
		return out, err
	}
	return c.judge(ctx, u.Holder)
}

// readCopy goes through a copy, and holds it against its head.
func (u *unlocked) readCopy(ctx context.Context, in io.Reader, c *wholeCheck) error {
	r, err := backup.NewReader(in)
	if err != nil {
		return err
	}
	m := u.Memory()
	if h := r.Header(); h.Store != m.Store || h.Verifier != m.Verifier || h.Person != m.Person {
		return record.Safef(record.Integrity, "what the server gave is a copy of another record, or of one of another server")
	}
	checker := &backup.Checker{Then: c, Found: func(p backup.Person) error { c.found = &p; return nil }}
	if err := backup.Merge(ctx, []*backup.Reader{r}, checker); err != nil {
		return err
	}
	if c.found == nil {
		return record.Safef(record.Integrity, "what the server gave is a copy of no record")
	}
	return nil
}

// judge says what is damaged, without keys and with them.
func (c *wholeCheck) judge(ctx context.Context, h *holder.Holder) (out checkedAll, err error) {
	f := c.found
	for _, x := range f.Findings {
		c.damaged("%s", findingWords(x))
	}
	c.damage += f.Damage - uint64(len(f.Findings))
	if f.LeftOver > 0 {
		c.damaged("%s that the record does not name", plural(int(f.LeftOver), "row", "rows"))
	}
	if n := len(c.large); n > 0 {
		c.damaged("%s, of which a part is missing", plural(n, "large entry", "large entries"))
	}
	report, err := h.CheckCopy(ctx, c.page)
	if t, ok := errors.AsType[*audit.Tampered](err); ok {
		c.damaged("the log: %s", t.Why)
	} else if err != nil {
		return out, err
	}
	a := f.Account
	if err := h.Follows(holder.Account{Signing: a.Signing, Box: a.Box, Seq: a.Seq, Last: a.Last}, record.Epoch(c.backs+1)); err != nil {
		c.damaged("who the record is: %s", errorText(err))
	}
	want := rows.DirRoot(new(rows.Directory).Marshal())
	if report.Directory != nil {
		want = *report.Directory
	}
	if err == nil && want != f.Head.Dir {
		c.damaged("which entries there are: the log knows of others")
	}
	return checkedAll{entries: f.Entries, versions: c.versions, leaves: f.Leaves, bytes: f.Bytes, epochs: record.Epoch(c.backs + 1),
		head: report.Head, statements: report.Statements, named: c.named, damage: c.damage}, nil
}

// findingWords says what is damaged.
func findingWords(f rows.Finding) string {
	how := "is not what was stored"
	if f.Missing {
		how = "is missing"
	}
	switch f.Part {
	case rows.PartEntry:
		return fmt.Sprintf("version %d of an entry (%.8s) %s", f.Version, f.Entry, how)
	case rows.PartLog:
		return fmt.Sprintf("the log, entries %d to %d, %s", f.From, f.To, how)
	}
	return fmt.Sprintf("the %s %s", f.Part, how)
}
