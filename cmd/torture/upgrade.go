//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// The store of an older format that record/store keeps for its tests, and what is
// in it.
const oldStore = "record/store/testdata/format1"

type oldPerson struct {
	Recovery string
	Memory   string
	Log      uint64
	Versions []struct {
		Ref     string
		Version record.Version
		Deleted bool
		SHA256  string
	}
	Grants []struct {
		Name, Token string
		Opens       bool
	}
}

// upgrading is a store of an older format that is opened, which upgrades it.
func (r *run) upgrading() (moment, error) {
	var want struct{ People []oldPerson }
	b, err := os.ReadFile(filepath.Join(oldStore, "want.json"))
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		return moment{}, fmt.Errorf("run this in the project's folder: %w", err)
	}
	return moment{"upgrade", func(ctx context.Context, work string, options ...string) error {
		err := errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o700))
		if err == nil {
			_, err = command(ctx, "tar", "-xzf", filepath.Join(oldStore, "store.tar.gz"), "-C", work)
		}
		if err != nil {
			return err
		}
		data, err := storeIn(work)
		if err != nil {
			return err
		}
		s, err := r.launch(ctx, data, append([]string{"strace", "-f", "--seccomp-bpf", "--quiet=all"}, options...)...)
		if err == nil {
			_ = s.stop()
		} else if !errors.Is(err, errRefused) {
			return err
		}
		again, err := inside(data)
		if err != nil {
			return fmt.Errorf("opening: %w", err)
		}
		for i, p := range want.People {
			if e := p.examine(ctx, again.address); e != nil {
				err = errors.Join(err, fmt.Errorf("person %d: %w", i, e))
			}
		}
		return errors.Join(err, again.stop())
	}}, nil
}

// storeIn finds the store's folder in what was unpacked.
func storeIn(dir string) (data string, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "node.key" {
			data = filepath.Dir(path)
		}
		return err
	})
	if err == nil && data == "" {
		err = errors.New("there is no store in the fixture")
	}
	return data, err
}

func (p *oldPerson) examine(ctx context.Context, address string) error {
	road := newRoad(address)
	defer road.close()
	c, err := road.client()
	if err != nil {
		return err
	}
	code, err := crypto.ParseRecoveryCode(p.Recovery)
	if err != nil {
		return err
	}
	b, err := hex.DecodeString(p.Memory)
	if err != nil {
		return err
	}
	memory, err := holder.ParseMemory(b)
	if err != nil {
		return err
	}
	h, err := holder.Unlock(ctx, c, code.Slot(), memory)
	if err != nil {
		return fmt.Errorf("unlocking: %w", err)
	}
	defer h.Close()
	token, _, err := h.SignIn(ctx)
	if err != nil {
		return err
	}
	list, err := h.History(ctx, token, 0)
	if err != nil || uint64(len(list)) < p.Log {
		return fmt.Errorf("the log has %d entries, had %d: %w", len(list), p.Log, err)
	}
	for _, v := range p.Versions {
		typ, id, _ := strings.Cut(v.Ref, "/")
		body, e := c.With(token).VRead(ctx, fhir.Ref{Type: typ, ID: id}, v.Version)
		sum := sha256.Sum256(body)
		switch {
		case v.Deleted && !errors.Is(e, record.Gone):
			err = errors.Join(err, fmt.Errorf("a deleted version: %v", e))
		case !v.Deleted && (e != nil || hex.EncodeToString(sum[:]) != v.SHA256):
			err = errors.Join(err, fmt.Errorf("a version is not what it was: %w", e))
		}
	}
	return err
}
