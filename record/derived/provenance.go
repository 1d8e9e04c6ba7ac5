package derived

import (
	"strconv"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
)

// Version is one version of an entry, for who may read it.
type Version struct {
	Entry   record.EntryID
	Ref     fhir.Ref
	Version record.Version
	Header  entry.Header
	Section record.Section

	// Own is the grant of the one who asks: of no other is the id told. The person sees
	// all of it, and where the entry is filed and why, which may follow from what a
	// grantee does not see.
	Own    record.GrantID
	Person bool
}

type provenance struct {
	ResourceType string             `json:"resourceType"`
	ID           string             `json:"id"`
	Meta         meta               `json:"meta"`
	Extension    []extension        `json:"extension,omitempty"`
	Target       []reference        `json:"target"`
	Recorded     string             `json:"recorded"`
	Activity     concept            `json:"activity"`
	Agent        []provenanceAgent  `json:"agent"`
	Entity       []provenanceEntity `json:"entity,omitempty"`
}

type provenanceAgent struct {
	Type concept   `json:"type"`
	Who  reference `json:"who"`
}

type provenanceEntity struct {
	Role string    `json:"role"`
	What reference `json:"what"`
}

// Provenance tells who wrote a version, when, from which version, and from where it
// was imported.
func Provenance(a About, v Version) []byte {
	h := v.Header
	name := v.Ref.String() + "/_history/"
	p := provenance{
		ResourceType: TypeProvenance,
		ID:           Name{Type: TypeProvenance, Entry: v.Entry, Version: v.Version}.Ref().ID,
		Meta:         metaOf(h.Time),
		Target:       []reference{{Reference: name + v.Version.String()}},
		Recorded:     instant(h.Time),
		Activity:     of(operation(v)),
		Agent:        []provenanceAgent{{of(participant(h)), a.author(v)}},
	}
	if v.Person {
		p.Extension = filing(v)
	}
	if v.Version > 1 {
		p.Entity = append(p.Entity, provenanceEntity{"revision", reference{Reference: name + strconv.FormatUint(uint64(v.Version-1), 10)}})
	}
	if !h.Origin.IsZero() {
		what := reference{Display: words(h.Origin.Source)}
		if v.Person {
			what.Identifier = &identifier{"urn:carehold:import", h.Origin.Import.String()}
		}
		if what.Display == "" && what.Identifier == nil {
			what.Extension = absent("unknown")
		}
		p.Entity = append(p.Entity, provenanceEntity{"source", what})
	}
	return encode(p)
}

// operation is what was done to the entry, HL7 v3-DataOperation.
func operation(v Version) coding {
	c := coding{System: "http://terminology.hl7.org/CodeSystem/v3-DataOperation", Code: "UPDATE", Display: "revise"}
	switch {
	case v.Header.Deleted:
		c.Code, c.Display = "DELETE", "delete"
	case v.Version == 1:
		c.Code, c.Display = "CREATE", "create"
	}
	return c
}

// participant is what part the author had. Who imports enters what others wrote.
func participant(h entry.Header) coding {
	c := coding{System: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", Code: "author", Display: "Author"}
	if !h.Origin.IsZero() {
		c.Code, c.Display = "enterer", "Enterer"
	}
	return c
}

// author is who wrote the version: the person, or by the name that the grant had.
func (a About) author(v Version) reference {
	w := v.Header.Author
	if w.Self {
		return a.person()
	}
	r := reference{Display: words(w.Name)}
	if v.Person || w.Grant == v.Own {
		r.Identifier = &identifier{"urn:carehold:grant", w.Grant.String()}
	}
	if r.Display == "" && r.Identifier == nil {
		r.Extension = absent("unknown")
	}
	return r
}

func filing(v Version) []extension {
	out := []extension{{URL: "urn:carehold:section", ValueCode: v.Section.String()}}
	if why := words(v.Header.Why); why != "" {
		out = append(out, extension{URL: "urn:carehold:filing-rule", ValueString: why})
	}
	if v.Header.Moved {
		yes := true
		out = append(out, extension{URL: "urn:carehold:filed-by-hand", ValueBoolean: &yes})
	}
	return out
}
