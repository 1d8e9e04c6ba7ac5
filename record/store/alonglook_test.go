package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/search"
	"carehold/record/store"
)

// granteeOfTwo is a record with a grantee of two sections, who may have searched it.
func granteeOfTwo(t *testing.T, searched bool) (s *store.Store, d *device, me, v *store.View) {
	t.Helper()
	_, s = newStore(t)
	d = enrol(t, s)
	me = d.session()
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Somebody"}, Sections: grant.With(record.SectionsOf(record.Documents, record.MentalHealth)), Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	v = view(t, s, token)
	if searched {
		page, err := v.Search(t.Context(), must[*search.Query](t)(search.Parse("DocumentReference", "", search.Options{})), store.SearchOptions{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		page.Release()
	}
	return s, d, me, v
}

// othersWrite puts letters of the person's that point to nothing.
func othersWrite(t *testing.T, me *store.View, n int) {
	t.Helper()
	for i := 0; i < n; i += 100 {
		var list []change.Change
		for k := range min(100, n-i) {
			r := resourceOf(t, fmt.Sprintf(`{"resourceType":"DocumentReference","id":"o%d","status":"current","description":"\u003cb\u003e","content":[{"attachment":{"title":"x"}}]}`, i+k))
			list = append(list, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
		}
		must[[]store.Result](t)(me.Apply(t.Context(), list, store.ApplyOptions{}))
	}
}

// granteesFiles are so many small Binaries, sent before any letter.
func granteesFiles(t *testing.T, v *store.View, n int) (refs []fhir.Ref) {
	t.Helper()
	var list []change.Change
	for range n {
		r := resourceOf(t, `{"resourceType":"Binary","contentType":"text/plain","data":"aGVsbG8="}`)
		list = append(list, change.Change{Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: v.NewID(r.Type())}, Resource: r})
	}
	for _, x := range must[[]store.Result](t)(v.Apply(t.Context(), list, store.ApplyOptions{})) {
		refs = append(refs, x.Ref)
	}
	return refs
}

// letterOf is a letter in mental-health, of which files are.
func letterOf(refs []fhir.Ref) string {
	var content []string
	for _, ref := range refs {
		content = append(content, `{"attachment":{"url":"`+ref.String()+`"}}`)
	}
	return `{"resourceType":"DocumentReference","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},"status":"current","content":[` + strings.Join(content, ",") + `]}`
}

// reads counts what is read, and may take its time for it.
type reads struct {
	kv.Engine
	rows, views int
	wait        time.Duration
}

type readsOf struct {
	kv.Reader
	e *reads
}

func (e *reads) View(p kv.Partition, fn func(kv.Reader) error) error {
	e.views++
	return e.Engine.View(p, func(r kv.Reader) error { return fn(readsOf{r, e}) })
}

func (r readsOf) Get(key []byte) ([]byte, error) {
	r.e.read()
	return r.Reader.Get(key)
}

func (r readsOf) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	return r.Reader.Scan(prefix, from, func(key, value []byte) (bool, error) {
		r.e.read()
		return fn(key, value)
	})
}

func (e *reads) read() {
	e.rows++
	time.Sleep(e.wait)
}

// TestManyFilesAreOnePass: what a grantee's letter takes along is few files, which are
// looked for in one pass: three hundred of them, a pass each, once held the person's turn
// to write for 22 seconds.
func TestManyFilesAreOnePass(t *testing.T) {
	t.Parallel()
	for _, searched := range []bool{false, true} {
		s, _, me, v := granteeOfTwo(t, searched)
		const others = 500
		othersWrite(t, me, others)
		files := granteesFiles(t, v, 17)
		e := &reads{}
		s.WrapEngine(func(inner kv.Engine) kv.Engine { e.Engine = inner; return e })
		if _, err := creates(t, v, letterOf(files)); !errors.Is(err, record.TooLarge) {
			t.Errorf("17 files: %v", err)
		}
		if e.rows > others {
			t.Errorf("%d rows were read to refuse it", e.rows)
		}
		e.rows = 0
		if _, err := creates(t, v, letterOf(files[1:])); err != nil {
			t.Fatal(err)
		}
		if e.rows > 4*others {
			t.Errorf("%d rows were read for 16 files, of %d entries", e.rows, others)
		}
		for i, ref := range files {
			want := record.MentalHealth
			if i == 0 {
				want = record.Documents
			}
			if got := filedIn(t, me, ref.ID); got != want {
				t.Errorf("file %d is in %s", i, got)
			}
		}
	}
}

// TestPersonTakesManyFiles: what is the person's own has no such bound, and neither has
// what stays anyhow.
func TestPersonTakesManyFiles(t *testing.T) {
	t.Parallel()
	_, _, me, v := granteeOfTwo(t, false)
	files := granteesFiles(t, me, 17)
	for _, ref := range files { // nothing points to them yet: they are private
		must[[]store.Result](t)(me.Move(t.Context(), []fhir.Ref{ref}, record.Documents))
	}
	if _, err := creates(t, v, letterOf(files)); err != nil {
		t.Errorf("a letter of the person's files: %v", err)
	}
	theirs := granteesFiles(t, v, 17)
	if _, err := creates(t, me, letterOf(theirs)); err != nil {
		t.Fatal(err)
	}
	for _, ref := range theirs {
		if got := filedIn(t, me, ref.ID); got != record.MentalHealth {
			t.Errorf("a file is in %s", got)
		}
	}
}

// TestFileGoesAlongPastManyEntries: a letter is not filed more strictly than its file
// because much was written meanwhile.
func TestFileGoesAlongPastManyEntries(t *testing.T) {
	t.Parallel()
	for _, searched := range []bool{false, true} {
		_, _, me, v := granteeOfTwo(t, searched)
		files := granteesFiles(t, v, 1)
		othersWrite(t, me, 1100)
		if _, err := creates(t, v, letterOf(files)); err != nil {
			t.Fatal(err)
		}
		if got := filedIn(t, me, files[0].ID); got != record.MentalHealth {
			t.Errorf("searched %v: the file is in %s", searched, got)
		}
	}
}

// TestLetterIsRefusedInTime: where nobody knows in time whether others point to a file,
// its letter is refused, and with the file in it it is not.
func TestLetterIsRefusedInTime(t *testing.T) {
	t.Parallel()
	s, _, me, v := granteeOfTwo(t, false)
	othersWrite(t, me, 300)
	files := granteesFiles(t, v, 2)
	e := &reads{}
	s.WrapEngine(func(inner kv.Engine) kv.Engine { e.Engine = inner; return e })
	e.wait = 10 * time.Millisecond
	began := time.Now()
	_, err := creates(t, v, letterOf(files))
	took := time.Since(began)
	e.wait = 0
	if !errors.Is(err, record.TooLarge) || !strings.Contains(err.Error(), "send the file with it") {
		t.Errorf("after %v: %v", took, err)
	}
	if took > 30*time.Second { // all of it takes 3 s, for each file
		t.Errorf("it took %v", took)
	}
	list := []change.Change{}
	for _, text := range []string{`{"resourceType":"Binary","id":"new","contentType":"text/plain","data":"aGVsbG8="}`, letterOf([]fhir.Ref{binaryRef("new")})} {
		r := resourceOf(t, text)
		list = append(list, change.Change{Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: v.NewID(r.Type())}, Resource: r})
	}
	list[1].Resource = resourceOf(t, letterOf([]fhir.Ref{list[0].Ref}))
	res := must[[]store.Result](t)(v.Apply(t.Context(), list, store.ApplyOptions{}))
	if got := filedIn(t, me, res[0].Ref.ID); got != record.MentalHealth {
		t.Errorf("the file that came with it is in %s", got)
	}
}

