//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"carehold/record"
)

// load is everybody using the server at once.
type load struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	faults []error // answers that no outage explains
}

// startLoad lets everybody go on until stop. While the server is away, they fail
// and try again.
func startLoad(ctx context.Context, all []*person) *load {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{cancel: cancel}
	for _, p := range all {
		l.worker(ctx, p, "write", 0, func(token string) error { return p.write(ctx, token, rand.IntN(entriesEach)) })
		l.worker(ctx, p, "read", 0, func(string) error { return p.look(ctx, rand.IntN(entriesEach)) })
		l.worker(ctx, p, "document", 6000, func(token string) error { return p.send(ctx, token) })
		l.worker(ctx, p, "import", 60, func(token string) error { return p.bring(ctx, token) })
		l.worker(ctx, p, "share", 60, func(token string) error {
			if rand.IntN(8) == 0 {
				if _, err := p.holder.CheckNew(ctx, token); err != nil {
					return err
				}
			}
			return p.share(ctx)
		})
	}
	return l
}

// worker does one thing again and again, with up to so many milliseconds between.
func (l *load) worker(ctx context.Context, p *person, what string, rest int, do func(token string) error) {
	l.wg.Go(func() {
		token := ""
		for ctx.Err() == nil {
			var err error
			if token == "" && what != "read" {
				token, err = p.signIn(ctx)
			}
			if err == nil {
				err = do(token)
			}
			if err != nil && ctx.Err() == nil {
				if l.fault(p, what, err) {
					return
				}
				token = ""
				time.Sleep(time.Millisecond)
			}
			if rest > 0 {
				time.Sleep(time.Duration(rand.IntN(rest)) * time.Millisecond)
			}
		}
	})
}

// fault keeps an error that an outage does not explain. No answer and "not now"
// are what an outage looks like.
func (l *load) fault(p *person, what string, err error) bool {
	switch record.KindOf(err) {
	case record.Unavailable, record.Internal, record.TooMany:
		return false
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Errorf("%s, %s: %s: %w", p.name, what, record.KindOf(err), err))
	return true
}

// stop ends the load, and returns what went wrong in it.
func (l *load) stop() error {
	l.cancel()
	l.wg.Wait()
	return errors.Join(l.faults...)
}
