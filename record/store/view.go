package store

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// View is what one credential opens, for as long as one request runs. It is the
// only door to entries, and it logs what it shows. A View is for one goroutine;
// Close overwrites its keys.
type View struct {
	s       *Store
	person  record.PersonID
	grant   grant.Grant
	hold    *keys.Hold
	token   keys.TokenCapsule
	capsule crypto.CapsuleID
	kind    crypto.Kind
	signing crypto.PublicKey
	leaf    keys.LeafKeys // what writes in the log; made when it is needed
	weight  int64         // of answers' room
	passes  int64         // of the same room, while it searches
	writing bool          // it has the turn to write
	within  int           // the most to open at a time; 0: whatever a page may have
	closed  bool

	ahead *record.EntryID // for $everything: what comes in front of all else

	limits *limits // of the scopes, as they were when it was made (limit.go)

	certificate []byte // of the grant, as long as hold is
	row         hash   // of the grant's row, which all of this stands on
	looked      bool   // the record was, whatever came of it

	minting bool // for handing out tokens: whom they may be for is looked at there (code.go)
}

// errUnauthorized is the one answer to every credential that opens nothing:
// unknown, expired, stopped, another kind's, or of a server that was wound back.
var errUnauthorized error = record.Safef(record.Unauthorized, "this credential opens nothing here: it may be mistyped, have run out or have been stopped; ask the person for another")

// ErrAdds: the grant is one to add only, which has no View.
var ErrAdds error = record.Safef(record.Forbidden, "this grant lets you add to the record, and shows nothing of it: create entries with POST, one or a transaction of creates")

// Open opens the View of an access token or a session. What the person can know
// about a refusal, such as that a stopped grant was used again, is in their log.
func (s *Store) Open(ctx context.Context, c crypto.Credential) (*View, error) {
	return s.OpenBound(ctx, c, [32]byte{})
}

// OpenBound is Open for a token that came with a proof of a key, whose thumbprint this
// is (RFC 9449 §7.1); zeros where none came. A token that is bound to a key opens with
// a proof of that one, and one that is not opens with none.
func (s *Store) OpenBound(ctx context.Context, c crypto.Credential, key [32]byte) (*View, error) {
	v, err := s.open(ctx, c, key)
	if err != nil {
		return nil, err
	}
	if v.hold == nil {
		v.Close()
		return nil, ErrAdds
	}
	return v, nil
}

func (s *Store) open(ctx context.Context, c crypto.Credential, presented [32]byte) (*View, error) {
	if c.IsZero() || c.Kind() != crypto.Access && c.Kind() != crypto.Session {
		return nil, errUnauthorized
	}
	now, err := s.checkClock()
	if err != nil {
		return nil, err
	}
	id := c.CapsuleID()
	then := s.opened.now()
	v := &View{s: s, capsule: id, kind: c.Kind()}
	var known *keys.Opened
	var capsule []byte
	if v.token, known, capsule, err = s.openToken(c, id); errors.Is(err, errNoCapsule) {
		return nil, errUnauthorized
	}
	if err != nil {
		return nil, err
	}
	v.person = v.token.Person
	if v.ended(now) || v.kind == crypto.Session && !s.sessions.touch(id, now) {
		defer v.Close()
		known.Destroy()
		return nil, v.refuse(ctx, audit.Expired)
	}
	if v.token.Bound != presented {
		defer v.Close()
		known.Destroy()
		return nil, v.refuse(ctx, audit.NotTheirs)
	}
	keep := func(row hash, g *keys.GrantRow) { v.keepOpened(c, capsule, row, g, then) }
	if err := v.loadFrom(ctx, now, known, keep); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// load opens the grant's row as it is now. It is called again when an epoch has
// begun since.
func (v *View) load(ctx context.Context, now time.Time) error {
	return v.loadFrom(ctx, now, nil, nil)
}

// loadFrom is load with what was opened before, if anything was. What is opened now
// is for keep. It takes over what is known.
func (v *View) loadFrom(ctx context.Context, now time.Time, known *keys.Opened, keep func(row hash, g *keys.GrantRow)) error {
	var opened *keys.GrantRow
	if known != nil {
		opened = known.Grant
	}
	defer func() {
		if opened != nil {
			opened.Audit.Destroy()
			if opened.Hold != nil && opened.Hold != v.hold {
				opened.Hold.Destroy()
			}
		}
	}()
	var p *person
	var row []byte
	v.looked = true
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) (err error) {
		if p, err = v.s.load(r, v.person); err != nil {
			return err
		}
		// The row of one that opens nothing is not looked at: one on hold is refused as fast as
		// one that was stopped.
		if g, _ := p.Live.Find(v.token.Grant); p.Live.Valid(v.token.Grant, now) && (opened == nil || known.Row != g.Row) {
			row, err = g.ReadRow(v.s.known.Reader(r))
		}
		return err
	})
	if errors.Is(err, errNoPerson) {
		return errUnauthorized
	}
	if err != nil {
		return err
	}
	listed, there := p.Live.Find(v.token.Grant)
	switch {
	case !there || listed.Struck:
		return v.refuse(ctx, audit.Stopped)
	case listed.Suspended:
		return v.refuse(ctx, audit.OnHold)
	case !p.Live.Valid(v.token.Grant, now):
		return v.refuse(ctx, audit.Expired)
	}
	fresh := row != nil
	if fresh {
		known.Destroy() // it is of another row
		if opened, err = keys.OpenGrantRow(v.person, v.token.Grant, v.token.Key, row); err != nil {
			return errUnauthorized // the row is as it was put, and the key is another's
		}
	}
	if opened.Stopped || opened.Epoch != p.Live.Epoch {
		return rows.Damaged("grant") // live, and yet another row than the list promises
	}
	g, err := grant.Verify(opened.Certificate, p.Account.Signing)
	if err != nil || g.ID != v.token.Grant || g.Person != v.person || g.Self != listed.Self ||
		!g.Until.Equal(listed.Until) || g.WriteOnly() != opened.Adds() || !opened.Adds() && g.Sections != opened.Hold.Sections() {
		return rows.Damaged("certificate")
	}
	if now.Before(g.From) {
		return v.refuse(ctx, audit.Expired)
	}
	if !v.minting && !g.Suits(v.token.Client, v.token.Bound) {
		return v.refuse(ctx, audit.NotTheirs)
	}
	g = v.scoped(g)
	if v.hold != nil {
		v.hold.Destroy()
	}
	v.grant, v.hold, v.signing, v.certificate, v.row = g, opened.Hold, p.Account.Signing, opened.Certificate, listed.Row
	if v.hold == nil {
		return nil
	}
	v.hold.Back = v.back
	if fresh && keep != nil {
		keep(listed.Row, opened)
	}
	return nil
}

