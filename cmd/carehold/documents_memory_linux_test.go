package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record/holder"
)

// mostGrowth is how much a server may grow while 100 MB go through it.
const mostGrowth = 40_000_000

// TestDocumentMemory: 100 MB up in one request, up with two interruptions, claimed, and
// down, and the process that serves it grows by less than 40 MB in what is in no file
// (RssAnon, looked at every 5 ms; pages of files the kernel takes back when it needs
// them). The baseline is the server after somebody enrolled, wrote a few entries, and
// sent and fetched a letter of 3 MB; it is taken once, before the first of the 100 MB.
// A range of 1,000 bytes reads two rows of 256 KiB at most.
func TestDocumentMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 300 MB, synced")
	}
	dir := newStore(t)
	r := serveWith(t, dir, nil, nil)
	r.until(t, nil, "/readyz", 200)
	status := fmt.Sprintf("/proc/%d/status", r.Process.Pid)
	started := kilobytes(status, "RssAnon:")
	base := "http://" + r.addr
	c, err := client.New(base, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite, errs, code := program(t, nil, "invite", "--quiet", "--data", dir)
	if code != 0 {
		t.Fatal(errs)
	}
	h, _, err := holder.Enrol(t.Context(), c, holder.Enrolment{Invite: strings.TrimSpace(invite), Name: "Ada", Label: "laptop", Passphrase: crypto.SecretString("two words and a comma")})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := &sender{t: t, base: base, token: token}
	for i := range 10 {
		d.do("POST", "/fhir/Observation", strings.NewReader(fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"text":"Weight %d"}}`, i)), 201, "Content-Type", "application/fhir+json")
	}
	letter := aScan(3_000_000)
	place, _ := d.do("POST", "/fhir/Binary", bytes.NewReader(letter), 201, "Content-Type", "application/pdf")
	d.down(place, letter)

	pid := r.Process.Pid
	before := kilobytes(status, "RssAnon:")
	if before == 0 {
		t.Fatal("the kernel does not say")
	}
	highest := before
	during := func(what string, do func()) {
		t.Helper()
		stop, done := make(chan bool), make(chan bool)
		most := int64(0)
		go func() {
			defer close(done)
			for {
				most = max(most, kilobytes(status, "RssAnon:"))
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		began := time.Now()
		do()
		took := time.Since(began)
		close(stop)
		<-done
		highest = max(highest, most)
		t.Logf("%s: %.1f s, RssAnon %.1f MB at most, %.1f before all", what, took.Seconds(), float64(most)/1e6, float64(before)/1e6)
		if most-before >= mostGrowth {
			t.Errorf("%s: the server grew by %.1f MB", what, float64(most-before)/1e6)
		}
	}
	content := aScan(hundred)
	during("up, in one request", func() {
		d.do("POST", "/fhir/Binary", bytes.NewReader(content), 201, "Content-Type", "application/pdf")
	})
	var upload string
	during("up, cut off twice", func() { upload = d.resumed(content) })
	during("claimed", func() {
		place, _ = d.do("POST", "/fhir/Binary", strings.NewReader(`{"resourceType":"Binary","contentType":"application/pdf","_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"`+upload+`"}]}}`),
			201, "Content-Type", "application/fhir+json")
	})
	during("down", func() { d.down(place, content) })
	read := func() int64 { return readBytes(pid) }
	during("a range", func() {
		const from = hundred / 2
		was := read()
		_, got := d.do("GET", place, nil, 206, "Accept", "application/pdf", "Range", fmt.Sprintf("bytes=%d-%d", from, from+999))
		if n := read() - was; n == 0 || n > 2*256<<10+100_000 {
			t.Errorf("%d bytes are read for 1,000", n)
		} else {
			t.Logf("%d KiB are read for 1,000 bytes of 100 MB", n>>10)
		}
		if got != sha256.Sum256(content[from:from+1000]) {
			t.Error("another range came back")
		}
	})
	t.Logf("the server grew by %.1f MB of anonymous memory; it had %.1f when it had just started", float64(highest-before)/1e6, float64(started)/1e6)
	if list, err := filepath.Glob(filepath.Join(dir, "db", "apart", "*.rows")); err != nil || len(list) == 0 {
		t.Errorf("no content is beside the tables: %v", err)
	}
}

// sender makes requests.
type sender struct {
	t           *testing.T
	base, token string
}

func (d *sender) try(method, path string, body io.Reader, size int64, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, d.base+path, body)
	if err != nil {
		return nil, err
	}
	if size >= 0 {
		r.ContentLength = size
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return http.DefaultClient.Do(r)
}

// do returns the place that an answer names, and the SHA-256 of what came.
func (d *sender) do(method, path string, body io.Reader, want int, header ...string) (place string, sum [32]byte) {
	d.t.Helper()
	a, err := d.try(method, path, body, -1, header...)
	if err != nil {
		d.t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != want {
		b, _ := io.ReadAll(a.Body)
		d.t.Fatalf("%s %s: %s %s", method, path, a.Status, b)
	}
	all := sha256.New()
	if _, err := io.Copy(all, a.Body); err != nil {
		d.t.Fatal(err)
	}
	_, place, _ = strings.Cut(a.Header.Get("Location"), "/fhir/")
	place, _, _ = strings.Cut(place, "/_history")
	return "/fhir/" + place, [32]byte(all.Sum(nil))
}

func (d *sender) down(place string, content []byte) {
	d.t.Helper()
	if _, got := d.do("GET", place, nil, 200, "Accept", "application/pdf"); got != sha256.Sum256(content) {
		d.t.Error("another content came back")
	}
}

// resumed sends a content in three pieces, of which the first two break off, and goes on
// each time from where the server says that it is.
func (d *sender) resumed(content []byte) (upload string) {
	d.t.Helper()
	upload, _ = d.do("POST", "/fhir/Binary/$upload", nil, 201, "Tus-Resumable", "1.0.0", "Upload-Length", strconv.Itoa(len(content)))
	offset := 0
	for _, cut := range []int{len(content) / 3, 2 * len(content) / 3, len(content)} {
		for tries := 0; ; tries++ {
			body := io.Reader(bytes.NewReader(content[offset:]))
			if cut < len(content) {
				body = io.MultiReader(bytes.NewReader(content[offset:cut]), cutOff{})
			}
			a, err := d.try("PATCH", upload, body, int64(len(content)-offset), "Tus-Resumable", "1.0.0", "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
			status := 0
			if err == nil {
				status = a.StatusCode
				a.Body.Close()
			}
			if cut < len(content) && errors.Is(err, errCutOff) || cut == len(content) && status == http.StatusNoContent {
				break
			}
			if tries > 200 || status != http.StatusConflict && status != http.StatusLocked {
				d.t.Fatalf("sent as far as %d: %d %v", cut, status, err)
			}
			time.Sleep(5 * time.Millisecond) // it is at what came before the cut
			offset = d.offset(upload)
		}
		if cut < len(content) {
			if offset = d.offset(upload); offset > cut || offset == 0 {
				d.t.Fatalf("%d bytes are there, and %d were sent", offset, cut)
			}
		}
	}
	return upload
}

func (d *sender) offset(upload string) int {
	d.t.Helper()
	a, err := d.try("HEAD", upload, nil, -1, "Tus-Resumable", "1.0.0")
	if err != nil {
		d.t.Fatal(err)
	}
	a.Body.Close()
	n, err := strconv.Atoi(a.Header.Get("Upload-Offset"))
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

var errCutOff = errors.New("the line was cut")

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, errCutOff }

// readBytes is how much a process has read by calls.
func readBytes(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "rchar:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			return n
		}
	}
	return 0
}
