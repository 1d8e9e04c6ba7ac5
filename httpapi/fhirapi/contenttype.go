package fhirapi

import (
	"mime"
	"strings"

	"carehold/record/fhir"
)

// unnamed is what a content is served as when its own type is none, or is one that a
// browser runs.
const unnamed = "application/octet-stream"

// inert are the types that a browser shows or saves, and never runs: each is served
// as what it is, and its name ends as is usual. Anything that is not here or in
// harmless is served as octets: HTML, SVG and XML in all their kinds, scripts and
// styles, what holds other files (multipart, message), and what nobody knows.
var inert = map[string]string{
	"application/pdf": ".pdf", "application/dicom": ".dcm", "application/rtf": ".rtf", "text/rtf": ".rtf",
	"application/json": ".json", "application/fhir+json": ".json", "application/ndjson": ".ndjson", "application/fhir+ndjson": ".ndjson",
	"application/jose": ".jws", "application/smart-health-card": ".smart-health-card",
	"application/zip": ".zip", "application/gzip": ".gz", unnamed: ".bin",
	"application/msword": ".doc", "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.ms-excel": ".xls", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
	"application/vnd.oasis.opendocument.text": ".odt", "application/vnd.oasis.opendocument.spreadsheet": ".ods",
	"text/plain": ".txt", "text/csv": ".csv", "text/markdown": ".md", "text/calendar": ".ics", "text/vcard": ".vcf",
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/tiff": ".tiff", "image/heic": ".heic", "image/heif": ".heif",
	"image/webp": ".webp", "image/bmp": ".bmp", "image/avif": ".avif", "image/jp2": ".jp2",
}

// harmless are kinds of which all types are inert, but for what is written in XML.
var harmless = []string{"audio/", "video/"}

// servedType is the Content-Type of a content.
func servedType(declared string) string {
	if len(declared) > 200 {
		return unnamed
	}
	typ, params, err := mime.ParseMediaType(declared)
	if err != nil {
		return unnamed
	}
	_, known := inert[typ]
	for _, kind := range harmless {
		known = known || strings.HasPrefix(typ, kind) && !strings.HasSuffix(typ, "xml")
	}
	if !known {
		return unnamed
	}
	if charset := params["charset"]; strings.HasPrefix(typ, "text/") && headerText(charset) {
		if with := mime.FormatMediaType(typ, map[string]string{"charset": charset}); with != "" {
			return with
		}
	}
	return typ
}

// fileName is what a content is saved as. What the document is called is in the
// DocumentReference, and goes into no header.
func fileName(ref fhir.Ref, served string) string {
	typ, _, _ := strings.Cut(served, ";")
	end := inert[typ]
	if end == "" {
		end = inert[unnamed]
	}
	return ref.Type + "-" + ref.ID + end
}
