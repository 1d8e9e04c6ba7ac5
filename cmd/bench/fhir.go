package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
)

// fhir measures what a FHIR client does, over records of Synthea's people, as other
// servers were measured on a machine of this size (peers, below).
func (b *bench) fhir() error {
	sources, err := synthea()
	if err != nil {
		return err
	}
	s, err := b.site("fhir")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	var people []*patient
	n := 0
	for i := range b.scale.patients {
		p, err := s.patient(fmt.Sprintf("patient %d", i), sources[i%len(sources)])
		if err != nil {
			return err
		}
		people = append(people, p)
		n += len(p.refs)
	}
	bodies, err := s.dumpPatients(people)
	if err != nil {
		return err
	}
	if err := s.again(false); err != nil { // Badger's tables as after any restart
		return err
	}
	b.out.text("fhir", "%d records of Synthea's people, %s entries in all.", len(people), thousands(float64(n)))
	list, err := b.rivals(bodies, s.proc, bare, "synced")
	defer func() { stopBaselines(list) }()
	if err != nil {
		return err
	}
	if err := b.interactions(list, people); err != nil {
		return err
	}
	m := s.proc.memory()
	b.out.text("fhir", "The server's memory after that: %s resident, %s of it anonymous.", mb(m.resident), mb(m.anonymous))
	return b.bundles(s, sources)
}

// patient is a record of one of Synthea's people, and what can be searched in it.
type patient struct {
	*person
	observations []string // ids
	codes        []string // system|code of its observations
}

// synthea reads the people that lie beside the project; they are no part of it.
func synthea() (list [][]byte, err error) {
	dir := os.Getenv("CAREHOLD_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "synthea", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("the people of Synthea are not here: set CAREHOLD_TESTDATA to the folder that has them (%w)", errors.Join(err, os.ErrNotExist))
	}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		list = append(list, body)
	}
	return list, nil
}

