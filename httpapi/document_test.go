package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
)

// noise is a content of so many bytes, of no two alike.
func noise(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(b)
	return b
}

// breaking is a line to a server that breaks each connection after so many bytes in
// either direction.
type breaking struct {
	net.Listener
	to    string
	after atomic.Int64

	moved  atomic.Int64
	broken atomic.Int64
	wg     sync.WaitGroup
}

func newBreaking(t *testing.T, to string, after int64) *breaking {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaking{Listener: l, to: strings.TrimPrefix(to, "http://")}
	b.after.Store(after)
	b.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.wg.Go(func() { b.carry(c) })
		}
	})
	t.Cleanup(func() { l.Close(); b.wg.Wait() })
	return b
}

func (b *breaking) carry(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", b.to)
	if err != nil {
		return
	}
	defer s.Close()
	done := make(chan bool, 2)
	one := func(to, from net.Conn) {
		n, err := io.CopyN(to, from, b.after.Load())
		b.moved.Add(n)
		if err == nil {
			b.broken.Add(1)
		}
		done <- true
	}
	go one(s, c)
	go one(c, s)
	<-done
}

func (b *breaking) client(t *testing.T) *client.Client {
	c, err := client.New("http://"+b.Addr().String(), client.Options{Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is sent and fetched over a line that breaks again and again arrives whole, and
// not much of it goes again: what a line had taken and not handed on when it broke is
// lost with it.
func TestDocumentsOverABadLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := noise(9<<20 + 123)
	line := newBreaking(t, w.http.URL, 2<<20)
	s := line.client(t).With(w.vars["ada"])
	var names []string
	name, err := s.Upload(t.Context(), bytes.NewReader(content), int64(len(content)), client.Upload{Begun: func(name string) error {
		names = append(names, name)
		return nil
	}})
	if err != nil || len(names) != 1 || name != names[0] {
		t.Fatal(names, err)
	}
	up, broken := line.moved.Swap(0), line.broken.Swap(0)
	if broken < 3 || up > 3*int64(len(content)) {
		t.Errorf("%d bytes went for %d, over %d breaks", up, len(content), broken)
	}
	claim := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Binary","id":"scan","contentType":"image/tiff","_data":{"extension":[{"url":%q,"valueUri":%q}]}},"request":{"method":"PUT","url":"Binary/scan"}}]}`,
		fhir.UploadURL, client.UploadURI(name))
	if _, err := w.client.With(w.vars["ada"]).Transaction(t.Context(), []byte(claim), entry.Origin{}); err != nil {
		t.Fatal(err)
	}
	scan := fhir.Ref{Type: "Binary", ID: "scan"}
	line.after.Store(1 << 20)
	var got bytes.Buffer
	last := int64(0)
	c, err := s.Download(t.Context(), scan, 0, &got, func(n int64) {
		if n < last {
			t.Errorf("%d bytes after %d", n, last)
		}
		last = n
	})
	if err != nil || c.Type != "image/tiff" || c.Size != int64(len(content)) || sha256.Sum256(got.Bytes()) != sha256.Sum256(content) {
		t.Fatalf("%+v, %d bytes: %v", c, got.Len(), err)
	}
	if down, broken := line.moved.Load(), line.broken.Load(); broken < 5 || down > int64(len(content))+2<<20 {
		t.Errorf("%d bytes came for %d, over %d breaks", down, len(content), broken)
	}
	t.Logf("sent %d bytes with %d, fetched with %d", len(content), up, line.moved.Load())

	// A line over which nothing goes is given up.
	line.after.Store(100)
	if _, err := s.Download(t.Context(), scan, 0, io.Discard, nil); err == nil || !errors.Is(err, record.Unavailable) {
		t.Errorf("over a dead line: %v", err)
	}
	// And one that was changed meanwhile does not go on with the other's end.
	line.after.Store(1 << 20)
	changed := false
	_, err = s.Download(t.Context(), scan, 0, io.Discard, func(int64) {
		if !changed {
			changed = true
			w.send("PUT", "/fhir/Binary/scan", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"text/plain"}}, "another").Body.Close()
		}
	})
	if !errors.Is(err, record.Precondition) {
		t.Errorf("of two versions: %v", err)
	}
}

