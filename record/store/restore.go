package store

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/rows"
)

// RestoreOptions say how a store is made of backups.
type RestoreOptions struct {
	NodeKey string // where the new node key goes; "" is into the folder
	Now     func() time.Time
	Log     *slog.Logger

	// AcceptDamage makes a store of what there is though some of it is damaged.
	// What is damaged is told as damage whenever it is read.
	AcceptDamage bool

	// Progress is told the size of each row.
	Progress func(bytes int)
}

// Restored is what Restore made, or found wrong.
type Restored struct {
	backup.Report
	Store  record.StoreID // the new store's name
	Left   uint64         // people who are left out: their head or keyring is damaged
	Header backup.Header  // of the newest backup
}

// restoring is the folder inside the new one in which all is made; its node key is
// the last thing that leaves it, and makes the store.
const (
	restoring = "restoring"
	newKey    = ".restoring" // and after a node key's name, while it is elsewhere
)

var errRestoreDamage error = record.Safef(record.Integrity, "something in this backup is damaged, and nothing was restored")

// Restore makes a new store of a chain of backups, in a folder that does not exist
// or is empty. The store has a name and a node key of its own. Nobody's grants are
// there, and each record waits for its person to carry it on. All of it is verified
// before there is a store: until Restore returns nil the folder has only
// "restoring" in it, which may be removed.
func Restore(ctx context.Context, dir string, chain []*backup.Reader, opt RestoreOptions) (out Restored, err error) {
	if len(chain) > 0 {
		out.Header = chain[len(chain)-1].Header()
	}
	if out.Header.Person != (record.PersonID{}) {
		return out, record.Safef(record.Invalid, "this is a copy of one record, for another server; a store is restored from a backup")
	}
	if f := out.Header.Format; f != storeFormat && len(chain) > 0 {
		return out, record.Safef(record.Unsupported, "this backup is of a store of format %d; this program restores format %d: restore it with the program that made it, and open the store with this one", f, storeFormat)
	}
	temp := filepath.Join(dir, restoring)
	made, err := restoreFolder(dir, opt.NodeKey)
	if err != nil {
		return out, err
	}
	fail := func(err error) (Restored, error) {
		if rest := os.RemoveAll(temp); rest == nil && made {
			_ = os.Remove(dir) // it is empty
		}
		return out, err
	}
	if err := initAt(temp, filepath.Join(temp, nodeKeyFile), opt.Now); err != nil {
		return fail(err)
	}
	if err := fill(ctx, temp, chain, opt, &out); err != nil {
		return fail(err)
	}
	if out.Damage > 0 && !opt.AcceptDamage {
		return fail(errRestoreDamage)
	}
	if err := settle(dir, temp, opt.NodeKey); err != nil {
		return out, err
	}
	return out, nil
}

// restoreFolder makes sure that there is nothing where the store will be, and says
// whether it made the folder.
func restoreFolder(dir, nodeKey string) (made bool, err error) {
	_, err = os.Stat(dir)
	made = errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, e := range list {
		if e.Name() == restoring {
			return false, record.Safef(record.Conflict, "%s is left of a restore that was cut off, or is still going on: if it is not, remove it and begin again", filepath.Join(dir, restoring))
		}
	}
	if len(list) > 0 {
		return false, record.Safef(record.Conflict, "%s is not empty: a restored store needs a folder of its own", dir)
	}
	if nodeKey == "" {
		return made, nil
	}
	for _, path := range []string{nodeKey, nodeKey + newKey} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return false, record.Safef(record.Conflict, "there is something at %s already: the new store gets a node key of its own", path)
		}
	}
	return made, nil
}

// fill makes the new store's rows.
func fill(ctx context.Context, temp string, chain []*backup.Reader, opt RestoreOptions, out *Restored) (err error) {
	s, err := Open(temp, Options{Now: opt.Now, Log: opt.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	out.Store = s.ID()
	if len(chain) > 0 {
		s.clock.raise(out.Header.Time) // it was that late already
	}
	t := &taker{s: s, ctx: ctx, from: out.Header, action: audit.Restored}
	check := &backup.Checker{Then: t, LeftOver: t.leftOver, Found: func(p backup.Person) error {
		t.begin(p.ID)
		out.Add(p.ID, p.Verified)
		switch {
		case p.Damage == 0, opt.AcceptDamage && usable(p):
			t.found = &p
		default:
			out.Left++
		}
		return nil
	}}
	if opt.Progress != nil {
		check.Then = restored{t, opt.Progress}
	}
	return backup.Merge(ctx, chain, check)
}

// usable reports whether a damaged record can be opened at all: by one of its slots.
func usable(p backup.Person) bool {
	if len(p.Slots) == 0 {
		return false
	}
	for _, f := range p.Findings {
		switch f.Part {
		case rows.PartEntry, rows.PartSegment, rows.PartLog, rows.PartSlot:
		default:
			return false
		}
	}
	return p.Damage == uint64(len(p.Findings))
}

// settle turns what was made into the store. The node key comes last: a folder
// without one is no store.
func settle(dir, temp, nodeKey string) error {
	key := filepath.Join(temp, nodeKeyFile)
	if nodeKey == "" {
		nodeKey = filepath.Join(dir, nodeKeyFile)
	} else {
		if err := copyKey(key, nodeKey+newKey); err != nil {
			return err
		}
		key = nodeKey + newKey
	}
	for _, name := range []string{databaseDir, anchorFile} {
		if err := os.Rename(filepath.Join(temp, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := syncFolder(dir); err != nil {
		return err
	}
	if err := os.Rename(key, nodeKey); err != nil {
		return err
	}
	if err := errors.Join(syncFolder(filepath.Dir(nodeKey)), os.RemoveAll(temp)); err != nil {
		return err
	}
	return syncFolder(dir)
}

func copyKey(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	defer clear(b)
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// syncFolder makes names in a folder last.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such call
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// restored tells progress of what goes on to a taker.
type restored struct {
	*taker
	progress func(bytes int)
}

func (c restored) Row(p record.PersonID, key, value []byte) error {
	c.progress(len(key) + len(value))
	return c.taker.Row(p, key, value)
}
