package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"carehold/record/grant"
	"carehold/record/holder"
)

func (a *app) receiptCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "receipt ID|NAME",
		Short: "A signed receipt of what you gave, to keep",
		Long: `Writes a receipt of a grant, as it is now or as it ended: who, what, why, until
when, in words and in fields, signed by your record's key, with how far your
history had come, signed by the server. It opens nothing, so it can be printed
or handed on. Its times are in UTC, for it can be read anywhere. Anybody can
check it without a server: carehold receipt verify, which shows the times as
they are where it is run.`,
		Example: `  carehold receipt 3f2a91bc -o receipt.txt
  carehold receipt "Dr Amara Okafor"
  carehold receipt verify receipt.txt`,
		Args: exactly(1, "one grant: its id, or the name it was given to, in quotes"),
	}
	out := c.Flags().StringP("output", "o", "", "write it to this new `file` instead of showing it")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if *out != "" {
			if err := mustBeNew(*out); err != nil {
				return err
			}
		}
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		g, err := findGrant(u.Grants(), args[0], true)
		if err != nil {
			return err
		}
		b, err := u.Receipt(g.Grant.ID)
		if err != nil {
			return err
		}
		if *out != "" {
			if err := writeNewFile(*out, b); err != nil {
				return err
			}
		}
		switch {
		case a.json:
			text := string(b)
			if *out != "" {
				text = ""
			}
			return a.summary(struct {
				Grant   string `json:"grant"`
				To      string `json:"to"`
				File    string `json:"file,omitempty"`
				Receipt string `json:"receipt,omitempty"`
			}{g.Grant.ID.String(), g.Grant.To.Name, *out, text})
		case *out != "":
			a.say("The receipt of what you gave %s is in %s", partyName(g.Grant.To), *out)
			a.note("Anybody can check it, without a server: carehold receipt verify %s", *out)
		default:
			_, err = a.stdout.Write(b)
		}
		return err
	}
	c.AddCommand(a.receiptVerifyCommand())
	return c
}

// maxReceiptFile is more than any receipt.
const maxReceiptFile = 64 << 10

func (a *app) receiptVerifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a receipt, without a server and without a passphrase",
		Long: `Checks that a receipt is as it was made: its signature, the certificate of the
grant under the same key, and the head of the log under the server's. It asks
nobody. Whether the grant still is what it was then, no paper knows.

- is stdin.`,
		Example: "  carehold receipt verify receipt.txt",
		Args:    exactly(1, "the file with the receipt"),
	}
	c.RunE = func(_ *cobra.Command, args []string) error {
		b, err := a.readReceipt(args[0])
		if err != nil {
			return err
		}
		s, err := holder.VerifyReceipt(b)
		if err != nil {
			if strings.Contains(err.Error(), "no Carehold receipt") {
				return hinted(err, "a receipt is a text that begins with the words Carehold receipt: carehold receipt ID -o FILE writes one")
			}
			return hinted(err, "nothing in it can be believed; ask whoever gave it to you for the file as it was written")
		}
		return a.showSlip(s)
	}
	return c
}

func (a *app) readReceipt(path string) ([]byte, error) {
	r, err := a.input(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readAllLimited(r, maxReceiptFile)
}

// showSlip says what a receipt that holds says.
func (a *app) showSlip(s holder.Slip) error {
	g := s.Grant
	if a.json {
		return a.summary(struct {
			Holds bool `json:"holds"`
			grantItem
			Record    string `json:"record"`
			Made      string `json:"made"`
			Store     string `json:"store"`
			Verifier  string `json:"verifier"`
			Size      uint64 `json:"size"`
			Named     bool   `json:"named"`
			Certified bool   `json:"certified"`
		}{true, slipItem(s), g.Person.String(), s.Made.UTC().Format("2006-01-02T15:04:05Z"), s.Store.String(), s.Verifier, s.Head.Size, s.Named(), s.Certified()})
	}
	a.say("This receipt is as it was made.")
	a.say("")
	a.labelled("To", partyName(g.To))
	if text := registration(g.To); text != "" {
		a.labelled("", "Registration: "+text+", as they say.")
	}
	a.labelled("May", may(g.Scopes, g.Sections)+forWhat(g.Purpose))
	a.labelled("From", local(g.From)+", "+until(g.Until))
	if g.Client != "" {
		a.labelled("App", g.Client)
	}
	a.labelled("Then", sentence(joined(", ", s.State.String(), s.Why.String(), when(s.Since))+" when it was written, "+local(s.Made)))
	a.labelled("Grant", g.ID.String())
	a.labelled("Record", g.Person.String())
	a.labelled("Log", fmt.Sprintf("%d entries, signed by %s", s.Head.Size, verifierName(s.Verifier)))
	a.say("")
	if s.Named() {
		a.note("Only whoever holds the keys of that record can have signed it. Whether the grant still is as it was then, the record's person can say.")
	} else {
		a.note("It was signed by a later identity of that record: its keys were all made new since. That they are the same person's, the record's server or its person can say.")
	}
	if !s.Certified() {
		a.note("The grant itself was signed by an earlier identity, whose signature is not in it.")
	}
	return nil
}

// slipItem is the grant of a receipt, as "grants" has it.
func slipItem(s holder.Slip) grantItem {
	g := s.Grant
	item := grantItem{ID: g.ID.String(), To: g.To.Name, Organisation: g.To.Organisation, Role: g.To.Role, State: s.State.String(), Sections: sectionNames(g.Sections),
		Scopes: grant.FormatScopes(g.Scopes), Purpose: g.Purpose, From: g.From, Until: g.Until, Why: s.Why.String(), Number: g.To.Number, Register: g.To.Register}
	item.Client, item.Key, item.Request = clientOf(g)
	switch s.State {
	case holder.Suspended:
		item.Suspended = s.Since.UTC()
	default:
		item.Ended = s.Since.UTC()
	}
	return item
}

// verifierName is the name of a server's key, without the key.
func verifierName(verifier string) string {
	name, _, _ := strings.Cut(verifier, "+")
	return name
}
