package store_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"carehold/record/kv"
)

// memory is an engine in memory, for tests that need thousands of stores, or to
// stop one between two commits. A fork shares nothing with what it was made of.
// A View is not kept from seeing what is written while it runs: it is for tests
// that do one thing at a time.
type memory struct {
	mu    sync.Mutex
	parts map[kv.Partition]map[string][]byte
	names map[kv.Partition][]string          // sorted; nil: to be sorted again
	marks map[kv.Partition]map[string]uint64 // when each row was written
	now   uint64
	max   int

	// The crash: the n-th update from now is lost (cut 1) or is the last (cut 2).
	crash, cut int
	down       bool
}

func newMemory() *memory {
	return &memory{parts: map[kv.Partition]map[string][]byte{}, names: map[kv.Partition][]string{},
		marks: map[kv.Partition]map[string]uint64{}, max: 2 << 20}
}

func (m *memory) fork() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := newMemory()
	f.max = m.max
	for p, rows := range m.parts {
		f.parts[p] = maps.Clone(rows)
		f.names[p], f.marks[p] = m.names[p], maps.Clone(m.marks[p])
	}
	f.now = m.now
	return f
}

// set replaces a row, or deletes it.
func (m *memory) set(p kv.Partition, key string, value []byte) {
	rows := m.parts[p]
	if rows == nil {
		rows = map[string][]byte{}
		m.parts[p], m.marks[p] = rows, map[string]uint64{}
	}
	m.marks[p][key] = m.now
	if _, there := rows[key]; !there || value == nil {
		m.names[p] = nil
	}
	if value == nil {
		delete(rows, key)
	} else {
		rows[key] = value
	}
}

func (m *memory) sorted(p kv.Partition) []string {
	if m.names[p] == nil {
		m.names[p] = slices.Sorted(maps.Keys(m.parts[p]))
	}
	return m.names[p]
}

type memoryReader struct {
	rows  map[string][]byte
	names []string
}

func (r memoryReader) Get(key []byte) ([]byte, error) {
	if v, there := r.rows[string(key)]; there {
		return bytes.Clone(v), nil
	}
	return nil, kv.ErrNotFound
}

func (r memoryReader) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	start := max(string(prefix), string(from))
	for i := sort.SearchStrings(r.names, start); i < len(r.names) && strings.HasPrefix(r.names[i], string(prefix)); i++ {
		more, err := fn([]byte(r.names[i]), bytes.Clone(r.rows[r.names[i]]))
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (m *memory) View(p kv.Partition, fn func(kv.Reader) error) error {
	m.mu.Lock()
	if m.down {
		m.mu.Unlock()
		return kv.ErrFailed
	}
	r := memoryReader{m.parts[p], m.sorted(p)}
	m.mu.Unlock()
	return fn(r)
}

type memoryTx struct {
	memoryReader
	own  map[string][]byte
	cost int
}

func (t *memoryTx) Get(key []byte) ([]byte, error) {
	if v, mine := t.own[string(key)]; mine {
		if v == nil {
			return nil, kv.ErrNotFound
		}
		return bytes.Clone(v), nil
	}
	return t.memoryReader.Get(key)
}

func (t *memoryTx) Put(key, value []byte) {
	t.own[string(key)] = append([]byte{}, value...)
	t.cost += kv.RowCost + len(key) + len(value)
}

func (t *memoryTx) Delete(key []byte) {
	t.own[string(key)] = nil
	t.cost += kv.RowCost + len(key)
}

func (m *memory) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.down {
		return kv.ErrFailed
	}
	t := &memoryTx{memoryReader: memoryReader{m.parts[p], m.sorted(p)}, own: map[string][]byte{}}
	if err := fn(t); err != nil {
		return err
	}
	if t.cost > m.max {
		return kv.ErrTooLarge
	}
	if len(t.own) > 0 && m.crash > 0 {
		if m.crash--; m.crash == 0 {
			m.down = true
			if m.cut == 1 {
				return kv.ErrFailed
			}
		}
	}
	m.now++
	for key, value := range t.own {
		m.set(p, key, value)
	}
	if m.down {
		return kv.ErrFailed
	}
	return nil
}

func (m *memory) Partitions(fn func(kv.Partition) error) error {
	m.mu.Lock()
	var all []kv.Partition
	for p, rows := range m.parts {
		if len(rows) > 0 {
			all = append(all, p)
		}
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b kv.Partition) int { return bytes.Compare(a[:], b[:]) })
	for _, p := range all {
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Changes(since uint64, fn func(p kv.Partition, key, value []byte) error) (uint64, error) {
	m.mu.Lock()
	now := m.now
	m.mu.Unlock()
	err := m.Partitions(func(p kv.Partition) error {
		return m.View(p, func(r kv.Reader) error {
			return r.Scan(nil, nil, func(key, value []byte) (bool, error) {
				if m.marks[p][string(key)] <= since {
					return true, nil
				}
				return true, fn(p, key, value)
			})
		})
	})
	return now, err
}

// reboot is the machine after the crash: what was written is there.
func (m *memory) reboot() *memory {
	f := m.fork()
	f.max = m.max
	return f
}

func (m *memory) MaxUpdate() int          { return m.max }
func (m *memory) LastCommit() time.Time   { return time.Time{} }
func (m *memory) Failed() <-chan struct{} { return nil }
func (m *memory) Close() error            { return nil }

var _ kv.Engine = (*memory)(nil)
