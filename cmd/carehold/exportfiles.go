package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"time"

	"carehold/record/backup"
	"carehold/record/export"
)

// exportTarget is where an export is written to.
type exportTarget struct {
	path           string
	kind           exportKind
	keys           []string
	passphraseFile string

	recipients []export.Recipient
}

// lock finds out who may open it, before anything is read.
func (t *exportTarget) lock(a *app) (err error) {
	if t.kind != sealedExport {
		return nil
	}
	if len(t.keys) > 0 {
		if t.recipients, err = backup.Recipients(t.keys); err != nil {
			return coded(exitUsage, err, `"age-keygen -o export.key" makes a key and prints its public half: carehold export my-record.zip.age --encrypt-to age1…`)
		}
		return nil
	}
	secret, err := a.newPassphrase(t.passphraseFile, "--encrypt-passphrase-file", "A passphrase for the export, at least 8 characters: ")
	if err != nil {
		return err
	}
	defer secret.Destroy()
	r, err := export.PassphraseRecipient(string(secret.Reveal()))
	t.recipients = []export.Recipient{r}
	return err
}

// exportFiles is an export while it is written.
type exportFiles struct{ *export.Writer }

// write has the files written beside where they are to be, and puts them there when all
// are. Half an export never has its name.
func (t *exportTarget) write(now time.Time, files func(*exportFiles) error) error {
	if t.kind == folderExport {
		return t.writeFolder(files)
	}
	f, err := os.CreateTemp(filepath.Dir(t.path), ".carehold-export-*"+partSuffix)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // which after the renaming there is not
	if err := errors.Join(t.fill(f, now, files), f.Close()); err != nil {
		return err
	}
	return t.place(f.Name())
}

// fill writes a zip, and seals it.
func (t *exportTarget) fill(f *os.File, now time.Time, files func(*exportFiles) error) (err error) {
	var w io.WriteCloser = nopWriteCloser{f}
	if t.kind == sealedExport {
		if w, err = export.Seal(f, t.recipients...); err != nil {
			return err
		}
		debug.FreeOSMemory() // a passphrase took 256 MiB, and as much again would be taken for granted
	}
	z := export.NewZip(w, now)
	if err := files(&exportFiles{export.NewWriter(z)}); err != nil {
		return err
	}
	return errors.Join(z.Close(), w.Close(), f.Sync())
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

func (t *exportTarget) writeFolder(files func(*exportFiles) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(t.path), ".carehold-export-*"+partSuffix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	err = files(&exportFiles{export.NewWriter(folderSink{root})})
	if err = errors.Join(err, root.Close()); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	return t.place(dir)
}

// place gives what is whole its name.
func (t *exportTarget) place(from string) error {
	if _, err := os.Lstat(t.path); !errors.Is(err, fs.ErrNotExist) {
		return hinted(fmt.Errorf("%s is there by now, and is not written over", t.path), "choose another name, or move it away")
	}
	if err := os.Rename(from, t.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(t.path))
}

// folderSink writes into a folder, and nowhere else.
type folderSink struct{ root *os.Root }

func (s folderSink) Create(name string, _ bool) (io.WriteCloser, error) {
	if dir := path.Dir(name); dir != "." {
		if err := s.root.MkdirAll(filepath.FromSlash(dir), 0o700); err != nil {
			return nil, err
		}
	}
	f, err := s.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return syncedFile{f}, err
}

// syncedFile is on the disk when it is closed.
type syncedFile struct{ *os.File }

func (f syncedFile) Close() error { return errors.Join(f.Sync(), f.File.Close()) }
