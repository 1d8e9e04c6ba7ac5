package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/store"
)

// TestTogether has readers, writers, revokes, strikes and epochs go on at once
// over several persons. Nothing that was acknowledged is lost, and nothing is
// read once the stop has returned.
func TestTogether(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	type given struct {
		token   crypto.Credential
		stopped atomic.Bool // set when the call that stopped it has returned
	}
	var work sync.WaitGroup
	var reads, refused, written, epochs atomic.Int64
	for p := range 3 {
		d := enrol(t, s)
		put(t, d.session(), allergy)
		grants := make([]*given, 0, 24)
		ids := make([]record.GrantID, 0, 24)
		for range 24 {
			g, token := d.share(clinician(s))
			grants, ids = append(grants, &given{token: token}), append(ids, g.ID)
		}
		for r := range 6 {
			work.Go(func() {
				for i := r; ctx.Err() == nil; i++ {
					g := grants[i%len(grants)]
					over := g.stopped.Load() // before the request begins
					v, err := s.Open(ctx, g.token)
					if err == nil {
						late := g.stopped.Load()
						_, err = v.Read(ctx, allergyRef, 0)
						if err == nil && late {
							t.Error("a View opened before read after the stop")
						}
						v.Close()
					}
					switch {
					case err == nil && over:
						t.Error("a stopped token read")
					case err == nil:
						reads.Add(1)
					case errors.Is(err, record.Unauthorized):
						refused.Add(1)
					case ctx.Err() == nil && !errors.Is(err, record.Conflict):
						t.Errorf("reading: %v", err)
					}
				}
			})
		}
		counts := make([]atomic.Int64, 2)
		for w := range 2 {
			me := d.session()
			work.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					json := fmt.Sprintf(`{"resourceType":"AllergyIntolerance","id":"p%dw%d","code":{"text":"n%d"},"patient":{"display":"her"}}`, p, w, i)
					r, err := tryPut(me, json)
					switch {
					case err == nil:
						written.Add(1)
						if int64(r.Version) != counts[w].Add(1) {
							t.Errorf("version %d of write %d: one is lost", r.Version, counts[w].Load())
						}
					case !errors.Is(err, record.Conflict):
						t.Errorf("writing: %v", err)
					}
				}
			})
		}
		me := d.session()
		work.Go(func() { // the person's device, and a session of theirs
			for i := 0; i < len(grants)-4 && ctx.Err() == nil; i += 2 {
				d.stop(ids[i])
				grants[i].stopped.Store(true)
				epochs.Add(1)
				if err := me.Strike(context.Background(), ids[i+1]); err != nil {
					t.Errorf("striking: %v", err)
					return
				}
				grants[i+1].stopped.Store(true)
				d.stop(ids[i+1])
				epochs.Add(1)
			}
		})
		defer func() {
			for w := range 2 {
				e, err := d.session().Read(context.Background(), fhir.Ref{Type: "AllergyIntolerance", ID: fmt.Sprintf("p%dw%d", p, w)}, 0)
				if counts[w].Load() == 0 {
					t.Error("a writer never got a turn")
					continue
				}
				if err != nil || int64(e.Version) != counts[w].Load() {
					t.Errorf("after all: version %d, %v, want %d", e.Version, err, counts[w].Load())
				}
			}
		}()
	}
	time.AfterFunc(1500*time.Millisecond, stop)
	work.Wait()
	before, err := s.Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d reads, %d refused, %d writes, %d epochs, %d log entries", reads.Load(), refused.Load(), written.Load(), epochs.Load(), before.Leaves)
	if int64(before.Leaves) < reads.Load()+written.Load()+epochs.Load() {
		t.Error("something was done and not logged")
	}
	if reads.Load() == 0 || refused.Load() == 0 || epochs.Load() == 0 {
		t.Error("nothing happened at once")
	}
}

func BenchmarkRevoke50(b *testing.B) {
	_, s := newStore(b)
	d := enrol(b, s)
	for range 50 {
		d.share(clinician(s))
	}
	for b.Loop() {
		b.StopTimer()
		g, _ := d.share(clinician(s))
		b.StartTimer()
		d.stop(g.ID)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("c=%d", c), func(b *testing.B) {
			_, s := newStore(b)
			d := enrol(b, s)
			put(b, d.session(), allergy)
			_, token := d.share(clinician(s))
			var n atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range c {
				all.Go(func() {
					for n.Add(1) <= int64(b.N) {
						v, err := s.Open(ctx, token)
						if err != nil {
							b.Error(err)
							return
						}
						if _, err := v.Read(ctx, allergyRef, 0); err != nil {
							b.Error(err)
						}
						v.Close()
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, size := range []int{1000, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			_, s := newStore(b)
			d := enrol(b, s)
			if _, err := d.session().Apply(ctx, resources(size, "s"), store.ApplyOptions{}); err != nil {
				b.Fatal(err)
			}
			_, token := d.share(clinician(s))
			v := view(b, s, token)
			for b.Loop() {
				if p, err := lookFor(v, "AllergyIntolerance", "", 50); err != nil || p.Total != size {
					b.Fatal(p.Total, err)
				}
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	for _, size := range []int{200, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			_, s := newStore(b)
			me := enrol(b, s).session()
			for i := 0; b.Loop(); i++ {
				if _, err := me.Apply(ctx, resources(size, fmt.Sprintf("b%dx", i)), store.ApplyOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestEpochBetween: what was written under a new epoch, after a View was opened and
// before it reads, is read with the new keys; it is not damage.
func TestEpochBetween(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	gp, token := d.share(clinician(s))
	_ = gp
	gone, _ := d.share(clinician(s))
	v, err := s.Open(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	me := d.session()
	d.stop(gone.ID) // a new epoch
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"under the new epoch"},"patient":{"display":"her"}}`)
	if e, err := v.Read(t.Context(), allergyRef, 0); err != nil || e.Version != 2 {
		t.Errorf("the other grant reads version %d: %v", e.Version, err)
	}
	if list, err := me.List(t.Context()); err != nil || len(list) == 0 {
		t.Errorf("the session lists %d: %v", len(list), err)
	}
	if p, err := lookFor(v, "AllergyIntolerance", "", 10); err != nil || len(p.Entries) != 1 {
		t.Errorf("the other grant finds %d: %v", len(p.Entries), err)
	}
}
