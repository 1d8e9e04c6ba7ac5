package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

func (a *app) grantsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "grants",
		Short: "See who may read what now",
		Example: `  carehold grants
  carehold grants --all
  carehold grants --fhir > consents.ndjson`,
		Args: nothing,
	}
	all := c.Flags().Bool("all", false, "also grants that are over")
	asFHIR := c.Flags().Bool("fhir", false, "as FHIR Consents (IHE PCF), one a line, those that are over too")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *asFHIR {
			u, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer u.close()
			about, err := u.about(c.Context())
			if err != nil {
				return err
			}
			signal.Ignore(syscall.SIGPIPE)
			return unlessClosed(eachConsent(about, u.Grants(), a.ndjson))
		}
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		if err := u.tidy(c.Context()); err != nil {
			return err
		}
		opened, err := u.openings(c.Context(), u.Grants(), *all)
		if err != nil {
			return err
		}
		return a.showGrants(u.Grants(), opened, *all)
	}
	return c
}

type grantItem struct {
	ID           string    `json:"id"`
	To           string    `json:"to"`
	Organisation string    `json:"organisation,omitempty"`
	Role         string    `json:"role,omitempty"`
	State        string    `json:"state"`
	Sections     []string  `json:"sections"`
	Scopes       string    `json:"scopes"`
	Purpose      string    `json:"purpose"`
	From         time.Time `json:"from"`
	Until        time.Time `json:"until,omitzero"`
	Ended        time.Time `json:"ended,omitzero"`
	Why          string    `json:"why,omitempty"`
	Link         bool      `json:"link,omitempty"`
	Kind         string    `json:"kind,omitempty"` // of a link: live, snapshot
	Passcode     bool      `json:"passcode,omitempty"`
	Token        bool      `json:"hands_over_token,omitempty"`
	UsedUp       bool      `json:"used_up,omitempty"` // it opens for nobody
	Opened       int       `json:"opened,omitempty"`
	LastOpened   time.Time `json:"last_opened,omitzero"`
	Number       string    `json:"number,omitempty"`
	Register     string    `json:"register,omitempty"`
	Client       string    `json:"client,omitempty"`
	Backend      bool      `json:"backend,omitempty"` // an organisation's system, that comes by itself
	Key          string    `json:"key,omitempty"`     // thumbprint (RFC 7638) of the one it is bound to
	Suspended    time.Time `json:"suspended,omitzero"`
	Request      string    `json:"request,omitempty"` // it was made for
}

// open reports whether a grant is not over: it is live, or goes on when it may.
func open(g holder.Granted) bool { return g.State == holder.Live || g.State == holder.Suspended }

func (a *app) showGrants(list []holder.Granted, opened map[record.GrantID]openings, all bool) error {
	n := 0
	for _, g := range list {
		if !open(g) && !all {
			continue
		}
		n++
		if a.json {
			var sections []string
			for _, s := range g.Grant.Sections.List() {
				sections = append(sections, s.String())
			}
			kind, guarded := linkFlags(g)
			item := grantItem{ID: g.Grant.ID.String(), To: g.Grant.To.Name, Organisation: g.Grant.To.Organisation, Role: g.Grant.To.Role, State: g.State.String(),
				Sections: sections, Scopes: grant.FormatScopes(g.Grant.Scopes), Purpose: g.Grant.Purpose, From: g.Grant.From, Until: g.Grant.Until, Ended: g.Ended,
				Why: whyOver(g.Why), Link: g.Link(), Kind: kind, Passcode: guarded, Token: handsOver(g), UsedUp: opened[g.Grant.ID].over, Opened: opened[g.Grant.ID].n,
				LastOpened: opened[g.Grant.ID].last, Number: g.Grant.To.Number, Register: g.Grant.To.Register, Backend: isBackend(g), Suspended: g.Paused}
			item.Client, item.Key, item.Request = clientOf(g.Grant)
			if err := a.item(item); err != nil {
				return err
			}
			continue
		}
		if n > 1 {
			a.say("")
		}
		a.say("%s  %s", shortID(g.Grant.ID.String()), cut(partyName(g.Grant.To), a.columns()-10))
		a.paragraph("          ", sentence("may "+mayWithin(g.Grant.Scopes, g.Grant.Sections)+forWhat(g.Grant.Purpose)))
		for _, text := range whoFor(g) {
			a.paragraph("          ", text)
		}
		switch {
		case g.Link() && opened != nil:
			a.paragraph("          ", linkKind(g)+". "+opened[g.Grant.ID].String())
		case g.Link():
			a.paragraph("          ", linkKind(g))
		}
		if used := opened[g.Grant.ID].over; used && g.State == holder.Live {
			text := "Ended for everybody: its tries are used up."
			if handsOver(g) {
				text += " The token that it handed over before is good " + until(g.Grant.Until) + "."
			}
			a.paragraph("          ", text)
		} else if g.State == holder.Suspended {
			a.paragraph("          ", "Suspended since "+local(g.Paused)+": it opens nothing. carehold resume "+shortID(g.Grant.ID.String())+" lets it go on, "+until(g.Grant.Until)+".")
		} else if g.State == holder.Live {
			a.paragraph("          ", sentence(until(g.Grant.Until)))
		} else {
			a.paragraph("          ", sentence(joined(", ", g.State.String(), when(g.Ended), whyOver(g.Why))))
		}
	}
	if a.json {
		return a.summary(countJSON{n})
	}
	if n == 0 {
		a.say("Nobody but you may read your record.")
		if !all && len(list) > 0 {
			a.note("%s over: carehold grants --all", plural(len(list), "grant is", "grants are"))
		}
		return nil
	}
	a.note("")
	a.note("Stop one: carehold revoke ID or NAME. Make it less, or longer: carehold amend")
	return nil
}

