package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// What others write is told in the inbox. Either it waits, and is no part of the record
// until the person takes it in; or it is there already, and this is a notice of it.

func (a *app) inboxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "inbox",
		Short: "See what others have written for your record",
		Long: `Lists what others have written. What somebody wrote whom you let add, and no
more, waits here: it is not in your record, and nobody reads it, until you take
it in. What somebody wrote whom you let read and write is in your record at
once, and the list has a notice of it.`,
		Example: `  carehold inbox
  carehold inbox show 3f2a91bc
  carehold inbox accept 3f2a91bc
  carehold inbox dismiss 3f2a91bc`,
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			u, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer u.close()
			items, err := u.Inbox(c.Context(), u.token)
			if err != nil {
				return err
			}
			return u.showInbox(c.Context(), items)
		},
	}
	a.deviceFlags(c)
	c.AddCommand(a.inboxShowCommand(), a.inboxAcceptCommand(), a.inboxDismissCommand())
	return c
}

// inboxItem is one thing of the list in JSON.
type inboxItem struct {
	Item         string       `json:"item"`
	Kind         string       `json:"kind"` // waits, notice, damaged
	Time         time.Time    `json:"time,omitzero"`
	By           string       `json:"by,omitempty"`
	Organisation string       `json:"organisation,omitempty"`
	Role         string       `json:"role,omitempty"`
	Number       string       `json:"number,omitempty"`
	Register     string       `json:"register,omitempty"`
	Known        bool         `json:"known,omitempty"` // a grant of the person's names them
	Grant        string       `json:"grant,omitempty"`
	Ref          string       `json:"ref,omitempty"` // that it will have
	Section      string       `json:"section,omitempty"`
	Rule         string       `json:"rule,omitempty"`
	Title        string       `json:"title,omitempty"`
	Value        string       `json:"value,omitempty"`
	Date         string       `json:"date,omitempty"`
	Entries      []inboxEntry `json:"entries,omitempty"` // of a notice
	More         uint64       `json:"more,omitempty"`
	Others       bool         `json:"others,omitempty"` // that found no room
}

type inboxEntry struct {
	Ref     string `json:"ref"`
	Version uint64 `json:"version"`
}

func inboxItemOf(i holder.Item) inboxItem {
	if i.Damaged {
		return inboxItem{Item: itemID(i), Kind: kindOf(i)}
	}
	out := inboxItem{Item: itemID(i), Kind: kindOf(i), Time: i.Time.UTC(), By: i.By.Name, Organisation: i.By.Organisation, Role: i.By.Role,
		Number: i.By.Number, Register: i.By.Register, Known: i.Known, Grant: i.Grant.String(), More: i.More, Others: i.NoRoom}
	if i.Notice() {
		for _, w := range writtenIn(i) {
			out.Entries = append(out.Entries, inboxEntry{w.ref.String(), uint64(w.version)})
		}
		return out
	}
	s := summarize(i.JSON)
	out.Ref, out.Section, out.Rule = refOf(i).String(), i.Section.String(), i.Why
	out.Title, out.Value, out.Date = s.Title, s.Value, s.Date
	return out
}

func kindOf(i holder.Item) string {
	switch {
	case i.Damaged:
		return "damaged"
	case i.Notice():
		return "notice"
	}
	return "waits"
}

func itemID(i holder.Item) string    { return hex.EncodeToString(i.ID[:]) }
func refOf(i holder.Item) fhir.Ref   { return fhir.Ref{Type: i.Type, ID: i.FHIRID} }
func shortItem(i holder.Item) string { return shortID(itemID(i)) }

// inboxIndent is under the names of the list.
const inboxIndent = "          "

// inboxReads is how many entries a list reads, to say what notices are of. The others
// are named.
const inboxReads = 60