// An upload that was begun by a program that ended goes on in the next; of another size
// it is begun anew.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.client.With(w.vars["ada"])
	content := noise(40 << 20)
	ctx, stop := context.WithCancel(t.Context())
	var name string
	var there int64
	_, err := s.Upload(ctx, bytes.NewReader(content), int64(len(content)), client.Upload{
		Begun: func(n string) error { name = n; return nil },
		Moved: func(n int64) {
			if there = n; n > 0 {
				stop()
			}
		}})
	if !errors.Is(err, context.Canceled) || there == 0 || there == int64(len(content)) {
		t.Fatalf("%d bytes: %v", there, err)
	}
	first := int64(-1)
	again, err := s.Upload(t.Context(), bytes.NewReader(content), int64(len(content)), client.Upload{Name: name, Moved: func(n int64) {
		if first < 0 {
			first = n
		}
	}})
	if err != nil || again != name || first != there {
		t.Errorf("it goes on as %s from %d, not from %d: %v", again, first, there, err)
	}
	other, err := s.Upload(t.Context(), bytes.NewReader(content[:100]), 100, client.Upload{Name: name})
	if err != nil || other == name {
		t.Errorf("of another size: %s %v", other, err)
	}
	for _, n := range []string{name, other} {
		w.check(s.CancelUpload(t.Context(), n))
	}
}

// Two requests do not write one upload at the same time.
func TestUploadIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Tus-Resumable": {"1.0.0"}, "Upload-Length": {"1000000"}}
	resp := w.send("POST", "/fhir/Binary/$upload", h, "")
	resp.Body.Close()
	path := strings.TrimPrefix(resp.Header.Get("Location"), publicURL)
	h.Set("Upload-Offset", "0")
	h.Set("Content-Type", "application/offset+octet-stream")
	slow, end := io.Pipe()
	done := make(chan error, 1)
	go func() {
		r, err := http.NewRequest("PATCH", w.http.URL+path, slow)
		if err != nil {
			done <- err
			return
		}
		r.Header = h.Clone()
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	_, err := end.Write(noise(100_000))
	w.check(err)
	status := 0
	for range 100 { // until the first is where it writes
		resp := w.send("PATCH", path, h, "x")
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if status = resp.StatusCode; status == http.StatusLocked {
			break
		}
	}
	if status != http.StatusLocked {
		t.Errorf("the second is answered with %d", status)
	}
	end.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What a stranger's Binary may be called never makes a header of its own, and what the
// records' room does not hold is refused as tus says it.
func TestDocumentLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/pdf"}}
	ask := func(size int64, body io.Reader) int {
		r, err := http.NewRequest("POST", w.http.URL+"/fhir/Binary", body)
		w.check(err)
		r.Header, r.ContentLength = h, size
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return 0
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask(-1, bytes.NewReader(noise(1<<20))); got != 201 {
		t.Errorf("a megabyte without a length: %d", got)
	}
	if got := ask(-1, bytes.NewReader(noise(1<<20+1))); got != 411 {
		t.Errorf("more without a length: %d", got)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(w.http.URL, "http://"))
	w.check(err)
	fmt.Fprintf(c, "POST /fhir/Binary HTTP/1.1\r\nHost: record.example.org\r\nAuthorization: Bearer %s\r\nContent-Type: application/pdf\r\nContent-Length: 3000000000\r\n\r\n", w.vars["ada"])
	if answer, _ := bufio.NewReader(c).ReadString('\n'); answer != "HTTP/1.1 413 Request Entity Too Large\r\n" {
		t.Errorf("3 GB: %s", answer)
	}
	c.Close()
	// A body that ends too early leaves nothing behind: there is room for eight uploads.
	for range 10 {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.http.URL, "http://"))
		w.check(err)
		fmt.Fprintf(c, "POST /fhir/Binary HTTP/1.1\r\nHost: record.example.org\r\nAuthorization: Bearer %s\r\nContent-Type: application/pdf\r\nContent-Length: 3000000\r\n\r\n", w.vars["ada"])
		c.Write(noise(300_000))
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	// Nor does one that is whole and then refused.
	for range 9 {
		resp := w.send("PUT", "/fhir/Binary/none", http.Header{"Authorization": h["Authorization"], "Content-Type": h["Content-Type"], "If-Match": {`W/"7"`}}, string(noise(1<<20+1)))
		resp.Body.Close()
		if resp.StatusCode != 412 {
			t.Errorf("under a condition that does not hold: %d", resp.StatusCode)
		}
	}
	var all []string
	for range 9 {
		resp := w.send("POST", "/fhir/Binary/$upload", http.Header{"Authorization": h["Authorization"], "Tus-Resumable": {"1.0.0"}, "Upload-Length": {"10"}}, "")
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		all = append(all, fmt.Sprint(resp.StatusCode))
	}
	if got := strings.Join(all, " "); got != "201 201 201 201 201 201 201 201 429" {
		t.Errorf("begun nine times: %s", got)
	}
}