// patient enrols somebody and imports one of Synthea's people as theirs.
func (s *site) patient(name string, source []byte) (*patient, error) {
	own, err := s.enrol(s.b.ctx, name)
	if err != nil {
		return nil, err
	}
	p := &patient{person: own}
	bundle, err := change.ParseBundle(source, change.Limits{})
	if err != nil {
		return nil, err
	}
	plan, err := change.PlanImport(bundle, name, p.id)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	w := change.NewBundleWriter(&body, change.BundleHead{Type: "transaction"})
	codes := map[string]bool{}
	for _, c := range plan.Changes {
		p.refs = append(p.refs, c.Ref.String())
		if c.Ref.Type == "Observation" {
			p.observations = append(p.observations, c.Ref.ID)
			for _, k := range c.Resource.Codings() {
				if k.System == "http://loinc.org" && strings.HasPrefix(k.Path, "Observation.code.") {
					codes[k.System+"|"+k.Code] = true
				}
			}
		}
		if err := w.Entry(change.BundleEntry{Resource: c.Resource.With(fhir.Meta{ID: c.Ref.ID}), Method: "PUT", URL: c.Ref.String()}); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	for code := range codes {
		p.codes = append(p.codes, code)
	}
	slices.Sort(p.codes)
	_, err = s.client.With(p.session).Transaction(s.b.ctx, body.Bytes(), entry.Origin{Import: crypto.RandomID(), Source: name})
	return p, err
}

func (s *site) dumpPatients(people []*patient) (path string, err error) {
	f, err := os.Create(filepath.Join(s.dir, "bodies"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	for _, p := range people {
		if err := s.bodies(p.person, func(ref string, body []byte) error { return writeBody(out, ref, body) }); err != nil {
			return "", err
		}
	}
	return f.Name(), out.Flush()
}

// An interaction is what a client asks, over and over.
type interaction struct {
	name   string
	synced bool // the baseline can do it
	peer   [2]float64
	times  float64 // as often as the peer: what is to be reached with 16 clients
	target func(*patient) target
}

// peers: the best of the servers that were measured on a machine of this size, with
// one client and with sixteen: wso2/fhir-server on PostgreSQL, without tokens,
// encryption or a log; on 21 November 2026, over 100 of Synthea's people.
var interactions = []interaction{
	{"read", true, [2]float64{2148, 4874}, 2, func(p *patient) target {
		t := target{Token: p.token}
		for _, ref := range p.refs {
			t.Paths = append(t.Paths, "/fhir/"+ref)
		}
		return t
	}},
	{"search by code", false, [2]float64{207, 404}, 10, func(p *patient) target {
		t := target{Token: p.token}
		for _, code := range p.codes {
			t.Paths = append(t.Paths, "/fhir/Observation?patient="+p.id+"&code="+url.QueryEscape(code))
		}
		return t
	}},
	{"search, a page of 50", false, [2]float64{325, 480}, 10, func(p *patient) target {
		return target{Token: p.token, Paths: []string{"/fhir/Observation?patient=" + p.id + "&_count=50"}}
	}},
	{"history of an entry", false, [2]float64{}, 0, func(p *patient) target {
		t := target{Token: p.token}
		for _, id := range p.observations {
			t.Paths = append(t.Paths, "/fhir/Observation/"+id+"/_history")
		}
		return t
	}},
	{"history of the record, a page of 50", false, [2]float64{}, 0, func(p *patient) target {
		return target{Token: p.token, Paths: []string{"/fhir/_history?_count=50"}}
	}},
	{"create", true, [2]float64{110, 424}, 5, func(p *patient) target {
		return target{Token: p.token, Paths: []string{"/fhir/Observation"}, Body: one(p.id)}
	}},
}

// interactions measures each with one client and with sixteen, in records of their
// own, and beside it the synced baseline where there is one.
func (b *bench) interactions(list []rival, people []*patient) error {
	var rows [][]string
	for _, x := range interactions {
		var targets []target
		for _, p := range people {
			if t := x.target(p); len(t.Paths) > 0 {
				targets = append(targets, t)
			}
		}
		file, err := b.targets("fhir", targets...)
		if err != nil {
			return err
		}
		for k, clients := range []int{1, 16} {
			own, err := b.middling(list[0], clients, file)
			if err != nil {
				return fmt.Errorf("%s: %w", x.name, err)
			}
			row := []string{fmt.Sprintf("%s, %d client%s", x.name, clients, plural(clients)), thousands(own.rate()) + "/s", ms(own.P50), ms(own.P99), ms(each(own.Server, own.All)), "", ""}
			if x.synced {
				other, err := b.middling(list[1], clients, file)
				if err != nil {
					return err
				}
				row[5] = fmt.Sprintf("%.2f", own.rate()/other.rate())
			}
			if x.peer[k] > 0 {
				times := own.rate() / x.peer[k]
				row[6] = fmt.Sprintf("%.1f", times)
				if clients == 16 {
					b.out.goal(times >= x.times, x.name+", 16 clients", fmt.Sprintf("≥ %.0f times the best peer", x.times), "%.1f times (%s/s)", times, thousands(own.rate()))
				}
			}
			rows = append(rows, row)
		}
	}
	b.out.table("fhir", []string{"", "requests", "p50", "p99", "server's CPU", "of synced", "of the best peer"}, rows)
	return nil
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// middling is the run whose rate is the middle one.
func (b *bench) middling(r rival, clients int, file string) (outcome, error) {
	var runs []outcome
	for range b.scale.rounds {
		o, err := b.load(r.proc, clients, b.scale.run, file)
		if err != nil {
			return o, err
		}
		runs = append(runs, o)
	}
	slices.SortFunc(runs, func(x, y outcome) int { return int(x.rate() - y.rate()) })
	return runs[len(runs)/2], nil
}

// bundles posts a person's transaction, as Synthea wrote it, into a record of its
// own each.
func (b *bench) bundles(s *site, sources [][]byte) error {
	peer := map[int]float64{1: 923, 16: 1390} // resources a second
	var rows [][]string
	for _, clients := range []int{1, 16} {
		var waiting []*person
		for i := range b.scale.bundles {
			p, err := s.enrol(b.ctx, fmt.Sprintf("bundle %d of %d", i, clients))
			if err != nil {
				return err
			}
			waiting = append(waiting, p)
		}
		took, all, n, err := s.post(waiting, sources, clients)
		if err != nil {
			return err
		}
		rate := float64(n) / took.Seconds()
		slices.Sort(all)
		rows = append(rows, []string{fmt.Sprintf("%d client%s", clients, plural(clients)), fmt.Sprintf("%.1f/s", float64(len(all))/took.Seconds()), thousands(rate) + "/s",
			ms(all[len(all)/2]), ms(all[len(all)*99/100]), fmt.Sprintf("%.1f", rate/peer[clients])})
		if clients == 16 {
			b.out.goal(rate >= 10*peer[16], "transaction of a Synthea person, 16 clients", "≥ 10 times the best peer", "%.1f times (%s entries/s)", rate/peer[16], thousands(rate))
		}
	}
	b.out.table("fhir", []string{"transaction of a Synthea person", "transactions", "entries", "p50", "p99", "of the best peer"}, rows)
	return nil
}

// post sends each person one transaction, so many at a time.
func (s *site) post(waiting []*person, sources [][]byte, clients int) (took time.Duration, all []time.Duration, entries int, err error) {
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.Proxy, own.MaxIdleConnsPerHost = nil, clients
	c := http.Client{Transport: &elsewhere{next: own}}
	var mu sync.Mutex
	var wait sync.WaitGroup
	next := make(chan int, len(waiting))
	for i := range waiting {
		next <- i
	}
	close(next)
	began := time.Now()
	for range clients {
		wait.Go(func() {
			for i := range next {
				started := time.Now()
				n, failed := s.transact(&c, waiting[i].token, sources[i%len(sources)])
				mu.Lock()
				all, entries, err = append(all, time.Since(started)), entries+n, errors.Join(err, failed)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return time.Since(began), all, entries, err
}

func (s *site) transact(c *http.Client, token string, body []byte) (entries int, err error) {
	r, err := http.NewRequestWithContext(s.b.ctx, "POST", "http://"+s.address+"/fhir", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("Prefer", "return=minimal")
	a, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("a transaction: %s: %s", a.Status, tail(text))
	}
	var answer struct{ Entry []json.RawMessage }
	err = json.Unmarshal(text, &answer)
	return len(answer.Entry), err
}
