package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
)

// everything reads a folder, by the names in it.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var b []byte
			b, err = os.ReadFile(path)
			all[path] = string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A table with rows in it is gone. Each opening says so in the same words, and
// changes nothing: so that who finds the file, and puts it back, has everything.
// To accept the loss would be to go on with whatever is left; that is refused too.
func TestTableIsGoneForGood(t *testing.T) {
	const want = "tables of the store are not there: restore the last backup"
	e, dir := create(t, testOptions())
	for i := range 3 {
		put(t, e, kv1, fmt.Sprint("of ", i), "1")
		put(t, e, kv1, "head", fmt.Sprint(i))
		shut(t, e)
		e = open(t, dir, testOptions())
	}
	put(t, e, kv1, "in the log", "1")
	put(t, e, kv1, "head", "new")
	running := killed(t, dir)
	shut(t, e)

	check := func(name, store string, missing ...string) {
		t.Run(name, func(t *testing.T) {
			dead := killed(t, store)
			for _, m := range missing {
				if err := os.Rename(filepath.Join(dead, m), filepath.Join(filepath.Dir(dead), m)); err != nil {
					t.Fatal(err)
				}
			}
			before := everything(t, filepath.Dir(dead))
			for _, accept := range []bool{false, true, false} {
				opts := testOptions()
				opts.AcceptLoss = accept
				e, err := Open(dead, opts)
				if err == nil {
					e.Close()
					t.Fatalf("opened, loss accepted: %v", accept)
				}
				if !errors.Is(err, record.Integrity) || err.Error() != want {
					t.Errorf("loss accepted: %v: %v", accept, err)
				}
				after := everything(t, filepath.Dir(dead))
				if manifest := filepath.Join(dead, bdb.ManifestFilename); after[manifest] != before[manifest] {
					t.Error("the manifest is another")
				}
				if !maps.Equal(after, before) {
					t.Error("something in the folder is another")
				}
			}
			for _, m := range missing {
				if err := os.Rename(filepath.Join(filepath.Dir(dead), m), filepath.Join(dead, m)); err != nil {
					t.Fatal(err)
				}
			}
			e := open(t, dead, testOptions())
			for _, key := range []string{"of 0", "of 1", "of 2", "in the log"} {
				if got := read(t, e, kv1, key); got != "1" {
					t.Errorf("%s is %q", key, got)
				}
			}
			if e.Accepted() {
				t.Error("a loss is said to be accepted")
			}
			shut(t, e)
		})
	}
	for name, store := range map[string]string{"stopped": dir, "killed": running} {
		tables, err := filepath.Glob(filepath.Join(store, "*.sst"))
		if err != nil || len(tables) < 3 {
			t.Fatal(tables, err)
		}
		for i := range tables {
			tables[i] = filepath.Base(tables[i])
			check(name+" without "+tables[i], store, tables[i])
		}
		check(name+" without any", store, tables...)
	}
}

// What a trial leaves that is ended by a kill stands in nobody's way, and goes.
func TestTrialIsCutShort(t *testing.T) {
	e, dir := create(t, testOptions())
	put(t, e, kv1, "head", "1")
	shut(t, e)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	for _, phantom := range []bool{false, true} {
		left := filepath.Join(dir, trialDir)
		if err := os.Mkdir(left, 0o700); err != nil {
			t.Fatal(err)
		}
		copyFile(t, tables[0], filepath.Join(left, "000099.sst"))
		if err := errors.Join(os.WriteFile(filepath.Join(left, bdb.ManifestFilename), []byte("Bdg"), 0o600),
			os.WriteFile(filepath.Join(left, "00001.mem"), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		if phantom {
			appendTo(t, filepath.Join(dir, bdb.ManifestFilename), created(77, 0))
		}
		e := open(t, dir, testOptions())
		if got := read(t, e, kv1, "head"); got != "1" {
			t.Errorf("head is %q", got)
		}
		if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
		shut(t, e)
	}
}
