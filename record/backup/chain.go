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
	Others  []Name // the newest of each other store in the folder
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
// Or it is all the files of the chain. of is the store that it must be of, or the
// beginning of its id; empty for any.
func OpenChain(from []string, ids []Identity, of string) (*Chain, error) {
	c := new(Chain)
	err := c.find(from, ids, of)
	if err == nil && !strings.HasPrefix(c.Newest().Store.String(), of) {
		err = record.Safef(record.NotFound, "%s is a backup of the store %s", filepath.Base(c.Paths[len(c.Paths)-1]), c.Newest().Store)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Chain) find(from []string, ids []Identity, of string) error {
	if len(from) > 1 {
		return c.given(from, ids)
	}
	path := from[0]
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		n, err := c.choose(path, of)
		if err != nil {
			return err
		}
		path = filepath.Join(path, n.String())
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

// choose finds the newest backup in a folder. A store that was restored has another
// id, and goes on in the same folder: so there can be backups of several, and those
// that were not meant are told.
func (c *Chain) choose(dir, of string) (n Name, err error) {
	names, err := namesIn(dir)
	if err != nil {
		return n, err
	}
	if len(names) == 0 {
		return n, record.Safef(record.NotFound, "there is no backup in %s: they are named carehold-….age", dir)
	}
	stores := make(map[string][]Name)
	for _, n := range names {
		stores[n.Store] = append(stores[n.Store], n)
	}
	var each []Name
	for _, of := range stores {
		each = append(each, newest(of))
	}
	slices.SortFunc(each, func(a, b Name) int { // the newest first
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Store, b.Store))
	})
	i := slices.IndexFunc(each, func(n Name) bool {
		return strings.HasPrefix(n.Store, of) || strings.HasPrefix(of, n.Store)
	})
	if i < 0 {
		return n, record.Safef(record.NotFound, "there is no backup of the store %s in %s, but of %s", of, dir, storesOf(each))
	}
	c.Others = slices.Delete(slices.Clone(each), i, i+1)
	return each[i], nil
}

func storesOf(names []Name) string {
	var all []string
	for _, n := range names {
		all = append(all, n.Store)
	}
	return strings.Join(all, ", ")
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
