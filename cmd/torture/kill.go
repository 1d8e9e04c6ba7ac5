//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"
)

const (
	peopleEach    = 3
	cyclesAStore  = 40 // before a new one is made: examining takes longer the longer the log is
	binaryEvery   = 20 // each so manieth copy is examined behind the program itself
	shortestCycle = 30 * time.Millisecond
	cycleSpread   = 120 // ms
)

// tally is what all cycles together came to.
type tally struct {
	cycles, byProgram, stores    int
	writes, reads, grants, stops int
	entries, leaves              int
	slowest                      time.Duration // opening
	faults                       []error       // answers under load that no outage explains
}

func (t *tally) fault(err error) {
	if err != nil {
		t.faults = append(t.faults, fmt.Errorf("about cycle %d: %w", t.cycles+1, err))
	}
}

func (t *tally) acknowledged(told []account) {
	for _, a := range told {
		w, r, g, s := a.acknowledged()
		t.writes += w
		t.reads += r
		t.grants += g
		t.stops += s
	}
}

func (t *tally) String() string {
	return fmt.Sprintf("%d cycles, %d of them opened by the program itself, %d stores; %d writes, %d reads, %d grants and %d revocations acknowledged; "+
		"examined %d entries and %d log leaves; lost 0, refused to open 0; answers under load that no outage explains %d; slowest start %d ms",
		t.cycles, t.byProgram, t.stores, t.writes, t.reads, t.grants, t.stops, t.entries, t.leaves, len(t.faults), t.slowest.Milliseconds())
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(shortestCycle + time.Duration(rand.IntN(cycleSpread))*time.Millisecond):
	}
}

// kill kills the server under load, examines what it left, and starts it again on
// that, over and over.
func kill(ctx context.Context, r *run) error {
	t := &tally{}
	for t.cycles < r.cycles {
		if err := killStore(ctx, r, t); err != nil {
			return fmt.Errorf("kill: cycle %d: %w", t.cycles+1, err)
		}
	}
	r.figures("kill", "%v", t)
	return errors.Join(t.faults...)
}

func killStore(ctx context.Context, r *run, t *tally) error {
	data := filepath.Join(r.dir, fmt.Sprintf("store-%d", t.stores))
	t.stores++
	all, err := people(ctx, data, peopleEach)
	if err != nil {
		return err
	}
	defer removeUnless(r, data)
	for i := 0; i < cyclesAStore && t.cycles < r.cycles; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		began := time.Now()
		s, err := r.launch(ctx, data)
		if err != nil {
			return err
		}
		t.slowest = max(t.slowest, time.Since(began))
		for _, p := range all {
			p.road.lead(s.address)
		}
		l := startLoad(ctx, all)
		pause(ctx)
		s.kill()
		t.fault(l.stop()) // answers that still come were sent before
		told := takeAll(all)
		f, err := r.examineCopy(ctx, data, all, told, t)
		if err != nil {
			return err
		}
		t.cycles++
		t.entries += f.entries
		t.leaves += f.leaves
		r.say("cycle %d: %d entries, %d leaves", t.cycles, f.entries, f.leaves)
	}
	t.acknowledged(takeAll(all))
	return nil
}
