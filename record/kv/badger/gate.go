package badger

import "sync"

// gate counts the calls under way, so that Close waits for them, and knows which
// snapshots are in use, so that compaction keeps what they see.
type gate struct {
	mu     sync.Mutex
	idle   *sync.Cond
	closed bool
	calls  int
	now    uint64         // timestamp of the last anchored commit
	held   map[uint64]int // snapshots in use
}

func newGate() gate { return gate{held: map[uint64]int{}} }

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.calls++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls--; g.calls == 0 && g.idle != nil {
		g.idle.Broadcast()
	}
}

// close lets nobody in, and returns when all have left. It is false the second time.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.closed = true
	g.idle = sync.NewCond(&g.mu)
	for g.calls > 0 {
		g.idle.Wait()
	}
	return true
}

// hold returns the timestamp of the last anchored commit, and keeps its versions.
func (g *gate) hold() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held[g.now]++
	return g.now
}

func (g *gate) release(ts uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held[ts]--; g.held[ts] == 0 {
		delete(g.held, ts)
	}
}

// advance makes ts what new snapshots see, and returns the oldest timestamp that
// any of them needs.
func (g *gate) advance(ts uint64) (oldest uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = ts
	return g.least()
}

// oldest returns the oldest timestamp that any snapshot needs, or a new one will.
func (g *gate) oldest() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.least()
}

func (g *gate) least() uint64 {
	oldest := g.now
	for held := range g.held {
		oldest = min(oldest, held)
	}
	return oldest
}
