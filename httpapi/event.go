package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
)

// event is what one request leaves behind: one log line, and one count in the
// metrics. Nothing of it comes from a record, a path, a query or a token.
type event struct {
	http.ResponseWriter
	id     string
	door   Door
	route  string // the template: /fhir/{type}/{id}
	status int    // 0 until the answer has begun
	bytes  int64
	err    error
	noted  error    // a fault of one entry of a batch, which was answered all the same
	stack  []string // functions, after a panic
}

// Unwrap lets http.ResponseController reach the connection.
func (e *event) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Note keeps a fault that the answer has already told, for the log.
// problem.Noter.
func (e *event) Note(err error) { e.noted = err }

func (e *event) WriteHeader(status int) {
	if e.status == 0 && status >= 200 {
		e.status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *event) Write(b []byte) (int, error) {
	if e.status == 0 {
		e.status = http.StatusOK
	}
	n, err := e.ResponseWriter.Write(b)
	e.bytes += int64(n)
	return n, err
}

// A client's own request id is taken when it is a UUID, which has no room for a
// name or a number from a record; it is logged. FHIR R4 §3.1.0.1.12.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); uuid.MatchString(id) {
		return id
	}
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// record answers what went wrong, when it still can, and writes the line.
func (s *Server) finish(e *event, r *http.Request, began time.Time) {
	panicked := recover()
	if panicked != nil && panicked != http.ErrAbortHandler {
		e.err, e.stack = record.Internal, functions() // the value may hold anything: it is not looked at
	}
	cut := panicked == http.ErrAbortHandler
	if e.err != nil && !cut {
		if e.status == 0 {
			s.answerError(e, r, e.err)
		} else {
			cut = true // half an answer must not look like a whole one
		}
	}
	if e.status == 0 {
		e.status = http.StatusOK // net/http writes it for a handler that wrote nothing
	}
	took := s.now().Sub(began)
	s.metrics.count(e.route, method(r), e.status, took)
	s.log(e, r, took, cut)
	if cut {
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) log(e *event, r *http.Request, took time.Duration, cut bool) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("id", e.id), slog.String("method", method(r)), slog.String("route", e.route),
		slog.Int("status", e.status), slog.Int64("bytes", e.bytes), slog.Duration("took", took),
	}
	err := e.err
	if err == nil {
		err = e.noted
	}
	if err != nil {
		row := problem.Of(err)
		attrs = append(attrs, slog.String("kind", row.Code), slog.String("error", record.SafeText(err)))
		if row.Status >= 500 && row.Kind != record.Unavailable && row.Kind != record.Unsupported {
			level = slog.LevelError
		}
	}
	if cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	if e.stack != nil {
		attrs = append(attrs, slog.Any("stack", e.stack))
	}
	s.logger.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// functions are the names of the functions that were running: no arguments, no
// values, no paths of the machine that built this.
func functions() []string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var names []string
	for {
		f, more := frames.Next()
		names = append(names, f.Function)
		if !more {
			return names
		}
	}
}

// method is the request's method, as a word from a short list: it is a label.
func method(r *http.Request) string {
	switch r.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return r.Method
	}
	return "other"
}
