package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/healthcard"
	"carehold/record/healthlink"
)

type openedJSON struct {
	Link openedLinkJSON `json:"link"`
}

type openedLinkJSON struct {
	Label   string    `json:"label,omitempty"`
	Server  string    `json:"server"`
	Expires time.Time `json:"expires,omitzero"`
	Opened  bool      `json:"opened"` // with -n it is not
	Files   int       `json:"files"`
	Left    []string  `json:"left,omitempty"` // what is not imported
}

// openLink opens a link that somebody gave to the person, and turns what it leads to
// into sources.
func (im *importer) openLink(ctx context.Context, l healthlink.Link, o *givenOptions) ([]importSource, error) {
	host := serverOf(l)
	label := clean(l.Label)
	if !im.app.json {
		im.app.say("SMART Health Link%s", joined("", map[bool]string{true: ": "}[label != ""], label))
		im.app.paragraph("  server   ", host)
		if !l.Expires.IsZero() {
			im.app.paragraph("  expires  ", local(l.Expires))
		}
	}
	if err := l.Over(im.Now()); err != nil { // its server is not even asked
		return nil, hinted(err, "nothing was sent, and nothing imported")
	}
	who := first(o.recipient, im.ownName())
	if o.dry {
		if im.app.json {
			return nil, im.app.item(openedJSON{openedLinkJSON{Label: label, Server: host, Expires: l.Expires.UTC()}})
		}
		im.app.say("What is in it can be seen only by opening it, which tells whoever made it that %s did. Nothing was sent.", asWhom(who))
		return nil, nil
	}
	here, err := im.here(l, o)
	if err != nil {
		return nil, err
	}
	if who == "" {
		return nil, hinted(errNobody, "say it with --recipient: whoever made the link sees it")
	}
	if o.recipient == "" { // what is typed was meant to be sent
		ok, err := im.app.confirm(fmt.Sprintf("Whoever made the link sees who opens it. Open it as %q?", clean(who)), false)
		if err == nil && !ok {
			err = errors.New("nothing was sent, and nothing imported")
		}
		if err != nil {
			return nil, hinted(err, "--recipient NAME opens it under another name")
		}
	}
	im.app.note("Asking %s for it as %q, which whoever made the link will see.", host, clean(who))
	opened, err := im.askLink(ctx, l, o, healthlink.Ask{Recipient: who, Now: im.Now()}, newFetch(here))
	if err != nil {
		return nil, err
	}
	name := "SMART Health Link " + first(label, "of "+host)
	as := "SMART Health Link " + host + " " + label // what is called the same elsewhere is another
	var out []importSource
	left := append([]string(nil), opened.Others...)
	for _, f := range opened.Files {
		switch f.ContentType {
		case healthlink.APIAccess:
			left = append(left, f.ContentType)
			im.app.note("It also hands over access to a server (%s), which is not used and not kept: what is there can change.", accessTo(f.Body))
		case healthlink.HealthCard:
			cards, err := healthcard.Parse(f.Body)
			if err != nil {
				return nil, hinted(err, "nothing was imported from the link")
			}
			more, err := im.readCards(ctx, cards, o, newFetch(""))
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		case healthlink.FHIR:
			if f.FHIRVersion != "" && f.FHIRVersion[0] != '4' {
				left = append(left, f.ContentType+"; fhirVersion="+f.FHIRVersion)
				im.app.note("A file of it is FHIR %s, and only 4.0 can be imported: it is left out.", clean(f.FHIRVersion))
				continue
			}
			s, err := fhirFile(f.Body, name, as)
			if err != nil {
				return nil, err
			}
			s.handed, s.live, s.again = true, f.Status == "can-change", l.LongTerm
			out = append(out, s)
		}
	}
	for _, other := range opened.Others {
		im.app.note("A file of the type %s is left out: SMART Health Links have no such files.", clean(other))
	}
	if im.app.json {
		if err := im.app.item(openedJSON{openedLinkJSON{label, host, l.Expires.UTC(), true, len(opened.Files) + len(opened.Others), left}}); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, hinted(errors.New("the link holds nothing that can be imported"), "what is in it is said above")
	}
	return out, nil
}

