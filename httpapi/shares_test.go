package httpapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carehold/httpapi"
	"carehold/record"
)

// One grant has a quarter of a record's places, all of them three quarters, and the
// person has what they leave; of the line it is the same, but for a grant's half.
func TestSharesOfARecord(t *testing.T) {
	t.Parallel()
	grants := []record.GrantID{{'a'}, {'b'}, {'c'}, {'d'}}
	for each, want := range map[int]struct{ grant, others int }{32: {8, 24}, 16: {4, 12}, 4: {2, 3}, 2: {2, 1}, 1: {1, 1}} {
		p := httpapi.NewPlaces(4*each, each)
		take := func(g record.GrantID) (n int) {
			for {
				if _, err := p.TakeFor(t.Context(), personA, g, 0); err != nil {
					return n
				}
				n++
			}
		}
		if got := take(grants[0]); got != min(want.grant, want.others) {
			t.Errorf("of %d one grant has %d", each, got)
		}
		for _, g := range grants[1:] {
			take(g)
		}
		if got := p.Used(); got != want.others {
			t.Errorf("of %d all grants have %d", each, got)
		}
		for range each - want.others {
			if _, err := p.Take(t.Context(), personA, 0); err != nil {
				t.Errorf("of %d the person: %v", each, err)
			}
		}
		if got := p.Used(); got != each {
			t.Errorf("of %d %d are used", each, got)
		}
	}
	p := httpapi.NewPlaces(256, 32) // 128 of a record wait, 96 of them under grants, half of all under one
	for range 32 {
		if _, err := p.Take(t.Context(), personA, 0); err != nil {
			t.Fatal(err)
		}
	}
	for n, g := range map[int]record.GrantID{64: grants[0]} {
		for range n {
			go p.TakeFor(t.Context(), personA, g, time.Minute)
		}
		inLine(t, p, n)
		if _, err := p.TakeFor(t.Context(), personA, g, time.Minute); record.KindOf(err) != record.Unavailable {
			t.Errorf("one more of a grant that has its share of the line: %v", err)
		}
	}
	for range 32 {
		go p.TakeFor(t.Context(), personA, grants[1], time.Minute)
	}
	inLine(t, p, 96)
	if _, err := p.TakeFor(t.Context(), personA, grants[2], time.Minute); record.KindOf(err) != record.Unavailable {
		t.Errorf("one more under a grant: %v", err)
	}
	go p.Take(t.Context(), personA, time.Minute)
	inLine(t, p, 97)
}

// halfSent begins a request with a token, and ends it when the returned function is
// called. Its body goes on with what is written.
func halfSent(w *world, method, target, token, ctype string) (out *io.PipeWriter, done chan *httptest.ResponseRecorder) {
	in, out := io.Pipe()
	done = make(chan *httptest.ResponseRecorder, 1)
	go func() {
		r := newRequest(method, target, in)
		r.ContentLength = 1000
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", ctype)
		a := httptest.NewRecorder()
		w.server.ServeHTTP(a, r)
		in.Close()
		done <- a
	}()
	return out, done
}

// Requests whose bodies have begun and do not end hold what came of them, and none of
// the record's places.
func TestHalfSentBodiesHoldNoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := w.expand(`{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"walk"},"subject":{"reference":"Patient/{patient}"}}`)
	text += strings.Repeat(" ", 1000-len(text))
	type half struct {
		out  *io.PipeWriter
		done chan *httptest.ResponseRecorder
	}
	var all []half
	for i := range 60 { // more than a record has places
		var h half
		if i%2 == 0 {
			h.out, h.done = halfSent(w, "POST", "/fhir/Goal", w.vars["social"], "application/fhir+json")
		} else {
			h.out, h.done = halfSent(w, "POST", "/fhir/Goal/_search", w.vars["social"], "application/x-www-form-urlencoded")
		}
		if _, err := io.WriteString(h.out, text[:500]); err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	if n := httpapi.PlacesOfRecords(w.server).Used(); n != 0 {
		t.Errorf("%d places are taken", n)
	}
	if n := httpapi.HeldOfBodies(w.server); n < 60*500 || n > 60*(16<<10) {
		t.Errorf("%d bytes are counted", n)
	}
	if got := w.send("GET", "/fhir/Goal/walk", http.Header{"Authorization": {"Bearer " + w.vars["social"]}}, ""); got.StatusCode != 200 {
		t.Errorf("a request beside them: %s", got.Status)
	}
	for i, h := range all {
		if i%2 == 0 {
			io.WriteString(h.out, text[500:])
		}
		h.out.Close()
		if a := <-h.done; i%2 == 0 && a.Code != 201 {
			t.Errorf("%d: %d %s", i, a.Code, a.Body)
		}
	}
	if n := httpapi.HeldOfBodies(w.server); n != 0 {
		t.Errorf("%d bytes are counted for nobody", n)
	}
}

