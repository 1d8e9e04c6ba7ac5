package derived

import (
	"time"

	"carehold/record/grant"
)

// Decision is a grant and what became of it.
type Decision struct {
	Grant       grant.Grant
	Certificate []byte    // signed by the person; nil where it is not at hand
	Live        bool      // it opens something now, or will when its time comes
	Ended       time.Time // zero when it is not known, and while it is live
	Why         string    // it ended: "revoked", "ran out"; "" when it is not known
}

// Policy is what a Consent is to: what Carehold does with a grant.
// docs/conformance.md has it in words.
const Policy = "urn:carehold:policy:grant:1"

const profileConsent = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentBasic"

type consent struct {
	ResourceType     string      `json:"resourceType"`
	ID               string      `json:"id"`
	Meta             meta        `json:"meta"`
	Extension        []extension `json:"extension,omitempty"`
	Status           string      `json:"status"`
	Scope            concept     `json:"scope"`
	Category         []concept   `json:"category"`
	Patient          reference   `json:"patient"`
	DateTime         string      `json:"dateTime"`
	Performer        []reference `json:"performer"`
	Organization     []reference `json:"organization"`
	SourceAttachment attachment  `json:"sourceAttachment"`
	Policy           []policy    `json:"policy"`
	Provision        provision   `json:"provision"`
}

type policy struct {
	URI string `json:"uri"`
}

type provision struct {
	Extension         []extension    `json:"extension,omitempty"`
	ModifierExtension []extension    `json:"modifierExtension"`
	Type              string         `json:"type"`
	Period            period         `json:"period"`
	Actor             []consentActor `json:"actor"`
	Purpose           []coding       `json:"purpose,omitempty"`
}

type consentActor struct {
	Extension []extension `json:"extension,omitempty"`
	Role      concept     `json:"role"`
	Reference reference   `json:"reference"`
}

// Consent tells what the person decided, in the shape of IHE PCF's Basic Consent. It is
// version 1 while it is live, and 2 when it has ended.
func Consent(a About, d Decision) []byte {
	g := d.Grant
	changed, status := g.From, "inactive"
	if d.Live {
		status = "active"
	} else if !d.Ended.IsZero() {
		changed = d.Ended
	}
	c := consent{
		ResourceType: TypeConsent,
		ID:           Name{Type: TypeConsent, Grant: g.ID}.Ref().ID,
		Meta:         metaOf(changed, profileConsent),
		Status:       status,
		Scope:        of(coding{"http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", "Privacy Consent"}),
		Category:     []concept{of(coding{"http://loinc.org", "59284-0", "Consent Document"})},
		Patient:      a.patient(),
		DateTime:     instant(g.From),
		Performer:    []reference{a.person()},
		Organization: []reference{{Identifier: &identifier{System: "urn:carehold:store", Value: a.Store.String()}, Display: "Carehold, the server that keeps the record"}},
		Policy:       []policy{{Policy}},
		Provision:    permit(a, g),
	}
	c.SourceAttachment = attachment{"application/octet-stream", d.Certificate, "The grant, signed by the person"}
	if d.Certificate == nil {
		c.SourceAttachment = attachment{"application/octet-stream", g.Marshal(), "The grant, as the person's keyring has it"}
	}
	if !d.Live {
		c.Meta.VersionID = "2"
		if !d.Ended.IsZero() {
			c.Extension = append(c.Extension, extension{URL: "urn:carehold:ended", ValueInstant: instant(d.Ended)})
		}
		if why := words(d.Why); why != "" {
			c.Extension = append(c.Extension, extension{URL: "urn:carehold:end-reason", ValueString: why})
		}
	}
	return encode(c)
}

// permit is what the grant lets somebody do. What is not in it is denied, and to whom
// it is denied does not exist.
func permit(a About, g grant.Grant) provision {
	p := provision{
		Type:   "permit",
		Period: period{Start: instant(g.From)},
		Actor: []consentActor{{Extension: organisation(g), Reference: a.party(g),
			Role: concept{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient"}}, Text: words(g.To.Role)}}},
	}
	if !g.Until.IsZero() {
		p.Period.End = instant(g.Until)
	}
	for _, s := range g.Sections.List() {
		p.ModifierExtension = append(p.ModifierExtension, extension{URL: "urn:carehold:section", ValueCode: s.String()})
	}
	for _, s := range g.Scopes {
		p.ModifierExtension = append(p.ModifierExtension, extension{URL: "urn:carehold:scope", ValueString: s.String()})
	}
	if g.Daily > 0 {
		p.Extension = []extension{{URL: "urn:carehold:daily", ValueCount: count(uint64(g.Daily))}}
	}
	for _, c := range purpose(g) {
		p.Purpose = c.Coding
	}
	return p
}

// Why a grant ended, by the numbers that the keyring has for it.
const (
	Revoked = 1
	RanOut  = 2
	Struck  = 3
	Evicted = 4
	Lost    = 5
	Left    = 6
)

// EndReason is that in words; "" for a reason that is not known.
func EndReason(why uint8) string {
	switch why {
	case Revoked:
		return "the person ended it"
	case RanOut:
		return "its time was over"
	case Struck:
		return "it was stopped at the server"
	case Evicted:
		return "all keys were made new"
	case Lost:
		return "the server no longer had it"
	case Left:
		return "the record was restored or moved"
	}
	return ""
}
