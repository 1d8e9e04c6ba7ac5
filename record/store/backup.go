package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"syscall"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/backup"
	"carehold/record/kv"
	"carehold/record/kv/badger"
	"carehold/record/rows"
	"carehold/record/statement"
)

// BackupFile is a file that is where the backups are kept.
type BackupFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// BackupOptions say what a backup follows.
type BackupOptions struct {
	Full bool         // a full one, whatever is there
	Have []BackupFile // the files there are: the base of an increment is one of them
}

// Backup is a backup that was written.
type Backup struct {
	ID      rows.Hash // names it, for BackupDone and for the increment that follows
	Name    string    // for its file
	Full    bool
	Why     string // why it is a full one, where an increment was possible to want
	People  uint64
	Rows    uint64
	Bytes   uint64            // before encryption
	Damaged uint64            // people who are not in it: their head is damaged, or a row is larger than a backup holds
	Lacking []record.PersonID // who they are, at most backup.MaxDamaged of them
	Time    time.Time
}

// Backup writes what the store has, at one moment, as package backup has it, while
// it goes on serving: everything, or what was written since the newest backup that
// is known to be whole and whose file is there with all it follows. BackupDone
// makes it known once it is on a disk.
func (s *Store) Backup(ctx context.Context, w io.Writer, opt BackupOptions) (Backup, error) {
	now := s.time()
	base, why, err := s.baseFor(opt, now)
	if err != nil {
		return Backup{}, err
	}
	b, err := s.backUp(ctx, w, base, now)
	if errors.Is(err, kv.ErrMark) { // found before anything was written
		b, err = s.backUp(ctx, w, nil, now)
		why = "this store was put back to an earlier state since the last one"
	}
	if b.Full {
		b.Why = why
	}
	return b, err
}

func (s *Store) backUp(ctx context.Context, w io.Writer, base *mark, now time.Time) (b Backup, err error) {
	defer s.holdSlots()()
	run := &backing{s: s, ctx: ctx, header: backup.Header{Store: s.id, Format: storeFormat, Verifier: s.Verifier(), Time: now}, w: w}
	if base != nil {
		run.header.From, run.header.Base = base.to, base.id
	}
	if run.people, err = s.heads(ctx); err != nil {
		return b, err
	}
	to, err := s.engine.Changes(run.header.From, run.row)
	if err == nil {
		err = run.turn(nil)
	}
	if err != nil {
		return b, err
	}
	b = Backup{Full: base == nil, Time: now, Name: backup.NameOf(run.header, to).String(), People: run.whole, Damaged: run.damaged, Lacking: run.lacking}
	if b.ID, err = run.out.End(to, s.signer.SignBackup); err != nil {
		return b, err
	}
	b.Rows, b.Bytes = run.out.Rows(), run.out.Bytes()
	m := mark{id: b.ID, to: to, from: run.header.From, base: run.header.Base, time: now, name: b.Name}
	if run.partly {
		m.name = partName
	}
	s.backups.wrote(m)
	return b, nil
}

// headAt is what is known of a person's head.
type headAt struct {
	id    record.PersonID
	sum   rows.Hash
	log   statement.Head
	epoch record.Epoch // 0: damaged, or no record
}

// heads reads everybody's, in order. Whose head is damaged stays without an epoch.
func (s *Store) heads(ctx context.Context) (list []headAt, err error) {
	err = s.engine.Partitions(func(part kv.Partition) error {
		if err := ctx.Err(); err != nil || part == nodePartition {
			return err
		}
		return s.engine.View(part, func(r kv.Reader) error {
			p, err := s.load(r, record.PersonID(part))
			switch {
			case errors.Is(err, errNoPerson):
				return nil
			case errors.Is(err, record.Integrity):
				list = append(list, headAt{id: record.PersonID(part)})
				return nil
			case err != nil:
				return err
			}
			row, err := r.Get(rows.HeadKey)
			list = append(list, headAt{p.ID, rows.HashOf(row), p.Head.Log.Head(), p.Live.Epoch})
			return err
		})
	})
	return list, err
}

// backing is a backup under way. The heads were read before the moment that the
// rows are of: a head that was written in between comes with the rows.
type backing struct {
	s      *Store
	ctx    context.Context
	w      io.Writer
	out    *backup.Writer // made with the first that is to be written
	header backup.Header

	people  []headAt // whose turn has not come
	now     *headAt  // whose rows come
	slots   []crypto.CapsuleID
	whole   uint64
	damaged uint64
	lacking []record.PersonID

	over   bool // now has a row that is too large
	partly bool // somebody had
}

