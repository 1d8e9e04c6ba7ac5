//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

// backingUp is a backup of a server that runs, and a restore of one: the command is
// killed. A file or a folder that has its last name must be whole, and what else is
// left must be in nobody's way.
func (r *run) backingUp(ctx context.Context, origin string, p *person) ([]moment, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	identity := filepath.Join(r.dir, "identity")
	if err := os.WriteFile(identity, []byte(key.String()+"\n"), 0o600); err != nil {
		return nil, err
	}
	recipient := key.Recipient().String()
	verify := func(dir string) error {
		out, err := r.carehold(ctx, "verify", "--from", dir, "--identity", identity)
		if err != nil {
			return fmt.Errorf("verifying the backup: %w: %s", err, out)
		}
		return nil
	}

	backup := func(ctx context.Context, work string, options ...string) error {
		if err := errors.Join(os.RemoveAll(work), copyFolder(origin, work)); err != nil {
			return err
		}
		s, err := r.launch(ctx, work)
		if err != nil {
			return err
		}
		defer s.kill()
		to := work + "-backups"
		if err := errors.Join(os.RemoveAll(to), os.MkdirAll(to, 0o700)); err != nil {
			return err
		}
		argv := []string{r.program, "backup", "--data", work, "--socket", s.socket, "--to", to, "--recipient", recipient}
		_, _ = under(ctx, options, argv...)
		files, err := filepath.Glob(filepath.Join(to, "*.age"))
		if err != nil {
			return err
		}
		if len(files) > 0 {
			if err := verify(to); err != nil {
				return err
			}
		}
		if out, err := r.carehold(ctx, argv[1:]...); err != nil {
			return fmt.Errorf("the next backup: %w: %s", err, out)
		}
		if err := verify(to); err != nil {
			return err
		}
		if _, err := examine(ctx, s.address, []*person{p}, takeAll([]*person{p})); err != nil {
			return err
		}
		return s.stop()
	}

	from := filepath.Join(r.dir, "backups")
	if err := os.MkdirAll(from, 0o700); err != nil {
		return nil, err
	}
	s, err := r.launch(ctx, origin)
	if err != nil {
		return nil, err
	}
	out, err := r.carehold(ctx, "backup", "--data", origin, "--socket", s.socket, "--to", from, "--recipient", recipient)
	if err = errors.Join(err, s.stop()); err != nil {
		return nil, fmt.Errorf("a backup that nobody cut: %w: %s", err, out)
	}
	restore := func(ctx context.Context, work string, options ...string) error {
		if err := os.RemoveAll(work); err != nil {
			return err
		}
		argv := []string{r.program, "restore", "--from", from, "--identity", identity, "--data", work}
		_, _ = under(ctx, options, argv...)
		if _, err := os.Lstat(filepath.Join(work, "node.key")); errors.Is(err, os.ErrNotExist) { // no store: what is left of it goes, as the command says
			if err := os.RemoveAll(filepath.Join(work, "restoring")); err != nil {
				return err
			}
			if out, err := r.carehold(ctx, argv[1:]...); err != nil {
				return fmt.Errorf("restoring again: %w: %s", err, out)
			}
		}
		// What is there now is whole, whoever made it.
		if out, err := r.carehold(ctx, "verify", "--data", work); err != nil {
			return fmt.Errorf("verifying what was restored: %w: %s", err, out)
		}
		restored, err := inside(work)
		if err != nil {
			return err
		}
		return restored.stop()
	}
	return []moment{{"backup", backup}, {"restore", restore}}, nil
}

// carehold runs a command to its end.
func (r *run) carehold(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, r.program, args...)
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+os.TempDir()+"/torture-has-no-settings")
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
