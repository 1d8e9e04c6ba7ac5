//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// errMissing: the machine lacks what a mode needs.
var errMissing = errors.New("missing")

type mode struct {
	about string
	run   func(context.Context, *run) error
}

var modes = map[string]mode{
	"power":  {"cut the power under load", power},
	"kill":   {"kill -9 under load", kill},
	"flips":  {"flip bits of a store's files", flips},
	"errors": {"let the system's calls fail", injected},
	"full":   {"full, read-only and dead disks", full},
	"middle": {"kill -9 in the middle of backup, restore and upgrade", middle},
}

// run is one run of the harness.
type run struct {
	dir      string // its own folder, removed at the end
	program  string // the carehold binary
	cycles   int
	n        int
	each     int
	seed     uint64
	keep     bool
	verbose  bool
	cleanups []func()
	began    time.Time
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == flipperName {
		flipper(os.Args[2:])
		return
	}
	os.Exit(start())
}

func start() int {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // nothing of the server's may come between the figures
	syscall.Umask(0o077)                           // as the program does
	r := &run{began: time.Now()}
	flags := flag.NewFlagSet("torture", flag.ContinueOnError)
	flags.IntVar(&r.cycles, "cycles", 1000, "how often (power, kill, middle)")
	flags.IntVar(&r.n, "n", 10000, "how many bits (flips)")
	flags.IntVar(&r.each, "each", 1000, "at most so many places for each call and error (errors)")
	flags.Uint64Var(&r.seed, "seed", uint64(time.Now().UnixNano()), "of what is drawn at random")
	flags.StringVar(&r.program, "carehold", "", "the `program`; by itself it is built here")
	flags.BoolVar(&r.keep, "keep", false, "keep the folder")
	flags.BoolVar(&r.verbose, "v", false, "say each step")
	where := flags.String("dir", scratch(), "a `folder` to work in")
	flags.Usage = func() { usage(flags) }
	if len(os.Args) < 2 {
		usage(flags)
		return 2
	}
	m, ok := modes[os.Args[1]]
	if !ok || flags.Parse(os.Args[2:]) != nil || flags.NArg() > 0 {
		usage(flags)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer r.cleanUp()
	err := r.prepare(ctx, *where)
	if err == nil {
		err = m.run(ctx, r)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errMissing):
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 2
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "torture: interrupted")
		return 130
	}
	fmt.Fprintln(os.Stderr, "torture:", err)
	return 1
}

func usage(flags *flag.FlagSet) {
	fmt.Fprintln(os.Stderr, "torture MODE [flags]")
	var names []string
	for name := range modes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(os.Stderr, "  %-7s %s\n", name, modes[name].about)
	}
	flags.SetOutput(os.Stderr)
	flags.PrintDefaults()
}

// scratch is where much is written and little kept: memory, if there is enough.
func scratch() string {
	var st syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &st) == nil && int64(st.Bavail)*st.Bsize > 4<<30 {
		return "/dev/shm"
	}
	return os.TempDir()
}

func (r *run) prepare(ctx context.Context, where string) (err error) {
	if r.dir, err = os.MkdirTemp(where, "torture-"); err != nil {
		return err
	}
	r.later(func() {
		if !r.keep {
			os.RemoveAll(r.dir)
		}
	})
	if r.program != "" {
		r.program, err = filepath.Abs(r.program)
		return err
	}
	r.program = filepath.Join(r.dir, "carehold")
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", r.program, "./cmd/carehold")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building the server (run this in the project's folder): %w\n%s", err, out)
	}
	return nil
}

// later runs f when the run ends, however it ends; the last first.
func (r *run) later(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *run) cleanUp() {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

func (r *run) say(format string, args ...any) {
	if r.verbose {
		fmt.Fprintf(os.Stderr, "%7.1fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
	}
}

// figures prints the one line of a mode.
func (r *run) figures(mode, format string, args ...any) {
	fmt.Printf("%s: %s; seed %d; %.0f s\n", mode, fmt.Sprintf(format, args...), r.seed, time.Since(r.began).Seconds())
}

// needs fails unless the programs are there, and the user is root if they must be.
func needs(root bool, programs ...string) error {
	var lack []string
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			lack = append(lack, p)
		}
	}
	if root && os.Getuid() != 0 {
		lack = append(lack, "to be root")
	}
	if root {
		if _, err := os.Stat("/dev/loop-control"); err != nil {
			lack = append(lack, "loop devices")
		}
	}
	if lack != nil {
		return fmt.Errorf("%w on this machine: %s", errMissing, strings.Join(lack, ", "))
	}
	return nil
}
