package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/backup"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/wire"
)

// VerifyProgress is how far a verification has come.
type VerifyProgress struct {
	People uint64 `json:"people"`
	Rows   uint64 `json:"rows"`
	Bytes  uint64 `json:"bytes"`
}

// VerifyReport is what a verification of the whole store found.
type VerifyReport struct {
	backup.Report
	Time     time.Time
	Took     time.Duration
	Capsules uint64   // credentials
	Lost     uint64   // of them that are damaged
	Node     []string // what is damaged of the server's own
}

// All is how many things were found damaged.
func (r VerifyReport) All() uint64 { return r.Damage + r.Lost + uint64(len(r.Node)) }

var errVerifying error = record.Safef(record.TooMany, "the store is being verified already: wait until that is done")

// progressEvery is how many bytes go by between two calls of progress.
const progressEvery = 256 << 10

// Verify looks at every row of the store, and at whether each record is what its
// head says, as far as that can be told without anybody's key. One person comes
// after the other, each at one moment, and nobody waits for it. It goes on after
// what it finds; only what keeps it from reading on is an error. progress may be
// nil, and may take its time.
func (s *Store) Verify(ctx context.Context, progress func(VerifyProgress)) (r VerifyReport, err error) {
	if !s.verifying.TryLock() {
		return r, errVerifying
	}
	defer s.verifying.Unlock()
	if err := s.looked(ctx); err != nil {
		return r, err
	}
	defer s.holdSlots()()
	began := time.Now()
	r.Time = s.time()
	var at VerifyProgress
	told := uint64(0)
	look := func(bytes int) error {
		at.Rows++
		at.Bytes += uint64(bytes)
		if progress != nil && at.Bytes-told >= progressEvery {
			told = at.Bytes
			progress(at)
		}
		return ctx.Err()
	}
	err = s.engine.Partitions(func(part kv.Partition) error {
		if part == nodePartition {
			r.Node, err = s.verifyNode()
			return err
		}
		if err := s.verifyPartition(part, &r, look); err != nil {
			return err
		}
		at.People = r.People
		return ctx.Err()
	})
	if err != nil {
		return r, err
	}
	if bad, all := s.tables(); bad > 0 {
		r.Node = append(r.Node, fmt.Sprintf("%d of %d tables of the database: what lies in the damaged parts of them cannot be read", bad, all))
	}
	r.Took = time.Since(began)
	err = s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
		var w wire.Builder
		w.Uint(1, uint64(r.Time.UnixMilli()))
		w.Uint(2, r.All())
		tx.Put(verifiedKey, w.Finish())
		return nil
	})
	if noRoom(err) { // what was found is worth more than that it is remembered
		s.log.Warn("the disk is too full to remember this verification; it was done")
		err = nil
	}
	return r, err
}

var verifiedKey = []byte{kindNode, 'v'} // when the store was last verified, and what was found

// verifyPartition verifies a person, or a capsule.
func (s *Store) verifyPartition(part kv.Partition, r *VerifyReport, look func(int) error) error {
	id := record.PersonID(part)
	var got rows.Verified
	capsule, lost := false, false
	err := s.engine.View(part, func(rd kv.Reader) (err error) {
		switch _, err := s.readCapsule(rd, crypto.CapsuleID(part)); {
		case err == nil:
			capsule = true
			r.Capsules++
		case errors.Is(err, record.Integrity):
			capsule, lost = true, true
		case !errors.Is(err, errNoCapsule):
			return err
		}
		got, err = rows.Verify(rd, rows.Check{Vouch: s.vouch(id)}, look)
		return err
	})
	switch {
	case errors.Is(err, record.Integrity): // the engine does not say what is there
		var read bool
		if got, read = s.verifyDamaged(id, look); !read || got.Person() {
			lost = false // a capsule seems lost in every record there
			got.Add(rows.Finding{Part: rows.PartRows})
		}
	case err != nil:
		return err
	}
	if lost {
		r.Lost++
	}
	if capsule && !got.Person() { // or somebody named a capsule as a record is
		return nil
	}
	for _, slot := range got.Slots {
		c, err := s.capsule(slot)
		switch {
		case err == nil && s.ownedBy(c, id):
		case err == nil || errors.Is(err, errNoCapsule) || errors.Is(err, record.Integrity):
			got.Add(rows.Finding{Part: rows.PartSlot, Missing: errors.Is(err, errNoCapsule)})
		default:
			return err
		}
	}
	if !got.Person() {
		r.LeftOver += got.LeftOver
		return nil
	}
	r.Add(id, got)
	return nil
}

