package export

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"carehold/record"
)

// Source is where an export is read from. Names are as the manifest has them.
type Source interface {
	Open(name string) (Blob, error)
}

// Blob is a file of a Source. One that is an io.ReaderAt can be read anywhere.
type Blob interface {
	io.ReadCloser
	Size() int64 // as the container says
}

type zipFile struct {
	io.ReadCloser
	size int64
}

func (f zipFile) Size() int64 { return f.size }

type storedFile struct {
	zipFile
	io.ReaderAt
}

// maxLine is how long a line may be: the largest resource, as an entry of a history.
const maxLine = 20 << 20

// Reader reads an export.
type Reader struct {
	Manifest *Manifest
	src      Source
	files    map[string]File
}

// Open reads the manifest. Nothing else of the export is believed before Verify.
func Open(src Source) (*Reader, error) {
	b, err := readSmall(src, ManifestName, maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(b)
	if err != nil {
		return nil, err
	}
	r := &Reader{Manifest: m, src: src, files: make(map[string]File, len(m.Files))}
	for _, f := range m.Files {
		r.files[f.Name] = f
	}
	return r, nil
}

func readSmall(src Source, name string, most int64) ([]byte, error) {
	f, err := src.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if int64(len(b)) > most {
		return nil, record.Errorf(record.TooLarge, "%s is larger than %d MB", name, most>>20)
	}
	return b, nil
}

func missing(name string) error {
	if name == ManifestName {
		return record.Safef(record.NotFound, "there is no manifest.json: this is no export of Carehold's, or not all of one")
	}
	return record.Errorf(record.Integrity, "%q is missing from the export", name)
}

// unreadable says which file could not be read to its end.
func unreadable(name string, err error) error {
	if e, ok := errors.AsType[*record.Error](zipError(err)); ok {
		return record.Errorf(e.Kind, "%q: %s", name, e.Error())
	}
	return err
}

// Has reports whether the export has a file.
func (r *Reader) Has(name string) bool { _, there := r.files[name]; return there }

// Size is how large the manifest says a file is.
func (r *Reader) Size(name string) int64 { return r.files[name].Size }

// Verify reads every file to its end and compares it with the manifest. read is told
// how much of all there is was read; it may be nil.
func (r *Reader) Verify(ctx context.Context, read func(n int64)) error {
	buf := make([]byte, 256<<10)
	for _, f := range r.Manifest.Files {
		if err := r.verify(ctx, f, buf, read); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) verify(ctx context.Context, f File, buf []byte, read func(int64)) error {
	in, err := r.src.Open(f.Name)
	if err != nil {
		return err
	}
	defer in.Close()
	sum, n := sha256.New(), int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, err := in.Read(buf)
		sum.Write(buf[:k])
		if n += int64(k); n > f.Size {
			return record.Errorf(record.Integrity, "%q is longer than the %d bytes that the manifest says: the export was changed after it was written", f.Name, f.Size)
		}
		if read != nil && k > 0 {
			read(int64(k))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return unreadable(f.Name, err)
		}
	}
	if n != f.Size {
		return record.Errorf(record.Integrity, "%q has %d bytes, and the manifest says %d: it was cut off or changed after it was written", f.Name, n, f.Size)
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return record.Errorf(record.Integrity, "%q is not what the manifest says: it is damaged, or was changed after it was written", f.Name)
	}
	return nil
}

// Content is a document, to be read anywhere in it where the Source can; Close it.
func (r *Reader) Content(name string) (Blob, error) {
	f, there := r.files[name]
	if !there {
		return nil, missing(name)
	}
	b, err := r.src.Open(name)
	if err == nil && b.Size() != f.Size {
		b.Close()
		return nil, record.Errorf(record.Integrity, "%q is not as long as the manifest says", name)
	}
	return b, err
}

// Lines calls fn for each line of a file, and says in its errors which one it was. The
// line is the caller's only until fn returns. A file that is not there has no lines.
func (r *Reader) Lines(name string, fn func(line []byte) error) error {
	f, there := r.files[name]
	if !there {
		return nil
	}
	in, err := r.src.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewReaderSize(io.LimitReader(in, f.Size), 64<<10)
	var long []byte
	for n := 1; ; n++ {
		long = long[:0]
		line, err := lines.ReadSlice('\n')
		for err == bufio.ErrBufferFull {
			if long = append(long, line...); len(long) > maxLine {
				return record.Errorf(record.TooLarge, "%q, line %d: it is longer than %d MB, which no entry is", name, n, maxLine>>20)
			}
			line, err = lines.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return unreadable(name, err)
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if text := bytes.TrimSuffix(line, []byte("\n")); len(text) > 0 {
			text, err := unfold(text)
			if err == nil {
				err = fn(text)
			}
			if err != nil {
				return inLine(name, n, err)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// inLine says where an error of a line's content is.
func inLine(name string, n int, err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok && e.Path == "" {
		if e.Kind == record.Invalid || e.Kind == record.Integrity || e.Kind == record.TooLarge {
			return record.Errorf(e.Kind, "%q, line %d: %s", name, n, e.Error())
		}
	}
	return err
}

// list reads a file that is a JSON object with one list in it, an item at a time.
func list[T any](r *Reader, name, member string, fn func(T) error) error {
	f, there := r.files[name]
	if !there {
		return nil
	}
	in, err := r.src.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	bad := record.Errorf(record.Integrity, "%q is not as it was written", name)
	d := json.NewDecoder(bufio.NewReaderSize(io.LimitReader(in, f.Size), 64<<10))
	for _, want := range []json.Token{json.Delim('{'), member, json.Delim('[')} {
		if got, err := d.Token(); err != nil || got != want {
			return bad
		}
	}
	for n := 0; d.More(); n++ {
		before := d.InputOffset()
		var item T
		if err := d.Decode(&item); err != nil || n > maxItems || d.InputOffset()-before > 1<<20 {
			return bad
		}
		if err := fn(item); err != nil {
			return err
		}
	}
	for _, want := range []json.Token{json.Delim(']'), json.Delim('}')} {
		if got, err := d.Token(); err != nil || got != want {
			return bad
		}
	}
	return nil
}

// maxItems is how many entries an export has at most.
const maxItems = 20_000_000
