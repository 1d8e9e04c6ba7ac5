//go:build unix

package backup

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"carehold/record"
)

// TestPipeIsNoBackup: a pipe in the folder of the backups is refused, where opening
// it would wait for whoever writes.
func TestPipeIsNoBackup(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "carehold-abcdef01-20261122T030405Z-77-full.age"), 0o600); err != nil {
		t.Fatal(err)
	}
	id, _ := keyOf(t)
	done := make(chan error, 1)
	go func() { _, err := OpenChain([]string{dir}, []Identity{id}, ""); done <- err }()
	select {
	case err := <-done:
		if !errors.Is(err, record.Invalid) {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it waits")
	}
}
