package store

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/backup"
)

// A copy that is sent here waits in a file until all of it is there and verified.
// The file is in the store's folder, on the disk that others' changes need too:
// how many there are, and how large, is bounded, and none is written where it would
// take the room that is kept for them.

// spoolPattern names the files.
const spoolPattern = "taking-*.tmp"

const (
	// slack is what a copy may have beside what a quota counts: the framing, and rows
	// that are not entries. So much is left of the disk above its reserve, too.
	slack = 64 << 20

	uploadsMost  = 4       // at the same time
	uploadsDaily = 8       // that failed, with one invite
	lookEvery    = 1 << 20 // bytes, at the room on the disk
)

var (
	errBusy    error = record.Safef(record.TooMany, "other records are being brought to this server, or this one is already: try again in a while")
	errTries   error = record.Safef(record.TooMany, "this invite was tried %d times today without a record that is whole: try again tomorrow, or ask the server's operator for another", uploadsDaily)
	errNoRoom  error = record.Safef(record.Unavailable, "the server has no room to take the record in: its operator has to make room on its disk")
	errOverful error = record.Safef(record.TooMany, "this record is larger than the room that the invite gives: ask the server's operator for one with more")
)

// uploads are the copies that are being sent, one for each invite.
type uploads struct {
	mu    sync.Mutex
	by    map[crypto.CapsuleID]bool
	bytes atomic.Int64 // in their files
}

func (u *uploads) enter(invite crypto.CapsuleID) (leave func(), ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = make(map[crypto.CapsuleID]bool)
	}
	if len(u.by) >= uploadsMost || u.by[invite] {
		return nil, false
	}
	u.by[invite] = true
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.by, invite)
	}, true
}

// spool is the file of one copy.
type spool struct {
	s    *Store
	f    *os.File
	most int64 // bytes
	size int64
	next int64 // when to look at the disk again
	err  error
}

// newSpool makes a file for a record of that quota.
func (s *Store) newSpool(quota uint64) (*spool, error) {
	if err := s.roomToTake(); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.dir, spoolPattern)
	if err != nil {
		return nil, spoolError(err)
	}
	_ = os.Remove(f.Name()) // where an open file can be: then no kill leaves it behind
	most := int64(math.MaxInt64)
	if quota != 0 && quota < math.MaxInt64/4 { // 0: no limit but the disk's
		most = int64(quota) + int64(quota/8) + slack
	}
	return &spool{s: s, f: f, most: most, next: lookEvery}, nil
}

func (p *spool) close() {
	p.s.uploads.bytes.Add(-p.size)
	p.f.Close()
	_ = os.Remove(p.f.Name())
}

// roomToTake refuses when the copies, once they are written as rows too, would take
// what is kept for others.
func (s *Store) roomToTake() error {
	if m, ok := s.Measure(); ok && m.Free >= 0 && m.Free < m.Reserve+slack+s.uploads.bytes.Load() {
		return errNoRoom
	}
	return nil
}

func (p *spool) Write(b []byte) (int, error) {
	switch {
	case p.err != nil:
		return 0, p.err
	case int64(len(b)) > p.most-p.size:
		p.err = errOverful
	case p.size+int64(len(b)) > p.next:
		p.next += lookEvery
		p.err = p.s.roomToTake()
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.f.Write(b)
	p.size += int64(n)
	p.s.uploads.bytes.Add(int64(n))
	if err != nil {
		p.err = spoolError(err)
	}
	return n, p.err
}

// receive writes what is sent to the file, and sees that it is a copy to its signed
// end. accept is asked before anything but its beginning is taken.
func (p *spool) receive(r io.Reader, accept func(backup.Header) error) error {
	src, err := backup.NewReader(io.TeeReader(r, p))
	if err != nil {
		return p.or(err)
	}
	if err := accept(src.Header()); err != nil {
		return err
	}
	for err == nil {
		_, err = src.Next()
	}
	if err == io.EOF && p.err == nil {
		return nil
	}
	return p.or(err)
}

// read reads the file from its beginning.
func (p *spool) read() (*backup.Reader, error) {
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return nil, spoolError(err)
	}
	return backup.NewReader(p.f)
}

// or is the file's error, if it had one, and else err.
func (p *spool) or(err error) error {
	if p.err != nil {
		return p.err
	}
	return err
}

func spoolError(err error) error {
	return &record.Error{Kind: record.Unavailable, Safe: record.SafeText(errNoRoom), Err: err}
}

// dropSpools removes what a take that was cut off has left, where no open file can
// be removed.
func dropSpools(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, spoolPattern))
	for _, path := range left {
		_ = os.Remove(path)
	}
}
