package store_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/store"
)

// scan is a document of so many bytes, of no two alike.
func scan(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = r.Read(b)
	return b
}

// send sends a content in pieces of a size, each of which breaks off somewhere.
func send(t testing.TB, v *store.View, content []byte, piece int) store.SentID {
	t.Helper()
	x, err := v.Begin(t.Context(), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for tries := 0; x.Offset < x.Size; tries++ {
		to := min(x.Offset+int64(piece), x.Size)
		var r io.Reader = bytes.NewReader(content[x.Offset:to])
		if tries%2 == 0 && to < x.Size { // a connection that breaks
			r = io.MultiReader(r, iotest.ErrReader(io.ErrClosedPipe))
		}
		next, err := v.Send(t.Context(), x.ID, x.Offset, r)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
		if next.Offset > to || next.Offset%(256<<10) != 0 && next.Offset != next.Size {
			t.Fatalf("sent to %d, and %d are there", to, next.Offset)
		}
		x = next
		if tries > 1000 {
			t.Fatal("it comes no further")
		}
	}
	return x.ID
}

// claim is a Binary that takes what was sent.
func claim(id string, sent store.SentID, more string) string {
	return fmt.Sprintf(`{"resourceType":"Binary","id":%q,"contentType":"application/pdf",%s"_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"https://example.org/fhir/Binary/$upload/%x"}]}}`, id, more, sent)
}

func contentOf(t testing.TB, v *store.View, id string, version record.Version) []byte {
	t.Helper()
	c, err := v.Content(t.Context(), binaryRef(id), version)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.WriteRange(&b, 0, c.Size); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What was sent in pieces is the Binary's, as raw bytes, as JSON and in any range of
// it; and each later version has its own.
func TestContent(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	const size = 3<<20 + 17
	first, second := scan(size), scan(700<<10)
	sent := send(t, me, first, 600<<10)
	res := put(t, me, claim("letter", sent, `"securityContext":{"reference":"Condition/c"},`))
	if res.Version != 1 || !res.Created || bytes.Contains(res.Body, []byte("upload")) {
		t.Fatalf("%+v %s", res, res.Body)
	}
	if _, err := me.Sent(t.Context(), sent); !errors.Is(err, record.NotFound) {
		t.Errorf("what was claimed is still there: %v", err)
	}
	if got := contentOf(t, me, "letter", 0); !bytes.Equal(got, first) {
		t.Fatalf("%d bytes, and not those that were sent", len(got))
	}
	c, err := me.Content(t.Context(), binaryRef("letter"), 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.JSON(&b); err != nil || int64(b.Len()) != c.JSONSize() {
		t.Fatalf("%d bytes of %d: %v", b.Len(), c.JSONSize(), err)
	}
	r, err := fhir.Parse(b.Bytes(), fhir.Limits{})
	if err != nil || r.Root().Get("data").Text() != base64.StdEncoding.EncodeToString(first) || r.ID() != "letter" || r.VersionID() != "1" ||
		r.Root().Get("contentType").Text() != "application/pdf" || r.Root().Get("securityContext").Get("reference").Text() != "Condition/c" {
		t.Errorf("as JSON it is %.300s: %v", b.Bytes(), err)
	}
	for range 200 {
		from := rand.IntN(size)
		n := rand.IntN(size - from + 1)
		if rand.IntN(2) == 0 {
			n = min(n, 10)
		}
		b.Reset()
		if err := c.WriteRange(&b, int64(from), int64(n)); err != nil || !bytes.Equal(b.Bytes(), first[from:from+n]) {
			t.Fatalf("%d bytes from %d: %v", n, from, err)
		}
	}
	for _, bad := range [][2]int64{{-1, 1}, {0, size + 1}, {size, 1}, {size + 1, 0}, {1, 1<<63 - 1}} {
		if err := c.WriteRange(io.Discard, bad[0], bad[1]); err == nil {
			t.Errorf("%d bytes from %d are read", bad[1], bad[0])
		}
	}

	// A later version, sent as JSON; the older one stays.
	json := `{"resourceType":"Binary", "id":"letter", "data":"` + base64.StdEncoding.EncodeToString(second) + `", "contentType":"image/png"}`
	if res := put(t, me, json); res.Version != 2 {
		t.Fatalf("%+v", res)
	}
	if !bytes.Equal(contentOf(t, me, "letter", 0), second) || !bytes.Equal(contentOf(t, me, "letter", 1), first) {
		t.Error("the versions are mixed up")
	}
	if c, err = me.Content(t.Context(), binaryRef("letter"), 0); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if err := c.JSON(&b); err != nil {
		t.Fatal(err)
	}
	came, err := fhir.Parse([]byte(json), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want := came.With(fhir.Meta{ID: "letter", VersionID: "2", LastUpdated: c.Header.Time}); !bytes.Equal(b.Bytes(), want) {
		t.Errorf("sent\n%.200s\nserved\n%.200s", want, b.Bytes())
	}
	if res := put(t, me, json); !res.Unchanged || res.Version != 2 {
		t.Errorf("the same again is %+v", res)
	}
	if res := put(t, me, strings.Replace(json, "image/png", "image/gif", 1)); res.Version != 3 {
		t.Errorf("another type is %+v", res)
	}
	if _, err := me.Move(t.Context(), []fhir.Ref{binaryRef("letter")}, record.Private); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(contentOf(t, me, "letter", 3), second) || !bytes.Equal(contentOf(t, me, "letter", 1), first) {
		t.Error("filed elsewhere it is another")
	}
	if _, err := me.Content(t.Context(), fhir.Ref{Type: "Patient", ID: me.PatientID()}, 0); !errors.Is(err, record.NotFound) {
		t.Errorf("a Patient that is not there: %v", err)
	}
}

// A letter and what points to it come together or not at all, in the section that
// filing finds for both.
func TestContentIsFiledWithItsLetter(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	letter := scan(300 << 10)
	reference := func(id, typ, binary string) string {
		return `{"resourceType":"DocumentReference","id":"` + id + `","status":"current","type":{"text":"` + typ + `"},"content":[{"attachment":{"url":"Binary/` + binary + `"}}]}`
	}
	both := func(v *store.View, texts ...string) ([]store.Result, error) {
		var changes []change.Change
		for _, text := range texts {
			r, err := fhir.Parse([]byte(text), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			changes = append(changes, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
		}
		return v.Apply(t.Context(), changes, store.ApplyOptions{})
	}
	sent := send(t, me, letter, 1<<20)
	if _, err := both(me, claim("a", sent, ""), `{"resourceType":"Subscription","id":"x","status":"off","reason":"x","criteria":"x","channel":{"type":"message"}}`); err == nil {
		t.Fatal("a Subscription is kept")
	}
	if _, err := me.Read(t.Context(), binaryRef("a"), 0); !errors.Is(err, record.NotFound) {
		t.Errorf("half of it was kept: %v", err)
	}
	res, err := both(me, claim("a", sent, ""), reference("d", "Psychiatry outpatient letter", "a"))
	if err != nil || res[0].Section != record.MentalHealth || res[1].Section != record.MentalHealth {
		t.Fatalf("%+v %v", res, err)
	}

	// One that came by itself goes along when something points to it.
	put(t, me, claim("b", send(t, me, letter, 1<<20), ""))
	section := func(id string) record.Section {
		e, err := me.Read(t.Context(), binaryRef(id), 0)
		if err != nil {
			t.Fatal(err)
		}
		return e.Section
	}
	if got := section("b"); got != record.Documents {
		t.Fatalf("by itself it is filed in %s", got)
	}
	put(t, me, reference("e", "Psychiatry outpatient letter", "b"))
	if got := section("b"); got != record.MentalHealth {
		t.Errorf("pointed to by a psychiatrist's letter it is in %s", got)
	}
	if e := d.event(t, 3); e.Action != audit.Move || !slices.Equal(e.Entries, []string{"Binary/b"}) || e.Text != "mental-health" { // before the write, and the read
		t.Errorf("the log says %+v", e)
	}
	if !bytes.Equal(contentOf(t, me, "b", 0), letter) {
		t.Error("it lost its content on the way")
	}
	put(t, me, reference("f", "Discharge letter", "b"))
	if got := section("b"); got != record.MentalHealth {
		t.Errorf("and an ordinary letter made it %s", got)
	}

	// Where the person filed it themselves it stays.
	put(t, me, claim("c", send(t, me, letter, 1<<20), ""))
	if _, err := me.Move(t.Context(), []fhir.Ref{binaryRef("c")}, record.Results); err != nil {
		t.Fatal(err)
	}
	put(t, me, reference("g", "Psychiatry outpatient letter", "c"))
	if got := section("c"); got != record.Results {
		t.Errorf("the person's own filing was undone: %s", got)
	}

	// Others take along what they wrote, and nothing of anybody else's.
	g := clinician(s)
	g.Sections, g.Scopes = grant.With(record.SectionsOf(record.Documents, record.MentalHealth)), scopes("patient/*.cruds")
	_, token := d.share(g)
	nurse := view(t, s, token)
	put(t, me, claim("mine", send(t, me, letter, 1<<20), ""))
	create := func(v *store.View, text string) store.Result {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := v.Apply(t.Context(), []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: v.NewID(r.Type())}, Resource: r}}, store.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return res[0]
	}
	theirs := create(nurse, claim("x", send(t, nurse, letter, 1<<20), ""))
	create(nurse, reference("x", "Psychiatry outpatient letter", "mine"))
	create(nurse, reference("x", "Psychiatry outpatient letter", theirs.Ref.ID))
	if got := section("mine"); got != record.Documents {
		t.Errorf("a nurse moved what the person wrote to %s", got)
	}
	if got := section(theirs.Ref.ID); got != record.MentalHealth {
		t.Errorf("their own is in %s", got)
	}
}

// What may not be claimed.
func TestClaims(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	g := clinician(s)
	g.Sections, g.Scopes = record.AllSections, scopes("patient/*.cruds")
	given, token := d.share(g)
	other := view(t, s, token)
	whole := send(t, me, scan(300<<10), 1<<20)
	theirs := send(t, other, scan(300<<10), 1<<20)
	begun, err := me.Begin(t.Context(), 600<<10)
	if err != nil {
		t.Fatal(err)
	}
	if begun, err = me.Send(t.Context(), begun.ID, 0, bytes.NewReader(scan(300<<10))); err != nil || begun.Offset != 256<<10 {
		t.Fatalf("%+v %v", begun, err)
	}
	stranger := enrol(t, s).session()
	unknown := store.SentID{1}
	for _, x := range []struct {
		name string
		v    *store.View
		sent store.SentID
		want record.Kind
	}{
		{"another grant's", me, theirs, record.NotFound},
		{"the person's", other, whole, record.NotFound},
		{"another person's", stranger, whole, record.NotFound},
		{"one that is not there", me, unknown, record.NotFound},
		{"half of one", me, begun.ID, record.Conflict},
	} {
		if _, err := tryPut(x.v, claim("a", x.sent, "")); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
		if x.want == record.NotFound {
			if _, err := x.v.Sent(t.Context(), x.sent); !errors.Is(err, record.NotFound) {
				t.Errorf("%s is told of: %v", x.name, err)
			}
			if _, err := x.v.Send(t.Context(), x.sent, 0, strings.NewReader("x")); !errors.Is(err, record.NotFound) {
				t.Errorf("%s is written: %v", x.name, err)
			}
			if err := x.v.Cancel(t.Context(), x.sent); !errors.Is(err, record.NotFound) {
				t.Errorf("%s is cancelled: %v", x.name, err)
			}
		}
	}
	for _, bad := range []string{"", "x", "Binary/$upload/", strings.Repeat("0", 34), hex.EncodeToString(whole[:15])} {
		text := strings.Replace(claim("a", whole, ""), fmt.Sprintf("https://example.org/fhir/Binary/$upload/%x", whole), bad, 1)
		if _, err := tryPut(me, text); err == nil {
			t.Errorf("%q is claimed", bad)
		}
	}
	if _, err := me.Send(t.Context(), begun.ID, 0, strings.NewReader("x")); !errors.Is(err, record.Conflict) {
		t.Errorf("from another place: %v", err)
	}
	if _, err := me.Send(t.Context(), begun.ID, 256<<10, bytes.NewReader(scan(400<<10))); !errors.Is(err, record.Invalid) {
		t.Errorf("more than was said: %v", err)
	}
	if err := me.Cancel(t.Context(), begun.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := me.Sent(t.Context(), begun.ID); !errors.Is(err, record.NotFound) {
		t.Errorf("cancelled: %v", err)
	}
	for _, size := range []int64{-1, store.MaxDocument + 1} {
		if _, err := me.Begin(t.Context(), size); err == nil {
			t.Errorf("%d bytes are begun", size)
		}
	}
	d.stop(given.ID)
	if _, err := other.Send(t.Context(), theirs, 0, strings.NewReader("x")); !errors.Is(err, record.Unauthorized) {
		t.Errorf("of a stopped grant: %v", err)
	}
	n := 0
	for ; n < 20; n++ {
		if _, err = me.Begin(t.Context(), 1); err != nil {
			break
		}
	}
	if !errors.Is(err, record.TooMany) || n > 8 {
		t.Errorf("%d uploads at once: %v", n, err)
	}
}

// A range opens what it needs: with any other row of the document damaged it is read,
// and with its own it is refused.
func TestRangeOpensWhatItNeeds(t *testing.T) {
	b := newBed(t)
	me := view(t, b.s, b.me)
	content := scan(2 << 20)
	put(t, me, claim("scan", send(t, me, content, 4<<20), ""))
	var parts []string
	for key := range b.engine.parts[kv.Partition(b.d.person)] {
		if key[0] == 'x' {
			parts = append(parts, key)
		}
	}
	slices.Sort(parts)
	if len(parts) != 8 { // 2 MiB less the 64 KiB of row 0, in rows of 256 KiB
		t.Fatalf("%d rows", len(parts))
	}
	c, err := me.Content(t.Context(), binaryRef("scan"), 0)
	if err != nil {
		t.Fatal(err)
	}
	at := int64(64<<10 + 3*256<<10 + 100) // in row 4
	read := func() error {
		var got bytes.Buffer
		err := c.WriteRange(&got, at, 1000)
		if err == nil && !bytes.Equal(got.Bytes(), content[at:at+1000]) {
			t.Error("another range")
		}
		return err
	}
	for i, key := range parts {
		row := b.engine.parts[kv.Partition(b.d.person)][key]
		damaged := bytes.Clone(row)
		damaged[len(damaged)/2] ^= 1
		b.engine.set(kv.Partition(b.d.person), key, damaged)
		if err := read(); (i == 3) != errors.Is(err, record.Integrity) {
			t.Errorf("with row %d damaged: %v", i+1, err)
		}
		b.engine.set(kv.Partition(b.d.person), key, row)
	}
}
