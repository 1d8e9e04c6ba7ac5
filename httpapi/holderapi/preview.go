package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// Preview counts what a grant would show, before it is made.
func (a *API) Preview(w http.ResponseWriter, r *http.Request, v *store.View) error {
	var q message.PreviewRequest
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	g := grant.Grant{From: a.store.Now()}
	for _, name := range q.Sections {
		s, err := record.ParseSection(name)
		if err != nil {
			return err
		}
		g.Sections = g.Sections.With(s)
	}
	g.Sections = grant.With(g.Sections)
	var err error
	if g.Scopes, err = grant.ParseScopes(q.Scopes); err != nil {
		return err
	}
	for _, s := range g.Scopes {
		if s.Type != "*" && !fhir.KnownType(s.Type) {
			return record.Errorf(record.Invalid, "the scope %q cannot be granted: FHIR R4 has no such resource type", s)
		}
	}
	p, err := v.Preview(r.Context(), g)
	if err != nil {
		return err
	}
	m := message.Preview{Total: p.Total, Sections: make([]message.PreviewSection, len(p.Sections))}
	for i, s := range p.Sections {
		m.Sections[i] = message.PreviewSection{Section: s.Section.String(), Granted: s.Granted, Total: s.Total,
			Types: s.Types, Examples: refs(s.Examples)}
	}
	return answer(w, m)
}
