package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/backup"
	"carehold/record/store"
)

func (a *app) backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup",
		Short: "Write what the store has to a file, encrypted, while it serves",
		Long: `Writes a backup to a folder, as a file that only your key opens. It asks the
running server, or opens the store itself when none runs; nobody waits for it.
Let it run every night.

The key is made with age (age-encryption.org): "age-keygen -o backup.key" makes
it and prints the public half, age1…, which is the recipient. Keep backup.key,
and a copy of it, away from this machine: whoever has it can restore, and not
read: what people keep is sealed with their own keys inside.

The first backup is full. The next ones have what has changed since, as long as
the files before them are in the folder; a full one comes by itself each month.
Do not delete a file that later ones follow. There are no grants and no tokens
in a backup, so restoring one gives nobody access.

What is always the same can be in the configuration file:

  backup-to = "/media/backup"
  backup-recipients = "age1…"`,
		Example: `  carehold backup --to /media/backup --recipient age1…
  carehold backup
  carehold backup --full`,
		Args: nothing,
	}
	to := c.Flags().String("to", "", "the `folder` to write to, on another disk than the store's")
	keys := c.Flags().StringArray("recipient", nil, "a public age `key` that the backup is encrypted to; may be given again")
	file := c.Flags().String("recipients-file", "", "a `file` with a recipient a line")
	full := c.Flags().Bool("full", false, "write everything, not only what has changed")
	settingFlags(c, "data", "node-key", "socket")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		standard := s.get("backup-recipients")
		dir := first(*to, s.get("backup-to"))
		if dir == "" && len(*keys) == 0 && *file == "" && standard == "" { // both at once: it is the first time
			return coded(exitUsage, errors.New("say where to, and which key is to open it: carehold backup --to FOLDER --recipient age1…"),
				`"age-keygen -o backup.key" makes the key, on another machine, and prints the recipient; backup-to and backup-recipients in the configuration file say both for every night`)
		}
		q := backupRequest{Full: *full}
		if q.Recipients, err = recipients(*keys, *file, standard); err != nil {
			return err
		}
		if dir == "" {
			return usagef("say where to, with --to FOLDER")
		}
		if err := backupFolder(dir, s.get("data")); err != nil {
			return err
		}
		answer, err := a.makeBackup(c.Context(), s, dir, q)
		if err != nil {
			return err
		}
		if err := a.showBackup(answer); err != nil {
			return err
		}
		if answer.Damaged > 0 {
			if !a.json {
				for _, id := range answer.Records {
					a.warn("Record %s is not in this backup", id)
				}
			}
			return coded(exitIntegrity, fmt.Errorf("%s damaged, or too large, so that nothing of it could be backed up", plural(int(answer.Damaged), "record is", "records are")),
				`"carehold verify" says more; keep the backups that you have from before`)
		}
		return nil
	}
	return c
}

// recipients are those of the flags, or else of the file.
func recipients(keys []string, file, standard string) ([]string, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		lines := bufio.NewScanner(io.LimitReader(f, 1<<20))
		for lines.Scan() {
			keys = append(keys, lines.Text())
		}
	}
	if len(keys) == 0 && standard != "" {
		keys = strings.Split(standard, ",")
	}
	if _, err := backup.Recipients(keys); err != nil {
		return nil, coded(exitUsage, err, `"age-keygen -o backup.key" makes a key; carehold backup --recipient age1…`)
	}
	return keys, nil
}

// backupFolder refuses a folder that is not there, as when a disk is not mounted,
// and one that would go with the store's disk.
func backupFolder(dir, data string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return hinted(fmt.Errorf("there is no folder %s", dir), "is its disk there; if it is, make the folder")
	}
	if err != nil {
		return err
	}
	to, err1 := filepath.EvalSymlinks(dir)
	from, err2 := filepath.EvalSymlinks(data)
	if err1 != nil || err2 != nil {
		return nil
	}
	to, err1 = filepath.Abs(to)
	from, err2 = filepath.Abs(from)
	if rel, err := filepath.Rel(from, to); errors.Join(err, err1, err2) == nil && (rel == "." || filepath.IsLocal(rel)) {
		return hinted(fmt.Errorf("%s is in the store's own folder", dir), "write backups to another disk: what takes the store takes what is beside it")
	}
	return nil
}

// partSuffix is what a backup's file ends with until it is whole.
const partSuffix = ".part"

// makeBackup writes the file: under another name, until it is whole and on the disk.
func (a *app) makeBackup(ctx context.Context, s *settings, dir string, q backupRequest) (out backupAnswer, err error) {
	if q.Have, err = a.backupsIn(dir); err != nil {
		return out, err
	}
	f, err := os.CreateTemp(dir, "carehold-*"+partSuffix)
	if err != nil {
		return out, err
	}
	defer os.Remove(f.Name()) // which after the renaming there is not
	sink := &backupSink{f: f}
	began := time.Now()
	done := func(err error) error {
		if err == nil {
			err = sink.finish()
		}
		if err != nil {
			f.Close()
			return err
		}
		path := filepath.Join(dir, out.File)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already", path), f.Close())
		}
		out.Bytes, out.Duration = sink.n, time.Since(began).Round(time.Millisecond).Seconds()
		if err := errors.Join(f.Close(), os.Rename(f.Name(), path)); err != nil {
			return err
		}
		return syncDir(dir)
	}
	id := func() backupDone { return backupDone{out.ID, out.Bytes} }
	switch err := askWhose(ctx, s); {
	case err == nil:
		out, err = fetchBackup(ctx, s, q, sink)
		if err := done(err); err != nil {
			return out, err
		}
		err = ask(ctx, s, "POST", "/backup/done", id(), new(struct{}))
		out.File = filepath.Join(dir, out.File)
		return out, err
	case !errors.Is(err, errNotServing):
		return out, err
	}
	a.limitMemory(slog.New(slog.DiscardHandler))
	st, err := openPatiently(ctx, s, store.Options{})
	if err != nil {
		return out, refused(err)
	}
	defer st.Close()
	o := &operator{store: st, data: s.get("data"), backups: s.backups()}
	out, err = o.backup(ctx, sink, q)
	if err := done(err); err != nil {
		return out, err
	}
	err = o.backupDone(ctx, id())
	out.File = filepath.Join(dir, out.File)
	return out, err
}

