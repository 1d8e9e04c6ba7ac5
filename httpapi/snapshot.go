package httpapi

import (
	"net/http"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/store"
)

// maxSummaryTo is how long the name is of who a summary is for: a grant's, and no more.
const maxSummaryTo = 200

// snapshot makes a summary of a part of the person's record, as it is now, for their
// device to seal: a browser has no tables of FHIR to make one with.
func (s *Server) snapshot(w http.ResponseWriter, r *http.Request, v *store.View) error {
	var q message.SummaryRequest
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	var sections record.SectionSet
	for _, name := range q.Sections {
		x, err := record.ParseSection(name)
		if err != nil {
			return err
		}
		if x.Sensitive() {
			return record.Safef(record.Unprocessed, "sensitive sections are in no summary that is handed on: leave them out")
		}
		sections = sections.With(x)
	}
	if len(q.To) > maxSummaryTo || !grant.Printable(q.To) {
		return record.Safef(record.Invalid, "who a summary is for is a name on one line, of at most %d bytes", maxSummaryTo)
	}
	var until time.Time
	if q.Until != nil {
		until = q.Until.UTC()
	}
	doc, err := s.fhir.SummarizeFor(r.Context(), v, q.To, until, sections)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	if _, err := w.Write(doc); err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}
