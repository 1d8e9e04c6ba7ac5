//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// flip is one bit of one file.
type flip struct {
	file string // inside the store's folder
	at   int64
	bit  int
}

// verdict is what came of one.
type verdict string

const (
	refused  verdict = "refused"  // the store does not open
	detected verdict = "detected" // it opens, and what is damaged says so when it is read
	harmless verdict = "harmless" // everything reads as before
	crashed  verdict = "crashed"  // the process ends: nothing false is told, but not in good order
	harmful  verdict = "harmful"  // something reads otherwise, and nothing says so
)

// flips flips bits. One store is made, with tables and a memory table's log in it;
// each time a copy gets one flip, is opened and read wholly. That happens in
// processes of their own, because a damaged table may end one.
func flips(ctx context.Context, r *run) error {
	origin, secrets, err := r.flipStore(ctx)
	if err != nil {
		return err
	}
	spans, err := used(origin)
	if err != nil {
		return err
	}
	weighted := weigh(spans)
	draw := rand.New(rand.NewPCG(r.seed, 0))
	todo := make(chan flip)
	go func() {
		defer close(todo)
		for i := range r.n {
			s := weighted[i%len(weighted)]
			select {
			case todo <- flip{s.file, draw.Int64N(s.size), draw.IntN(8)}:
			case <-ctx.Done():
				return
			}
		}
	}()
	var mu sync.Mutex
	count, byFile := map[verdict]int{}, map[string]map[verdict]int{}
	var bad []string
	var wg sync.WaitGroup
	errs := make(chan error, runtime.NumCPU())
	for i := range runtime.NumCPU() {
		wg.Go(func() {
			errs <- r.flipWith(ctx, i, origin, secrets, todo, func(f flip, v verdict, why string) {
				mu.Lock()
				defer mu.Unlock()
				count[v]++
				kind := kindOfFile(f.file)
				if byFile[kind] == nil {
					byFile[kind] = map[verdict]int{}
				}
				byFile[kind][v]++
				if v == harmful || v == crashed {
					bad = append(bad, fmt.Sprintf("%s: %s at %d bit %d: %s", v, f.file, f.at, f.bit, why))
				}
				r.say("%s %d.%d: %s %s", f.file, f.at, f.bit, v, why)
			})
		})
	}
	wg.Wait()
	for range runtime.NumCPU() {
		if err := <-errs; err != nil {
			return err
		}
	}
	var parts []string
	for _, s := range spans {
		if c := byFile[kindOfFile(s.file)]; c != nil {
			parts = append(parts, fmt.Sprintf("%s %d/%d/%d", kindOfFile(s.file), c[refused], c[detected], c[harmless]))
			delete(byFile, kindOfFile(s.file))
		}
	}
	total := 0
	for _, n := range count {
		total += n
	}
	r.figures("flips", "%d bits; refused at open %d, detected on read or check %d, harmless %d, ended the process %d, harmful undetected %d (%s)",
		total, count[refused], count[detected], count[harmless], count[crashed], count[harmful], strings.Join(parts, ", "))
	if count[harmful] > 0 {
		return fmt.Errorf("harmful and undetected:\n%s", strings.Join(bad, "\n"))
	}
	if len(bad) > 0 {
		fmt.Fprintln(os.Stderr, strings.Join(bad[:min(len(bad), 10)], "\n"))
	}
	return nil
}

