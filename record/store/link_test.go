package store_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// link makes a link of the device's by hand.
func (d *device) link(flags keys.LinkFlags, passcode string, tries uint32, until time.Time) (crypto.Credential, crypto.Key, grant.Grant) {
	d.t.Helper()
	g := d.grant(clinician(d.s))
	url, key := crypto.NewCredential(crypto.Link), crypto.NewKey()
	secrets := keys.LinkSecrets{Key: key}
	if flags&keys.LinkSummary != 0 {
		secrets.Grant = keys.GrantKey(d.grants, g.ID)
	}
	b := d.body()
	b.Grants = []statement.GrantRow{d.row(g)}
	b.Capsules = []record.Capsule{keys.SealLink(url, keys.LinkCapsule{Person: d.person, Grant: g.ID, Audit: keys.AuditKey(d.audit, g.ID),
		Flags: flags, Tries: tries, Salt: crypto.RandomID(), Until: until}, secrets, crypto.SecretString(passcode))}
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
	return url, key, g
}

func openLink(s *store.Store, url crypto.Credential, passcode string) (*store.Opened, error) {
	l, err := s.OpenLink(ctx, url)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.Open(ctx, "Ward 7", crypto.SecretString(passcode))
}

func anything(string, record.Section) bool { return true }

func TestLink(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, allergy)
	url, key, g := d.link(keys.LinkSummary, "", 10, time.Time{})
	file := bytes.Repeat([]byte("a.b..c"), 100_000)
	if err := me.PutLinkFile(ctx, url.CapsuleID(), 1, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	made := s.Now().Truncate(time.Second)
	if err := me.PutLinkFile(ctx, url.CapsuleID(), 0, bytes.NewReader(keys.MarshalFiles([]keys.LinkFile{{ContentType: "application/fhir+json", Size: int64(len(file)), Made: made}}))); err != nil {
		t.Fatal(err)
	}
	o, err := openLink(s, url, "")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if !o.Key.Equal(key) || o.View == nil {
		t.Fatal("it opens, to something else")
	}
	list, err := o.List()
	if err != nil || len(list) != 1 || list[0].Size != int64(len(file)) || !list[0].Made.Equal(made) {
		t.Fatalf("%+v %v", list, err)
	}
	var got bytes.Buffer
	if err := o.File(1, &got); err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Fatalf("%d bytes of %d: %v", got.Len(), len(file), err)
	}
	if err := o.File(2, &got); !errors.Is(err, record.NotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	e := d.lastEvent(t)
	if e.Action != audit.Opened || e.Text != "Ward 7" || e.Grant != g.ID || e.Outcome != audit.Done {
		t.Errorf("the log says %+v", e)
	}
	if entries, err := o.View.Gather(ctx, "$summary", anything); err != nil || len(entries) != 1 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	// What is made says what of it is shown, before anybody has it; what could not be made
	// showed nothing, and was asked for.
	if err := o.View.GatherInto(ctx, "$summary", anything, func(all []store.Entry) (map[fhir.Ref]bool, error) {
		return map[fhir.Ref]bool{all[0].Ref: true}, nil
	}); err != nil {
		t.Error(err)
	}
	if e := d.lastEvent(t); e.Query != "$summary" || len(e.Entries) != 1 || e.More != 0 {
		t.Errorf("the log says %+v", e)
	}
	for _, into := range []func([]store.Entry) (map[fhir.Ref]bool, error){
		func([]store.Entry) (map[fhir.Ref]bool, error) { return map[fhir.Ref]bool{}, nil },
		func(all []store.Entry) (map[fhir.Ref]bool, error) {
			return map[fhir.Ref]bool{all[0].Ref: true}, errors.New("no")
		},
	} {
		if err := o.View.GatherInto(ctx, "$summary", anything, into); err != nil && err.Error() != "no" {
			t.Error(err)
		}
		if e := d.lastEvent(t); e.Query != "$summary" || len(e.Entries) != 0 || e.More != 0 {
			t.Errorf("the log says %+v", e)
		}
	}
	// What is not needed is not shown, and the log does not say that it was.
	if entries, err := o.View.Gather(ctx, "$summary", func(typ string, s record.Section) bool { return typ == "Goal" || s == record.Plan }); err != nil || len(entries) != 0 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if e := d.lastEvent(t); e.Action != audit.Search || e.Query != "$summary" || len(e.Entries) != 0 || e.More != 0 {
		t.Errorf("the log says %+v", e)
	}
	// A shorter file takes its place whole.
	if err := me.PutLinkFile(ctx, url.CapsuleID(), 1, strings.NewReader("short")); err != nil {
		t.Fatal(err)
	}
	got.Reset()
	if err := o.File(1, &got); err != nil || got.String() != "short" {
		t.Errorf("%.40q, %v", got.String(), err)
	}
	// Another person has nothing to do with it, nor has who was granted something.
	other := enrol(t, s)
	if err := other.session().PutLinkFile(ctx, url.CapsuleID(), 1, strings.NewReader("theirs")); !errors.Is(err, record.Conflict) {
		t.Errorf("another person writes its files: %v", err)
	}
	if err := other.session().DropLink(ctx, url.CapsuleID()); err != nil {
		t.Error(err)
	}
	if got.Reset(); o.File(1, &got) != nil || got.String() != "short" {
		t.Error("another person removed its files")
	}
	_, token := d.share(clinician(s))
	if err := view(t, s, token).PutLinkFile(ctx, url.CapsuleID(), 1, strings.NewReader("x")); !errors.Is(err, record.Forbidden) {
		t.Errorf("a grant writes its files: %v", err)
	}
	d.stop(g.ID)
	if _, err := s.OpenLink(ctx, url); !errors.Is(err, record.NotFound) {
		t.Errorf("stopped, it opens: %v", err)
	}
	d.live = append(d.live, g) // to read what was logged for it
	if e := d.lastEvent(t); e.Action != audit.Opened || e.Reason != audit.Stopped {
		t.Errorf("and the log says %+v", e)
	}
	for _, c := range []crypto.Credential{crypto.NewCredential(crypto.Link), {}, crypto.NewCredential(crypto.Access)} {
		if _, err := s.OpenLink(ctx, c); !errors.Is(err, record.NotFound) {
			t.Errorf("a link that is none: %v", err)
		}
	}
}

