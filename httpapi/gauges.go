package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carehold/record/kv/badger"
	"carehold/record/store"
)

// countEvery is how often the people are counted for the metrics, at most: it is
// a walk over all of them.
const countEvery = time.Minute

// gauges are the metrics of what the server has and how it does, read when they
// are asked for. Their only labels are words of this program.
type gauges struct {
	s *Server

	mu      sync.Mutex
	counted time.Time
	status  store.Status
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("carehold_"+name, help, labels, nil)
}

var (
	commitSeconds  = desc("commit_seconds", "Time of a commit to the disk, its syncs included.")
	commitUpdates  = desc("commit_updates", "Updates in a commit.")
	storeBytes     = desc("store_bytes", "Bytes of the database's files, as last counted.")
	diskFree       = desc("disk_free_bytes", "Bytes free on the disk of the store.")
	diskReserve    = desc("disk_reserve_bytes", "Free bytes below which large changes are refused, and below half of which everything is.")
	usedBytes      = desc("used_bytes", "Bytes of entries and logs, as quotas count them.")
	people         = desc("people", "People with a record.")
	grantsLive     = desc("grants_live", "Grants that open something now, but for people's own.")
	capsules       = desc("capsules", "Ways to unlock, tokens, sessions and invites.")
	logEntries     = desc("log_entries", "Entries in all logs.")
	lastCommit     = desc("last_commit_timestamp_seconds", "When something was last written.")
	lastBackup     = desc("last_backup_timestamp_seconds", "When the last backup was finished; 0: never.")
	lastVerify     = desc("last_verify_timestamp_seconds", "When the store was last verified; 0: never.")
	damagedRows    = desc("damaged_rows", "Rows that the last verify found damaged.")
	damagedTables  = desc("damaged_tables", "Tables of the database that are damaged, as far as that is known.")
	brokenRecords  = desc("broken_records", "Records that do not open, because their first rows are damaged.")
	waitingRecords = desc("waiting_records", "Records that wait for their person to carry on.")
	clockWrong     = desc("clock_wrong", "1 when the clock is not believed.")
	ready          = desc("ready", "1 when requests are served.")
	certificateEnd = desc("certificate_expiry_timestamp_seconds", "When the certificate ends; 0: there is none.")
	certificateBad = desc("certificate_wrong", "1 when something is wrong with the certificate.")
	connectionsNow = desc("connections", "Connections that are open.")
	throttled      = desc("throttled_total", "What was refused for being too much, by what.", "what")
)

// Describe sends nothing: what there is depends on the engine and on TLS.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

func (g *gauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	seconds := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return float64(t.UnixMilli()) / 1000
	}
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	if m, ok := g.s.store.Measure(); ok {
		for d, h := range map[*prometheus.Desc]badger.Histogram{commitSeconds: m.Seconds, commitUpdates: m.Updates} {
			buckets := map[float64]uint64{}
			for i, b := range h.Bounds {
				buckets[b] = h.Buckets[i]
			}
			out <- prometheus.MustNewConstHistogram(d, h.Count, h.Sum, buckets)
		}
		gauge(storeBytes, float64(m.Size))
		gauge(diskReserve, float64(m.Reserve))
		if m.Free >= 0 {
			gauge(diskFree, float64(m.Free))
		}
	}
	if st, ok := g.count(); ok {
		gauge(usedBytes, float64(st.Used))
		gauge(people, float64(st.People))
		gauge(grantsLive, float64(st.Grants))
		gauge(capsules, float64(st.Capsules))
		gauge(logEntries, float64(st.Leaves))
		gauge(lastCommit, seconds(st.Commit))
		gauge(lastBackup, seconds(st.LastBackup))
		gauge(lastVerify, seconds(st.LastVerify))
		gauge(damagedRows, float64(st.Damage))
		gauge(damagedTables, float64(st.BadTables))
		gauge(brokenRecords, float64(st.Broken))
		gauge(waitingRecords, float64(st.Waiting))
	}
	gauge(clockWrong, truth(g.s.store.Clock().Wrong != ""))
	gauge(ready, truth(g.s.Ready() == nil))
	if c := g.s.config.Certificate; c != nil {
		st := c.State()
		gauge(certificateEnd, seconds(st.Until))
		gauge(certificateBad, truth(st.Wrong != ""))
	}
	refused := uint64(0)
	if c := g.s.connections.Load(); c != nil {
		var open int
		open, refused = c.count()
		gauge(connectionsNow, float64(open))
	}
	for what, n := range map[string]uint64{
		"connections": refused, "requests": g.s.throttled.requests.Load(),
		"guesses": g.s.throttled.guesses.Load(), "busy": g.s.throttled.busy.Load(),
	} {
		out <- prometheus.MustNewConstMetric(throttled, prometheus.CounterValue, float64(n), what)
	}
}

// count is the store's own count, at most a minute old.
func (g *gauges) count() (store.Status, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.counted.IsZero() || time.Since(g.counted) > countEvery {
		st, err := g.s.store.Status(context.Background())
		if err != nil {
			return store.Status{}, false
		}
		g.status, g.counted = st, time.Now()
	}
	return g.status, true
}
