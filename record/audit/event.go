package audit

import (
	"time"

	"carehold/record"
	"carehold/record/statement"
	"carehold/record/wire"
)

// Action is what was done. The numbers are part of the format.
type Action uint16

const (
	// Data plane: under a grant.
	Read    Action = 1  // one entry, or one version of it
	Search  Action = 2  // a list
	Change  Action = 3  // entries created or updated; deleted ones too, before 12 was there
	History Action = 4  // the log itself was read
	Move    Action = 5  // entries filed in another section
	Undo    Action = 6  // an import undone
	SignIn  Action = 7  // a session began
	Strike  Action = 8  // a grant stopped from a session
	Preview Action = 9  // what a grant would show was counted
	Used    Action = 10 // the credential was presented where it opens nothing
	Copy    Action = 11 // the whole record was copied, sealed as it is
	Delete  Action = 12 // entries deleted; what else the request did has an entry of its own
	Opened  Action = 13 // a link was opened; Text is whom it was opened for, in their own words

	// OAuth, under the grant: by its client, with a secret the client was given.
	Collected  Action = 14 // an answer was fetched by whoever had asked
	Exchanged  Action = 15 // an authorization code was exchanged for tokens
	Refreshed  Action = 16 // new tokens for a refresh token
	Replayed   Action = 17 // a code or a refresh token was used again: the grant was stopped
	GaveBack   Action = 18 // the client gave its tokens back: the grant was stopped
	Contribute Action = 19 // something was written that waits for the person
	TakenIn    Action = 20 // the person took in, or looked at, what was waiting
	Dismissed  Action = 21 // the person removed what was waiting

	// Control plane: in a statement.
	Enrol      Action = 32 // the record was made
	Grant      Action = 33 // a grant was made
	Revoke     Action = 34 // grants ended
	SlotAdd    Action = 35 // a way to unlock was added
	SlotRemove Action = 36 // a way to unlock was removed
	Evict      Action = 37 // all keys made new, all grants ended
	Renew      Action = 38 // an epoch begun for grants that ran out
	CarryOn    Action = 39 // the record goes on after a restore or a move
	CloseHere  Action = 40 // closed at this server: it moves to another
	Reopen     Action = 41 // and open again
	Amend      Action = 42 // a grant was made longer, shorter, narrower or wider
	Suspend    Action = 43 // grants suspended
	Resume     Action = 44 // and going on
	Address    Action = 45 // an address to be asked at was made or closed
	Approve    Action = 46 // a request was approved: a grant was made for it

	// The node's own.
	RingFetch  Action = 64 // a device fetched the keyring: somebody unlocked
	Restored   Action = 65 // from a backup
	LossTaken  Action = 66 // the operator accepted that something was lost
	ClockMoved Action = 67
	Upgraded   Action = 68 // the store's rows were written in a newer format
	Brought    Action = 69 // the record was brought here from another server
	Asked      Action = 70 // somebody asked for access at an address of the person's
)

// OfToken is the Query of an exchange that was of a token the person handed out, bound to
// a key, and not of an authorization code.
const OfToken = "token"

// Outcome is what came of it.
type Outcome uint16

const (
	Done    Outcome = 0
	Refused Outcome = 1 // nothing was shown or changed
)

// Reason says why something was refused.
type Reason uint16

const (
	NoReason     Reason = 0
	Stopped      Reason = 1  // the grant was stopped
	Expired      Reason = 2  // the grant's or the token's time was over
	OutsideGrant Reason = 3  // not in the sections of the grant, or not there
	NoVerb       Reason = 4  // not among the scopes of the grant
	BadRequest   Reason = 5  // what was sent was against a rule
	WrongPlace   Reason = 6  // this kind of grant is not for this door
	WasDeleted   Reason = 7  // it was there, and was deleted before
	NotMet       Reason = 8  // what the request depended on was otherwise: another version, several matches
	WrongCode    Reason = 9  // the passcode of a link was another
	UsedUp       Reason = 10 // the passcode was tried too often: the link opens for nobody
	NotTheirs    Reason = 11 // a token for one key or client was presented by another, or without its key
	OnHold       Reason = 12 // the person has suspended the grant
)