// whoFor says more of who a grant is for: their registration, and the app or the key that
// alone can use it.
func whoFor(g holder.Granted) []string {
	var lines []string
	if text := registration(g.Grant.To); text != "" {
		from := ", as they say"
		if g.Grant.Asked == [16]byte{} { // nobody said it: the person gave by themself
			from = ", as you wrote it"
		}
		lines = append(lines, "Registration: "+text+from+"; nobody has checked it.")
	}
	key := ""
	if g.Grant.Bound != [32]byte{} {
		key = ", and with its own key"
	}
	switch {
	case isBackend(g):
		lines = append(lines, "For a system that comes by itself, as "+g.Grant.Client+"; nothing else can use it.")
	case g.Grant.Client != "":
		lines = append(lines, "Through the app "+g.Grant.Client+" alone"+key+"; you said yes when it asked.")
	case g.Grant.Asked != [16]byte{}:
		lines = append(lines, "You said yes when they asked, request "+shortID(hex.EncodeToString(g.Grant.Asked[:]))+".")
		if key != "" {
			lines = append(lines, "It opens only with the key that they named.")
		}
	}
	return lines
}

// whyOver is why a grant ended. The keyring does not tell apart what stopped one at the
// server; the history does.
func whyOver(why holder.EndReason) string {
	if why == holder.WasStruck {
		return why.String() + " (carehold history says which)"
	}
	return why.String()
}

// clientOf is which client and which key can use a grant, and the request it was made for.
func clientOf(g grant.Grant) (client, key, request string) {
	if g.Bound != [32]byte{} {
		key = base64.RawURLEncoding.EncodeToString(g.Bound[:])
	}
	if g.Asked != [16]byte{} {
		request = hex.EncodeToString(g.Asked[:])
	}
	return g.Client, key, request
}

func isBackend(g holder.Granted) bool {
	return slices.ContainsFunc(g.Tokens, func(t holder.TokenInfo) bool { return t.Backend })
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return local(t)
}

// openSections leaves out what every grant has.
func openSections(set record.SectionSet) string {
	if set.Whole() {
		return "everything"
	}
	var names []string
	for _, s := range set.List() {
		if !s.Always() {
			names = append(names, s.String())
		}
	}
	if names == nil {
		return "who you are and who cares for you"
	}
	return and(names)
}

func (a *app) revokeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "revoke ID|NAME...",
		Short: "Stop somebody's access, now",
		Long: `Stops grants. It is over when this returns: their next request is refused, and
what is written from now on is under keys they never had. What they have read,
they may have kept.`,
		Example: `  carehold revoke 3f2a91bc
  carehold revoke "Dr Amara Okafor"
  carehold revoke -n Judith`,
		Args: atLeast(1, "the id of a grant, or the name it was given to"),
	}
	dry := c.Flags().BoolP("dry-run", "n", false, "only say which grants would be stopped")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		found, err := findGrants(u.Grants(), args)
		if err != nil {
			return err
		}
		var ids []record.GrantID
		for _, g := range found {
			ids = append(ids, g.Grant.ID)
			if *dry && !a.json {
				a.say("Would stop %s, %s", partyName(g.Grant.To), shortID(g.Grant.ID.String()))
			}
		}
		if !*dry {
			if err := u.Revoke(c.Context(), ids...); err != nil {
				return err
			}
			if err := u.dropLinks(c.Context(), found); err != nil {
				a.note("what the server kept for links is left behind: %v", err) // sealed, and it opens for nobody
			}
		}
		for _, g := range found {
			switch {
			case a.json:
				err = a.item(struct {
					Grant  string `json:"grant"`
					To     string `json:"to"`
					DryRun bool   `json:"dry_run,omitempty"`
				}{g.Grant.ID.String(), g.Grant.To.Name, *dry})
			case !*dry:
				a.say("Stopped: %s, %s", partyName(g.Grant.To), shortID(g.Grant.ID.String()))
			}
			if err != nil {
				return err
			}
		}
		if a.json {
			return a.summary(countJSON{len(found)})
		}
		if !*dry {
			a.note("%s nothing from now on, and the keys of this record were renewed.", whatOpens(found))
		}
		return nil
	}
	return c
}

// whatOpens is "Their token opens".
func whatOpens(list []holder.Granted) string {
	links := 0
	for _, g := range list {
		if g.Link() {
			links++
		}
	}
	switch {
	case links == 0 && len(list) == 1:
		return "Their token opens"
	case links == 0:
		return "Their tokens open"
	case links == 1 && len(list) == 1:
		return "The link opens"
	case links == len(list):
		return "The links open"
	}
	return "Their tokens and links open"
}

// findGrants finds the live grants that are named: by the beginning of an id, or
// by the name of who they are for, which can be several grants.
func findGrants(list []holder.Granted, names []string) ([]holder.Granted, error) {
	var found []holder.Granted
	for _, name := range names {
		n := len(found)
		ended := false
		for _, g := range list {
			id := g.Grant.ID.String()
			if !(len(name) >= 4 && strings.HasPrefix(id, name)) && !strings.EqualFold(g.Grant.To.Name, name) {
				continue
			}
			if g.State == holder.Ended {
				ended = true
				continue
			}
			if !slices.ContainsFunc(found, func(f holder.Granted) bool { return f.Grant.ID == g.Grant.ID }) {
				found = append(found, g)
			}
		}
		if len(found) == n {
			err := fmt.Errorf("there is no grant to %q", name)
			if ended {
				err = fmt.Errorf("the grant to %q is over already", name)
			}
			return nil, coded(exitNotFound, err, `"carehold grants" lists those that are live`)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no grant was named")
	}
	return found, nil
}
