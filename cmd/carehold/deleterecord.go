package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// deleteWord is what is typed to delete a record.
const deleteWord = "delete"

func (a *app) deleteRecordCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "delete-record",
		Short: "Delete your record from its server, for good",
		Long: `Has the server delete your record: every entry and document with its older
versions, the history, your keys there, and everybody's access. Nobody can bring
it back but you, from an export: carehold export first.

What others have read they may have copied. The server's backups have the record
until they run out, and a way to unlock it that was there opens it in them: ask
whoever runs the server how long that is. That it keeps no copy is its word:
you see that it gives nothing out any more.

A record that has moved to another server is not touched there.`,
		Example: `  carehold export my-record.zip.age
  carehold delete-record
  carehold delete-record --for-good`,
		Args: nothing,
	}
	sure := c.Flags().Bool("for-good", false, "do not ask; --yes alone does not say it")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		if err := a.mayDelete(u, *sure); err != nil {
			return err
		}
		if err := u.Delete(c.Context()); err != nil {
			return err
		}
		if a.json {
			return a.summary(struct {
				Server  string `json:"server"`
				Deleted bool   `json:"deleted"`
			}{u.device.server, true})
		}
		a.say("%s has deleted your record.", u.device.server)
		a.note("The file of this device opens nothing any more, and can be removed: %s. So can your recovery sheet be thrown away, if it is of no other copy.", clean(u.device.path))
		return nil
	}
	return c
}

// mayDelete asks for a word: a yes is given too quickly.
func (a *app) mayDelete(u *unlocked, sure bool) error {
	if sure {
		return nil
	}
	how := coded(exitLocked, errors.New("nobody said that the record is to be deleted for good"), "to delete it without a question: carehold delete-record --for-good")
	t, err := a.terminal()
	if err != nil {
		return how
	}
	defer t.close()
	if a.yes {
		return how
	}
	a.note("This deletes your whole record at %s, and there is no way back.", u.device.server)
	said, err := t.line("Type " + deleteWord + " to delete it: ")
	if err != nil {
		return err
	}
	if said != deleteWord {
		return declined(nil)
	}
	return nil
}
