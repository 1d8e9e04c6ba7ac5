package export

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// Version is one version of an entry, as a line has it.
type Version struct {
	Ref      fhir.Ref
	Version  uint64
	Deleted  bool
	Resource *fhir.Resource // nil when deleted
}

// ParseNewest reads a line of <Type>.ndjson.
func ParseNewest(line []byte, typ string) (v Version, err error) {
	r, err := fhir.Parse(line, fhir.Limits{})
	if err != nil {
		return v, err
	}
	v.Ref, v.Resource = fhir.Ref{Type: r.Type(), ID: r.ID()}, r
	v.Version, err = strconv.ParseUint(r.VersionID(), 10, 32)
	if err != nil || v.Version == 0 || r.Type() != typ || r.ID() == "" {
		return v, record.Safef(record.Integrity, "this is not an entry of that type with an id and a version")
	}
	return v, nil
}

// ParseOlder reads a line of history/<Type>.ndjson.
func ParseOlder(line []byte, typ string) (v Version, err error) {
	var e struct {
		Resource json.RawMessage `json:"resource"`
		Request  struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
		Response struct {
			ETag string `json:"etag"`
		} `json:"response"`
	}
	bad := record.Safef(record.Integrity, "this is not an entry of a history")
	if err := json.Unmarshal(line, &e); err != nil {
		return v, bad
	}
	v.Version, err = strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(e.Response.ETag, `W/"`), `"`), 10, 32)
	if err != nil || v.Version == 0 {
		return v, bad
	}
	if e.Request.Method == "DELETE" {
		v.Deleted = true
		if v.Ref, err = fhir.ParseRef(e.Request.URL); err != nil || v.Ref.Type != typ || len(e.Resource) > 0 {
			return v, bad
		}
		return v, nil
	}
	if v.Resource, err = fhir.Parse(e.Resource, fhir.Limits{}); err != nil {
		return v, err
	}
	v.Ref = fhir.Ref{Type: v.Resource.Type(), ID: v.Resource.ID()}
	if v.Ref.Type != typ || v.Ref.ID == "" {
		return v, bad
	}
	return v, nil
}

// Types are the types of which there are entries, in the order of the manifest: folder
// is "" for the newest versions, "history/" for the older ones, "derived/".
func (r *Reader) Types(folder string) (types []string) {
	for _, f := range r.Manifest.Files {
		if rest, ok := strings.CutPrefix(f.Name, folder); ok {
			if typ, ok := strings.CutSuffix(rest, ".ndjson"); ok && fhir.KnownType(typ) {
				types = append(types, typ)
			}
		}
	}
	return types
}

// Newest goes through the newest versions of a type.
func (r *Reader) Newest(typ string, fn func(Version) error) error {
	return r.Lines(typ+".ndjson", func(line []byte) error {
		v, err := ParseNewest(bytes.Clone(line), typ) // which keeps it
		if err != nil {
			return err
		}
		return fn(v)
	})
}

// Older goes through the older versions and the deletions of a type.
func (r *Reader) Older(typ string, fn func(Version) error) error {
	return r.Lines("history/"+typ+".ndjson", func(line []byte) error {
		v, err := ParseOlder(line, typ) // which copies it
		if err != nil {
			return err
		}
		return fn(v)
	})
}
