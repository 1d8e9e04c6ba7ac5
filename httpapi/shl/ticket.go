package shl

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"time"

	"carehold/crypto"
	"carehold/record/wire"
)

// A file that is too large for a manifest is fetched from a location, for an hour and
// without saying anything more. The location holds what opens the link, sealed under a
// key that is in this process only: neither of the two opens anything alone, and the
// database has none of them.
const (
	ticketLasts = time.Hour
	tagToken    = 1
	tagFile     = 2
	tagPasscode = 3
	tagUntil    = 4
	tagWho      = 5
)

type ticketer struct {
	api      *API
	url      crypto.Credential
	passcode string
	who      string
}

// location is where file n is, 0 for a summary.
func (t ticketer) location(n int) string {
	var w wire.Builder
	w.String(tagToken, t.url.Token())
	w.Uint(tagFile, uint64(n))
	if n == 0 {
		w.String(tagPasscode, t.passcode)
	}
	w.Time(tagUntil, t.api.now().Add(ticketLasts))
	w.String(tagWho, t.who)
	sealed := t.api.tickets.Seal(crypto.NewContext(crypto.ContextTicket), w.Finish())
	return t.api.base + "/shl/file/" + base64.RawURLEncoding.EncodeToString(sealed)
}

// File answers with a file.
func (a *API) File(w http.ResponseWriter, r *http.Request) error {
	sealed, err := base64.RawURLEncoding.DecodeString(r.PathValue("ticket"))
	if err != nil {
		return errNone
	}
	b, err := a.tickets.Open(crypto.NewContext(crypto.ContextTicket), sealed)
	if err != nil {
		return errNone
	}
	d := wire.Decode("ticket", b)
	token, n, passcode, until, who := d.String(tagToken), d.Uint32(tagFile), d.String(tagPasscode), d.Time(tagUntil), d.String(tagWho)
	if d.Finish() != nil || !a.now().Before(until) {
		return errNone
	}
	url, err := crypto.ParseToken(token)
	if err != nil {
		return errNone
	}
	defer url.Destroy()
	l, err := a.store.OpenLink(r.Context(), url)
	if err != nil {
		return err
	}
	defer l.Close()
	if n > 0 {
		return send(w, r, func(b *bytes.Buffer) error { return l.File(int(n), b) })
	}
	secret := crypto.SecretString(passcode)
	defer secret.Destroy()
	o, err := l.Open(r.Context(), who, secret)
	if err != nil {
		return a.refused(w, err)
	}
	defer o.Close()
	if o.View == nil {
		return errNone
	}
	text, err := a.summary(r.Context(), o)
	if err != nil {
		return err
	}
	return send(w, r, func(b *bytes.Buffer) error {
		_, err := b.WriteString(text)
		return err
	})
}
