package change

import (
	"encoding/base64"
	"strings"

	"carehold/record"
)

// PatchType is the media type of a JSON Patch. RFC 6902 §6.
const PatchType = "application/json-patch+json"

// ErrFHIRPathPatch refuses the other kind of patch that R4 has. FHIR R4 §3.1.0.6.
var ErrFHIRPathPatch = record.Safef(record.Unsupported, "FHIRPath Patch, a patch in a Parameters resource, is not supported: send a JSON Patch, "+PatchType)

// patch reads an entry that patches. R4 itself has only FHIRPath Patch inside a
// bundle; a JSON Patch travels there in a Binary, base64, as R5 writes down what
// R4's servers and clients have done since (FHIR-33945).
func patch(c Change, e *Entry) (Change, error) {
	if err := c.target(); err != nil {
		return c, err
	}
	c.Verb = Patch
	path := entryPath(e.Index)
	switch {
	case e.Resource == nil:
		return c, record.Safef(record.Invalid, "a PATCH has a Binary with the patch").At(path)
	case e.Resource.Type() == "Parameters":
		return c, ErrFHIRPathPatch.At(path + ".resource")
	case e.Resource.Type() != "Binary":
		return c, record.Safef(record.Invalid, "a patch inside a Bundle is a Binary of contentType "+PatchType).At(path + ".resource.resourceType")
	}
	contentType, _ := e.Resource.Value("contentType")
	if typ, _, _ := strings.Cut(text(contentType), ";"); !strings.EqualFold(strings.TrimSpace(typ), PatchType) {
		return c, record.Safef(record.Unsupported, "a patch inside a Bundle is a Binary of contentType "+PatchType).At(path + ".resource.contentType")
	}
	data, _ := e.Resource.Value("data")
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text(data)), "")) // FHIR's base64Binary may be written in lines
	if err != nil || data == nil {
		return c, record.Safef(record.Invalid, "the patch in base64").At(path + ".resource.data")
	}
	p, err := ParseJSONPatch(raw)
	if err != nil {
		return c, inPatch(e.Index, err)
	}
	c.Patch = p
	return c, nil
}

// inPatch puts an error inside a patch at the entry that holds it.
func inPatch(i int, err error) error { return inside(entryPath(i)+".resource.data", err) }

// inside puts an error at path, and where it happened inside what is there into
// the text.
func inside(path string, err error) error {
	e, ok := err.(*record.Error)
	if !ok {
		return err
	}
	if e.Path == "" {
		return e.At(path)
	}
	c := *e
	c.Path = ""
	c.Shown = e.Path + ": " + c.Error()
	return c.At(path)
}
