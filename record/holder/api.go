package holder

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/statement"
)

var errPlanned = errors.New("being written")

// ErrNoSlot: no record here opens with what was given (CLI exit code 4).
var ErrNoSlot = record.Safef(record.Unauthorized, "this does not open any record here: the passphrase may be mistyped, or this way in may have been removed")

// ErrNewerRing: the keyring was written by a newer program; reading only.
var ErrNewerRing = record.Safef(record.Unsupported, "this record was last changed by a newer version of Carehold: it can be read here, not changed")

// Enrolment is what it takes to make a record.
type Enrolment struct {
	Invite     string        // chdi_…
	Passphrase crypto.Secret // typed on this device
	Label      string        // what the person calls this device: "laptop"
	Name       string        // what the person calls themself in the log; "you" when empty
}

// Kit is what the person keeps after enrolling.
type Kit struct {
	DeviceKey crypto.DeviceKey
	Recovery  crypto.RecoveryCode
}

// Holder is an unlocked record. Safe for several goroutines; changes go one at a time.
type Holder struct{ mem Memory }

func Enrol(ctx context.Context, srv Server, e Enrolment) (*Holder, *Kit, error) {
	return nil, nil, errPlanned
}
func Unlock(ctx context.Context, srv Server, slot crypto.Credential, m Memory) (*Holder, error) {
	return nil, errPlanned
}

func (h *Holder) Close()                  {}          // overwrites the keys
func (h *Holder) Memory() Memory          { return h.mem } // save after each operation
func (h *Holder) Person() record.PersonID { return h.mem.Person }
func (h *Holder) Epoch() record.Epoch     { return 0 }
func (h *Holder) Now() time.Time          { return time.Time{} } // by the server's clock

// SignIn opens a session. Sessions last 15 minutes idle.
func (h *Holder) SignIn(ctx context.Context) (token string, until time.Time, err error) {
	return "", time.Time{}, errPlanned
}

// GrantRequest is what a person decides.
type GrantRequest struct {
	To       grant.Party
	Sections record.SectionSet // identity and providers are added
	Scopes   []grant.Scope
	Purpose  string
	Lasts    time.Duration // or
	Until    time.Time     // or neither: until stopped
	Daily    uint32        // 0: grant.DefaultDaily
	Label    string        // of the token
}

// Issued is a grant with the token that uses it, shown once.
type Issued struct {
	Grant grant.Grant
	Token string // chda_…
	Until time.Time
}

func (h *Holder) Grant(ctx context.Context, r GrantRequest) (Issued, error) {
	return Issued{}, errPlanned
}

// IssueToken makes another token for a live grant. until zero: with the grant.
func (h *Holder) IssueToken(ctx context.Context, id record.GrantID, label string, until time.Time) (Issued, error) {
	return Issued{}, errPlanned
}
func (h *Holder) Revoke(ctx context.Context, ids ...record.GrantID) error { return errPlanned }

// Strike stops a grant at once from a session; the next change renews the keys.
func (h *Holder) Strike(ctx context.Context, token string, id record.GrantID) error {
	return errPlanned
}

// Tidy ends what ran out or was struck, and starts an epoch if anything did. Nothing to do: no statement.
func (h *Holder) Tidy(ctx context.Context) (ended []Granted, err error) { return nil, errPlanned }

// Granted is a grant as the keyring has it.
type Granted struct {
	Grant  grant.Grant
	State  State
	Ended  time.Time // when it ended; zero while live
	Why    EndReason
	Tokens []TokenInfo
}

// State of a grant. Zero is invalid.
type State uint8

const (
	Live   State = iota + 1
	Struck       // stopped from a session; keys not yet renewed
	Over         // its time ran out; keys not yet renewed
	Ended        // ended by a statement
)

func (s State) String() string { return "" }

// EndReason is why a grant ended.
type EndReason uint8

const (
	NotEnded EndReason = iota
	Revoked
	RanOut
	WasStruck
	Evicted
	Lost // the server no longer had it
)

// TokenInfo says that a token was made; the token itself is not kept.
type TokenInfo struct {
	Label   string
	Until   time.Time
	Created time.Time
}

func (h *Holder) Grants() []Granted { return nil } // without the self-grants; newest first

// SlotInfo is a way into the record.
type SlotInfo struct {
	ID      crypto.CapsuleID
	Kind    crypto.Kind
	Label   string
	Created time.Time
	This    bool // opened this Holder
}

func (h *Holder) Slots() []SlotInfo { return nil }
func (h *Holder) AddPassphraseSlot(ctx context.Context, passphrase crypto.Secret, label string) (crypto.DeviceKey, error) {
	return crypto.DeviceKey{}, errPlanned
}
func (h *Holder) AddPasskeySlot(ctx context.Context, prf []byte, label string) error {
	return errPlanned
}
func (h *Holder) ReplaceRecovery(ctx context.Context) (crypto.RecoveryCode, error) {
	return crypto.RecoveryCode{}, errPlanned
}
func (h *Holder) RemoveSlot(ctx context.Context, id crypto.CapsuleID) error   { return errPlanned }
func (h *Holder) Evict(ctx context.Context, keep ...crypto.CapsuleID) error { return errPlanned }

// CheckReport is the result of a check that found nothing wrong.
type CheckReport struct {
	From       uint64 // the first entry looked at
	Head       statement.Head
	Statements record.Seq
}

// Check fetches the whole log and checks everything. Errors: *audit.Tampered (errors.Is record.Integrity).
func (h *Holder) Check(ctx context.Context, token string) (CheckReport, error) {
	return CheckReport{}, errPlanned
}

// CheckNew checks what came since the last check.
func (h *Holder) CheckNew(ctx context.Context, token string) (CheckReport, error) {
	return CheckReport{}, errPlanned
}

// History returns entries from a place on, opened and checked against the checkpoint.
func (h *Holder) History(ctx context.Context, token string, from uint64) ([]audit.Entry, error) {
	return nil, errPlanned
}

// Describe says a log entry in a sentence. The time is written in the event's Time's location.
func Describe(e audit.Entry, grants []Granted) string { return "" }
