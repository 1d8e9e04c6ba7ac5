package httpapi

import (
	"mime"
	"net/http"
	"slices"

	"carehold/httpapi/fhirapi"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/store"
)

// documents are the rows for what is large: a Binary, whose content goes through as it
// is, and the uploads that a change claims. Every other row of /fhir/{type} holds for a
// Binary too, and stands here again, for a path is one row's or another's.
func (s *Server) documents() []Route {
	f := s.fhir
	b := fhirapi.OnBinary
	const most = store.MaxDocument
	return []Route{
		// tus 1.0.0.
		{Method: "OPTIONS", Path: "/fhir/Binary/{uploads}", Door: DoorFHIR, Kinds: anyone, Rate: RateOrdinary, Open: f.UploadOptions},
		{Method: "POST", Path: "/fhir/Binary/{uploads}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Raw: most, Stream: true, View: f.UploadBegin},
		{Method: "HEAD", Path: "/fhir/Binary/{uploads}/{upload}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.UploadStatus},
		{Method: "PATCH", Path: "/fhir/Binary/{uploads}/{upload}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Raw: most, Stream: true, View: f.UploadSend},
		{Method: "POST", Path: "/fhir/Binary/{uploads}/{upload}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Raw: most, Stream: true, View: f.UploadOverride},
		{Method: "DELETE", Path: "/fhir/Binary/{uploads}/{upload}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.UploadCancel},

		// FHIR R4, Binary.
		{Method: "GET", Path: "/fhir/Binary", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: b(f.Search)},
		{Method: "POST", Path: "/fhir/Binary", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, Raw: most, Stream: true, View: b(f.CreateBinary)},
		{Method: "PUT", Path: "/fhir/Binary", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: b(f.UpdateWhere)},
		{Method: "PATCH", Path: "/fhir/Binary", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: patches, View: b(f.Patch)},
		{Method: "DELETE", Path: "/fhir/Binary", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: b(f.DeleteWhere)},
		{Method: "GET", Path: "/fhir/Binary/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Stream: true, View: b(f.ReadBinary)},
		{Method: "PUT", Path: "/fhir/Binary/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, Raw: most, Stream: true, View: b(f.UpdateBinary)},
		{Method: "PATCH", Path: "/fhir/Binary/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: patches, View: b(f.Patch)},
		{Method: "DELETE", Path: "/fhir/Binary/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: b(f.Delete)},
		{Method: "GET", Path: "/fhir/Binary/{id}/_history/{version}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Stream: true, View: b(f.VReadBinary)},
	}
}

// raw reports whether the body of a request is a content, and not what the row reads
// by itself.
func (r *Route) raw(q *http.Request) bool {
	if r.Raw == 0 {
		return false
	}
	if h := q.Header["Content-Type"]; len(h) == 1 {
		typ, _, err := mime.ParseMediaType(h[0])
		return err != nil || !slices.Contains(r.Types, typ)
	}
	return true
}

// rawBody limits the size of a content. What media type it is, the handler asks.
func rawBody(e *event, r *http.Request, route *Route) error {
	switch {
	case r.Header.Get("Content-Encoding") != "":
		return record.Safef(problem.MediaType, "send this without a Content-Encoding")
	case len(r.Header["Content-Type"]) > 1:
		return record.Safef(problem.MediaType, "send this with one Content-Type")
	case r.ContentLength > route.Raw:
		return tooLarge(route.Raw)
	}
	r.Body = &limited{http.MaxBytesReader(e, r.Body, route.Raw), route.Raw}
	return nil
}
