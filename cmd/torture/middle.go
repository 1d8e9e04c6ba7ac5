//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// The calls at which something of a program reaches the disk: before each the
// store is in another state.
var commitCalls = []string{"msync", "fdatasync", "fsync", "pwrite64", "ftruncate", "renameat", "unlinkat", "openat"}

// moment is one kind of thing that is cut in the middle. New ones go into the list
// in middle.
type moment struct {
	name string
	// cut lets the thing happen under strace with these options, and looks at what
	// it left. With options that kill nothing it must be well.
	cut func(ctx context.Context, work string, options ...string) error
}

// middle kills the program at its calls, one after the other, in the middle of
// whatever changes much at once.
func middle(ctx context.Context, r *run) error {
	if err := needs(false, "strace"); err != nil {
		return err
	}
	origin := filepath.Join(r.dir, "origin")
	all, err := people(ctx, origin, 1)
	if err != nil {
		return err
	}
	moments := []moment{{"grants, revocations, epochs, imports", func(ctx context.Context, work string, options ...string) error {
		_, err := r.injectWith(ctx, work, origin, all[0], injection{fault: "KILL"}, options...)
		return err
	}}}
	if m, err := r.upgrading(); err == nil {
		moments = append(moments, m)
	} else {
		fmt.Fprintln(os.Stderr, "torture: upgrade is left out:", err)
	}
	if help, _ := r.carehold(ctx, "backup", "--help"); strings.Contains(help, "--recipient") {
		more, err := r.backingUp(ctx, origin, all[0])
		if err != nil {
			return err
		}
		moments = append(moments, more...)
	} else {
		fmt.Fprintln(os.Stderr, "torture: backup and restore are left out: this carehold has none")
	}
	var parts []string
	var bad []error
	for _, m := range moments {
		n, places, errs := r.cutAll(ctx, m)
		if err := ctx.Err(); err != nil {
			return err
		}
		parts = append(parts, fmt.Sprintf("%s %d of %d places", m.name, n, places))
		bad = append(bad, errs...)
	}
	r.figures("middle", "killed in the middle of %s; harmed %d", strings.Join(parts, "; "), len(bad))
	return errors.Join(bad...)
}

// cutAll cuts a thing at its calls.
func (r *run) cutAll(ctx context.Context, m moment) (done, places int, bad []error) {
	log := filepath.Join(r.dir, "calls")
	if err := m.cut(ctx, filepath.Join(r.dir, "whole"), "-o", log, "-e", "trace="+strings.Join(commitCalls, ",")); err != nil {
		return 0, 0, []error{fmt.Errorf("%s, not cut: %w", m.name, err)}
	}
	most, err := countCalls(log)
	if err != nil {
		return 0, 0, []error{err}
	}
	var todo []injection
	for _, call := range commitCalls {
		places += most[call]
		for _, n := range spread(most[call], max(1, r.cycles*most[call]/total(most)+1)) {
			todo = append(todo, injection{call: call, when: n})
		}
	}
	var mu sync.Mutex
	queue := make(chan injection)
	var wg sync.WaitGroup
	for i := range runtime.NumCPU() {
		wg.Go(func() {
			for j := range queue {
				err := m.cut(ctx, filepath.Join(r.dir, fmt.Sprintf("cut-%d", i)), "-o", "/dev/null",
					"-e", "trace="+j.call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", j.call, j.when))
				r.say("%s, killed at %s %d: %v", m.name, j.call, j.when, err)
				mu.Lock()
				if done++; err != nil && ctx.Err() == nil {
					bad = append(bad, fmt.Errorf("%s, killed at %s %d: %w", m.name, j.call, j.when, err))
				}
				mu.Unlock()
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
	return done, places, bad
}

func total(most map[string]int) (n int) {
	for _, call := range commitCalls {
		n += most[call]
	}
	return max(n, 1)
}

// under runs a command under strace, to its end, whatever that is.
func under(ctx context.Context, options []string, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "strace", append(append([]string{"-f", "--seccomp-bpf", "--quiet=all"}, options...), argv...)...)
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+os.TempDir()+"/torture-has-no-settings")
	c.WaitDelay = 5 * time.Second
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		return string(out), errors.New("it hangs")
	}
	return string(out), err
}
