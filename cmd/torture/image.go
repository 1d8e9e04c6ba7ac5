//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// image is an ext4 file system in a file.
type image struct {
	file, dir string
	device    string // /dev/loopN while it is mounted
}

func command(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return strings.TrimSpace(string(out)), nil
}

// makeImage makes a file system of so many MB and mounts it. It is thin: only what
// is written takes room.
func (r *run) makeImage(ctx context.Context, name string, megabytes int64, options string) (*image, error) {
	im := &image{file: filepath.Join(r.dir, name+".img"), dir: filepath.Join(r.dir, name)}
	f, err := os.Create(im.file)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(megabytes<<20), f.Close(), os.MkdirAll(im.dir, 0o700)); err != nil {
		return nil, err
	}
	if _, err := command(ctx, "mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", im.file); err != nil {
		return nil, err
	}
	r.later(func() { _ = im.unmount() })
	return im, im.mount(ctx, options)
}

// mount attaches and mounts; what a commit of the journal alone would put on the
// disk is put off, so that what was not synced is lost.
func (im *image) mount(ctx context.Context, options string) (err error) {
	if im.device, err = command(ctx, "losetup", "--find", "--show", im.file); err != nil {
		return err
	}
	if _, err = command(ctx, "mount", "-t", "ext4", "-o", "noatime,"+options, im.device, im.dir); err != nil {
		return errors.Join(err, im.detach())
	}
	return nil
}

// unmount is not for ctx to end: it is what cleans up.
func (im *image) unmount() error {
	if im.device == "" {
		return nil
	}
	var err error
	for range 1500 { // whoever had it open a moment ago is let go of late where the machine has much to do
		if err = unix.Unmount(im.dir, 0); err == nil || err == unix.EINVAL {
			return im.detach()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(err, unix.Unmount(im.dir, unix.MNT_DETACH), im.detach())
}

func (im *image) detach() error {
	_, err := command(context.Background(), "losetup", "--detach", im.device)
	im.device = ""
	return err
}

// written is how often the device was written to, and what is under way.
func (im *image) written() (string, error) {
	b, err := os.ReadFile("/sys/block/" + filepath.Base(im.device) + "/stat")
	fields := strings.Fields(string(b))
	if err != nil || len(fields) < 9 {
		return "", errors.Join(err, errors.New("the kernel does not count this device's writes"))
	}
	if fields[8] != "0" {
		return "under way", nil
	}
	return strings.Join(slices.Concat(fields[4:5], fields[6:7]), " "), nil
}

// copyTo copies the image as it is at one moment, without its holes. retaken is how
// often the kernel wrote meanwhile, and the copy was taken again.
func (im *image) copyTo(to string) (retaken int, err error) {
	for ; retaken < 200; retaken++ {
		before, err := im.written()
		if err != nil {
			return retaken, err
		}
		if before == "under way" {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		if err := copySparse(im.file, to); err != nil {
			return retaken, err
		}
		after, err := im.written()
		if err != nil || after == before {
			return retaken, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return retaken, errors.New("the kernel does not stop writing to the device")
}

// copySparse copies what is written of a file, and makes the rest a hole.
func copySparse(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := out.Truncate(info.Size()); err != nil {
		return err
	}
	buffer, zeros := make([]byte, 1<<18), make([]byte, 1<<18) // tmpfs calls allocated blocks data
	for at := int64(0); ; {
		start, err := unix.Seek(int(in.Fd()), at, unix.SEEK_DATA)
		if err == unix.ENXIO {
			return out.Close()
		}
		if err != nil {
			return err
		}
		end, err := unix.Seek(int(in.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		for at = start; at < end; {
			n, err := in.ReadAt(buffer[:min(int64(len(buffer)), end-at)], at)
			if n == 0 {
				return errors.Join(err, errors.New("a file became shorter"))
			}
			if !bytes.Equal(buffer[:n], zeros[:n]) {
				if _, err := out.WriteAt(buffer[:n], at); err != nil {
					return err
				}
			}
			at += int64(n)
		}
	}
}

// copyFolder copies a store's folder, file by file, without their holes.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, rel); {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case d.Type().IsRegular():
			return copySparse(path, target)
		}
		return nil
	})
}

func removeUnless(r *run, path string) {
	if !r.keep {
		os.RemoveAll(path)
	}
}