// showInbox lists what waits, then notices, then what nobody can open.
func (u *unlocked) showInbox(ctx context.Context, items []holder.Item) error {
	a := u.app
	if a.json {
		for _, i := range items {
			if err := a.item(inboxItemOf(i)); err != nil {
				return err
			}
		}
		if err := a.summary(countJSON{len(items)}); err != nil {
			return err
		}
		return damagedIn(items)
	}
	if len(items) == 0 {
		a.say("There is nothing in your inbox.")
		return nil
	}
	kinds := map[string][]holder.Item{}
	for _, i := range items {
		kinds[kindOf(i)] = append(kinds[kindOf(i)], i)
	}
	budget, some := inboxReads, false
	for _, k := range []struct{ kind, one, many string }{
		{"waits", "This waits, and is not in your record until you take it in:", "These wait, and are not in your record until you take them in:"},
		{"notice", "This is in your record already, for you to look at:", "These are in your record already, for you to look at:"},
		{"damaged", "This is damaged:", "These are damaged:"},
	} {
		list := kinds[k.kind]
		if len(list) == 0 {
			continue
		}
		if some {
			a.say("")
		}
		some = true
		a.say("%s", oneOr(len(list), k.one, k.many))
		for _, i := range list {
			a.say("")
			if err := u.showItem(ctx, i, &budget); err != nil {
				return err
			}
		}
	}
	if err := damagedIn(items); err != nil {
		return err
	}
	id := shortItem(items[0])
	a.note("")
	a.command("carehold inbox show "+id, "read it, and see who can")
	if items[0].Notice() {
		a.command("carehold inbox accept "+id, "you have looked at it")
	} else {
		a.command("carehold inbox accept "+id, "take it into your record")
		a.command("carehold inbox dismiss "+id, "you do not want it")
	}
	return nil
}

// showItem is one of the list.
func (u *unlocked) showItem(ctx context.Context, i holder.Item, budget *int) error {
	a := u.app
	head := shortItem(i) + "  "
	switch {
	case i.Damaged:
		a.paragraph(head, "It does not open: what it is, and who wrote it, nobody can read.")
		return nil
	case !i.Notice():
		s := summarize(i.JSON)
		a.paragraph(head, s.line())
		a.paragraph(inboxIndent, sentence(joined(", ", typeWord(i.Type), s.Date)))
	default:
		list := writtenIn(i)
		shown := list[:min(len(list), 3)]
		if len(list) > 1 || i.More > 0 {
			a.paragraph(head, sentence(howMany(list, i.More)))
			head = inboxIndent
		}
		for _, w := range shown {
			text, err := u.wroteWhat(ctx, w, budget)
			if err != nil {
				return err
			}
			a.paragraph(head, text)
			head = inboxIndent
		}
		if rest := uint64(len(list)-len(shown)) + i.More; rest > 0 {
			a.paragraph(inboxIndent, "And "+thousands(int(rest))+" more.")
		}
	}
	a.tellWriter(i)
	if i.NoRoom {
		a.paragraph(inboxIndent, noRoomText)
	}
	return nil
}

const noRoomText = `It is the newest of several that found no room here: "carehold history" has them all.`

// tellWriter says who wrote it, when, and what of that is proved.
func (a *app) tellWriter(i holder.Item) {
	a.paragraph(inboxIndent, sentence("from "+writer(i)+", "+local(i.Time)))
	if text := registration(i.By); text != "" && i.Known {
		a.paragraph(inboxIndent, "Registration: "+text+", as they say; nobody has checked it.")
	}
}

// writer is who wrote something: whom the person made the grant for, or what is said.
func writer(i holder.Item) string {
	switch {
	case i.By.Name == "":
		return "somebody: who it was cannot be told"
	case !i.Known:
		by := i.By
		by.Organisation = joined(", ", by.Organisation, registration(by))
		return "somebody who says they are " + theirWords(by) + "; nobody has checked this"
	}
	return partyName(i.By)
}

// damagedIn is the error for what does not open.
func damagedIn(items []holder.Item) error {
	n, id := 0, ""
	for _, i := range items {
		if i.Damaged {
			n, id = n+1, shortItem(i)
		}
	}
	if n == 0 {
		return nil
	}
	return coded(exitIntegrity, fmt.Errorf("%s of your inbox cannot be opened, and what was in it is lost unless a backup has it", plural(n, "item", "items")),
		"tell whoever runs the server: its disk may have failed, and a backup from before may have it; carehold history says who has written to you, and can do so again. When nothing more is to be had: carehold inbox dismiss "+id)
}

// tellInbox says that there is something in the inbox, to who looks at their record.
func (u *unlocked) tellInbox(ctx context.Context) {
	list, _, more, err := u.client.Waiting(ctx, u.token, [16]byte{})
	if err != nil || len(list) == 0 {
		return // it is told on the side
	}
	n := plural(len(list), "thing", "things")
	if more {
		n = "more than " + n
	}
	u.app.note("In your inbox: %s from others (carehold inbox).", n)
}

// itemGone is for what was there when the list was fetched: another device was faster.
func itemGone(err error, i holder.Item) error {
	if record.KindOf(err) == record.NotFound {
		return coded(exitNotFound, fmt.Errorf("%s does not wait any more", shortItem(i)), "another of your devices may have taken it in, looked at it or removed it: carehold history says so")
	}
	return err
}
