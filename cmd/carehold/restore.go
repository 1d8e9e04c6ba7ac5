package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/store"
)

func (a *app) restoreCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "restore",
		Short: "Make a new store of a backup",
		Long: `Makes a store of a backup, in a folder that does not exist or is empty. --from
is the folder with the backups, whose newest it is; or a file, for an older
one; what that follows is looked for beside it. A store that was restored has
another id and goes on in the same folder: the newest of all is taken, which it
says, and --store ID takes that of another.

All of it is verified before there is a store, so it is there whole or not at
all. The new store has a name and a key of its own. Nobody's grants and tokens
are in it: each person carries their record on from their own device, which
asks them first, and then shares it anew.

Name the server's public key with --verifier ("carehold status" says it there:
note it): then a backup that somebody else has made up is refused.`,
		Example: `  carehold restore --from /media/backup --identity backup.key --data /srv/new
  carehold restore --from /media/backup --identity backup.key --dry-run`,
		Args: nothing,
	}
	from := c.Flags().StringArray("from", nil, "a `folder` with backups, or a file; may be given again for files")
	identity := c.Flags().String("identity", "", "the `file` with the secret age key that opens the backup")
	verifier := c.Flags().String("verifier", "", "the server's public `key`: a backup that another has signed is refused")
	of := c.Flags().String("store", "", "the `id` of the store that was backed up, or its beginning, where there are several in the folder")
	dry := c.Flags().BoolP("dry-run", "n", false, "verify it, and make nothing")
	damage := c.Flags().Bool("accept-damage", false, "restore what there is, though some of it is damaged")
	settingFlags(c, "data", "node-key")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if len(*from) == 0 {
			return usagef("say where the backup is, with --from FOLDER or FILE")
		}
		if *dry {
			return a.verifyBackup(c.Context(), *from, *of, *identity, *verifier)
		}
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		a.limitMemory(slog.New(slog.DiscardHandler))
		chain, err := a.openChain(*from, *of, *identity)
		if err != nil {
			return err
		}
		defer chain.Close()
		if err := knownServer(chain, *verifier); err != nil {
			return err
		}
		opt := store.RestoreOptions{AcceptDamage: *damage, Progress: a.tally("restoring")}
		if s.from["node-key"] != "default" {
			opt.NodeKey = s.get("node-key")
		}
		out, err := store.Restore(c.Context(), s.get("data"), chain.Readers, opt)
		if err != nil && out.Damage > 0 && errors.Is(err, record.Integrity) {
			v := verifiedOf(out.Report)
			v.Backup = verifiedBackupOf(chain.Paths, out.Header)
			return errors.Join(a.showVerified(v), nil)
		}
		if errors.Is(err, record.Unavailable) {
			return hinted(err, "nothing was restored; the backup is as it was")
		}
		if err != nil {
			return badBackup(err)
		}
		a.warnOf(out.Header, out.People, *verifier)
		return a.showRestored(s, out, len(chain.Paths))
	}
	return c
}

// restored is the answer of restore.
type restored struct {
	Data     string `json:"data"`
	Store    string `json:"store"`
	Of       string `json:"of"`       // the store that was backed up
	Verifier string `json:"verifier"` // of the node that signed it
	Time     string `json:"time"`
	Files    int    `json:"files"`
	People   uint64 `json:"people"`
	Entries  uint64 `json:"entries"`
	Damage   uint64 `json:"damage"`
	LeftOut  uint64 `json:"left_out"`
	LeftOver uint64 `json:"left_over"`
}

func (a *app) showRestored(s *settings, out store.Restored, files int) error {
	r := restored{s.get("data"), out.Store.String(), out.Header.Store.String(), out.Header.Verifier, out.Header.Time.Format("2006-01-02T15:04:05Z"),
		files, out.People - out.Left, out.Entries, out.Damage, out.Left, out.LeftOver}
	if a.json {
		if err := a.summary(r); err != nil {
			return err
		}
	} else {
		a.say("Restored %s with %s, as they were at %s, into %s", plural(int(r.People), "record", "records"), entriesOf(int(r.Entries)), local(out.Header.Time), r.Data)
		a.say("The backup is of the store %s, signed with %s", r.Of, r.Verifier)
		a.note("")
		a.note("What was written after that is not there, and nobody has access yet. Next:")
		flag := ""
		if s.from["data"] != "default" {
			flag = " --data " + r.Data
		}
		a.command("carehold status"+flag, "how many people and entries of the log there are: what the drill compares")
		a.command("carehold serve"+flag, "only if the old server is gone: at the address that people know")
		a.command("carehold carry-on", "then each person, on their own device: go on with their record")
		a.note("")
		a.note("After a drill remove the folder, and do not serve it: people's devices would see two servers.")
	}
	if r.Damage > 0 {
		return coded(exitPartly, fmt.Errorf("%s damaged, and %s left out", plural(int(r.Damage), "thing is", "things are"), plural(int(r.LeftOut), "record was", "records were")),
			`"carehold verify" says what`)
	}
	return nil
}
