package store

import (
	"context"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"carehold/record"
)

// answers bounds what all requests together hold of entries that they have opened:
// an answer of 16 MiB lies in memory until a slow reader has taken the last of it,
// and a few dozen of them would end the server for everybody. Whoever finds no room
// waits for it for a moment.
//
// The room has shares, so that nobody keeps others out by reading slowly: one grant has
// a quarter of it, the grants of one record half, one record three quarters, and a
// quarter is for people in their own records alone. A share is one page at least. Who
// waits for a share of their own holds nobody up, and people in their own record go first:
// while they wait, for a moment, what others give back is kept for them.
type answers struct {
	most int64

	mu   sync.Mutex
	used int64
	by   map[sharer]int64 // nobody has 0
	line []*roomless
	rest time.Time // until when nobody begins to keep room
}

// sharer is what has a share.
type sharer struct {
	what   sharing
	person record.PersonID
	grant  record.GrantID
}

type sharing byte

const (
	oneGrant     sharing = iota
	recordGrants         // those that are not the person's
	oneRecord
	allGrants
)

// roomless is a request that waits for room.
type roomless struct {
	shares []sharer
	weight int64
	room   chan struct{} // closed when it has it

	keeps bool        // it keeps room free for itself, from grants
	from  time.Time   // from then on
	over  *time.Timer // until then
}

// begin says from when on it keeps room. It is called with mu held.
func (w *roomless) begin(from time.Time) {
	w.from = from
	w.over.Reset(time.Until(from) + keepPatience)
}

// persons reports whether shares are a person's, in their own record.
func persons(shares []sharer) bool { return len(shares) == 1 }

const (
	// copies is how often what is opened lies in memory meanwhile, and the largest entry
	// as often again: BenchmarkPagesHeld measures up to 2.9, and 5.4 of one entry.
	// openCopies is what of that stays until the answer is written: 1.1 to 1.2, and what
	// is put together of one entry after the other.
	copies     = 3
	openCopies = 2

	// smallAnswer is what is not worth asking for.
	smallAnswer = 64 << 10

	answerPatience = 2 * time.Second

	// keepPatience is how long people who wait keep room free from grants. Who had none of
	// it let them go on for as long, however many people ask for more than there will be,
	// and however often.
	keepPatience = answerPatience
)

// newAnswers takes a quarter of the memory that there is, where that is known.
func newAnswers() *answers {
	most := int64(1 << 30)
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		most = max(limit/4, copies*maxPageBytes)
	}
	return &answers{most: most, by: make(map[sharer]int64)}
}

var errCrowded error = record.Safef(record.Unavailable, "this server has as many large answers on their way as it has memory for: try again in a moment")

// shares are what a View's answers are counted under, its own first.
func (v *View) shares() []sharer {
	if v.grant.Self {
		return []sharer{{what: oneRecord, person: v.person}}
	}
	return sharesOf(v.person, v.token.Grant)
}

// sharesOf are a grant's.
func sharesOf(p record.PersonID, g record.GrantID) []sharer {
	return []sharer{{oneGrant, p, g}, {what: recordGrants, person: p}, {what: oneRecord, person: p}, {what: allGrants}}
}

// share is how much of the room a sharer may have.
func (a *answers) share(x sharer) int64 {
	eighths := map[sharing]int64{oneGrant: 2, recordGrants: 4, oneRecord: 6, allGrants: 6}[x.what]
	return min(max(a.most*eighths/8, copies*maxPageBytes), a.most)
}

// fits reports whether there is room. It is called with mu held, as count is.
func (a *answers) fits(shares []sharer, weight int64) bool {
	return a.used+weight <= a.most && !slices.ContainsFunc(shares, func(x sharer) bool { return a.by[x]+weight > a.share(x) })
}

func (a *answers) count(shares []sharer, weight int64) {
	a.used += weight
	for _, x := range shares {
		if a.by[x] += weight; a.by[x] == 0 {
			delete(a.by, x)
		}
	}
}

// kept reports whether the room that there is is kept for a person who waits: from all
// grants while the person is within their share, and in any case from those of their own
// record, which use that share up. It would never add up to more than one grant gives
// back at once. It is called with mu held.
func (a *answers) kept(shares []sharer) bool {
	return !persons(shares) && slices.ContainsFunc(a.line, func(w *roomless) bool {
		return w.keeps && !time.Now().Before(w.from) &&
			(a.by[w.shares[0]]+w.weight <= a.share(w.shares[0]) || slices.Contains(shares, w.shares[0]))
	})
}

// try takes room if there is some now that is kept for nobody.
func (a *answers) try(shares []sharer, weight int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.fits(shares, weight) || a.kept(shares) {
		return false
	}
	a.count(shares, weight)
	return true
}

