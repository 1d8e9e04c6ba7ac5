package holder

import (
	"bytes"
	"context"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// An Inbox is a Server that has one: all of them do, but those of tests.
type Inbox interface {
	// Waiting returns what waits, from an id on, sealed; more is false at the end.
	Waiting(ctx context.Context, token string, from [16]byte) (list []InboxRow, next [16]byte, more bool, err error)
	// TakeIn has an entry made of what waits.
	TakeIn(ctx context.Context, token string, id [16]byte, x Taking) (TakenIn, error)
	// Looked removes a notice that was seen, and Dismiss whatever waits.
	Looked(ctx context.Context, token string, id [16]byte) error
	Dismiss(ctx context.Context, token string, id [16]byte) error
}

// InboxRow is something that waits, as it is at rest.
type InboxRow struct {
	ID   [16]byte
	Blob []byte
}

// Taking is a contribution as it goes back to the server, which cannot open it.
type Taking struct {
	Type        string
	JSON        []byte
	Grant       record.GrantID
	Certificate []byte
	Opening     [32]byte       // with what waited: by it the server knows it again
	Section     record.Section // 0: where the filing rules put it
}

// TakenIn is what became of it.
type TakenIn struct {
	Type, ID   string
	Version    record.Version
	Section    record.Section
	Unchanged  bool // it was taken in before
	Deleted    bool // and deleted since
	Unverified bool // the server could not tell who wrote it, and names nobody
	By         grant.Party
}

// Item is something that waits, opened.
type Item struct {
	ID [16]byte

	// Damaged: no key of the person's opens it. It can be dismissed, and nothing else.
	Damaged bool

	Time    time.Time
	Grant   record.GrantID
	By      grant.Party // whom the grant was made for
	Known   bool        // of a contribution, by its certificate; of a notice, as the server says: else By is a claim
	NoRoom  bool        // it stands for others that found no room: the log has them
	Entries []string    // of a notice: Type/id/_history/n
	More    uint64      // and how many besides

	Type    string         // of what waits to be taken in; "" of a notice
	JSON    []byte         // as it came
	FHIRID  string         // that it will have
	Section record.Section // where it was filed by itself
	Why     string

	certificate []byte
	opening     [32]byte
}

// Notice reports whether it tells of what is in the record already.
func (i Item) Notice() bool { return i.ID[0]&0x80 != 0 }

// Inbox opens what waits, the oldest first; what is damaged comes before all.
func (h *Holder) Inbox(ctx context.Context, token string) (items []Item, err error) {
	srv, err := h.inbox()
	if err != nil {
		return nil, err
	}
	r := h.state().ring
	boxes := make([]crypto.BoxKey, 0, len(r.gens))
	for _, g := range slices.Backward(r.gens) {
		boxes = append(boxes, crypto.NewBoxKey(g.box))
	}
	for from, more := [16]byte{}, true; more; {
		var list []InboxRow
		var next [16]byte
		if list, next, more, err = srv.Waiting(ctx, token, from); err != nil {
			return nil, err
		}
		if more && bytes.Compare(next[:], from[:]) <= 0 {
			return nil, record.Safef(record.Unavailable, "the server's list of what waits does not end")
		}
		from = next
		for _, x := range list {
			items = append(items, r.item(x, boxes))
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int { return a.Time.Compare(b.Time) })
	return items, nil
}

// item opens one. What waits was sealed to the key that was the person's then: of those
// since, one opens it.
func (r *ring) item(x InboxRow, boxes []crypto.BoxKey) Item {
	for _, box := range boxes {
		c, err := keys.OpenContribution(r.person, box, x.ID, x.Blob)
		if err != nil {
			continue
		}
		i := Item{ID: x.ID, Time: c.Time, Grant: c.Grant, Entries: c.Entries, More: c.More, NoRoom: c.NoRoom,
			Type: c.Type, JSON: c.JSON, Section: c.Section, Why: c.Why, certificate: c.Certificate, opening: c.Opening}
		if i.Notice() != (c.Type == "") {
			break // it is under the name of the other sort
		}
		if c.Type != "" {
			i.FHIRID = keys.FHIRID(x.ID)
		}
		i.By, i.Known = r.wrote(c)
		return i
	}
	return Item{ID: x.ID, Damaged: true}
}

// wrote is whom the grant was made for that something was written under, and whether that
// is proved. Whoever has the person's public key, and the disk has it, can seal anything to
// them: so of a contribution the certificate has to be one that the person signed, with the
// identity that is theirs now. That of before all keys were made new is gone, and what was
// stolen could have signed with it: then By is what is said there, and not proved.
//
// A notice comes without a proof. The log says what was written.
func (r *ring) wrote(c keys.Contribution) (said grant.Party, known bool) {
	if c.Type != "" {
		return r.certified(c)
	}
	for _, held := range r.grants {
		if held.grant.ID == c.Grant && !held.grant.Self {
			return held.grant.To, true
		}
	}
	return said, false
}

func (r *ring) certified(c keys.Contribution) (said grant.Party, known bool) {
	identity := r.newest().signer().Public()
	g, err := grant.Verify(c.Certificate, identity)
	if known = err == nil; !known && len(c.Certificate) > crypto.SignatureSize {
		g, err = grant.Parse(c.Certificate[crypto.SignatureSize:])
	}
	if err == nil && g.ID == c.Grant && g.Person == r.person && g.WriteOnly() {
		return g.To, known
	}
	for _, held := range r.grants { // whom it claims
		if held.grant.ID == c.Grant && !held.grant.Self {
			return held.grant.To, false
		}
	}
	return grant.Party{}, false
}

// TakeIn takes what waits into the record: in a section, or with 0 where the filing
// rules put it. Nothing happens twice if it is asked for again.
func (h *Holder) TakeIn(ctx context.Context, token string, i Item, section record.Section) (TakenIn, error) {
	srv, err := h.inbox()
	switch {
	case err != nil:
		return TakenIn{}, err
	case i.Damaged:
		return TakenIn{}, record.Safef(record.Integrity, "what waits here is damaged: it can be removed, and nothing else")
	case i.Type == "":
		return TakenIn{}, record.Safef(record.Unprocessed, "this is a notice: what it tells of is in your record already")
	}
	return srv.TakeIn(ctx, token, i.ID, Taking{Type: i.Type, JSON: i.JSON, Grant: i.Grant, Certificate: i.certificate, Opening: i.opening, Section: section})
}

// Looked removes a notice that the person has seen.
func (h *Holder) Looked(ctx context.Context, token string, i Item) error {
	srv, err := h.inbox()
	if err != nil {
		return err
	}
	return srv.Looked(ctx, token, i.ID)
}

// Dismiss removes what waits. Of what was to be taken in nothing is left: ask first.
func (h *Holder) Dismiss(ctx context.Context, token string, i Item) error {
	srv, err := h.inbox()
	if err != nil {
		return err
	}
	return srv.Dismiss(ctx, token, i.ID)
}

func (h *Holder) inbox() (Inbox, error) {
	srv, has := h.srv.(Inbox)
	if !has {
		return nil, record.Safef(record.Unsupported, "the inbox cannot be read from here")
	}
	if h.Waiting() != nil {
		return nil, ErrWaiting
	}
	return srv, nil
}
