package message

import "time"

// Entries are all the entries of a record. GET /holder/v1/entries
type Entries struct {
	Entries []EntryInfo `json:"entries"`
}

// EntryInfo is an entry without its content.
// GET /holder/v1/entries/{type}/{id} fills Suggested, Reason, Files and MoreFiles too.
type EntryInfo struct {
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	Version uint64    `json:"version"`
	Section string    `json:"section"`
	Time    time.Time `json:"time"`
	Deleted bool      `json:"deleted,omitzero"`
	Size    int       `json:"size"` // bytes of JSON

	Grant ID     `json:"grant"` // under which it was written
	Self  bool   `json:"self,omitzero"`
	By    string `json:"by,omitzero"`

	Import ID     `json:"import,omitzero"`
	Source string `json:"source,omitzero"`

	Why       string `json:"why,omitzero"`   // the filing rule
	Moved     bool   `json:"moved,omitzero"` // filed by the person themself
	Suggested string `json:"suggested,omitzero"`
	Reason    string `json:"reason,omitzero"`

	Files     []File `json:"files,omitzero"`      // that go along to where is stricter than they are
	MoreFiles int    `json:"more_files,omitzero"` // besides those, which may stay

	First  *OlderVersion `json:"first,omitzero"`  // of one that has older versions
	Before *OlderVersion `json:"before,omitzero"` // of one that the person wrote last: the newest that they did not
}

// OlderVersion is who wrote a version, and when.
type OlderVersion struct {
	Version      uint64    `json:"version"`
	Time         time.Time `json:"time"`
	Self         bool      `json:"self,omitzero"`
	By           string    `json:"by,omitzero"`
	Organisation string    `json:"organisation,omitzero"`
	Role         string    `json:"role,omitzero"`
	Source       string    `json:"source,omitzero"` // the import that brought it
	Taken        bool      `json:"taken,omitzero"`  // it waited in the inbox, and the person took it in
}

// File is a Binary that an entry is of.
type File struct {
	ID      string `json:"id"`
	Section string `json:"section"`
}

// Move files an entry elsewhere. POST /holder/v1/entries/{type}/{id}/section
type Move struct {
	Section string `json:"section"`

	// Import is of the import that files what it brought: it takes along none but its own.
	Import ID `json:"import,omitzero"`
}

// Moved is the answer.
type Moved struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	Section   string `json:"section"`
	Unchanged bool   `json:"unchanged,omitzero"`
	Stay      int    `json:"stay,omitzero"` // of its files: they are where they were, or were not looked at
}

// Imports are all imports. GET /holder/v1/imports
type Imports struct {
	Imports []Import `json:"imports"`
}

// Import is one of them.
type Import struct {
	ID      ID             `json:"id"`
	Source  string         `json:"source"`
	Time    time.Time      `json:"time"`
	Entries int            `json:"entries"`
	Counts  map[string]int `json:"counts"`
}

// Undone is what undoing an import did. POST /holder/v1/imports/{id}/undo
type Undone struct {
	Deleted  int      `json:"deleted"`
	Restored int      `json:"restored"`
	Kept     []string `json:"kept"` // Type/id, changed since, or the file of what was
}

// PreviewRequest asks what a grant would show. POST /holder/v1/preview
type PreviewRequest struct {
	Sections []string `json:"sections"`
	Scopes   string   `json:"scopes"` // separated by spaces
}

// SummaryRequest asks for the summary that a snapshot is to show, in FHIR. The device
// seals it. POST /holder/v1/summary
type SummaryRequest struct {
	Sections []string   `json:"sections"`
	To       string     `json:"to"` // the name of who it is for, which stands in it
	Until    *time.Time `json:"until,omitzero"`
}

// Preview is the answer.
type Preview struct {
	Total    int              `json:"total"`
	Sections []PreviewSection `json:"sections"`
}

// PreviewSection is one section of it.
type PreviewSection struct {
	Section  string         `json:"section"`
	Granted  bool           `json:"granted"`
	Total    int            `json:"total"`
	Types    map[string]int `json:"types"`
	Examples []string       `json:"examples"` // Type/id
}
