package kvtest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/record/kv"
)

// The suite itself, and the smallness of the seam: a second engine, in memory,
// passes it. Its disk is a value that outlives Close.
func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) Store {
		d := &disk{parts: map[kv.Partition]map[string]string{}}
		d.marks = map[kv.Partition]map[string]uint64{}
		return Store{Open: func(testing.TB) kv.Engine {
			return &memory{disk: d, turn: make(chan struct{}, 1)}
		}}
	})
}

type disk struct {
	mu    sync.RWMutex
	parts map[kv.Partition]map[string]string // the maps never change once they are here
	marks map[kv.Partition]map[string]uint64 // when each row was written
	now   uint64
	at    time.Time
}

type memory struct {
	*disk
	turn   chan struct{} // held by the update that runs
	calls  sync.WaitGroup
	closed bool
}

func (m *memory) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return kv.ErrClosed
	}
	m.calls.Add(1)
	return nil
}

func (m *memory) part(p kv.Partition) map[string]string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.parts[p]
}

func (m *memory) View(p kv.Partition, fn func(kv.Reader) error) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	return fn(&memTx{rows: m.part(p)})
}

func (m *memory) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) (err error) {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if recover() != nil {
			err = errors.New("panicked")
		}
	}()
	tx := &memTx{rows: maps.Clone(m.part(p)), cost: map[string]int{}}
	if tx.rows == nil {
		tx.rows = map[string]string{}
	}
	if err := fn(tx); err != nil {
		return err
	}
	total := 0
	for k, n := range tx.cost {
		if total += kv.RowCost + n; len(k) > kv.MaxKey || total > m.MaxUpdate() {
			return kv.ErrTooLarge
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now++; m.marks[p] == nil {
		m.marks[p] = map[string]uint64{}
	}
	for k := range tx.cost {
		m.marks[p][k] = m.now
	}
	if m.parts[p], m.at = tx.rows, time.Now(); len(tx.rows) == 0 {
		delete(m.parts, p)
	}
	return nil
}

func (m *memory) Partitions(fn func(kv.Partition) error) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.calls.Done()
	m.mu.RLock()
	ids := slices.Collect(maps.Keys(m.parts))
	m.mu.RUnlock()
	slices.SortFunc(ids, func(a, b kv.Partition) int { return strings.Compare(string(a[:]), string(b[:])) })
	for _, p := range ids {
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Changes(since uint64, fn func(p kv.Partition, key, value []byte) error) (uint64, error) {
	m.mu.RLock()
	now, parts := m.now, maps.Clone(m.parts)
	var changed []string
	for p, rows := range parts {
		for k := range rows {
			if m.marks[p][k] > since {
				changed = append(changed, string(p[:])+k)
			}
		}
	}
	m.mu.RUnlock()
	if since > now {
		return 0, kv.ErrMark
	}
	slices.Sort(changed)
	err := m.Partitions(func(kv.Partition) error { return nil }) // whether it is closed
	for _, row := range changed {
		p := kv.Partition([]byte(row[:16]))
		if err == nil {
			err = fn(p, []byte(row[16:]), []byte(parts[p][row[16:]]))
		}
	}
	return now, err
}

func (m *memory) MaxUpdate() int          { return 1 << 20 }
func (m *memory) Failed() <-chan struct{} { return nil }
func (m *memory) LastCommit() time.Time   { m.mu.RLock(); defer m.mu.RUnlock(); return m.at }

func (m *memory) Close() error {
	m.mu.Lock()
	closed := m.closed
	m.closed = true
	m.mu.Unlock()
	if m.calls.Wait(); closed {
		return kv.ErrClosed
	}
	return nil
}

type memTx struct {
	rows map[string]string
	cost map[string]int
}

func (t *memTx) Get(key []byte) ([]byte, error) {
	if v, ok := t.rows[string(key)]; ok {
		return []byte(v), nil
	}
	return nil, kv.ErrNotFound
}

func (t *memTx) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	for _, k := range slices.Sorted(maps.Keys(t.rows)) {
		v, still := t.rows[k]
		if !still || !strings.HasPrefix(k, string(prefix)) || k < string(from) {
			continue
		}
		if more, err := fn([]byte(k), []byte(v)); err != nil || !more {
			return err
		}
	}
	return nil
}

func (t *memTx) Put(key, value []byte) {
	t.rows[string(key)], t.cost[string(key)] = string(value), len(key)+len(value)
}

func (t *memTx) Delete(key []byte) { delete(t.rows, string(key)); t.cost[string(key)] = len(key) }