// Event is what a leaf says.
type Event struct {
	Time    time.Time // to the millisecond
	Action  Action
	Outcome Outcome
	Reason  Reason
	Grant   record.GrantID   // whose grant; zero for the device and the node
	Token   uint32           // tells two tokens of one grant apart
	Entries []string         // what was shown or changed: Type/id/_history/n; or what was asked for
	More    uint64           // how many besides those named; of a wrong passcode: how many tries are left
	Query   string           // for a search: the type that was asked for
	Text    string           // for control: whom a grant is for, which slot
	Dir     []byte           // after a change: the root of the directory
	State   *statement.Hash  // for the device: hash of the statement before
	About   []record.GrantID // for control: the grants it is about
}

// MaxEntries is how many entries an event names; the rest are counted.
const MaxEntries = 1200

const (
	tagTime = iota + 1
	tagAction
	tagOutcome
	tagReason
	tagGrant
	tagToken
	tagEntry
	tagMore
	tagQuery
	tagText
	tagDir
	tagState
	tagAbout
)

// Marshal writes the event.
func (e Event) Marshal() []byte {
	var w wire.Builder
	w.Uint(tagTime, uint64(e.Time.UnixMilli()))
	w.Uint(tagAction, uint64(e.Action))
	w.Uint(tagOutcome, uint64(e.Outcome))
	if e.Reason != 0 {
		w.Uint(tagReason, uint64(e.Reason))
	}
	if e.Grant != (record.GrantID{}) {
		w.Bytes(tagGrant, e.Grant[:])
	}
	if e.Token != 0 {
		w.Uint(tagToken, uint64(e.Token))
	}
	for i, ref := range e.Entries {
		if i == MaxEntries {
			e.More += uint64(len(e.Entries) - MaxEntries)
			break
		}
		w.Bytes(tagEntry, []byte(ref))
	}
	if e.More != 0 {
		w.Uint(tagMore, e.More)
	}
	w.String(tagQuery, e.Query)
	w.String(tagText, e.Text)
	if e.Dir != nil {
		w.Bytes(tagDir, e.Dir)
	}
	if e.State != nil {
		w.Bytes(tagState, e.State[:])
	}
	for _, g := range e.About {
		w.Bytes(tagAbout, g[:])
	}
	return w.Finish()
}

// ParseEvent reads an event. Fields of a later version are passed over: what a
// log says must stay readable.
func ParseEvent(b []byte) (Event, error) {
	var e Event
	d := wire.Decode("log entry", b)
	e.Time = time.UnixMilli(int64(d.Uint(tagTime))).UTC()
	e.Action = Action(d.Uint(tagAction))
	e.Outcome = Outcome(d.Uint(tagOutcome))
	e.Reason = Reason(d.OptionalUint(tagReason))
	if v := d.Optional(tagGrant); v != nil {
		if len(v) != 16 {
			d.Fail("grant")
		}
		copy(e.Grant[:], v)
	}
	e.Token = uint32(d.OptionalUint(tagToken))
	for _, v := range d.List(tagEntry) {
		e.Entries = append(e.Entries, string(v))
	}
	e.More = d.OptionalUint(tagMore)
	e.Query, e.Text = d.String(tagQuery), d.String(tagText)
	e.Dir = d.Optional(tagDir)
	if v := d.Optional(tagState); v != nil {
		if len(v) != 32 {
			d.Fail("statement")
		} else {
			h := statement.Hash(v)
			e.State = &h
		}
	}
	for _, v := range d.List(tagAbout) {
		if len(v) != 16 {
			d.Fail("grant")
			break
		}
		e.About = append(e.About, record.GrantID(v))
	}
	d.Keep()
	return e, d.Finish()
}
