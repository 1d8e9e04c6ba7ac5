package client

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
)

// Session is a client with a token: what it can see is what the token opens.
type Session struct {
	c     *Client
	token string
}

// With makes a session of a token: a person's session, or one from a grant.
func (c *Client) With(token string) *Session { return &Session{c, token} }

// importTime is for one transaction of an import.
const importTime = 10 * time.Minute

// maxResource is the largest resource, with its metadata.
const maxResource = 17 << 20

func decode(b []byte, out any) error {
	if err := message.ReadAnswer(bytes.NewReader(b), out); err != nil {
		return &record.Error{Kind: record.Unavailable, Safe: "the server's answer cannot be understood: is this a Carehold server?", Err: err}
	}
	return nil
}

// Read fetches the newest version of an entry, as FHIR JSON.
func (s *Session) Read(ctx context.Context, ref fhir.Ref) ([]byte, error) {
	return s.get(ctx, "/fhir/"+ref.String())
}

// VRead fetches one version of it.
func (s *Session) VRead(ctx context.Context, ref fhir.Ref, v record.Version) ([]byte, error) {
	return s.get(ctx, "/fhir/"+ref.String()+"/_history/"+v.String())
}

func (s *Session) get(ctx context.Context, path string) ([]byte, error) {
	_, b, err := s.c.do(ctx, call{method: "GET", path: path, token: s.token, max: maxResource,
		header: http.Header{"Accept": {"application/fhir+json"}}}) // or a Binary would come as its content
	return b, err
}

// Transaction sends a transaction Bundle, for an import with its origin, and
// returns the response Bundle.
func (s *Session) Transaction(ctx context.Context, bundle []byte, origin entry.Origin) ([]byte, error) {
	return s.transaction(ctx, bundle, origin, false)
}

// TransactionOfOwn is Transaction for an import of what the person exported from a record
// of theirs, as they were asked: it may have their own words about entries.
func (s *Session) TransactionOfOwn(ctx context.Context, bundle []byte, origin entry.Origin) ([]byte, error) {
	return s.transaction(ctx, bundle, origin, true)
}

func (s *Session) transaction(ctx context.Context, bundle []byte, origin entry.Origin, own bool) ([]byte, error) {
	q := call{method: "POST", path: "/fhir", token: s.token, typ: "application/fhir+json", body: bundle, timeout: importTime,
		header: http.Header{"Prefer": {"return=minimal"}}}
	if !origin.IsZero() {
		q.header.Set(message.ImportHeaderName, message.ImportHeader(origin, own))
	}
	_, b, err := s.c.do(ctx, q)
	return b, err
}

// Found is one entry of a search.
type Found struct {
	Ref      fhir.Ref
	Resource []byte // FHIR JSON, the bytes as they came
}

// Search calls fn for each entry of a type, over all pages, until fn returns an
// error.
func (s *Session) Search(ctx context.Context, typ string, fn func(Found) error) error {
	return s.pages(ctx, "/fhir/"+typ, func(b []byte) (string, error) { return eachFound(b, fn) })
}

// pages fetches the pages of a list until there is no next.
func (s *Session) pages(ctx context.Context, list string, each func(page []byte) (next string, err error)) error {
	path := list + "?_count=500"
	for range maxPages {
		_, b, err := s.c.do(ctx, call{method: "GET", path: path, token: s.token, max: maxPage})
		if err != nil {
			return err
		}
		next, err := each(b)
		if err != nil || next == "" {
			return err
		}
		// The link is the public URL's; only what it asks for is taken from it, so
		// that no answer can lead the token elsewhere.
		u, err := url.Parse(next)
		if err != nil || !strings.HasSuffix(u.Path, list) {
			return record.Safef(record.Unavailable, "the server's link to the next page leads elsewhere")
		}
		path = list + "?" + u.RawQuery
	}
	return record.Safef(record.Unavailable, "the server's pages do not end")
}

const (
	maxPages = 100_000
	maxPage  = 512 << 20
)

// Entries lists all entries without content. Whole-record sessions only.
func (s *Session) Entries(ctx context.Context) ([]message.EntryInfo, error) {
	var m message.Entries
	err := s.c.json(ctx, "GET", "/holder/v1/entries", s.token, nil, &m)
	return m.Entries, err
}

// Why tells where an entry is filed, and by which rule.
func (s *Session) Why(ctx context.Context, ref fhir.Ref) (message.EntryInfo, error) {
	var m message.EntryInfo
	err := s.c.json(ctx, "GET", "/holder/v1/entries/"+ref.String(), s.token, nil, &m)
	return m, err
}

// Move files an entry in another section.
func (s *Session) Move(ctx context.Context, ref fhir.Ref, to record.Section) (message.Moved, error) {
	var m message.Moved
	err := s.c.json(ctx, "POST", "/holder/v1/entries/"+ref.String()+"/section", s.token, message.Move{Section: to.String()}, &m)
	return m, err
}

// MoveImported files what an import brought; of files none but its own go along.
func (s *Session) MoveImported(ctx context.Context, ref fhir.Ref, to record.Section, id record.ImportID) (message.Moved, error) {
	var m message.Moved
	err := s.c.json(ctx, "POST", "/holder/v1/entries/"+ref.String()+"/section", s.token, message.Move{Section: to.String(), Import: message.ID(id)}, &m)
	return m, err
}

// Imports lists the imports.
func (s *Session) Imports(ctx context.Context) ([]message.Import, error) {
	var m message.Imports
	err := s.c.json(ctx, "GET", "/holder/v1/imports", s.token, nil, &m)
	return m.Imports, err
}

// Undo takes an import back.
func (s *Session) Undo(ctx context.Context, id record.ImportID) (message.Undone, error) {
	var m message.Undone
	err := s.c.json(ctx, "POST", "/holder/v1/imports/"+id.String()+"/undo", s.token, nil, &m)
	return m, err
}

// Preview counts what a grant would show.
func (s *Session) Preview(ctx context.Context, sections record.SectionSet, scopes []grant.Scope) (message.Preview, error) {
	q := message.PreviewRequest{Sections: []string{}, Scopes: grant.FormatScopes(scopes)}
	for _, x := range sections.List() {
		q.Sections = append(q.Sections, x.String())
	}
	var m message.Preview
	err := s.c.json(ctx, "POST", "/holder/v1/preview", s.token, q, &m)
	return m, err
}

// Patient is the FHIR id of the record's own Patient, which it has before there
// is such an entry.
func (s *Session) Patient(ctx context.Context) (string, error) {
	var m message.Session
	err := s.c.json(ctx, "GET", "/holder/v1/sessions", s.token, nil, &m)
	return m.Patient, err
}
