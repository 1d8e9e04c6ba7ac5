package httpapi

import "strings"

// Door is a way in. Each has its own kind of client, and its own way of putting
// an error.
type Door uint8

const (
	DoorWeb    Door = iota // pages for everybody: errors are pages
	DoorApp                // /app: the person's own pages, by their session's cookie and nothing else
	DoorFHIR               // /fhir: errors are OperationOutcomes
	DoorHolder             // /holder/v1: errors are {"error": {…}}
	DoorHealth             // /livez, /readyz: errors are text
	DoorLink               // /shl: SMART Health Links, for any viewer: errors are {"error": {…}}
	DoorOAuth              // /oauth, for programs: errors are {"error": "…"} (RFC 6749 §5.2)
)

func (d Door) String() string {
	return [...]string{"web", "app", "fhir", "holder", "health", "link", "oauth"}[d]
}

// doorOf is the door whose errors a path gets, also when no route is there.
func doorOf(path string) Door {
	switch {
	case under(path, "/fhir/.well-known"), under(path, "/.well-known"):
		return DoorOAuth
	case path == "/oauth/authorize", under(path, "/oauth/wait"), path == "/oauth/wait.js", path == "/oauth/cancel":
		return DoorWeb // a person is there
	case under(path, "/oauth"):
		return DoorOAuth
	case under(path, "/app"):
		return DoorApp
	case under(path, "/fhir"):
		return DoorFHIR
	case under(path, "/holder"):
		return DoorHolder
	case under(path, "/shl"):
		return DoorLink
	case path == "/livez" || path == "/readyz":
		return DoorHealth
	}
	return DoorWeb
}

func under(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '/')
}