// back reads the row that leads from an epoch to the one before it.
func (v *View) back(e record.Epoch) (row []byte, err error) {
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		row, err = r.Get(rows.BackKey(e))
		if errors.Is(err, kv.ErrNotFound) {
			return rows.Damaged("epoch")
		}
		return err
	})
	return row, err
}

// Close overwrites the View's keys.
func (v *View) Close() {
	v.OnStop(nil)
	if v.hold != nil {
		v.hold.Destroy()
	}
	v.token.Destroy()
	v.leaf.Destroy()
	if v.weight > 0 {
		v.s.answers.release(v.shares(), v.weight)
		v.weight = 0
	}
	v.closed = true
}

// Grant is the grant the View stands on, as the person signed it.
func (v *View) Grant() grant.Grant { return v.grant }

// Until is the token's own end; zero when it ends with the grant.
func (v *View) Until() time.Time { return v.token.Until }

// Person is whose record it is.
func (v *View) Person() record.PersonID { return v.person }

// PatientID is the FHIR id of the record's own Patient.
func (v *View) PatientID() string { return v.hold.PatientID() }

// NewID makes the FHIR id of a new entry: 128 random bits. The record's Patient
// has the one id it can have.
func (v *View) NewID(typ string) string {
	if typ == "Patient" && !v.s.opts.ManyPatients {
		return v.PatientID()
	}
	return keys.FHIRID(crypto.RandomID())
}

// decide asks the policy.
func (v *View) decide(a grant.Action, m record.Meta) grant.Decision {
	return grant.Decide(v.grant, a, m, v.s.time())
}

// errStale: the record moved on between reading and committing. Read again.
var errStale = errors.New("the record moved on")

// commit logs an event, and before it those that belong to the same request, with
// whatever write changes, in one synced update. The
// live list and the epoch are looked at again here: what began before a revoke
// ends unanswered after it.
func (v *View) commit(ctx context.Context, e audit.Event, write func(kv.Tx, *person, *audit.Event) error, also ...audit.Event) error {
	if err := v.Spend(); err != nil {
		return err
	}
	return v.uncounted(ctx, e, write, also...)
}

func errOverDay(daily uint32) error {
	return record.Safef(record.TooMany, "this grant has made its %d requests for today: try again tomorrow, or ask for a wider grant", daily)
}

// left refuses what commit would refuse for today, before anything is read: a
// request that cannot be answered must not go through the whole record first.
func (v *View) left() error {
	if v.s.daily.spent(requests, v.token.Grant, v.s.time(), v.grant.Daily) {
		return errOverDay(v.grant.Daily)
	}
	return nil
}

