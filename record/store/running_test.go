package store_test

import (
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
)

// Who waits for a slow answer is told when the grant comes to allow less, and not of an
// epoch, nor of what becomes of another's.
func TestToldOfLess(t *testing.T) {
	for name, c := range amendments {
		_, s := newStore(t)
		d := enrol(t, s)
		g := clinician(s)
		g.Sections, g.Scopes, g.Until = record.AllSections, scopes("patient/*.rs"), s.Now().Add(time.Hour).Truncate(time.Second)
		other, _ := d.share(g)
		g, token := d.share(g)
		v, me := view(t, s, token), d.session()
		told, person := 0, 0
		v.OnStop(func() { told++ })
		me.OnStop(func() { person++ })
		d.amendTo(other.ID, func(g *grant.Grant) { g.Scopes = scopes("patient/Patient.r") }, c.epoch)
		if told != 0 {
			t.Errorf("%s, of another's grant: told", name)
		}
		d.amendTo(g.ID, c.change, c.epoch)
		if (told == 0) != c.on || person != 0 {
			t.Errorf("%s: told %d times, the person %d", name, told, person)
		}
		v.OnStop(nil)
		d.amendTo(g.ID, func(g *grant.Grant) { g.Scopes = scopes("patient/Patient.r") }, false)
		if told > 1 {
			t.Errorf("%s: told when there was nobody to tell", name)
		}
		me.OnStop(nil)
	}
}
