package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// An export has the record as it was at its moment, whatever was written since: a life
// of two hundred changes, and after it each of the exports that were begun in between,
// held against what was noted of the record then. With what is kept of the record and
// without, all of it and since a moment, in files of a few entries each.
func TestExportAsOf(t *testing.T) {
	for name, memory := range map[string]int64{"kept": 0, "by its rows": -1} {
		t.Run(name, func(t *testing.T) {
			store.FilesOf(t, 5)
			now := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
			dir, s := newStore(t)
			s.Close()
			s = open(t, dir, store.Options{Now: func() time.Time { return now }, SearchMemory: memory})
			d := enrol(t, s)
			me := d.session()
			type state struct {
				version record.Version // 0 is deleted
				at      time.Time
			}
			is := map[fhir.Ref]state{}
			versions := map[fhir.Ref]record.Version{}
			type begun struct {
				token string
				at    time.Time
				was   map[fhir.Ref]state
			}
			var all []begun
			r := rand.New(rand.NewPCG(1, 2))
			begin := func() {
				token, err := me.BeginExport(ctx, store.Asked{Path: "$export", Query: "x"})
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, begun{token, now, maps.Clone(is)})
			}
			begin()
			for i := range 200 {
				now = now.Add(time.Duration(1+r.IntN(3)) * time.Millisecond)
				ref := fhir.Ref{Type: []string{"Condition", "Observation", "Goal"}[r.IntN(3)], ID: fmt.Sprint("e", r.IntN(12))}
				was := is[ref]
				if r.IntN(4) == 0 && was.version > 0 {
					if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: ref}}, store.ApplyOptions{}); err != nil {
						t.Fatal(err)
					}
					versions[ref]++
					is[ref] = state{0, now}
				} else {
					res := put(t, me, fmt.Sprintf(`{"resourceType":"%s","id":"%s","code":{"text":"%d"}}`, ref.Type, ref.ID, i))
					versions[ref]++
					if is[ref] = (state{res.Version, now}); res.Version != versions[ref] {
						t.Fatalf("%s is %s", ref, res.Version)
					}
				}
				if i%20 == 19 {
					begin()
				}
			}
			asked := 0
			for n, b := range all {
				x, err := me.OpenExport(b.token)
				if err != nil || !x.At.Equal(b.at) || x.Asked.Query != "x" {
					t.Fatal(x, err)
				}
				for _, types := range [][]string{nil, {"Condition"}, {"Goal", "Observation"}, {"Patient"}} {
					for _, before := range []int{-1, 0, n / 2, n} {
						var since time.Time
						if before >= 0 {
							since = all[before].at
						}
						want, gone := map[string]bool{}, map[string]bool{}
						for ref, e := range b.was {
							switch {
							case types != nil && !slices.Contains(types, ref.Type) || !e.at.After(since):
							case e.version > 0:
								want[fmt.Sprint(ref, "/_history/", e.version)] = true
							case before >= 0:
								gone[ref.String()] = true
							}
						}
						files, err := me.ExportFiles(ctx, x, types, since)
						if err != nil {
							t.Fatal(err)
						}
						for _, f := range files {
							file, err := me.ExportFile(ctx, x, f, types, since)
							if err != nil {
								t.Fatal(err)
							}
							count := 0
							err = file.Each(ctx, func(e store.Entry) error {
								name := fmt.Sprint(e.Ref, "/_history/", e.Version)
								if count++; !want[name] || e.Ref.Type != f.Type || !strings.Contains(string(e.Body), `"id":"`+e.Ref.ID+`"`) {
									t.Errorf("%s is in a file of %s", name, f.Type)
								}
								delete(want, name)
								return nil
							})
							if err != nil {
								t.Fatal(err)
							}
							for _, ref := range file.Deleted {
								if count++; !gone[ref.String()] || !f.Deleted {
									t.Errorf("%s was not deleted", ref)
								}
								delete(gone, ref.String())
							}
							if asked++; count != f.Count || count > 5 {
								t.Errorf("%d in a file of %d", count, f.Count)
							}
						}
						if len(want)+len(gone) > 0 {
							t.Errorf("export %d of %v since %d lacks %v %v", n, types, before, want, gone)
						}
					}
				}
			}
			t.Logf("%d files", asked)
		})
	}
}

