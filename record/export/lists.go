package export

import (
	"encoding/json"
	"time"

	"carehold/record"
	"carehold/record/fhir"
)

// Filed is what sections.json says of an entry.
type Filed struct {
	Entry   string `json:"entry"` // Type/id
	Version uint64 `json:"version"`
	Deleted bool   `json:"deleted,omitempty"`

	Section string `json:"section"`
	Rule    string `json:"rule,omitempty"`  // of the table of filing
	Moved   bool   `json:"moved,omitempty"` // the person filed it there themself

	Time   time.Time `json:"time"` // of the newest version
	Self   bool      `json:"self,omitempty"`
	By     string    `json:"by,omitempty"`
	Import string    `json:"import,omitempty"`
	Source string    `json:"source,omitempty"`
}

// Ref is the entry's.
func (f Filed) Ref() (fhir.Ref, error) {
	ref, err := fhir.ParseRef(f.Entry)
	if _, bad := record.ParseSection(f.Section); err != nil || bad != nil {
		return ref, record.Errorf(record.Integrity, "sections.json: %.80q in %.40q is no entry in a section", f.Entry, f.Section)
	}
	return ref, nil
}

// Document is what documents.json says of a file.
type Document struct {
	File    string `json:"file"`
	Entry   string `json:"entry"` // that it is the content of: Binary/x, DocumentReference/y
	Version uint64 `json:"version"`
	Element string `json:"element,omitempty"` // content[0].attachment.data
	Type    string `json:"type,omitempty"`    // as the entry says
	Title   string `json:"title,omitempty"`
	Apart   bool   `json:"apart,omitempty"` // it is here alone, and not in the entry's line
}

// Sections reads sections.json.
func (r *Reader) Sections(fn func(Filed) error) error {
	return list(r, "sections.json", "entries", fn)
}

// Documents reads documents.json. A file that it names is one of the export.
func (r *Reader) Documents(fn func(Document) error) error {
	return list(r, "documents.json", "documents", func(d Document) error {
		if !r.Has(d.File) {
			return missing(d.File)
		}
		return fn(d)
	})
}

// Items writes a JSON object with one list in it.
type Items struct {
	p *Part
	n int
}

// List begins a file of items.
func (w *Writer) List(name, member string) (*Items, error) {
	p, err := w.Create(name)
	if err != nil {
		return nil, err
	}
	_, err = p.Write([]byte(`{"` + member + `":[`))
	return &Items{p: p}, err
}

// Add writes an item, on a line of its own.
func (l *Items) Add(item any) error {
	b, err := json.Marshal(item)
	if err != nil {
		return err
	}
	sep := "\n"
	if l.n > 0 {
		sep = ",\n"
	}
	l.n++
	_, err = l.p.Write(append([]byte(sep), b...))
	return err
}

// Close ends the file.
func (l *Items) Close() error {
	if _, err := l.p.Write([]byte("\n]}\n")); err != nil {
		return err
	}
	return l.p.Close()
}
