package fhirapi

import (
	"io"
	"net/http"
	"strings"
)

// Pretty returns a writer that lays the JSON of an answer out for people to read,
// when the request has _pretty=true (FHIR R4 §3.1.0.1.11). It puts in white space
// and takes it away, outside strings, and touches nothing else: 4.10 stays 4.10.
func Pretty(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if !strings.Contains(r.URL.RawQuery, "_pretty") || r.URL.Query().Get("_pretty") != "true" {
		return w
	}
	return prettied(w)
}

func prettied(w http.ResponseWriter) http.ResponseWriter {
	return &prettyWriter{ResponseWriter: w, out: layout{w: w}}
}

type prettyWriter struct {
	http.ResponseWriter
	out    layout
	status int
	plain  bool // what is written is no JSON: a content
}

// Unwrap lets http.ResponseController reach the connection.
func (p *prettyWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *prettyWriter) WriteHeader(status int) {
	if status >= 200 {
		p.status = status
	}
	if p.plain = p.Header().Get("Content-Type") != ContentType; !p.plain {
		p.Header().Del("Content-Length") // it was counted without the white space
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *prettyWriter) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.plain {
		return p.ResponseWriter.Write(b)
	}
	return p.out.Write(b)
}

// layout indents JSON that is valid, as it goes.
type layout struct {
	w       io.Writer
	buf     []byte
	depth   int
	text    bool // in a string
	escaped bool // the next byte of it is escaped
	opened  bool // after [ or {
}

func (l *layout) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		part := rest[:min(len(rest), laidOut)]
		rest, l.buf = rest[len(part):], l.buf[:0]
		for _, c := range part {
			l.byte(c)
		}
		if _, err := l.w.Write(l.buf); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// laidOut is how much is laid out at once: what comes of it is held beside it, and of
// many short lines it is several times as much.
const laidOut = 64 << 10

func (l *layout) byte(c byte) {
	if l.text {
		l.buf = append(l.buf, c)
		switch {
		case l.escaped:
			l.escaped = false
		case c == '\\':
			l.escaped = true
		case c == '"':
			l.text = false
		}
		return
	}
	switch c {
	case ' ', '\t', '\r', '\n':
		return
	case ']', '}':
		l.depth--
		if !l.opened {
			l.line()
		}
		l.opened = false
		l.buf = append(l.buf, c)
		return
	}
	if l.opened {
		l.opened = false
		l.line()
	}
	l.buf = append(l.buf, c)
	switch c {
	case '"':
		l.text = true
	case '[', '{':
		l.depth++
		l.opened = true
	case ',':
		l.line()
	case ':':
		l.buf = append(l.buf, ' ')
	}
}

func (l *layout) line() {
	l.buf = append(l.buf, '\n')
	for range l.depth {
		l.buf = append(l.buf, ' ', ' ')
	}
}
