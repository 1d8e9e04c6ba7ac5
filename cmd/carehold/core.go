package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carehold/httpapi/client"
	"carehold/httpapi/web"
	"carehold/record"
)

func (a *app) coreCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "core",
		Short: "Compare what a server sends to browsers with this program",
		Long: `In a browser your keys are handled by the core, a program that comes from the
server, with the scripts of its pages. This prints the SHA-256 of the core that
is in this program; a server publishes the same on its first page.

With --server it fetches core, scripts and styles from a server and compares
each with its own. Do that with a program that you did not get from that server:
a release whose hash you checked, or one that you built. Both must be of one
version.

It does not look at the pages themselves, which are made anew each time, and it
shows what the server sends to whoever asks now. A server that is out to
deceive can send something else to one browser; the command line never runs its
code.

The exit code is 7 when something differs.`,
		Example: `  carehold core
  carehold core --server https://record.example.org`,
		Args: nothing,
	}
	server := c.Flags().String("server", "", "the server's `address`: https:// and its name")
	c.Flags().StringVar(&a.caFile, "ca-file", "", "believe the certificate authority in this `file` (PEM), and no other")
	c.RunE = func(c *cobra.Command, _ []string) error {
		own, err := web.Published()
		if errors.Is(err, record.NotFound) {
			return coded(exitFailed, err, `releases have it; from the source "make build" makes a program with it`)
		}
		if err != nil {
			return err
		}
		if *server != "" {
			return a.compareCore(c.Context(), *server, own)
		}
		if a.json {
			return a.summary(struct {
				SHA256 string `json:"sha256"`
				Size   int64  `json:"size"`
				Packed int    `json:"packed"`
			}{own[0].Hash, own[0].Size, len(web.EmbeddedCore())})
		}
		a.say("%s", own[0].Hash)
		a.note("SHA-256 of the core for the browser, %s bytes (%s on the way), of carehold %s.",
			humanize.Comma(own[0].Size), humanize.Comma(int64(len(web.EmbeddedCore()))), version())
		a.command("carehold core --server ADDRESS", "compares what a server sends with it")
		return nil
	}
	return c
}

// compareCore says whether a server sends the same as this program would.
func (a *app) compareCore(ctx context.Context, server string, own []web.Asset) error {
	authority, err := a.authority()
	if err != nil {
		return err
	}
	roots, err := pool(authority)
	if err != nil {
		return err
	}
	to, err := client.New(server, client.Options{Roots: roots}) // it knows what an address is
	if err != nil {
		return usage(err)
	}
	differ := 0
	for _, asset := range own {
		hash, why, err := sentHash(ctx, to, asset)
		if err != nil {
			return err
		}
		same := hash == asset.Hash
		if !same {
			differ++
		}
		switch {
		case a.json:
			err = a.item(struct {
				Path   string `json:"path"`
				SHA256 string `json:"sha256"`
				Sent   string `json:"sent,omitempty"`
				Why    string `json:"why,omitempty"`
				Same   bool   `json:"same"`
			}{asset.Path, asset.Hash, hash, why, same})
		case !same:
			a.say("%s differs: %s", asset.Path, first(why, "it has "+hash+", and "+asset.Hash+" here"))
		case asset.Path == own[0].Path:
			a.say("%s is the same: %s", asset.Path, hash)
		}
		if err != nil {
			return err
		}
	}
	if differ > 0 {
		return coded(exitIntegrity, fmt.Errorf("%d of the %d things that %s sends to browsers are not those of this program", differ, len(own), to.Base()),
			fmt.Sprintf("the server's version is at the foot of its pages, and this program is carehold %s: compare with one of the same version. If it is the same, do not unlock your record in a browser at this server, and ask whoever runs it", version()))
	}
	if a.json {
		return a.summary(struct {
			Server string `json:"server"`
			Count  int    `json:"count"`
			Same   bool   `json:"same"`
		}{to.Base(), len(own), true})
	}
	a.say("Each of the %d: %s sends what this program has.", len(own), to.Base())
	return nil
}

// sentHash is the SHA-256 of what a server sends for an asset; "", and why, where it
// sends none that could be the same. What cannot be reached is an error.
func sentHash(ctx context.Context, to *client.Client, asset web.Asset) (hash, why string, err error) {
	b, err := to.Asset(ctx, asset.Path, asset.Size) // not however much a server wants to send
	switch record.KindOf(err) {
	case record.NotFound, record.Gone:
		return "", "the server does not have it", nil
	case record.TooLarge:
		return "", fmt.Sprintf("it is larger than the %s bytes here", humanize.Comma(asset.Size)), nil
	}
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), "", nil
}
