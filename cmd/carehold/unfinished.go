package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
)

// unfinished is what a device remembers of exports whose import it began, beside its
// device file. That an import goes on is not believed of an export which says so: its
// name, its server and its time anybody can write. It is believed of the same files, and
// of entries that were not there when it began: all others are asked about as they were
// the first time, whatever was answered then. An export is known by the hash of its
// manifest, which has the hash of each of its files.
type unfinished struct {
	path string
	is   begun

	Format  int     `json:"format"`
	Exports []begun `json:"exports"`
}

// begun is an import of an export that did not end.
type begun struct {
	Manifest string       `json:"manifest"` // its hash
	Source   string       `json:"source"`   // hash of what it is called in the record
	Imports  []message.ID `json:"imports"`  // a try has one each: undoing it takes back what it wrote, and no more
	Before   []string     `json:"before"`   // hashes of the entries of it that were there before, or were changed between two tries
}

const unfinishedFormat = 2

// maxUnfinished is how many are remembered.
const maxUnfinished = 16

func hashOf(parts ...string) string {
	b, _ := json.Marshal(parts)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// loadUnfinished reads it, for one export. One that cannot be read is as good as none:
// more is asked.
func loadUnfinished(d *device, m *export.Manifest, source string) (*unfinished, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	u := &unfinished{path: d.path + ".importing"}
	b, err := os.ReadFile(u.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || json.Unmarshal(b, u) != nil || u.Format != unfinishedFormat {
		u.Exports = nil
	}
	u.Format = unfinishedFormat
	u.is = begun{Manifest: hashOf(string(text)), Source: hashOf(source)}
	if i := u.find(); i >= 0 {
		u.is = u.Exports[i]
	}
	return u, nil
}

// find is where the export is, if it was begun and did not end.
func (u *unfinished) find() int {
	return slices.IndexFunc(u.Exports, func(x begun) bool { return x.Manifest == u.is.Manifest && x.Source == u.is.Source })
}

// wrote reports whether one of the tries was this import.
func (u *unfinished) wrote(id message.ID) bool {
	return id != message.ID{} && slices.Contains(u.is.Imports, id)
}

// changed notes that an entry is not as a try left it.
func (u *unfinished) changed(ref fhir.Ref) {
	if name := u.name(ref); u.brought(ref) {
		at, _ := slices.BinarySearch(u.is.Before, name)
		u.is.Before = slices.Insert(u.is.Before, at, name)
	}
}

// brought reports whether an entry that is there can only be from the tries before.
func (u *unfinished) brought(ref fhir.Ref) bool {
	_, was := slices.BinarySearch(u.is.Before, u.name(ref))
	return u.find() >= 0 && !was
}

func (u *unfinished) name(ref fhir.Ref) string { return hashOf(u.is.Manifest, ref.String())[:16] }

// begin remembers the export, a try, and with the first one which of its entries are
// there. What was remembered of another of the same name is forgotten, for its entries are
// not told from these; and the oldest is, of too many.
func (u *unfinished) begin(id record.ImportID, before []fhir.Ref) error {
	u.is.Imports = append(u.is.Imports, message.ID(id))
	if i := u.find(); i >= 0 {
		u.Exports[i] = u.is
		return u.save()
	}
	for _, ref := range before {
		u.is.Before = append(u.is.Before, u.name(ref))
	}
	slices.Sort(u.is.Before)
	u.Exports = append(slices.DeleteFunc(u.Exports, func(x begun) bool { return x.Source == u.is.Source }), u.is)
	if n := len(u.Exports); n > maxUnfinished {
		u.Exports = u.Exports[n-maxUnfinished:]
	}
	return u.save()
}

// end forgets it. With the last the file goes.
func (u *unfinished) end() error {
	if i := u.find(); i >= 0 {
		u.Exports = slices.Delete(u.Exports, i, i+1)
	}
	if len(u.Exports) == 0 {
		if err := os.Remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return u.save()
}

func (u *unfinished) save() error {
	b, err := json.MarshalIndent(u, "", "  ")
	if err != nil {
		return err
	}
	return writeFileAtomic(u.path, append(b, '\n'))
}
