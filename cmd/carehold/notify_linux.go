package main

import (
	"context"
	"net"
	"strconv"
	"time"

	"carehold/record/store"
)

// notify tells systemd how the service is: sd_notify(3), which is a datagram to a
// socket that the environment names. Elsewhere nobody listens.
func (a *app) notify(state string) {
	path := a.env("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if c, err := net.Dial("unixgram", path); err == nil { // "@" is the abstract namespace, in Go too
		_, _ = c.Write([]byte(state))
		c.Close()
	}
}

// watchdog tells systemd that the service is alive, twice as often as it asks for
// (WatchdogSec=), until ctx ends. It is alive while the store answers: a store that
// hangs is restarted.
func (a *app) watchdog(ctx context.Context, st *store.Store) {
	every, err := strconv.ParseInt(a.env("WATCHDOG_USEC"), 10, 64)
	if err != nil || every <= 0 {
		return
	}
	t := time.NewTicker(time.Duration(every) * time.Microsecond / 2)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			st.Alive()
			a.notify("WATCHDOG=1")
		}
	}
}
