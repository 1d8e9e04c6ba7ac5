package httpapi

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"carehold/httpapi/fhirapi"
	"carehold/httpapi/holderapi"
	"carehold/httpapi/oauth"
	"carehold/httpapi/shl"
	"carehold/httpapi/web"
	"carehold/httpapi/web/app"
	"carehold/record/store"
)

// Server is the doors of one store. It is an http.Handler; Serve gives it the
// timeouts that a stranger's connection needs.
type Server struct {
	config  Config
	public  *url.URL
	store   *store.Store
	logger  *slog.Logger
	now     func() time.Time
	metrics *metrics

	fhir   *fhirapi.API
	holder *holderapi.API
	web    *web.Pages
	app    *app.App
	links  *shl.API
	oauth  *oauth.API

	table       []Route
	router      http.Handler
	crossOrigin *http.CrossOriginProtection

	requests, guesses         *buckets
	places                    *places // of all: by nobody
	records, bundles, letters *places
	strangers                 *strangers
	bodies                    *bodies
	senders                   senders
	first                     struct {
		sync.Mutex
		somebody bool
		looked   time.Time
	}
	stopping atomic.Bool

	connections atomic.Pointer[connections]                     // of the front, once it serves
	throttled   struct{ requests, guesses, busy atomic.Uint64 } // refusals, for the metrics
}

// New makes the doors of a store.
func New(st *store.Store, c Config) (*Server, error) {
	public, err := c.publicURL()
	if err != nil {
		return nil, err
	}
	c.Limits = c.Limits.orDefault()
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Version == "" {
		c.Version = "unknown"
	}
	l := c.Limits
	s := &Server{
		config: c, public: public, store: st, logger: c.Logger, now: time.Now, metrics: newMetrics(),
		fhir:        fhirapi.New(fhirapi.Config{Base: public.String() + "/fhir", Version: c.Version}),
		holder:      holderapi.New(st, c.Version),
		crossOrigin: http.NewCrossOriginProtection(),
		requests:    newBuckets(l.Rate, l.Burst), guesses: newBuckets(l.Guesses, l.Tries),
		places:    newPlaces(l.Concurrent, l.Concurrent),
		strangers: newStrangers(max(l.Memory/8, 4<<20), max(l.Memory/64, 4<<20)),
		bodies:    newBodies(max(l.Memory/8, 16*ordinaryBody)),
		records:   newPlaces(l.Concurrent, eachRecord(l.Concurrent)),
		bundles:   newPlaces(l.Large, l.Large/2),
		letters:   newPlaces(l.Letters, l.Letters/4),
	}
	s.web = web.New(web.Config{Version: c.Version, PublicURL: public.String(), Core: web.EmbeddedCore(), Empty: s.nobody})
	s.app = app.New(s.web, st)
	// Behind a proxy the Host that arrives may not be the one the page came from.
	if err := s.crossOrigin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, err
	}
	s.links = shl.New(st, public.String(), s.fhir.Summarize)
	s.oauth = oauth.New(st, oauth.Config{Base: public.String(), Clients: c.Clients, Fetch: c.Fetch, From: func(r *http.Request) netip.Prefix {
		return client(clientAddress(r, s.config.TrustedProxies))
	}})
	s.metrics.registry.MustRegister(&gauges{s: s})
	s.table = s.routes()
	s.router = s.newRouter(s.table)
	return s, nil
}

// Routes is a copy of the table.
func (s *Server) Routes() []Route { return append([]Route(nil), s.table...) }

// Serve answers on the listener until ctx ends or the store fails; then it lets
// the requests that are running end. With a TLS configuration it speaks only
// that.
func (s *Server) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	f := NewFront(s.config)
	f.Use(s)
	return f.Serve(ctx, l, t)
}
