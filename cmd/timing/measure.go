package main

import (
	"bytes"
	"fmt"
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
func (w *world) logged(d *door, n int) (times [][]float64, err error) {
	times = make([][]float64, len(d.classes))
	for done := 0; done < n && err == nil; done += perDay {
		w.nextDay()
		err = w.round(d, min(perDay, n-done), times)
	}
	return times, err
}

// unlogged takes the times of n refusals of each class after the day's that are logged.
func (w *world) unlogged(d *door, n int) (times [][]float64, err error) {
	w.nextDay()
	for _, c := range d.classes {
		for _, token := range c.tokens {
			for range daily {
				w.answer(d, token)
			}
		}
	}
	times = make([][]float64, len(d.classes))
	for done := 0; done < n && err == nil; done += perDay {
		err = w.round(d, min(perDay, n-done), times)
	}
	return times, err
}

// round presents n of each class, in an order that is drawn, each token of a class as
// often as the others, and adds the microseconds that each took.
func (w *world) round(d *door, n int, times [][]float64) error {
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
		took := time.Since(began)
		if got := text(a); !bytes.Equal(got, d.answer) { // a store that failed answers quickly
			return fmt.Errorf("%s: what is %s is answered in the middle with\n%s\nand before with\n%s", d.name, d.classes[c].name, got, d.answer)
		}
		times[c] = append(times[c], float64(took)/float64(time.Microsecond))
	}
	return w.ctx.Err()
}