// What is in a file is in the log to the version before a byte is handed out, and how
// much there is when the files are listed.
func TestExportIsLogged(t *testing.T) {
	now := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	dir, s := newStore(t)
	s.Close()
	s = open(t, dir, store.Options{Now: func() time.Time { return now }})
	d := enrol(t, s)
	me := d.session()
	for i := range 3 {
		put(t, me, fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","code":{"text":"x"}}`, i))
	}
	put(t, me, `{"resourceType":"Goal","id":"g","lifecycleStatus":"active"}`)
	began := now
	now = now.Add(time.Second)
	if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Goal", ID: "g"}}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := me.BeginExport(ctx, store.Asked{Path: "$export"})
	if err != nil {
		t.Fatal(err)
	}
	x, err := me.OpenExport(token)
	if err != nil {
		t.Fatal(err)
	}
	files, err := me.ExportFiles(ctx, x, nil, time.Time{})
	if err != nil || len(files) != 1 || files[0].Count != 3 {
		t.Fatal(files, err)
	}
	if e := d.lastEvent(t); e.Action != audit.Search || e.Query != "$export" || e.More != 3 || e.Entries != nil {
		t.Errorf("%+v", e)
	}
	if _, err := me.ExportFile(ctx, x, files[0], nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
	e := d.lastEvent(t)
	slices.Sort(e.Entries)
	if got := strings.Join(e.Entries, " "); e.Query != "Condition" || e.More != 0 || got != "Condition/c0/_history/1 Condition/c1/_history/1 Condition/c2/_history/1" {
		t.Errorf("%+v", e)
	}
	if _, err := me.ExportFile(ctx, x, store.ExportFile{Deleted: true, To: store.ExportParts - 1}, nil, began); err != nil {
		t.Fatal(err)
	}
	if e := d.lastEvent(t); e.Query != "$export" || strings.Join(e.Entries, " ") != "Goal/g/_history/2" {
		t.Errorf("%+v", e)
	}
}

// A token is its grant's, for a day, and of an export alone; it and each that was altered
// are to everybody else as one that never was.
func TestExportTokens(t *testing.T) {
	now := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	dir, s := newStore(t)
	s.Close()
	s = open(t, dir, store.Options{Now: func() time.Time { return now }})
	d, other := enrol(t, s), enrol(t, s)
	me := d.session()
	put(t, me, `{"resourceType":"Condition","id":"c","code":{"text":"x"}}`)
	whole := clinician(s)
	whole.Sections, whole.Scopes = record.AllSections, scopes("patient/*.cruds")
	_, wide := d.share(whole)
	_, narrow := d.share(clinician(s))
	me = d.session() // of the epoch that there is now
	friend, gp := view(t, s, wide), view(t, s, narrow)

	if _, err := gp.BeginExport(ctx, store.Asked{}); !errors.Is(err, record.Forbidden) {
		t.Errorf("a grant to some of it: %v", err)
	}
	if e := d.lastEvent(t); e.Outcome != audit.Refused || e.Reason != audit.NoVerb || e.Query != "$export" {
		t.Errorf("%+v", e)
	}
	mine, err := me.BeginExport(ctx, store.Asked{Path: "$export"})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := friend.BeginExport(ctx, store.Asked{Path: "$export"})
	if err != nil {
		t.Fatal(err)
	}
	page, err := me.FirstOfSearch(store.Asked{Path: "$export"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := me.OpenExport(mine); err != nil {
		t.Error(err)
	}
	if _, err := d.session().OpenExport(mine); err != nil {
		t.Errorf("another session of the person's: %v", err)
	}
	no := func(why string, v *store.View, token string) {
		t.Helper()
		if _, err := v.OpenExport(token); !errors.Is(err, record.NotFound) || err.Error() != store.ErrNoExport.Error() {
			t.Errorf("%s: %v", why, err)
		}
	}
	no("a friend's", me, theirs)
	no("the person's", friend, mine)
	no("somebody else's", other.session(), mine)
	no("of too narrow a grant", gp, theirs)
	no("a page", me, page)
	no("nothing", me, "")
	for i := range mine {
		altered := []byte(mine)
		altered[i] ^= 1
		no("altered", me, string(altered))
		no("cut", me, mine[:i])
	}
	if a, err := me.OpenPage(mine); err == nil { // it opens as its grant's, and is no page of any list
		if _, err := me.History(ctx, store.HistoryQuery{Limit: 1, Asked: a, Page: mine}); !errors.Is(err, record.Invalid) {
			t.Errorf("as a page of a history: %v", err)
		}
	}
	now = now.Add(24*time.Hour - time.Second)
	me = d.session()
	if _, err := me.OpenExport(mine); err != nil {
		t.Errorf("before its end: %v", err)
	}
	now = now.Add(time.Second)
	no("after its end", d.session(), mine)
}

// While others write all the time an export has, at once and later, the same: what was
// being written when it was begun is in it from the first, or never.
func TestExportBesideWriters(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for n := range 3 {
		v := d.session()
		wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := tryPut(v, fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","code":{"text":"%d"}}`, i%10, 10*i+n)); err != nil && !errors.Is(err, record.Conflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	me := d.session()
	listed := func(x store.Export) string {
		file, err := me.ExportFile(ctx, x, store.ExportFile{Type: "Condition", To: store.ExportParts - 1}, nil, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		if err := file.Each(ctx, func(e store.Entry) error {
			all += fmt.Sprint(e.Ref, "/", e.Version, " ", e.Header.Time.Format(time.RFC3339Nano), "\n")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for range 20 {
		token, err := me.BeginExport(ctx, store.Asked{})
		if err != nil {
			t.Fatal(err)
		}
		x, err := me.OpenExport(token)
		if err != nil {
			t.Fatal(err)
		}
		first := listed(x)
		time.Sleep(20 * time.Millisecond)
		if later := listed(x); later != first {
			t.Errorf("of %s at first\n%sand later\n%s", x.At.Format(time.RFC3339Nano), first, later)
		}
	}
	close(stop)
	wait.Wait()
}

// Another grant that ends while a file is fetched begins an epoch, in which entries are
// filed elsewhere and written again: the file goes on, and has what it was to have. When
// its own ends, it ends there.
func TestExportGoesOn(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for i := range 6 {
		put(t, me, inJSON(large(fmt.Sprint("b", i), 300<<10)))
	}
	other, _ := d.share(clinician(s))
	whole := clinician(s)
	whole.Sections, whole.Scopes = record.AllSections, scopes("patient/*.cruds")
	own, token := d.share(whole)
	friend := view(t, s, token)
	export, err := friend.BeginExport(ctx, store.Asked{})
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(meanwhile func(n int)) (n int, err error) {
		x, err := friend.OpenExport(export)
		if err != nil {
			t.Fatal(err)
		}
		file, err := friend.ExportFile(ctx, x, store.ExportFile{Type: "Binary", To: store.ExportParts - 1}, nil, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		err = file.Each(ctx, func(e store.Entry) error {
			if e.Version != 1 || len(e.Body) < 300<<10 {
				t.Errorf("%s, version %s, of %d bytes", e.Ref, e.Version, len(e.Body))
			}
			n++
			meanwhile(n)
			return nil
		})
		return n, err
	}
	n, err := fetch(func(n int) {
		if n != 2 {
			return
		}
		d.stop(other.ID)
		me := d.session()
		for i := range 6 {
			ref := fhir.Ref{Type: "Binary", ID: fmt.Sprint("b", i)}
			if i%2 == 0 {
				put(t, me, inJSON(large(ref.ID, 310<<10)))
			}
			if _, err := me.Move(ctx, []fhir.Ref{ref}, record.Private); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n != 6 || err != nil {
		t.Errorf("%d came, and then %v", n, err)
	}
	n, err = fetch(func(n int) {
		if n == 2 {
			d.stop(own.ID)
		}
	})
	if n != 2 || !errors.Is(err, record.Unauthorized) {
		t.Errorf("of a grant that was stopped %d came, and then %v", n, err)
	}
}