// flipStore makes the store: closed once, so that there are tables, and killed
// then, so that there is a log of what no table has yet.
func (r *run) flipStore(ctx context.Context) (origin string, secrets []byte, err error) {
	origin = filepath.Join(r.dir, "origin")
	all, err := people(ctx, origin, 2)
	if err != nil {
		return "", nil, err
	}
	s, err := r.launch(ctx, origin)
	if err != nil {
		return "", nil, err
	}
	var keep []flipSecrets
	for _, p := range all {
		p.road.lead(s.address)
		token, err := p.signIn(ctx)
		if err != nil {
			return "", nil, err
		}
		for i := range 3 * entriesEach / 2 {
			if err := p.write(ctx, token, i%entriesEach); err != nil {
				return "", nil, err
			}
		}
		if err := p.send(ctx, token); err != nil {
			return "", nil, err
		}
		for range 5 {
			if err := p.share(ctx); err != nil {
				return "", nil, err
			}
		}
		if err := p.bring(ctx, token); err != nil {
			return "", nil, err
		}
		if err := p.look(ctx, 0); err != nil {
			return "", nil, err
		}
		told := p.ledger.take()
		f := flipSecrets{Recovery: p.recovery.Text(), Memory: told.memory, Versions: 3}
		for _, g := range told.grants {
			f.Tokens = append(f.Tokens, g.token)
		}
		keep = append(keep, f)
	}
	s.kill()
	secrets, err = json.Marshal(keep)
	return origin, secrets, err
}

type span struct {
	file string
	size int64 // up to the last byte that is not zero, and a little more
}

// weigh has the files that hold rows more often, for there are more ways to damage
// them.
func weigh(spans []span) (out []span) {
	for _, s := range spans {
		n := 1
		switch filepath.Ext(s.file) {
		case ".sst", ".mem":
			n = 6
		case ".rows":
			n = 2
		}
		for range n {
			out = append(out, s)
		}
	}
	return out
}

// used lists the store's files, each with the length that is in use.
func used(dir string) (spans []span, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		end := len(strings.TrimRight(string(b), "\x00"))
		rel, err := filepath.Rel(dir, path)
		if size := min(len(b), end+64); size > 0 {
			spans = append(spans, span{rel, int64(size)})
		}
		return err
	})
	return spans, err
}

func kindOfFile(name string) string {
	if ext := filepath.Ext(name); ext != "" && ext != ".key" {
		return ext[1:]
	}
	return filepath.Base(name)
}

// flipWith gives flips to a process, and to another one when that has ended.
func (r *run) flipWith(ctx context.Context, worker int, origin string, secrets []byte, todo <-chan flip, tell func(flip, verdict, string)) error {
	var w *flipWorker
	defer func() { w.end() }()
	for f := range todo {
		if w == nil {
			var err error
			if w, err = r.newFlipWorker(ctx, worker, origin, secrets); err != nil {
				return err
			}
		}
		v, why, err := w.ask(f)
		if err != nil {
			w.end()
			w = nil
			if ctx.Err() != nil {
				return ctx.Err()
			}
			v, why = crashed, err.Error()
		}
		tell(f, v, why)
	}
	return ctx.Err()
}

type flipWorker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	log *tail
}

const flipperName = "flip-worker"

func (r *run) newFlipWorker(ctx context.Context, n int, origin string, secrets []byte) (*flipWorker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(r.dir, "secrets.json")
	if err := os.WriteFile(file, secrets, 0o600); err != nil {
		return nil, err
	}
	w := &flipWorker{cmd: exec.CommandContext(ctx, self, flipperName, origin, filepath.Join(r.dir, "flip-"+strconv.Itoa(n)), file), log: &tail{}}
	w.cmd.Stderr = w.log
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := w.out.ReadString('\n'); err != nil || line != "ready\n" {
		w.end()
		return nil, fmt.Errorf("the store that nothing was done to: %s%s", line, w.log)
	}
	return w, nil
}

func (w *flipWorker) ask(f flip) (verdict, string, error) {
	slow := time.AfterFunc(2*time.Minute, func() { _ = w.cmd.Process.Kill() })
	defer slow.Stop()
	fmt.Fprintln(w.in, f.at, f.bit, f.file)
	line, err := w.out.ReadString('\n')
	if err != nil {
		_ = w.cmd.Wait()
		first, _, _ := strings.Cut(w.log.String(), "\n")
		if os.Getenv("STACK") != "" {
			first = w.log.String()
		}
		return "", "", fmt.Errorf("%v: %s", w.cmd.ProcessState, first)
	}
	v, why, _ := strings.Cut(strings.TrimSpace(line), " ")
	return verdict(v), why, nil
}

func (w *flipWorker) end() {
	if w != nil {
		w.in.Close()
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
	}
}
