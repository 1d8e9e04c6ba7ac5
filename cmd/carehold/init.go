package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"carehold/record/store"
)

func (a *app) initCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a new, empty store for a server",
		Long: `Makes the folder in which a server keeps records, and the server's own key.

A store is made by this command only: a slip in a path must not look like a
server that has lost everything. It refuses a folder that has anything in it.

With --node-key the key is made elsewhere, so that a copy of the folder lacks
it: "serve" and the other commands must then be told the same path, by flag,
variable or configuration file. A systemd credential (LoadCredential=) will do.`,
		Example: `  carehold init
  carehold init --data /srv/carehold
  carehold init --data /srv/carehold --node-key /etc/carehold/node.key`,
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.settings(c)
			if err != nil {
				return err
			}
			dir := s.get("data")
			if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
				return hinted(errors.New("there is something in "+dir+" already, and nothing was changed"),
					`if it is a store, "carehold serve" serves it; else choose another folder with --data`)
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			elsewhere := s.from["node-key"] != "default"
			if elsewhere {
				if err := mustBeNew(s.get("node-key")); err != nil {
					return err
				}
			}
			if err := store.InitKey(dir, s.get("node-key")); err != nil {
				return err
			}
			if a.json {
				answer := struct {
					Data string `json:"data"`
					Key  string `json:"node_key,omitempty"`
				}{Data: dir}
				if elsewhere {
					answer.Key = s.get("node-key")
				}
				return a.summary(answer)
			}
			a.say("Made an empty store in %s", dir)
			if elsewhere {
				a.say("Made this server's own key in %s: keep a copy of it apart from those of the folder", s.get("node-key"))
			}
			a.note("")
			a.note("Next:")
			flag := ""
			if s.from["data"] != "default" {
				flag = " --data " + dir
			}
			if strings.HasPrefix(s.from["node-key"], "--") {
				flag += " --node-key " + s.get("node-key")
			}
			a.command("carehold serve"+flag, "serve it")
			a.command("carehold invite"+flag, "let one person make a record on it")
			return nil
		},
	}
	settingFlags(c, "data", "node-key")
	return c
}
