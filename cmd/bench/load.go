package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"
)

// job is one run of the load generator: so many clients, each of which sends a
// request, waits for the whole of the answer, and sends the next.
type job struct {
	Address string
	Clients int
	Warm    time.Duration // before anything is counted
	Run     time.Duration
	Targets string // a file of []target
}

// target is what one client asks: client n has target n modulo their number.
type target struct {
	Token string
	Paths []string // one of them at random, each time; GET, unless there is
	Body  []byte   // to be posted
}

// outcome is what came of a run.
type outcome struct {
	Requests int           // counted
	All      int           // sent, the warming up included
	Took     time.Duration // of what was counted
	P50, P99 time.Duration
	CPU      time.Duration // of this process, for all
	Server   time.Duration // of the server, for all; filled in by who started it
}

func (o outcome) rate() float64 { return float64(o.Requests) / o.Took.Seconds() }

func each(total time.Duration, n int) time.Duration { return total / time.Duration(max(n, 1)) }

// load runs a job in a process of its own.
func (b *bench) load(p *process, clients int, run time.Duration, targets string) (o outcome, err error) {
	in, err := json.Marshal(job{Address: p.address, Clients: clients, Warm: run / 4, Run: run, Targets: targets})
	if err != nil {
		return o, err
	}
	cmd := exec.CommandContext(b.ctx, b.self, "load")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	before := p.cpu()
	out, err := cmd.Output()
	if err != nil {
		return o, fmt.Errorf("the load generator: %w", err)
	}
	if err := json.Unmarshal(out, &o); err != nil {
		return o, err
	}
	o.Server = p.cpu() - before
	return o, nil
}

// targets writes what is asked to a file.
func (b *bench) targets(name string, list ...target) (path string, err error) {
	f, err := os.CreateTemp(b.dir, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return f.Name(), json.NewEncoder(f).Encode(list)
}

func runLoad(in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	raw, err := os.ReadFile(j.Targets)
	if err != nil {
		return err
	}
	var targets []target
	if err := json.Unmarshal(raw, &targets); err != nil {
		return err
	}
	began := time.Now()
	results := make([][]time.Duration, j.Clients)
	all := make([]int, j.Clients)
	failed := make([]error, j.Clients)
	cpu := ownCPU()
	var wait sync.WaitGroup
	for i := range j.Clients {
		wait.Go(func() {
			c := caller{address: j.Address, target: &targets[i%len(targets)], random: rand.New(rand.NewPCG(uint64(began.UnixNano()), uint64(i)))}
			results[i], all[i], failed[i] = c.run(began.Add(j.Warm), began.Add(j.Warm+j.Run))
		})
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	o := outcome{Took: time.Since(began) - j.Warm, CPU: ownCPU() - cpu}
	var took []time.Duration
	for i := range results {
		took = append(took, results[i]...)
		o.All += all[i]
	}
	if len(took) == 0 {
		return errors.New("nothing was answered in time")
	}
	slices.Sort(took)
	o.Requests, o.P50, o.P99 = len(took), took[len(took)/2], took[len(took)*99/100]
	return json.NewEncoder(out).Encode(o)
}

// caller is one client, on one connection.
type caller struct {
	address string
	target  *target
	random  *rand.Rand
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
}

// run calls until it is over, and returns how long each call took that began when
// it counted.
func (c *caller) run(from, until time.Time) (took []time.Duration, all int, err error) {
	if c.conn, err = net.Dial("tcp", c.address); err != nil {
		return nil, 0, err
	}
	defer c.conn.Close()
	c.in = bufio.NewReaderSize(c.conn, 32<<10)
	// An address may make 300 requests at once, and 50 a second after that.
	for address := c.random.Uint32(); ; all++ {
		began := time.Now()
		if began.After(until) && len(took) > 0 { // one at least, however long it takes
			return took, all, nil
		}
		if err := c.call(address + uint32(all>>7)); err != nil {
			return nil, all, err
		}
		if began.After(from) {
			took = append(took, time.Since(began))
		}
	}
}

func (c *caller) call(from uint32) error {
	path, t := c.target.Paths[c.random.IntN(len(c.target.Paths))], c.target
	b := c.out[:0]
	method := "GET "
	if t.Body != nil {
		method = "POST "
	}
	b = append(append(append(b, method...), path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, c.address...), "\r\nAccept: application/fhir+json\r\nAuthorization: Bearer "...)
	b = append(append(b, t.Token...), "\r\nX-Forwarded-For: "...)
	b = append(append(b, addressOf(from)...), "\r\n"...)
	want := http.StatusOK
	if t.Body != nil {
		b = append(b, "Content-Type: application/fhir+json\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(t.Body)), 10), "\r\n"...)
		want = http.StatusCreated
	}
	b = append(append(b, "\r\n"...), t.Body...)
	c.out = b
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	return readAnswer(c.in, want)
}

// readAnswer reads one answer to its end. Neither http.Client, whose goroutines would
// cost as much as the server, nor http.ReadResponse, which makes a map of the headers:
// as wrk does, with which the peers were measured, it looks at the status and at the
// length, and passes over the rest. What has no length is read by net/http.
func readAnswer(in *bufio.Reader, want int) error {
	head, err := peekHead(in)
	if err != nil {
		return err
	}
	length, ok := lengthOf(head)
	if len(head) < len("HTTP/1.1 200") || !ok {
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		defer a.Body.Close()
		if a.StatusCode != want {
			return refused(a.Status, a.Body)
		}
		_, err = io.Copy(io.Discard, a.Body)
		return err
	}
	status := string(head[len("HTTP/1.1 "):][:3])
	if _, err := in.Discard(len(head)); err != nil {
		return err
	}
	if status != strconv.Itoa(want) {
		return refused(status, io.LimitReader(in, int64(length)))
	}
	_, err = in.Discard(length)
	return err
}

func refused(status string, body io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(body, 300))
	return fmt.Errorf("the server answered %s: %s", status, text)
}

// peekHead waits until the whole head of an answer is there.
func peekHead(in *bufio.Reader) ([]byte, error) {
	for have := 1; ; {
		if _, err := in.Peek(have); err != nil {
			return nil, err
		}
		have = in.Buffered()
		b, err := in.Peek(have)
		if i := bytes.Index(b, []byte("\r\n\r\n")); i >= 0 || err != nil {
			return b[:i+4], err
		}
		have++
	}
}

// lengthOf finds the Content-Length, written as servers write it.
func lengthOf(head []byte) (n int, ok bool) {
	for _, name := range []string{"\r\nContent-Length: ", "\r\ncontent-length: "} {
		if _, rest, found := bytes.Cut(head, []byte(name)); found {
			text, _, _ := bytes.Cut(rest, []byte("\r\n"))
			n, err := strconv.Atoi(string(text))
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

// timed sends one request on a new connection and returns how long the whole took.
func timed(ctx context.Context, address, token, path string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Forwarded-For", addressOf(rand.Uint32()))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	began := time.Now()
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("GET %s: %s", path, a.Status)
	}
	_, err = io.Copy(io.Discard, a.Body)
	return time.Since(began), err
}

// median is the middle of what fn returns in n calls.
func median(n int, fn func() (time.Duration, error)) (time.Duration, error) {
	var list []time.Duration
	for range n {
		d, err := fn()
		if err != nil {
			return 0, err
		}
		list = append(list, d)
	}
	return middle(list), nil
}

func middle(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
