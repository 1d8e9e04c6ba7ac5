package healthcard

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// TestSeconds: a card's time is a number that many issuers write with a fraction, and no
// float has that to the nanosecond.
func TestSeconds(t *testing.T) {
	for text, want := range map[string]string{
		"1715107763.677": "2024-05-07T18:49:23.677Z",
		"1715107763":     "2024-05-07T18:49:23Z",
	} {
		if got, err := seconds(jsontext.Value(text)); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %s, %v, want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
}
