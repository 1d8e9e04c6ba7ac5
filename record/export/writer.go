package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Sink is where an export is written. A file is closed before the next is made.
type Sink interface {
	// Create makes a file. packed says that it is text, and gets smaller by packing.
	Create(name string, packed bool) (io.WriteCloser, error)
}

// Writer writes the files of an export, and notes what they are.
type Writer struct {
	sink  Sink
	names Names
	files []File
	open  *Part
}

// NewWriter writes to a sink that is empty.
func NewWriter(s Sink) *Writer { return &Writer{sink: s} }

// Part is a file while it is written.
type Part struct {
	w    *Writer
	file io.WriteCloser
	buf  *bufio.Writer
	sum  hash.Hash
	name string
	n    int64
}

var errOpen = errors.New("the file before is not closed")

// Create makes a file of text.
func (w *Writer) Create(name string) (*Part, error) { return w.create(name, true) }

// Name chooses the name of a document: folder is documents, or history/documents.
func (w *Writer) Name(folder, title, mediaType string) string {
	return w.names.Choose(folder, title, mediaType)
}

// Document makes a file for a document, under a name that was chosen.
func (w *Writer) Document(name string) (*Part, error) { return w.create(name, false) }

func (w *Writer) create(name string, packed bool) (*Part, error) {
	if w.open != nil {
		return nil, errOpen
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	f, err := w.sink.Create(name, packed)
	if err != nil {
		return nil, err
	}
	p := &Part{w: w, file: f, sum: sha256.New(), name: name}
	p.buf = bufio.NewWriterSize(f, 64<<10)
	w.open = p
	return p, nil
}

// Name is the file's name.
func (p *Part) Name() string { return p.name }

// Size is how much was written.
func (p *Part) Size() int64 { return p.n }

func (p *Part) Write(b []byte) (int, error) {
	n, err := p.buf.Write(b)
	p.sum.Write(b[:n])
	p.n += int64(n)
	return n, err
}

// Line writes a JSON text in one line.
func (p *Part) Line(json []byte) error {
	if _, err := p.Write(fold(json)); err != nil {
		return err
	}
	_, err := p.Write([]byte{'\n'})
	return err
}

// Close ends the file.
func (p *Part) Close() error {
	p.w.open = nil
	if err := errors.Join(p.buf.Flush(), p.file.Close()); err != nil {
		return err
	}
	p.w.files = append(p.w.files, File{Name: p.name, Size: p.n, SHA256: hex.EncodeToString(p.sum.Sum(nil))})
	return nil
}

// Finish writes the manifest: from now on the export is whole.
func (w *Writer) Finish(m Manifest) (Manifest, error) {
	if w.open != nil {
		return m, errOpen
	}
	m.Format, m.Files = Format, w.files
	b, err := m.marshal()
	if err != nil {
		return m, fmt.Errorf("writing the manifest: %w", err)
	}
	f, err := w.sink.Create(ManifestName, true)
	if err != nil {
		return m, err
	}
	_, err = f.Write(b)
	return m, errors.Join(err, f.Close())
}
