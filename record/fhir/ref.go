package fhir

import (
	"strings"

	"carehold/record"
)

// Ref names a resource: its type and id.
type Ref struct{ Type, ID string }

func (r Ref) String() string { return r.Type + "/" + r.ID }

// ParseRef reads "Type/id".
func ParseRef(s string) (Ref, error) {
	typ, id, ok := strings.Cut(s, "/")
	if !ok || !KnownType(typ) || !ValidID(id) {
		return Ref{}, record.Errorf(record.Invalid, "%q is not a resource type, a slash and an id", shorten(s))
	}
	return Ref{typ, id}, nil
}

// ValidID reports whether s is a FHIR id: [A-Za-z0-9\-\.]{1,64} (FHIR R4
// §2.24.0.1).
func ValidID(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// KnownType reports whether s is one of the 146 resource types of R4.
func KnownType(s string) bool { return resourceTypes[s] }

// Form is how a reference is written.
type Form uint8

const (
	Unknown     Form = iota // none of the below
	Relative                // Type/id or Type/id/_history/v
	Absolute                // any other URL or URI; with a Ref when it ends in Type/id or Type/id/_history/v
	URN                     // urn:uuid: or urn:oid:
	Contained               // #id; # alone is the container
	Conditional             // Type?name=value
)

// Target is a reference taken apart.
type Target struct {
	Form    Form
	Ref     Ref    // of Relative and of some Absolute; of Conditional only the type
	Version string // v
	Base    string // of Absolute with a Ref: what comes before Type/id, with its slash
	Query   string // of Conditional: what comes after the question mark
	ID      string // of Contained: what comes after the #
}

// ParseReference says what kind of reference s is (FHIR R4 §2.3.0.1).
func ParseReference(s string) Target {
	switch {
	case strings.HasPrefix(s, "#"):
		return Target{Form: Contained, ID: s[1:]}
	case strings.HasPrefix(s, "urn:uuid:"), strings.HasPrefix(s, "urn:oid:"):
		return Target{Form: URN}
	}
	if typ, query, ok := strings.Cut(s, "?"); ok && KnownType(typ) {
		return Target{Form: Conditional, Ref: Ref{Type: typ}, Query: query}
	}
	base, ref, version, ok := restful(s)
	switch {
	case ok && base == "":
		return Target{Form: Relative, Ref: ref, Version: version}
	case !hasScheme(s):
		return Target{}
	case ok && strings.Contains(base, "://"):
		return Target{Form: Absolute, Ref: ref, Version: version, Base: base}
	}
	return Target{Form: Absolute}
}

// restful takes a URL apart that ends in Type/id or Type/id/_history/v.
func restful(s string) (base string, ref Ref, version string, ok bool) {
	rest := s
	if at := strings.LastIndex(rest, "/_history/"); at >= 0 {
		if version, rest = rest[at+len("/_history/"):], rest[:at]; !ValidID(version) {
			return
		}
	}
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 {
		return
	}
	ref.ID, rest = rest[slash+1:], rest[:slash]
	from := strings.LastIndexByte(rest, '/') + 1
	base, ref.Type = rest[:from], rest[from:]
	return base, ref, version, KnownType(ref.Type) && ValidID(ref.ID)
}

// hasScheme reports whether s begins as an absolute URI does (RFC 3986 §3.1).
func hasScheme(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || scheme == "" {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i] | 0x20
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(scheme[i]))) {
			return false
		}
	}
	return true
}
