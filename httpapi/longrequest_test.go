package httpapi_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLongRequest is what docs/search.md says of a search that is too long for a URL:
// net/http refuses the request before this server has seen it, in its own words, and
// ends the connection; the same search by POST is answered.
func TestLongRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr, _ := serve(t, w)
	ids := strings.Repeat("identifier=http://example.org/"+strings.Repeat("x", 600)+"|1&", 40) // 25 KiB
	send := func(request string) string {
		c, err := net.Dial("tcp", addr)
		w.check(err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, request) // all of it need not be taken
		answer, _ := io.ReadAll(c) // a reset may come after it
		return string(answer)
	}
	head := "Host: record.example.org\r\nConnection: close\r\nAuthorization: Bearer " + w.vars["ada"] + "\r\n"
	got := send("GET /fhir/Observation?" + ids + " HTTP/1.1\r\n" + head + "\r\n")
	if want := "HTTP/1.1 431 " + http.StatusText(http.StatusRequestHeaderFieldsTooLarge); !strings.HasPrefix(got, want) || !strings.Contains(got, "Content-Type: text/plain") {
		t.Errorf("%.200s", got)
	}
	got = send("POST /fhir/Observation/_search HTTP/1.1\r\n" + head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
		strconv.Itoa(len(ids)) + "\r\n\r\n" + ids)
	if !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.Contains(got, `"searchset"`) {
		t.Errorf("the same by POST: %.400s", got)
	}
}
