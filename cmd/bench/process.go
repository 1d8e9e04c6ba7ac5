package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that runs.
type process struct {
	cmd     *exec.Cmd
	address string
	began   time.Time
	ready   time.Duration // from exec until /readyz answered
	ended   chan struct{}
	err     error
}

// launch starts a server that listens on address, and waits until it is ready.
// wrap is a command that runs another: what is waited for and measured is the
// process itself, so it must exec.
func launch(ctx context.Context, wrap []string, address, logFile string, command ...string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	argv := append(append([]string(nil), wrap...), command...)
	p := &process{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), address: address, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+logFile+".none") // the person's own settings are not ours
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 30 * time.Second
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.err = p.cmd.Wait(); close(p.ended) }()
	for {
		if answered(address) {
			p.ready = time.Since(p.began)
			return p, nil
		}
		select {
		case <-p.ended:
			b, _ := os.ReadFile(logFile)
			return nil, fmt.Errorf("%s ended: %w: %s", argv[0], p.err, tail(b))
		case <-time.After(time.Millisecond):
		}
		if time.Since(p.began) > 2*time.Minute {
			p.stop()
			return nil, errors.New("a server was not ready after two minutes")
		}
	}
}

var once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

func answered(address string) bool {
	a, err := once.Get("http://" + address + "/readyz")
	if err != nil {
		return false
	}
	a.Body.Close()
	return a.StatusCode == http.StatusOK
}

func tail(b []byte) []byte { return bytes.TrimSpace(b[max(0, len(b)-400):]) }

// stop ends the server as an operator does, and waits.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(40 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// cpu is the time the process has run on a processor.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	_, rest, ok := bytes.Cut(b, []byte(") ")) // the name may hold spaces
	fields := strings.Fields(string(rest))
	if err != nil || !ok || len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * (time.Second / 100) // USER_HZ is 100 on every Linux
}

// settle waits until the process has nothing more to do of itself: Badger sorts its
// tables for a while after much was written.
func (p *process) settle() {
	for range 60 {
		before := p.cpu()
		time.Sleep(time.Second)
		if p.cpu()-before < 20*time.Millisecond {
			return
		}
	}
}

// memory is what the kernel counts of a process, in bytes.
type memory struct{ resident, anonymous, file, peak int64 }

func (p *process) memory() memory {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	find := func(name string) int64 {
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, name+":"); ok {
				n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				return n << 10
			}
		}
		return 0
	}
	return memory{find("VmRSS"), find("RssAnon"), find("RssFile"), find("VmHWM")}
}

// freeAddress is one nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