// TestOthersPointHoweverWritten: JSON may have any character escaped (RFC 8259 §7), and a
// reference may name a version.
func TestOthersPointHoweverWritten(t *testing.T) {
	t.Parallel()
	for _, searched := range []bool{false, true} {
		_, _, me, v := granteeOfTwo(t, searched)
		files := granteesFiles(t, v, 4)
		escaped := func(s string) string {
			var b strings.Builder
			for _, c := range []byte(s) {
				fmt.Fprintf(&b, `\u%04x`, c)
			}
			return b.String()
		}
		id := files[2].ID
		for i, url := range []string{`Binary\/` + files[0].ID, files[1].String() + "/_history/1", "Binary/" + id[:3] + escaped(id[3:4]) + id[4:]} {
			put(t, me, fmt.Sprintf(`{"resourceType":"DocumentReference","id":"p%d","status":"current","content":[{"attachment":{"url":"%s"}}]}`, i, url))
		}
		if _, err := creates(t, v, letterOf(files)); err != nil {
			t.Fatal(err)
		}
		for i, want := range []record.Section{record.Documents, record.Documents, record.Documents, record.MentalHealth} {
			if got := filedIn(t, me, files[i].ID); got != want {
				t.Errorf("searched %v: file %d is in %s, not %s", searched, i, got, want)
			}
		}
	}
}

