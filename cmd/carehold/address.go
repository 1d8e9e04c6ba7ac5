package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/record/holder"
	"carehold/record/qr"
)

func (a *app) addressCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "address",
		Short: "Make a link or QR code at which others can ask you for access",
		Long: `An address is where somebody can ask to read a part of your record: a link or a
QR code that you show them. They say who they are, what they need and why, and
wait. "carehold requests" lists them; you say yes, less, or no.

Whoever has an address can ask, and learns nothing: not whose it is, nor whether
there is a record. So it can be printed on a card. Close it when you are asked
by people you do not know.`,
		Example: `  carehold address new --label "card in my wallet"
  carehold address list
  carehold address close "card in my wallet"`,
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.addressNewCommand(), a.addressListCommand(), a.addressCloseCommand())
	return c
}

func (a *app) addressNewCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "new",
		Short: "Make an address",
		Example: `  carehold address new --label "card in my wallet"
  carehold address new --label "hospital stay" --for 30d --svg ask.svg`,
		Args: nothing,
	}
	label := c.Flags().String("label", "", "a `name` for it, which only you see")
	svg := c.Flags().String("svg", "", "write the QR code to this new `file` instead of showing it")
	var e ending
	e.flags(c, " (default: until you close it)")
	a.deviceFlags(c)
	_ = c.RegisterFlagCompletionFunc("label", noFiles)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if _, _, err := e.read(time.Now()); err != nil {
			return err
		}
		if *svg != "" {
			if err := mustBeNew(*svg); err != nil {
				return err
			}
		}
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		lasts, until, err := e.read(u.Now())
		if err != nil {
			return err
		}
		if lasts > 0 {
			until = u.Now().Add(lasts)
		}
		made, err := u.NewAddress(c.Context(), *label, until)
		if err != nil {
			return err
		}
		return a.showAddress(u, made, *svg)
	}
	return c
}

type addressJSON struct {
	ID      string    `json:"id"`
	Label   string    `json:"label,omitempty"`
	Open    bool      `json:"open"`
	URL     string    `json:"url,omitempty"`
	SVG     string    `json:"svg,omitempty"`
	Created time.Time `json:"created"`
	Until   time.Time `json:"until,omitzero"`
	Closed  time.Time `json:"closed,omitzero"`
}

func (u *unlocked) addressJSON(info holder.AddressInfo) addressJSON {
	out := addressJSON{ID: hex.EncodeToString(info.ID[:]), Label: info.Label, Open: info.Open(u.Now()), Created: info.Created.UTC(), Until: info.Until.UTC(), Closed: info.Closed.UTC()}
	if out.Open {
		out.URL = u.addressURL(info)
	}
	return out
}

// addressURL is where others ask. It is made of the address this device reaches the
// server at.
func (u *unlocked) addressURL(info holder.AddressInfo) string {
	return u.client.Base() + "/ask/" + info.Segment
}

func (a *app) showAddress(u *unlocked, made holder.AddressInfo, svg string) error {
	url := u.addressURL(made)
	code, err := qr.Text(url)
	if err != nil {
		return hinted(err, "the address is made: "+url)
	}
	if svg != "" {
		if err := writeNewFile(svg, code.SVG("Ask for access")); err != nil {
			return hinted(err, "the address is made, and its code is not written: "+url)
		}
	}
	if a.json {
		out := u.addressJSON(made)
		out.SVG = svg
		return a.summary(out)
	}
	a.note("Made%s. Show this to whoever shall ask you:", untilClosed(made))
	a.note("")
	a.say("%s", url)
	if svg != "" {
		a.note("Its QR code is in %s.", svg)
	}
	a.showCode(code, linkOptions{svg: svg})
	a.note("")
	a.note("Whoever has it can ask, and sees nothing of your record.")
	if strings.HasPrefix(url, "http:") {
		a.note("This server is on this very computer, without https: only a browser on it opens the address.")
	}
	a.note("")
	a.command("carehold requests", "who has asked")
	a.command("carehold address close "+shortID(hex.EncodeToString(made.ID[:])), "nobody can ask there any more")
	return nil
}

func untilClosed(info holder.AddressInfo) string {
	if info.Until.IsZero() {
		return ", until you close it"
	}
	return ", until " + local(info.Until)
}

func (a *app) addressListCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List your addresses",
		Example: `  carehold address list
  carehold address list --all`,
		Args: nothing,
	}
	all := c.Flags().Bool("all", false, "also those that are closed")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		n, list := 0, u.Addresses()
		for _, info := range list {
			if !info.Open(u.Now()) && !*all {
				continue
			}
			if n++; a.json {
				if err := a.item(u.addressJSON(info)); err != nil {
					return err
				}
				continue
			}
			if n > 1 {
				a.say("")
			}
			a.say("%s  %s", shortID(hex.EncodeToString(info.ID[:])), first(clean(info.Label), "(no label)"))
			switch {
			case info.Open(u.Now()):
				a.paragraph("          ", "Open"+untilClosed(info)+". Made on "+local(info.Created)+".")
				a.say("          %s", u.addressURL(info))
			case info.Closed.IsZero():
				a.paragraph("          ", "Its time ran out on "+local(info.Until)+".")
			default:
				a.paragraph("          ", "Closed on "+local(info.Closed)+".")
			}
		}
		if a.json {
			return a.summary(countJSON{n})
		}
		if n == 0 {
			a.say("You have no address at which anybody could ask.")
			a.note("Make one: carehold address new")
		}
		return nil
	}
	return c
}

func (a *app) addressCloseCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "close ID|LABEL",
		Short: "Close an address: nobody can ask there any more",
		Long: `Closes an address. What has been asked there and waits is still answered by you:
"carehold requests".`,
		Example: `  carehold address close 3f2a91bc
  carehold address close "card in my wallet"`,
		Args: exactly(1, "an address: its id, or its label in quotes"),
	}
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		info, err := findAddress(u.Addresses(), args[0], u.Now())
		if err != nil {
			return err
		}
		if err := u.CloseAddress(c.Context(), u.token, info.ID); err != nil {
			return err
		}
		id := hex.EncodeToString(info.ID[:])
		if a.json {
			return a.summary(struct {
				ID    string `json:"id"`
				Label string `json:"label,omitempty"`
			}{id, info.Label})
		}
		a.say("Closed: %s", joined(", ", clean(info.Label), shortID(id)))
		return nil
	}
	return c
}

// findAddress finds the open address that is named, by the beginning of its id or by its
// label.
func findAddress(list []holder.AddressInfo, named string, now time.Time) (holder.AddressInfo, error) {
	var found []holder.AddressInfo
	closed := false
	for _, info := range list {
		if !begins(hex.EncodeToString(info.ID[:]), named) && (info.Label == "" || !strings.EqualFold(info.Label, named)) {
			continue
		}
		if closed = closed || !info.Closed.IsZero(); info.Closed.IsZero() {
			found = append(found, info)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return holder.AddressInfo{}, coded(exitUsage, fmt.Errorf("%d addresses are called %s", len(found), strconv.Quote(named)), `use the id that "carehold address list" shows`)
	case closed:
		return holder.AddressInfo{}, coded(exitNotFound, fmt.Errorf("the address %q is closed already", named), "")
	}
	return holder.AddressInfo{}, coded(exitNotFound, fmt.Errorf("there is no address %q", named), `"carehold address list" lists them`)
}
