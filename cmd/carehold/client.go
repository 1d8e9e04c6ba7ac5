package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
)

func (a *app) clientCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "client",
		Short: "Register the apps that may ask people for their record",
		Long: `Apps ask a person for a part of their record by OAuth (SMART App Launch). This
lists, adds and removes those that may ask here. What an app may then read, and
until when, is for each person to say: registering one opens nothing.

It works on clients.json in the data folder, whether the server runs or not; the
server knows at once.

An app that nobody registered may ask as well where --unknown-clients is on: its
client_id is a URL at which it describes itself, and people are shown the host.`,
		Example: `  carehold client add Sunrise --redirect https://app.sunrise.example/callback
  carehold client list
  carehold client remove app-0f3c5a7791d2e684`,
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.clientAddCommand(), a.clientListCommand(), a.clientRemoveCommand())
	return c
}

// clientRegistry is the registry of the settings' store. The server looks apps up that
// nobody registered, where the settings say so.
func clientRegistry(s *settings, log *slog.Logger) (*clients.Registry, error) {
	unknown, err := s.on("unknown-clients")
	if err != nil {
		return nil, err
	}
	o := clients.Options{Log: log}
	if unknown {
		o.Fetch = newFetch("")
	}
	return clients.Open(filepath.Join(s.get("data"), clients.File), o), nil
}

// registry is clientRegistry for a command, which needs a store to be there.
func (a *app) registry(c *cobra.Command) (*clients.Registry, error) {
	s, err := a.settings(c)
	if err != nil {
		return nil, err
	}
	if err := hasStore(s); err != nil {
		return nil, err
	}
	return clientRegistry(s, nil)
}

// registryError says what to do about an error of the registry.
func registryError(err error) error {
	switch {
	case errors.Is(err, record.NotFound):
		return hinted(err, `"carehold client list" has the ids`)
	case errors.Is(err, record.Unprocessed):
		return usage(err)
	case errors.Is(err, record.Unavailable): // it says itself what to do
		return hinted(err, `"carehold client list" says whether it can be read again`)
	}
	return err
}

// clientItem is a client as --json has it: what is kept of a secret stays where it is.
type clientItem struct {
	clients.Client
	SecretHash string `json:"secret_sha256,omitempty"` // hides the other
	Secret     string `json:"secret,omitempty"`        // of one that was just added
}

func (a *app) clientListCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the apps that are registered",
		Example: `  carehold client list
  carehold client list --json`,
		Args: nothing,
	}
	settingFlags(c, "data")
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := a.registry(c)
		if err != nil {
			return err
		}
		list, err := r.List()
		if err != nil {
			return registryError(err)
		}
		err = eachOf(a, list, func(x clients.Client) any { return clientItem{Client: x} }, a.showClient)
		if err != nil || a.json {
			return err
		}
		if len(list) == 0 {
			a.say("No app is registered.")
		}
		if r.TakesUnknown() {
			a.note("")
			a.note("Apps that nobody registered may ask too: --unknown-clients is on.")
		}
		return nil
	}
	return c
}

func (a *app) showClient(c clients.Client) {
	a.say("%s  %s", c.ID, cut(joined(", ", c.Name, c.Organisation), max(12, a.columns()-len(c.ID)-2)))
	how := map[clients.Auth]string{clients.Public: "keeps no secret", clients.Secret: "has a secret", clients.Key: "proves itself by a key"}[c.Auth]
	var also []string
	for _, x := range []struct {
		is   bool
		text string
	}{{c.Profile == clients.FAPI2, "profile fapi2"}, {c.DPoP, "binds its tokens"}, {c.PAR, "pushes what it asks for"}, {c.Backend, "may come without a person"}} {
		if x.is {
			also = append(also, x.text)
		}
	}
	a.paragraph("    ", sentence(joined(", ", append([]string{how}, also...)...)+". Added "+local(c.Added)))
	for _, r := range c.Redirects {
		a.say("    sends back to %s", r)
	}
	for _, o := range c.Origins {
		a.say("    scripts of    %s", o)
	}
	if c.JWKSURI != "" {
		a.say("    keys at       %s", c.JWKSURI)
	}
	if c.URI != "" {
		a.say("    about it      %s", c.URI)
	}
}

func (a *app) clientRemoveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "remove ID",
		Short: "Let an app ask no more",
		Long: `Takes an app out of the registry: from now on the server does not know it, and
it gets no new token. What a person granted is theirs to end, and they see it in
"carehold grants".`,
		Example: `  carehold client remove app-0f3c5a7791d2e684`,
		Args:    exactly(1, "the id of an app"),
	}
	settingFlags(c, "data")
	c.RunE = func(c *cobra.Command, args []string) error {
		r, err := a.registry(c)
		if err != nil {
			return err
		}
		gone, err := r.Remove(args[0])
		if err != nil {
			return registryError(err)
		}
		if a.json {
			return a.summary(struct {
				Removed string `json:"removed"`
				Name    string `json:"name"`
			}{gone.ID, gone.Name})
		}
		a.say("Removed: %s, %s", gone.Name, gone.ID)
		return nil
	}
	return c
}

// clientName is the first argument, in words for who forgot it.
func clientName(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s needs the name that people are shown, and nothing else: put one of several words in quotes", c.CommandPath())
	}
	return nil
}
