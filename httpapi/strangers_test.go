package httpapi_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"carehold/httpapi"
)

// Strangers who begin a large body and never end it fill a part of the memory that is
// theirs, one address a part of that, and keep nobody else from sending.
func TestStrangersBodies(t *testing.T) {
	t.Parallel()
	l := generous
	l.Memory = 64 << 20 // of which an eighth is strangers', and 4 MiB one address's
	w := newServer(t, l)
	send := func(from string, body io.Reader) *httptest.ResponseRecorder {
		r := newRequest("POST", "/holder/v1/statements", body)
		r.RemoteAddr = from
		r.Header.Set("Content-Type", "application/octet-stream")
		a := httptest.NewRecorder()
		w.server.ServeHTTP(a, r)
		return a
	}
	var ends []func()
	want := int64(0)
	hold := func(from string) {
		in, out := io.Pipe()
		done := make(chan bool)
		go func() { defer close(done); send(from, in) }()
		if _, err := out.Write(make([]byte, 1020<<10)); err != nil {
			t.Fatal(err)
		}
		want += 1020 << 10
		for httpapi.HeldOfStrangers(w.server) < want { // it counts what it has taken from the pipe
			time.Sleep(time.Millisecond)
		}
		ends = append(ends, func() { out.Close(); <-done })
	}
	for range 4 {
		hold("192.0.2.1:1")
	}
	large := func() io.Reader { return bytes.NewReader(make([]byte, 300<<10)) }
	if got := send("192.0.2.1:2", large()).Code; got != 503 {
		t.Errorf("a fifth of the same address: %d", got)
	}
	if got := send("192.0.2.2:1", large()).Code; got == 503 {
		t.Errorf("another address: %d", got)
	}
	for range 4 {
		hold("192.0.2.3:1")
	}
	if got := send("192.0.2.2:1", large()).Code; got != 503 {
		t.Errorf("when all of it is full: %d", got)
	}
	for _, end := range ends {
		end()
	}
	if got := send("192.0.2.1:2", large()).Code; got == 503 {
		t.Errorf("when they have ended: %d", got)
	}
	if n := httpapi.HeldOfStrangers(w.server); n != 0 {
		t.Errorf("%d bytes are counted for nobody", n)
	}
}
