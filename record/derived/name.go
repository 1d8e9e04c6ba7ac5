package derived

import (
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// The types that are derived.
const (
	TypeProvenance = "Provenance"
	TypeConsent    = "Consent"
	TypeAuditEvent = "AuditEvent"
)

// Types are the types of what is derived, in alphabetical order.
func Types() []string { return []string{TypeAuditEvent, TypeConsent, TypeProvenance} }

// Name is what the name of a derived resource says: of which version, grant or leaf
// it is.
type Name struct {
	Type    string
	Entry   record.EntryID // of a Provenance
	Version record.Version // of a Provenance
	Grant   record.GrantID // of a Consent
	Index   uint64         // of an AuditEvent
	Hidden  bool           // Index is not the place, which would tell how much others do, but a name for it
}

var entryEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Ref is the name as FHIR has it.
func (n Name) Ref() fhir.Ref {
	ref := fhir.Ref{Type: n.Type}
	switch n.Type {
	case TypeProvenance:
		ref.ID = "pv-" + entryEncoding.EncodeToString(n.Entry[:]) + "-" + n.Version.String()
	case TypeConsent:
		ref.ID = "grant-" + n.Grant.String()
	case TypeAuditEvent:
		ref.ID = "log-" + strconv.FormatUint(n.Index, 10)
		if n.Hidden {
			ref.ID = fmt.Sprintf("log-x%016x", n.Index)
		}
	}
	return ref
}

// Parse reads the name of a derived resource, whether there is one or not. Such names
// are for nothing else: a resource of somebody's own cannot be written under one.
func Parse(ref fhir.Ref) (n Name, ok bool) {
	n.Type = ref.Type
	switch ref.Type {
	case TypeProvenance:
		text, found := strings.CutPrefix(ref.ID, "pv-")
		entry, version, found2 := strings.Cut(text, "-")
		b, err := entryEncoding.DecodeString(entry)
		if !found || !found2 || err != nil || len(b) != len(n.Entry) {
			return Name{}, false
		}
		copy(n.Entry[:], b)
		v, err := strconv.ParseUint(version, 10, 64)
		if n.Version = record.Version(v); err != nil || v == 0 {
			return Name{}, false
		}
	case TypeConsent:
		text, found := strings.CutPrefix(ref.ID, "grant-")
		g, err := record.ParseGrantID(text)
		if n.Grant = g; !found || err != nil {
			return Name{}, false
		}
	case TypeAuditEvent:
		text, found := strings.CutPrefix(ref.ID, "log-")
		base := 10
		if text, n.Hidden = strings.CutPrefix(text, "x"); n.Hidden {
			base = 16
		}
		i, err := strconv.ParseUint(text, base, 64)
		if n.Index = i; !found || err != nil {
			return Name{}, false
		}
	default:
		return Name{}, false
	}
	return n, n.Ref() == ref // one spelling for each
}
