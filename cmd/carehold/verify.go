package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/backup"
	"carehold/record/store"
)

func (a *app) verifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify",
		Short: "Look at every row of the store, or of a backup, for damage",
		Long: `Reads everything that the store has, and checks that it is what was stored:
every version of every entry, every log, keyring and list, as far as that can
be told without anybody's key. It asks the running server, or opens the store
itself when none runs; nobody waits for it. The server does it by itself once a
week.

With --from it verifies a backup instead, without restoring it: a folder, whose
newest backup it is, or files. Where there are backups of several stores in the
folder, --store ID says of which.

What the keys must open, a person checks with "carehold check --all".

The exit code is 7 when something is damaged. Each finding says whose record
and what; the record's name and the entry's are as they are at rest, and say
nothing of what is in them.`,
		Example: `  carehold verify
  carehold verify --from /media/backup --identity backup.key`,
		Args: nothing,
	}
	from := c.Flags().StringArray("from", nil, "a `folder` with backups, or a file; may be given again for files")
	identity := c.Flags().String("identity", "", "the `file` with the secret age key that opens the backup")
	verifier := c.Flags().String("verifier", "", "the server's public `key`: a backup that another has signed is refused")
	of := c.Flags().String("store", "", "the `id` of the store that was backed up, or its beginning, where there are several in the folder")
	settingFlags(c, "data", "node-key", "socket")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if len(*from) > 0 {
			return a.verifyBackup(c.Context(), *from, *of, *identity, *verifier)
		}
		if *identity != "" || *verifier != "" || *of != "" {
			return usagef("--identity, --verifier and --store go with --from")
		}
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		answer, err := a.verifyStore(c.Context(), s)
		if err != nil {
			return err
		}
		return a.showVerified(answer)
	}
	return c
}

// verifyLine is one line of the answer to POST /verify.
type verifyLine struct {
	Progress *store.VerifyProgress `json:"progress,omitempty"`
	Answer   *verified             `json:"answer,omitempty"`
	Error    *operatorError        `json:"error,omitempty"`
}

// verified is what a verification found.
type verified struct {
	People   uint64  `json:"people"`
	Entries  uint64  `json:"entries"`
	Versions uint64  `json:"versions"`
	Leaves   uint64  `json:"log_entries"`
	Rows     uint64  `json:"rows"`
	Bytes    uint64  `json:"bytes"`
	LeftOver uint64  `json:"left_over"` // rows that nothing names: no damage
	Damage   uint64  `json:"damage"`
	Seconds  float64 `json:"seconds"`

	Records     []damagedRecord `json:"records,omitempty"`
	Credentials uint64          `json:"damaged_credentials,omitempty"`
	Server      []string        `json:"damaged_of_server,omitempty"`

	Backup *verifiedBackup `json:"backup,omitempty"`
}

// verifiedBackup is which backup it was.
type verifiedBackup struct {
	Files    []string  `json:"files"`
	Store    string    `json:"store"`
	Verifier string    `json:"verifier"`
	Time     time.Time `json:"time"`
	Future   bool      `json:"dated_in_the_future,omitempty"`
}

func verifiedBackupOf(paths []string, h backup.Header) *verifiedBackup {
	return &verifiedBackup{paths, h.Store.String(), h.Verifier, h.Time.Truncate(time.Second), h.Time.After(time.Now().Add(ahead))}
}

func verifiedOf(r backup.Report) verified {
	v := verified{People: r.People, Entries: r.Entries, Versions: r.Versions, Leaves: r.Leaves, Rows: r.Rows, Bytes: r.Bytes,
		LeftOver: r.LeftOver, Damage: r.Damage}
	for _, d := range r.Damaged {
		v.Records = append(v.Records, damagedRecord{d.Person.String(), d.Count, d.Findings})
	}
	return v
}

func (o *operator) verify(ctx context.Context, progress func(store.VerifyProgress)) (verified, error) {
	last := time.Now()
	r, err := o.store.Verify(ctx, func(p store.VerifyProgress) {
		if time.Since(last) > time.Second {
			last = time.Now()
			progress(p)
		}
	})
	if err != nil {
		return verified{}, err
	}
	v := verifiedOf(r.Report)
	v.Damage, v.Credentials, v.Server, v.Seconds = r.All(), r.Lost, r.Node, r.Took.Round(time.Millisecond).Seconds()
	return v, nil
}

