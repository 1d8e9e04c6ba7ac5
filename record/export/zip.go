package export

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"strings"
	"time"

	"carehold/record"
)

// Zip is a Sink that writes a zip as it goes. Close it.
type Zip struct {
	w    *zip.Writer
	time time.Time
}

// NewZip writes a zip whose files are dated so.
func NewZip(w io.Writer, t time.Time) *Zip { return &Zip{zip.NewWriter(w), t} }

// Create is Sink's.
func (z *Zip) Create(name string, packed bool) (io.WriteCloser, error) {
	h := &zip.FileHeader{Name: name, Method: zip.Store, Modified: z.time}
	if packed {
		h.Method = zip.Deflate
	}
	h.SetMode(0o600)
	w, err := z.w.CreateHeader(h)
	return nopCloser{w}, err
}

// Close ends the zip.
func (z *Zip) Close() error { return z.w.Close() }

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// zipped is a Source that reads a zip.
type zipped struct {
	at    io.ReaderAt
	files map[string]*zip.File
}

// ReadZip is a Source of what OpenZip is given. Nothing is taken out of it onto a disk.
func ReadZip(at io.ReaderAt, size int64) (Source, error) {
	r, err := zip.NewReader(at, size)
	if err != nil {
		return nil, zipError(err)
	}
	if len(r.File) > maxFiles+1 {
		return nil, record.Safef(record.TooLarge, "there are more than %d files in this zip", maxFiles)
	}
	z := &zipped{at: at, files: make(map[string]*zip.File, len(r.File))}
	unpacked := uint64(0)
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if err := checkName(f.Name); err != nil {
			return nil, err
		}
		if z.files[f.Name] != nil {
			return nil, record.Errorf(record.Integrity, "there are two files %.80q in this zip: which of them is meant cannot be known", f.Name)
		}
		if !f.Mode().IsRegular() {
			return nil, record.Errorf(record.Integrity, "%.80q in this zip is no file, but leads elsewhere", f.Name)
		}
		unpacked += f.UncompressedSize64
		z.files[f.Name] = f
	}
	z.within()
	// Text of a record packs ten or twenty to one. So much more is made to hurt.
	if unpacked > freeOfBombs && unpacked/mostPacked > uint64(size) || unpacked > maxTotal {
		return nil, record.Safef(record.TooLarge, "unpacked this zip would be %d MB, of %d MB: it was made to fill a disk, or is no export", unpacked>>20, size>>20)
	}
	return z, nil
}

// within finds an export that somebody has packed as a folder, as a file manager does:
// then its names are those in the one folder that has a manifest.
func (z *zipped) within() {
	if z.files[ManifestName] != nil {
		return
	}
	folder := ""
	for name := range z.files {
		if dir, base := path.Split(name); base == ManifestName && strings.Count(dir, "/") == 1 {
			if folder != "" {
				return
			}
			folder = dir
		}
	}
	inside := make(map[string]*zip.File, len(z.files))
	for name, f := range z.files {
		if rest, ok := strings.CutPrefix(name, folder); ok {
			inside[rest] = f
		}
	}
	z.files = inside
}

const (
	freeOfBombs = 1 << 30
	mostPacked  = 100
)

func (z *zipped) Open(name string) (Blob, error) {
	f := z.files[name]
	if f == nil {
		return nil, missing(name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, zipError(err)
	}
	x := zipFile{r, int64(f.UncompressedSize64)}
	if f.Method == zip.Store && f.CompressedSize64 == f.UncompressedSize64 {
		if off, err := f.DataOffset(); err == nil {
			return storedFile{x, io.NewSectionReader(z.at, off, x.size)}, nil
		}
	}
	return x, nil
}

// zipError gives the errors of a zip words.
func zipError(err error) error {
	switch {
	case errors.Is(err, zip.ErrFormat):
		return record.Safef(record.Integrity, "this is no zip, or it was cut off")
	case errors.Is(err, zip.ErrChecksum):
		return record.Safef(record.Integrity, "a file in this zip is damaged")
	case errors.Is(err, zip.ErrAlgorithm):
		return record.Safef(record.Unsupported, "a file in this zip is packed in a way that is not known here")
	}
	return record.Safef(record.Integrity, "this zip cannot be read: %w", err)
}
