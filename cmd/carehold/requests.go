package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

func (a *app) requestsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "requests",
		Short: "See who asks to read your record",
		Long: `Lists who has asked at an address of yours ("carehold address") and waits for an
answer. What they say of themselves nobody has checked: answer those you know.

An app that asks is not in this list. It shows a code on the screen where you
began: "carehold approve" takes it.`,
		Example: `  carehold requests
  carehold approve 3f2a91bc
  carehold refuse 3f2a91bc --say "Please ring me first"`,
		Args: nothing,
	}
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		list, err := u.Requests(c.Context(), u.token)
		if err != nil {
			return err
		}
		return a.showRequests(list)
	}
	return c
}

type requestItem struct {
	ID           string    `json:"id"`
	Name         string    `json:"name,omitempty"`
	Organisation string    `json:"organisation,omitempty"`
	Role         string    `json:"role,omitempty"`
	Number       string    `json:"number,omitempty"`
	Register     string    `json:"register,omitempty"`
	Client       string    `json:"client,omitempty"`
	Registered   bool      `json:"registered"` // the operator has registered the app
	Purpose      string    `json:"purpose,omitempty"`
	Words        string    `json:"words,omitempty"`
	Sections     []string  `json:"sections,omitempty"`
	Sensitive    []string  `json:"sensitive,omitempty"`
	Scopes       string    `json:"scopes,omitempty"`
	Seconds      int64     `json:"seconds,omitempty"` // how long was asked for
	Address      string    `json:"address,omitempty"`
	Asked        time.Time `json:"asked,omitzero"`
	Expires      time.Time `json:"expires,omitzero"`
	Damaged      bool      `json:"damaged,omitempty"`
}

func requestItemOf(r holder.Request) requestItem {
	w, q := wantedOf(r), r.Question
	if r.Damaged {
		return requestItem{ID: requestID(r), Expires: r.Expires.UTC(), Damaged: true}
	}
	return requestItem{requestID(r), q.To.Name, q.To.Organisation, q.To.Role, q.To.Number, q.To.Register, q.Client, r.App.Verified && q.Verified,
		q.Purpose, q.Words, sectionNames(w.sections), sectionNames(w.sensitive), grant.FormatScopes(w.scopes), int64(q.Lasts / time.Second),
		r.Where, q.At.UTC(), r.Expires.UTC(), false}
}

func sectionNames(set record.SectionSet) []string {
	var names []string
	for _, s := range set.List() {
		names = append(names, s.String())
	}
	return names
}

func (a *app) showRequests(list []holder.Request) error {
	err := eachOf(a, list, func(r holder.Request) any { return requestItemOf(r) }, a.showRequest)
	if err != nil || a.json {
		return err
	}
	if len(list) == 0 {
		a.say("Nobody waits for an answer.")
		a.note("")
		a.note("To be asked, make an address and show it to them:")
		a.command("carehold address new", "a link and a QR code")
		a.note("An app that asks shows a code on its screen:")
		a.command("carehold approve", "takes the code, and shows who asks")
		return nil
	}
	id := shortID(requestID(list[0]))
	a.note("")
	a.note("Nothing is given before you say so.")
	a.command("carehold approve "+id, "look at it, and say yes or no")
	a.command("carehold refuse "+id, "say no")
	return nil
}

func (a *app) showRequest(r holder.Request) {
	id := shortID(requestID(r))
	const indent = "          "
	if r.Damaged {
		a.paragraph(id+"  ", "A request that cannot be opened: who asks, or what for, nobody can read. Remove it: carehold refuse "+id)
		return
	}
	w := wantedOf(r)
	a.paragraph(id+"  ", saysTheyAre(r))
	text := "They ask to " + may(w.scopes, w.sections) + forWhat(r.Question.Purpose)
	if w.lasts > 0 {
		text += ", for " + spanOf(w.lasts)
	}
	a.paragraph(indent, sentence(text))
	if w.sensitive != 0 {
		a.paragraph(indent, "They ask for "+openSections(w.sensitive)+" too, which is sensitive: they do not get that "+howSensitive(r)+".")
	}
	if r.Question.Words != "" {
		a.paragraph(indent, "They say: "+strconv.Quote(clean(r.Question.Words)))
	}
	a.paragraph(indent, "Asked on "+local(r.Question.At)+where(r)+". Waits until "+local(r.Expires)+".")
}

// howSensitive is how who asks can get what is sensitive.
func howSensitive(r holder.Request) string {
	if keyless(r) {
		return "in answer to this: only in a grant that you make yourself and hand to them"
	}
	return "unless you add it"
}

// keyless reports whether somebody asks at an address who has named no key of their own.
func keyless(r holder.Request) bool {
	return r.Question.Client == "" && r.Question.Bound == [32]byte{}
}

// where is at which of the person's addresses somebody asked.
func where(r holder.Request) string {
	switch {
	case withCode(r):
		return ""
	case r.Where == "":
		return ", at an address of yours"
	}
	return ", at your address " + strconv.Quote(clean(r.Where))
}
