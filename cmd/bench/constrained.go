package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// delay is what a sync takes longer: 200 a second, as on a cheap disk at home.
const delay = 5 * time.Millisecond

// slowed wraps a server so that each sync takes longer by delay. strace stops the
// process at these calls and no others (--seccomp-bpf), so that nothing else is
// slower; the names are written to a file, and so counted.
func slowed(count string) []string {
	return []string{"strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", count, "-e", "signal=none", "-e", "trace=msync,fsync,fdatasync",
		"-e", "inject=msync,fsync,fdatasync:delay_exit=" + strconv.Itoa(int(delay/time.Microsecond)), "--"}
}

// slowDisk compares again when each sync takes 5 ms.
func (b *bench) slowDisk(w *world) error {
	if out, err := exec.CommandContext(b.ctx, "strace", append(slowed(os.DevNull)[1:], "true")...).CombinedOutput(); err != nil {
		b.out.text("slow", "Not measured: strace --seccomp-bpf does not run here (%s).", oneLine(string(out)))
		return nil
	}
	count := func(name string) string { return filepath.Join(b.dir, name+".syncs") }
	if err := w.again(false, slowed(count("Carehold"))...); err != nil {
		return err
	}
	list, err := b.rivals(w.bodies, w.proc, func(name string) []string { return slowed(count(name)) }, "synced", "engine")
	defer func() { stopBaselines(list) }()
	if err != nil {
		return err
	}
	reads, err := b.compare(list, w.reads, 1, 2*b.scale.run)
	if err != nil {
		return err
	}
	b.show("slow", "read", list, reads)
	writes, err := b.compare(list, w.writes, 1, 2*b.scale.run)
	if err != nil {
		return err
	}
	b.show("slow", "create", list, writes)
	row := []string{"syncs for a read, 1 client"}
	head := []string{""}
	for _, r := range list {
		before := lines(count(r.name))
		o, err := b.load(r.proc, 1, b.scale.run, w.reads)
		if err != nil {
			return err
		}
		head = append(head, r.name)
		row = append(row, fmt.Sprintf("%.1f", float64(lines(count(r.name))-before)/float64(o.All)))
	}
	b.out.table("slow", head, [][]string{row})
	return w.again(false)
}

// lines counts the calls that strace wrote down: one a line, two where another
// thread came between its beginning and its end.
func lines(file string) int {
	b, _ := os.ReadFile(file)
	return bytes.Count(b, []byte("\n")) - bytes.Count(b, []byte("resumed>"))
}

// little is the memory of a small container.
const little = 256 << 20

// littleMemory runs Carehold where it has 256 MiB, page cache included.
func (b *bench) littleMemory(w *world) error {
	c, err := newCgroup(little)
	if err != nil {
		b.out.text("little", "Not measured: no memory cgroup can be made here (%v).", err)
		return nil
	}
	defer c.remove()
	defer w.stop()
	if err := w.again(true, c.wrap()...); err != nil {
		return err
	}
	rows := [][]string{{"from exec to /readyz, files not in memory", ms(w.proc.ready)}}
	i := 0
	took, err := median(len(w.people), func() (time.Duration, error) {
		i++
		return timed(b.ctx, w.address, w.people[i-1].token, "/fhir/Observation?_count=50")
	})
	if err != nil {
		return err
	}
	rows = append(rows, []string{"first search of each record, median", ms(took)})
	for _, n := range clients[:2] { // more at once than it has places for are refused
		o, err := b.load(w.proc, n, b.scale.run, w.reads)
		if err != nil {
			return err
		}
		rows = append(rows, []string{"reads, " + countClients(n), fmt.Sprintf("%s/s, p50 %s, p99 %s", thousands(o.rate()), ms(o.P50), ms(o.P99))})
	}
	o, err := b.load(w.proc, 16, b.scale.run, w.writes)
	if err != nil {
		return err
	}
	rows = append(rows, []string{"creates, 16 clients", fmt.Sprintf("%s/s, p50 %s, p99 %s", thousands(o.rate()), ms(o.P50), ms(o.P99))})
	rows = append(rows, []string{"anonymous memory after that", mb(w.proc.memory().anonymous)})
	imported := "the server was killed" // if it is, that is the answer
	p, err := w.enrol(b.ctx, "One more")
	if err != nil {
		return err
	}
	switch took, err := w.fill(b.ctx, p, "one more", b.scale.entries); {
	case err == nil:
		imported = thousands(float64(b.scale.entries)/took.Seconds()) + "/s"
	case c.killed() == 0:
		return err
	}
	rows = append(rows,
		[]string{fmt.Sprintf("import of %s entries", thousands(float64(b.scale.entries))), imported},
		[]string{"anonymous memory after that", mb(w.proc.memory().anonymous)},
		[]string{"killed for want of memory", strconv.Itoa(c.killed())})
	b.out.table("little", []string{fmt.Sprintf("256 MiB in all, %d records of %s entries", len(w.people), thousands(float64(b.scale.entries))), ""}, rows)
	return nil
}

// cgroup is a group of processes whose memory is bounded, of either version.
type cgroup struct {
	dir    string
	events string // the file that counts kills
}

func newCgroup(limit int) (*cgroup, error) {
	name := fmt.Sprintf("carehold-bench-%d", os.Getpid())
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.controllers"); err == nil {
		c := &cgroup{filepath.Join(root, name), "memory.events"}
		_ = os.WriteFile(root+"/cgroup.subtree_control", []byte("+memory"), 0) // it may be on already
		return c, c.make("memory.max", limit)
	}
	c := &cgroup{filepath.Join(root, "memory", name), "memory.oom_control"}
	return c, c.make("memory.limit_in_bytes", limit)
}

func (c *cgroup) make(file string, limit int) error {
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		return err
	}
	// Without O_CREATE: a file that is not there is a controller that is not.
	f, err := os.OpenFile(filepath.Join(c.dir, file), os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprint(f, limit)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		c.remove()
	}
	return err
}

func (c *cgroup) remove() { _ = os.Remove(c.dir) }

// wrap runs a command in the group.
func (c *cgroup) wrap() []string {
	return []string{"sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, c.dir}
}

func (c *cgroup) killed() int {
	for line := range strings.Lines(read(filepath.Join(c.dir, c.events))) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			killed, _ := strconv.Atoi(strings.TrimSpace(n))
			return killed
		}
	}
	return 0
}