// verifyStore verifies the store: by the running server, or by opening it.
func (a *app) verifyStore(ctx context.Context, s *settings) (out verified, err error) {
	said := time.Now()
	progress := func(p store.VerifyProgress) {
		switch {
		case a.json:
			_ = a.status(p)
		case time.Since(said) > 10*time.Second && !a.quiet:
			said = time.Now()
			fmt.Fprintf(a.stderr, "verifying: %s, %s\n", plural(int(p.Rows), "row", "rows"), humanize.IBytes(p.Bytes))
		}
	}
	switch err := askWhose(ctx, s); {
	case errors.Is(err, errNotServing):
	case err != nil:
		return out, err
	default:
		err := stream(ctx, s, "/verify", nil, func(answer *http.Response) error {
			lines := bufio.NewScanner(answer.Body)
			lines.Buffer(nil, 64<<20)
			for lines.Scan() {
				var l verifyLine
				if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
					return err
				}
				switch {
				case l.Progress != nil:
					progress(*l.Progress)
				case l.Error != nil:
					return record.Safef(l.Error.Kind, "%s", l.Error.Message)
				case l.Answer != nil:
					out = *l.Answer
					return nil
				}
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.New("the server stopped in the middle of the verification")
		})
		return out, err
	}
	a.limitMemory(slog.New(slog.DiscardHandler))
	st, err := openPatiently(ctx, s, store.Options{})
	if err != nil {
		return out, refused(err)
	}
	defer st.Close()
	return (&operator{store: st, data: s.get("data"), backups: s.backups()}).verify(ctx, progress)
}

// openChain opens what --from names. Of several stores' in a folder it is the newest,
// and it says so: a store gets another id when it is restored.
func (a *app) openChain(from []string, of, identity string) (*backup.Chain, error) {
	ids, err := identities(identity)
	if err != nil {
		return nil, err
	}
	chain, err := backup.OpenChain(from, ids, strings.ToLower(of))
	if err != nil {
		return nil, badBackup(err)
	}
	if len(chain.Others) > 0 {
		var others []string
		for _, n := range chain.Others {
			others = append(others, fmt.Sprintf("%s, of %s", n.Store, local(n.Time)))
		}
		h := chain.Newest()
		a.warn("there are backups of several stores in this folder: this is that of the store %.8s, of %s. There is also %s: --store ID takes it",
			h.Store.String(), local(h.Time), strings.Join(others, "; "))
	}
	return chain, nil
}

func (a *app) verifyBackup(ctx context.Context, from []string, of, identity, verifier string) error {
	chain, err := a.openChain(from, of, identity)
	if err != nil {
		return err
	}
	defer chain.Close()
	if err := knownServer(chain, verifier); err != nil {
		return err
	}
	began := time.Now()
	r, err := backup.Verify(ctx, chain.Readers, a.tally("verifying"))
	if err != nil {
		return badBackup(err)
	}
	a.warnOf(chain.Newest(), r.People, verifier)
	v, h := verifiedOf(r), chain.Newest()
	v.Seconds = time.Since(began).Round(time.Millisecond).Seconds()
	v.Backup = verifiedBackupOf(chain.Paths, h)
	return a.showVerified(v)
}

// tally tells every ten seconds how many bytes went by.
func (a *app) tally(what string) func(bytes int) {
	said, sum, rows := time.Now(), uint64(0), uint64(0)
	return func(n int) {
		sum += uint64(n)
		rows++
		if rows%1000 != 0 || time.Since(said) < 10*time.Second {
			return
		}
		said = time.Now()
		switch {
		case a.json:
			_ = a.status(store.VerifyProgress{Rows: rows, Bytes: sum})
		case !a.quiet:
			fmt.Fprintf(a.stderr, "%s: %s, %s\n", what, plural(int(rows), "row", "rows"), humanize.IBytes(sum))
		}
	}
}
