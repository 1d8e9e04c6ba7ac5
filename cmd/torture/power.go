//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// imageSize leaves room for a store and for the reserve that the engine wants free.
const imageSize = 1024 // MB; thin

// examineCopy examines a store, behind the program itself now and then.
func (r *run) examineCopy(ctx context.Context, data string, all []*person, told []account, t *tally) (found, error) {
	if t.cycles%binaryEvery != 0 {
		return examineFolder(ctx, data, all, told)
	}
	t.byProgram++
	began := time.Now()
	s, err := r.launch(ctx, data)
	if err != nil {
		return found{}, err
	}
	t.slowest = max(t.slowest, time.Since(began))
	f, err := examine(ctx, s.address, all, told)
	if e := s.stop(); err == nil && e != nil {
		err = fmt.Errorf("stopping: %w: %s", e, s.words())
	}
	return f, err
}

// power cuts the power under load: each cycle examines a copy of the image as it is
// at a moment when the server stands still, and the server goes on.
func power(ctx context.Context, r *run) error {
	if err := needs(true, "mke2fs", "losetup", "mount"); err != nil {
		return err
	}
	t, retaken := &tally{}, 0
	for t.cycles < r.cycles {
		n, err := powerStore(ctx, r, t)
		if err != nil {
			return fmt.Errorf("power: cycle %d: %w", t.cycles+1, err)
		}
		retaken += n
	}
	r.figures("power", "%v; %d copies taken again", t, retaken)
	return errors.Join(t.faults...)
}

func powerStore(ctx context.Context, r *run, t *tally) (retaken int, err error) {
	name := fmt.Sprintf("disk-%d", t.stores)
	t.stores++
	disk, err := r.makeImage(ctx, name, imageSize, "discard,commit=60")
	if err != nil {
		return 0, err
	}
	cut := &image{file: filepath.Join(r.dir, "cut.img"), dir: filepath.Join(r.dir, "cut")}
	if err := os.MkdirAll(cut.dir, 0o700); err != nil {
		return 0, err
	}
	r.later(func() { _ = cut.unmount() })
	all, err := people(ctx, filepath.Join(disk.dir, "store"), peopleEach)
	if err != nil {
		return 0, err
	}
	s, err := r.launch(ctx, filepath.Join(disk.dir, "store"))
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		p.road.lead(s.address)
	}
	l := startLoad(ctx, all)
	for i := 0; i < cyclesAStore && t.cycles < r.cycles && err == nil; i++ {
		pause(ctx)
		if err = ctx.Err(); err == nil {
			var n int
			n, err = powerCycle(ctx, r, t, s, disk, cut, all)
			retaken += n
		}
	}
	t.fault(l.stop())
	t.acknowledged(takeAll(all))
	if err != nil {
		s.kill()
		return retaken, err
	}
	if err := s.stop(); err != nil {
		return retaken, fmt.Errorf("stopping: %w: %s", err, s.words())
	}
	if err := disk.unmount(); err != nil {
		return retaken, err
	}
	removeUnless(r, disk.file)
	return retaken, nil
}

func powerCycle(ctx context.Context, r *run, t *tally, s *server, disk, cut *image, all []*person) (retaken int, err error) {
	if err := s.freeze(); err != nil {
		return 0, err
	}
	defer s.thaw() // not before: else the log to examine grows by what comes meanwhile
	told := takeAll(all)
	if retaken, err = disk.copyTo(cut.file); err != nil {
		return retaken, err
	}
	if err := cut.mount(ctx, "discard"); err != nil {
		return retaken, err
	}
	f, err := r.examineCopy(ctx, filepath.Join(cut.dir, "store"), all, told, t)
	if e := cut.unmount(); err == nil {
		err = e
	}
	if err != nil {
		return retaken, err
	}
	t.cycles++
	t.entries += f.entries
	t.leaves += f.leaves
	r.say("cycle %d: %d entries, %d leaves", t.cycles, f.entries, f.leaves)
	return retaken, nil
}
