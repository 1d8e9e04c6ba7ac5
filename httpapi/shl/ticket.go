package shl

import (
	"encoding/base64"
	"io"
	"net/http"
	"time"

	"carehold/crypto"
	"carehold/record/keys"
	"carehold/record/store"
	"carehold/record/wire"
)

// A file for which a manifest has no room is fetched from a location, for an hour and
// without saying anything more (SHL, "location"). The location holds what opens the
// link, sealed under a key that is in this process only: neither of the two opens
// anything alone, and the database has none of them.
type ticket struct {
	url      crypto.Credential
	passcode string

	file  int // 0 is the summary
	until time.Time
}

const ticketLasts = time.Hour

const (
	tagToken    = 1
	tagFile     = 2
	tagPasscode = 3
	tagUntil    = 4
)

// location is where file n is.
func (a *API) location(t ticket, n int) string {
	t.file, t.until = n, a.store.Now().Add(ticketLasts)
	return a.base + "/shl/file/" + a.seal(t)
}

func (a *API) seal(t ticket) string {
	var w wire.Builder
	w.String(tagToken, t.url.Token())
	w.Uint(tagFile, uint64(t.file))
	w.String(tagPasscode, t.passcode)
	w.Time(tagUntil, t.until)
	b := w.Finish()
	defer clear(b)
	return base64.RawURLEncoding.EncodeToString(a.tickets.Seal(crypto.NewContext(crypto.ContextTicket), b))
}

// ticket opens one that is good now.
func (a *API) ticket(text string) (t ticket, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return t, false
	}
	b, err := a.tickets.Open(crypto.NewContext(crypto.ContextTicket), sealed)
	if err != nil {
		return t, false
	}
	defer clear(b)
	d := wire.Decode("ticket", b)
	token := d.String(tagToken)
	t.file, t.passcode, t.until = int(d.Uint32(tagFile)), d.String(tagPasscode), d.Time(tagUntil)
	if d.Finish() != nil || !a.store.Now().Before(t.until) {
		return t, false
	}
	t.url, err = crypto.ParseToken(token)
	return t, err == nil
}

// File answers with a file.
func (a *API) File(w http.ResponseWriter, r *http.Request) (err error) {
	defer nothing(&err)
	t, ok := a.ticket(r.PathValue("ticket"))
	if !ok {
		return store.NoLink
	}
	defer t.url.Destroy()
	l, err := a.store.OpenLink(r.Context(), t.url)
	if err != nil {
		return err
	}
	defer l.Close()
	if t.file > 0 && l.Flags&keys.LinkPasscode == 0 {
		return sendFile(w, func(w io.Writer) error { return l.File(t.file, w) })
	}
	// What a passcode or the grant's key opens, opens once more.
	secret := crypto.SecretString(t.passcode)
	defer secret.Destroy()
	o, err := l.Again(r.Context(), secret)
	if err != nil {
		return refused(w, err)
	}
	defer o.Close()
	if t.file > 0 {
		return sendFile(w, func(w io.Writer) error { return o.File(t.file, w) })
	}
	if o.View == nil {
		return store.NoLink
	}
	text, err := a.summary(r.Context(), o)
	if err != nil {
		return err
	}
	return sendFile(w, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}
