package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// rival is one of the servers that are compared.
type rival struct {
	name string
	proc *process
}

// rivals starts the baselines, each wrapped as Carehold is.
func (b *bench) rivals(bodies string, own *process, wrap func(name string) []string, kinds ...string) (list []rival, err error) {
	list = []rival{{"Carehold", own}}
	for _, kind := range kinds {
		address, err := freeAddress()
		if err != nil {
			return list, err
		}
		p, err := launch(b.ctx, wrap(kind), address, filepath.Join(b.dir, kind+".log"), b.self, "baseline", "-kind", kind,
			"-dir", filepath.Join(b.dir, kind, "db"), "-bodies", bodies, "-listen", address)
		if err != nil {
			return list, fmt.Errorf("baseline %s: %w", kind, err)
		}
		list = append(list, rival{kind, p})
	}
	return list, nil
}

func stopBaselines(list []rival) {
	for _, r := range list[1:] {
		r.proc.stop()
	}
}

func bare(string) []string { return nil } // not wrapped

// clients are how many there are at the same time.
var clients = []int{1, 16, 64}

// compared is what came of comparing: for each number of clients, in the order of
// the rivals.
type compared map[int][]outcome

// compare runs the rivals in turn, round after round, and takes for each the run
// whose rate is the middle one: what else this machine does falls on all alike.
func (b *bench) compare(list []rival, targets string, rounds int, run time.Duration) (compared, error) {
	all := map[int][][]outcome{}
	for range rounds {
		for _, n := range clients {
			if all[n] == nil {
				all[n] = make([][]outcome, len(list))
			}
			for i, r := range list {
				o, err := b.load(r.proc, n, run, targets)
				if err != nil {
					return nil, fmt.Errorf("%s, %d clients: %w", r.name, n, err)
				}
				all[n][i] = append(all[n][i], o)
			}
		}
	}
	out := compared{}
	for n, runs := range all {
		for _, list := range runs {
			slices.SortFunc(list, func(x, y outcome) int { return int(x.rate() - y.rate()) })
			out[n] = append(out[n], list[len(list)/2])
		}
	}
	return out, nil
}

// show writes what came of comparing as a table, and returns the lowest share of
// the synced baseline that Carehold reached.
func (b *bench) show(block, what string, list []rival, c compared) (least float64) {
	head := []string{what + ", requests/s"}
	synced := 0
	for i, r := range list {
		head = append(head, r.name)
		if r.name == "synced" {
			synced = i
		}
	}
	head = append(head, "Carehold / synced")
	least = 1e9
	var rates, times [][]string
	for _, n := range clients {
		row, took := []string{countClients(n)}, []string{countClients(n)}
		for _, o := range c[n] {
			row = append(row, thousands(o.rate()))
			took = append(took, ms(o.P50)+" / "+ms(o.P99))
		}
		share := c[n][0].rate() / c[n][synced].rate()
		least = min(least, share)
		rates = append(rates, append(row, fmt.Sprintf("%.0f %%", 100*share)))
		times = append(times, took)
	}
	b.out.table(block, head, rates)
	head = head[:len(head)-1]
	head[0] = what + ", p50 / p99"
	b.out.table(block, head, times)
	return least
}

// showCPU says what a request costs on the processors.
func (b *bench) showCPU(block, what string, list []rival, c compared) {
	head := []string{what + ", CPU of a request"}
	server, load := []string{"server, 16 clients"}, []string{"load generator"}
	for i, r := range list {
		o := c[16][i]
		head = append(head, r.name)
		server = append(server, us(each(o.Server, o.All)))
		load = append(load, us(each(o.CPU, o.All)))
	}
	b.out.table(block, head, [][]string{server, load})
}

func countClients(n int) string {
	if n == 1 {
		return "1 client"
	}
	return strconv.Itoa(n) + " clients"
}
