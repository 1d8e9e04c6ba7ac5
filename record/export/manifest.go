package export

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"carehold/record"
)

// Format is the version of the format that is written here. Another number is another
// format, and is refused: fields that a reader may pass over do not change it.
const Format = 1

// ManifestName is the file that says what an export is.
const ManifestName = "manifest.json"

// Manifest is what an export says of itself.
type Manifest struct {
	Format   int       `json:"carehold_export"`
	Software string    `json:"software,omitempty"`
	Server   string    `json:"server"`
	Patient  string    `json:"patient"` // the FHIR id of the record's own Patient
	Time     time.Time `json:"time"`

	Entries   int `json:"entries"`  // that are not deleted
	Versions  int `json:"versions"` // older ones, and deletions
	Documents int `json:"documents"`

	Files []File `json:"files"` // in the order they were written
}

// File is one file of an export.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

// Bounds of what is read, far above what any record has.
const (
	maxManifest = 64 << 20
	maxFiles    = 200_000
	maxTotal    = 1 << 42
	maxName     = 400 // bytes
)

// ParseManifest reads a manifest and refuses what no export says.
func ParseManifest(b []byte) (*Manifest, error) {
	bad := func(format string, args ...any) (*Manifest, error) {
		return nil, record.Errorf(record.Integrity, "manifest.json: "+format, args...)
	}
	var which struct {
		Format *int `json:"carehold_export"`
	}
	if err := json.Unmarshal(b, &which); err != nil || which.Format == nil {
		return nil, record.Safef(record.Invalid, "manifest.json is not that of an export of Carehold's")
	}
	if *which.Format != Format {
		return nil, record.Safef(record.Unsupported, "this export is of format %d, and this program knows format %d: a newer program may know it", *which.Format, Format)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return bad("it is not as it was written")
	}
	if len(m.Files) > maxFiles {
		return bad("it lists more than %d files", maxFiles)
	}
	seen := make(map[string]bool, len(m.Files))
	total := int64(0)
	for _, f := range m.Files {
		if err := checkName(f.Name); err != nil {
			return nil, err
		}
		if key := nameKey(f.Name); seen[key] || key == nameKey(ManifestName) {
			return bad("it lists %q twice", f.Name)
		} else {
			seen[key] = true
		}
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 {
			return bad("%q has no SHA-256", f.Name)
		}
		if f.Size < 0 || f.Size > maxTotal || total+f.Size > maxTotal {
			return bad("%q has no size that can be", f.Name)
		}
		total += f.Size
	}
	return &m, nil
}

// checkName refuses a name that leads anywhere but down.
func checkName(name string) error {
	if !fs.ValidPath(name) || name == "." || len(name) > maxName || strings.ContainsAny(name, "\\:\x00") || strings.ToValidUTF8(name, "") != name {
		return record.Errorf(record.Integrity, "the export names a file %.80q, which leads elsewhere: it is not opened", name)
	}
	return nil
}

// nameKey is the same for two names that some disk takes for one.
func nameKey(name string) string {
	return norm.NFKC.String(strings.ToLower(strings.ToUpper(norm.NFKC.String(name))))
}

// Total is the size of all files.
func (m *Manifest) Total() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

func (m *Manifest) marshal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(m)
	return b.Bytes(), err
}
