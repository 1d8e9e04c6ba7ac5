package main

import (
	"math"
	"slices"
)

// threshold is what |t| has to exceed to say that two classes differ: dudect's.
const threshold = 4.5

// welch is t of two samples whose variances need not be equal (Welch, 1947). Below 0:
// the first has the smaller mean. NaN where a sample is too small, or neither varies.
func welch(a, b []float64) float64 {
	ma, va := moments(a)
	mb, vb := moments(b)
	return (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
}

// moments are the mean and the unbiased variance, in two passes: the sum of squares
// alone would lose the digits that matter.
func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x)-1)
}

// crop leaves out of both what is above a percentile of the two together.
func crop(a, b []float64, percentile float64) (x, y []float64) {
	most := quantile(slices.Concat(a, b), percentile/100)
	below := func(list []float64) (out []float64) {
		for _, v := range list {
			if v <= most {
				out = append(out, v)
			}
		}
		return out
	}
	return below(a), below(b)
}

// quantile is the smallest value that at least this part of all are not above.
func quantile(x []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	at := int(math.Ceil(part*float64(len(sorted)))) - 1
	return sorted[max(at, 0)]
}
