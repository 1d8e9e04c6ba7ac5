package store

import (
	"bytes"
	"context"
	"errors"
	"io"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// The files of a link are kept as they came, sealed on the person's device.

const (
	// MaxLinkFiles is how many files a link has beside the list of them.
	MaxLinkFiles = 16

	// MaxLinkFile is how large all of them may be together, in bytes.
	MaxLinkFile = 64 << 20

	maxLinkList = 16 << 10 // of the list
	linkPart    = 256 << 10
)

// PutLinkFile keeps file n of a link that is about to be made, or is there: 0 is the
// list of the others, which comes last. What is in it is the device's to know. Only
// the person can, and a link that is never made loses them in a day.
func (v *View) PutLinkFile(ctx context.Context, link crypto.CapsuleID, n int, content io.Reader) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	if n < 0 || n > MaxLinkFiles {
		return record.Safef(record.Invalid, "a link has %d files at most", MaxLinkFiles)
	}
	if err := v.freeLink(link); err != nil {
		return err
	}
	room, err := v.linkRoom(link, n)
	if err != nil {
		return err
	}
	buf := make([]byte, linkPart)
	for i := 0; ; i++ {
		size, err := io.ReadFull(content, buf)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		if room -= size; room < 0 {
			return record.Safef(record.TooLarge, "the files of a link may have %d MiB together, and the list of them %d KiB", MaxLinkFile>>20, maxLinkList>>10)
		}
		last := err != nil
		err = v.unlogged(ctx, func(tx kv.Tx, p *person) error {
			if p.full(uint64(size)) {
				return errFull
			}
			if err := p.keep(tx, rows.FileKey(link, n, i), append([]byte{}, buf[:size]...)); err != nil {
				return err
			}
			if last { // of a longer one that was here before
				for j := i + 1; ; j++ {
					key := rows.FileKey(link, n, j)
					old, err := tx.Get(key)
					if errors.Is(err, kv.ErrNotFound) {
						break
					}
					if err != nil {
						return err
					}
					p.Head.Used -= min(uint64(len(old)), p.Head.Used)
					tx.Delete(key)
				}
			}
			v.s.save(tx, p)
			return v.s.putMade(tx, link)
		})
		if err != nil || last {
			return err
		}
	}
}

// linkRoom is how large a file may be, beside the others of its link.
func (v *View) linkRoom(link crypto.CapsuleID, n int) (room int, err error) {
	if n == 0 {
		return maxLinkList, nil
	}
	room = MaxLinkFile
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		own := rows.FileKey(link, n, 0)
		own = own[:len(own)-2] // without the number of the part
		return r.Scan(rows.FilesKey(link), nil, func(key, row []byte) (bool, error) {
			if !bytes.HasPrefix(key, own) {
				room -= len(row)
			}
			return true, nil
		})
	})
	return room, err
}

// freeLink refuses a name that is somebody else's.
func (v *View) freeLink(link crypto.CapsuleID) error {
	c, err := v.s.capsule(link)
	if errors.Is(err, errNoCapsule) || err == nil && v.s.ownedBy(c, v.person) {
		return nil
	}
	if err == nil {
		err = record.Safef(record.Conflict, "a credential of this name exists already: make a new link")
	}
	return err
}

// List is what the link's files are; file i of it is number i+1.
func (o *Opened) List() ([]keys.LinkFile, error) {
	var b bytes.Buffer
	switch err := o.l.file(0, &b); {
	case errors.Is(err, record.NotFound):
		return nil, nil // it has no files, and may have a summary
	case err != nil:
		return nil, err
	}
	list, err := keys.ParseFiles(b.Bytes())
	if err != nil {
		return nil, rows.Damaged("link")
	}
	return list, nil
}

// File writes file n of the link, sealed for whoever has the link. record.NotFound if
// there is none.
func (o *Opened) File(n int, w io.Writer) error {
	if o.inner.Outer.IsZero() || n == 0 {
		return o.l.file(n, w)
	}
	// As it was put there: in one piece, which a file under a passcode is small enough for.
	b := &bounded{most: maxGuarded}
	if err := o.l.file(n, b); err != nil {
		return err
	}
	jwe, err := keys.OpenLinkFile(o.inner.Outer, o.l.id, n, b.b)
	if err != nil {
		return rows.Damaged("link")
	}
	_, err = w.Write(jwe)
	return err
}

// maxGuarded is how large a file may be that is sealed twice: it is opened in memory.
const maxGuarded = 4 << 20

// bounded is a buffer that takes so much and no more.
type bounded struct {
	b    []byte
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.b)+len(p) > b.most {
		return 0, record.Safef(record.TooLarge, "a file of a link with a passcode may have %d MiB at most", b.most>>20)
	}
	b.b = append(b.b, p...)
	return len(p), nil
}

// File writes file n of a link without a passcode, which somebody was shown before.
func (l *Link) File(n int, w io.Writer) error {
	if n < 1 || l.Flags&keys.LinkPasscode != 0 {
		return NoLink
	}
	return l.file(n, w)
}

// file writes a file as it was put there.
func (l *Link) file(n int, w io.Writer) error {
	for i := 0; ; i++ {
		var part []byte
		err := l.s.engine.View(kv.Partition(l.capsule.Person), func(r kv.Reader) (err error) {
			part, err = r.Get(rows.FileKey(l.id, n, i))
			return err
		})
		switch {
		case errors.Is(err, kv.ErrNotFound) && i > 0:
			return nil
		case errors.Is(err, kv.ErrNotFound):
			return NoLink
		case err != nil:
			return err
		}
		if _, err := w.Write(part); err != nil || len(part) < linkPart {
			return err
		}
	}
}