// A snapshot holds no key of the record: a copy of the disk with the link opens the
// files, and nothing else.
func TestSnapshotHasNoKeyOfTheRecord(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	url, _, _ := d.link(keys.LinkDirect, "", 10, time.Time{})
	o, err := openLink(s, url, "")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.View != nil {
		t.Error("it opens a View")
	}
}

// However many ask at once, a passcode is tried as often as the link says, in its
// whole life; and whoever has it needs none of the tries.
func TestPasscode(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	url, _, _ := d.link(keys.LinkPasscode|keys.LinkSummary, "482 913", 7, time.Time{})
	parallel := func(n int, passcode string) (opened, wrong, none int) {
		var wg sync.WaitGroup
		var o, w, x atomic.Int32
		for range n {
			wg.Go(func() {
				open, err := openLink(s, url, passcode)
				var bad store.WrongPasscode
				switch {
				case err == nil:
					open.Close()
					o.Add(1)
				case errors.As(err, &bad):
					w.Add(1)
				case errors.Is(err, record.NotFound):
					x.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return int(o.Load()), int(w.Load()), int(x.Load())
	}
	if o, w, x := parallel(30, "482 913"); o != 30 {
		t.Fatalf("of 30 with the passcode %d got in, %d were wrong, %d were refused", o, w, x)
	}
	for i, passcode := range []string{"482913", "482 91", "482 914"} {
		_, err := openLink(s, url, passcode)
		var bad store.WrongPasscode
		if !errors.As(err, &bad) || bad.Remaining != 6-i {
			t.Fatalf("%q: %v", passcode, err)
		}
	}
	if e := d.lastEvent(t); e.Action != audit.Opened || e.Reason != audit.WrongCode || e.Text != "Ward 7" {
		t.Errorf("the log says %+v", e)
	}
	// A restart forgets nothing.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if s, err = store.Open(dir, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	d.s = s
	if o, w, x := parallel(40, "000 000"); o != 0 || w != 4 || x != 36 {
		t.Errorf("of 40 guesses at once %d were looked at, with 4 left; %d got in, %d were refused", w, o, x)
	}
	if _, err := openLink(s, url, "482 913"); !errors.Is(err, record.NotFound) {
		t.Errorf("used up, it opens: %v", err)
	}
	if e := d.lastEvent(t); e.Reason != audit.UsedUp {
		t.Errorf("the log says %+v", e)
	}
}

// A try that was taken when the power went is gone.
func TestPasscodeCrash(t *testing.T) {
	b := newBed(t)
	url, _, _ := b.d.link(keys.LinkPasscode, "1234", 3, time.Time{})
	for n := 1; n <= 3; n++ {
		b.engine.crash, b.engine.cut = 2, 1 // the commit after the one that takes it
		if _, err := openLink(b.s, url, "0000"); err == nil {
			t.Fatal("a wrong passcode opens it")
		}
		b.boot(b.engine.reboot())
		b.d.s = b.s
	}
	if _, err := openLink(b.s, url, "1234"); !errors.Is(err, record.NotFound) {
		t.Errorf("three power cuts gave three more tries: %v", err)
	}
}

func TestLinkExpires(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	url, _, _ := d.link(keys.LinkSummary, "", 1, s.Now().Add(1500*time.Millisecond).Truncate(time.Second))
	time.Sleep(1600 * time.Millisecond)
	if _, err := openLink(s, url, ""); !errors.Is(err, record.NotFound) {
		t.Errorf("after its time it opens: %v", err)
	}
	if e := d.lastEvent(t); e.Reason != audit.Expired {
		t.Errorf("the log says %+v", e)
	}
}

// Passcodes are stretched a few at a time, whoever asks for how many: each takes 19 MiB.
func TestPasscodesHavePlaces(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	var urls []crypto.Credential
	for range 40 {
		url, _, _ := d.link(keys.LinkPasscode, "right", 10, time.Time{})
		urls = append(urls, url)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	runtime.GC()
	before, peak := heap(), uint64(0)
	done := make(chan struct{})
	var watch, wg sync.WaitGroup
	watch.Go(func() {
		for {
			peak = max(peak, heap())
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	var wrong, busy atomic.Int64
	for _, url := range urls {
		wg.Go(func() {
			_, err := openLink(s, url, "wrong")
			var w store.WrongPasscode
			switch {
			case errors.As(err, &w) && w.Remaining == 9:
				wrong.Add(1)
			case errors.Is(err, record.Unavailable): // and no try is taken
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(done)
	watch.Wait()
	if grown := int64(peak) - int64(before); grown > 250<<20 {
		t.Errorf("40 at once took %d MiB", grown>>20)
	}
	if wrong.Load() == 0 {
		t.Error("none was looked at")
	}
	// Whoever was told to come back has all their tries.
	for _, url := range urls {
		o, err := openLink(s, url, "right")
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
	}
	t.Logf("%d looked at, %d told to come back", wrong.Load(), busy.Load())
}
