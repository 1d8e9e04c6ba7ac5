package clients

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"carehold/httpapi/oauth/pace"
	"carehold/record"
	"carehold/record/fetch"
)

// Whoever names a URL as a client_id makes this server ask it, and anybody may name
// one. So there are bounds on what that can be used for: against the server, whose
// memory and connections it takes; against its network, which fetch.Fetch keeps out of;
// and against whoever is asked.
const (
	perMinute   = 30               // documents asked for in a minute, of all hosts
	perHost     = 6                // of one host; more only as minutes go by
	atOnce      = 4                // under way at one time
	fetchTime   = 5 * time.Second  // for one of them, body included
	mayJoin     = 8                // requests that wait for one of them: each holds a place of the server's
	mayWait     = 16               // and for all of them
	keepFor     = 10 * time.Minute // a document is believed; the draft's §4.4 lets a server have its own bounds
	keepWorn    = time.Hour        // and this long when it could not be asked for again for want of room
	againAfter  = 30 * time.Second // a URL that gave none is asked again
	maxKept     = 256              // documents
	maxRefused  = 1024             // URLs that gave none
	maxHosts    = 1024             // hosts that are counted
	acceptTypes = "application/json"
)

var errBusy error = record.Safef(record.TooMany, "too many apps that are not registered here are being looked up: try again in a minute, or ask whoever runs this server to register the app (carehold client add)")

var errCrowd error = record.Safef(record.Unavailable, "too many requests wait for the descriptions of apps that are not registered here: try again in a few seconds")

// strangers looks up apps that nobody registered.
type strangers struct {
	fetch fetch.Fetch
	now   func() time.Time
	slots chan struct{}

	mu      sync.Mutex // guards what follows; nothing is asked while it is held
	all     *rate.Limiter
	hosts   *pace.Each[string]
	kept    map[string]known
	refused map[string]known
	calls   map[string]*call
	waiting int // for all calls
}

// known is a document that was read, or why there was none. The draft (§4.4) forbids
// keeping an error: what is kept is when a URL was last asked in vain, so that it is
// asked no more often than that, and the words for who comes meanwhile.
type known struct {
	client Client
	err    error
	at     time.Time
}

// call is one asking, for all who wait for it.
type call struct {
	done    chan struct{} // closed when client and err are set
	client  Client
	err     error
	waiting int // how many do; guarded by strangers.mu
}

func newStrangers(f fetch.Fetch, now func() time.Time) *strangers {
	return &strangers{fetch: f, now: now, slots: make(chan struct{}, atOnce), all: rate.NewLimiter(rate.Every(time.Minute/perMinute), perMinute),
		hosts: pace.New[string](time.Minute/perHost, perHost, maxHosts), kept: map[string]known{}, refused: map[string]known{}, calls: map[string]*call{}}
}

// get finds the app whose id is a URL.
func (s *strangers) get(ctx context.Context, id string) (Client, error) {
	if err := CheckURL(id); err != nil {
		return Client{}, err
	}
	c, k, err := s.begin(id)
	if c == nil {
		return k, err
	}
	defer s.left(c)
	select {
	case <-c.done:
		return c.client.clone(), c.err
	case <-ctx.Done():
		return Client{}, ctx.Err()
	}
}

// left is one less who waits.
func (s *strangers) left(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.waiting--
	s.waiting--
}

// begin answers from what is kept, or joins or starts an asking.
func (s *strangers) begin(id string) (*call, Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	k, have := s.kept[id]
	if have && since(now, k.at) < keepFor {
		return nil, k.client.clone(), nil
	}
	if r, there := s.refused[id]; there && since(now, r.at) < againAfter {
		return nil, Client{}, r.err
	}
	c, why := s.calls[id], errCrowd
	if full := s.waiting >= mayWait || c != nil && c.waiting >= mayJoin; full {
		c = nil
	} else if c == nil {
		if why = errBusy; s.room(id, now) {
			id = strings.Clone(id) // and not all of the body that it came in
			c = &call{done: make(chan struct{})}
			s.calls[id] = c
			go s.ask(id, c)
		}
	}
	if c == nil {
		if have && since(now, k.at) < keepWorn { // whoever uses up the room does not lock out the others
			return nil, k.client.clone(), nil
		}
		return nil, Client{}, why
	}
	c.waiting++
	s.waiting++
	return c, Client{}, nil
}

// since is how long ago something was; a clock that was set back makes it long ago.
func since(now, at time.Time) time.Duration {
	if d := now.Sub(at); d >= 0 {
		return d
	}
	return time.Duration(1<<63 - 1)
}

// room takes a place for one asking, if there is one.
func (s *strangers) room(id string, now time.Time) bool {
	u, _ := split(id)
	host := s.hosts.Of(u.host, now)
	if host == nil || s.all.TokensAt(now) < 1 {
		return false
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return false
	}
	// The host's share first: what one host is asked too often takes none from others.
	if !host.AllowN(now, 1) || !s.all.AllowN(now, 1) {
		<-s.slots
		return false
	}
	return true
}

// ask makes one request. It does not end with whoever asked first: others may wait.
func (s *strangers) ask(id string, c *call) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	c.client, c.err = s.document(ctx, id)
	<-s.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if c.err == nil {
		c.client.Added = now.UTC().Truncate(time.Second)
		put(s.kept, maxKept, id, known{client: c.client, at: now})
		delete(s.refused, id)
	} else {
		put(s.refused, maxRefused, id, known{err: c.err, at: now})
		delete(s.kept, id) // what is not there any more is not believed for what it was
	}
	delete(s.calls, id)
	close(c.done)
}

// put keeps at most so many, and leaves the oldest out.
func put(m map[string]known, most int, id string, k known) {
	if _, there := m[id]; !there && len(m) >= most {
		oldest := ""
		for name, have := range m {
			if oldest == "" || have.at.Before(m[oldest].at) {
				oldest = name
			}
		}
		delete(m, oldest)
	}
	m[id] = k
}

func (s *strangers) document(ctx context.Context, id string) (Client, error) {
	answer, err := fetch.Get(ctx, still{s.fetch}, id, acceptTypes, MaxDocument)
	if err != nil {
		return Client{}, err
	}
	if answer.Status != 200 { // §4: nothing else is success
		return Client{}, record.Safef(record.Unprocessed, "the app's description is not at its client_id: the server there answers %d", answer.Status)
	}
	return ParseDocument(id, answer.Body)
}

// still is a Fetch that goes nowhere else: the draft's §4 forbids to follow redirects.
type still struct{ from fetch.Fetch }

var errMoved error = record.Safef(record.Unprocessed, "the app's description is not at its client_id: the server there leads elsewhere, and is not followed")

func (s still) Fetch(ctx context.Context, q fetch.Request) (*fetch.Response, error) {
	r, err := s.from.Fetch(ctx, q)
	if err == nil && r.Status/100 == 3 {
		r.Body.Close()
		return nil, errMoved
	}
	return r, err
}
