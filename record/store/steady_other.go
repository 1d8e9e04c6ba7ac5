//go:build !linux

package store

import "time"

// steadyClock is Go's own, which may stand still while the machine sleeps: then
// waking up looks like a jump ahead, and is believed after clockHold.
func steadyClock() time.Duration { return time.Since(began) }

var began = time.Now()
