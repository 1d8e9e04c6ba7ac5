package backup

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"carehold/record"
)

// Recipient and Identity are age's: a public key that a backup is encrypted to, and
// the secret one that opens it.
type (
	Recipient = age.Recipient
	Identity  = age.Identity
)

// Chain is a full backup and the increments after it, in files.
type Chain struct {
	Paths   []string // in their order
	Readers []*Reader
	files   []*os.File
}

// Close closes the files.
func (c *Chain) Close() {
	for _, f := range c.files {
		f.Close()
	}
}

// Size is how many bytes the files have.
func (c *Chain) Size() (n int64) {
	for _, f := range c.files {
		if info, err := f.Stat(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// Newest is the header of the last.
func (c *Chain) Newest() Header { return c.Readers[len(c.Readers)-1].header }

func (c *Chain) open(path string, ids []Identity) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe could be waited for forever
		return nil, record.Safef(record.Invalid, "%s is not a file: copy what it gives into one", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := Decrypt(f, ids)
	if err == nil {
		err = r.header.named(filepath.Base(path))
	}
	if err != nil {
		f.Close()
		if e, ok := errors.AsType[*record.Error](err); ok {
			return nil, record.Safef(e.Kind, "%s: %w", filepath.Base(path), err)
		}
		return nil, err
	}
	r.Label = filepath.Base(path)
	c.Paths, c.files, c.Readers = append(c.Paths, path), append(c.files, f), append(c.Readers, r)
	return r, nil
}

// OpenChain finds a chain and opens it. from is a folder, whose newest backup it
// is; or a file, which is the newest; what those follow is looked for beside them.
// Or it is all the files of the chain.
func OpenChain(from []string, ids []Identity) (*Chain, error) {
	c := new(Chain)
	if err := c.find(from, ids); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Chain) find(from []string, ids []Identity) error {
	if len(from) > 1 {
		return c.given(from, ids)
	}
	path := from[0]
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		names, err := namesIn(path)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return record.Safef(record.NotFound, "there is no backup in %s: they are named carehold-….age", path)
		}
		for _, n := range names {
			if n.Store != names[0].Store {
				return record.Safef(record.Invalid, "there are backups of several servers in %s: name the file that is to be restored", path)
			}
		}
		path = filepath.Join(path, newest(names).String())
	}
	r, err := c.open(path, ids)
	for err == nil && !r.header.Full() {
		if len(c.Paths) == maxChain {
			return errChain
		}
		if path, err = before(path, r.header); err == nil {
			r, err = c.open(path, ids)
		}
	}
	slices.Reverse(c.Paths)
	slices.Reverse(c.files)
	slices.Reverse(c.Readers)
	return err
}

// given opens the files that were named, in the order of their times.
func (c *Chain) given(paths []string, ids []Identity) error {
	all := new(Chain)
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			all.Close()
			return record.Safef(record.Invalid, "name one folder, or files: %s is a folder", path)
		}
		if _, err := all.open(path, ids); err != nil {
			all.Close()
			return err
		}
	}
	order := make([]int, len(paths))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := all.Readers[a].header, all.Readers[b].header
		return cmp.Or(cmp.Compare(x.From, y.From), x.Time.Compare(y.Time))
	})
	for _, i := range order {
		c.Paths, c.files, c.Readers = append(c.Paths, all.Paths[i]), append(c.files, all.files[i]), append(c.Readers, all.Readers[i])
	}
	return nil
}

func namesIn(dir string) (names []Name, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if n, ok := ParseName(e.Name()); ok && !e.IsDir() {
			names = append(names, n)
		}
	}
	return names, nil
}

// newest is the one that was made last.
func newest(names []Name) Name {
	return slices.MaxFunc(names, func(a, b Name) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.To, b.To))
	})
}

// before is the file that a backup follows, by its name: whether it is that shows
// at its end.
func before(path string, h Header) (string, error) {
	dir := filepath.Dir(path)
	names, err := namesIn(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	names = slices.DeleteFunc(names, func(n Name) bool {
		return !n.IsOf(h.Store) || n.To != h.From || n.Time.After(h.Time) || n.String() == filepath.Base(path)
	})
	if len(names) == 0 {
		return "", record.Safef(record.Integrity, "%s is an increment, and the backup that it follows is not beside it: one whose name has -%d-",
			strings.TrimSpace(filepath.Base(path)), h.From)
	}
	return filepath.Join(dir, newest(names).String()), nil
}
