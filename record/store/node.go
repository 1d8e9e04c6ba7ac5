package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"carehold/crypto"
	"carehold/record"
)

// node.key is 32 random bytes, outside the database: the key of the live lists'
// and heads' authentication, of the anchor and of the checkpoints' signature. It
// opens nothing of anybody's record. Losing it is a restore.

// ErrNoNodeKey: the node key is not where it is said to be.
var ErrNoNodeKey = errors.New("store: no node key")

func createNodeKey(path string) error {
	key := make([]byte, crypto.KeySize)
	rand.Read(key)
	defer clear(key)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(key)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // half a key is none, and is in the way of one
	}
	return err
}

func readNodeKey(path string) (crypto.Key, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return crypto.Key{}, &record.Error{Kind: record.Unavailable, Safe: "there is no node key at " + path + ": is this the folder that carehold init made?", Err: ErrNoNodeKey}
	}
	if err != nil {
		return crypto.Key{}, err
	}
	if tooOpen(info.Mode()) && !credential(path) {
		return crypto.Key{}, record.Safef(record.Unavailable, "the node key %s can be read by others: chmod 600 %s", path, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return crypto.Key{}, err
	}
	defer clear(b)
	key, err := crypto.KeyFrom(b)
	if err != nil {
		return crypto.Key{}, record.Safef(record.Integrity, "the node key %s is damaged: it has %d bytes, not %d", path, len(b), crypto.KeySize)
	}
	return key, nil
}

// credential reports whether systemd handed a file over (LoadCredential=). The
// folder is the service's alone; where an ACL lets the service's user read a file in
// it, the mode looks as if a group might.
func credential(path string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return filepath.IsAbs(dir) && filepath.Dir(path) == filepath.Clean(dir)
}

// Init makes a new store in a folder that does not exist yet or is empty. A
// store is never made by opening one: a slip in a path must not look like a
// record that has lost everything.
func Init(dir string) error { return InitKey(dir, filepath.Join(dir, nodeKeyFile)) }

// InitKey is Init with the node key at a path of its own, so that a copy of the
// folder lacks it. Nothing may be there yet, and if it fails nothing is.
func InitKey(dir, nodeKey string) error { return initAt(dir, nodeKey, nil) }

// initAt is InitKey by another clock than time.Now.
func initAt(dir, nodeKey string, now func() time.Time) (err error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		defer func() {
			if err != nil {
				_ = os.Remove(dir)
			}
		}()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return record.Safef(record.Conflict, "%s is not empty: a new store needs a folder of its own", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	if err := createNodeKey(nodeKey); err != nil {
		return fmt.Errorf("making the node key: %w", err)
	}
	if err := create(dir, nodeKey, now); err != nil {
		_ = os.RemoveAll(filepath.Join(dir, databaseDir))
		for _, path := range []string{filepath.Join(dir, anchorFile), filepath.Join(dir, anchorFile+".new"), nodeKey} {
			_ = os.Remove(path)
		}
		return err
	}
	return nil
}
