package httpapi_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"carehold/httpapi"
	"carehold/record/keys"
)

// Whoever sends a whole record drop by drop is cut, though something moves all the
// time; and what is sent at a good rate may take longer than one body's time.
func TestSlowRecord(t *testing.T) {
	t.Parallel()
	l := generous
	l.BodyTime, l.Slowest = 600*time.Millisecond, 10_000
	w := newServer(t, l)
	invite, err := w.store.Invite(t.Context(), keys.Invite{Until: w.store.Now().Add(time.Hour)})
	w.check(err)
	got := make(chan int, 1)
	w.server.SetRoutes(append(w.server.Routes(), httpapi.Route{Method: "POST", Path: "/holder/count", Door: httpapi.DoorHolder, Rate: httpapi.RateOrdinary,
		Body: 1 << 20, Types: []string{"application/octet-stream"}, Stream: true, Open: func(rw http.ResponseWriter, r *http.Request) error {
			n, _ := io.Copy(io.Discard, r.Body)
			time.Sleep(time.Second) // what the server does with it is not the sender's time
			if r.Context().Err() != nil {
				n = -1
			}
			got <- int(n)
			return nil
		}}))
	addr, _ := serve(t, w)
	send := func(path string, size int, until time.Duration) (cut time.Duration) {
		c, err := net.Dial("tcp", addr)
		w.check(err)
		defer c.Close()
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: record.example.org\r\nAuthorization: Bearer %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n",
			path, invite.Token(), 20*size)
		gone := make(chan bool)
		go func() { io.Copy(io.Discard, c); close(gone) }()
		began := time.Now()
		for i := range int(until / (100 * time.Millisecond)) {
			if i < 20 {
				c.Write(make([]byte, size))
			}
			select {
			case <-gone:
				return time.Since(began)
			case <-time.After(100 * time.Millisecond):
			}
		}
		return 0
	}
	if cut := send("/holder/count", 1, 4*time.Second); cut == 0 || cut > 2500*time.Millisecond {
		t.Errorf("a byte now and then is cut after %v", cut)
	}
	if n := <-got; n > 10 {
		t.Errorf("%d bytes", n)
	}
	if cut := send("/holder/count", 3000, 4*time.Second); cut != 0 && cut < 2800*time.Millisecond {
		t.Errorf("what comes fast enough is cut after %v", cut)
	}
	if n := <-got; n != 60_000 {
		t.Errorf("%d bytes came", n)
	}
}
