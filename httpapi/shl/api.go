package shl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/healthlink"
	"carehold/record/keys"
	"carehold/record/store"
)

// Summarize makes the patient summary of what a View may see, as FHIR JSON.
type Summarize func(ctx context.Context, v *store.View) ([]byte, error)

// API is the door.
type API struct {
	store     *store.Store
	base      string // of the server
	summarize Summarize
	tickets   crypto.Key // of this process: with it end its tickets
	now       func() time.Time
}

// New makes the door of a store whose public URL is base.
func New(s *store.Store, base string, summarize Summarize) *API {
	return &API{store: s, base: strings.TrimSuffix(base, "/"), summarize: summarize, tickets: crypto.NewKey(), now: time.Now}
}

const (
	maxRecipient = 80 // characters that are kept of it

	// embedded is the longest file that stands in a manifest, in characters, where the
	// client does not say.
	embedded = 1 << 20

	jose = "application/jose"
)

// errNone is the one answer to what opens nothing.
var errNone error = record.Safef(record.NotFound, "this link opens nothing: it may be mistyped, have run out or have been stopped; ask the person who gave it to you for another")

// open opens the outer half of the link in the path.
func (a *API) open(r *http.Request) (*store.Link, crypto.Credential, error) {
	url, err := crypto.ParseToken("chdl_" + r.PathValue("link"))
	if err != nil {
		return nil, url, errNone
	}
	l, err := a.store.OpenLink(r.Context(), url)
	if err != nil {
		url.Destroy()
	}
	return l, url, err
}

// asked is the body of a manifest's request.
type asked struct {
	Recipient string  `json:"recipient"`
	Passcode  string  `json:"passcode"`
	Embedded  *uint32 `json:"embeddedLengthMax"`
}

// Manifest answers with what a link leads to. SHL §"SMART Health Link Manifest Request".
func (a *API) Manifest(w http.ResponseWriter, r *http.Request) error {
	l, url, err := a.open(r)
	if err != nil {
		return err
	}
	defer url.Destroy()
	defer l.Close()
	if l.Flags&keys.LinkDirect != 0 {
		return errNone // its files are to be had by GET
	}
	var q asked
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return record.Safef(record.Invalid, `the body is JSON: {"recipient": "who you are", "passcode": "if the link has one"}`)
	}
	passcode := crypto.SecretString(q.Passcode)
	defer passcode.Destroy()
	who, err := recipient(q.Recipient)
	if err != nil {
		return err
	}
	o, err := l.Open(r.Context(), who, passcode)
	if err != nil {
		return a.refused(w, err)
	}
	defer o.Close()
	m := manifest{Files: []file{}}
	most := int64(embedded)
	if q.Embedded != nil {
		most = int64(*q.Embedded)
	}
	list, err := o.List()
	if err != nil {
		return err
	}
	tickets := ticketer{a, url, q.Passcode, who}
	for i, f := range list {
		x := file{ContentType: f.ContentType, Status: "finalized", Updated: f.Made.UTC().Format(time.RFC3339)}
		if f.Size <= most {
			var b bytes.Buffer
			if err := o.File(i+1, &b); err != nil {
				return err
			}
			x.Embedded = b.String()
		} else {
			x.Location = tickets.location(i + 1)
		}
		m.Files = append(m.Files, x)
	}
	if o.View != nil {
		x := file{ContentType: healthlink.FHIR, Status: "can-change", Updated: a.now().UTC().Format(time.RFC3339)}
		text, err := a.summary(r.Context(), o)
		if err != nil {
			return err
		}
		if int64(len(text)) <= most {
			x.Embedded = text
		} else {
			x.Location = tickets.location(0)
		}
		m.Files = append([]file{x}, m.Files...)
	}
	return m.write(w)
}

// summary is made of the record as it is now, and sealed for the link.
func (a *API) summary(ctx context.Context, o *store.Opened) (string, error) {
	b, err := a.summarize(ctx, o.View)
	if err != nil {
		return "", err
	}
	return healthlink.Encrypt(o.Key, healthlink.FHIR, b, true)
}

// Direct answers with the file of a link that has one. SHL §"U" flag.
func (a *API) Direct(w http.ResponseWriter, r *http.Request) error {
	l, url, err := a.open(r)
	if err != nil {
		return err
	}
	defer url.Destroy()
	defer l.Close()
	if l.Flags&keys.LinkDirect == 0 {
		return errNone // it has a manifest, by POST
	}
	query, err := parseQuery(r)
	if err != nil {
		return err
	}
	who, err := recipient(query.Get("recipient"))
	if err != nil {
		return err
	}
	o, err := l.Open(r.Context(), who, crypto.Secret{})
	if err != nil {
		return a.refused(w, err)
	}
	defer o.Close()
	return send(w, r, func(b *bytes.Buffer) error { return o.File(1, b) })
}

func parseQuery(r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, record.Safef(record.Invalid, "the query cannot be understood: check its percent-encoding")
	}
	return q, nil
}

// send answers with a file.
func send(w http.ResponseWriter, r *http.Request, write func(*bytes.Buffer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", jose)
	_, err := w.Write(b.Bytes())
	if err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}

// refused answers a passcode that was another; every other error is passed on.
func (a *API) refused(w http.ResponseWriter, err error) error {
	wrong, ok := errors.AsType[store.WrongPasscode](err)
	if !ok {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("WWW-Authenticate", "Passcode") // RFC 9110 §15.5.2 asks for one; the standard has no name for it
	w.WriteHeader(http.StatusUnauthorized)
	return json.NewEncoder(w).Encode(map[string]int{"remainingAttempts": wrong.Remaining})
}

// recipient is who the one who opens a link says they are: it must be there, and goes
// into the person's log as their own words.
func recipient(text string) (string, error) {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, text)), " ")
	if text == "" {
		return "", record.Safef(record.Invalid, "say who you are, for the person whose link it is: recipient").At("recipient")
	}
	if r := []rune(text); len(r) > maxRecipient {
		text = string(r[:maxRecipient-1]) + "…"
	}
	return text, nil
}

// manifest is the answer to a request for one.
type manifest struct {
	Files []file `json:"files"`
}

type file struct {
	ContentType string `json:"contentType"`
	Location    string `json:"location,omitempty"`
	Embedded    string `json:"embedded,omitempty"`
	Updated     string `json:"lastUpdated,omitempty"`
	Status      string `json:"status,omitempty"`
}

func (m manifest) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(m); err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}

// Preflight answers a browser that asks whether a page of another site may send JSON.
func (a *API) Preflight(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
