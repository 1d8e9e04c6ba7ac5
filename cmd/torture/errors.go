//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"carehold/record/holder"
)

// The calls by which a store reaches its disk. write is also the sockets' and the
// log's, openat also the system's own: what fails there must harm nothing either.
var calls = []string{"openat", "write", "pwrite64", "pread64", "fsync", "fdatasync", "msync", "ftruncate", "renameat", "unlinkat", "mmap", "flock"}

var faults = []string{"EIO", "ENOSPC"}

// injection is one place at which a call fails.
type injection struct {
	call, fault string
	when        int // the call of that kind in each thread
}

// outcome of one.
type outcome struct {
	started  bool   // the server came up
	ended    bool   // by itself, before it was asked to
	stack    string // its reason, if it ended with a stack instead of words
	refusals int    // requests that were not carried out
}

// injected lets each call fail once, at each place of a fixed piece of work or at
// some of them, and looks at what is there afterwards.
func injected(ctx context.Context, r *run) error {
	if err := needs(false, "strace"); err != nil {
		return err
	}
	origin := filepath.Join(r.dir, "origin")
	all, err := people(ctx, origin, 1)
	if err != nil {
		return err
	}
	most, err := r.placesOf(ctx, origin, all[0])
	if err != nil {
		return err
	}
	var todo []injection
	places := 0
	for _, call := range calls {
		for _, fault := range faults {
			places += most[call]
			for _, n := range spread(most[call], r.each) {
				todo = append(todo, injection{call, fault, n})
			}
		}
	}
	var mu sync.Mutex
	var bad []error
	var ended, refused, notStarted int
	stacks := map[string]int{} // by what they begin with
	queue := make(chan injection)
	var wg sync.WaitGroup
	for i := range runtime.NumCPU() {
		wg.Go(func() {
			for j := range queue {
				o, err := r.inject(ctx, filepath.Join(r.dir, fmt.Sprintf("inject-%d", i)), origin, all[0], j)
				mu.Lock()
				count := func(n *int, yes bool) {
					if yes {
						*n++
					}
				}
				count(&ended, o.ended)
				count(&notStarted, !o.started)
				refused += o.refusals
				if err != nil && ctx.Err() == nil {
					bad = append(bad, fmt.Errorf("%s of %s %d: %w", j.fault, j.call, j.when, err))
				}
				mu.Unlock()
				r.say("%s %s %d: %+v %v", j.fault, j.call, j.when, o, err)
				if o.stack != "" {
					stacks[o.stack]++
				}
			}
		})
	}
	for _, j := range todo {
		if ctx.Err() == nil {
			queue <- j
		}
	}
	close(queue)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	r.figures("errors", "%d injections (EIO, ENOSPC; %s) of %d places; the server did not start %d times, ended by itself %d times, with a stack %v; %d requests refused; "+
		"something acknowledged not there, hung, or no start afterwards: %d", len(todo), strings.Join(calls, " "), places, notStarted, ended, stacks, refused, len(bad))
	return errors.Join(bad...)
}

// spread picks at most n of 1…most, the first ones and then evenly.
func spread(most, n int) (out []int) {
	for i := range min(most, n) {
		out = append(out, 1+i*most/min(most, n))
	}
	return slices.Compact(out)
}

// reason is what the Go runtime says before a stack.
var reason = regexp.MustCompile(`(?m)^((?:panic|fatal error|runtime): .*|unexpected fault.*)$`)

var callLine = regexp.MustCompile(`^(\d+) +(\w+)\(`)

// placesOf are the places of the piece of work.
func (r *run) placesOf(ctx context.Context, origin string, p *person) (map[string]int, error) {
	log := filepath.Join(r.dir, "calls")
	work := filepath.Join(r.dir, "count")
	if _, err := r.injectWith(ctx, work, origin, p, injection{}, "-o", log, "-e", "trace="+strings.Join(calls, ",")); err != nil {
		return nil, err
	}
	return countCalls(log)
}

