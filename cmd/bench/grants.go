package main

import (
	"fmt"
	"strconv"
	"time"
)

// grants measures how cost grows with the grants of a record: with those that are
// live, and with those that were revoked, each of which began an epoch.
func (b *bench) grants() error {
	s, err := b.site("grants")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	s.proc.settle()
	if err := b.live(s); err != nil {
		return err
	}
	return b.revoked(s)
}

func (b *bench) live(s *site) error {
	p, err := s.enrol(b.ctx, "Many grants") // and the first one
	if err != nil {
		return err
	}
	if _, err := s.fill(b.ctx, p, "many grants", 1000); err != nil {
		return err
	}
	var rows [][]string
	lines := []series{{name: "read"}, {name: "grant"}, {name: "revoke"}}
	for live, i := 1, 0; i < len(b.scale.grants); i++ {
		n := b.scale.grants[i]
		for ; live < n; live++ {
			if _, err := p.give(b.ctx, fmt.Sprintf("grantee %d", live)); err != nil {
				return err
			}
		}
		var given, ended []time.Duration
		for range 5 {
			began := time.Now()
			issued, err := p.give(b.ctx, "for a moment")
			if err != nil {
				return err
			}
			given = append(given, time.Since(began))
			began = time.Now()
			if err := p.holder.Revoke(b.ctx, issued.Grant.ID); err != nil {
				return err
			}
			ended = append(ended, time.Since(began))
		}
		o, err := b.alone(s, target{Token: p.token, Paths: costs[0].paths(p)})
		if err != nil {
			return err
		}
		took := []time.Duration{o.P50, middle(given), middle(ended)}
		row := []string{strconv.Itoa(n)}
		for j, d := range took {
			row = append(row, ms(d))
			lines[j].points = append(lines[j].points, [2]float64{float64(n), float64(d) / float64(time.Millisecond)})
		}
		rows = append(rows, row)
	}
	b.out.table("grants", []string{"live grants", "read", "grant", "revoke"}, rows)
	b.out.plot("grants", "grants", "What reading, granting and revoking take, by the number of live grants",
		plot{"Reading, granting and revoking", "live grants of the record", "median, milliseconds", lines})
	return nil
}

func (b *bench) revoked(s *site) error {
	p, err := s.enrol(b.ctx, "Many were revoked")
	if err != nil {
		return err
	}
	if _, err := s.fill(b.ctx, p, "many were revoked", 1000); err != nil {
		return err
	}
	var rows [][]string
	revoked := 0
	for _, n := range b.scale.revoked {
		for ; revoked < n; revoked++ {
			issued, err := p.give(b.ctx, "for a while")
			if err != nil {
				return err
			}
			if err := p.holder.Revoke(b.ctx, issued.Grant.ID); err != nil {
				return err
			}
		}
		row := []string{strconv.Itoa(n)}
		for _, c := range []cost{costs[0], costs[1], costs[4]} { // of entries from before all that, but for the last
			o, err := b.alone(s, target{Token: p.token, Paths: c.paths(p), Body: c.body(p)})
			if err != nil {
				return err
			}
			row = append(row, ms(o.P50))
		}
		rows = append(rows, row)
	}
	b.out.table("grants", []string{"grants revoked before", "read", "search, a page of 50", "create"}, rows)
	return nil
}
