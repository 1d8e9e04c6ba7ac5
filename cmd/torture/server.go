//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"carehold/httpapi"
	"carehold/record/store"
)

// server is a running server: the program in a process, or the same code in this one.
type server struct {
	address string
	socket  string       // the operator's
	stop    func() error // as an operator does, and wait

	cmd   *exec.Cmd // nil: in this process
	ended chan struct{}
	err   error
	log   *tail
}

// tail keeps the last words of a process.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b = append(t.b, p...); len(t.b) > 1<<16 {
		t.b = bytes.Clone(t.b[len(t.b)-1<<15:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// errRefused: the server ended by itself before it was ready.
var errRefused = errors.New("the server did not start")

// launch starts the program on a store, and waits until it is ready. wrap is a
// command that runs another.
func (r *run) launch(ctx context.Context, data string, wrap ...string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{address: l.Addr().String(), ended: make(chan struct{}), log: &tail{}}
	l.Close()
	s.socket = filepath.Join(r.dir, "socket-"+s.address[len("127.0.0.1:"):])
	argv := append(append([]string{}, wrap...), r.program, "serve", "--data", data, "--listen", s.address,
		"--socket", s.socket, "--log-format", "json", "--quiet")
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Stderr, s.cmd.Stdout = s.log, s.log
	s.cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+os.TempDir()+"/torture-has-no-settings") // the developer's own settings are not ours
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                                      // Ctrl-C is for this process
	s.cmd.WaitDelay = 5 * time.Second
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.err = s.cmd.Wait(); close(s.ended) }()
	r.later(s.kill)
	s.stop = func() error {
		_ = s.signal(syscall.SIGTERM)
		select {
		case <-s.ended:
			return s.err
		case <-time.After(60 * time.Second):
			s.kill()
			return fmt.Errorf("the server hangs; its last words: %s", s.words())
		}
	}
	for since := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		if a, err := once.Get("http://" + s.address + "/readyz"); err == nil {
			a.Body.Close()
			if a.StatusCode == http.StatusOK {
				return s, nil
			}
		}
		select {
		case <-s.ended:
			return s, fmt.Errorf("%w: %v: %s", errRefused, s.err, s.words())
		case <-ctx.Done():
			s.kill()
			return s, ctx.Err()
		default:
		}
		if time.Since(since) > time.Minute {
			s.kill()
			return s, fmt.Errorf("the server is not ready after a minute: %s", s.words())
		}
	}
}

var once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

// signal reaches the whole group: under strace the server is a child of it.
func (s *server) signal(sig syscall.Signal) error { return syscall.Kill(-s.cmd.Process.Pid, sig) }

func (s *server) kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.signal(syscall.SIGKILL)
		<-s.ended
	}
}

// words is what the process said last, without what is of no use.
func (s *server) words() string {
	text := strings.TrimSpace(s.log.String())
	if i := strings.Index(text, "\ngoroutine "); i >= 0 {
		text = text[:i] // the stacks say nothing to a person
	}
	return text[max(0, len(text)-900):]
}

// freeze stops the server, and returns when none of its threads runs any more:
// one that is in the disk's hands finishes that first.
func (s *server) freeze() error {
	if err := s.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	tasks := fmt.Sprintf("/proc/%d/task", s.cmd.Process.Pid)
	for since := time.Now(); time.Since(since) < 30*time.Second; time.Sleep(200 * time.Microsecond) {
		list, err := os.ReadDir(tasks)
		if err != nil {
			return err
		}
		running := 0
		for _, d := range list {
			b, err := os.ReadFile(filepath.Join(tasks, d.Name(), "stat"))
			_, state, ok := bytes.Cut(b, []byte(") "))
			if err == nil && (!ok || state[0] != 'T') {
				running++
			}
		}
		if running == 0 {
			return nil
		}
	}
	return errors.New("the server does not stand still")
}

func (s *server) thaw() { _ = s.signal(syscall.SIGCONT) }

// inside opens a store in this process, behind the same doors.
func inside(data string) (*server, error) {
	st, err := store.Open(data, store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return serve(st)
}

func serve(st *store.Store) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	s := &server{address: l.Addr().String()}
	h, err := httpapi.New(st, httpapi.Config{PublicURL: "http://" + s.address, Version: "v0-torture",
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), Limits: httpapi.Limits{Rate: 1e6, Burst: 1e6, Guesses: 1e6, Tries: 1e6}})
	if err != nil {
		return nil, errors.Join(err, l.Close(), st.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l, nil) }()
	s.stop = func() error {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
			return errors.Join(err, st.Close())
		}
		return st.Close()
	}
	return s, nil
}
