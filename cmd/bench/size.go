package main

import (
	"fmt"
	"time"
)

// size measures how cost grows with the entries of a record, and how long it
// takes until one is open when nothing of it is in memory.
func (b *bench) size() error {
	s, err := b.site("size")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	var people []*person
	for _, n := range b.scale.sizes {
		p, err := s.enrol(b.ctx, fmt.Sprintf("%d entries", n))
		if err != nil {
			return err
		}
		if _, err := s.fill(b.ctx, p, fmt.Sprintf("%d entries", n), n); err != nil {
			return err
		}
		people = append(people, p)
	}
	if err := b.cold(s, people); err != nil {
		return err
	}
	return b.entries(s, people)
}

// cold measures first requests.
func (b *bench) cold(s *site, people []*person) error {
	var rows [][]string
	first := func(p *person, path string) (time.Duration, error) {
		return median(5, func() (time.Duration, error) {
			if err := s.again(true); err != nil {
				return 0, err
			}
			return timed(b.ctx, s.address, p.token, path)
		})
	}
	for i, p := range people {
		n := b.scale.sizes[i]
		if n < 1000 && i < len(people)-1 {
			continue // too small to take any time
		}
		search, err := first(p, "/fhir/Observation?_count=50")
		if err != nil {
			return err
		}
		read, err := first(p, "/fhir/"+p.refs[n/2])
		if err != nil {
			return err
		}
		rows = append(rows, []string{thousands(float64(n)), ms(search), ms(read)})
		if n == 10_000 {
			b.out.goal(search < 150*time.Millisecond, "cold open of 10,000 entries", "< 150 ms", "%s", ms(search))
		}
	}
	b.out.table("cold", []string{"entries", "first search", "first read"}, rows)
	return nil
}

// cost is one kind of request, as the cost of it is measured.
type cost struct {
	name  string
	paths func(*person) []string
	token func(*person) string
	body  func(*person) []byte
}

func byToken(p *person) string   { return p.token }
func bySession(p *person) string { return p.session }
func noBody(*person) []byte      { return nil }

var costs = []cost{
	{"read", func(p *person) []string {
		var list []string
		for _, ref := range p.refs {
			list = append(list, "/fhir/"+ref)
		}
		return list
	}, byToken, noBody},
	{"search, a page of 50", func(*person) []string { return []string{"/fhir/Observation?_count=50"} }, byToken, noBody},
	{"search, a few found", func(*person) []string { return []string{"/fhir/AllergyIntolerance"} }, byToken, noBody},
	{"list", func(*person) []string { return []string{"/holder/v1/entries"} }, bySession, noBody},
	{"create", func(*person) []string { return []string{"/fhir/Observation"} }, byToken, func(p *person) []byte { return one(p.id) }},
}

// entries measures what requests cost in records of different sizes.
func (b *bench) entries(s *site, people []*person) error {
	if err := s.again(false); err != nil {
		return err
	}
	s.proc.settle()
	head := []string{"entries"}
	lines := make([]series, len(costs))
	var rows [][]string
	for i, c := range costs {
		head = append(head, c.name)
		lines[i].name = c.name
	}
	for i, p := range people {
		n := b.scale.sizes[i]
		row := []string{thousands(float64(n))}
		for j, c := range costs {
			o, err := b.alone(s, target{Token: c.token(p), Paths: c.paths(p), Body: c.body(p)})
			if err != nil {
				return fmt.Errorf("%s of %d entries: %w", c.name, n, err)
			}
			row = append(row, ms(o.P50))
			lines[j].points = append(lines[j].points, [2]float64{float64(n), float64(o.P50) / float64(time.Millisecond)})
		}
		rows = append(rows, row)
	}
	b.out.table("entries", head, rows)
	b.out.plot("entries", "entries", "What a request takes, by the number of entries in the record",
		plot{"What a request takes, by the size of the record", "entries in the record", "median, milliseconds", lines})
	return nil
}

// alone runs one client that asks for one thing.
func (b *bench) alone(s *site, t target) (outcome, error) {
	file, err := b.targets("alone", t)
	if err != nil {
		return outcome{}, err
	}
	return b.load(s.proc, 1, b.scale.run, file)
}
