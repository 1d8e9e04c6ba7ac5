package main

import (
	"fmt"
	"io"
	"math"
)

// table writes the times of each class, and each pair of classes, in Markdown.
func table(out io.Writer, title string, classes []class, times [][]float64) {
	fmt.Fprintf(out, "\n%s\n\n| | mean, µs | median, µs | 99th percentile, µs |\n|---|--:|--:|--:|\n", title)
	for i, c := range classes {
		mean, _ := moments(times[i])
		fmt.Fprintf(out, "| %s | %.1f | %.1f | %.1f |\n", c.name, mean, quantile(times[i], 0.5), quantile(times[i], 0.99))
	}
	fmt.Fprintf(out, "\n| | medians' ratio | \\|t\\| of all | \\|t\\| up to the 99th percentile | told apart (above %.1f) |\n|---|--:|--:|--:|---|\n", threshold)
	for i := range classes {
		for j := range i {
			x, y := crop(times[j], times[i], 99)
			all, most := math.Abs(welch(times[j], times[i])), math.Abs(welch(x, y))
			apart := "no"
			if most > threshold || all > threshold {
				apart = "yes"
			}
			fmt.Fprintf(out, "| %s : %s | %.3f | %.1f | %.1f | %s |\n", classes[j].name, classes[i].name,
				quantile(times[j], 0.5)/quantile(times[i], 0.5), all, most, apart)
		}
	}
}
