package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"carehold/record/healthlink"
	"carehold/record/holder"
	"carehold/record/qr"
)

// madeLink is a link that was made, and is shown once.
type madeLink struct {
	issued holder.Issued
	text   string
	drawn  string // its passcode, if that was drawn
	terms  healthlink.Terms
}

type linkJSON struct {
	Grant    string    `json:"grant"`
	To       string    `json:"to"`
	Until    time.Time `json:"until,omitzero"`
	Link     string    `json:"link"`
	Page     string    `json:"page"` // the link behind the server's own viewer, for a browser
	Passcode string    `json:"passcode,omitempty"`
	Tries    int       `json:"tries,omitempty"`
	SVG      string    `json:"svg,omitempty"`
}

func (a *app) showLink(l madeLink, o linkOptions) error {
	page := o.base + "/v#" + l.text // a browser sends nothing of what is behind the #
	code, err := qr.Text(page)
	if err != nil {
		return hinted(err, "the link is made: "+l.text)
	}
	if o.svg != "" {
		if err := writeNewFile(o.svg, code.SVG("SMART Health Link for "+clean(o.to))); err != nil {
			return hinted(err, "the link is made, and its code is not written: "+l.text)
		}
	}
	id := l.issued.Grant.ID.String()
	tries := 0
	if l.terms.Passcode {
		tries = holder.DefaultTries
	}
	if a.json {
		return a.summary(linkJSON{id, l.issued.Grant.To.Name, l.issued.Until, l.text, page, l.drawn, tries, o.svg})
	}
	fmt.Fprintln(a.stderr)
	a.note("Made, %s. This is the link, shown once and kept nowhere:", until(l.issued.Until))
	fmt.Fprintln(a.stderr)
	a.say("%s", l.text)
	fmt.Fprintln(a.stderr)
	a.note("In any browser it opens at:")
	a.aside("%s", page)
	if o.svg != "" {
		a.note("Its QR code is in %s.", o.svg)
	}
	a.showCode(code, o)
	fmt.Fprintln(a.stderr)
	if l.drawn != "" {
		a.note("The passcode is %s. Give it to them in another way than the link; it may be tried %d times in all.", l.drawn, tries)
		a.note("")
	}
	with := "the link"
	if l.terms.Passcode {
		with = "the link and the passcode"
	}
	a.note("Whoever has %s can see what is above, %s, and pass it on. Each opening is in your history. They open it in a browser, or in an app that opens SMART Health Links.", with, until(l.issued.Until))
	if strings.HasPrefix(o.base, "http:") {
		a.note("")
		a.note("This server is on this very computer, without https: only a viewer on it opens the link.")
	}
	a.note("")
	a.note("Stop it at any time: carehold revoke %s", shortID(id))
	return nil
}

// showCode draws the QR code where a person can scan it: on a terminal with colours,
// which is wide enough. It is as secret as the link, and goes where that goes.
func (a *app) showCode(code *qr.Code, o linkOptions) {
	f, ok := a.stdout.(*os.File)
	if o.svg != "" || !ok || !term.IsTerminal(int(f.Fd())) {
		return
	}
	const quiet = 8 // light modules beside it
	wide, _, err := term.GetSize(int(f.Fd()))
	switch {
	case !a.colours():
		a.note("Its QR code needs a terminal with colours; --svg FILE writes it as a picture.")
	case err == nil && wide < code.Size()+quiet:
		a.note("Its QR code needs a terminal of %d columns; --svg FILE writes it as a picture.", code.Size()+quiet)
	default:
		fmt.Fprint(a.stdout, "\n"+code.Terminal())
	}
}
