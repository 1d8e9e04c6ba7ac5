package oauth

import (
	"context"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"carehold/httpapi/oauth/assertion"
	"carehold/httpapi/oauth/clients"
	"carehold/httpapi/oauth/dpop"
	"carehold/httpapi/oauth/pace"
	"carehold/record"
	"carehold/record/fetch"
	"carehold/record/store"
)

// Clients knows the apps that may ask: a *clients.Registry.
type Clients interface {
	Get(ctx context.Context, id string) (clients.Client, error)
	HasOrigin(origin string) bool
	TakesUnknown() bool
}

// Config is what the door has to know of the server.
type Config struct {
	Base    string                           // its public URL, without a slash at the end: the issuer
	Clients Clients                          // nil: there are none
	Fetch   fetch.Fetch                      // asks for clients' keys; nil: keys by address are not to be had
	From    func(*http.Request) netip.Prefix // who a request is counted for
}

// API is the door. Its methods serve one path each.
type API struct {
	config  Config
	host    string // of Base
	secure  bool   // Base is https
	store   *store.Store
	now     func() time.Time
	proofs  *dpop.Checker
	asserts *assertion.Checker
	pages   *template.Template

	waiting *shelf[*waiting]            // by the request's id
	pushed  *shelf[*pushed]             // by what is random in the request_uri
	known   *shelf[*pushed]             // and of clients that whoever runs the server knows, and that showed a secret or a key
	guesses *pace.Each[record.PersonID] // of codes, by whose session it is
	about   map[string][]byte           // discovery, which is the same for everybody
}

// How many requests may wait: in all, of one address, behind which may be a clinic, and of
// the addresses around it.
const (
	maxWaiting       = 2000
	maxWaitingEach   = 40
	maxWaitingWide   = 160
	maxPushed        = 2000
	maxPushedEach    = 200 // of one address: a client's server asks for all its users
	maxPushedWide    = 400
	maxKnown         = 4000
	maxKnownOfClient = 500
)

// nobody is a registry without apps.
type nobody struct{}

func (nobody) Get(context.Context, string) (clients.Client, error) {
	return clients.Client{}, record.Safef(record.NotFound, "this app is not known here")
}
func (nobody) HasOrigin(string) bool { return false }
func (nobody) TakesUnknown() bool    { return false }

// New makes the door of a store.
func New(s *store.Store, c Config) *API {
	if c.Clients == nil {
		c.Clients = nobody{}
	}
	if c.From == nil {
		c.From = func(*http.Request) netip.Prefix { return netip.Prefix{} }
	}
	a := &API{config: c, store: s, now: s.Now, secure: strings.HasPrefix(c.Base, "https:"), pages: pageTemplates(),
		waiting: newShelf[*waiting](maxWaiting), pushed: newShelf[*pushed](maxPushed), known: newShelf[*pushed](maxKnown), guesses: pace.New[record.PersonID](guessEvery, guessBurst, maxGuesses)}
	if u, err := url.Parse(c.Base); err == nil {
		a.host = u.Host
	}
	var keys *assertion.Keys
	if c.Fetch != nil {
		keys = assertion.NewKeys(c.Fetch)
	}
	a.proofs = dpop.New(dpop.Options{RequireNonce: true, Now: a.now})
	a.asserts = assertion.New(keys, 0)
	a.about = a.discovery()
	return a
}

// fhir is the base of the interface that tokens are for: aud.
func (a *API) fhir() string { return a.config.Base + "/fhir" }

// Allowed reports whether pages of an origin may ask programs' paths from a browser: it
// is a registered client's (RFC 6749 has no say; RFC 9700 §2.6).
func (a *API) Allowed(origin string) bool {
	return origin != "" && origin != "null" && a.config.Clients.HasOrigin(origin)
}
