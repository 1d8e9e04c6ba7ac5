package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// The room that contents on their way have is the person's. A grant has a share of it,
// and all grants together no more than leaves the person theirs: whoever was let in for
// an allergy must not be able to keep the person's own letters out.
//
// Nothing at rest says whose an upload is but to who began it. So a server remembers
// which grant each is of, from when it was begun or last asked for: when the grant ends,
// what it began makes room. What was begun before the server started, and not asked for
// since, is nobody's as far as it knows. It counts as some grant's, and the person, when
// they are short of room, takes its place: who is sending it begins again.
//
// What others have sent counts by what is there, not by what it says it will be. A
// grant's own counts as it was declared: so it hears at once what will not fit.

const (
	maxSent      = 8       // at the same time, of one person
	maxSentBytes = 1 << 30 // in all

	maxSentGrants = 5 // of these, all that are not the person's own
	maxSentGrant  = 2 // of one of them

	// roomSteps is into how many steps a record's room falls for others than its person:
	// to the byte it would tell how much is written in sections that they do not have.
	roomSteps = 16
)

var (
	errManySent error = record.Safef(record.TooMany, "this record has as many uploads begun as there may be: finish or cancel one, or wait a day")
	errMySent   error = record.Safef(record.TooMany, "this grant has as many uploads begun as one may, which is %d, and %d MiB together: finish or cancel one, or wait a day", maxSentGrant, maxSentBytes/4>>20)
)

// sending is what is known in memory of contents on their way.
type sending struct {
	mu    sync.Mutex
	busy  map[sentName]bool // that a request is writing
	known map[sentName]knownSent
}

type sentName struct {
	person record.PersonID
	id     SentID
}

// knownSent is whose one is, and how much of it is there.
type knownSent struct {
	grant record.GrantID
	there int64
	until time.Time
}

// enter keeps two requests from writing one content at the same time.
func (x *sending) enter(p record.PersonID, id SentID) (leave func(), ok bool) {
	name := sentName{p, id}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.busy[name] {
		return nil, false
	}
	if x.busy == nil {
		x.busy = make(map[sentName]bool)
	}
	x.busy[name] = true
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.busy, name)
	}, true
}

// know remembers one that a View has opened.
func (x *sending) know(v *View, s Sent) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known == nil {
		x.known = make(map[sentName]knownSent)
	}
	name := sentName{v.person, s.ID}
	x.known[name] = knownSent{v.token.Grant, max(s.Offset, x.known[name].there), s.Until} // a reader may be behind
}

func (x *sending) of(p record.PersonID, id SentID) (k knownSent, known bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	k, known = x.known[sentName{p, id}]
	return k, known
}

func (x *sending) forget(p record.PersonID, id SentID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.known, sentName{p, id})
}

// sweep forgets those whose day is over.
func (x *sending) sweep(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for name, k := range x.known {
		if !now.Before(k.until) {
			delete(x.known, name)
		}
	}
}

// sentRow is one of a person's uploads, as a View sees it.
type sentRow struct {
	id    SentID
	hour  uint32
	size  int64
	there int64
	own   bool           // of the View's grant
	grant record.GrantID // zero when it is not known
}