// row takes the next row that was written.
func (b *backing) row(part kv.Partition, key, value []byte) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if part == nodePartition || string(key) == string(rows.CapsuleKey) {
		return nil
	}
	id := record.PersonID(part)
	if b.now == nil || b.now.id != id {
		if err := b.turn(&id); err != nil {
			return err
		}
	}
	switch key[0] {
	case rows.KindHead:
		b.head(value)
	case rows.KindLive:
		b.now.epoch = 0
		if l, ok := rows.ParseLive(value); ok {
			b.now.epoch = l.Epoch
		}
	case rows.KindRing:
		if x, ok := rows.ParseRing(value); ok {
			for _, slot := range x.Slots {
				b.slots = append(b.slots, slot.ID)
			}
		}
	}
	if !backup.Carries(key) {
		return nil
	}
	if !backup.Fits(key, value) { // nobody else goes without a backup for it
		b.over, b.partly = true, true
		return nil
	}
	return b.out.Row(id, key, value)
}

// head takes a head that is newer than the one that was read before.
func (b *backing) head(row []byte) {
	was := *b.now
	*b.now = headAt{id: was.id}
	if !b.s.vouch(was.id)(row) {
		return
	}
	if h, ok := rows.ParseHead(row[rows.HeadMACSize:]); ok {
		b.now.sum, b.now.log, b.now.epoch = rows.HashOf(row), h.Log.Head(), was.epoch
	}
}

// turn ends the person whose rows came, and those before the next.
func (b *backing) turn(next *record.PersonID) (err error) {
	if b.out == nil {
		if b.out, err = backup.NewWriter(b.w, b.header); err != nil {
			return err
		}
	}
	if b.now != nil {
		if err := b.s.backUpSlots(b.out, b.now.id, b.slots); err != nil {
			return err
		}
		if b.over {
			*b.now = headAt{id: b.now.id}
		}
		if err := b.last(*b.now); err != nil {
			return err
		}
		b.now, b.slots, b.over = nil, nil, false
	}
	for len(b.people) > 0 && (next == nil || bytes.Compare(b.people[0].id[:], next[:]) < 0) {
		if err := b.last(b.people[0]); err != nil {
			return err
		}
		b.people = b.people[1:]
	}
	if next == nil {
		return nil
	}
	b.now = &headAt{id: *next}
	if len(b.people) > 0 && b.people[0].id == *next {
		*b.now, b.people = b.people[0], b.people[1:]
	}
	return nil
}

func (b *backing) last(h headAt) (err error) {
	l := backup.Last{Person: h.id}
	if h.epoch != 0 && h.sum != (rows.Hash{}) {
		l.Head, l.Epoch = h.sum, h.epoch
		if l.Checkpoint, err = b.s.signer.Sign(h.id, h.log); err != nil {
			return err
		}
		b.whole++
	} else if b.s.isPerson(h.id) {
		if b.damaged++; len(b.lacking) < backup.MaxDamaged {
			b.lacking = append(b.lacking, h.id)
		}
	}
	return b.out.Last(l)
}

// isPerson reports whether there is a head, however it is.
func (s *Store) isPerson(id record.PersonID) (there bool) {
	_ = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		_, err := r.Get(rows.HeadKey)
		there = err == nil
		return nil
	})
	return there
}

// BackupDone makes a backup known, once its file is whole and on the disk: another
// can follow it. On a disk too full for that the file is as good, and the next
// backup follows what this one does.
func (s *Store) BackupDone(ctx context.Context, id rows.Hash, size int64) error {
	m, known := s.backups.take(id)
	if !known {
		return record.Safef(record.NotFound, "the server was started again since this backup was begun: the next one will not follow it")
	}
	m.size = size
	err := s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
		list := marksOf(tx)
		list = append(list, m)
		if len(list) > maxMarks {
			list = slices.Delete(list, 0, len(list)-maxMarks)
		}
		tx.Put(backupKey, marshalMarks(list))
		return nil
	})
	if noRoom(err) {
		s.log.Warn("the disk is too full to remember this backup; its file is whole")
		err = nil
	}
	return err
}

// noRoom reports whether an update was not begun because the disk is full.
func noRoom(err error) bool {
	return errors.Is(err, badger.ErrDiskFull) || errors.Is(err, syscall.ENOSPC)
}
