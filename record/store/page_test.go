package store_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"carehold/record/store"
)

// Pages that are looked at at the same time, of two people, and released as soon as
// they were, never show anything of one another: each entry is the one that it says it
// is, in the order asked for, and is gone when the page is released.
func TestPageIsItsOwn(t *testing.T) {
	_, s := newStore(t)
	var wait sync.WaitGroup
	for range 2 {
		d := enrol(t, s)
		me := d.session()
		who := me.PatientID()
		if _, err := me.Apply(ctx, lifeOf(300, who), store.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			v := d.session()
			wait.Go(func() {
				for i := range 20 {
					held, err := lookFor(v, "Observation", "_sort=-date", 50)
					if err != nil || len(held.Entries) != 50 {
						t.Error(len(held.Entries), err)
						return
					}
					for range 3 {
						p, err := lookFor(v, "Observation", "", 1+i*7)
						if err != nil {
							t.Error(err)
							return
						}
						p.Release()
					}
					past, err := v.History(ctx, store.HistoryQuery{Limit: 30 + i})
					if err != nil || len(past.Versions) != 30+i {
						t.Error(len(past.Versions), err)
						return
					}
					for _, e := range past.Versions {
						if !bytes.Contains(e.Body, []byte(`"id":"`+e.Ref.ID+`"`)) || !bytes.Contains(e.Body, []byte("Patient/"+who)) {
							t.Errorf("%s of the history is another's", e.Ref)
						}
					}
					if past.Release(); past.Versions[0].Body != nil {
						t.Error("a history released, and still there")
					}
					before := "9999"
					for _, e := range held.Entries {
						if !bytes.Contains(e.Body, []byte(`"id":"`+e.Ref.ID+`"`)) || !bytes.Contains(e.Body, []byte("Patient/"+who)) {
							t.Errorf("%s is another's", e.Ref)
						}
						_, date, _ := strings.Cut(string(e.Body), `"effectiveDateTime":"`)
						if date[:20] > before {
							t.Errorf("%s after %s", date[:20], before)
						}
						before = date[:20]
					}
					if held.Release(); held.Entries[0].Body != nil {
						t.Error("released, and still there")
					}
				}
			})
		}
	}
	wait.Wait()
}
