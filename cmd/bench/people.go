package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// small is how many entries each of many people has.
const small = 20

// people measures how cost grows with the people of a store.
func (b *bench) people() error {
	s, err := b.site("people")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	var all []*person
	var rows [][]string
	lines := []series{{name: "start-up, ms"}, {name: "resident, MB"}}
	for _, n := range b.scale.people {
		more, err := s.enrolled(len(all), n-len(all))
		if err != nil {
			return err
		}
		all = append(all, more...)
		start, err := median(3, func() (time.Duration, error) {
			err := s.again(false)
			return s.proc.ready, err
		})
		if err != nil {
			return err
		}
		s.proc.settle() // and once more, when Badger has sorted what was written
		if err := s.again(false); err != nil {
			return err
		}
		s.proc.settle()
		m := s.proc.memory()
		var targets []target
		for _, p := range all {
			targets = append(targets, target{Token: p.token, Paths: costs[0].paths(p)})
		}
		slices.Reverse(targets) // the newest too, when there are more than clients
		file, err := b.targets("people", targets...)
		if err != nil {
			return err
		}
		o, err := b.load(s.proc, 16, b.scale.run, file)
		if err != nil {
			return err
		}
		rows = append(rows, []string{thousands(float64(n)), ms(start), mb(m.resident), mb(m.anonymous), thousands(o.rate()) + "/s", ms(o.P50)})
		lines[0].points = append(lines[0].points, [2]float64{float64(n), float64(start) / float64(time.Millisecond)})
		lines[1].points = append(lines[1].points, [2]float64{float64(n), float64(m.resident) / 1e6})
	}
	b.out.table("people", []string{fmt.Sprintf("people, %d entries each", small), "start-up", "resident, idle", "of it anonymous", "reads, 16 clients", "p50"}, rows)
	b.out.plot("people", "people", "Start-up time and memory, by the number of people in the store",
		plot{"Start-up and memory", "people in the store", "milliseconds; megabytes", lines})
	return nil
}

// enrolled makes n people, two at a time: most of it is stretching passphrases,
// which their devices do.
func (s *site) enrolled(from, n int) ([]*person, error) {
	list := make([]*person, n)
	failed := make([]error, n)
	next := make(chan int)
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for i := range next {
				name := fmt.Sprintf("person %d", from+i)
				if list[i], failed[i] = s.enrol(s.b.ctx, name); failed[i] == nil {
					_, failed[i] = s.fill(s.b.ctx, list[i], name, small)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	for _, p := range list {
		p.holder.Close()
	}
	return list, nil
}
