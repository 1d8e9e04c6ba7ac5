package problem

import (
	"net/http"

	"carehold/record"
)

// The kinds that only HTTP has.
const (
	MediaType     record.Kind = "media type not supported" // 415: of what was sent
	NotAcceptable record.Kind = "not acceptable"           // 406: of what was asked for
	Misdirected   record.Kind = "misdirected"              // 421: it is meant for another name
	NoType        record.Kind = "no such resource type"    // 404: it says nothing of any record, and so can say what it is
	NoLink        record.Kind = "link that opens nothing"  // 404: whatever it was
	NoLength      record.Kind = "length required"          // 411
	NoRange       record.Kind = "range not satisfiable"    // 416
	Locked        record.Kind = "locked"                   // 423: another request is writing it
	NoRoom        record.Kind = "insufficient storage"     // 507: of an upload; of a change it is TooMany
)

// Row is how one kind is put to a client.
type Row struct {
	Kind   record.Kind
	Status int    // HTTP
	Issue  string // OperationOutcome.issue.code, FHIR R4 valueset issue-type
	Code   string // error.code at the holder's door
	Text   string // shown instead of the error's own text, when not empty
}

// NoSuchThing is the text of every 404 for an entry: an entry outside the grant
// does not exist, so both are told in the same bytes.
const NoSuchThing = "there is nothing here, or nothing that this token opens"

const noToken = "this needs a token that is valid now: Authorization: Bearer …"

// Table is every kind, and how it is answered.
var Table = []Row{
	{record.Invalid, http.StatusBadRequest, "invalid", "invalid", ""},
	{record.Unprocessed, http.StatusUnprocessableEntity, "processing", "unprocessable", ""},
	{record.Unauthorized, http.StatusUnauthorized, "login", "unauthorized", noToken},
	{record.Forbidden, http.StatusForbidden, "forbidden", "forbidden", ""},
	{record.NotFound, http.StatusNotFound, "not-found", "not-found", NoSuchThing},
	{NoType, http.StatusNotFound, "not-supported", "no-type", ""},
	{NoLink, http.StatusNotFound, "not-found", "no-link", "this link opens nothing: it may be mistyped, have run out or have been stopped; ask whoever gave it to you for another"},
	{record.Gone, http.StatusGone, "deleted", "deleted", ""},
	{record.NotAllowed, http.StatusMethodNotAllowed, "not-supported", "not-allowed", ""},
	{record.Conflict, http.StatusConflict, "conflict", "conflict", ""},
	{record.Precondition, http.StatusPreconditionFailed, "conflict", "precondition", ""},
	{record.Ambiguous, http.StatusPreconditionFailed, "multiple-matches", "ambiguous", ""},
	{record.TooLarge, http.StatusRequestEntityTooLarge, "too-long", "too-large", ""},
	{record.TooMany, http.StatusTooManyRequests, "throttled", "too-many", ""},
	{record.Unavailable, http.StatusServiceUnavailable, "transient", "unavailable", ""},
	{record.Unsupported, http.StatusNotImplemented, "not-supported", "unsupported", ""},
	{MediaType, http.StatusUnsupportedMediaType, "not-supported", "media-type", ""},
	{NotAcceptable, http.StatusNotAcceptable, "not-supported", "not-acceptable", ""},
	{NoLength, http.StatusLengthRequired, "required", "length-required", ""},
	{NoRange, http.StatusRequestedRangeNotSatisfiable, "value", "range", ""},
	{Locked, http.StatusLocked, "lock-error", "locked", ""},
	{NoRoom, http.StatusInsufficientStorage, "too-costly", "no-room", ""},
	{Misdirected, http.StatusMisdirectedRequest, "not-supported", "misdirected", ""},
	{record.Integrity, http.StatusInternalServerError, "no-store", "integrity", ""},
	{record.Internal, http.StatusInternalServerError, "exception", "internal",
		"something went wrong on this server; whoever runs it can find out what by the request id"},
}

// Of returns the row of an error's kind; the row of Internal for everything that
// has none.
func Of(err error) Row {
	kind := record.KindOf(err)
	for _, row := range Table {
		if row.Kind == kind {
			return row
		}
	}
	return Table[len(Table)-1]
}

// KindOfCode is the kind with that code at the holder's door, for clients.
func KindOfCode(code string) (record.Kind, bool) {
	for _, row := range Table {
		if row.Code == code {
			return row.Kind, true
		}
	}
	return "", false
}

// KindOfIssue returns the kind that is answered with a status and, in an
// OperationOutcome, with this code: several kinds may share the one or the other.
func KindOfIssue(status int, issue string) record.Kind {
	for _, row := range Table {
		if row.Status == status && row.Issue == issue {
			return row.Kind
		}
	}
	return KindOfStatus(status)
}

// KindOfStatus is the kind whose status that is, the first of those in the table, for
// clients that got no body.
func KindOfStatus(status int) record.Kind {
	for _, row := range Table {
		if row.Status == status && row.Kind != record.Integrity && row.Kind != NoType && row.Kind != NoLink {
			return row.Kind
		}
	}
	return record.Internal
}
