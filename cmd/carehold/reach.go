package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"carehold/httpapi/client"
)

// A server at home may have a certificate of a certificate authority that only
// that home has, such as Caddy's own. Its certificate is no secret: the device file
// keeps it, and from then on this device believes that authority for its server,
// and no other.

// maxCA is more than the certificates of any authority.
const maxCA = 1 << 20

// authority is what --ca-file holds; nil when it was not given.
func (a *app) authority() ([]byte, error) { return readAuthority(a.caFile) }

func readAuthority(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxCA {
		return nil, fmt.Errorf("%s is too large for the certificate of a certificate authority", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if _, err := pool(b); err != nil {
		return nil, hinted(fmt.Errorf("%s: %w", path, err), "it begins with -----BEGIN CERTIFICATE-----")
	}
	return b, nil
}

func pool(pem []byte) (*x509.CertPool, error) {
	if len(pem) == 0 {
		return nil, nil // the system's
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in it")
	}
	return p, nil
}

// reach makes a client of a device's server.
func (d *device) reach() (*client.Client, error) {
	roots, err := pool(d.authority)
	if err != nil {
		return nil, err
	}
	return client.New(d.server, client.Options{Roots: roots})
}

func (a *app) deviceServerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "server ADDRESS",
		Short: "Tell this device that its server has another address",
		Long: `When a server gets another name, each device has to be told: an address is never
taken from an answer, or anybody in between could send a device elsewhere.

It must be the same server with the same record: its key, and how far the record
and its history had come, are compared with what this device remembers.`,
		Example: `  carehold device server https://records.example.net
  carehold device server https://nas.lan --ca-file root.crt`,
		Args: exactly(1, "the new address: https:// and a name"),
	}
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		d, err := a.loadDevice()
		if err != nil {
			return err
		}
		was := d.server
		d.server = args[0]
		to, err := d.reach()
		if err != nil {
			return usage(err)
		}
		d.server = to.Base()
		// A server that was restored elsewhere has both a new address and a record
		// that waits: the address comes first.
		u, err := a.unlockWaiting(c.Context(), d)
		if err != nil {
			return err
		}
		waits := u.Waiting() != nil
		u.close() // which keeps the new address
		if a.json {
			return a.summary(struct {
				Server string `json:"server"`
				Was    string `json:"was"`
			}{d.server, was})
		}
		a.say("Your record is reached at %s from now on.", d.server)
		if waits {
			a.note("")
			a.note("It was restored from a backup or brought there from another server, and waits for you.")
			a.command("carehold carry-on", "says what that means, and asks")
		}
		return nil
	}
	return c
}
