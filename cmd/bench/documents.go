package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mostGrowth is how much the server's own memory may grow while a document moves.
const mostGrowth = 40_000_000

// rangeSize is what a viewer asks for at once.
const rangeSize = 64 << 10

// documents measures what a large content costs: sent in one request, sent and
// interrupted twice, claimed, fetched, and fetched in part. The memory is what is in
// no file (RssAnon): pages of files the kernel takes back when it needs them.
func (b *bench) documents() error {
	s, err := b.site("documents")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	p, err := s.enrol(b.ctx, "Has a scan")
	if err != nil {
		return err
	}
	// The server as it is in use: some entries, some reads, and a letter of 3 MB.
	if _, err := s.fill(b.ctx, p, "has a scan", 100); err != nil {
		return err
	}
	d := &documents{s: s, token: p.session, content: make([]byte, b.scale.document)}
	_, _ = rand.NewChaCha8([32]byte{1}).Read(d.content)
	large := d.content
	d.content = large[:3_000_000]
	if _, err := d.round(); err != nil {
		return err
	}
	d.content = large
	s.proc.settle()
	warm := s.proc.memory()
	var all []document
	for range b.scale.rounds {
		r, err := d.round()
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	size := float64(len(large)) / 1e6
	most := int64(0)
	row := func(what string, of func(document) phase) []string {
		took, grew, cpu := make([]time.Duration, 0, len(all)), int64(0), time.Duration(0)
		for _, r := range all {
			took = append(took, of(r).took)
			cpu += of(r).cpu / time.Duration(len(all))
			grew = max(grew, of(r).anonymous-warm.anonymous)
		}
		slices.Sort(took)
		most = max(most, grew)
		at := took[len(took)/2]
		return []string{what, fmt.Sprintf("%.2f s", at.Seconds()), fmt.Sprintf("%.0f MB/s", size/at.Seconds()), fmt.Sprintf("%.2f s", cpu.Seconds()), mb(max(0, grew))}
	}
	b.out.table("documents", []string{fmt.Sprintf("%.0f MB", size), "took", "rate", "server's CPU", "RssAnon grew by at most"}, [][]string{
		row("up, in one request, claimed and sealed anew in it", func(d document) phase { return d.one }),
		row("up, cut off twice, gone on with", func(d document) phase { return d.parts }),
		row("then claimed by a Binary: sealed anew", func(d document) phase { return d.claim }),
		row("down", func(d document) phase { return d.down }),
	})
	var took []time.Duration
	read, rows := int64(0), 0.0
	for _, r := range all {
		took = append(took, r.ranges...)
		read += r.read
		rows = max(rows, r.rows)
	}
	slices.Sort(took)
	most = max(most, slices.MaxFunc(all, func(x, y document) int { return int(x.anonymous - y.anonymous) }).anonymous-warm.anonymous)
	b.out.text("documents", "%s reads of 64 KiB somewhere in it: p50 %s, p99 %s. The server read %.0f KiB of its files for each, %.1f rows of 256 KiB; the whole has %s.",
		thousands(float64(len(took))), ms(took[len(took)/2]), ms(took[len(took)*99/100]), float64(read)/float64(len(took))/1024, rows, thousands(size*1e6/(256<<10)))
	b.out.text("documents", "Median of %d. The server had %s resident, %s of it anonymous, before the first; it grew by at most %s of anonymous memory, and had %s resident, %s anonymous, after the last.",
		len(all), mb(warm.resident), mb(warm.anonymous), mb(most), mb(s.proc.memory().resident), mb(s.proc.memory().anonymous))
	b.out.goal(most < mostGrowth, "100 MB up and down", "< 40 MB more anonymous memory", "%s", mb(most))
	return nil
}

// documents sends and fetches one content.
type documents struct {
	s       *site
	token   string
	content []byte
}

// phase is one of the things that are done to a document.
type phase struct {
	took, cpu time.Duration
	anonymous int64 // at most, while it was done
}

type document struct {
	one, parts, claim, down phase
	ranges                  []time.Duration
	anonymous               int64   // at most while ranges were read
	read                    int64   // bytes of files for them
	rows                    float64 // for each
}

// during does something and watches the server meanwhile.
func (d *documents) during(do func() error) (p phase, err error) {
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			p.anonymous = max(p.anonymous, d.s.proc.memory().anonymous)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	began, before := time.Now(), d.s.proc.cpu()
	err = do()
	took, cpu := time.Since(began), d.s.proc.cpu()-before
	close(stop)
	<-done
	p.took, p.cpu = took, cpu
	return p, err
}

func (d *documents) round() (r document, err error) {
	if r.one, err = d.during(func() error {
		_, _, err := d.do("POST", "/fhir/Binary", bytes.NewReader(d.content), http.StatusCreated, "Content-Type", "application/pdf")
		return err
	}); err != nil {
		return r, err
	}
	var upload string
	if r.parts, err = d.during(func() error { upload, err = d.send(); return err }); err != nil {
		return r, err
	}
	var ref string
	if r.claim, err = d.during(func() error {
		h, _, err := d.do("POST", "/fhir/Binary", strings.NewReader(`{"resourceType":"Binary","contentType":"application/pdf","_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"`+upload+`"}]}}`),
			http.StatusCreated, "Content-Type", "application/fhir+json")
		if err != nil {
			return err
		}
		_, rest, ok := strings.Cut(h.Get("Location"), "/fhir/")
		if !ok {
			return errors.New("the Binary has no place")
		}
		ref, _, _ = strings.Cut(rest, "/_history")
		return nil
	}); err != nil {
		return r, err
	}
	if r.down, err = d.during(func() error {
		_, b, err := d.do("GET", "/fhir/"+ref, nil, http.StatusOK, "Accept", "application/pdf")
		if err == nil && b != sha256.Sum256(d.content) {
			err = errors.New("another content came back")
		}
		return err
	}); err != nil {
		return r, err
	}
	const ranges = 50
	before := d.s.proc.filesRead()
	p, err := d.during(func() error {
		for range ranges {
			from := rand.IntN(len(d.content) - rangeSize)
			began := time.Now()
			_, b, err := d.do("GET", "/fhir/"+ref, nil, http.StatusPartialContent, "Accept", "application/pdf", "Range", fmt.Sprintf("bytes=%d-%d", from, from+rangeSize-1))
			if err == nil && b != sha256.Sum256(d.content[from:from+rangeSize]) {
				err = errors.New("another range came back")
			}
			if err != nil {
				return err
			}
			r.ranges = append(r.ranges, time.Since(began))
		}
		return nil
	})
	r.anonymous, r.read = p.anonymous, d.s.proc.filesRead()-before
	r.rows = float64(r.read) / ranges / (256 << 10)
	return r, err
}

// send sends the content, is cut off after a third and after two, asks how far it
// came, and goes on from there.
func (d *documents) send() (upload string, err error) {
	h, _, err := d.do("POST", "/fhir/Binary/$upload", nil, http.StatusCreated, "Tus-Resumable", "1.0.0", "Upload-Length", strconv.Itoa(len(d.content)))
	if err != nil {
		return "", err
	}
	_, path, ok := strings.Cut(h.Get("Location"), "/fhir/")
	if !ok {
		return "", errors.New("the upload has no place")
	}
	offset, third := 0, len(d.content)/3
	cuts := []int{third, 2 * third, len(d.content)}
	for tries := 0; len(cuts) > 0; tries++ {
		cut := cuts[0]
		var body io.Reader = bytes.NewReader(d.content[offset:])
		if cut < len(d.content) {
			body = io.MultiReader(bytes.NewReader(d.content[offset:cut]), cutOff{})
		}
		_, _, err := d.doSized("PATCH", "/fhir/"+path, body, int64(len(d.content)-offset), http.StatusNoContent,
			"Tus-Resumable", "1.0.0", "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
		busy := errors.Is(err, statusError(http.StatusConflict)) || errors.Is(err, statusError(http.StatusLocked))
		switch {
		case busy && tries < 100: // the server is at what came before the cut
			time.Sleep(5 * time.Millisecond)
		case err == nil || errors.Is(err, errCutOff) && cut < len(d.content):
			cuts = cuts[1:]
		default:
			return "", fmt.Errorf("sent as far as %d: %w", cut, err)
		}
		if len(cuts) == 0 {
			break
		}
		h, _, err := d.do("HEAD", "/fhir/"+path, nil, http.StatusOK, "Tus-Resumable", "1.0.0")
		if err != nil {
			return "", err
		}
		if offset, err = strconv.Atoi(h.Get("Upload-Offset")); err != nil || offset > cut {
			return "", fmt.Errorf("%d bytes are there, and %d were sent", offset, cut)
		}
	}
	return h.Get("Location"), nil
}

// statusError is an answer of another status than was wanted.
type statusError int

func (e statusError) Error() string { return strconv.Itoa(int(e)) }

var errCutOff = errors.New("the line was cut")

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, errCutOff }

func (d *documents) do(method, path string, body io.Reader, want int, header ...string) (http.Header, [32]byte, error) {
	return d.doSized(method, path, body, -1, want, header...)
}

// doSized makes a request, and returns the SHA-256 of what came back.
func (d *documents) doSized(method, path string, body io.Reader, size int64, want int, header ...string) (h http.Header, sum [32]byte, err error) {
	r, err := http.NewRequestWithContext(d.s.b.ctx, method, "http://"+d.s.address+path, body)
	if err != nil {
		return nil, sum, err
	}
	if size >= 0 {
		r.ContentLength = size
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := straight.Do(r)
	if err != nil {
		return nil, sum, err
	}
	defer a.Body.Close()
	all := sha256.New()
	if a.StatusCode != want {
		b, _ := io.ReadAll(io.LimitReader(a.Body, 1000))
		return nil, sum, fmt.Errorf("%s %s: %w %s", method, path, statusError(a.StatusCode), tail(b))
	}
	_, err = io.Copy(all, a.Body)
	return a.Header, [32]byte(all.Sum(nil)), err
}

// straight goes to the server and to nobody in between.
var straight = &http.Client{Transport: &http.Transport{}}

// filesRead is how much the process has read by calls, from files and sockets.
func (p *process) filesRead() int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.cmd.Process.Pid))
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "rchar:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			return n
		}
	}
	return 0
}
