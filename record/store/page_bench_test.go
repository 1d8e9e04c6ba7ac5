//go:build unix

package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/search"
	"carehold/record/store"
	"carehold/record/testdata"
)

// BenchmarkPage is a page of fifty observations of one of Synthea's people, out of a
// store with twenty of them that was closed and opened again, so that all rows are in
// Badger's tables: opening the token, the search, the log's sync. cpu-µs is what the
// process spent, which says more than the time when the machine has others to serve.
func BenchmarkPage(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(b, "synthea"), "*.json"))
	dir, s := newStore(b)
	type patient struct{ token crypto.Credential }
	var people []patient
	for i := range 20 {
		raw, err := os.ReadFile(files[i%len(files)])
		if err != nil {
			b.Fatal(err)
		}
		d := enrol(b, s)
		me := d.session()
		im := planOf(b, me, raw, "synthea")
		apply(b, me, im.Changes, len(im.Changes), "synthea")
		g := clinician(s)
		g.Daily, g.Sections = 1<<31, record.AllSections
		_, token := d.share(g)
		people = append(people, patient{token})
	}
	s.Close()
	s = open(b, dir, store.Options{})
	for _, row := range []struct {
		name, typ, text string
		limit           int
	}{
		{"of50", "Observation", "", 50},
		{"of20", "Observation", "", 20},
		{"code", "Observation", "code=http://loinc.org|8302-2", 50},
		{"count", "Observation", "", 0},
	} {
		q, err := search.Parse(row.typ, row.text, search.Options{Strict: true})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(row.name, func(b *testing.B) {
			find := func(i int) {
				v := view(b, s, people[i%len(people)].token)
				p, err := v.Search(ctx, q, store.SearchOptions{Limit: row.limit, Asked: store.Asked{Path: row.typ, Query: row.text}})
				if err != nil || p.Total == 0 {
					b.Fatal(fmt.Sprint(p.Total, len(p.Entries)), err)
				}
				p.Release()
				v.Close()
			}
			for i := range people {
				find(i)
			}
			b.ReportAllocs()
			i, before := 0, spent()
			for b.Loop() {
				find(i)
				i++
			}
			b.ReportMetric(float64(spent()-before)/float64(time.Microsecond)/float64(i), "cpu-µs/op")
		})
	}
}

// spent is the processor's time of this process.
func spent() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
