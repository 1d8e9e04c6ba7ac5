package healthlink

import (
	"context"
	"net/url"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fetch"
	"github.com/go-json-experiment/json"
)

// MaxContent bounds what a link leads to, twice: as it is fetched, and decrypted.
const MaxContent = 64 << 20

// Ask is who opens a link, and how.
type Ask struct {
	Recipient string        // who asks, shown to the person whose link it is
	Passcode  crypto.Secret // as it was typed; when the link needs one
	Now       time.Time
}

// File is one file of a link, decrypted and of the type it says.
type File struct {
	ContentType string // FHIR, HealthCard or APIAccess
	Body        []byte
	Updated     time.Time // zero when unknown
	Status      string    // "", finalized, can-change, no-longer-valid
	FHIRVersion string    // "" means 4.0.1
}

// Opened is what a link led to.
type Opened struct {
	Files  []File
	Others []string      // content types that are not read here, and were not fetched
	Wait   time.Duration // before the link is asked again; zero when the server does not say
}

// Open fetches and decrypts everything that the link leads to.
func (l Link) Open(ctx context.Context, f fetch.Fetch, a Ask) (Opened, error) {
	return l.within(ctx, f, a, MaxContent, MaxContent)
}

// Over is the error of a link that says itself that its time is over: Open asks nobody
// for it.
func (l Link) Over(now time.Time) error {
	if !l.Expires.IsZero() && !now.Before(l.Expires) {
		return record.Safef(record.Gone, "the link expired on %s: ask for a new one", l.Expires.UTC().Format("2 January 2006 at 15:04 UTC"))
	}
	return nil
}

// within is Open, with what may be fetched and what that may inflate to.
func (l Link) within(ctx context.Context, f fetch.Fetch, a Ask, fetched, inflated int) (Opened, error) {
	if l.secret == nil {
		return Opened{}, errNotLink
	}
	recipient, err := Recipient(a.Recipient)
	if err != nil {
		return Opened{}, record.Safef(record.Invalid, "say who opens the link: the one who shared it will see it")
	}
	a.Recipient = recipient
	if err := l.Over(a.Now); err != nil {
		return Opened{}, err
	}
	if l.Passcode && a.Passcode.IsZero() {
		return Opened{}, NeedsPasscode
	}
	r := reader{ctx: ctx, fetch: f, now: a.Now, key: l.secret().key, fetched: fetched, inflated: inflated}
	if l.Single {
		return r.single(l.URL(), a.Recipient)
	}
	return r.manifest(l.URL(), a)
}

// reader opens one link, and keeps account of what it may still take.
type reader struct {
	ctx      context.Context
	fetch    fetch.Fetch
	now      time.Time
	key      crypto.Key
	fetched  int
	inflated int
}

// single is a link with the flag U: the file itself is at its URL (SHL, "Direct File
// Request").
func (r *reader) single(address, recipient string) (Opened, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Opened{}, errDamaged
	}
	// Appended, not encoded anew: an address may be signed as it is.
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "recipient=" + url.QueryEscape(recipient)
	body, wait, err := r.get(u.String(), "application/jose", false)
	if err != nil {
		return Opened{}, err
	}
	file, err := r.open(body, "")
	if err != nil {
		return Opened{}, err
	}
	return Opened{Files: []File{file}, Wait: wait}, nil
}

// manifest is every other link: what it leads to is listed (SHL, "Manifest Request").
func (r *reader) manifest(address string, a Ask) (Opened, error) {
	most := maxEmbedded
	ask := Request{Recipient: a.Recipient, EmbeddedLengthMax: &most}
	if !a.Passcode.IsZero() {
		ask.Passcode = string(a.Passcode.Reveal())
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return Opened{}, record.Safef(record.Invalid, "the name or the passcode has characters that cannot be sent: type it again")
	}
	answer, err := fetch.Post(r.ctx, r.fetch, address, body, maxManifest)
	clear(body)
	if err != nil {
		return Opened{}, err
	}
	if err := refusal(answer, false, r.now); err != nil {
		return Opened{}, err
	}
	m, err := ParseManifest(answer.Body)
	if err != nil {
		return Opened{}, err
	}
	out := Opened{Wait: wait(answer.RetryAfter, r.now)}
	for _, listed := range m.Files {
		if !known(listed.ContentType) {
			out.Others = append(out.Others, printable(cut(listed.ContentType, maxLabel)))
			continue
		}
		file, err := r.listed(listed)
		if err != nil {
			return Opened{}, err
		}
		out.Files = append(out.Files, file)
	}
	if len(out.Files) == 0 && len(out.Others) == 0 {
		return out, record.Safef(record.NotFound, "the link leads to no files: ask whoever made it")
	}
	return out, nil
}

// listed fetches a file of a manifest, unless it is in it, and opens it.
func (r *reader) listed(l Listed) (File, error) {
	text := []byte(l.Embedded)
	if len(text) == 0 {
		body, _, err := r.get(l.Location, "application/jose", true)
		if err != nil {
			return File{}, err
		}
		text = body
	}
	file, err := r.open(text, l.ContentType)
	file.Updated, file.Status, file.FHIRVersion = l.Updated(), status(l.Status), printable(cut(l.FHIRVersion, 16))
	return file, err
}

// get fetches within what is left of the link's account.
func (r *reader) get(address, accept string, location bool) ([]byte, time.Duration, error) {
	answer, err := fetch.Get(r.ctx, r.fetch, address, accept, r.fetched)
	if err != nil {
		return nil, 0, err
	}
	if err := refusal(answer, location, r.now); err != nil {
		return nil, 0, err
	}
	r.fetched -= len(answer.Body)
	return answer.Body, wait(answer.RetryAfter, r.now), nil
}

// status passes on the three that there are.
func status(s string) string {
	switch s {
	case "finalized", "can-change", "no-longer-valid":
		return s
	}
	return ""
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
