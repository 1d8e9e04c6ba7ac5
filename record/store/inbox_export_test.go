package store

import (
	"sync/atomic"
	"testing"

	"carehold/record/kv"
)

// SetInbox bounds what waits, for a test.
func SetInbox(t testing.TB, notices, contributions int) {
	n, c := mostNotices, mostContributions
	mostNotices, mostContributions = notices, contributions
	t.Cleanup(func() { mostNotices, mostContributions = n, c })
}

// SetCertificate has what is left come with another certificate.
func (a *Adder) SetCertificate(b []byte) { a.v.certificate = b }

// ForgetInbox has an inbox counted anew.
func (v *View) ForgetInbox() { v.s.forgetInbox(v.person) }

// CountReads counts from now on what is read, by Get or in a Scan.
func CountReads(s *Store) func() int {
	c := &reads{Engine: s.engine}
	s.engine = c
	s.known.Forget()
	return func() int { return int(c.n.Load()) }
}

type reads struct {
	kv.Engine
	n atomic.Int64
}

func (c *reads) View(p kv.Partition, fn func(kv.Reader) error) error {
	return c.Engine.View(p, func(r kv.Reader) error { return fn(readsOf{r, c}) })
}

type readsOf struct {
	kv.Reader
	c *reads
}

func (r readsOf) Get(key []byte) ([]byte, error) { r.c.n.Add(1); return r.Reader.Get(key) }

func (r readsOf) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	return r.Reader.Scan(prefix, from, func(key, value []byte) (bool, error) { r.c.n.Add(1); return fn(key, value) })
}
