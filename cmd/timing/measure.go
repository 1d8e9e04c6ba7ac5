package main

import (
	"math/rand/v2"
	"net/http/httptest"
	"time"
)

// daily is how many refusals of a grant are logged in a day (record/store).
const daily = 200

// perDay is how many of each class are presented between two midnights where all shall be
// logged.
const perDay = each * daily

// logged takes the times of n refusals of each class, each of which the server logs if it
// logs any of that class.
func (w *world) logged(d *door, n int) [][]float64 {
	times := make([][]float64, len(d.classes))
	for done := 0; done < n && w.ctx.Err() == nil; done += perDay {
		w.nextDay()
		w.round(d, min(perDay, n-done), times)
	}
	return times
}

// unlogged takes the times of n refusals of each class after the day's that are logged.
func (w *world) unlogged(d *door, n int) [][]float64 {
	w.nextDay()
	for _, c := range d.classes {
		for _, token := range c.tokens {
			for range daily {
				w.answer(d, token)
			}
		}
	}
	times := make([][]float64, len(d.classes))
	for done := 0; done < n && w.ctx.Err() == nil; done += perDay {
		w.round(d, min(perDay, n-done), times)
	}
	return times
}

// round presents n of each class, in an order that is drawn, each token of a class as
// often as the others, and adds the microseconds that each took.
func (w *world) round(d *door, n int, times [][]float64) {
	order := make([]int, n*len(d.classes))
	for i := range order {
		order[i] = i
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, i := range order {
		c := i % len(d.classes)
		list := d.classes[c].tokens
		r, a := d.request(list[i/len(d.classes)%len(list)]), httptest.NewRecorder()
		began := time.Now()
		w.server.ServeHTTP(a, r)
		times[c] = append(times[c], float64(time.Since(began))/float64(time.Microsecond))
	}
}