// asWhom is a name in quotes.
func asWhom(name string) string {
	if name == "" {
		return "you"
	}
	return strconv.Quote(clean(name))
}

// serverOf is the link's server, to be shown.
func serverOf(l healthlink.Link) string {
	u, err := url.Parse(l.URL())
	if err != nil {
		return "its server"
	}
	return clean(u.Host)
}

// here is the link's own address where that is on this very machine, and may be asked:
// a stranger's link must not reach a printer or a database that listens here. The
// record's own server may, which this device asks all the time.
func (im *importer) here(l healthlink.Link, o *givenOptions) (string, error) {
	switch address := l.URL(); {
	case !onThisMachine(address):
		return "", nil
	case o.here || originOf(address) == originOf(im.client.Base()):
		return address, nil
	}
	return "", hinted(record.Safef(record.Unprocessed, "the link leads to this very machine, and not to your record's server: it was not opened, for a stranger's link must not reach what else is here"),
		"nothing was sent, and nothing imported; if it is of a server that you try out here: --this-machine")
}

// askLink opens the link, with its passcode if it needs one. On a terminal a wrong one
// is asked for again, as long as there are tries: how many is said first.
func (im *importer) askLink(ctx context.Context, l healthlink.Link, o *givenOptions, ask healthlink.Ask, f *netFetch) (healthlink.Opened, error) {
	if o.passcode != "" {
		b, err := im.app.readSecretFile(o.passcode)
		if err != nil {
			return healthlink.Opened{}, err
		}
		ask.Passcode = crypto.SecretOf(b)
		defer ask.Passcode.Destroy()
		opened, err := l.Open(ctx, f, ask)
		return opened, closedLink(err)
	}
	for {
		if l.Passcode {
			typed, err := im.app.askPasscode()
			if err != nil {
				return healthlink.Opened{}, err
			}
			ask.Passcode = typed
		}
		opened, err := l.Open(ctx, f, ask)
		ask.Passcode.Destroy()
		wrong, ok := errors.AsType[*healthlink.WrongPasscode](err)
		if !ok || wrong.Remaining == 0 || !l.Passcode {
			return opened, closedLink(err)
		}
		im.app.note("%s.", errorText(err))
	}
}

// askPasscode asks on the terminal.
func (a *app) askPasscode() (crypto.Secret, error) {
	t, err := a.terminal()
	if err != nil {
		return crypto.Secret{}, coded(exitLocked, errors.New("the link needs a passcode, and there is no terminal to ask on"), "give it in a file: --passcode-file")
	}
	defer t.close()
	for {
		b, err := t.secret("Passcode of the link: ")
		if err != nil {
			return crypto.Secret{}, err
		}
		if len(b) > 0 {
			return crypto.SecretOf(b), nil
		}
	}
}

// closedLink is why a link did not open. A passcode is not what unlocks the record: the
// exit code is not that of a wrong passphrase.
func closedLink(err error) error {
	switch record.KindOf(err) {
	case record.Unauthorized:
		return coded(exitDenied, err, "nothing was imported")
	case record.Integrity: // of a stranger's file, not of the record
		return coded(exitFailed, errors.New(errorText(err)), "nothing was imported")
	}
	if err != nil {
		return hinted(err, "nothing was imported")
	}
	return nil
}

// accessTo is the address of an API that a link hands over access to.
func accessTo(b []byte) string {
	var x struct {
		Aud string `json:"aud"`
	}
	if json.Unmarshal(b, &x) != nil || x.Aud == "" {
		return "it does not say which"
	}
	return cut(clean(x.Aud), 80)
}
