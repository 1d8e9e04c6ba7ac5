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
	Type       concept    `json:"type"`
	Role       []concept  `json:"role,omitempty"`
	Who        reference  `json:"who"`
	OnBehalfOf *reference `json:"onBehalfOf,omitempty"`
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
		Agent:        []provenanceAgent{a.agent(v)},
	}
	if h.Taken { // the person took it in: it is in their record by them
		p.Agent = append(p.Agent, provenanceAgent{Type: of(part("enterer", "Enterer")), Who: a.person()})
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
			what.Identifier = &identifier{System: "urn:carehold:import", Value: h.Origin.Import.String()}
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
	if !h.Origin.IsZero() {
		return part("enterer", "Enterer")
	}
	return part("author", "Author")
}

func part(code, display string) coding {
	return coding{System: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", Code: code, Display: display}
}

// agent is who wrote the version: the person, or as the grant named them: by name, the
// organisation that they act for, their role, and the number they are registered under.
// Nothing of it is proved; it is what the person signed. A number is that of its register
// and no other, which has no URL that everybody knows: its assigner says in words whose it
// is. Without one, the grant is what names them, to whom it may be told; else it stands
// in an extension.
func (a About) agent(v Version) provenanceAgent {
	w := v.Header.Author
	x := provenanceAgent{Type: of(participant(v.Header))}
	if w.Self {
		x.Who = a.person()
		return x
	}
	if role := words(w.Role); role != "" {
		x.Role = []concept{{Text: role}}
	}
	if org := words(w.Organisation); org != "" {
		x.OnBehalfOf = &reference{Display: org}
	}
	x.Who = reference{Display: words(w.Name)}
	tell := v.Person || w.Grant == v.Own
	number, register := words(w.Number), words(w.Register)
	switch {
	case number != "":
		x.Who.Identifier = &identifier{Value: number}
		if register != "" {
			x.Who.Identifier.Assigner = &reference{Display: register}
		}
		if tell {
			x.Who.Extension = []extension{{URL: "urn:carehold:grant", ValueString: w.Grant.String()}}
		}
	case tell:
		x.Who.Identifier = &identifier{System: "urn:carehold:grant", Value: w.Grant.String()}
	}
	if x.Who.Display == "" && x.Who.Identifier == nil {
		x.Who.Extension = absent("unknown")
	}
	return x
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
