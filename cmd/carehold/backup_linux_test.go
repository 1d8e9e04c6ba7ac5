package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A backup onto a full disk leaves nothing, and the backups there are as they were;
// with room again it is made. A restore onto one leaves no store.
func TestBackupDiskFull(t *testing.T) {
	disk, work := t.TempDir(), t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("a file system cannot be mounted here:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	data, key := filepath.Join(work, "store"), filepath.Join(work, "key")
	const secret, public = "AGE-SECRET-KEY-1RLRLVT0RK88MCS57NZZSKP0RH03Z6C0RKMS488QWZJVRZ0HFGGAQSL5EAY",
		"age16g23t52mu467687q50wh432kzdyzmm8mf7mdkm05zjd6mt2kwd7s4c7ctl" // for tests alone
	if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := program(t, nil, "init", "--quiet", "--data", data); code != 0 {
		t.Fatal(errs)
	}
	backup := func() (string, string, int) {
		return program(t, nil, "backup", "--data", data, "--to", disk, "--recipient", public)
	}
	files := func() (names []string) {
		list, err := os.ReadDir(disk)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Name() != "filler" {
				names = append(names, e.Name())
			}
		}
		return names
	}
	if out, errs, code := backup(); code != 0 || !strings.Contains(out, "everything") {
		t.Fatal(out, errs)
	}
	first := files()
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 4096); err == nil; {
		_, err = f.Write(b)
	}
	f.Close()
	if _, errs, code := backup(); code != 1 || !strings.Contains(errs, "no space left") || !strings.Contains(errs, "make room") {
		t.Errorf("on a full disk: %d %s", code, errs)
	}
	if now := files(); strings.Join(now, " ") != strings.Join(first, " ") {
		t.Errorf("on a full disk: %q, was %q", now, first)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := backup(); code != 0 || !strings.Contains(out, "what has changed") {
		t.Errorf("with room again: %s%s", out, errs)
	}
	if now := files(); len(now) != 2 {
		t.Errorf("with room again: %q", now)
	}
	target := filepath.Join(disk, "new")
	if _, errs, code := program(t, nil, "restore", "--from", disk, "--identity", key, "--data", target); code != 1 {
		t.Errorf("a restore onto a disk with no room: %d %s", code, errs)
	} else {
		t.Log(errs)
	}
	if _, err := os.Stat(target); !os.IsNotExist(err) {
		t.Errorf("it leaves a folder: %v", err)
	}
	if out, errs, code := program(t, nil, "restore", "--from", disk, "--identity", key, "--data", filepath.Join(work, "new")); code != 0 {
		t.Errorf("and elsewhere: %s%s", out, errs)
	}
}