// take takes room, and waits for it until ctx ends.
func (a *answers) take(ctx context.Context, shares []sharer, weight int64) bool {
	if a.try(shares, weight) {
		return true
	}
	w := &roomless{shares: shares, weight: weight, room: make(chan struct{}), keeps: persons(shares)}
	var over <-chan time.Time
	a.mu.Lock()
	if w.keeps {
		w.over = time.NewTimer(keepPatience)
		defer w.over.Stop()
		over = w.over.C
		if now := time.Now(); now.Before(a.rest) {
			w.begin(a.rest)
		} else {
			w.begin(now)
		}
		others := slices.IndexFunc(a.line, func(x *roomless) bool { return !persons(x.shares) })
		if others < 0 {
			others = len(a.line)
		}
		a.line = slices.Insert(a.line, others, w)
	} else {
		a.line = append(a.line, w)
	}
	a.serve()
	a.mu.Unlock()
	for waiting := true; waiting; {
		select {
		case <-w.room:
			return true
		case <-over:
			a.mu.Lock()
			if left := time.Until(w.from) + keepPatience; left > 0 { // from was moved meanwhile
				w.over.Reset(left)
			} else {
				a.letGo(w)
			}
			a.mu.Unlock()
		case <-ctx.Done():
			waiting = false
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.Index(a.line, w); i >= 0 {
		a.line = slices.Delete(a.line, i, i+1)
		a.letGo(w)
		return false
	}
	return true // it was given at the same moment
}

// letGo gives to others what was kept for who had none of it. Those who keep room at the
// same time go on instead, until that was for keepPatience in all: then nobody does, for
// as long as it was kept, not even who began a moment ago. It is called with mu held.
func (a *answers) letGo(w *roomless) {
	if !w.keeps {
		return
	}
	w.keeps = false
	now := time.Now()
	if kept := now.Sub(w.from); kept >= 0 && (kept >= keepPatience || !a.inStead(w.from, now)) {
		if until := now.Add(kept); until.After(a.rest) {
			a.rest = until
		}
		for _, x := range a.line {
			if x.keeps && x.from.Before(a.rest) {
				x.begin(a.rest)
			}
		}
	}
	a.serve()
}

// inStead has who else keeps room now answer for it from a time on, and reports whether
// there is anybody. It is called with mu held.
func (a *answers) inStead(from, now time.Time) (anybody bool) {
	for _, x := range a.line {
		if !x.keeps || x.from.After(now) {
			continue
		}
		anybody = true
		if x.from.After(from) {
			x.begin(from)
		}
	}
	return anybody
}

// serve gives room to those in the line who fit: to people first, then to the grants
// of the record that has the least of it, so that a long line of one record's is not
// before everybody else's.
func (a *answers) serve() {
	for {
		next, least := -1, int64(0)
		for i, w := range a.line {
			if !a.fits(w.shares, w.weight) || a.kept(w.shares) {
				continue
			}
			if persons(w.shares) {
				next = i
				break
			}
			if has := a.by[w.shares[1]]; next < 0 || has < least {
				next, least = i, has
			}
		}
		if next < 0 {
			return
		}
		w := a.line[next]
		a.line = slices.Delete(a.line, next, next+1)
		a.count(w.shares, w.weight)
		close(w.room)
	}
}

func (a *answers) release(shares []sharer, weight int64) {
	if weight <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count(shares, -weight)
	a.serve()
}

// take makes room for so many bytes of entries that are to be opened, of which one has
// the most, until the View is closed. More than the View may open (Within) is refused.
func (v *View) take(ctx context.Context, bytes, largest int) error {
	if v.within > 0 && bytes > v.within {
		return record.Safef(record.TooLarge, "the answers before this one leave no room for it: ask for it by itself")
	}
	if bytes < smallAnswer {
		return nil
	}
	// One request alone may have all of its share.
	weight := min(int64(bytes+largest)*copies, v.s.answers.share(v.shares()[0])-v.weight-v.passes)
	if weight <= 0 {
		return nil
	}
	err := v.room(ctx, weight)
	if err == nil {
		v.weight += weight
	}
	return err
}

// taken gives back what only opening took, of so many bytes: had is the weight before.
func (v *View) taken(had int64, bytes int) {
	if less := v.weight - had - int64(bytes)*openCopies; less > 0 {
		v.s.answers.release(v.shares(), less)
		v.weight -= less
	}
}

// room takes room, and waits for it for a moment: not while the View has the turn to
// write, for which others wait.
func (v *View) room(ctx context.Context, weight int64) error {
	a, shares := v.s.answers, v.shares()
	if a.try(shares, weight) {
		return nil
	}
	if !v.writing {
		waiting, cancel := context.WithTimeout(ctx, answerPatience)
		defer cancel()
		if a.take(waiting, shares, weight) {
			return nil
		}
	}
	_ = v.Spend() // it was asked for, and it took something
	return errCrowded
}

// Within bounds what is opened for one interaction from now on, in bytes: what is left
// of an answer that has several. 0 bounds nothing.
func (v *View) Within(bytes int) { v.within = max(bytes, 0) }

// Holds says how many bytes of what the View has opened are still held, in an answer
// that is being made. What was opened beside them is free for others. It reports
// whether there is room for them, and does not wait.
func (v *View) Holds(bytes int) bool {
	if less := v.weight - int64(bytes); less > 0 {
		v.s.answers.release(v.shares(), less)
		v.weight -= less
	}
	return v.holdsUpTo(bytes)
}

// holdsUpTo is Holds for what may become more.
func (v *View) holdsUpTo(bytes int) bool {
	more := int64(bytes) - v.weight
	if more < smallAnswer {
		return true
	}
	if !v.s.answers.try(v.shares(), more) {
		return false
	}
	v.weight += more
	return true
}
