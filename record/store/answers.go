package store

import (
	"context"
	"math"
	"runtime/debug"
	"time"

	"golang.org/x/sync/semaphore"

	"carehold/record"
)

// answers bounds what all requests together hold of entries that they have opened:
// an answer of 16 MiB lies in memory until a slow reader has taken the last of it,
// and a few dozen of them would end the server for everybody. Whoever finds no room
// waits for it for a moment.
type answers struct {
	room *semaphore.Weighted
	most int64
}

const (
	// copies is how often an entry lies in memory while it is answered: as rows, as
	// what they hold, and as part of an answer.
	copies = 3

	// smallAnswer is what is not worth asking for.
	smallAnswer = 64 << 10

	answerPatience = 2 * time.Second
)

// newAnswers takes a quarter of the memory that there is, where that is known.
func newAnswers() *answers {
	most := int64(1 << 30)
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		most = max(limit/4, copies*maxPageBytes)
	}
	return &answers{semaphore.NewWeighted(most), most}
}

var errCrowded error = record.Safef(record.Unavailable, "this server has as many large answers on their way as it has memory for: try again in a moment")

// take makes room for so many bytes of entries, until the View is closed.
func (v *View) take(ctx context.Context, bytes int) error {
	if bytes < smallAnswer {
		return nil
	}
	a := v.s.answers
	weight := min(int64(bytes)*copies, a.most-v.weight)
	if weight <= 0 {
		return nil // one request alone may have all there is
	}
	if !a.room.TryAcquire(weight) {
		waiting, cancel := context.WithTimeout(ctx, answerPatience)
		defer cancel()
		if a.room.Acquire(waiting, weight) != nil {
			return errCrowded
		}
	}
	v.weight += weight
	return nil
}

// Written gives back the room of what the View has opened so far: it has become part
// of an answer, whose size whoever makes it counts.
func (v *View) Written() {
	v.s.answers.release(v.weight)
	v.weight = 0
}

// release is for Close.
func (a *answers) release(weight int64) {
	if weight > 0 {
		a.room.Release(weight)
	}
}
