package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/export"
)

// openedExport is an export that is read. Close it.
type openedExport struct {
	*export.Reader
	path   string
	closer io.Closer
}

func (x *openedExport) Close() error { return x.closer.Close() }

// isExport reports whether a path is an export, or what is left of one: a folder with a
// manifest, a zip with one, an age file.
func isExport(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if info.IsDir() {
		_, err := os.Lstat(filepath.Join(path, export.ManifestName))
		return err == nil
	}
	if !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := headOf(f)
	if sealed, _ := export.Sealed(head); sealed {
		return true
	}
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) <= 30 {
		return false
	}
	if z, err := export.ReadZip(f, info.Size()); err == nil {
		if m, err := z.Open(export.ManifestName); err == nil {
			m.Close()
			return true
		}
	}
	// The first file of a zip has its name right behind its header, also in one that
	// was cut off.
	return bytes.Contains(head[30:], []byte(".ndjson")) || bytes.HasPrefix(head[30:], []byte("sections.json"))
}

func headOf(f io.ReaderAt) []byte {
	head := make([]byte, 128)
	n, _ := f.ReadAt(head, 0)
	return head[:n]
}

// exportKeys are what a sealed export may be opened with.
type exportKeys struct{ identity, passphraseFile string }

func exportKeyFlags(c *cobra.Command) *exportKeys {
	k := &exportKeys{}
	c.Flags().StringVar(&k.identity, "identity", "", "the `file` with the secret key that opens an encrypted export")
	c.Flags().StringVar(&k.passphraseFile, "export-passphrase-file", "", "read the passphrase of an encrypted export from this `file`; - is stdin")
	return k
}

// openExport opens an export and reads its manifest.
func (a *app) openExport(path string, keys exportKeys) (*openedExport, error) {
	src, closer, err := a.exportSource(path, keys)
	if err != nil {
		return nil, badExport(path, err)
	}
	r, err := export.Open(src)
	if err != nil {
		closer.Close()
		return nil, badExport(path, err)
	}
	return &openedExport{r, path, closer}, nil
}

func (a *app) exportSource(path string, keys exportKeys) (export.Source, io.Closer, error) {
	if isFolder(path) {
		root, err := os.OpenRoot(path)
		return folderSource{root}, root, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	src, err := a.zipSource(f, keys)
	if err != nil {
		f.Close()
	}
	return src, f, err
}

func (a *app) zipSource(f *os.File, keys exportKeys) (export.Source, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	sealed, byPassphrase := export.Sealed(headOf(f))
	if !sealed {
		return export.ReadZip(f, info.Size())
	}
	for again := tries - 1; ; again-- {
		ids, typed, err := a.exportIdentities(byPassphrase, keys)
		if err != nil {
			return nil, err
		}
		at, size, err := export.Unseal(f, info.Size(), ids...)
		debug.FreeOSMemory() // a passphrase takes 256 MiB
		if err == nil {
			return export.ReadZip(at, size)
		}
		if !typed || again == 0 || record.KindOf(err) != record.Unauthorized {
			return nil, err
		}
		a.note("That does not open it. Try again.")
	}
}

// exportIdentities are what opens a sealed export, and whether somebody typed it.
func (a *app) exportIdentities(byPassphrase bool, keys exportKeys) ([]export.Identity, bool, error) {
	if !byPassphrase {
		if keys.identity == "" {
			return nil, false, coded(exitLocked, errors.New("it is encrypted to a key"), "--identity FILE names the file with the secret half, which age-keygen made")
		}
		ids, err := identities(keys.identity)
		return ids, false, err
	}
	var secret []byte
	var err error
	if keys.passphraseFile != "" {
		secret, err = a.readSecretFile(keys.passphraseFile)
	} else {
		var t *terminal
		if t, err = a.terminal(); err != nil {
			return nil, false, noTerminal("the passphrase of the export", "--export-passphrase-file")
		}
		defer t.close()
		secret, err = t.secret("Passphrase of the export: ")
	}
	if err != nil {
		return nil, false, err
	}
	defer clear(secret)
	id, err := export.PassphraseIdentity(string(secret))
	return []export.Identity{id}, keys.passphraseFile == "", err
}

// badExport gives an error of an export's a hint for whoever wants it in.
func badExport(path string, err error) error {
	if err == nil {
		return nil
	}
	named := fmt.Errorf("%s: %w", path, err)
	switch record.KindOf(err) {
	case record.Integrity:
		return coded(exitIntegrity, named, "nothing was imported; take another copy of the export, or make it again")
	case record.Unauthorized:
		return coded(exitLocked, named, "nothing was imported")
	case record.NotFound, record.Invalid, record.Unsupported, record.TooLarge:
		return coded(exitFailed, named, "nothing was imported")
	}
	return named
}

// folderSource reads a folder, and nothing that it leads to.
type folderSource struct{ root *os.Root }

func (s folderSource) Open(name string) (export.Blob, error) {
	local := filepath.FromSlash(name)
	for dir := ""; ; {
		part, rest, deeper := strings.Cut(strings.TrimPrefix(local[len(dir):], string(filepath.Separator)), string(filepath.Separator))
		dir = filepath.Join(dir, part)
		info, err := s.root.Lstat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == export.ManifestName:
			return nil, record.Safef(record.NotFound, "there is no manifest.json in it: this is no export of Carehold's")
		case errors.Is(err, fs.ErrNotExist):
			return nil, record.Errorf(record.Integrity, "%q is missing from the export", name)
		case err != nil:
			return nil, err
		case deeper && !info.IsDir(), !deeper && !info.Mode().IsRegular():
			return nil, record.Errorf(record.Integrity, "%q is no file, but leads elsewhere: it is not opened", name)
		}
		if !deeper || rest == "" {
			break
		}
	}
	f, err := s.root.Open(local)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return folderFile{f, info.Size()}, nil
}

type folderFile struct {
	*os.File
	size int64
}

func (f folderFile) Size() int64 { return f.size }