// countCalls says how often, at most, one thread made each call, by strace's log.
func countCalls(log string) (map[string]int, error) {
	b, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	each, most := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(b)) {
		if m := callLine.FindStringSubmatch(line); m != nil {
			each[m[1]+m[2]]++
			most[m[2]] = max(most[m[2]], each[m[1]+m[2]])
		}
	}
	return most, nil
}

func (r *run) inject(ctx context.Context, work, origin string, p *person, j injection) (outcome, error) {
	return r.injectWith(ctx, work, origin, p, j, "-o", filepath.Join(r.dir, filepath.Base(work)+".calls"), "-e", "trace="+j.call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", j.call, j.fault, j.when))
}

// injectWith does the piece of work against a server under strace, stops it, and
// examines what it left.
func (r *run) injectWith(ctx context.Context, work, origin string, p *person, j injection, options ...string) (o outcome, err error) {
	if err := errors.Join(os.RemoveAll(work), copyFolder(origin, work)); err != nil {
		return o, err
	}
	p, err = p.twin()
	if err != nil {
		return o, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	s, err := r.launch(ctx, work, append([]string{"strace", "-f", "--seccomp-bpf", "--quiet=all"}, options...)...)
	if o.started = err == nil; err != nil && !errors.Is(err, errRefused) {
		return o, err
	}
	if o.started {
		p.road.lead(s.address)
		o.refusals = work1(ctx, p)
		select {
		case <-s.ended:
			o.ended = true
		default:
		}
		if err := s.stop(); err != nil && strings.Contains(err.Error(), "hangs") {
			return o, err
		}
	}
	words := s.words()
	if m := reason.FindStringSubmatch(words); m != nil {
		o.stack = m[1]
	}
	if (!o.started || o.ended) && strings.TrimSpace(words) == "" && j.call != "mmap" && j.fault != "KILL" { // a mapping that fails before main is the loader's to tell
		silenced, err := wordsFailed(filepath.Join(r.dir, filepath.Base(work)+".calls"))
		if err != nil {
			return o, err
		}
		if !silenced {
			return o, errors.New("the server ended without a word")
		}
	}
	_, err = examineFolder(ctx, work, []*person{p}, []account{p.ledger.take()})
	if err != nil {
		err = fmt.Errorf("%w (the server said: %s)", err, words)
	}
	return o, err
}

// injectedWord is strace's line of a call to standard error that it let fail.
var injectedWord = regexp.MustCompile(`(?m)^\d+ +write\(2, .*\(INJECTED\)$`)

// wordsFailed says whether the write that failed was the server's own last word:
// then nobody can have heard it.
func wordsFailed(log string) (bool, error) {
	b, err := os.ReadFile(log)
	return injectedWord.Match(b), err
}

// twin is the same person on another device, who remembers the same.
func (p *person) twin() (*person, error) {
	q := &person{name: p.name, road: newRoad("127.0.0.1:1"), recovery: p.recovery, patient: p.patient, reads: p.reads,
		ledger: &ledger{account: p.ledger.take()}}
	q.road.once = true
	var err error
	q.client, err = q.road.client()
	return q, err
}

// work1 is the piece of work. Whatever is refused is passed over.
func work1(ctx context.Context, p *person) (refusals int) {
	try := func(err error) bool {
		if err != nil {
			refusals++
		}
		return err == nil
	}
	memory, err := holder.ParseMemory(p.ledger.take().memory)
	if !try(err) {
		return refusals
	}
	for range 3 { // the first may meet the fault
		if p.holder, err = holder.Unlock(ctx, p.client, p.recovery.Slot(), memory); try(err) {
			break
		}
	}
	if err != nil {
		return refusals
	}
	defer p.holder.Close()
	token, err := p.signIn(ctx)
	if !try(err) {
		token, _ = p.signIn(ctx)
	}
	for i := range 4 {
		try(p.write(ctx, token, i))
		try(p.look(ctx, i))
	}
	try(p.share(ctx))
	try(p.bring(ctx, token))
	for range 3 {
		try(p.share(ctx))
	}
	try(p.write(ctx, token, 0))
	try(p.look(ctx, 0))
	return refusals
}