// backupsIn lists the files there are, and tells of what was left.
func (a *app) backupsIn(dir string) (have []store.BackupFile, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			continue // it has just gone
		}
		if _, ok := backup.ParseName(e.Name()); ok {
			have = append(have, store.BackupFile{Name: e.Name(), Size: info.Size()})
		}
		if strings.HasPrefix(e.Name(), "carehold-") && strings.HasSuffix(e.Name(), partSuffix) && time.Since(info.ModTime()) > time.Hour {
			a.warn("%s is left of a backup that was cut off: remove it", filepath.Join(dir, e.Name()))
		}
	}
	return have, nil
}

func (a *app) showBackup(b backupAnswer) error {
	if a.json {
		return a.summary(b)
	}
	kind := "what has changed"
	if b.Full {
		kind = "everything"
	}
	a.say("Backed up %s: %s, %s in %s", kind, plural(int(b.People), "record", "records"), humanize.IBytes(uint64(b.Bytes)), b.File)
	if b.Full && b.Why != "" {
		a.note("It is a full one, for %s.", b.Why)
	}
	a.say("Store %s, signed with %s", b.Store, b.Server)
	if b.People == 0 {
		a.warn("there is no record in this backup: is this the store that you meant")
	}
	return nil
}

// backupSink is the file, with what went wrong with it.
type backupSink struct {
	f   *os.File
	n   int64
	err error
}

func (s *backupSink) Write(b []byte) (int, error) {
	n, err := s.f.Write(b)
	s.n += int64(n)
	if err != nil {
		s.err = noRoom(filepath.Dir(s.f.Name()), err)
		return n, s.err
	}
	return n, nil
}

func (s *backupSink) finish() error {
	if err := s.f.Sync(); err != nil {
		return noRoom(filepath.Dir(s.f.Name()), err)
	}
	return nil
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // which has no such call
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// noRoom says what a write that failed means: the backup is not there, and the one
// before it is as it was.
func noRoom(dir string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &failure{err: fmt.Errorf("the backup could not be written to %s: %w", dir, err),
		hint: "make room there, or choose another folder; the backups that are there are as they were"}
}

// identities reads the file that opens backups.
func identities(path string) ([]backup.Identity, error) {
	if path == "" {
		return nil, usagef("say which key opens it, with --identity FILE: the one whose public half it was encrypted to")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ids, err := backup.Identities(f)
	if err != nil {
		return nil, hinted(fmt.Errorf("%s: %w", path, err), "one with a passphrase is opened first: age -d -o backup.key backup.key.age")
	}
	return ids, nil
}

// ahead is how far a backup's time may be past this machine's before that is told.
const ahead = time.Hour

// warnOf says what an operator should see of a backup before they believe it.
func (a *app) warnOf(h backup.Header, people uint64, verifier string) {
	if h.Time.After(time.Now().Add(ahead)) {
		a.warn("the newest of these backups is dated in the future, %s: this machine's clock or the server's was wrong, or somebody made the file up", local(h.Time))
	}
	if people == 0 {
		a.warn("there is no record in this backup: it is not the one that you want, or somebody made it up")
	}
	if verifier == "" {
		a.warn("anybody who knows the recipient can make a backup up. That this one is your server's shows by the key that signed it, which \"carehold status\" says there: name it with --verifier")
	}
}

// backupHint is what to do when a backup cannot be read.
const backupHint = `the file is damaged, or is not what it should be: copy it anew from where the backups are kept, or name an older one with --from: a file that ends with -full.age needs no other`

// badBackup gives an error of a backup's a hint for whoever runs the server.
func badBackup(err error) error {
	if errors.Is(err, record.Integrity) {
		return coded(exitIntegrity, err, backupHint)
	}
	if errors.Is(err, record.Unauthorized) {
		return hinted(err, `--identity wants the secret key whose public half, age1…, was named when the backup was made (backup-recipients, --recipient): "age-keygen -y FILE" prints a secret key's public half`)
	}
	return err
}

// knownServer refuses a backup that another server than the one that is known
// has signed.
func knownServer(chain *backup.Chain, verifier string) error {
	if verifier == "" || chain.Newest().Verifier == verifier {
		return nil
	}
	if strings.HasSuffix(verifier, "…") || strings.HasSuffix(verifier, "...") {
		return coded(exitUsage, errors.New("the key after --verifier was cut short: it ends in dots"), `"carehold status" on the server prints the whole one, on a line of its own`)
	}
	hint := "do not restore it, unless that is a key of your server's from before a restore; see who can write to the folder"
	if len(chain.Others) > 0 {
		hint = "a restored server has another key: is it the one that you noted last? --store ID takes the backup of another store; else see who can write to the folder"
	}
	return coded(exitIntegrity, record.Safef(record.Integrity, "this backup is not of the server whose key you named, but of %s", chain.Newest().Verifier), hint)
}
