package main

import (
	"github.com/spf13/cobra"

	"carehold/record/grant"
	"carehold/record/keys"
)

func (a *app) refuseCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "refuse REQUEST",
		Short: "Say no to somebody who asks",
		Long: `Says no to a request. They are told that you said no, with your words if you
give some; not whether there is anything in your record. They can ask again.

With --no-answer a request that came in at an address of yours is removed, and
they are told nothing: their page goes on waiting.

` + requestHelp,
		Example: `  carehold refuse 3f2a91bc
  carehold refuse K7QM-2D9F-XW4T
  carehold refuse 3f2a91bc --say "Please ring me first"`,
		Args: exactly(1, "one request, and a name of several words in quotes"),
	}
	say := c.Flags().String("say", "", "a few `words` that they are told")
	mute := c.Flags().Bool("no-answer", false, "remove the request; they are told nothing")
	a.deviceFlags(c)
	c.MarkFlagsMutuallyExclusive("say", "no-answer")
	_ = c.RegisterFlagCompletionFunc("say", noFiles)
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(*say) > keys.MaxWords || !grant.Printable(*say) {
			return usagef("what you say to it has at most %d characters, in one line", keys.MaxWords)
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		r, err := u.request(c.Context(), args[0])
		if err != nil {
			return err
		}
		told := false
		switch {
		case r.Damaged, *mute && !withCode(r):
			err = u.Drop(c.Context(), u.token, r)
		case *mute:
			return usagef("a code needs no removing: it is over in 15 minutes by itself")
		default:
			told, err = true, u.Refuse(c.Context(), u.token, r, *say)
		}
		if err != nil {
			return err
		}
		who := "a request that could not be opened"
		if !r.Damaged {
			who = theirWords(r.Question.To)
		}
		switch {
		case a.json:
			return a.summary(struct {
				Request string `json:"request"`
				Name    string `json:"name,omitempty"`
				Told    bool   `json:"told"`
			}{requestID(r), r.Question.To.Name, told})
		case told && *say != "" && !withCode(r):
			a.say("Refused: %s. They are told that you said no, with your words.", who)
		case told:
			a.say("Refused: %s. They are told that you said no.", who)
		default:
			a.say("Removed: %s. They are told nothing.", who)
		}
		return nil
	}
	return c
}
