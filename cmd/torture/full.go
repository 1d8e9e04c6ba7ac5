//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/entry"
)

// site is a store on a small disk with a server on it.
type site struct {
	r    *run
	disk *image // nil: memory (tmpfs)
	dir  string // where the disk is mounted
	data string
	all  []*person
	s    *server
}

// full makes real disks full, read-only and dead under a running server, and
// before it starts.
func full(ctx context.Context, r *run) error {
	if err := needs(true, "mke2fs", "losetup", "mount", "e2fsck"); err != nil {
		return err
	}
	scenes := []struct {
		name  string
		tmpfs bool
		play  func(context.Context, *site) error
	}{
		{"nearly full", false, nearlyFull},
		{"full, and room again", false, fullAndRoom},
		{"full, and room again, in memory", true, fullAndRoom},
		{"full at the start", false, fullAtStart},
		{"filled under load", false, filledUnderLoad},
		{"read-only at the start", false, readOnlyAtStart},
		{"read-only while serving", false, readOnlyWhileServing},
		{"dead under load", false, deadUnderLoad},
	}
	var bad []error
	for i, scene := range scenes {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := r.scene(ctx, fmt.Sprintf("scene-%d", i), scene.tmpfs, scene.play)
		r.say("%s: %v", scene.name, err)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", scene.name, err))
		}
	}
	r.figures("full", "%d of %d scenes as they should be: answers in words, nothing acknowledged lost, no crash loop, by itself again when there is room", len(scenes)-len(bad), len(scenes))
	return errors.Join(bad...)
}

// scene plays one, and examines the store afterwards on a disk that is itself again.
func (r *run) scene(ctx context.Context, name string, tmpfs bool, play func(context.Context, *site) error) (err error) {
	t := &site{r: r, dir: filepath.Join(r.dir, name)}
	if tmpfs {
		if err := os.MkdirAll(t.dir, 0o700); err != nil {
			return err
		}
		if _, err := command(ctx, "mount", "-t", "tmpfs", "-o", "size=700m", "tmpfs", t.dir); err != nil {
			return err
		}
		defer func() { _ = unix.Unmount(t.dir, unix.MNT_DETACH) }()
		r.later(func() { _ = unix.Unmount(t.dir, unix.MNT_DETACH) })
	} else {
		if t.disk, err = r.makeImage(ctx, name, 700, "errors=remount-ro"); err != nil {
			return err
		}
		defer func() { _ = t.disk.unmount() }()
	}
	t.data = filepath.Join(t.dir, "store")
	if t.all, err = people(ctx, t.data, 1); err != nil {
		return err
	}
	if err := t.start(ctx); err != nil {
		return err
	}
	defer func() { t.s.kill() }()
	if err := play(ctx, t); err != nil {
		return fmt.Errorf("%w (the server said: %s)", err, t.s.words())
	}
	t.s.kill()
	t.drain()
	if !tmpfs {
		if err := t.disk.unmount(); err != nil {
			return err
		}
		// e2fsck returns 1 when it has mended something, as after any such end.
		_, _ = command(ctx, "e2fsck", "-p", t.disk.file)
		if err := t.disk.mount(ctx, "errors=remount-ro"); err != nil {
			return err
		}
		t.drain()
	}
	_, err = examineFolder(ctx, t.data, t.all, takeAll(t.all))
	return err
}

func (t *site) start(ctx context.Context) (err error) {
	s, err := t.r.launch(ctx, t.data)
	if s != nil {
		t.s = s
	}
	if err != nil {
		return err
	}
	for _, p := range t.all {
		p.road.lead(s.address)
	}
	return nil
}

const filler = "filler"

