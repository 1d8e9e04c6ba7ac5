package httpapi_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/healthlink"
	"carehold/record/keys"
)

// asks posts to a link.
func (w *world) asks(path, body string) (int, []byte) {
	resp := w.send("POST", path, http.Header{"Content-Type": {"application/json"}}, body)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.check(err)
	return resp.StatusCode, b
}

// listed are the files of a manifest.
func (w *world) listed(path, body string) []healthlink.Listed {
	w.t.Helper()
	status, b := w.asks(path, body)
	if status != 200 {
		w.t.Fatalf("%d %s", status, b)
	}
	m, err := healthlink.ParseManifest(b)
	w.check(err)
	return m.Files
}

// However many guess at once, over however many connections, a passcode is tried as
// often as its link says, in its whole life; each guess is told another number, and is
// in the person's log with what they said of themselves.
func TestPasscodesAtOnce(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("ward", "passcode=482913 tries=10 summary")
	var at [11]atomic.Int32
	var none atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			status, b := w.asks(link.path, fmt.Sprintf(`{"recipient":"guess %d","passcode":"%06d"}`, i, i))
			switch {
			case status == 401:
				var said struct{ RemainingAttempts *int }
				if err := json.Unmarshal(b, &said); err != nil || said.RemainingAttempts == nil || *said.RemainingAttempts > 10 {
					t.Errorf("%s", b)
					return
				}
				at[*said.RemainingAttempts].Add(1)
			case status == 404:
				none.Add(1)
			default:
				t.Errorf("%d %s", status, b)
			}
		})
	}
	wg.Wait()
	for left := range 10 {
		if n := at[left].Load(); n != 1 {
			t.Errorf("%d were told that %d tries are left", n, left)
		}
	}
	if none.Load() != 90 {
		t.Errorf("%d were told that there is nothing", none.Load())
	}
	if status, _ := w.asks(link.path, `{"recipient":"Ward 7","passcode":"482913"}`); status != 404 {
		t.Errorf("used up, it answers %d", status)
	}
	// The day's refusals are counted after so many, but each try is in the log.
	events, err := w.ada.History(t.Context(), w.vars["ada"], 0)
	w.check(err)
	guesses := 0
	for _, e := range events {
		if e.Event.Grant == link.grant && e.Event.Action == audit.Opened && e.Event.Reason == audit.WrongCode && strings.HasPrefix(e.Event.Text, "guess ") {
			guesses++
		}
	}
	if guesses != 10 {
		t.Errorf("%d guesses are in the log", guesses)
	}
}

// Nothing of a link reaches what an operator keeps: no path, no passcode, no name, no
// location, whether it opens or not.
func TestLinksAreNotLogged(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("ward", "passcode=482913 summary")
	direct := w.linkTo("snap", "direct file=fhir:10")
	files := w.listed(link.path, `{"recipient":"Nurse Needle","passcode":"482913","embeddedLengthMax":1}`)
	place := strings.TrimPrefix(files[0].Location, publicURL)
	for _, path := range []string{place, place + "x", direct.path + "?recipient=Nurse+Needle", direct.path + "?recipient=Nurse+Needle&x=%zz", link.path + "0", link.path + "?recipient=Nurse+Needle"} {
		w.send("GET", path, nil, "").Body.Close()
	}
	for _, body := range []string{`{"recipient":"Nurse Needle","passcode":"999001"}`, `{"recipient":"Nurse Needle","passcode":`, `{"recipient":"Nurse Needle","passcode":7}`} {
		w.asks(link.path, body)
		w.asks(link.path+"x", body)
		w.asks("/shl/"+w.vars["ward.token"], body)
	}
	metrics := httptest.NewRecorder()
	w.server.Debug().ServeHTTP(metrics, newRequest("GET", "/metrics", nil))
	kept := w.log.String() + metrics.Body.String()
	if !strings.Contains(kept, `/shl/{link}`) || !strings.Contains(kept, `/shl/file/{ticket}`) {
		t.Fatal("the log and the metrics say nothing of links at all")
	}
	for what, text := range map[string]string{"a link": link.path[5:], "a direct link": direct.path[5:], "a passcode": "482913", "a wrong passcode": "999001",
		"a recipient": "Needle", "a ticket": place[len("/shl/file/"):][:40], "a link's name": hex.EncodeToString(link.id[:]), "a token": "chdl_"} {
		if strings.Contains(kept, text) {
			t.Errorf("%s is in the log or the metrics", what)
		}
	}
}

// A location is good at the server that gave it, until that ends: its key is nowhere.
func TestLocationsEndWithTheServer(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("ward", "summary")
	place := strings.TrimPrefix(w.listed(link.path, `{"recipient":"x","embeddedLengthMax":1}`)[0].Location, publicURL)
	again, err := httpapi.New(w.store, httpapi.Config{PublicURL: publicURL, Limits: generous, Logger: w.quiet()})
	w.check(err)
	for server, want := range map[*httpapi.Server]int{w.server: 200, again: 404} {
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, newRequest("GET", place, nil))
		if rec.Code != want {
			t.Errorf("%d, want %d", rec.Code, want)
		}
	}
}

