package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// hundred is the document of the promise: 100 MB.
const hundred = 100_000_000

// aScan is a PDF of so many bytes, most of which no two are alike.
func aScan(size int) []byte {
	var head, tail bytes.Buffer
	head.WriteString("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n3 0 obj\n<</Title(A large scan)/CreationDate(D:20260302)>>\nendobj\n4 0 obj\n<</Length 1>>stream\n")
	fmt.Fprintf(&tail, "\nendstream\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 5/Root 1 0 R/Info 3 0 R>>\nstartxref\n0\n%%%%EOF\n")
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{9})
	_, _ = r.Read(b)
	copy(b, head.Bytes())
	copy(b[size-tail.Len():], tail.Bytes())
	return b
}

// counting is a line to a server that counts what goes to it, and can be slowed.
type counting struct {
	net.Listener
	to   atomic.Value // string
	up   atomic.Int64
	slow atomic.Bool
}

func countingLine(t *testing.T) *counting {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{Listener: l}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer from.Close()
				to, err := net.Dial("tcp", c.to.Load().(string))
				if err != nil {
					return
				}
				defer to.Close()
				go func() { io.Copy(from, to); from.Close() }()
				buf := make([]byte, 64<<10)
				for {
					n, err := from.Read(buf)
					if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
						return
					}
					c.up.Add(int64(n))
					if c.slow.Load() {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return c
}

// growth watches what of a server is in memory and in no file, and what of its heap is
// alive and not the database's.
type growth struct {
	stop, done chan bool
	anon, heap int64
}

func watch(pid int, debug string) *growth {
	g := &growth{stop: make(chan bool), done: make(chan bool)}
	status := fmt.Sprintf("/proc/%d/status", pid)
	go func() {
		defer close(g.done)
		for n := 0; ; n++ {
			g.anon = max(g.anon, kilobytes(status, "RssAnon:"))
			if n%20 == 0 {
				g.heap = max(g.heap, ownHeap(debug))
			}
			select {
			case <-g.stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return g
}

func (g *growth) end() (anon, heap int64) {
	close(g.stop)
	<-g.done
	return g.anon, g.heap
}

// ownHeap is what is alive of a server's heap, but for what Badger holds.
func ownHeap(debug string) (n int64) {
	resp, err := http.Get("http://" + debug + "/debug/pprof/heap?debug=1")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	for stack := range strings.SplitSeq(string(b), "\n\n") {
		if strings.Contains(stack, "/badger/v4") || strings.Contains(stack, "/ristretto/") {
			continue
		}
		var live, bytes int64
		if _, err := fmt.Sscanf(stack, "%d: %d [", &live, &bytes); err == nil {
			n += bytes
		}
	}
	return n
}

// TestLargeDocument: 100 MB go into a record and out of it by the command line while the
// server grows by less than 40 MB, in all that is in no file and in what of its heap is
// not the database's. Sending is interrupted twice, by Ctrl-C, and goes on.
func TestLargeDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 100 MB up and down, synced")
	}
	dir, work := newStore(t), t.TempDir()
	line := countingLine(t)
	public := "http://" + line.Addr().String()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	debug := "127.0.0.1:" + port
	r := serveWith(t, dir, nil, nil, "--public-url", public, "--debug-listen", debug)
	line.to.Store(r.addr)
	r.until(t, nil, "/readyz", 200)
	path := func(name string) string { return filepath.Join(work, name) }
	write := func(name string, b []byte) string {
		if err := os.WriteFile(path(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	invite, _, _ := program(t, nil, "invite", "--quiet", "--data", dir)
	pass, device := write("pass", []byte("two words and a comma\n")), path("device.json")
	if _, errs, code := program(t, nil, "enrol", "--server", public, "--invite-file", write("invite", []byte(invite)), "--passphrase-file", pass,
		"--recovery-out", path("recovery"), "--state", device, "--quiet"); code != 0 {
		t.Fatal(errs)
	}
	as := []string{"--state", device, "--passphrase-file", pass}
	small := write("small.pdf", aScan(3_000_000))
	if _, errs, code := program(t, nil, append([]string{"import", small}, as...)...); code != 0 { // what a server has once
		t.Fatal(errs)
	}
	content := aScan(hundred)
	scan := write("scan.pdf", content)
	sum := sha256.Sum256(content)
	status := fmt.Sprintf("/proc/%d/status", r.Process.Pid)
	before, beforeHeap := kilobytes(status, "RssAnon:"), ownHeap(debug)
	if beforeHeap == 0 {
		t.Fatal("the heap is not shown")
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", r.Process.Pid), []byte("5"), 0); err != nil { // VmHWM begins anew
		t.Log(err)
	}
	wide := kilobytes(status, "VmHWM:")

	// Up, and interrupted twice on the way.
	most := watch(r.Process.Pid, debug)
	began := time.Now()
	line.up.Store(0)
	for _, at := range []int64{hundred / 4, hundred / 2} {
		c := exec.Command("carehold", append([]string{"import", scan}, as...)...)
		c.Env = append(os.Environ(), "XDG_RUNTIME_DIR=", "HOME="+work)
		var errs bytes.Buffer
		c.Stderr = &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		line.slow.Store(true)
		for line.up.Load() < at && time.Since(began) < time.Minute {
			time.Sleep(time.Millisecond)
		}
		_ = c.Process.Signal(syscall.SIGINT)
		_ = c.Wait()
		line.slow.Store(false)
		if code := c.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errs.String(), "goes on from there") {
			t.Fatalf("Ctrl-C at %d: %d %s", at, code, &errs)
		}
		if _, err := os.Stat(device + ".sending"); err != nil {
			t.Error(err)
		}
	}
	out, errs, code := program(t, nil, append([]string{"import", scan, "--json"}, as...)...)
	anon, heap := most.end()
	up, upHeap := anon-before, heap-beforeHeap
	if code != 0 {
		t.Fatal(errs)
	}
	sent, upTime := line.up.Load(), time.Since(began)
	if sent > hundred+hundred/2 {
		t.Errorf("%d bytes went for %d: it does not go on from where it was", sent, hundred)
	}
	if _, err := os.Stat(device + ".sending"); err == nil {
		t.Error("what was on its way is remembered though it is there")
	}
	var item struct{ Ref, Binary string }
	for l := range strings.Lines(out) {
		if strings.Contains(l, `"type":"item"`) {
			if err := json.Unmarshal([]byte(l), &item); err != nil {
				t.Fatal(err)
			}
		}
	}

	// Down.
	middle, middleHeap := kilobytes(status, "RssAnon:"), ownHeap(debug)
	most = watch(r.Process.Pid, debug)
	began = time.Now()
	back := path("back.pdf")
	if _, errs, code := program(t, nil, append([]string{"show", item.Ref, "--save", back}, as...)...); code != 0 {
		t.Fatal(errs)
	}
	downTime := time.Since(began)
	anon, heap = most.end()
	down, downHeap := anon-middle, heap-middleHeap
	got, err := os.ReadFile(back)
	if err != nil || sha256.Sum256(got) != sum {
		t.Fatalf("%d bytes came back, and not those that were sent: %v", len(got), err)
	}
	highest := kilobytes(status, "VmHWM:")
	mb := func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
	t.Logf("up, interrupted twice: %s over the line in %.1f s; the server's own heap grew by %s, RssAnon by %s from %s", mb(sent), upTime.Seconds(), mb(upHeap), mb(up), mb(before))
	t.Logf("down: in %.1f s; own heap by %s, RssAnon by %s from %s; VmHWM, with mapped files: %s before, %s after", downTime.Seconds(), mb(downHeap), mb(down), mb(middle), mb(wide), mb(highest))
	if upHeap > 40e6 || downHeap > 40e6 || up > 40e6 || down > 40e6 {
		t.Errorf("the server grew by %d bytes up, of its own heap %d, and by %d down, %d", up, upHeap, down, downHeap)
	}

	// The same again is not sent.
	line.up.Store(0)
	if out, errs, code := program(t, nil, append([]string{"import", scan}, as...)...); code != 0 || !strings.Contains(out, "Nothing was added") {
		t.Errorf("again: %d %s%s", code, out, errs)
	}
	if n := line.up.Load(); n > 1e6 {
		t.Errorf("again %d bytes are sent", n)
	}
	if _, err := http.Get("http://" + r.addr + "/livez"); err != nil {
		t.Error(err)
	}
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, r.said())
	}
	for _, secret := range []string{"A large scan", "scan.pdf", strings.TrimPrefix(item.Binary, "Binary/")} {
		if strings.Contains(r.said(), secret) {
			t.Errorf("the log has %q in it", secret)
		}
	}
}
