package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// journal is what a device remembers of a move under way, beside its device file:
// where to, and what was done. The copy of the record, sealed as it is, lies beside
// it until the move has ended. No secret is in either.
type journal struct {
	path string

	Format    int    `json:"format"`
	From      string `json:"from"`
	To        string `json:"to"`
	Authority string `json:"authority,omitempty"`
	Seq       uint64 `json:"seq,omitempty"`  // of the statement that closed it
	Size      uint64 `json:"size,omitempty"` // of the log in the copy
	Copied    bool   `json:"copied,omitempty"`
	Given     bool   `json:"given,omitempty"`
}

const journalFormat = 1

// loadJournal reads a device's journal; nil where no move is under way.
func loadJournal(d *device) (*journal, error) {
	j := &journal{path: d.path + ".moving"}
	b, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, j); err != nil || j.Format != journalFormat || j.To == "" {
		return nil, hinted(fmt.Errorf("%s, which remembers a move that has begun, cannot be read", j.path),
			"move it away, and begin again: what was done already is found out")
	}
	if _, err := os.Stat(j.copyPath()); err != nil {
		j.Copied = false
	}
	return j, nil
}

func (j *journal) copyPath() string { return j.path + ".copy" }

func (j *journal) save() error {
	j.Format = journalFormat
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return writeFileAtomic(j.path, append(b, '\n'))
}

// remove ends the move. The journal goes last: without it nobody would look for the
// copy.
func (j *journal) remove() error {
	for _, path := range []string{j.copyPath() + ".part", j.copyPath(), j.path} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
