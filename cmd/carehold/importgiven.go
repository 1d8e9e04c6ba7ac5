package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"carehold/record/change"
	"carehold/record/fetch"
	"carehold/record/healthcard"
	"carehold/record/healthlink"
)

// A link or a card is given as a text: typed, scanned, in a file, or on stdin, where no
// shell keeps it.

// givenOptions are what is said of them.
type givenOptions struct {
	recipient, passcode, keys string
	unverified                bool
	here                      bool // a link may lead to this very machine
	dry                       bool // nothing is sent to anybody
}

func givenFlags(c *cobra.Command) *givenOptions {
	o := &givenOptions{}
	c.Flags().StringVar(&o.recipient, "recipient", "", "the `name` you open a SMART Health Link with (else yours, after a question, if your record says it)")
	c.Flags().StringVar(&o.passcode, "passcode-file", "", "read a link's passcode from this `file`")
	c.Flags().StringVar(&o.keys, "issuer-keys", "", "verify a SMART Health Card by the issuer's keys in this `file` (its jwks.json), without a network")
	c.Flags().BoolVar(&o.unverified, "unverified", false, "take a card though it could not be verified, or has expired: its entries are marked")
	c.Flags().BoolVar(&o.here, "this-machine", false, "open a SMART Health Link though it leads to this very machine, and to no server of yours")
	return o
}

// given is one of them.
type given struct {
	link  *healthlink.Link
	cards []*healthcard.Card
}

// maxGiven is the largest file that is looked at for a card or a link; those with FHIR
// in them are often larger.
const maxGiven = 4 << 20

// take takes links and cards out of the arguments.
func (o *givenOptions) take(a *app, args []string) (rest []string, found []given, err error) {
	for _, arg := range args {
		text, isText, err := a.givenText(arg)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case healthlink.IsLink(text):
			l, err := healthlink.Parse(text)
			if err != nil {
				return nil, nil, hinted(err, "nothing was imported")
			}
			found = append(found, given{link: &l})
		case healthcard.IsCard([]byte(text)):
			cards, err := healthcard.Parse([]byte(text))
			if err != nil {
				return nil, nil, hinted(err, "nothing was imported")
			}
			found = append(found, given{cards: cards})
		case isText:
			return nil, nil, usagef("what is on stdin is neither a SMART Health Link (shlink:/…) nor a SMART Health Card (shc:/…): give files of FHIR by their names")
		default:
			rest = append(rest, arg)
		}
	}
	if len(found) == 0 && (o.recipient+o.passcode+o.keys != "" || o.unverified || o.here) {
		return nil, nil, usagef("--recipient, --passcode-file, --this-machine, --issuer-keys and --unverified are for SMART Health Links and Cards, and none was given")
	}
	return rest, found, nil
}

// givenText is what an argument says, if it may be a link or a card: itself, or what is
// in the file of that name.
func (a *app) givenText(arg string) (text string, stdin bool, err error) {
	if arg == "-" {
		if a.stdin == nil {
			return "", true, usagef("there is no stdin to read from")
		}
		b, err := orInterrupted(a.ctx, func() ([]byte, error) { return readAllLimited(a.stdin, maxGiven) })
		return string(b), true, err
	}
	if healthlink.IsLink(arg) || healthcard.IsCard([]byte(arg)) {
		return arg, false, nil
	}
	// Looked at first: to open a pipe is to wait for whoever writes into it.
	if info, err := os.Stat(arg); err != nil || !info.Mode().IsRegular() || info.Size() > maxGiven {
		return "", false, nil // whoever opens it next says what is wrong
	}
	f, err := os.Open(arg)
	if err != nil {
		return "", false, nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxGiven))
	if err != nil {
		return "", false, nil
	}
	// Most files are FHIR, and are read once more for that.
	if s := bytes.TrimSpace(b); bytes.HasPrefix(s, []byte("{")) && !bytes.Contains(s, []byte(`"verifiableCredential"`)) {
		return "", false, nil
	}
	return string(b), false, nil
}

// given turns links and cards into sources of FHIR: it opens the ones and verifies the
// others, and says what it found.
func (im *importer) given(ctx context.Context, list []given, o *givenOptions, source string) (out []importSource, err error) {
	for _, g := range list {
		var more []importSource
		if g.link != nil {
			more, err = im.openLink(ctx, *g.link, o)
		} else {
			more, err = im.readCards(ctx, g.cards, o, newFetch(""))
		}
		if err != nil {
			return nil, err
		}
		for i := range more {
			if source != "" {
				more[i].name, more[i].as = source, ""
			}
		}
		out = append(out, more...)
	}
	return out, nil
}

// fhirFile is FHIR out of a link or a card.
func fhirFile(b []byte, name, as string) (importSource, error) {
	bundles, err := change.ReadSource(bytes.NewReader(b), change.Limits{})
	if err != nil {
		return importSource{}, hinted(fmt.Errorf("%s: %w", name, err), "nothing was imported")
	}
	return importSource{name: name, as: as, bundles: bundles}, nil
}

// ownName is the person's name as their record has it; "" when it has none.
func (im *importer) ownName() string {
	if im.own == nil {
		return ""
	}
	name := im.own.Root().Get("name")
	for n := range name.All() {
		if text := n.Get("text").Text(); text != "" {
			return clean(text)
		}
		parts := []string{}
		for g := range n.Get("given").All() {
			parts = append(parts, g.Text())
		}
		if text := strings.TrimSpace(strings.Join(append(parts, n.Get("family").Text()), " ")); text != "" {
			return clean(text)
		}
	}
	return ""
}

var errNobody = errors.New("a link is opened by somebody, and your record does not say your name")

// cardKeys is where issuers' keys come from.
func (o *givenOptions) cardKeys(cards []*healthcard.Card, f fetch.Fetch) (healthcard.Keys, error) {
	if o.keys == "" {
		return healthcard.Online{Fetch: f}, nil
	}
	file, err := os.Open(o.keys)
	if err != nil {
		return nil, coded(exitFailed, err, "nothing was imported")
	}
	defer file.Close()
	b, err := readAllLimited(file, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", o.keys, err)
	}
	for _, c := range cards {
		if c.Issuer != cards[0].Issuer {
			return nil, usagef("these cards are of several issuers, and a file has the keys of one: import them one by one")
		}
	}
	return healthcard.NewOffline(cards[0].Issuer, b)
}
