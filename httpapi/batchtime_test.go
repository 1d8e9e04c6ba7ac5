package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// When its time is over a batch reads nothing more and looks for nothing more, each of
// which the person waits for; what it need not look for is done.
func TestBatchTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.BatchTime(time.Nanosecond)
	var entries []string
	for _, e := range []string{
		`{"request":{"method":"GET","url":"Goal/walk"}}`,
		`{"request":{"method":"DELETE","url":"Goal?description:text=none"}}`,
		`{"resource":{goal},"request":{"method":"POST","url":"Goal","ifNoneExist":"description:text=none"}}`,
		`{"resource":{goal},"request":{"method":"POST","url":"Goal"}}`,
		`{"request":{"method":"DELETE","url":"Goal/walk"}}`,
	} {
		entries = append(entries, strings.ReplaceAll(e, "{goal}", w.expand(`{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"x"},"subject":{"reference":"Patient/{patient}"}}`)))
	}
	resp := w.send("POST", "/fhir", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/fhir+json"}},
		`{"resourceType":"Bundle","type":"batch","entry":[`+strings.Join(entries, ",")+`]}`)
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	w.check(err)
	var got []string
	for part := range strings.SplitSeq(string(b), `"status":"`) {
		got = append(got, part[:3])
	}
	if want := "413 503 503 201 204"; strings.Join(got[1:], " ") != want {
		t.Errorf("%s, not %s: %s", strings.Join(got[1:], " "), want, b)
	}
	if n := strings.Count(string(b), "was not reached"); n != 2 {
		t.Errorf("%d entries are told that they were not reached: %s", n, b)
	}
}
