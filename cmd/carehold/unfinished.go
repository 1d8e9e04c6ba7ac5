package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"carehold/record/export"
)

// unfinished is what a device remembers of exports whose import it began, beside its
// device file. That an import goes on is not believed of an export which says so: its
// name, its server and its time anybody can write. It is believed of the same files. An
// export is known by the hash of its manifest, which has the hash of each of them.
type unfinished struct {
	path, is string

	Format  int      `json:"format"`
	Exports []string `json:"exports"`
}

const unfinishedFormat = 1

// maxUnfinished is how many are remembered.
const maxUnfinished = 16

// loadUnfinished reads it, for one export. One that cannot be read is as good as none:
// more is asked.
func loadUnfinished(d *device, m *export.Manifest) (*unfinished, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	u := &unfinished{path: d.path + ".importing", is: hex.EncodeToString(sum[:])}
	b, err := os.ReadFile(u.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || json.Unmarshal(b, u) != nil || u.Format != unfinishedFormat {
		u.Exports = nil
	}
	u.Format = unfinishedFormat
	return u, nil
}

func (u *unfinished) has() bool { return slices.Contains(u.Exports, u.is) }

// begin remembers the export. The oldest is forgotten.
func (u *unfinished) begin() error {
	if u.has() {
		return nil
	}
	u.Exports = append(u.Exports, u.is)
	if n := len(u.Exports); n > maxUnfinished {
		u.Exports = u.Exports[n-maxUnfinished:]
	}
	return u.save()
}

// end forgets it. With the last the file goes.
func (u *unfinished) end() error {
	u.Exports = slices.DeleteFunc(u.Exports, func(is string) bool { return is == u.is })
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
