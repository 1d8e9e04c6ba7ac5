package main

import (
	"math"
	"testing"
)

// TestWelch holds t against samples worked out by hand.
func TestWelch(t *testing.T) {
	for name, c := range map[string]struct {
		a, b []float64
		t    float64
	}{
		// Means 2 and 6, variances 1 and 4: -4 / √(1/3 + 4/3) = -4 / √(5/3).
		"three and three": {[]float64{1, 2, 3}, []float64{4, 6, 8}, -3.0983866769659336},
		// Means 3 and 5, variances 2 and 1/6: -2 / √(2/2 + (1/6)/4) = -2 / √(25/24).
		"two and four": {[]float64{2, 4}, []float64{5, 5, 5.5, 4.5}, -1.9595917942265424},
		"alike":        {[]float64{1, 2, 3}, []float64{3, 2, 1}, 0},
		// Far from zero, where squares lose their last digits.
		"three and three, far out": {[]float64{1e9 + 1, 1e9 + 2, 1e9 + 3}, []float64{1e9 + 4, 1e9 + 6, 1e9 + 8}, -3.0983866769659336},
	} {
		if got := welch(c.a, c.b); math.Abs(got-c.t) > 1e-9 {
			t.Errorf("%s: t = %v, want %v", name, got, c.t)
		}
		if got := welch(c.b, c.a); math.Abs(got+c.t) > 1e-9 {
			t.Errorf("%s, the other way: t = %v, want %v", name, got, -c.t)
		}
	}
}

// TestWelchPublished: the first two examples of Wikipedia's article "Welch's t-test",
// which gives t to two decimals. Its second has the larger variance in the smaller sample,
// where Student's t would be another.
func TestWelchPublished(t *testing.T) {
	for name, c := range map[string]struct {
		a, b []float64
		t    float64
	}{
		"equal sizes and similar variances": {
			[]float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4},
			[]float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4}, -2.46},
		"unequal sizes and variances": {
			[]float64{17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8},
			[]float64{21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8, 20.7, 21.7, 21.5, 22.5, 23.6, 21.5, 22.5, 23.5, 21.5, 21.8}, -1.57},
	} {
		if got := welch(c.a, c.b); math.Abs(got-c.t) > 0.005 {
			t.Errorf("%s: t = %v, want %v", name, got, c.t)
		}
	}
}

func TestCrop(t *testing.T) {
	var a, b []float64
	for i := range 100 { // together 1 to 200, of which 198 are not above the 99th percentile
		a, b = append(a, float64(i+1)), append(b, float64(i+101))
	}
	if x, y := crop(a, b, 99); len(x) != 100 || len(y) != 98 || y[97] != 198 {
		t.Errorf("kept %d and %d, to %v", len(x), len(y), y[len(y)-1])
	}
	for part, want := range map[float64]float64{0.5: 50, 0.99: 99, 1: 100, 0: 1} {
		if got := quantile(a, part); got != want {
			t.Errorf("quantile %v of 1 to 100: %v, want %v", part, got, want)
		}
	}
}
