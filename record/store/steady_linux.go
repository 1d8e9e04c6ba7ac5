package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// steadyClock is the time since the machine was started, sleep included: after a
// laptop has slept its clock has not jumped.
func steadyClock() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return time.Since(began)
	}
	return time.Duration(t.Nano())
}

var began = time.Now()
