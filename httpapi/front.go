package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"carehold/httpapi/oauth"
	"carehold/httpapi/problem"
	"carehold/httpapi/web"
	"carehold/record"
)

// Front is what listens. While the store is being opened there is no server yet:
// it says that the process lives and is not ready.
type Front struct {
	config Config
	server atomic.Pointer[Server]
	pages  func() *web.Pages // for whoever comes too early
	using  sync.Once
	used   chan struct{} // closed when there is a server
}

// NewFront makes a front without a server.
func NewFront(c Config) *Front {
	c.Limits = c.Limits.orDefault()
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	pages := sync.OnceValue(func() *web.Pages { return web.New(web.Config{Version: c.Version, PublicURL: c.PublicURL}) })
	return &Front{config: c, pages: pages, used: make(chan struct{})}
}

// Use gives the front its server: from now on it answers.
func (f *Front) Use(s *Server) {
	f.using.Do(func() {
		f.server.Store(s)
		close(f.used)
		go s.fhir.Prepare()
	})
}

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s := f.server.Load(); s != nil {
		s.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	secure(h, false)
	h.Set("Cache-Control", "no-store")
	err := record.Safef(record.Unavailable, "the server is starting")
	status, body := http.StatusServiceUnavailable, err.Safe+"\n"
	switch door := doorOf(r.URL.Path); {
	case r.URL.Path == "/livez":
		status, body = http.StatusOK, "ok\n"
		h.Set("Content-Type", "text/plain; charset=utf-8")
	case door == DoorFHIR:
		h.Set("Content-Type", "application/fhir+json; fhirVersion=4.0")
		body = string(problem.Outcome(err, ""))
	case door == DoorOAuth:
		h.Set("Content-Type", "application/json")
		body = string(oauth.ErrorOf(err).Body())
	case door == DoorHolder:
		h.Set("Content-Type", "application/json")
		body = string(problem.HolderBody(err, ""))
	case (door == DoorWeb || door == DoorApp) && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		h.Set("Connection", "close")
		f.pages().Starting(w, r)
		return
	default:
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if status != http.StatusOK {
		h.Set("Retry-After", "2")
		h.Set("Connection", "close")
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// Serve answers on the listener until ctx ends or the store fails; then it lets
// the requests that are running end, for as long as Limits.StopTime. With a TLS
// configuration it speaks only that.
func (f *Front) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	limits := f.config.Limits
	caps := newConnections(limits.Connections, limits.ConnectionsEach, f.config.TrustedProxies)
	defer caps.watch(f)()
	hs := &http.Server{
		Handler:           newStreams(f, limits, f.config.TrustedProxies),
		ReadHeaderTimeout: limits.HeaderTime,
		ReadTimeout:       limits.BodyTime,
		WriteTimeout:      2 * limits.BodyTime,
		IdleTimeout:       limits.IdleTime,
		MaxHeaderBytes:    limits.Header,
		HTTP2:             limits.http2(),
		ConnContext:       withRefusals,
		ErrorLog:          ErrorLog(f.config.Logger),
	}
	served := make(chan error, 1)
	go func() {
		if t != nil {
			hs.TLSConfig = t.Clone()
			served <- hs.ServeTLS(caps.listen(l), "", "")
		} else {
			served <- hs.Serve(caps.listen(l))
		}
	}()
	var failed error
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	case <-f.failed(ctx):
		failed = errors.New("the store has failed, and nothing more is served")
	}
	if s := f.server.Load(); s != nil {
		s.stopping.Store(true)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.StopTime)
	defer cancel()
	began := time.Now()
	if err := hs.Shutdown(stop); err != nil {
		hs.Close()
		return errors.Join(failed, fmt.Errorf("stopping: some requests were cut after %s: %w", time.Since(began).Round(time.Second), err))
	}
	return failed
}

// failed is closed when the store of the server, which may come later, has failed.
func (f *Front) failed(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-f.used:
		}
		select {
		case <-ctx.Done():
		case <-f.server.Load().store.Failed():
			close(out)
		}
	}()
	return out
}

// ErrorLog is for an http.Server's complaints (a bad handshake, a broken request):
// that there was one, in the log's own format, without its text, which may quote a
// client's bytes.
func ErrorLog(l *slog.Logger) *log.Logger { return log.New(quiet{l}, "", 0) }

type quiet struct{ *slog.Logger }

func (q quiet) Write(b []byte) (int, error) {
	q.Debug("connection refused or broken")
	return len(b), nil
}
