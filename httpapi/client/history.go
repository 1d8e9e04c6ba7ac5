package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
	"carehold/record/fhir"
)

// Version is one version of an entry, from a history.
type Version struct {
	Ref      fhir.Ref
	Version  record.Version
	Deleted  bool
	Resource []byte // as it was served, but for a content kept apart from it; nil when deleted
	Entry    []byte // of the history's Bundle: the resource, and what was done
}

// History calls fn for each version of the entries of a type, newest first, until fn
// returns an error.
func (s *Session) History(ctx context.Context, typ string, fn func(Version) error) error {
	return s.pages(ctx, "/fhir/"+typ+"/_history", func(b []byte) (string, error) { return eachVersion(b, typ, fn) })
}

func eachVersion(body []byte, typ string, fn func(Version) error) (next string, err error) {
	var b struct {
		ResourceType string `json:"resourceType"`
		Link         []struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		} `json:"link"`
		Entry []jsontext.Value `json:"entry"`
	}
	bad := record.Safef(record.Unavailable, "the server's answer is not a history")
	if err := json.UnmarshalRead(bytes.NewReader(body), &b); err != nil || b.ResourceType != "Bundle" {
		return "", bad
	}
	for _, e := range b.Entry {
		v, ok := versionOf(e)
		if !ok || v.Ref.Type != typ {
			return "", bad
		}
		if err := fn(v); err != nil {
			return "", err
		}
	}
	for _, l := range b.Link {
		if l.Relation == "next" {
			next = l.URL
		}
	}
	return next, nil
}

func versionOf(entry jsontext.Value) (v Version, ok bool) {
	var e struct {
		FullURL  string         `json:"fullUrl"`
		Resource jsontext.Value `json:"resource"`
		Request  struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
		Response struct {
			ETag string `json:"etag"`
		} `json:"response"`
	}
	if err := json.Unmarshal(entry, &e); err != nil {
		return v, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(e.Response.ETag, `W/"`), `"`), 10, 32)
	if err != nil || n == 0 {
		return v, false
	}
	v.Version, v.Resource, v.Entry = record.Version(n), e.Resource, entry
	if v.Deleted = e.Request.Method == "DELETE"; v.Deleted {
		v.Ref, err = fhir.ParseRef(e.Request.URL)
		return v, err == nil && e.Resource == nil
	}
	// fullUrl ends in Type/id: the resource need not be read for it.
	at := strings.Split(e.FullURL, "/")
	if len(at) < 2 || e.Resource == nil {
		return v, false
	}
	v.Ref, err = fhir.ParseRef(at[len(at)-2] + "/" + at[len(at)-1])
	return v, err == nil
}

// Whole writes a version of an entry as it is served, of any size: that of a Binary has
// its content in it. When a connection breaks it is asked for again, and what was
// written already is passed over: a version does not change.
func (s *Session) Whole(ctx context.Context, ref fhir.Ref, v record.Version, w io.Writer) error {
	t := tries{wait: s.c.wait}
	written := int64(0)
	for {
		n, whole, err := s.wholeFrom(ctx, contentPath(ref, v), written, w)
		if written += n; n > 0 {
			t.moved()
		}
		if failed, ok := err.(*writeError); ok {
			return failed.error
		}
		if whole {
			return nil
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		if err = t.again(ctx, err); err != nil {
			return err
		}
	}
}

func (s *Session) wholeFrom(ctx context.Context, path string, from int64, w io.Writer) (n int64, whole bool, err error) {
	answer, end, err := s.c.exchange(ctx, piece{method: "GET", path: path, token: s.token,
		header: http.Header{"Accept": {"application/fhir+json"}}})
	if err != nil {
		return 0, false, err
	}
	defer end()
	if _, err := io.CopyN(io.Discard, answer.Body, from); err != nil {
		return 0, false, nil
	}
	buf := make([]byte, 64<<10)
	for {
		k, err := answer.Body.Read(buf)
		if k > 0 {
			if _, werr := w.Write(buf[:k]); werr != nil {
				return n, false, &writeError{werr}
			}
			n += int64(k)
		}
		if err == io.EOF {
			return n, answer.ContentLength < 0 || from+n == answer.ContentLength, nil
		}
		if err != nil {
			return n, false, nil
		}
	}
}
