package derived

import (
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
)

// About is whose record it is, and where.
type About struct {
	Patient string         // the id of the record's own Patient
	Store   record.StoreID // the server's store
	Base    string         // the server's FHIR base, "" when it is not known
}

func (a About) patient() reference { return reference{Reference: "Patient/" + a.Patient} }

// person is the person as one who does something.
func (a About) person() reference {
	return reference{Reference: "Patient/" + a.Patient, Display: "the person themself"}
}

// server is the Carehold server that keeps the record, and its log.
func (a About) server() reference {
	return reference{Type: "Device", Identifier: &identifier{System: "urn:carehold:store", Value: a.Store.String()}, Display: "Carehold"}
}

// party is the one a grant is for, by the grant and in the person's words.
func (a About) party(g grant.Grant) reference {
	if g.Self {
		return a.person()
	}
	return reference{Identifier: &identifier{System: "urn:carehold:grant", Value: g.ID.String()}, Display: words(g.To.Name)}
}

func organisation(g grant.Grant) []extension {
	if text := words(g.To.Organisation); text != "" && !g.Self {
		return []extension{{URL: "urn:carehold:organisation", ValueString: text}}
	}
	return nil
}

// purpose is a grant's, HL7 v3-ActReason.
func purpose(g grant.Grant) []concept {
	if g.Purpose == "" {
		return nil
	}
	return []concept{of(coding{System: "http://terminology.hl7.org/CodeSystem/v3-ActReason", Code: g.Purpose})}
}

// resource is a reference to what the log names: Type/id, Type/id/_history/n, or what
// somebody asked for that can name nothing, in words.
func resource(text string) reference {
	parts := strings.Split(text, "/")
	typed := len(parts) == 2 || len(parts) == 4 && parts[2] == "_history" && number(parts[3])
	if typed && fhir.KnownType(parts[0]) && fhir.ValidID(parts[1]) {
		return reference{Reference: text}
	}
	if text = words(text); text == "" {
		return reference{Extension: absent("unknown")}
	}
	return reference{Display: text}
}

// typeOf is the type of what the log names; "" when it has none.
func typeOf(text string) string {
	if typ, _, found := strings.Cut(text, "/"); found && fhir.KnownType(typ) {
		return typ
	}
	return ""
}

func number(text string) bool {
	return text != "" && text[0] != '0' && strings.Trim(text, "0123456789") == ""
}