// Under a narrow grant a document of another section is what one that does not exist
// is: the same bytes, whatever is asked. Documents have no other place in the leak test,
// whose records have one content each.
func TestHiddenDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, size := range []int{20, 300 << 10} {
		h := http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/pdf"}}
		w.send("PUT", fmt.Sprintf("/fhir/Binary/there%d", size), h, string(noise(size))).Body.Close()
	}
	results := w.grant(w.ada, "results", 24*time.Hour, "patient/*.cruds", record.Results)
	forms := []http.Header{{}, {"Accept": {"application/fhir+json"}}, {"Range": {"bytes=0-9"}}, {"Range": {"bytes=999999999-"}}, {"If-None-Match": {`"1"`}}, {"If-None-Match": {"*"}},
		{"If-Modified-Since": {"Thu, 01 Jan 2099 00:00:00 GMT"}}, {"If-Range": {`"1"`}, "Range": {"bytes=1-2"}}}
	asked := 0
	for _, size := range []string{"20", "307200"} {
		for _, suffix := range []string{"", "/_history/1", "/_history/2", "/_history", "?_summary=true", "?_elements=data", "?_format=json", "?_pretty=true"} {
			for _, form := range forms {
				for _, method := range []string{"GET", "HEAD"} {
					var answers [2]string
					for i, id := range []string{"there" + size, "thero" + size} {
						h := form.Clone()
						h.Set("Authorization", "Bearer "+results)
						resp := w.send(method, "/fhir/Binary/"+id+suffix, h, "")
						b, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						w.check(err)
						answers[i] = strings.ReplaceAll(whole(resp.StatusCode, resp.Header, b), id, "ID")
						want := http.StatusNotFound
						if suffix == "/_history" && form["If-None-Match"] != nil {
							want = http.StatusNotImplemented // a history knows no condition, whatever there is
						}
						if resp.StatusCode != want {
							t.Errorf("%s %s%s %v: %d", method, id, suffix, form, resp.StatusCode)
						}
					}
					asked++
					if answers[0] != answers[1] {
						t.Errorf("%s %s %v\nthere:\n%s\nnot there:\n%s", method, suffix, form, answers[0], answers[1])
					}
				}
			}
		}
		// Writing over one, patching and deleting it.
		for _, q := range [][3]string{{"PUT", "application/pdf", "x"}, {"PUT", "application/fhir+json", `{"resourceType":"Binary","id":"ID","contentType":"text/plain"}`},
			{"PATCH", "application/json-patch+json", `[{"op":"test","path":"/id","value":"x"}]`}, {"DELETE", "", ""}} {
			for _, condition := range []string{"", `W/"1"`, "*"} {
				var answers [2]string
				for i, id := range []string{"there" + size, "thero" + size} {
					h := http.Header{"Authorization": {"Bearer " + results}}
					if q[1] != "" {
						h.Set("Content-Type", q[1])
					}
					if condition != "" {
						h.Set("If-Match", condition)
					}
					resp := w.send(q[0], "/fhir/Binary/"+id, h, strings.ReplaceAll(q[2], "ID", id))
					b, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					w.check(err)
					answers[i] = strings.ReplaceAll(whole(resp.StatusCode, resp.Header, b), id, "ID")
				}
				asked++
				if answers[0] != answers[1] {
					t.Errorf("%v\nthere:\n%s\nnot there:\n%s", q, answers[0], answers[1])
				}
			}
		}
	}
	t.Logf("%d questions", asked)
	if resp := w.send("GET", "/fhir/Binary/there20", http.Header{"Authorization": {"Bearer " + w.vars["gp"]}}, ""); resp.StatusCode != 200 {
		t.Errorf("and this test is about nothing: %d", resp.StatusCode)
	}
}

// A document that is being fetched when the grant is stopped ends there: what is
// written already is, and the rest is not.
func TestStoppedWhileFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := noise(30 << 20)
	s := w.client.With(w.vars["ada"])
	name, err := s.Upload(t.Context(), bytes.NewReader(content), int64(len(content)), client.Upload{})
	w.check(err)
	claim := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Binary","id":"scan","contentType":"image/tiff","_data":{"extension":[{"url":%q,"valueUri":%q}]}},"request":{"method":"PUT","url":"Binary/scan"}}]}`,
		fhir.UploadURL, client.UploadURI(name))
	_, err = s.Transaction(t.Context(), []byte(claim), entry.Origin{})
	w.check(err)
	resp := w.send("GET", "/fhir/Binary/scan", http.Header{"Authorization": {"Bearer " + w.vars["gp"]}}, "")
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	id, err := record.ParseGrantID(w.vars["gp.id"])
	w.check(err)
	w.check(w.ada.Revoke(t.Context(), id))
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil || n > 20<<20 { // what lay in the sockets' buffers
		t.Errorf("%d bytes more came, and then %v", n, err)
	}
}
