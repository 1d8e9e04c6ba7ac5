package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"carehold/record/fetch"
	"carehold/record/fhir"
	"carehold/record/healthcard"
)

type cardJSON struct {
	Card verdictJSON `json:"card"`
}

type verdictJSON struct {
	Issuer  string    `json:"issuer"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires,omitzero"`
	State   string    `json:"state"` // verified, not verified, bad
	Reason  string    `json:"reason,omitempty"`
	Text    string    `json:"text"`
}

// readCards verifies cards, says what it found, and turns them into sources. All of
// them are looked at before anything is imported of any.
func (im *importer) readCards(ctx context.Context, cards []*healthcard.Card, o *givenOptions, f fetch.Fetch) (out []importSource, err error) {
	keys, err := o.cardKeys(cards, f)
	if err != nil {
		return nil, err
	}
	now := im.Now()
	for _, c := range cards {
		v := c.Verify(ctx, keys, now)
		if err := im.app.showCard(c, v); err != nil {
			return nil, err
		}
		if err := o.accept(v); err != nil {
			return nil, err
		}
		as := "SMART Health Card of " + c.Issuer
		name, content, unverified := as+notVerified, c.Unverified, true
		if v.State == healthcard.Verified {
			name, content, unverified = as+verifiedOn+now.Format(time.DateOnly)+")", c.Bundle, false
		}
		b, err := content()
		if err != nil {
			return nil, hinted(err, "nothing was imported")
		}
		s, err := fhirFile(b.Bytes(), name, as)
		if err != nil {
			return nil, err
		}
		s.unverified = unverified
		out = append(out, s)
	}
	return out, nil
}

// What the name of a card's source ends in.
const (
	verifiedOn  = " (verified "
	notVerified = " (not verified)"
)

// withoutVerdict is a card's source whenever it was verified, and any other as it is.
func withoutVerdict(source string) string {
	if !strings.HasPrefix(source, "SMART Health Card of ") {
		return source
	}
	source, _, _ = strings.Cut(source, verifiedOn)
	return strings.TrimSuffix(source, notVerified)
}

// accept decides what a verdict means for an import. What nobody could find out is the
// person's to decide, and so is what was right once; what is forged or taken back is not
// put into a record as what it says.
func (o *givenOptions) accept(v healthcard.Verdict) error {
	switch {
	case v.State == healthcard.Verified:
		return nil
	case v.State == healthcard.Unverified || v.Reason == healthcard.Expired:
		if o.unverified {
			return nil
		}
		return hinted(errors.New("the card is not verified, and was not imported"), "--unverified takes it all the same: each of its entries then says, wherever it goes, that it was not; --issuer-keys FILE verifies it with the keys of its issuer, without a network")
	}
	return hinted(errors.New("the card is not what it says, and was not imported"), "ask its issuer for a new one")
}

// tellUnverified says of an entry that it came from such a card.
func (a *app) tellUnverified(body []byte) {
	if r, err := fhir.Parse(body, fhir.Limits{}); err == nil && r.Labelled(fhir.Uncertain) {
		a.paragraph("", "From a card that was not verified. Importing the card again where its issuer's keys can be had, or with --issuer-keys, verifies it.")
	}
}

func (a *app) showCard(c *healthcard.Card, v healthcard.Verdict) error {
	if a.json {
		return a.item(cardJSON{verdictJSON{c.Issuer, c.From.UTC(), c.Expires.UTC(), v.State.String(), string(v.Reason), clean(v.Text)}})
	}
	a.say("SMART Health Card, %s", map[healthcard.State]string{healthcard.Verified: "verified", healthcard.Unverified: "NOT VERIFIED", healthcard.Bad: "NOT TO BE TRUSTED"}[v.State])
	a.paragraph("  issuer   ", c.Issuer)
	a.paragraph("  issued   ", c.From.Local().Format("2 January 2006"))
	if !c.Expires.IsZero() {
		a.paragraph("  expires  ", c.Expires.Local().Format("2 January 2006"))
	}
	a.paragraph("  ", v.Text)
	if v.State == healthcard.Verified {
		a.note("Anybody can issue cards: whether you know this issuer is for you to say.")
	}
	return nil
}