// What a manifest holds is bounded, whatever the client would take and whatever the
// list says of the files.
func TestManifestsAreBounded(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("ward", "file=fhir:500000 file=fhir:400000 file=fhir:10 file=access:10")
	check := func(body string, embedded ...bool) {
		t.Helper()
		files := w.listed(link.path, body)
		if len(files) != len(embedded) {
			t.Fatalf("%d files", len(files))
		}
		for i, f := range files {
			if (f.Embedded != "") != embedded[i] || (f.Location != "") == embedded[i] {
				t.Errorf("%s: file %d: %d characters embedded, at %q", body, i+1, len(f.Embedded), f.Location)
			}
		}
	}
	check(`{"recipient":"x"}`, true, false, true, true) // 670 KB of base64; then 534 KB, for which there is no room
	check(`{"recipient":"x","embeddedLengthMax":2000000000}`, true, false, true, true)
	check(`{"recipient":"x","embeddedLengthMax":600000}`, false, true, true, true)
	check(`{"recipient":"x","embeddedLengthMax":0}`, false, false, false, false)
	// A list that says otherwise changes nothing.
	lies := keys.MarshalFiles([]keys.LinkFile{{ContentType: healthlink.FHIR, Size: 1, Made: time.Unix(1, 0)}, {ContentType: healthlink.FHIR, Size: 1, Made: time.Unix(1, 0)}})
	w.check(w.client.With(w.vars["ada"]).PutLinkFile(t.Context(), link.id, 0, lies))
	check(`{"recipient":"x","embeddedLengthMax":600000}`, false, true)
	check(`{"recipient":"x","embeddedLengthMax":1}`, false, false)
}

// The files of a link are the person's to put, in their quota and within 64 MiB.
func TestLinkFilesAreTheirs(t *testing.T) {
	ctx := context.Background()
	w := newServer(t, generous)
	invite, err := w.store.Invite(ctx, keys.Invite{Until: w.now().Add(time.Hour), Quota: 3 << 20})
	w.check(err)
	w.ada = w.enrolWith("Ada", invite.Token())
	w.vars["ada"] = w.session(w.ada)
	link := w.linkTo("ward", "direct file=fhir:100")
	ben := w.enrol("Ben")
	theirs := w.client.With(w.session(ben))
	if err := theirs.PutLinkFile(ctx, link.id, 1, []byte("theirs")); record.KindOf(err) != record.Conflict {
		t.Errorf("another person puts a file of it: %v", err)
	}
	w.check(theirs.DropLink(ctx, link.id)) // of theirs there is nothing
	resp := w.send("GET", link.path+"?recipient=x", nil, "")
	b, err := io.ReadAll(resp.Body)
	w.check(err)
	resp.Body.Close()
	if resp.StatusCode != 200 || !strings.Contains(w.opened(link, string(b)), "xxx 1") {
		t.Errorf("%d %.100s", resp.StatusCode, b)
	}
	mine := w.client.With(w.vars["ada"])
	if err := mine.PutLinkFile(ctx, link.id, 2, make([]byte, 4<<20)); record.KindOf(err) != record.TooMany {
		t.Errorf("over the quota: %v", err)
	}
	// What it had taken by then is given back with the link.
	w.check(mine.DropLink(ctx, link.id))
	w.check(mine.PutLinkFile(ctx, link.id, 2, make([]byte, 2<<20)))
	if _, err := mine.Patient(ctx); err != nil {
		t.Error(err)
	}
	stranger := crypto.NewCredential(crypto.Link)
	defer stranger.Destroy()
	big := bytes.Repeat([]byte("0123456789abcdef"), 40<<16) // 40 MiB
	t.Run("64MiB", func(t *testing.T) {
		rich := w.client.With(w.session(w.enrol("Cleo")))
		w.check(rich.PutLinkFile(ctx, stranger.CapsuleID(), 1, big))
		if err := rich.PutLinkFile(ctx, stranger.CapsuleID(), 2, big); record.KindOf(err) != record.TooLarge {
			t.Errorf("80 MiB: %v", err)
		}
		w.check(rich.PutLinkFile(ctx, stranger.CapsuleID(), 1, big)) // in its own place
	})
}

// A link is opened so often a day and no more, for each time is in the log.
func TestLinkDaily(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("ward", "direct file=fhir:10")
	for n := range 501 {
		resp := w.send("GET", link.path+"?recipient=x", nil, "")
		resp.Body.Close()
		if want := map[bool]int{true: 200, false: 429}[n < 500]; resp.StatusCode != want {
			t.Fatalf("opening %d: %d, want %d", n+1, resp.StatusCode, want)
		}
	}
	w.wait(25 * time.Hour)
	resp := w.send("GET", link.path+"?recipient=x", nil, "")
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("the next day: %d", resp.StatusCode)
	}
}

// A client that goes away in the middle is no fault of the server's, and opens nothing
// less for the next.
func TestLinkClientGoesAway(t *testing.T) {
	w := newWorld(t)
	link := w.linkTo("ward", "passcode=1234 tries=1 summary")
	for after := 500 * time.Microsecond; after < 40*time.Millisecond; after += 500 * time.Microsecond {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "POST", w.http.URL+link.path, strings.NewReader(`{"recipient":"x","passcode":"1234"}`))
		w.check(err)
		r.Header.Set("Content-Type", "application/json")
		time.AfterFunc(after, cancel)
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		} else if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		cancel()
	}
	status, b := 0, []byte(nil)
	for range 50 { // one may still be at work
		if status, b = w.asks(link.path, `{"recipient":"x","passcode":"1234"}`); status == 200 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if status != 200 {
		t.Errorf("who has the passcode went away, and took a try: %d %s", status, b)
	}
	if strings.Contains(w.log.String(), `"level":"ERROR"`) {
		t.Errorf("a fault is in the log:\n%s", w.log.String())
	}
}
