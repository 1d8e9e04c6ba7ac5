package main

import "fmt"

// perDay is how often an app asks that asks each minute.
const perDay = 24 * 60

// growth measures what a request adds to the log, and to the disk.
func (b *bench) growth() error {
	s, err := b.site("growth")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	p, err := s.enrol(b.ctx, "Is watched")
	if err != nil {
		return err
	}
	// Few entries: going through them takes time, and adds nothing to the log.
	if _, err := s.fill(b.ctx, p, "is watched", 100); err != nil {
		return err
	}
	var rows [][]string
	for _, kind := range []struct {
		what  string
		paths []string
	}{
		{"read by id", costs[0].paths(p)},
		{"search that finds nothing", []string{"/fhir/Goal"}},
		{"search that finds one", []string{"/fhir/AllergyIntolerance"}},
		{"search, a page of 50", []string{"/fhir/Observation?_count=50"}},
	} {
		row, err := b.grown(s, target{Token: p.token, Paths: kind.paths})
		if err != nil {
			return err
		}
		rows = append(rows, append([]string{kind.what}, row...))
	}
	b.out.table("growth", []string{"each request", "requests measured", "in the log", "on the disk", "a day, asked each minute", "a year"}, rows)
	return nil
}

// grown measures one kind of request.
func (b *bench) grown(s *site, t target) ([]string, error) {
	size := func() (int64, error) {
		s.proc.settle()
		s.stop() // which writes what is in memory into tables
		n, err := onDisk(s.data())
		if err != nil {
			return 0, err
		}
		return n, s.serve()
	}
	onDiskBefore, err := size()
	if err != nil {
		return nil, err
	}
	before, err := s.status()
	if err != nil {
		return nil, err
	}
	file, err := b.targets("growth", t)
	if err != nil {
		return nil, err
	}
	if _, err := b.load(s.proc, 16, 4*b.scale.run, file); err != nil {
		return nil, err
	}
	after, err := s.status()
	if err != nil {
		return nil, err
	}
	onDiskAfter, err := size()
	if err != nil {
		return nil, err
	}
	n := float64(after.Leaves - before.Leaves)
	inLog, disk := float64(after.Bytes-before.Bytes)/n, float64(onDiskAfter-onDiskBefore)/n
	return []string{thousands(n), fmt.Sprintf("%.0f B", inLog), fmt.Sprintf("%.0f B", disk),
		fmt.Sprintf("%.2f MB", inLog*perDay/1e6), fmt.Sprintf("%.0f MB", inLog*perDay*365/1e6)}, nil
}
