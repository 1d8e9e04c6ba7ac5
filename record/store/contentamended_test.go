package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/store"
)

// amendTo changes a live grant, with an epoch or without; nil: nothing of it, which an
// epoch is for.
func (d *device) amendTo(id record.GrantID, change func(*grant.Grant), epoch bool) {
	d.t.Helper()
	b := d.body()
	for i := range d.live {
		if d.live[i].ID == id {
			if change != nil {
				change(&d.live[i])
			}
			if !epoch {
				b.Grants = append(b.Grants, d.row(d.live[i]))
			}
		}
	}
	if epoch {
		d.newEpoch(&b)
	}
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
}

// amendments of a grant to all that may be read, and whether what it is fetching goes on.
var amendments = map[string]struct {
	change func(*grant.Grant)
	epoch  bool
	on     bool
}{
	"an epoch for another's sake": {nil, true, true},
	"renewed as it is":            {nil, false, true},
	"longer":                      {func(g *grant.Grant) { g.Until = time.Time{} }, false, true},
	"wider":                       {func(g *grant.Grant) { g.Scopes = scopes("patient/*.cruds") }, false, true},
	"without the section": {func(g *grant.Grant) {
		g.Sections = grant.With(record.SectionsOf(record.Allergies))
	}, true, false},
	"without the type":    {func(g *grant.Grant) { g.Scopes = scopes("patient/AllergyIntolerance.rs") }, false, false},
	"without the letters": {func(g *grant.Grant) { g.Scopes = scopes("patient/*.s") }, false, false},
	"narrowed": {func(g *grant.Grant) {
		g.Scopes = scopes("patient/*.rs patient/DocumentReference.rs?category=insurance")
	}, false, false},
	"only results, of one category": {func(g *grant.Grant) { g.Scopes = scopes("patient/Observation.rs?category=imaging") }, true, false},
}

// What is being fetched goes on as long as its grant allows what it did: through epochs,
// and not when the grant lost something.
func TestAmendedWhileFetched(t *testing.T) {
	for name, c := range amendments {
		_, s := newStore(t)
		d := enrol(t, s)
		put(t, d.session(), large("big", 3<<20))
		g := clinician(s)
		g.Sections, g.Scopes, g.Until = record.AllSections, scopes("patient/*.rs"), s.Now().Add(time.Hour).Truncate(time.Second)
		g, token := d.share(g)
		v := view(t, s, token)
		x, err := v.Content(ctx, binaryRef("big"), 0)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := x.WriteRange(&b, 0, 1000); err != nil {
			t.Fatal(err)
		}
		d.amendTo(g.ID, c.change, c.epoch)
		for range 2 { // nor does it go on when it is tried again
			b.Truncate(1000)
			err = x.WriteRange(&b, 1000, x.Size-1000)
			switch {
			case c.on && (err != nil || int64(b.Len()) != x.Size):
				t.Errorf("%s: %d bytes of %d, %v", name, b.Len(), x.Size, err)
			case !c.on && !errors.Is(err, record.Conflict):
				t.Errorf("%s: %d bytes of %d, %v", name, b.Len(), x.Size, err)
			case !c.on && b.Len() > 200<<10:
				t.Errorf("%s: %d bytes more", name, b.Len()-1000)
			}
		}
		if c.on && !bytes.Equal(b.Bytes(), contentOf(t, d.session(), "big", 0)) {
			t.Errorf("%s: other bytes", name)
		}
	}
}

// So does an export's file.
func TestAmendedWhileExported(t *testing.T) {
	for name, c := range amendments {
		_, s := newStore(t)
		d := enrol(t, s)
		me := d.session()
		for i := range 6 {
			put(t, me, observationIn(fmt.Sprint("o", i), "laboratory", `,"note":[{"text":"`+strings.Repeat("a", 200<<10)+`"}]`))
		}
		g, token := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT",
			Until: s.Now().Add(time.Hour).Truncate(time.Second)})
		v := view(t, s, token)
		begun, err := v.BeginExport(ctx, store.Asked{Path: "x"})
		if err != nil {
			t.Fatal(err)
		}
		x, err := v.OpenExport(begun)
		if err != nil {
			t.Fatal(err)
		}
		files, err := v.ExportFiles(ctx, x, []string{"Observation"}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, file := range files {
			f, err := v.ExportFile(ctx, x, file, nil, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			before := n
			err = f.Each(ctx, func(store.Entry) error {
				if n++; n == before+1 && before == 0 {
					d.amendTo(g.ID, c.change, c.epoch)
				}
				return nil
			})
			if c.on && err != nil || !c.on && !errors.Is(err, record.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
			if !c.on {
				break
			}
		}
		if c.on && n != 6 || !c.on && n != 1 {
			t.Errorf("%s: %d entries", name, n)
		}
	}
}
