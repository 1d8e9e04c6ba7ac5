package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// world is the store with ten large records that most sections look at.
type world struct {
	*site
	people []*person
	bodies string // the same entries, for the baselines
	reads  string // targets
	writes string
}

// records measures over ten records at the same time: warm requests, memory,
// start-up, then the same on a slow disk and with little memory.
func (b *bench) records() error {
	w, err := b.world()
	if err != nil {
		return err
	}
	defer func() { w.stop() }()
	for _, s := range steps {
		if (b.chosen("records") || b.chosen(s.name)) && b.ctx.Err() == nil {
			b.try(s.name, func() error { return s.run(b, w) })
		}
	}
	return nil
}

// step is one of what is measured over the ten records.
type step struct {
	name string
	run  func(*bench, *world) error
}

var steps = []step{
	{"memory", (*bench).memory}, {"start", (*bench).start}, {"warm", (*bench).warm}, {"profile", (*bench).profile},
	{"slow", (*bench).slowDisk}, {"little", (*bench).littleMemory},
}

func (b *bench) world() (*world, error) {
	s, err := b.site("records")
	if err != nil {
		return nil, err
	}
	if err := s.serve(); err != nil {
		return nil, err
	}
	w := &world{site: s}
	if w.people, err = s.crowd(b.scale.records, b.scale.entries); err != nil {
		return nil, err
	}
	var reads, writes []target
	for _, p := range w.people {
		r := target{Token: p.token}
		for _, ref := range p.refs {
			r.Paths = append(r.Paths, "/fhir/"+ref)
		}
		reads = append(reads, r)
		writes = append(writes, target{Token: p.token, Paths: []string{"/fhir/Observation"}, Body: one(p.id)})
	}
	if w.reads, err = b.targets("reads", reads...); err != nil {
		return nil, err
	}
	if w.writes, err = b.targets("writes", writes...); err != nil {
		return nil, err
	}
	if w.bodies, err = w.dump(); err != nil {
		return nil, err
	}
	w.proc.settle()
	w.stop()
	size, err := onDisk(w.data())
	b.out.text("records", "On the disk, afterwards: %s.", mb(size))
	return w, err
}

// dump writes down what Carehold serves, for the baselines to serve.
func (w *world) dump() (path string, err error) {
	f, err := os.Create(filepath.Join(w.b.dir, "bodies"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	n, size := 0, 0
	for _, p := range w.people {
		err := w.site.bodies(p, func(ref string, body []byte) error {
			n++
			size += len(body)
			return writeBody(out, ref, body)
		})
		if err != nil {
			return "", err
		}
	}
	w.b.out.text("records", "%d records of %s entries, %s bytes an entry on average.", len(w.people), thousands(float64(w.b.scale.entries)), thousands(float64(size)/float64(n)))
	return f.Name(), out.Flush()
}

// warm compares, with everything in memory.
func (b *bench) warm(w *world) error {
	if err := w.again(false); err != nil { // Badger's tables as after any restart
		return err
	}
	list, err := b.rivals(w.bodies, w.proc, bare, "bare", "synced", "engine")
	defer func() { stopBaselines(list) }()
	if err != nil {
		return err
	}
	reads, err := b.compare(list, w.reads, b.scale.rounds, b.scale.run)
	if err != nil {
		return err
	}
	least := b.show("warm", "read", list, reads)
	b.showCPU("warm", "read", list, reads)
	b.out.goal(least >= 0.6, "warm logged read, 1, 16 and 64 clients", "≥ 60 % of the synced baseline", "%.0f, %.0f and %.0f %%",
		100*reads[1][0].rate()/reads[1][2].rate(), 100*reads[16][0].rate()/reads[16][2].rate(), 100*reads[64][0].rate()/reads[64][2].rate())
	writes, err := b.compare(list, w.writes, b.scale.rounds, b.scale.run)
	if err != nil {
		return err
	}
	b.show("warm", "create", list, writes)
	b.showCPU("warm", "create", list, writes)
	return nil
}

// start measures from exec until /readyz answers.
func (b *bench) start(w *world) error {
	var rows [][]string
	var worst time.Duration
	for _, cold := range []bool{false, true} {
		took, err := median(5, func() (time.Duration, error) {
			err := w.again(cold)
			return w.proc.ready, err
		})
		if err != nil {
			return err
		}
		worst = max(worst, took)
		rows = append(rows, []string{map[bool]string{false: "files in memory", true: "files not in memory"}[cold], ms(took)})
	}
	b.out.table("start", []string{fmt.Sprintf("%d records", len(w.people)), "from exec to /readyz, median of 5"}, rows)
	b.out.goal(worst < time.Second, "start-up", "< 1 s", "%s", ms(worst))
	return nil
}

// memory measures what is resident, by the kernel's count.
func (b *bench) memory(w *world) error {
	var rows [][]string
	row := func(what string, m memory) {
		rows = append(rows, []string{what, mb(m.resident), mb(m.anonymous), mb(m.file), mb(m.peak)})
	}
	empty, err := b.site("empty")
	if err != nil {
		return err
	}
	if err := empty.serve(); err != nil {
		return err
	}
	empty.proc.settle()
	row("an empty store, idle", empty.proc.memory())
	empty.stop()
	if err := w.again(false); err != nil {
		return err
	}
	w.proc.settle()
	row(fmt.Sprintf("%d records, first start after their import, Badger's tables sorted", len(w.people)), w.proc.memory())
	if err := w.again(false); err != nil {
		return err
	}
	w.proc.settle()
	idle := w.proc.memory()
	row(fmt.Sprintf("%d records, idle", len(w.people)), idle)
	for _, p := range w.people { // each of which is gone through
		if _, err := timed(b.ctx, w.address, p.token, "/fhir/Observation?_count=50"); err != nil {
			return err
		}
	}
	row("each record searched once", w.proc.memory())
	if _, err := b.load(w.proc, 16, 2*b.scale.run, w.reads); err != nil {
		return err
	}
	used := w.proc.memory()
	row("reads of all, 16 clients", used)
	searches := make([]target, len(w.people))
	for i, p := range w.people {
		searches[i] = target{Token: p.token, Paths: []string{"/fhir/Observation?_count=50", "/fhir/AllergyIntolerance", "/fhir/Condition?_count=50"}}
	}
	file, err := b.targets("searches", searches...)
	if err != nil {
		return err
	}
	if _, err := b.load(w.proc, 10, 2*b.scale.run, file); err != nil {
		return err
	}
	searched := w.proc.memory()
	row("searches of all, 10 clients", searched)
	worst := max(used.resident, searched.resident)
	b.out.table("memory", []string{"", "resident", "of it anonymous", "of it file", "most so far"}, rows)
	b.out.goal(idle.resident < 80e6, "resident, idle", "< 80 MB", "%s (%s anonymous)", mb(idle.resident), mb(idle.anonymous))
	b.out.goal(worst < 150e6, fmt.Sprintf("resident, %d records of %s entries in use", len(w.people), thousands(float64(b.scale.entries))), "< 150 MB",
		"%s (%s anonymous)", mb(worst), mb(max(used.anonymous, searched.anonymous)))
	return nil
}
