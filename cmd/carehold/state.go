package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"carehold/crypto"
	"carehold/record/holder"
)

// The device file is what this device keeps: which server, its half of the
// passphrase slot, and what it has seen of the record, so that no server can
// show it an older one. Whoever copies it can try passphrases, at Argon2id's
// price; it opens nothing by itself. Mode 0600, in a folder of mode 0700.
//
//	{
//	  "format": 1,
//	  "server": "https://record.example.org",
//	  "label": "laptop",
//	  "person": "32 hexadecimal digits",
//	  "device_key": "1…",
//	  "memory": "base64",
//	  "authority": "-----BEGIN…"     of the server's certificate, when it is not the system's
//	  "recovery_unconfirmed": true   while nobody said that the code is written down
//	}
type deviceFile struct {
	Format    int    `json:"format"`
	Server    string `json:"server"`
	Label     string `json:"label"`
	Person    string `json:"person"`
	DeviceKey string `json:"device_key"`
	Memory    []byte `json:"memory"`

	Authority   string `json:"authority,omitempty"`
	Unconfirmed bool   `json:"recovery_unconfirmed,omitempty"`
}

const deviceFormat = 1

// device is the device file, read.
type device struct {
	path   string
	server string
	label  string
	key    crypto.DeviceKey
	memory holder.Memory

	authority   []byte // PEM; nil: the system's
	accepted    bool   // the person has said that what was seen may be forgotten: save merges nothing
	unconfirmed bool   // the recovery code was shown, and may not be written down
}

// statePath is where the device file is.
func (a *app) statePath() (string, error) {
	if a.state != "" {
		return a.state, nil
	}
	dir, err := a.xdg("XDG_STATE_HOME", ".local", "state")
	return filepath.Join(dir, "carehold", "device.json"), err
}

// xdg is a base folder of the XDG specification, which asks that a relative one
// be passed over.
func (a *app) xdg(variable string, underHome ...string) (string, error) {
	if dir := a.env(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	home := a.env("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", fmt.Errorf("there is no home folder, and %s is not set", variable)
		}
	}
	return filepath.Join(append([]string{home}, underHome...)...), nil
}

// loadDevice reads the device file.
func (a *app) loadDevice() (*device, error) {
	path, err := a.statePath()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, coded(exitLocked, errors.New("this device has no record yet: there is no "+path),
			`"carehold enrol" makes a record; "carehold device add" brings one here with its recovery code`)
	}
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && othersMayRead(info.Mode()) {
		a.warn("others on this machine may read %s: chmod 600 %s", path, path)
	}
	d, err := parseDevice(b)
	if err != nil {
		return nil, hinted(fmt.Errorf("the device file %s cannot be used: %w", path, err),
			`move it away; "carehold device add" makes a new one with the recovery code`)
	}
	d.path = path
	authority, err := a.authority()
	if err != nil {
		return nil, err
	}
	if authority != nil {
		d.authority = authority
	}
	return d, nil
}

func parseDevice(b []byte) (*device, error) {
	var f deviceFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, errors.New("it is not JSON as it was written")
	}
	if f.Format != deviceFormat {
		return nil, fmt.Errorf("it is of format %d, and this program knows format %d", f.Format, deviceFormat)
	}
	d := &device{server: f.Server, label: f.Label, unconfirmed: f.Unconfirmed, authority: []byte(f.Authority)}
	var err error
	if d.key, err = crypto.ParseDeviceKey(f.DeviceKey); err != nil {
		return nil, err
	}
	if d.memory, err = holder.ParseMemory(f.Memory); err != nil {
		return nil, errors.New("what it remembers of the record is damaged")
	}
	if d.memory.Person.String() != f.Person {
		return nil, errors.New("it names one record and remembers another")
	}
	return d, nil
}

// save writes the device file, whole or not at all. Two commands may run at the
// same time: the one that has seen less must not make the device forget.
func (d *device) save() error {
	if err := os.MkdirAll(filepath.Dir(d.path), 0o700); err != nil {
		return err
	}
	unlock, err := lockFile(d.path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if b, err := os.ReadFile(d.path); err == nil {
		if old, err := parseDevice(b); err == nil && old.memory.Person == d.memory.Person && !d.accepted {
			d.memory = newer(d.memory, old.memory)
		}
	}
	b, err := json.MarshalIndent(deviceFile{deviceFormat, d.server, d.label, d.memory.Person.String(), d.key.Text(), d.memory.Marshal(), string(d.authority), d.unconfirmed}, "", "  ")
	if err != nil {
		return err
	}
	defer clear(b)
	return writeFileAtomic(d.path, append(b, '\n'))
}

// newer is what both have seen together. Where one has gone along to another store,
// that is the newer: what was seen of the store before it cannot be compared. It may
// have gone to a store that it was at before, so that which store says nothing, but
// how often it went does.
func newer(a, b holder.Memory) holder.Memory {
	switch {
	case a.Store == b.Store && len(a.Came) == len(b.Came):
		return a.Merge(b)
	case len(b.Came) > len(a.Came):
		return b
	}
	return a
}

// writeFileAtomic puts a file of mode 0600 in place of another in one step.
func writeFileAtomic(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// writeNewFile makes a file of mode 0600 that must not be there yet.
func writeNewFile(path string, b []byte) error {
	f, err := createNew(path)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func createNew(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, hinted(fmt.Errorf("%s is there already, and is not written over", path), "choose another name, or move it away")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noFolder(filepath.Dir(path))
	}
	return f, err
}

func noFolder(dir string) error {
	return hinted(fmt.Errorf("there is no folder %s", dir), "make it first, or choose another")
}

// mustBeNew refuses a file that is there, before anything is done.
func mustBeNew(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return hinted(fmt.Errorf("%s is there already, and is not written over", path), "choose another name, or move it away")
	}
	if dir := filepath.Dir(path); !isFolder(dir) {
		return noFolder(dir)
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
