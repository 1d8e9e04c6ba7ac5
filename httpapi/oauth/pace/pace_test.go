package pace_test

import (
	"testing"
	"time"

	"carehold/httpapi/oauth/pace"
)

func TestTake(t *testing.T) {
	at := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	e := pace.New[string](10*time.Second, 2, 2)
	for _, x := range []struct {
		after time.Duration
		key   string
		want  bool
	}{
		{0, "a", true}, {0, "a", true}, {0, "a", false},
		{0, "b", true},
		{0, "c", false}, // two are remembered, and neither is as new
		{10 * time.Second, "a", true}, {10 * time.Second, "a", false},
		{10 * time.Second, "c", true},  // b is as new by now, and forgotten
		{10 * time.Second, "a", false}, // a crowd has not given it a fresh start
		{10 * time.Second, "b", false},
		{40 * time.Second, "b", true}, {40 * time.Second, "b", true}, {40 * time.Second, "b", false},
	} {
		if got := e.Take(x.key, at.Add(x.after)); got != x.want {
			t.Errorf("%s after %v: %v", x.key, x.after, got)
		}
	}
}
