package fhir

// Ref names a resource: its type and id.
type Ref struct{ Type, ID string }

func (r Ref) String() string { return r.Type + "/" + r.ID }

// ParseRef reads "Type/id".
func ParseRef(s string) (Ref, error) { return Ref{}, nil }

// ValidID reports whether s is a FHIR id: [A-Za-z0-9\-\.]{1,64}.
func ValidID(s string) bool { return false }

// KnownType reports whether s is one of the 146 resource types of R4.
func KnownType(s string) bool { return false }

// Form is how a reference is written.
type Form uint8

const (
	Unknown     Form = iota // none of the below: a relative URL of another shape, a fragment of a URL …
	Relative                // Type/id, Type/id/_history/v
	Absolute                // http://server/fhir/Type/id, with or without version; any other absolute URL has no Ref
	URN                     // urn:uuid:…, urn:oid:…
	Contained               // #id, and # for the container itself
	Conditional             // Type?name=value
)

// Target is a reference taken apart.
type Target struct {
	Form    Form
	Ref     Ref    // for Relative and, when the path ends in Type/id, Absolute; Conditional has only the type
	Version string // of Type/id/_history/v
	Base    string // of Absolute: what comes before Type/id, with its slash
	Query   string // of Conditional: after the question mark
	URN     string // of URN: the whole value
	ID      string // of Contained: after the #
}

// ParseReference says what kind of reference s is.
func ParseReference(s string) Target { return Target{} }
