package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"carehold/record/store"
)

func (a *app) initCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a new, empty store for a server",
		Long: `Makes the folder in which a server keeps records, and the server's own key.

A store is made by this command only: a slip in a path must not look like a
server that has lost everything. It refuses a folder that has anything in it.`,
		Example: `  carehold init
  carehold init --data /srv/carehold`,
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
			if err := store.Init(dir); err != nil {
				return err
			}
			if a.json {
				return a.summary(struct {
					Data string `json:"data"`
				}{dir})
			}
			a.say("Made an empty store in %s", dir)
			a.note("")
			a.note("Next:")
			flag := ""
			if s.from["data"] != "default" {
				flag = " --data " + dir
			}
			a.command("carehold serve"+flag, "serve it")
			a.command("carehold invite"+flag, "let one person make a record on it")
			return nil
		},
	}
	settingFlags(c, "data")
	return c
}