// fill takes room until so many MB are left.
func (t *site) fill(left int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(t.dir, &st); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(t.dir, filler), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size() + int64(st.Bavail)*int64(st.Bsize) - left<<20
	if err := unix.Fallocate(int(f.Fd()), 0, 0, size); err != nil && err != unix.ENOSPC {
		return err
	}
	if left > 0 {
		return nil
	}
	for block := make([]byte, 4096); ; { // the last blocks, which a large piece does not find
		if _, err := f.Seek(0, 2); err != nil {
			return err
		}
		if _, err := f.Write(block); errors.Is(err, unix.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (t *site) drain() { _ = os.Remove(filepath.Join(t.dir, filler)) }

// says checks that an answer is "not now", in words that name the reason.
func says(err error, word string) error {
	if !errors.Is(err, record.Unavailable) || !strings.Contains(err.Error(), word) {
		return fmt.Errorf("the answer was not %q, but: %v", word, err)
	}
	return nil
}

func (t *site) alive() error {
	select {
	case <-t.s.ended:
		return fmt.Errorf("the server ended: %v", t.s.err)
	default:
		return nil
	}
}

// large brings more in one change than goes on from the reserve.
func (t *site) large(ctx context.Context, token string) error {
	p := t.all[0]
	resources := map[string]string{}
	for i := range 200 {
		id := fmt.Sprintf("large-%d", i)
		resources[id] = p.observation(id, i)
	}
	_, err := p.client.With(token).Transaction(ctx, bundle(resources), entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: "large"})
	return err
}

func nearlyFull(ctx context.Context, t *site) error {
	p := t.all[0]
	token, err := p.signIn(ctx)
	if err != nil {
		return err
	}
	if err := t.fill(200); err != nil {
		return err
	}
	if err := says(t.large(ctx, token), "disk is nearly full"); err != nil {
		return err
	}
	for i := range 50 { // reads go on, and so does what is small
		if err := errors.Join(p.look(ctx, i%entriesEach), p.write(ctx, token, i%entriesEach)); err != nil {
			return err
		}
	}
	t.drain()
	p.ledger.with(func(a *account) { a.changes.tried += 1; a.changes.sure += 1 })
	return errors.Join(t.large(ctx, token), t.alive())
}

func fullAndRoom(ctx context.Context, t *site) error {
	p := t.all[0]
	token, err := p.signIn(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		if err := t.fill(0); err != nil {
			return err
		}
		for range 20 {
			if err := says(p.look(ctx, 0), "disk is nearly full"); err != nil {
				return err
			}
			if err := says(p.write(ctx, token, 0), "disk is nearly full"); err != nil {
				return err
			}
		}
		t.drain()
		if err := errors.Join(p.look(ctx, 0), p.write(ctx, token, 0), t.alive()); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	return nil
}

func fullAtStart(ctx context.Context, t *site) error {
	p := t.all[0]
	token, err := p.signIn(ctx)
	if err == nil {
		err = p.write(ctx, token, 0)
	}
	if err != nil {
		return err
	}
	t.s.kill()
	if err := t.fill(0); err != nil {
		return err
	}
	for range 5 {
		if err := t.refusesToStart(ctx, "is full"); err != nil {
			return err
		}
	}
	t.drain()
	if err := t.start(ctx); err != nil {
		return err
	}
	return p.look(ctx, 0)
}

// refusesToStart: in words, and not by a crash.
func (t *site) refusesToStart(ctx context.Context, word string) error {
	err := t.start(ctx)
	if !errors.Is(err, errRefused) {
		return fmt.Errorf("the server started: %w", err)
	}
	if words := t.s.words(); !strings.Contains(words, word) || strings.Contains(words, "panic") || strings.Contains(words, "fatal error") {
		return fmt.Errorf("the server did not say %q", word)
	}
	return nil
}

func filledUnderLoad(ctx context.Context, t *site) error {
	for range 3 {
		l := startLoad(ctx, t.all)
		time.Sleep(300 * time.Millisecond)
		if err := t.fill(0); err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
		if err := errors.Join(l.stop(), t.alive()); err != nil {
			return err
		}
		t.drain()
		if err := t.all[0].look(ctx, 0); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	return nil
}

func readOnlyAtStart(ctx context.Context, t *site) error {
	t.s.kill()
	if err := t.disk.unmount(); err != nil {
		return err
	}
	if err := t.disk.mount(ctx, "ro"); err != nil {
		return err
	}
	if err := t.refusesToStart(ctx, "is read-only"); err != nil {
		return err
	}
	_, err := command(ctx, "mount", "-o", "remount,rw", t.disk.dir)
	if err == nil {
		err = t.start(ctx)
	}
	if err != nil {
		return err
	}
	return t.all[0].look(ctx, 0)
}

// readOnlyWhileServing: the file system finds an error in itself, and from then on
// takes no write.
func readOnlyWhileServing(ctx context.Context, t *site) error {
	p := t.all[0]
	token, err := p.signIn(ctx)
	if err == nil {
		err = errors.Join(p.write(ctx, token, 0), p.look(ctx, 0))
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile("/sys/fs/ext4/"+filepath.Base(t.disk.device)+"/trigger_fs_error", []byte("1"), 0); err != nil {
		return err
	}
	return t.endsInOrder(says(p.look(ctx, 0), "disk"))
}

// ioctlShutdown stops a file system at once: what it has not written is lost.
const (
	ioctlShutdown     = 0x8004587d // EXT4_IOC_SHUTDOWN
	shutdownNoLogSync = 2
)

func deadUnderLoad(ctx context.Context, t *site) error {
	l := startLoad(ctx, t.all)
	time.Sleep(500 * time.Millisecond)
	f, err := os.Open(t.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), ioctlShutdown, shutdownNoLogSync); err != nil {
		return fmt.Errorf("shutting the file system down: %w", err)
	}
	time.Sleep(300 * time.Millisecond)
	err = l.stop()
	_, read := t.all[0].signIn(ctx)
	if read == nil {
		return errors.New("a dead disk is served from")
	}
	return t.endsInOrder(err)
}

// endsInOrder: the server stops when it is asked to, or has already, and has said
// why.
func (t *site) endsInOrder(err error) error {
	if err != nil {
		return err
	}
	_ = t.s.signal(unix.SIGTERM)
	select {
	case <-t.s.ended:
	case <-time.After(30 * time.Second):
		return errors.New("the server hangs")
	}
	if words := t.s.words(); !strings.Contains(words, "disk") {
		return fmt.Errorf("the server did not say what is the matter")
	}
	return nil
}
