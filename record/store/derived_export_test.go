package store

import "testing"

// ShortLogs makes a page of AuditEvents of fewer log entries.
func ShortLogs(t *testing.T, opened int, passed, step uint64) {
	was, wasPassed, wasStep := maxOpened, maxPassed, logStep
	maxOpened, maxPassed, logStep = opened, passed, step
	t.Cleanup(func() { maxOpened, maxPassed, logStep = was, wasPassed, wasStep })
}
