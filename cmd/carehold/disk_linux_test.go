package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that fills up, in earnest: a small file system of the test's own. While
// large changes are refused the server is ready; with no room for the log of a read
// it is not; and with room again all goes on, without a restart.
func TestDiskFills(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=420m"); err != nil {
		t.Skip("a file system cannot be mounted here:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	dir := filepath.Join(disk, "store")
	if _, errs, code := program(t, nil, "init", "--quiet", "--data", dir); code != 0 {
		t.Fatal(errs)
	}
	r := serveWith(t, dir, nil, nil)
	r.until(t, nil, "/readyz", 200)
	// fill leaves so many MiB.
	filler := filepath.Join(disk, "filler")
	fill := func(leave int64) {
		t.Helper()
		_ = os.Remove(filler)
		var st unix.Statfs_t
		if err := unix.Statfs(disk, &st); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(st.Bavail)*int64(st.Bsize)-leave<<20); err != nil {
			t.Fatal(err)
		}
	}
	status := func() string {
		out, _, _ := program(t, nil, "status", "--data", dir)
		return strings.Join(strings.Fields(out), " ")
	}
	if out := status(); !strings.Contains(out, "the disk will soon be full") {
		t.Errorf("with 400 MB left: %s", out)
	}
	fill(200)
	if text := r.until(t, nil, "/readyz", 200); !strings.Contains(text, "large changes are refused") {
		t.Errorf("nearly full: %q", text)
	}
	if out := status(); !strings.Contains(out, "the disk is nearly full, and large changes are refused") || !strings.Contains(out, "make room on it") {
		t.Errorf("nearly full: %s", out)
	}
	if _, errs, code := program(t, nil, "invite", "--quiet", "--data", dir); code != 0 {
		t.Errorf("an invite, which is small: %s", errs)
	}
	fill(100) // below half of the reserve the log of a read cannot be written either
	r.until(t, nil, "/readyz", 503)
	if out := status(); !strings.Contains(out, "the disk is full, and nothing is served") {
		t.Errorf("below half of the reserve: %s", out)
	}
	fill(30)
	if text := r.until(t, nil, "/readyz", 503); text != "the disk is full\n" {
		t.Errorf("full: %q", text)
	}
	r.until(t, nil, "/livez", 200)
	if out := status(); !strings.Contains(out, "the disk is full, and nothing is served") {
		t.Errorf("full: %s", out)
	}
	if _, errs, code := program(t, nil, "invite", "--quiet", "--data", dir); code != 1 || !strings.Contains(errs, "disk is nearly full") {
		t.Errorf("an invite on a full disk: %d %s", code, errs)
	}
	// Who is to make room verifies and backs up first, to another disk.
	if out, errs, code := program(t, nil, "verify", "--data", dir); code != 0 || !strings.Contains(out, "Nothing is damaged") {
		t.Errorf("verify on a full disk: %d %s%s", code, out, errs)
	}
	to := t.TempDir()
	if _, errs, code := program(t, nil, "backup", "--data", dir, "--to", to, "--recipient", "age1f88llv6sjkms3vdpe6hncfd3t3ztn93hxv08l5gnd9k6q5jxtp9sqfeuma"); code != 0 {
		t.Errorf("backup on a full disk: %d %s", code, errs)
	}
	if list, err := filepath.Glob(filepath.Join(to, "carehold-*-full.age")); err != nil || len(list) != 1 {
		t.Errorf("backups: %v, %v", list, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	r.until(t, nil, "/readyz", 200)
	if _, errs, code := program(t, nil, "invite", "--quiet", "--data", dir); code != 0 {
		t.Errorf("with room again: %s", errs)
	}
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, r.said())
	}
}

// Where there is no room for a store, init leaves nothing that would keep the next
// one from being made.
func TestInitOnFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("a file system cannot be mounted here:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	dir := filepath.Join(disk, "store")
	refused := func() {
		t.Helper()
		if _, errs, code := program(t, nil, "init", "--data", dir); code != 1 {
			t.Errorf("init ended with %d: %s", code, errs)
		}
	}
	refused()
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("a folder is left: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for _, err = f.Write(make([]byte, 4096)); err == nil; _, err = f.Write(make([]byte, 4096)) {
	}
	f.Close()
	refused()
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("left in the folder, which was there: %v, %v", list, err)
	}
}
