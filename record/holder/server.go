package holder

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

// Server is what a device asks of the server, and all that it needs of it: the
// HTTP client, the browser's fetch and the tests each have theirs.
//
// Errors say by their record.Kind what happened. An error of no kind, and
// record.Internal and record.Unavailable, mean that nobody knows whether the
// request was carried out; the holder finds out by itself.
type Server interface {
	// Node says which server this is. It is asked for once in each unlocking.
	Node(context.Context) (Node, error)
	// Slot returns the capsule of a slot: record.NotFound where there is none.
	Slot(context.Context, crypto.CapsuleID) (record.Capsule, error)
	// Ring returns a person's keyring, and the root key as it is sealed to the
	// slot that asks: record.NotFound for an unknown person and
	// for a slot that is not theirs. Only who can derive the id of a slot knows it.
	// With it comes the proof that the log goes on from its first seen entries.
	Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (RingState, error)
	// RingLog is Log of a record that waits to be carried on, for the slot that asks:
	// there is no session yet.
	RingLog(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, from uint64) (LogPage, error)
	// Submit sends a signed statement, the first with the invite that admits the
	// person: record.Conflict if it does not follow the last one.
	Submit(ctx context.Context, signed []byte, invite string) (Receipt, error)
	// SignIn opens a session under a grant of the person's own, by its key.
	SignIn(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key) (token string, until time.Time, err error)
	// Log returns log entries from a place on, as many as fit in one answer.
	Log(ctx context.Context, token string, from uint64) (LogPage, error)
	// Consistency returns the RFC 6962 proof that the log as it was at that head
	// is the beginning of the log as it is, and the checkpoint of that.
	Consistency(ctx context.Context, token string, from statement.Head) (proof []audit.Hash, checkpoint []byte, err error)
	// SignOut ends a session, and returns the checkpoint of the log as it was left,
	// or none.
	SignOut(ctx context.Context, token string) (checkpoint []byte, err error)
	// Strike stops a grant at once, from a session.
	Strike(ctx context.Context, token string, g record.GrantID) error
}

// Node is who a server says it is.
type Node struct {
	Store    record.StoreID
	Verifier string // of its checkpoints; a device pins it when it enrols
	Time     time.Time
}

// RingState is a person's keyring as the server has it, with what the server
// knows of their grants.
type RingState struct {
	Seq        record.Seq
	Blob       []byte         // sealed under R
	Wrap       []byte         // R, wrapped for the slot that asked
	Hash       statement.Hash // of the statement it came with
	Epoch      record.Epoch
	Live       []LiveGrant
	Checkpoint []byte
	Proof      []audit.Hash // that the checkpoint's log begins with those that were seen; RFC 6962 §2.1.2

	// While the record waits to be carried on: the store it comes from, and the
	// checkpoint of its log that the node there signed.
	From record.StoreID
	Note []byte
}

// LiveGrant is one line of the server's live list.
type LiveGrant struct {
	Grant  record.GrantID
	Until  time.Time // zero: until stopped
	Self   bool
	Struck bool // stopped from a session or given back by its client; its keys are still to be renewed

	Suspended bool // by the person, until they let it go on
}

// Receipt is the answer to a statement that was applied.
type Receipt struct {
	Seq        record.Seq
	Checkpoint []byte
}

// LogPage is a run of the log.
type LogPage struct {
	From       uint64
	Frontier   []byte // the tree's peaks before From, as audit.Frontier writes them
	Leaves     [][]byte
	Size       uint64 // of the whole log
	Checkpoint []byte // of the whole log
}
