package store_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/store"
)

// besides are grants to a few sections, each of which may send documents.
func besides(d *device, n int) (grants []grant.Grant, tokens []crypto.Credential) {
	for range n {
		g, token := d.share(grant.Grant{To: grant.Party{Name: "Plan"}, Sections: grant.With(record.SectionsOf(record.Plan)), Scopes: scopes("patient/Binary.cuds"), Purpose: "TREAT"})
		grants, tokens = append(grants, g), append(tokens, token)
	}
	return grants, tokens
}

// begins begins uploads of a size until it is refused, and returns how many were begun.
func begins(t *testing.T, v *store.View, size int64) (n int, err error) {
	t.Helper()
	for ; n < 20; n++ {
		if _, err = v.Begin(t.Context(), size); err != nil {
			return n, err
		}
	}
	return n, nil
}

// TestGrantsLeaveThePersonRoomToSend: whatever grants begin, the person has three uploads
// of their own and half of the bytes, and what a grant began ends with it.
func TestGrantsLeaveThePersonRoomToSend(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, store.MaxDocument} {
		dir, s := newStore(t)
		d := enrol(t, s)
		grants, tokens := besides(d, 4)
		each, all := 2, 5
		if size > 0 {
			each, all = 1, 4 // a quarter of the bytes for each
		}
		sum := 0
		for i, token := range tokens {
			n, err := begins(t, view(t, s, token), size)
			if !errors.Is(err, record.TooMany) || n > each || i == 0 && n != each {
				t.Errorf("size %d: grant %d begins %d: %v", size, i, n, err)
			}
			sum += n
		}
		if sum != all {
			t.Errorf("size %d: grants begin %d together", size, sum)
		}
		me := d.session()
		for range 2 {
			if _, err := me.Begin(t.Context(), store.MaxDocument); err != nil {
				t.Fatalf("size %d: the person is kept out: %v", size, err)
			}
		}
		if _, err := me.Begin(t.Context(), 0); err != nil {
			t.Fatalf("size %d: the person's third: %v", size, err)
		}

		// What was stopped makes room, in other grants' share too.
		d.stop(grants[0].ID)
		if n, _ := begins(t, view(t, s, tokens[3]), 0); size == 0 && n == 0 {
			t.Error("a stopped grant keeps another's place")
		}
		for _, g := range grants[1:] {
			d.stop(g.ID)
		}
		if n, err := begins(t, me, 0); n != 5 {
			t.Errorf("size %d: all grants are stopped, and the person begins %d more: %v", size, n, err)
		}

		// And after a restart, when nobody knows any more whose they are.
		d2 := enrol(t, s)
		ended, token := besides(d2, 4)
		for _, x := range token {
			_, _ = begins(t, view(t, s, x), size)
		}
		for _, g := range ended[1:] {
			d2.stop(g.ID)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, store.Options{})
		d2.s = s
		if n, err := begins(t, d2.session(), 0); n != 8 {
			t.Errorf("size %d: after a restart the person begins %d: %v", size, n, err)
		}
	}
}

// TestUploadsAreSweptWithTheirGrant: the hourly sweep takes what a stopped grant sent, and
// leaves what others are sending.
func TestUploadsAreSweptWithTheirGrant(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{Now: func() time.Time { return time.Now() }}) // which sweeps at once
	d := enrol(t, s)
	grants, tokens := besides(d, 2)
	send(t, view(t, s, tokens[0]), scan(300<<10), 1<<20)
	stays := send(t, view(t, s, tokens[1]), scan(300<<10), 1<<20)
	d.stop(grants[0].ID)
	if got := beside(t, s, d.person); got["u"] != 2 || got["w"] != 4 {
		t.Fatalf("%v", got)
	}
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if got := beside(t, s, d.person); got["u"] != 1 || got["w"] != 2 {
		t.Errorf("%v", got)
	}
	if x, err := view(t, s, tokens[1]).Sent(t.Context(), stays); err != nil || x.Offset != x.Size {
		t.Errorf("the other's: %+v %v", x, err)
	}
}

// TestUploadsDoNotMeasureTheRecord: what a grant may begin is the same whatever was
// written meanwhile in sections that it does not have.
func TestUploadsDoNotMeasureTheRecord(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	const quota = 64 << 20
	invite, err := s.Invite(t.Context(), keys.Invite{Quota: quota, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	_, tokens := besides(d, 1)
	me, v := d.session(), view(t, s, tokens[0])
	measure := func() int64 {
		t.Helper()
		low, high := int64(0), int64(store.MaxDocument)
		for high-low > 1 {
			mid := (low + high) / 2
			x, err := v.Begin(t.Context(), mid)
			switch {
			case err == nil:
				low = mid
				if err := v.Cancel(t.Context(), x.ID); err != nil {
					t.Fatal(err)
				}
			case errors.Is(err, store.ErrFull):
				high = mid
			default:
				t.Fatal(err)
			}
		}
		return low
	}
	put(t, me, large("a", 700<<10))
	before := measure()
	for i := range 20 {
		put(t, me, `{"resourceType":"Condition","id":"c`+string(rune('a'+i))+`","code":{"text":"hidden"}}`)
		put(t, me, large("b", 90<<10+i))
	}
	if after := measure(); after != before {
		t.Errorf("%d bytes may be begun, and before %d: the difference is what others wrote", after, before)
	}
	if before%(quota/32) != 0 || before < quota/4 {
		t.Errorf("%d bytes may be begun", before)
	}
	// The person has all of the room that is there.
	if _, err := me.Begin(t.Context(), 60<<20); err != nil {
		t.Error(err)
	}
	if _, err := me.Begin(t.Context(), 60<<20); !errors.Is(err, store.ErrFull) {
		t.Errorf("more than there is: %v", err)
	}
}

// TestOthersUploadIsNotThere: to another grant an upload is not there while it is written,
// as it is not at any other time.
func TestOthersUploadIsNotThere(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	_, tokens := besides(d, 2)
	v, again, other := view(t, s, tokens[0]), view(t, s, tokens[0]), view(t, s, tokens[1])
	x, err := v.Begin(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { _, err := v.Send(ctx, x.ID, 0, r); done <- err }()
	if _, err := w.Write(scan(300 << 10)); err != nil { // it is written now
		t.Fatal(err)
	}
	if _, err := again.Send(t.Context(), x.ID, 0, r); !errors.Is(err, store.ErrSending) {
		t.Errorf("a second request of its own: %v", err)
	}
	if err := again.Cancel(t.Context(), x.ID); !errors.Is(err, store.ErrSending) {
		t.Errorf("its own cancels: %v", err)
	}
	for _, stranger := range []*store.View{other, enrol(t, s).session()} {
		if _, err := stranger.Send(t.Context(), x.ID, 0, r); !errors.Is(err, record.NotFound) {
			t.Errorf("another's Send: %v", err)
		}
		if err := stranger.Cancel(t.Context(), x.ID); !errors.Is(err, record.NotFound) {
			t.Errorf("another's Cancel: %v", err)
		}
	}
	w.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
