package app

import (
	"context"
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
	maxLooks   = 2 // at files at the same time, each of another person's

	looksLong = 30 * time.Second // for which somebody waits to have theirs looked at
	maxQueued = 3                // requests of one person that wait for it
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
	timer  *time.Timer // forgets it; holds its id alone, so that what was forgotten before is free
	report []reported  // what came of keeping them
}

type waiting struct {
	mu   sync.Mutex
	all  map[string]*upload
	size int // of all that is not wiped yet, also of what a request still looks at

	looks  map[record.PersonID]bool // whose files are being looked at
	queued map[record.PersonID]int  // whose requests wait for that
	left   chan struct{}            // closed when one of them is done
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
	u.timer = time.AfterFunc(waitsLong+time.Second, func() { w.expire(id) })
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
		u.used--
		w.wipe(u)
	}, nil
}

var errLooks = record.Safef(record.Unavailable, "too many files are being looked at just now: try again in a minute")

// place is for looking at a person's files, which takes many times their size: nobody has
// two, and there are few. Who gets none waits for a while.
func (w *waiting) place(ctx context.Context, person record.PersonID) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, looksLong)
	defer cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.looks == nil {
		w.looks, w.queued, w.left = map[record.PersonID]bool{}, map[record.PersonID]int{}, make(chan struct{})
	}
	if w.queued[person] == maxQueued {
		return nil, errLooks
	}
	w.queued[person]++
	defer func() {
		if w.queued[person]--; w.queued[person] == 0 {
			delete(w.queued, person)
		}
	}()
	for w.looks[person] || len(w.looks) == maxLooks {
		left := w.left
		w.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
		}
		w.mu.Lock()
		if ctx.Err() != nil {
			return nil, errLooks
		}
	}
	w.looks[person] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.looks, person)
		close(w.left)
		w.left = make(chan struct{})
	}, nil
}

// look is take for who will look into the files. Nobody may write to a client before done:
// one who reads slowly would keep the place from others.
func (w *waiting) look(ctx context.Context, id string, person record.PersonID, now func() time.Time) (u *upload, done func(), err error) {
	u, done, err = w.take(id, person, now())
	if err != nil || u.report != nil {
		return u, done, err
	}
	done() // what waits for a place holds no files
	leave, err := w.place(ctx, person)
	if err != nil {
		return nil, nil, err
	}
	u, took, err := w.take(id, person, now())
	if err != nil {
		leave()
		return nil, nil, err
	}
	return u, func() { took(); leave() }, nil
}

// end forgets an upload.
func (w *waiting) end(id string, u *upload) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all[id] == u {
		w.forget(id)
	}
}

// expire forgets what has waited long enough. No two uploads have one id, but for a
// report that has its upload's.
func (w *waiting) expire(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all[id] != nil {
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
	u.gone = true
	w.all[id] = &upload{person: u.person, until: u.until, timer: u.timer, report: report}
	w.wipe(u)
}

func (w *waiting) forget(id string) {
	u := w.all[id]
	delete(w.all, id)
	u.timer.Stop()
	u.gone = true
	w.wipe(u)
}

// wipe takes the files of an upload that is gone, once no request uses them.
func (w *waiting) wipe(u *upload) {
	if u.gone && u.used == 0 {
		w.size -= u.size
		u.wipe()
	}
}

func (u *upload) wipe() {
	for _, f := range u.files {
		clear(f.body[:cap(f.body)])
	}
	u.files, u.size = nil, 0
}
