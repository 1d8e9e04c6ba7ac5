package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"carehold/httpapi/oauth/clients"
)

func (a *app) clientAddCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Register an app",
		Long: `Registers an app under the name that people are shown, and prints the id that it
is configured with.

An app on a device or in a browser keeps no secret: it is --public, which is
meant when nothing is said. One on a server of its own proves itself by a key
(--jwks with its public keys, or --jwks-uri with the address of them), or by a
secret, which this makes and prints once.

--profile fapi2 is for organisations: a key, tokens bound to one (--dpop) and
requests that are pushed (--par).

A redirect is where a person is sent back to, exactly as the app will ask for
it: https, or for an app on their device http://127.0.0.1 (any port) or a scheme
of its own.`,
		Example: `  carehold client add Sunrise --redirect https://app.sunrise.example/callback
  carehold client add "Ward tablet" --redirect org.example.ward:/callback
  carehold client add "Rio, Mosaic" --organisation "Borough Council" \
    --redirect https://rio.example/cb --profile fapi2 \
    --jwks-uri https://rio.example/jwks
  carehold client add Nightly --backend --jwks nightly.jwks.json`,
		Args: clientName,
	}
	f := c.Flags()
	var x clients.Client
	f.StringArrayVar(&x.Redirects, "redirect", nil, "a `URL` that a person may be sent back to; several times for several")
	public := f.Bool("public", false, "it keeps no secret (this is so if nothing is said)")
	secret := f.Bool("secret", false, "make a secret for it, and print it once")
	jwks := f.String("jwks", "", "a `file` with its public keys (a JWK Set); - is stdin")
	f.StringVar(&x.JWKSURI, "jwks-uri", "", "the `URL` of its public keys")
	profile := f.String("profile", string(clients.SMART), "the `rules` it is held to: smart or fapi2")
	f.BoolVar(&x.DPoP, "dpop", false, "its tokens must be bound to a key of its own (DPoP)")
	f.BoolVar(&x.PAR, "par", false, "it must push what it asks for (PAR)")
	f.BoolVar(&x.Backend, "backend", false, "it may come without a person (client_credentials)")
	f.StringArrayVar(&x.Origins, "origin", nil, "an `origin` whose scripts may ask in a browser (CORS); several times for several")
	f.StringVar(&x.Organisation, "organisation", "", "whose app it is: a `name` that people are shown")
	f.StringVar(&x.URI, "uri", "", "the `URL` of a page about it")
	f.StringVar(&x.ID, "id", "", "the `id` to give it, instead of one that is made")
	c.MarkFlagsMutuallyExclusive("public", "secret", "jwks", "jwks-uri")
	settingFlags(c, "data")
	c.RunE = func(c *cobra.Command, args []string) error {
		r, err := a.registry(c)
		if err != nil {
			return err
		}
		x.Name, x.Profile, x.Auth = args[0], clients.Profile(*profile), clients.Public
		if x.ID == "" && !f.Changed("id") {
			x.ID = clients.NewID()
		}
		if x.Profile == clients.FAPI2 {
			x.DPoP, x.PAR = true, true
		}
		made := ""
		switch {
		case *public:
		case *secret:
			x.Auth = clients.Secret
			made, x.SecretHash = clients.NewSecret()
		case f.Changed("jwks"):
			x.Auth = clients.Key
			if x.JWKS, err = a.readKeys(*jwks); err != nil {
				return err
			}
		case f.Changed("jwks-uri"):
			x.Auth = clients.Key
		}
		if err := r.Add(x); err != nil {
			return registryError(err)
		}
		return a.showAdded(x, made)
	}
	return c
}

func (a *app) showAdded(x clients.Client, secret string) error {
	if a.json {
		return a.summary(struct {
			ID     string `json:"id"`
			Name   string `json:"name"`
			Auth   string `json:"auth"`
			Secret string `json:"secret,omitempty"`
		}{x.ID, x.Name, string(x.Auth), secret})
	}
	if secret == "" {
		a.say("%s", x.ID)
	} else {
		a.say("id      %s", x.ID)
		a.say("secret  %s", secret)
		a.note("")
		a.note("The secret is shown this once: what is kept opens nothing. Give it to who runs the app in a way that others do not read.")
	}
	a.note("")
	a.note("%s may ask people for their record from now on. What it may read is for each of them to say.", x.Name)
	return nil
}

// readKeys reads a JWK Set, of which package clients says what is wrong with it.
func (a *app) readKeys(path string) ([]byte, error) {
	const most = 64 << 10 // more than is taken; the words say so
	in, err := a.input(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, most))
	if err == nil && len(b) == 0 {
		err = hinted(errors.New("there are no keys: the file is empty"), `a JWK Set reads {"keys":[…]}`)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the app's keys: %w", err)
	}
	return b, nil
}
