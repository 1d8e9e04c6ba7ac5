package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

func (a *app) inboxShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "show ITEM",
		Short: "Read one thing of your inbox",
		Long: `Shows what somebody has written, in words, and where it would be filed if you
take it in, why, and who could read it there. Looking changes nothing. Of a
notice it shows the entries it is of.`,
		Example: `  carehold inbox show 3f2a91bc
  carehold inbox show 3f2a91bc --json`,
		Args:              exactly(1, `one thing of the inbox: the letters and digits that "carehold inbox" shows`),
		ValidArgsFunction: noFiles,
	}
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.withItems(c.Context(), args, func(u *unlocked, items []holder.Item) error {
			i := items[0]
			switch {
			case a.json:
				if err := a.summary(inboxShownJSON{inboxItemOf(i), i.JSON}); err != nil {
					return err
				}
				return damagedIn(items)
			case i.Damaged:
				return damagedIn(items)
			case i.Notice():
				return u.showNotice(c.Context(), i)
			}
			return u.showWaiting(c.Context(), i)
		})
	}
	return c
}

type inboxShownJSON struct {
	inboxItem
	Resource json.RawMessage `json:"resource,omitempty"` // as it came
}

// showWaiting shows what waits to be taken in.
func (u *unlocked) showWaiting(ctx context.Context, i holder.Item) error {
	a := u.app
	s := summarize(i.JSON)
	a.paragraph("", s.line())
	a.say("%s", sentence(joined(", ", typeWord(i.Type), s.Date)))
	a.say("")
	o, _ := parseObject(i.JSON)
	documents := enclosedIn(o)
	if i.Type == "Binary" {
		documents = []enclosed{{typ: str(o, "contentType"), data: str(o, "data")}}
		delete(o, "data")
	}
	if rows := facts(o); len(rows) > 0 {
		a.table("  ", rows)
		a.say("")
	}
	if err := u.showBrought(ctx, documents); err != nil {
		return err
	}
	u.tellWroteIt(i)
	a.paragraph("", "It waits: it is not in your record until you take it in.")
	a.paragraph("", "It would be filed in "+i.Section.String()+". "+sentence(whyThere(i)))
	if i.Section.Sensitive() {
		a.paragraph("", "This section is sensitive: it is in no ready-made grant, and nobody reads it unless you share it by name.")
	}
	a.paragraph("", whoCanRead(readers(u.Grants(), i.Type, i.Section), " there"))
	id := shortItem(i)
	a.note("")
	for _, next := range [][2]string{{"accept " + id, "take it in"}, {"accept " + id + " --section NAME", "take it in, filed elsewhere"},
		{"accept " + id + ` --dispute "TEXT"`, "take it in, and say it is wrong"}, {"dismiss " + id, "remove it for good"}} {
		a.aside("  carehold inbox %-34s  %s", next[0], next[1])
	}
	return nil
}

// showBrought shows the documents of what waits, as far as they are text. A file that it
// leads to is not shown: there may be one in the record that it has nothing to do with.
func (u *unlocked) showBrought(ctx context.Context, list []enclosed) error {
	a := u.app
	for _, e := range list {
		switch {
		case e.file != (fhir.Ref{}):
			a.paragraph("  ", "It leads to a file, "+shortRef(e.file)+", which is not shown here. If that waits too, take in both.")
			a.say("")
		case isText(e.typ):
			if err := u.showEnclosed(ctx, []enclosed{e}); err != nil {
				return err
			}
		default:
			a.paragraph("  ", sentence("with it comes a "+joined(", ", fileWord(e.typ), e.size))+" carehold show --save writes it to a file once it is in your record.")
			a.say("")
		}
	}
	return nil
}

// tellWroteIt says in sentences who wrote it, and what that is worth.
func (u *unlocked) tellWroteIt(i holder.Item) {
	a := u.app
	a.paragraph("", sentence("written by "+writer(i)+", "+local(i.Time)))
	if !i.Known {
		return
	}
	text := "It came under grant " + shortID(i.Grant.String()) + ", which you made for them; nobody has checked who used it."
	if r := registration(i.By); r != "" {
		text = "Registration: " + r + ", as they say. " + text
	}
	a.paragraph("", text)
}

// noticeShown is how many entries of a notice are shown; history has all.
const noticeShown = 20

// showNotice shows what entries a notice is of, as they were written.
func (u *unlocked) showNotice(ctx context.Context, i holder.Item) error {
	a := u.app
	list := writtenIn(i)
	a.paragraph("", sentence(howMany(list, i.More)))
	a.say("")
	shown, budget := list[:min(len(list), noticeShown)], noticeShown
	for _, w := range shown {
		text, err := u.wroteWhat(ctx, w, &budget)
		if err != nil {
			return err
		}
		a.paragraph("  ", text)
		info, err := u.session.Why(ctx, w.ref)
		switch {
		case record.KindOf(err) == record.NotFound, record.KindOf(err) == record.Gone:
			continue
		case err != nil:
			return err
		case info.Deleted:
			a.paragraph("    ", "It is deleted now.")
		case info.Version != uint64(w.version):
			a.paragraph("    ", fmt.Sprintf("Filed in %s. It was changed since: this is version %d of %d.", info.Section, w.version, info.Version))
		default:
			a.paragraph("    ", "Filed in "+info.Section+".")
		}
	}
	if rest := uint64(len(list)-len(shown)) + i.More; rest > 0 {
		a.paragraph("  ", "And "+thousands(int(rest))+` more, which "carehold history --json" names.`)
	}
	a.say("")
	u.tellWroteIt(i)
	a.paragraph("", "It is in your record already: this is a notice.")
	if i.NoRoom {
		a.paragraph("", noRoomText)
	}
	a.note("")
	if len(list) > 0 {
		a.command("carehold show "+shortRef(list[0].ref), "all it says now")
		a.command("carehold dispute "+shortRef(list[0].ref)+` "TEXT"`, "say that it is wrong")
	}
	a.command("carehold inbox accept "+shortItem(i), "you have looked at it")
	return nil
}
