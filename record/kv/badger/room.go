package badger

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"carehold/record"
)

// smallUpdate is how much an update may write that is let through when the disk
// is nearly full.
const smallUpdate = 64 << 10

// ErrDiskFull: so little disk space is left that the update was not begun. Once
// there is more, it will be.
var ErrDiskFull error = record.Safef(record.Unavailable, "the server's disk is nearly full: nothing was written; its operator has to make room")

// room is what the disk has to say about an update before it is begun: from then
// on an error stops the store.
type room struct {
	small, large error // for an update of up to smallUpdate, and for a larger one
}

func (r room) allow(cost int) error {
	switch {
	case cost == 0:
		return nil
	case cost <= smallUpdate:
		return r.small
	}
	return r.large
}

func (e *Engine) room() (r room) {
	if err := e.probe.try(); err != nil {
		return room{err, err}
	}
	free, err := e.free(e.dir)
	if err != nil {
		return r // not known: the write itself will tell
	}
	if free < e.opts.Reserve {
		r.large = ErrDiskFull
	}
	if free < e.opts.floor() {
		r.small = ErrDiskFull
	}
	return r
}

// floor is the free space that is left to what Badger does by itself: it writes
// memory tables to the disk, and merges tables into new ones before it removes
// the old, up to about 100 MB at once with its settings here.
func (o Options) floor() int64 { return o.Reserve / 2 }

// probe is a file that is written to before each commit. A disk that has become
// read-only, or is gone, says so here by an error, which refuses the commit; a
// mapped file would say it by a fault, which ends the process.
type probe struct {
	f *os.File
}

func newProbe(dir string) (*probe, error) {
	f, err := os.OpenFile(filepath.Join(dir, "probe"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	// Another process that opens the store at this moment may have removed it already:
	// which of the two has it, the lock says.
	if err := os.Remove(f.Name()); err == nil || errors.Is(err, fs.ErrNotExist) {
		return &probe{f}, nil
	}
	// A system that removes no open file: it says such things in other ways too.
	return &probe{}, errors.Join(f.Close(), os.Remove(f.Name()))
}

func (p *probe) try() error {
	if p == nil || p.f == nil {
		return nil
	}
	_, err := p.f.WriteAt([]byte{0}, 0)
	return trouble(err, filepath.Dir(p.f.Name()))
}

func (p *probe) close() error {
	if p == nil || p.f == nil {
		return nil
	}
	return p.f.Close()
}
