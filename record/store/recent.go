package store

import "sync"

// recent keeps what was asked for lately, in two generations: what was asked for
// since the newer one began, and what was before. When the newer is full it becomes
// the older, and the older is dropped. The zero one is empty and keeps nothing.
type recent[K comparable, V any] struct {
	most int // of a generation

	mu         sync.Mutex
	newer, old map[K]V
	dropped    uint64 // how often something was
}

func (r *recent[K, V]) get(k K) (v V, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, there = r.newer[k]; !there {
		if v, there = r.old[k]; there {
			r.put(k, v)
		}
	}
	return v, there
}

// keep keeps one.
func (r *recent[K, V]) keep(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(k, v)
}

// now tells when it is, for keepSince.
func (r *recent[K, V]) now() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// keepSince keeps one that was made of what was read at that time, unless something
// was dropped since: then it may be just what was to go.
func (r *recent[K, V]) keepSince(k K, v V, then uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dropped == then {
		r.put(k, v)
	}
}

// put is called with mu held.
func (r *recent[K, V]) put(k K, v V) {
	if len(r.newer) >= r.most {
		r.newer, r.old = nil, r.newer
	}
	if r.newer == nil && r.most > 0 {
		r.newer = make(map[K]V)
	}
	if r.newer != nil {
		r.newer[k] = v
	}
}

// drop drops those that are not to be kept.
func (r *recent[K, V]) drop(keep func(K, V) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
	for _, generation := range []map[K]V{r.newer, r.old} {
		for k, v := range generation {
			if !keep(k, v) {
				delete(generation, k)
			}
		}
	}
}

// remove drops one.
func (r *recent[K, V]) remove(k K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
	delete(r.newer, k)
	delete(r.old, k)
}

// clear drops all.
func (r *recent[K, V]) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
	r.newer, r.old = nil, nil
}
