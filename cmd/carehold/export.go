package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/httpapi/client"
	"carehold/record/change"
)

func (a *app) exportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export FILE",
		Short: "Write your whole record to a file, as FHIR",
		Long: `Writes the newest version of every entry to a new file: a FHIR R4 Bundle if its
name ends with .json, NDJSON if it ends with .ndjson. It holds all sections, the
sensitive ones too. The file is not encrypted, and only you may read it (mode
0600): keep it as you keep the record.`,
		Example: `  carehold export my-record.json
  carehold export my-record.ndjson`,
		Args: exactly(1, "the name of a file"),
	}
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		path := args[0]
		ndjson := strings.HasSuffix(path, ".ndjson")
		if !ndjson && !strings.HasSuffix(path, ".json") {
			return usagef("%s ends with neither .json nor .ndjson, and nothing else is written", path)
		}
		if err := mustBeNew(path); err != nil {
			return err
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		f, err := createNew(path)
		if err != nil {
			return err
		}
		n, err := u.export(c.Context(), f, ndjson)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path) // half an export looks like a whole one
			return err
		}
		if a.json {
			return a.summary(struct {
				File    string `json:"file"`
				Entries int    `json:"entries"`
			}{path, n})
		}
		a.say("Wrote %s to %s", entriesOf(n), path)
		a.note("It is not encrypted. Delete it when you no longer need it.")
		return nil
	}
	return c
}

// export writes every entry, type by type in alphabetical order.
func (u *unlocked) export(ctx context.Context, to io.Writer, ndjson bool) (int, error) {
	list, err := u.session.Entries(ctx)
	if err != nil {
		return 0, err
	}
	var types []string
	for _, e := range list {
		if !e.Deleted && !slices.Contains(types, e.Type) {
			types = append(types, e.Type)
		}
	}
	slices.Sort(types)
	w := bufio.NewWriter(to)
	n := 0
	each := func(write func(client.Found) error) error {
		p := u.app.progress("exporting", len(list))
		defer p.finish()
		for _, typ := range types {
			if err := u.session.Search(ctx, typ, func(f client.Found) error {
				n++
				p.add(1)
				return write(f)
			}); err != nil {
				return err
			}
		}
		return nil
	}
	if ndjson {
		err = each(func(f client.Found) error { return writeLine(w, f.Resource) })
	} else {
		b := change.NewBundleWriter(w, change.BundleHead{Type: "collection", Time: u.Now().Truncate(time.Second)})
		err = each(func(f client.Found) error {
			return b.Entry(change.BundleEntry{FullURL: u.client.Base() + "/fhir/" + f.Ref.String(), Resource: f.Resource})
		})
		if err == nil {
			err = b.Close()
		}
	}
	return n, errors.Join(err, w.Flush())
}

// writeLine writes a resource in one line. A line break in JSON can only stand
// between its tokens, so taking it out changes nothing.
func writeLine(w *bufio.Writer, resource []byte) error {
	for _, c := range resource {
		if c != '\n' && c != '\r' {
			if err := w.WriteByte(c); err != nil {
				return err
			}
		}
	}
	return w.WriteByte('\n')
}