// TestImportTakesAlongItsOwn: an import is of anybody's making. What it writes, and where
// it files that, takes no file along that it did not bring; the person's own move does.
func TestImportTakesAlongItsOwn(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	first, other := entry.Origin{Import: record.ImportID{1}, Source: "x"}, entry.Origin{Import: record.ImportID{2}, Source: "x"}
	bring := func(text string, o entry.Origin) {
		t.Helper()
		r := resourceOf(t, text)
		must[[]store.Result](t)(me.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}}, store.ApplyOptions{Origin: o}))
	}
	file := func(id, more string) string {
		return `{"resourceType":"Binary","id":"` + id + `","contentType":"text/plain` + more + `","data":"aGVsbG8="}`
	}
	letter := func(id, binary string) string {
		return `{"resourceType":"DocumentReference","id":"` + id + `","status":"current","content":[{"attachment":{"url":"Binary/` + binary + `"}}]}`
	}
	for name, c := range map[string]struct {
		was   []entry.Origin // of the file's versions
		along bool
	}{
		"mine": {[]entry.Origin{{}}, false}, "others": {[]entry.Origin{other}, false}, "own": {[]entry.Origin{first}, true},
		"over": {[]entry.Origin{{}, first}, false}, "corrected": {[]entry.Origin{first, {}}, false}, "twice": {[]entry.Origin{first, first}, true},
	} {
		want := record.Documents
		if c.along {
			want = record.MentalHealth
		}
		for _, way := range []string{"written", "filed"} {
			id := name + "-" + way
			put(t, me, letter("of-"+id, id)) // by which it is in documents
			for i, o := range c.was {
				bring(file(id, strings.Repeat(" ", i)), o)
			}
			if way == "written" {
				bring(letterTo("l-"+id, "PSY", id), first)
			} else {
				bring(letter("l-"+id, id), first)
				must[[]store.Result](t)(me.MoveImported(t.Context(), []fhir.Ref{{Type: "DocumentReference", ID: "l-" + id}}, record.MentalHealth, first.Import))
			}
			e := d.event(t, 2)
			if !c.along && (e.Action != audit.Move || e.Outcome != audit.Refused || !slices.Equal(e.Entries, []string{"Binary/" + id})) {
				t.Errorf("%s: the person is told %+v", id, e)
			}
			if got := filedIn(t, me, id); got != want {
				t.Errorf("%s is in %s, not %s", id, got, want)
			}
			must[[]store.Result](t)(me.Move(t.Context(), []fhir.Ref{{Type: "DocumentReference", ID: "l-" + id}}, record.Private))
			if got := filedIn(t, me, id); got != record.Private {
				t.Errorf("%s is in %s when the person moves its letter", id, got)
			}
		}
	}
}
