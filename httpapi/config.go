package httpapi

import (
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"carehold/httpapi/certificate"
	"carehold/httpapi/oauth"
	"carehold/record"
	"carehold/record/fetch"
)

// Config is how a server is reached and what it puts up with. A zero field
// means what its comment says.
type Config struct {
	// PublicURL is what clients call this server: "https://record.example.org".
	// Links, fullUrls and Locations begin with it; the Host header is never
	// believed. Required.
	PublicURL string

	// TrustedProxies are the addresses whose X-Forwarded-For is believed. None:
	// the address of the connection is the client's.
	TrustedProxies []netip.Prefix

	// Certificate is where the server's certificate comes from, for the metrics.
	// Nil: it has none of its own.
	Certificate certificate.Source

	// Version is shown by /, /holder/v1/node and /fhir/metadata.
	Version string

	// Logger gets one event for each request. Nil: slog.Default.
	Logger *slog.Logger

	// Clients are the apps that may ask a person for access. Nil: there are none.
	Clients oauth.Clients

	// Fetch asks for the keys of clients that have them at an address. Nil: such
	// clients cannot sign in.
	Fetch fetch.Fetch

	Limits Limits
}

// Limits are what one server, and one client of it, may use.
type Limits struct {
	Rate    float64 // requests a second from one address; 50
	Burst   int     // and at once; 300
	Guesses float64 // lookups by a secret, and refused tokens, a second from one address; 2
	Tries   int     // and at once; 60

	Connections     int // at the same time; 1024
	ConnectionsEach int // of them from one address, but for trusted proxies; 128

	// Memory is what the program may take, in bytes; 4 GiB. How large a bundle may
	// be and how many bodies are held at the same time follow from it where nothing
	// is said of them: until it is written a body takes up to eight times its size,
	// as was measured with an import of large letters.
	Memory int64

	Bundle     int64         // bytes of a bundle; an eighth of Memory, from 17 MiB to 256 MiB
	Concurrent int           // requests served at the same time, an eighth of them in one record, but four if that is half; one for each 4 MiB of Memory, at most 256
	Large      int           // of them, bundles of more than 1 MiB; as many as fit in Memory, at most 2
	Letters    int           // of them, large entries; as many as fit in half of Memory, at most 16
	Wait       time.Duration // for a place when all are taken, and five times as long with a large body; 2 s
	Header     int           // bytes of a request's head; 16 KiB
	HeaderTime time.Duration // for sending the head; 10 s
	BodyTime   time.Duration // for sending an ordinary body, or taking an ordinary answer; 30 s
	LargeTime  time.Duration // for a large one; 10 min
	Slowest    int64         // bytes a second, over all of it, at which a whole record is sent or taken, and a large body sent under a grant; 16 KiB
	IdleTime   time.Duration // of a connection between requests; 2 min
	StopTime   time.Duration // for requests to end when the server stops; 45 s
}

func (l Limits) orDefault() Limits {
	or := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	per := func(v *float64, d float64) {
		if *v <= 0 {
			*v = d
		}
	}
	wait := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	per(&l.Rate, 50)
	or(&l.Burst, 300)
	per(&l.Guesses, 2)
	or(&l.Tries, 60)
	or(&l.Connections, 1024)
	or(&l.ConnectionsEach, 128)
	if l.Memory <= 0 {
		l.Memory = 4 << 30
	}
	if l.Bundle <= 0 {
		l.Bundle = min(max(l.Memory/8, resourceBody+1<<20), bundleBody)
	}
	fit := func(memory, each int64, most int) int { return int(min(max(memory/each, 1), int64(most))) }
	or(&l.Concurrent, fit(l.Memory, 4<<20, 256))
	or(&l.Large, fit(l.Memory, 8*l.Bundle, 2))
	or(&l.Letters, fit(l.Memory/2, 8*resourceBody, 16))
	or(&l.Header, 16<<10)
	wait(&l.Wait, 2*time.Second)
	wait(&l.HeaderTime, 10*time.Second)
	wait(&l.BodyTime, 30*time.Second)
	wait(&l.LargeTime, 10*time.Minute)
	if l.Slowest <= 0 {
		l.Slowest = 16 << 10
	}
	wait(&l.IdleTime, 2*time.Minute)
	wait(&l.StopTime, 45*time.Second)
	return l
}

// publicURL checks the public URL and takes a slash off its end.
func (c Config) publicURL() (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(c.PublicURL, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, record.Safef(record.Invalid, "the public URL must be http:// or https:// and a host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "":
		return nil, record.Safef(record.Invalid, "the public URL must have nothing after the host")
	}
	return u, nil
}
