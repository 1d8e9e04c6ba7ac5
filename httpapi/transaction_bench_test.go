package httpapi_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"carehold/record/entry"
	"carehold/record/testdata"
)

// BenchmarkTransaction posts the lives of Synthea's people, as Synthea wrote them, into
// a record of its own each: with one client and with sixteen.
func BenchmarkTransaction(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(b, "synthea"), "*.json"))
	var people [][]byte
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		people = append(people, raw)
	}
	if len(people) == 0 {
		b.Fatal("no people")
	}
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			w := newServer(b, generous)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				b.StopTimer()
				tokens := make([]string, max(clients, len(people)))
				for i := range tokens {
					tokens[i] = w.session(w.enrol(fmt.Sprint("person ", i)))
				}
				size = 0
				b.StartTimer()
				next := make(chan int, len(tokens))
				for i := range tokens {
					next <- i
					size += len(people[i%len(people)])
				}
				close(next)
				var wait sync.WaitGroup
				for range clients {
					wait.Go(func() {
						for i := range next {
							if _, err := w.client.With(tokens[i]).Transaction(context.Background(), people[i%len(people)], entry.Origin{}); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wait.Wait()
				b.SetBytes(int64(size))
			}
		})
	}
}
