package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"carehold/httpapi/fhirapi"
	"carehold/httpapi/web"
	"carehold/record"
)

// SetRoutes serves another table, for tests of what every route goes through.
func (s *Server) SetRoutes(table []Route) {
	s.table = table
	s.router = s.newRouter(table)
}

// WithoutCore makes the server one that was built without the browser's core,
// whether or not it was: tests must not depend on somebody having run make.
func (s *Server) WithoutCore() {
	s.web = web.New(web.Config{Version: s.config.Version, PublicURL: s.public.String()})
	s.SetRoutes(s.routes())
}

// BatchTime sets how long a batch reads, and changes what it has to look for.
func (s *Server) BatchTime(d time.Duration) {
	s.fhir = fhirapi.New(fhirapi.Config{Base: s.public.String() + "/fhir", Version: s.config.Version, Batch: d})
	s.SetRoutes(s.routes())
}

// Remembered is how many addresses the rate limits remember.
func (s *Server) Remembered() int { return s.requests.used.Len() + s.guesses.used.Len() }

// HeldOfStrangers is how much of strangers' bodies is counted.
func HeldOfStrangers(s *Server) int64 {
	s.strangers.mu.Lock()
	defer s.strangers.mu.Unlock()
	return s.strangers.held
}

// HeldOfBodies is how much is counted of bodies that came with a token.
func HeldOfBodies(s *Server) int {
	s.bodies.mu.Lock()
	defer s.bodies.mu.Unlock()
	return s.bodies.held
}

// PlacesOfRecords are how many requests are being served in all records.
func PlacesOfRecords(s *Server) Places { return Places{s.records} }

// PlacesOfBundles are those for bundles that fill the memory.
func PlacesOfBundles(s *Server) Places { return Places{s.bundles} }

const MaxAddresses = maxAddresses

func ClientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return clientAddress(r, trusted)
}

func MediaType(header, types []string) bool { return mediaType(header, types) }

var TokenInURL = tokenInURL

type Buckets struct{ *buckets }

func NewBuckets(perSecond float64, burst int) Buckets { return Buckets{newBuckets(perSecond, burst)} }

func (b Buckets) Take(a netip.Addr, now time.Time) (time.Duration, bool) { return b.take(a, now) }

func LimitsOf(l Limits) Limits { return l.orDefault() }

type Places struct{ *places }

func NewPlaces(all, each int) Places { return Places{newPlaces(all, each)} }

func (p Places) Take(ctx context.Context, id record.PersonID, wait time.Duration) (func(), error) {
	return p.take(ctx, who{record: id}, time.Now().Add(wait))
}

// TakeFor is Take for a grant that is not the person's own.
func (p Places) TakeFor(ctx context.Context, id record.PersonID, g record.GrantID, wait time.Duration) (func(), error) {
	return p.take(ctx, who{id, g}, time.Now().Add(wait))
}

// Waiting is how many are in the line.
func (p Places) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.line)
}

// Used is how many places are taken.
func (p Places) Used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

var EachRecord = eachRecord
