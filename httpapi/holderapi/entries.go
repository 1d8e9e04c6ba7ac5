package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Entries lists every entry, deleted ones too, without content.
func (a *API) Entries(w http.ResponseWriter, r *http.Request, v *store.View) error {
	list, err := v.List(r.Context())
	if err != nil {
		return err
	}
	m := message.Entries{Entries: make([]message.EntryInfo, len(list))}
	for i, e := range list {
		m.Entries[i] = entryInfo(e)
	}
	return answer(w, m)
}

// Why tells where an entry is filed and by which rule.
func (a *API) Why(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	e, err := v.Why(r.Context(), ref)
	if err != nil {
		return err
	}
	return answer(w, entryInfo(e))
}

// Move files an entry in another section.
func (a *API) Move(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	var q message.Move
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	to, err := record.ParseSection(q.Section)
	if err != nil {
		return err
	}
	var results []store.Result
	if id := record.ImportID(q.Import); id == (record.ImportID{}) {
		results, err = v.Move(r.Context(), []fhir.Ref{ref}, to)
	} else {
		results, err = v.MoveImported(r.Context(), []fhir.Ref{ref}, to, id)
	}
	if err != nil {
		return err
	}
	if len(results) != 1 {
		return record.Safef(record.Internal, "one move had %d results", len(results))
	}
	return answer(w, message.Moved{Type: ref.Type, ID: ref.ID, Section: results[0].Section.String(), Unchanged: results[0].Unchanged, Stay: results[0].Stay})
}

func entryInfo(e store.Info) message.EntryInfo {
	m := message.EntryInfo{
		Type: e.Ref.Type, ID: e.Ref.ID, Version: uint64(e.Version), Section: e.Section.String(),
		Time: e.Header.Time, Deleted: e.Header.Deleted, Size: e.Size,
		Grant: message.ID(e.Header.Author.Grant), Self: e.Header.Author.Self, By: e.Header.Author.Name,
		Import: message.ID(e.Header.Origin.Import), Source: e.Header.Origin.Source,
		Why: e.Header.Why, Moved: e.Header.Moved, Reason: e.Reason, MoreFiles: e.MoreFiles,
	}
	if e.Suggested.Valid() {
		m.Suggested = e.Suggested.String()
	}
	m.First, m.Before = older(e.First, 1), older(e.Before, e.BeforeAt)
	for _, f := range e.Files {
		m.Files = append(m.Files, message.File{ID: f.Ref.ID, Section: f.Section.String()})
	}
	return m
}

func older(h *entry.Header, at record.Version) *message.OlderVersion {
	if h == nil {
		return nil
	}
	return &message.OlderVersion{Version: uint64(at), Time: h.Time, Self: h.Author.Self, By: h.Author.Name, Organisation: h.Author.Organisation,
		Role: h.Author.Role, Source: h.Origin.Source, Taken: h.Taken}
}
