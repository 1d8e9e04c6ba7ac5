package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A SMART Health Link is a grant in the form of a URL. What it opens is made on the
// person's device and kept as it came, sealed under a key that is in the link and not
// in its URL; or, where the person said so, it is a summary of the record as it is
// when the link is opened, for which the link holds the grant's key.
//
// A link with a passcode has a number of tries for its whole life. One is taken, on
// the disk, before a passcode is looked at, and given back when it was right, in the
// commit that logs the opening: so no number of requests at the same time, and no
// power cut, gives anybody one more.

// Link is what a link's URL opens.
type Link struct {
	Flags keys.LinkFlags
	Until time.Time

	s       *Store
	url     crypto.Credential
	id      crypto.CapsuleID
	capsule keys.LinkCapsule
}

// NoLink is the one answer to every link that opens nothing: unknown, stopped, run out
// or tried too often.
var NoLink error = record.Safef(record.NotFound, "this link opens nothing: it may be mistyped, have run out or have been stopped; ask the person who gave it to you for another")

// linkDaily is how often a day one link is opened or refused: each time is an entry in
// the log.
const linkDaily = 500

// OpenLink opens the outer half of a link. Nothing is logged yet but that a stopped
// one was tried.
func (s *Store) OpenLink(ctx context.Context, url crypto.Credential) (*Link, error) {
	if url.IsZero() || url.Kind() != crypto.Link {
		return nil, NoLink
	}
	now, err := s.checkClock()
	if err != nil {
		return nil, err
	}
	l := &Link{s: s, url: url, id: url.CapsuleID()}
	sealed, err := s.capsule(l.id)
	if errors.Is(err, errNoCapsule) {
		return nil, NoLink
	}
	if err != nil {
		return nil, err
	}
	key := url.CapsuleKey()
	defer key.KEK.Destroy()
	if l.capsule, err = keys.OpenLink(key, sealed.Capsule); err != nil || !s.ownedBy(sealed, l.capsule.Person) {
		return nil, NoLink
	}
	l.Flags, l.Until = l.capsule.Flags, l.capsule.Until
	var p *person
	err = s.engine.View(kv.Partition(l.capsule.Person), func(r kv.Reader) error {
		p, err = s.load(r, l.capsule.Person)
		return err
	})
	if errors.Is(err, errNoPerson) {
		err = NoLink
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	listed, there := p.Live.Find(l.capsule.Grant)
	switch {
	case !there || listed.Struck:
		err = l.refuse(ctx, audit.Stopped)
	case !p.Live.Valid(l.capsule.Grant, now) || !l.Until.IsZero() && !now.Before(l.Until):
		err = l.refuse(ctx, audit.Expired)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close overwrites the link's keys.
func (l *Link) Close() { l.capsule.Audit.Destroy() }

// WrongPasscode is the error of a passcode that was another.
type WrongPasscode struct{ Remaining int }

func (e WrongPasscode) Error() string { return "the passcode is another" }

// Opened is a link that was opened. Close it.
type Opened struct {
	Key  crypto.Key // seals what is made now
	View *View      // of the grant; nil where no summary is made

	l     *Link
	inner keys.LinkSecrets
}

// Open opens a link for somebody who says who they are, and logs it. WrongPasscode
// says how many tries are left.
func (l *Link) Open(ctx context.Context, recipient string, passcode crypto.Secret) (*Opened, error) {
	return l.open(ctx, recipient, passcode, &audit.Event{Action: audit.Opened, Text: recipient})
}

// Again opens it for more of what an opening showed, which is in the log.
func (l *Link) Again(ctx context.Context, passcode crypto.Secret) (*Opened, error) {
	return l.open(ctx, "", passcode, nil)
}

func (l *Link) open(ctx context.Context, recipient string, passcode crypto.Secret, e *audit.Event) (*Opened, error) {
	if !l.s.daily.take(requests, l.id, l.s.time(), linkDaily) {
		return nil, record.Safef(record.TooMany, "this link was opened %d times today: try again tomorrow", linkDaily)
	}
	tried := false
	if l.Flags&keys.LinkPasscode != 0 {
		// One at a time: whoever has the passcode needs no try of those who guess.
		unlock, err := l.s.linkTurns.lock(ctx, record.PersonID(l.id))
		if err != nil {
			return nil, err
		}
		defer unlock()
		// From here on to the end, also for a client that goes away: a try that was taken
		// from whoever has the passcode is given back.
		ctx = context.WithoutCancel(ctx)
		if err := l.take(ctx); err != nil {
			return nil, err
		}
		tried = true
	}
	inner, err := l.capsule.Open(l.url, passcode)
	if err != nil {
		return nil, l.wrong(ctx, recipient)
	}
	o := &Opened{Key: inner.Key, l: l, inner: inner}
	if !inner.Grant.IsZero() {
		if o.View, err = l.view(ctx, inner.Grant); err != nil {
			inner.Destroy()
			return nil, err
		}
	}
	err = l.update(ctx, e, func(tx kv.Tx) error {
		if !tried {
			return nil
		}
		used, err := l.tries(tx)
		if err == nil {
			err = l.putTries(tx, used-min(used, 1))
		}
		return err
	})
	if err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// Close overwrites the keys.
func (o *Opened) Close() {
	if o.View != nil {
		o.View.Close()
	}
	o.inner.Destroy()
}

// view is that of the link's grant.
func (l *Link) view(ctx context.Context, gk crypto.Key) (*View, error) {
	v := &View{s: l.s, capsule: l.id, kind: crypto.Link, person: l.capsule.Person,
		token: keys.TokenCapsule{Person: l.capsule.Person, Grant: l.capsule.Grant, Key: gk.Clone(), Audit: l.capsule.Audit.Clone(), Until: l.Until}}
	now, err := l.s.checkClock()
	if err == nil {
		err = v.load(ctx, now)
	}
	if err != nil {
		v.Close()
		if errors.Is(err, errUnauthorized) {
			err = NoLink
		}
		return nil, err
	}
	return v, nil
}

// take takes a try, on the disk.
func (l *Link) take(ctx context.Context) error {
	usedUp := false
	err := l.update(ctx, nil, func(tx kv.Tx) error {
		used, err := l.tries(tx)
		if err != nil {
			return err
		}
		if usedUp = used >= l.capsule.Tries; !usedUp {
			return l.putTries(tx, used+1)
		}
		return nil
	})
	if err == nil && usedUp {
		return l.refuse(ctx, audit.UsedUp)
	}
	return err
}

// wrong logs that the passcode was another: the try stays taken.
func (l *Link) wrong(ctx context.Context, recipient string) error {
	if l.Flags&keys.LinkPasscode == 0 {
		return rows.Damaged("capsule")
	}
	left := 0
	e := &audit.Event{Action: audit.Opened, Outcome: audit.Refused, Reason: audit.WrongCode, Text: recipient}
	err := l.update(ctx, e, func(tx kv.Tx) error {
		used, err := l.tries(tx)
		left = int(l.capsule.Tries - min(used, l.capsule.Tries))
		e.More = uint64(left)
		return err
	})
	if err != nil {
		return err
	}
	return WrongPasscode{left}
}

// tries reads how many are taken. The row is the node's word: who writes to its disk
// cannot write another number, though they can put an older one back.
func (l *Link) tries(r kv.Reader) (uint32, error) {
	row, err := r.Get(rows.TriesKey(l.id))
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(row) != 4+len(crypto.MAC{}) || !l.triesMAC(row[:4]).Equal(row[4:]) {
		return 0, rows.Damaged("link")
	}
	return binary.BigEndian.Uint32(row), nil
}

func (l *Link) putTries(tx kv.Tx, used uint32) error {
	row := crypto.U32(used)
	mac := l.triesMAC(row)
	tx.Put(rows.TriesKey(l.id), append(row, mac[:]...))
	return l.s.putMade(tx, l.id)
}

func (l *Link) triesMAC(count []byte) crypto.MAC {
	return l.s.node.MAC(crypto.LabelTries, l.s.id[:], l.id[:], count)
}

// update changes what is counted of the link, and logs an event if there is one, while
// the grant is live.
func (l *Link) update(ctx context.Context, e *audit.Event, write func(kv.Tx) error) error {
	now, err := l.s.checkClock()
	if err != nil {
		return err
	}
	return l.s.engine.Update(ctx, kv.Partition(l.capsule.Person), func(tx kv.Tx) error {
		p, err := l.s.load(tx, l.capsule.Person)
		if err != nil {
			return err
		}
		if !p.Live.Valid(l.capsule.Grant, now) {
			return NoLink
		}
		if err := write(tx); err != nil || e == nil {
			return err
		}
		return l.leaf(tx, p, *e)
	})
}

func (l *Link) leaf(tx kv.Tx, p *person, e audit.Event) error {
	e.Time, e.Grant, e.Token = l.s.time(), l.capsule.Grant, tokenMark(l.id)
	e.Text = clip(e.Text, maxRecipient)
	err := p.appendLeaf(tx, func(index uint64) ([]byte, error) {
		return audit.GrantLeaf(l.capsule.Audit, l.capsule.Person, l.capsule.Grant, index, e), nil
	})
	if err == nil {
		l.s.save(tx, p)
	}
	return err
}

// maxRecipient is how much is kept of what somebody says of themself, in bytes: 80
// characters, whichever.
const maxRecipient = 320

// refuse logs that the link was used where it opens nothing, and returns the one
// answer to that.
func (l *Link) refuse(ctx context.Context, why audit.Reason) error {
	if !l.s.daily.take(refusals, l.id, l.s.time(), refusalsDaily) {
		return NoLink
	}
	err := l.s.engine.Update(ctx, kv.Partition(l.capsule.Person), func(tx kv.Tx) error {
		p, err := l.s.load(tx, l.capsule.Person)
		if err != nil {
			return err
		}
		return l.leaf(tx, p, audit.Event{Action: audit.Opened, Outcome: audit.Refused, Reason: why})
	})
	if err != nil && !errors.Is(err, errNoPerson) {
		l.s.log.Warn("a refusal could not be logged", "err", record.SafeText(err))
	}
	return NoLink
}

// Files of a link.

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

// putMade writes when something was first kept for a link, to be swept by.
func (s *Store) putMade(tx kv.Tx, link crypto.CapsuleID) error {
	_, err := tx.Get(rows.MadeKey(link))
	if errors.Is(err, kv.ErrNotFound) {
		tx.Put(rows.MadeKey(link), crypto.U32(uint32(s.time().Unix()/3600)))
		return nil
	}
	return err
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

// DropLink removes the files of a link. How often it was tried stays until it is
// gone.
func (v *View) DropLink(ctx context.Context, link crypto.CapsuleID) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	return v.s.dropLink(ctx, v.person, link, false)
}

func (s *Store) dropLink(ctx context.Context, id record.PersonID, link crypto.CapsuleID, gone bool) error {
	for more := true; more; {
		err := s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
			p, err := s.load(tx, id)
			if err != nil {
				return err
			}
			var found [][]byte
			size := 0
			more = false
			err = tx.Scan(rows.FilesKey(link), nil, func(key, row []byte) (bool, error) {
				if more = size > s.engine.MaxUpdate()/8; more {
					return false, nil
				}
				found = append(found, append([]byte{}, key...))
				size += kv.RowCost
				p.Head.Used -= min(uint64(len(row)), p.Head.Used)
				return true, nil
			})
			if err != nil {
				return err
			}
			for _, key := range found {
				tx.Delete(key)
			}
			if !more && gone {
				tx.Delete(rows.MadeKey(link))
				tx.Delete(rows.TriesKey(link))
			}
			s.save(tx, p)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepLinks removes what is kept for links whose capsule is gone: those that ran
// out, and after a day those that were never made.
func (s *Store) sweepLinks(ctx context.Context, hour uint32) error {
	return s.engine.Partitions(func(part kv.Partition) error {
		var list []crypto.CapsuleID
		err := s.engine.View(part, func(r kv.Reader) error {
			return r.Scan([]byte{rows.KindMade}, nil, func(key, row []byte) (bool, error) {
				if len(key) == 17 && len(row) == 4 && binary.BigEndian.Uint32(row)+24 < hour {
					list = append(list, crypto.CapsuleID(key[1:]))
				}
				return ctx.Err() == nil, ctx.Err()
			})
		})
		for _, link := range list {
			if err != nil {
				return err
			}
			if _, gone := s.capsule(link); errors.Is(gone, errNoCapsule) {
				err = s.dropLink(ctx, record.PersonID(part), link, true)
			}
		}
		return err
	})
}
