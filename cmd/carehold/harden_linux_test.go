package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestNoCoreDump asks the kernel about a running server: how large a core may be,
// and whether it may be dumped or looked into at all.
func TestNoCoreDump(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if out, err := exec.Command("carehold", "init", "--data", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := &server{dir: dir, log: filepath.Join(t.TempDir(), "log"), home: t.TempDir()}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	pid := strconv.Itoa(s.process.Process.Pid)
	time.Sleep(10 * time.Millisecond)
	limits, err := os.ReadFile("/proc/" + pid + "/limits")
	if err != nil {
		t.Skip("this machine does not show a process's limits:", err)
	}
	for line := range strings.Lines(string(limits)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (f[4] != "0" || f[5] != "0") {
			t.Errorf("a core may be made: %s", line)
		}
	}
	// The files of a process that is not dumpable belong to root, so anybody else
	// may not read its memory; root still may.
	if os.Getuid() != 0 {
		if _, err := os.ReadFile("/proc/" + pid + "/environ"); err == nil {
			t.Error("another process of this user may look into the server")
		}
	}
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err == nil && !strings.Contains(string(status), "Umask:\t0077") {
		t.Errorf("the umask lets others read:\n%s", status)
	}
}

func TestHarden(t *testing.T) {
	if os.Getenv("CAREHOLD_TEST_HARDEN") == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestHarden$")
		c.Env = append(os.Environ(), "CAREHOLD_TEST_HARDEN=1")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if !dumpable() {
		t.Skip("this process was not dumpable before")
	}
	harden()
	if n, known := coreLimit(); dumpable() || !known || n != 0 {
		t.Errorf("dumpable %v, core limit %d", dumpable(), n)
	}
}