// Spend counts a request of the grant's for today that shows nothing of the record, and
// leaves nothing in the log, but takes work.
func (v *View) Spend() error {
	if !v.s.daily.take(requests, v.token.Grant, v.s.time(), v.grant.Daily) {
		return errOverDay(v.grant.Daily)
	}
	return nil
}

// uncounted is commit for what no number of requests may get in the way of.
func (v *View) uncounted(ctx context.Context, e audit.Event, write func(kv.Tx, *person, *audit.Event) error, also ...audit.Event) error {
	now, err := v.s.checkClock()
	if err != nil {
		return err
	}
	if v.ended(now) {
		return errUnauthorized
	}
	v.readyLeaf()
	return v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
		p, err := v.s.load(tx, v.person)
		if errors.Is(err, errNoPerson) {
			return errUnauthorized
		}
		if err != nil {
			return err
		}
		if !p.Live.Valid(v.token.Grant, now) {
			return errUnauthorized
		}
		if listed, _ := p.Live.Find(v.token.Grant); listed.Row != v.row || p.Account.Signing != v.signing {
			return errStale // another epoch, another certificate: what was decided stands on neither
		}
		if write != nil {
			if err := write(tx, p, &e); err != nil {
				return err
			}
		}
		for _, x := range also {
			if x.Action == audit.Delete {
				x.Dir = e.Dir
			}
			if err := v.appendLeaf(tx, p, x); err != nil {
				return err
			}
		}
		return v.appendLeaf(tx, p, e)
	})
}

// ended reports whether the token's own time is over.
func (v *View) ended(now time.Time) bool {
	return !v.token.Until.IsZero() && !now.Before(v.token.Until)
}

// The longest texts an event takes from a request, in bytes: Type/id/_history/n,
// and a type. What is longer names nothing that could be in a record.
const (
	maxAsked = 160
	maxQuery = 64
)

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// readyLeaf derives what writes in the log, before the commit that others wait for.
func (v *View) readyLeaf() {
	if v.leaf.Seal.IsZero() {
		v.leaf = v.token.LeafKeys()
	}
}

func (v *View) appendLeaf(tx kv.Tx, p *person, e audit.Event) error {
	e.Query, e.Entries = clip(e.Query, maxQuery), append([]string(nil), e.Entries...)
	for i := range e.Entries {
		e.Entries[i] = clip(e.Entries[i], maxAsked)
	}
	e.Time, e.Grant, e.Token = v.s.time(), v.token.Grant, tokenMark(v.capsule)
	err := p.appendLeaf(tx, func(index uint64) ([]byte, error) {
		return audit.SealGrantLeaf(v.leaf, v.person, v.token.Grant, index, e), nil
	})
	if err == nil {
		v.s.save(tx, p)
	}
	return err
}

// tokenMark tells two tokens of a grant apart in the log, and leads nowhere else.
func tokenMark(id crypto.CapsuleID) uint32 { return binary.BigEndian.Uint32(id[:4]) }

// attempts is how often a request starts again when an epoch begins, or another
// write lands, while it runs.
const attempts = 5

// retry runs fn, and again from the start when the record moved on meanwhile.
func (v *View) retry(ctx context.Context, fn func() error) error {
	if v.closed {
		return errUnauthorized
	}
	for range attempts {
		err := fn()
		switch {
		case errors.Is(err, errStale):
			now, err := v.s.checkClock()
			if err != nil {
				return err
			}
			if err := v.load(ctx, now); err != nil {
				return err
			}
		case errors.Is(err, errUnauthorized):
			why := audit.Stopped
			if now := v.s.time(); v.ended(now) || v.grant.Ended(now) {
				why = audit.Expired
			}
			return v.refuse(ctx, why)
		default:
			return err
		}
	}
	return record.Safef(record.Conflict, "the record is being changed by others: try again")
}

// refuse logs that a credential of this grant was presented and opened nothing,
// and returns the one answer to that. Even these are counted: a stopped token
// cannot flood the log.
func (v *View) refuse(ctx context.Context, why audit.Reason) error {
	if !v.looked { // it takes as long as where the record says that the grant was stopped
		_ = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
			_, err := v.s.load(r, v.person)
			return err
		})
	}
	if !v.s.daily.take(refusals, v.token.Grant, v.s.time(), refusalsDaily) {
		return errUnauthorized
	}
	v.readyLeaf()
	err := v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
		p, err := v.s.load(tx, v.person)
		if err != nil {
			return err
		}
		return v.appendLeaf(tx, p, audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: why})
	})
	if err != nil && !errors.Is(err, errNoPerson) {
		v.s.log.Warn("a refusal could not be logged", "err", record.SafeText(err))
	}
	return errUnauthorized
}