// sentRows are all uploads of the View's person, the oldest first.
func (v *View) sentRows(r kv.Reader) (list []sentRow, err error) {
	err = r.Scan([]byte{rows.KindSent}, nil, func(key, row []byte) (bool, error) {
		if len(key) == 1+len(SentID{}) {
			hour, size, _ := parseSent(row)
			list = append(list, sentRow{id: SentID(key[1:]), hour: hour, size: int64(min(size, MaxDocument))})
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		o := &list[i]
		if k, known := v.s.sending.of(v.person, o.id); known {
			o.grant, o.there = k.grant, k.there
		} else if x, err := v.sent(r, o.id); err == nil {
			o.grant, o.there = v.token.Grant, x.Offset
		} else if o.there, err = sentSoFar(r, *o); err != nil {
			return nil, err
		}
		o.own = o.grant == v.token.Grant
	}
	slices.SortStableFunc(list, func(a, b sentRow) int { return int(int64(a.hour) - int64(b.hour)) })
	return list, nil
}

// sentSoFar finds how much of one is there whose row it cannot open: its parts are there
// from the first on.
func sentSoFar(r kv.Reader, o sentRow) (int64, error) {
	low, high := int64(0), (o.size+sentPart-1)/sentPart
	for low < high {
		mid := (low + high) / 2
		switch _, err := r.Get(rows.SentRowKey(o.id, int(mid))); {
		case errors.Is(err, kv.ErrNotFound):
			high = mid
		case err != nil:
			return 0, err
		default:
			low = mid + 1
		}
	}
	return min(low*sentPart, o.size), nil
}

// makeRoom says whether one more of that size may be begun, and what goes for it.
func (v *View) makeRoom(p *person, all []sentRow, size int64, now time.Time) (over []sentRow, err error) {
	all, over = living(p, all, now)
	for {
		err := v.roomToBegin(p, all, size)
		i := slices.IndexFunc(all, func(o sentRow) bool { return o.grant == (record.GrantID{}) })
		if err == nil || !v.grant.Self || i < 0 {
			return over, err
		}
		over = append(over, all[i])
		all = slices.Delete(all, i, i+1)
	}
}

// living parts those of grants that have ended from the others.
func living(p *person, all []sentRow, now time.Time) (rest, over []sentRow) {
	for _, o := range all {
		if o.grant != (record.GrantID{}) && !p.Live.Valid(o.grant, now) {
			over = append(over, o)
		} else {
			rest = append(rest, o)
		}
	}
	return rest, over
}

func (v *View) roomToBegin(p *person, all []sentRow, size int64) error {
	s := summed(p, all, v.token.Grant)
	if v.grant.Self {
		switch {
		case len(all) >= maxSent || s.declared+s.others+size > maxSentBytes:
			return errManySent
		case p.full(uint64(s.declared + s.others + size)):
			return errFull
		}
		return nil
	}
	switch {
	case s.count >= maxSentGrant || s.declared+size > maxSentBytes/4:
		return errMySent
	case s.grants >= maxSentGrants || len(all) >= maxSent || s.given+size > maxSentBytes/2:
		return errManySent
	case size > 0 && p.fullForOthers(s.own+s.others+size):
		return errFull
	}
	return nil
}

// roomToSend says whether so much more of one that is begun may come.
func (v *View) roomToSend(p *person, all []sentRow, more int64, now time.Time) error {
	all, _ = living(p, all, now)
	s := summed(p, all, v.token.Grant)
	switch sum := s.own + s.others + more; {
	case v.grant.Self && p.full(uint64(sum)), !v.grant.Self && p.fullForOthers(sum):
		return errFull
	case !v.grant.Self && (s.given+more > maxSentBytes/2 || sum > maxSentBytes):
		return errManySent
	}
	return nil
}

// sums of what is on its way.
type sums struct {
	count, grants int   // of the one grant; of all that are not the person's
	own, declared int64 // bytes of the one that are there, and that will be
	others, given int64 // bytes of all others that are there; of those that are not the person's
}

func summed(p *person, all []sentRow, g record.GrantID) (s sums) {
	for _, o := range all {
		x, there := p.Live.Find(o.grant)
		theirs := there && x.Self
		if !theirs {
			s.grants++
			s.given += o.there
		}
		switch {
		case o.grant == g:
			s.count++
			s.own, s.declared = s.own+o.there, s.declared+o.size
		case theirs:
			s.others += o.size // what the person has begun has its room
		default:
			s.others += o.there
		}
	}
	return s
}

// fullForOthers is full for uploads of who is not the person: they have half of the room
// that is left, and hear of it by steps only.
func (p *person) fullForOthers(sum int64) bool {
	q := p.Account.Quota
	if q == 0 {
		return false
	}
	step := max(q/roomSteps, 1)
	left := (q - min(p.Head.Used, q)) / step * step
	return uint64(sum) > left/2
}

// dropParts removes what is left of uploads whose rows are gone. What it leaves is
// nothing's, and Reclaim's.
func (s *Store) dropParts(ctx context.Context, p record.PersonID, over []sentRow) {
	for _, o := range over {
		if err := s.dropSent(context.WithoutCancel(ctx), p, o.id, o.size); err != nil {
			s.log.Warn("parts of an upload were left behind", "err", record.SafeText(err))
		}
	}
}

// sweepSent removes what was sent and not claimed in its day, and what a grant that has
// ended had sent.
func (s *Store) sweepSent(ctx context.Context, hour uint32) error {
	now := s.time()
	s.sending.sweep(now)
	return s.engine.Partitions(func(part kv.Partition) error {
		type over struct {
			id   SentID
			size uint64
		}
		id := record.PersonID(part)
		var list []over
		err := s.engine.View(part, func(r kv.Reader) error {
			return r.Scan([]byte{rows.KindSent}, nil, func(key, row []byte) (bool, error) {
				h, size, _ := parseSent(row)
				if len(key) != 17 {
					return true, nil
				}
				ended := h < hour
				if k, known := s.sending.of(id, SentID(key[1:])); known && !ended {
					p, err := s.load(r, id)
					ended = err == nil && !p.Live.Valid(k.grant, now)
				}
				if ended {
					list = append(list, over{SentID(key[1:]), min(size, MaxDocument)})
				}
				return ctx.Err() == nil, ctx.Err()
			})
		})
		for _, x := range list {
			if err == nil {
				err = s.dropSent(ctx, id, x.id, int64(x.size))
			}
		}
		return err
	})
}
