package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// sending is what a device remembers of files that are on their way, beside its device
// file: which upload has which, so that the next command goes on with it. A file is
// known by the id of the entry that it becomes; its name is not there.
type sending struct {
	path string

	Format  int               `json:"format"`
	Uploads map[string]string `json:"uploads"` // by the Binary's id
}

const sendingFormat = 1

// maxSending is how many are remembered. A server keeps one for a day.
const maxSending = 64

// loadSending reads it. One that cannot be read is as good as none: the files are sent
// from the beginning.
func loadSending(d *device) (*sending, error) {
	s := &sending{path: d.path + ".sending"}
	b, err := os.ReadFile(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || json.Unmarshal(b, s) != nil || s.Format != sendingFormat {
		s.Uploads = nil
	}
	if s.Uploads == nil || len(s.Uploads) > maxSending {
		s.Uploads = map[string]string{}
	}
	s.Format = sendingFormat
	return s, nil
}

func (s *sending) remember(id, upload string) error {
	s.Uploads[id] = upload
	return s.save()
}

// forget is for what is in the record now. With the last the file goes.
func (s *sending) forget(id string) error {
	if delete(s.Uploads, id); len(s.Uploads) > 0 {
		return s.save()
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *sending) save() error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFileAtomic(s.path, append(b, '\n'))
}
