package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// The waits after attempts to get a certificate that failed: certificate
// authorities allow a few in an hour.
var acmeWaits = []time.Duration{65 * time.Second, 5 * time.Minute, 15 * time.Minute, time.Hour}

// ACMEOptions say which certificate authority is asked for what.
type ACMEOptions struct {
	Host      string // the only name; from the public URL
	Email     string // where the authority writes to; may be empty
	Directory string // the authority's ACME directory; "" is Let's Encrypt
	Cache     string // a folder, made with mode 0700: account key, certificates and their keys
	Log       *slog.Logger

	Client *http.Client // to speak to the authority; nil: net/http's
}

// ACME is a certificate authority that is asked for a certificate (RFC 8555). It
// makes sure that this server is who it says by TLS-ALPN-01 (RFC 8737) on the
// server's own port, or by HTTP-01 where Challenges is served on port 80.
type ACME struct {
	o       ACMEOptions
	manager *autocert.Manager

	mu     sync.Mutex // guards what follows
	have   bool       // there is a certificate
	parsed *x509.Certificate
	wrong  string // with the last attempt
}

// FromACME makes the cache. It asks nobody yet.
func FromACME(o ACMEOptions) (*ACME, error) {
	if err := publicName(o.Host, o.Directory != ""); err != nil {
		return nil, err
	}
	if u, err := url.Parse(o.Directory); o.Directory != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return nil, fmt.Errorf("%q is not the address of an ACME directory: https:// and more", o.Directory)
	}
	if err := os.MkdirAll(o.Cache, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(o.Cache, 0o700); err != nil {
		return nil, err
	}
	return &ACME{o: o, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, // --acme says so
		Cache:  autocert.DirCache(o.Cache), HostPolicy: autocert.HostWhitelist(o.Host), Email: o.Email,
		Client: &acme.Client{DirectoryURL: o.Directory, HTTPClient: o.Client, UserAgent: "carehold"},
	}}, nil
}

// publicName says whether a certificate authority can know a name. One at home
// may know names that only that home has.
func publicName(host string, own bool) error {
	_, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return errors.New("there is no name to get a certificate for: it is that of --public-url")
	case err == nil:
		return fmt.Errorf("a certificate authority gives no certificate for the address %s: it must be a name", host)
	case !strings.Contains(host, "."):
		return fmt.Errorf("a certificate authority gives no certificate for %s: the name must have a dot in it", host)
	case own:
		return nil
	}
	for _, local := range []string{".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".test", ".example", ".invalid"} {
		if strings.HasSuffix(strings.ToLower(host), local) {
			return fmt.Errorf("%s is a name that only this network knows: a public certificate authority gives none for it", host)
		}
	}
	return nil
}

// TLS is a server's configuration: with the certificate once there is one, and
// always for the authority's question.
func (a *ACME) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1", acme.ALPNProto},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if slices.Contains(hello.SupportedProtos, acme.ALPNProto) {
				return a.manager.GetCertificate(hello)
			}
			a.mu.Lock()
			have := a.have
			a.mu.Unlock()
			if !have {
				return nil, errors.New("there is no certificate yet")
			}
			return a.manager.GetCertificate(a.hello())
		},
	}
}

// hello asks the manager for the one certificate there is, whatever the client
// says: it has no other name, and no other key.
func (a *ACME) hello() *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: a.o.Host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// Challenges answers the authority's question over HTTP, and nobody else's: no
// request is sent on to https, because whoever asks over http has already shown
// the network what they sent.
func (a *ACME) Challenges() http.Handler {
	h := a.manager.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "nothing is served without TLS: use https://"+a.o.Host, http.StatusMisdirectedRequest)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			r.Host = host // the manager compares it with the name, and knows no ports
		}
		h.ServeHTTP(w, r)
	})
}

// Keep gets the certificate, and then sees to it that the manager renews it.
func (a *ACME) Keep(ctx context.Context, again <-chan struct{}) {
	for failed := 0; ; {
		wait := time.Hour
		got := make(chan error, 1)
		go func() { got <- a.get() }() // which listens to nobody for up to five minutes
		var err error
		select {
		case <-ctx.Done():
			return
		case err = <-got:
		}
		if err != nil {
			wait = acmeWaits[min(failed, len(acmeWaits)-1)]
			failed++
			a.o.Log.Error("no certificate from the certificate authority", "err", err, "again_in", wait)
		} else {
			failed = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-time.After(wait):
		}
	}
}

// get asks the manager for the certificate, which asks the authority when it has
// none in its cache.
func (a *ACME) get() error {
	c, err := a.manager.GetCertificate(a.hello())
	var parsed *x509.Certificate
	if err == nil {
		parsed, err = leaf(c)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.wrong = "the certificate authority gave no certificate: " + clip(err.Error())
		return err
	}
	if a.parsed == nil || !parsed.NotAfter.Equal(a.parsed.NotAfter) {
		a.o.Log.Info("there is a certificate", "host", a.o.Host, "until", parsed.NotAfter)
	}
	a.have, a.parsed, a.wrong = true, parsed, ""
	return nil
}

// State is how the certificate is.
func (a *ACME) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.have { // the manager renews it without telling
		if c, err := a.manager.GetCertificate(a.hello()); err == nil {
			if parsed, err := leaf(c); err == nil {
				a.parsed = parsed
			}
		}
	}
	wrong := a.wrong
	if wrong == "" && a.parsed == nil {
		wrong = "there is no certificate yet: the certificate authority is being asked"
	}
	return state(a.parsed, a.o.Host, time.Now(), wrong,
		"look whether "+a.o.Host+" leads to this server from outside, on port 443 (or on 80, with --acme-http)")
}

// clip shortens what an authority says.
func clip(s string) string {
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}
