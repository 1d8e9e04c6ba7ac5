package badger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carehold/record/kv"
)

// TestPowerApart cuts the power while rows are written that are kept apart: the store is
// on ext4 in a file, the writer is stopped, and a copy of the file is what is left. What
// only the kernel's cache held is not in it. As cmd/torture does, with nothing but such
// rows, where it has a document now and then.
func TestPowerApart(t *testing.T) {
	if testing.Short() || os.Getuid() != 0 {
		t.Skip("mounts a file system of its own")
	}
	cycles := 8
	if os.Getenv("CAREHOLD_LONG") != "" {
		cycles = 200
	}
	t.Setenv(apartVariable, "1")
	work := t.TempDir()
	disk := filepath.Join(work, "disk.img")
	if f, err := os.Create(disk); err != nil || f.Truncate(512<<20) != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk).CombinedOutput(); err != nil {
		t.Skipf("no file system can be made here: %v %s", err, out)
	}
	device, unmount, err := mountImage(disk, filepath.Join(work, "disk"))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(unmount)
	dir := filepath.Join(work, "disk", "data", "db")
	e, err := Create(dir, killOptions())
	if err != nil {
		t.Fatal(err)
	}
	shut(t, e)

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	writer := exec.Command(self)
	writer.Env = append(os.Environ(), childVariable+"="+dir)
	writer.Stderr = os.Stderr
	out, err := writer.StdoutPipe()
	if err == nil {
		err = writer.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var acknowledged [killWriters]uint64
	total := 0
	read := make(chan bool)
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var w int
			var n uint64
			mu.Lock()
			if _, err := fmt.Sscanf(lines.Text(), "ack %d %d", &w, &n); err == nil && w < killWriters {
				acknowledged[w], total = n, total+1
			} else {
				t.Error(lines.Text())
			}
			mu.Unlock()
		}
	}()
	defer func() { _ = writer.Process.Kill(); <-read; _ = writer.Wait() }()

	for cycle := range cycles {
		time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		if err := writer.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		for !stopped(writer.Process.Pid) {
			time.Sleep(time.Millisecond)
		}
		for before := -1; ; { // what was printed before it stopped
			mu.Lock()
			now := total
			mu.Unlock()
			if now == before {
				break
			}
			before = now
			time.Sleep(20 * time.Millisecond)
		}
		mu.Lock()
		acked := acknowledged
		mu.Unlock()
		cut := filepath.Join(work, "cut.img")
		if err := copyAtRest(disk, cut, device); err != nil {
			t.Fatal(err)
		}
		if err := writer.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		_, unmountCut, err := mountImage(cut, filepath.Join(work, "cut"))
		if err != nil {
			t.Fatal(err)
		}
		left, err := Open(filepath.Join(work, "cut", "data", "db"), killOptions())
		if err != nil {
			unmountCut()
			t.Fatalf("cycle %d: %v", cycle, err)
		}
		for w, n := range acked {
			if err := left.View(killPartition(w), func(r kv.Reader) error {
				found := killNumber(r)
				if found != n && found != n+1 { // one may have been under way
					t.Errorf("cycle %d, writer %d: acknowledged %d, found %d", cycle, w, n, found)
				}
				for i := range killRows {
					if v, err := r.Get([]byte{byte(i)}); found > 0 && (err != nil || !bytes.Equal(v, killValue(found))) {
						return errors.Join(fmt.Errorf("update %d is half there", found), err)
					}
				}
				return nil
			}); err != nil {
				t.Errorf("cycle %d, writer %d: %v", cycle, w, err)
			}
		}
		apartSound(t, left, filepath.Join(work, "cut", "data", "db"))
		shut(t, left)
		unmountCut()
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d updates acknowledged, %d power cuts", total, cycles)
	if total < cycles {
		t.Error("next to nothing was written")
	}
}

// mountImage mounts a file. What a commit of the journal alone would put on the disk is
// put off, so that what was not synced is lost.
func mountImage(file, dir string) (device string, unmount func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	out, err := exec.Command("losetup", "--find", "--show", file).Output()
	if err != nil {
		return "", nil, fmt.Errorf("no loop device: %w", err)
	}
	device = strings.TrimSpace(string(out))
	detach := func() { _ = exec.Command("losetup", "--detach", device).Run() }
	if err := syscall.Mount(device, dir, "ext4", syscall.MS_NOATIME, "commit=60"); err != nil {
		detach()
		return "", nil, fmt.Errorf("it cannot be mounted: %w", err)
	}
	return device, func() {
		for range 100 {
			if err := syscall.Unmount(dir, 0); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		detach()
	}, nil
}

// stopped reports whether all threads of a process stand.
func stopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range threads {
		b, err := os.ReadFile(name)
		if _, rest, ok := strings.Cut(string(b), ") "); err == nil && (!ok || rest[0] != 'T') {
			return false
		}
	}
	return len(threads) > 0
}

// copyAtRest copies a disk as it is at one moment: again, if the kernel wrote meanwhile.
func copyAtRest(from, to, device string) error {
	written := func() string {
		b, _ := os.ReadFile("/sys/block/" + filepath.Base(device) + "/stat")
		f := strings.Fields(string(b))
		if len(f) < 9 || f[8] != "0" {
			return ""
		}
		return f[4] + " " + f[6]
	}
	for range 200 {
		before := written()
		if before == "" {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		_ = os.Remove(to)
		if err := copySparse(from, to); err != nil && err != io.EOF {
			return err
		}
		if written() == before {
			return nil
		}
	}
	return errors.New("the kernel does not stop writing")
}
