package message

import "time"

// Node says which server this is. GET /holder/v1/node
type Node struct {
	Store    ID        `json:"store"`
	Verifier string    `json:"verifier"` // of checkpoints, golang.org/x/mod/sumdb/note
	Time     time.Time `json:"time"`
	Version  string    `json:"version"` // of the program
}

// Cookie tells a page whose browser has a session now what its forms bring, and until
// when it lasts. POST /holder/v1/cookie
type Cookie struct {
	Form  string    `json:"form"`
	Until time.Time `json:"until"`
}

// SlotRequest asks for an unlock slot. POST /holder/v1/slot
type SlotRequest struct {
	ID ID `json:"id"`
}

// Slot is the answer.
type Slot struct {
	Hour uint32 `json:"hour"`
	Blob []byte `json:"blob"`
}

// RingRequest asks for a keyring. POST /holder/v1/ring
type RingRequest struct {
	Person ID `json:"person"`
	Slot   ID `json:"slot"` // of the one who asks; only who can derive its id knows it

	// How many entries of the log the device has seen, to be shown that it goes on
	// from them; 0: none.
	Seen uint64 `json:"seen,omitzero"`
}

// Ring is the answer.
type Ring struct {
	Seq        uint64      `json:"seq"`
	Blob       []byte      `json:"blob"`
	Wrap       []byte      `json:"wrap"` // the root key, for the slot that asked
	Hash       Hash        `json:"hash"` // of the last statement
	Epoch      uint32      `json:"epoch"`
	Live       []LiveGrant `json:"live"`
	Checkpoint []byte      `json:"checkpoint"`
	Proof      []Hash      `json:"proof,omitempty"` // as that of Proof

	// While the record waits to be carried on: the store it comes from, and the
	// checkpoint of its log that the node there signed.
	From *ID    `json:"from,omitzero"`
	Note []byte `json:"note,omitzero"`
}

// RingLogRequest asks for a part of the log of a record that waits. The answer is a
// Log. POST /holder/v1/ring/log
type RingLogRequest struct {
	Person ID     `json:"person"`
	Slot   ID     `json:"slot"`
	From   uint64 `json:"from"`
}

// LiveGrant is a grant on the live list.
type LiveGrant struct {
	Grant  ID        `json:"grant"`
	Until  time.Time `json:"until,omitzero"`
	Self   bool      `json:"self,omitzero"`
	Struck bool      `json:"struck,omitzero"`

	Suspended bool `json:"suspended,omitzero"`
}

// Receipt answers a statement. POST /holder/v1/statements
type Receipt struct {
	Seq        uint64 `json:"seq"`
	Checkpoint []byte `json:"checkpoint"`
}

// SessionRequest signs in with the key of the standing self-grant.
// POST /holder/v1/sessions
type SessionRequest struct {
	Person  ID     `json:"person"`
	Grant   ID     `json:"grant"`
	Key     []byte `json:"key"`
	Reading []byte `json:"reading,omitzero"` // of a session that is to read the log
}

// Session is the answer, and that to GET /holder/v1/sessions, where Token is left
// out.
type Session struct {
	Token   string    `json:"token,omitzero"`
	Until   time.Time `json:"until"`
	Patient string    `json:"patient"` // the FHIR id of the person's Patient
}

// SignedOut answers the end of a session. DELETE /holder/v1/sessions
type SignedOut struct {
	Checkpoint []byte `json:"checkpoint,omitempty"` // of the log as it was left
}

// Log is a part of the log. GET /holder/v1/log?from=N&limit=N
type Log struct {
	From       uint64   `json:"from"`
	Frontier   []byte   `json:"frontier"` // the peaks before From
	Leaves     [][]byte `json:"leaves"`
	Size       uint64   `json:"size"`
	Checkpoint []byte   `json:"checkpoint"`
}

// Proof is that the log has only grown. GET /holder/v1/log/proof?size=N&root=hex
type Proof struct {
	Proof      []Hash `json:"proof"`
	Checkpoint []byte `json:"checkpoint"`
}

// Strike stops a grant at once. POST /holder/v1/strikes
type Strike struct {
	Grant ID `json:"grant"`
}