// What one grant sends and does not end is a part of what there is room for.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // of 4 GiB an eighth is for bodies; a quarter of a quarter of it, 32 MiB, for one grant
	large := []byte(`{"resourceType":"Goal","note":[{"text":"` + strings.Repeat("x", 1000<<10) + `"}]}`)
	send := func(token string) *http.Response {
		r := newRequest("POST", "/fhir/Goal", bytes.NewReader(large))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/fhir+json")
		a := httptest.NewRecorder()
		w.server.ServeHTTP(a, r)
		return a.Result()
	}
	var ends []func()
	for range 31 {
		in, out := io.Pipe()
		done := make(chan bool)
		go func() {
			defer close(done)
			r := newRequest("POST", "/fhir/Goal", in)
			r.ContentLength = 1 << 20
			r.Header.Set("Authorization", "Bearer "+w.vars["social"])
			r.Header.Set("Content-Type", "application/fhir+json")
			a := httptest.NewRecorder()
			w.server.ServeHTTP(a, r)
			in.CloseWithError(fmt.Errorf("it was answered %d %s", a.Code, a.Body))
		}()
		if _, err := out.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, func() { out.CloseWithError(io.ErrUnexpectedEOF); <-done })
	}
	if got := send(w.vars["social"]); got.StatusCode != 503 {
		t.Errorf("one more of the same grant: %s", got.Status)
	}
	for _, who := range []string{"writer", "ada"} {
		if got := send(w.vars[who]); got.StatusCode == 503 {
			t.Errorf("%s: %s", who, got.Status)
		}
	}
	for _, end := range ends {
		end()
	}
	if n := httpapi.HeldOfBodies(w.server); n != 0 {
		t.Errorf("%d bytes are counted for nobody", n)
	}
	if got := send(w.vars["social"]); got.StatusCode == 503 {
		t.Errorf("when they have ended: %s", got.Status)
	}
}

// When a grant is stopped, so is what it has under way: a body that is still being
// sent is read no further, and what waits for a place waits no longer.
func TestStoppedWithItsGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr, _ := serve(t, w)
	hold(t, addr, w.vars["social"], "/fhir/Goal", 10<<20, 2) // large: with a place of the record, and one of the few
	p := httpapi.PlacesOfRecords(w.server)
	for range 5000 {
		if p.Used() == 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if p.Used() != 2 {
		t.Fatalf("%d places are taken", p.Used())
	}
	id, err := record.ParseGrantID(w.vars["social.id"])
	w.check(err)
	w.check(w.client.Strike(t.Context(), w.vars["ada"], id))
	for range 5000 { // a body has 30 seconds, and a large one two minutes
		if p.Used() == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d places are taken by a grant that was stopped", p.Used())
}

// A large body that is being sent under a grant has the one place of the record for it,
// and gives way to the person: what they send is done, and the other is told.
func TestSlowBundleGivesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr, _ := serve(t, w)
	c, err := net.Dial("tcp", addr)
	w.check(err)
	defer c.Close()
	fmt.Fprintf(c, "POST /fhir HTTP/1.1\r\nHost: record.example.org\r\nAuthorization: Bearer %s\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n{", w.vars["writer"], 200<<20)
	p := httpapi.PlacesOfBundles(w.server)
	for i := 0; p.Used() == 0 && i < 5000; i++ {
		time.Sleep(time.Millisecond)
	}
	large := strings.Repeat(" ", 2<<20) + noBundle
	if got := ask(t, "POST", addr, w.vars["social"], "/fhir", large); got != 503 {
		t.Errorf("another grant's: %d", got)
	}
	if got := ask(t, "POST", addr, w.vars["ada"], "/fhir", large); got != 200 {
		t.Errorf("the person's: %d", got)
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	w.check(err)
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 503 || !strings.Contains(string(b), "send it again") {
		t.Errorf("the one that gave way: %s %s", resp.Status, b)
	}
}

// A large body that does not come has no place for long.
func TestLargeBodiesCome(t *testing.T) {
	t.Parallel()
	limits := generous
	limits.BodyTime = 2 * time.Second // a machine that stands still for a moment must see it come
	w := newServer(t, limits)
	ada := w.enrol("Ada")
	addr, _ := serve(t, w)
	hold(t, addr, w.grant(ada, "narrow", time.Hour, "patient/*.cruds", record.Results), "/fhir", 200<<20, 1)
	p := httpapi.PlacesOfBundles(w.server)
	for i := 0; p.Used() == 0 && i < 5000; i++ {
		time.Sleep(time.Millisecond)
	}
	if p.Used() != 1 {
		t.Fatal("it has no place")
	}
	for i := 0; p.Used() > 0 && i < 60_000; i++ { // of ten minutes that a large body may take
		time.Sleep(time.Millisecond)
	}
	if p.Used() != 0 {
		t.Error("it has its place still")
	}
}