// verifyDamaged verifies a person some of whose rows are in a damaged table: each
// row speaks for itself, as far as they can be read at all.
func (s *Store) verifyDamaged(id record.PersonID, look func(int) error) (got rows.Verified, read bool) {
	e, ok := s.engine.(damageTeller)
	if !ok {
		return got, false
	}
	err := e.ViewDamaged(kv.Partition(id), func(r kv.Reader) (err error) {
		got, err = rows.Verify(r, rows.Check{Vouch: s.vouch(id)}, look)
		return err
	})
	if err != nil {
		return rows.Verified{}, false // what came after would seem to be gone
	}
	return got, true
}

// verifyNode looks at the server's own rows.
func (s *Store) verifyNode() (bad []string, err error) {
	err = s.engine.View(nodePartition, func(r kv.Reader) error {
		if err := new(clock).load(r, s.node); err != nil {
			bad = append(bad, "the latest time that was seen")
		}
		if row, err := r.Get(backupKey); err == nil {
			if _, ok := parseMarks(row); !ok {
				bad = append(bad, "the list of backups: the next one will be full")
			}
		}
		return nil
	})
	return bad, err
}

// keptStatus is what the node's rows say of backups and verifications.
func (s *Store) keptStatus(st *Status) error {
	return s.engine.View(nodePartition, func(r kv.Reader) error {
		s.backupStatus(r, st)
		row, err := r.Get(verifiedKey)
		if errors.Is(err, kv.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		d := wire.Decode("verified", row)
		at, damage := d.Uint(1), d.Uint(2)
		if d.Finish() == nil {
			st.LastVerify, st.Damage = time.UnixMilli(int64(at)).UTC(), int(damage)
		}
		return nil
	})
}

// The store verifies itself once a week, at a quarter of the disk's speed.
const (
	verifyEvery = 7 * 24 * time.Hour
	verifyLook  = 2 * time.Hour // how often Keep looks whether it is due
	verifyRest  = 3             // as long as what it rests from
)

// keepVerified is Verify for Keep, when it is due.
func (s *Store) keepVerified(ctx context.Context) {
	var st Status
	if err := s.keptStatus(&st); err != nil || s.time().Sub(st.LastVerify) < verifyEvery {
		return
	}
	s.verifyGently(ctx)
}

func (s *Store) verifyGently(ctx context.Context) {
	last := time.Now()
	r, err := s.Verify(ctx, func(VerifyProgress) {
		select {
		case <-ctx.Done():
		case <-time.After(min(verifyRest*time.Since(last), time.Second)):
		}
		last = time.Now()
	})
	switch {
	case ctx.Err() != nil || errors.Is(err, record.TooMany):
	case err != nil:
		s.log.Warn("verifying the store", "err", record.SafeText(err))
	case r.All() > 0:
		s.log.Error("the store is damaged; \"carehold verify\" says what and what to do", "found", r.All())
	default:
		s.log.Info("the store was verified", "people", r.People, "rows", r.Rows, "took", r.Took.Round(time.Second))
	}
}

// Parts lists the sorts of damage in a report, each once.
func (r VerifyReport) Parts() (list []rows.Part) {
	for _, d := range r.Damaged {
		for _, f := range d.Findings {
			if !slices.Contains(list, f.Part) {
				list = append(list, f.Part)
			}
		}
	}
	return list
}
