package store

import (
	"log/slog"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/rows"
	"carehold/record/statement"
)

// Options say how a store is opened.
type Options struct {
	// NodeKey is the path of the node's key; "" is node.key in the store's folder.
	NodeKey string

	// Now is the clock. Default: time.Now.
	Now func() time.Time

	// Steady is a clock that nobody can set, and that runs while the machine
	// sleeps: a jump of Now beside it is found. Default: the machine's, with the
	// default Now; none with another.
	Steady func() time.Duration

	// Log gets what an operator should know; never anything from a record.
	Log *slog.Logger

	// AcceptLoss opens a store that is older than its anchor says, once. It is an
	// operator's decision, and is logged in every person's log. A store of an older
	// format that is damaged is upgraded with it, and stays damaged where it is.
	AcceptLoss bool

	// SearchMemory is how much searches may keep in memory between requests, in
	// bytes, sealed: 0 is a 16th of the memory there is and 64 MiB at most, and less
	// than 0 is nothing, neither of searches nor of what tokens opened.
	SearchMemory int64

	// FHIRBase is the base URL of the server's FHIR interface, which AuditEvents name:
	// "https://record.example.org/fhir"; "" when it is not known.
	FHIRBase string

	// ManyPatients lets a record hold resources about anyone. It exists for tests
	// with HL7's examples, which are about many people; the program has no flag
	// for it.
	ManyPatients bool
}

// RingState is what a device needs to open its keyring and to follow it.
type RingState struct {
	Seq        record.Seq
	Hash       statement.Hash // of the last statement
	Blob       []byte         // the keyring, sealed
	Wrap       []byte         // the root key, wrapped for the slot that asked
	Epoch      record.Epoch
	Live       []LiveGrant
	Checkpoint []byte       // signed note of the log's head
	Proof      []audit.Hash // that it begins with the entries that were seen before

	// While the record waits to be carried on: the store it comes from, and the
	// checkpoint of its log that the node there signed.
	From record.StoreID
	Note []byte
}

// LiveGrant is one line of the live list.
type LiveGrant struct {
	Grant  record.GrantID
	Until  time.Time // zero: until stopped
	Self   bool
	Struck bool // stopped from a session or given back by its client; the next statement ends it

	Suspended bool // by the person, until they let it go on
}

// Receipt is the answer to a statement.
type Receipt struct {
	Seq        record.Seq
	Checkpoint []byte
}

// Entry is one version of an entry, as a View shows it.
type Entry struct {
	Ref     fhir.Ref
	Version record.Version
	Section record.Section
	Header  entry.Header
	Body    []byte // FHIR JSON, with id and meta; without a content that Header.Content tells of

	rows  rows.Version // where it is
	epoch record.Epoch
}

// ApplyOptions go with a change.
type ApplyOptions struct {
	Origin entry.Origin // for an import

	// OwnExport says that the import is of what the person took out of a record of
	// theirs, with their own words about entries (Annotate). Whoever sets it has made
	// sure of that: of all other imports such words are refused.
	OwnExport bool

	Base string // the server's own base URL, for what a plan looks up

	says string // of words of the person's about an entry: what the log says of it
}

// Result is what came of one change, in the order of the changes.
type Result struct {
	Ref       fhir.Ref
	Version   record.Version
	Time      time.Time
	Section   record.Section
	Created   bool
	Unchanged bool   // no new version: the content was already so, or it was read or found only
	Deleted   bool   // also when a conditional delete found none
	Body      []byte // FHIR JSON, with id and meta; nil when deleted, and when found by who may not read it
	Apart     bool   // Body is without a content that is kept apart from it
	Stay      int    // of a move, at the first that has files: how many of all its files stay where they are, or were not looked at
}

// Info is an entry without its content, for the person's own lists.
type Info struct {
	Ref     fhir.Ref
	Version record.Version
	Section record.Section
	Header  entry.Header
	Size    int // bytes of JSON

	// Suggested is where the filing table would put the entry as it is now, and
	// why; Files are the Binaries that go along when it is moved to where is stricter
	// than they are, of which the Size is about what it is. There are so many more that
	// may stay: a move has a limit. Only Why fills them.
	Suggested record.Section
	Reason    string
	Files     []Info
	MoreFiles int

	// First is who wrote the first version, and when, where that is an older one. Only
	// Why fills it.
	First *entry.Header

	// Before is the newest version that the person did not write here themself, where theirs
	// came after it: whose content it is that they changed, or said something about.
	Before   *entry.Header
	BeforeAt record.Version
}

// ImportInfo is one import, as the versions it wrote remember it.
type ImportInfo struct {
	ID      record.ImportID
	Source  string
	Time    time.Time
	Entries int // whose newest version is the import's: what undoing would touch
	Counts  map[string]int
}

// Undone is what undoing an import did.
type Undone struct {
	Deleted  int        // entries the import had brought
	Restored int        // entries that are again as they were before
	Kept     []fhir.Ref // entries changed since, and their files: left as they are
}

// Preview is what a grant would show, counted.
type Preview struct {
	Total    int
	Sections []PreviewSection
}

// PreviewSection is one section of a preview.
type PreviewSection struct {
	Section  record.Section
	Granted  bool
	Total    int
	Types    map[string]int
	Examples []fhir.Ref
}

// LogPage is a run of log entries, sealed as they are.
type LogPage struct {
	From       uint64
	Frontier   []byte // the peaks of the tree before From
	Leaves     [][]byte
	Size       uint64
	Checkpoint []byte // signed for Size
}

// Status is what an operator may know.
type Status struct {
	Store    record.StoreID
	People   int
	Capsules int
	Grants   int // that are live, but for people's own
	Leaves   uint64
	Used     uint64 // bytes of entries and logs
	Commit   time.Time
	Clock    string // "" when it is right, else what is wrong

	LastBackup  time.Time // zero: never
	BackupLacks bool      // of somebody it has nothing: a row does not fit
	LastVerify  time.Time // zero: never
	Damage      int       // rows that the last verify found damaged
	BadTables   int       // tables of the database that are damaged, as far as is known
	Tables      int       // there are
	Broken      int       // records whose first rows do not open: nothing of them is served
	Waiting     int       // records that wait for their person to carry on
	Closed      int       // records that have moved to another server
}
