package app

import (
	"sync"
	"time"

	"carehold/record"
)

// Files between being sent and being kept wait in memory: not on a disk, for only what a
// person keeps is sealed there. They wait a quarter of an hour, as long as a session that
// nobody uses, and are overwritten when they go (docs/decisions/0041-adding.md).
const (
	MaxUpload  = 16 << 20 // of one sending, in bytes
	maxFiles   = 20
	maxWaiting = 64 << 20 // of everybody's
	waitsLong  = 15 * time.Minute
)

// sentFile is a file that was chosen.
type sentFile struct {
	name string
	body []byte
}

// upload is what was sent at once.
type upload struct {
	person record.PersonID
	files  []sentFile
	size   int
	until  time.Time
	used   int // by requests; then it is not overwritten
	gone   bool
	report []reported // what came of keeping them
}

type waiting struct {
	mu   sync.Mutex
	all  map[string]*upload
	size int
}

// put keeps an upload. A person has one that waits: what they sent before goes.
func (w *waiting) put(id string, u *upload, now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[string]*upload{}
	}
	for old, x := range w.all {
		if x.person == u.person || now.After(x.until) {
			w.forget(old)
		}
	}
	for _, f := range u.files {
		u.size += len(f.body)
	}
	if w.size+u.size > maxWaiting {
		u.wipe()
		return record.Safef(record.Unavailable, "too many files are being looked at by others just now: try again in a few minutes")
	}
	u.until = now.Add(waitsLong)
	w.all[id], w.size = u, w.size+u.size
	time.AfterFunc(waitsLong+time.Second, func() { w.end(id, u) })
	return nil
}

var errNotWaiting = record.Safef(record.NotFound, "these files wait no longer: choose them again. Files wait a quarter of an hour, and a newer choice takes the place of an older one")

// take is an upload of this person's, until done is called.
func (w *waiting) take(id string, person record.PersonID, now time.Time) (u *upload, done func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u = w.all[id]
	if u == nil || u.person != person || now.After(u.until) {
		return nil, nil, errNotWaiting
	}
	u.used++
	return u, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if u.used--; u.gone && u.used == 0 {
			u.wipe()
		}
	}, nil
}

// end forgets an upload.
func (w *waiting) end(id string, u *upload) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all[id] == u {
		w.forget(id)
	}
}

// finish overwrites the files of an upload that was kept, and has its report instead.
func (w *waiting) finish(id string, u *upload, report []reported) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all[id] != u {
		return
	}
	w.size -= u.size
	u.gone, u.size = true, 0
	kept := &upload{person: u.person, until: u.until, report: report}
	w.all[id] = kept
	time.AfterFunc(waitsLong+time.Second, func() { w.end(id, kept) })
}

func (w *waiting) forget(id string) {
	u := w.all[id]
	delete(w.all, id)
	w.size -= u.size
	if u.gone = true; u.used == 0 {
		u.wipe()
	}
}

func (u *upload) wipe() {
	for _, f := range u.files {
		clear(f.body[:cap(f.body)])
	}
}
