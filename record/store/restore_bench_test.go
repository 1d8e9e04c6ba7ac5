package store_test

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"carehold/record/backup"
	"carehold/record/store"
)

// benchStore has a record of so many entries and large documents.
func benchStore(b *testing.B, entries, documents int) (*store.Store, *device) {
	b.Helper()
	_, s := newStore(b)
	d := enrol(b, s)
	me := d.session()
	for n := 0; n < entries; n += 2000 {
		if _, err := me.Apply(ctx, resources(min(2000, entries-n), fmt.Sprint("w", n, "-")), store.ApplyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	for n := range documents {
		put(b, me, large(fmt.Sprint("d", n), 4<<20))
	}
	return s, d
}

type discard struct{ n int64 }

func (d *discard) Write(b []byte) (int, error) { d.n += int64(len(b)); return len(b), nil }

// BenchmarkBackup: bytes before encryption, and how much longer a read takes
// beside it than alone.
func BenchmarkBackup(b *testing.B) {
	s, d := benchStore(b, 10_000, 40)
	me := d.session()
	read := func(stop *atomic.Bool) (took []time.Duration) {
		for n := 0; !stop.Load(); n++ {
			began := time.Now()
			if _, err := me.Read(ctx, allergyRefOf(fmt.Sprint("w0-", n%2000)), 0); err != nil {
				b.Error(err)
				return took
			}
			took = append(took, time.Since(began))
			time.Sleep(2 * time.Millisecond)
		}
		return took
	}
	beside := func(name string, act func(w io.Writer) int64) {
		b.Run(name, func(b *testing.B) {
			var stop atomic.Bool
			reads := make(chan []time.Duration)
			go func() { reads <- read(&stop) }()
			var size int64
			peak := uint64(0)
			b.ResetTimer()
			for range b.N {
				var w discard
				size = act(&w)
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			}
			b.StopTimer()
			stop.Store(true)
			took := <-reads
			slices.Sort(took)
			b.SetBytes(size)
			b.ReportMetric(float64(peak>>20), "MiB-heap")
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-read-p50")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-read-p99")
		})
	}
	beside("nothing", func(io.Writer) int64 { time.Sleep(2 * time.Second); return 0 })
	beside("backup", func(w io.Writer) int64 {
		x, err := s.Backup(ctx, w, store.BackupOptions{Full: true})
		if err != nil {
			b.Fatal(err)
		}
		return int64(x.Bytes)
	})
	recipient := "age16g23t52mu467687q50wh432kzdyzmm8mf7mdkm05zjd6mt2kwd7s4c7ctl" // for tests alone
	beside("backup-age", func(w io.Writer) int64 {
		to, err := backup.Recipients([]string{recipient})
		if err != nil {
			b.Fatal(err)
		}
		sealed, err := backup.Encrypt(w, to)
		if err != nil {
			b.Fatal(err)
		}
		x, err := s.Backup(ctx, sealed, store.BackupOptions{Full: true})
		if err != nil || sealed.Close() != nil {
			b.Fatal(err)
		}
		return int64(x.Bytes)
	})
	beside("verify", func(io.Writer) int64 {
		r, err := s.Verify(ctx, nil)
		if err != nil || r.All() != 0 {
			b.Fatal(err)
		}
		return int64(r.Bytes)
	})
	var f folder
	f.add(b, s, true)
	file := f.files[f.names[0]]
	beside("verify-backup", func(io.Writer) int64 {
		if r, err := backup.Verify(ctx, readers(b, file), nil); err != nil || r.Damage != 0 {
			b.Fatal(err)
		}
		return int64(len(file))
	})
	beside("restore", func(io.Writer) int64 {
		if _, err := store.Restore(ctx, filepath.Join(b.TempDir(), fmt.Sprint(time.Now().UnixNano())), readers(b, file), store.RestoreOptions{}); err != nil {
			b.Fatal(err)
		}
		return int64(len(file))
	})
	beside("increment", func(w io.Writer) int64 {
		x, err := s.Backup(ctx, w, store.BackupOptions{Have: f.have()})
		if err != nil || x.Full {
			b.Fatal(err)
		}
		return int64(x.Bytes)
	})
}
