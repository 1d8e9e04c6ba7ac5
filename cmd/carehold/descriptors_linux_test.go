package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// With few descriptors, and somebody who opens connections until there are no more
// to be had: the store keeps its own, what an operator asks is done, and when the
// connections are gone everybody is served again.
func TestDescriptorsRunOut(t *testing.T) {
	dir := newStore(t)
	r := serveWith(t, dir, []string{"sh", "-c", `ulimit -n 80 && exec "$@"`, "sh"}, nil)
	r.until(t, nil, "/readyz", 200)
	limits, err := os.ReadFile("/proc/" + strconv.Itoa(r.Process.Pid) + "/limits")
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max open files 80 80") {
		t.Fatalf("the limit is not what this test needs: %v", err)
	}
	const many = 400
	var held []net.Conn
	served := 0
	for i := range many {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i%20))}, Timeout: 5 * time.Second}
		c, err := d.Dial("tcp", r.addr)
		if err != nil {
			continue
		}
		held = append(held, c)
		fmt.Fprint(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		c.SetReadDeadline(time.Now().Add(2 * time.Second))
		if line, err := bufio.NewReader(c).ReadString('\n'); err == nil && strings.HasPrefix(line, "HTTP/1.1 200") {
			served++
		}
	}
	fds, _ := os.ReadDir("/proc/" + strconv.Itoa(r.Process.Pid) + "/fd")
	t.Logf("of %d connections %d were kept; %d descriptors are open, of 80", many, served, len(fds))
	if served < 8 || served > 60 {
		t.Errorf("%d connections were kept", served)
	}
	// A commit, asked for over the operator's socket, in the middle of it.
	if out, errs, code := program(t, nil, "invite", "--quiet", "--data", dir); code != 0 || !strings.HasPrefix(out, "chdi_") {
		t.Errorf("an invite meanwhile: %d %s", code, errs)
	}
	for _, c := range held {
		c.Close()
	}
	r.until(t, nil, "/readyz", 200)
	if strings.Contains(r.said(), "the store has stopped") {
		t.Error("the store failed")
	}
	r.Process.Signal(os.Interrupt)
	if err := r.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, r.said())
	}
}

// The soft limit is raised as far as it may be: Go does so when it starts.
func TestDescriptorsAreRaised(t *testing.T) {
	r := serveWith(t, newStore(t), []string{"sh", "-c", `ulimit -Sn 64 && ulimit -Hn 4096 && exec "$@"`, "sh"}, nil)
	r.until(t, nil, "/readyz", 200)
	limits, err := os.ReadFile("/proc/" + strconv.Itoa(r.Process.Pid) + "/limits")
	text := strings.Join(strings.Fields(string(limits)), " ") // Go leaves one, so that others can tell that it was Go
	if err != nil || !strings.Contains(text, "Max open files 4095 4096") && !strings.Contains(text, "Max open files 4096 4096") {
		t.Errorf("%v:\n%s", err, limits)
	}
}

// The memory that Go may take is what the control group leaves it, whichever
// version, and at most half of the machine's.
func TestCgroupLimit(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) string {
		path = root + "/" + path
		if err := os.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("system.slice/carehold.service/memory.max", "268435456\n")
	write("system.slice/memory.max", "max\n")
	write("outer/memory.max", "1000\n")
	write("outer/inner/memory.max", "2000\n")
	write("memory/docker/x/memory.limit_in_bytes", "536870912\n")
	write("memory/memory.limit_in_bytes", "9223372036854771712\n") // none
	for self, want := range map[string]int64{
		"0::/system.slice/carehold.service\n": 256 << 20,
		"0::/outer/inner\n":                   1000,
		"0::/\n":                              0,
		"0::/gone\n":                          0,
		"5:cpu:/docker/x\n4:memory:/docker/x\n0::/empty\n": 512 << 20,
		"":        0,
		"0::/../": 0,
	} {
		if got := cgroupLimit(root, write("self", self)); got != want {
			t.Errorf("%q: %d, want %d", self, got, want)
		}
	}
	if got := totalMemory(write("meminfo", "MemTotal:        8056124 kB\nMemFree: 1 kB\n")); got != 8056124<<10 {
		t.Errorf("the machine has %d", got)
	}
}

// A running server under a limit tells Go of it, and answers.
func TestMemoryIsLimited(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	r := serveWith(t, newStore(t), nil, nil, "--debug-listen", "127.0.0.1:"+port)
	r.until(t, nil, "/readyz", 200)
	resp, err := http.Get("http://127.0.0.1:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "go_gc_gomemlimit_bytes "); ok {
			if n, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil || n > 1<<50 {
				t.Errorf("there is no limit: %s", value)
			}
			return
		}
	}
	t.Error("no metric of the limit")
}
