package message

import "time"

// Inbox is what waits for the person, sealed to them. GET /holder/v1/inbox?from=…
type Inbox struct {
	Items []InboxItem `json:"items"`
	Next  *ID         `json:"next,omitzero"` // go on from there; not there at the end
}

// InboxItem is one thing that waits.
type InboxItem struct {
	ID     ID     `json:"id"`
	Sealed []byte `json:"sealed"` // docs/format.md, "Inbox"
}

// InboxAnswer is what the person does with it. Of a notice: looked at. Of what was
// written and waits: it is taken in, as the device opened it.
// POST /holder/v1/inbox/{item}
type InboxAnswer struct {
	Looked bool `json:"looked,omitzero"`

	Type        string `json:"type,omitzero"`
	Resource    []byte `json:"resource,omitzero"` // its bytes
	Grant       ID     `json:"grant,omitzero"`
	Certificate []byte `json:"certificate,omitzero"` // of that grant
	Opening     []byte `json:"opening,omitzero"`     // of its commitment, 32 bytes
	Section     string `json:"section,omitzero"`     // where the person wants it; else where the rules file it
}

// TakenIn is what became of what was taken in.
type TakenIn struct {
	Type       string    `json:"type"`
	ID         string    `json:"id"`
	Version    uint64    `json:"version"`
	Time       time.Time `json:"time"`
	Section    string    `json:"section"`
	Unchanged  bool      `json:"unchanged,omitzero"`  // it was taken in before
	Deleted    bool      `json:"deleted,omitzero"`    // and deleted since
	Unverified bool      `json:"unverified,omitzero"` // who wrote it cannot be told any more

	By           string `json:"by,omitzero"`
	Organisation string `json:"organisation,omitzero"`
	Role         string `json:"role,omitzero"`
	Number       string `json:"number,omitzero"`
	Register     string `json:"register,omitzero"`
}

// Note is something the person says about an entry.
// POST /holder/v1/entries/{type}/{id}/note
type Note struct {
	Text    string `json:"text"`
	Dispute bool   `json:"dispute,omitzero"` // it is wrong, and they say so
	Version uint64 `json:"version,omitzero"` // the one they saw; 0: whichever is newest
}

// Noted is the answer, and that to taking it back.
type Noted struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Version uint64 `json:"version"` // that says so
}
