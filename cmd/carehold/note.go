package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/store"
)

// The person's own words about an entry: a note, or that they dispute it. What the entry
// says is not changed by it, and it goes wherever the entry goes.

const wordsHelp = `Your words stand on the entry, with the time, and travel with it: whoever may
read the entry reads them, in exports and summaries too. Who wrote it sees them
if it is shared with them. What the entry says is not changed. Nobody but you
can take your words off it: --withdraw does, all of them at once; older versions
keep them.

Without TEXT you are asked for it.`

func (a *app) noteCommand() *cobra.Command {
	return a.wordsCommand(&cobra.Command{
		Use:   "note ENTRY [TEXT...]",
		Short: "Write a note of yours on an entry",
		Long:  "Writes a note of yours on an entry.\n\n" + wordsHelp,
		Example: `  carehold note Condition/k2v5c7q4 "It began in spring, after the flu"
  carehold note Condition/k2v5c7q4
  carehold note --withdraw Condition/k2v5c7q4`,
	}, false)
}

func (a *app) disputeCommand() *cobra.Command {
	return a.wordsCommand(&cobra.Command{
		Use:   "dispute ENTRY [TEXT...]",
		Short: "Say that an entry is wrong",
		Long:  "Says that an entry is wrong, in your words.\n\n" + wordsHelp,
		Example: `  carehold dispute AllergyIntolerance/p4q2x7aa "I never had this"
  carehold dispute AllergyIntolerance/p4q2x7aa
  carehold dispute --withdraw AllergyIntolerance/p4q2x7aa`,
	}, true)
}

func (a *app) wordsCommand(c *cobra.Command, dispute bool) *cobra.Command {
	c.Args = atLeast(1, "an entry: TYPE/ID")
	withdraw := c.Flags().Bool("withdraw", false, "take all of your words off the entry: notes and disputes")
	a.deviceFlags(c)
	c.ValidArgsFunction = noFiles
	c.RunE = func(c *cobra.Command, args []string) error {
		ref, err := parseRef(args[0])
		if err != nil {
			return err
		}
		text := strings.Join(args[1:], " ")
		switch {
		case *withdraw && text != "":
			return usagef("--withdraw takes your words back, and needs no others: name the entry alone")
		case *withdraw:
		case len(args) > 1:
			text, err = checkWords(text)
		default:
			err = a.canAskWords()
		}
		if err == nil {
			err = noPlaceForWords(ref.Type)
		}
		if err != nil {
			return err
		}
		ctx := c.Context()
		u, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer u.close()
		if ref, err = u.resolve(ctx, ref); err != nil {
			return err
		}
		if !*withdraw && len(args) == 1 { // behind the passphrase: what is typed here is shown
			if text, err = a.askWords(dispute); err != nil {
				return err
			}
		}
		info, err := u.wordsFor(ctx, ref)
		if err != nil {
			return err
		}
		if *withdraw {
			return u.withdraw(ctx, ref, info)
		}
		return u.annotate(ctx, ref, info, text, dispute)
	}
	return c
}

// checkWords is what was typed, if it can be said of an entry.
func checkWords(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", usagef("say something: there are no words in it")
	}
	if len(text) > store.MaxWords {
		return "", usagef("it is too long: at most %s bytes", thousands(store.MaxWords))
	}
	return text, nil
}

// canAskWords says, before a passphrase is typed, that there is nobody to ask for words.
func (a *app) canAskWords() error {
	t, err := a.terminal()
	if err != nil {
		return usagef("say it in your words, behind the name of the entry, in quotes")
	}
	t.close()
	return nil
}

// askWords asks for them.
func (a *app) askWords(dispute bool) (string, error) {
	t, err := a.terminal()
	if err != nil {
		return "", usagef("say it in your words, behind the name of the entry, in quotes")
	}
	defer t.close()
	prompt := "Your note, in one line: "
	if dispute {
		prompt = "What is wrong, in one line: "
	}
	text, err := t.line(prompt)
	if err != nil {
		return "", err
	}
	return checkWords(text)
}

// noPlaceForWords is for the types that FHIR gives no extensions.
func noPlaceForWords(typ string) error {
	switch typ {
	case "Binary", "Bundle", "Parameters":
		return coded(exitUsage, fmt.Errorf("FHIR has no place for your words on a %s", typ), "say it on the entry that it belongs to, such as the letter that a file is of")
	}
	return nil
}

// wordsFor is the entry that something is said of, as it is now.
func (u *unlocked) wordsFor(ctx context.Context, ref fhir.Ref) (message.EntryInfo, error) {
	info, err := u.session.Why(ctx, ref)
	if err != nil {
		return info, noSuchEntry(err, ref.String())
	}
	if info.Deleted {
		return info, coded(exitNotFound, fmt.Errorf("%s was deleted", shortRef(ref)), fmt.Sprintf("carehold show %s --version %d shows what it was", shortRef(ref), max(1, info.Version-1)))
	}
	return info, nil
}

func changedMeanwhile(err error, ref fhir.Ref) error {
	if errors.Is(err, record.Precondition) {
		return hinted(fmt.Errorf("%s was changed just now: nothing was said of it", shortRef(ref)), "carehold show "+shortRef(ref)+" shows what it says now; then say it again")
	}
	return noSuchEntry(err, ref.String())
}

type notedJSON struct {
	Ref       string `json:"ref"`
	Version   uint64 `json:"version"`
	Dispute   bool   `json:"dispute,omitempty"`
	Withdrawn int    `json:"withdrawn,omitempty"` // how many of the person's words
}

func (u *unlocked) annotate(ctx context.Context, ref fhir.Ref, info message.EntryInfo, text string, dispute bool) error {
	a := u.app
	v, err := u.session.Annotate(ctx, ref, record.Version(info.Version), text, dispute)
	if err != nil {
		return changedMeanwhile(err, ref)
	}
	if a.json {
		return a.summary(notedJSON{Ref: ref.String(), Version: uint64(v), Dispute: dispute})
	}
	if dispute {
		a.tellDisputed(shortRef(ref))
	} else {
		a.paragraph("", "Your note stands on "+shortRef(ref)+" now, and travels with it.")
	}
	if s, err := record.ParseSection(info.Section); err == nil {
		a.paragraph("", whoCanRead(readers(u.Grants(), ref.Type, s), ", your words too"))
	}
	a.note("")
	a.note("Take them back: carehold %s --withdraw %s", map[bool]string{true: "dispute", false: "note"}[dispute], shortRef(ref))
	return nil
}

func (a *app) tellDisputed(short string) {
	a.paragraph("", "You dispute "+short+" now. Your words travel with it: who wrote it sees them if it is shared with them.")
}

// withdraw takes all words off an entry. It asks when they are several, for they go
// together.
func (u *unlocked) withdraw(ctx context.Context, ref fhir.Ref, info message.EntryInfo) error {
	a := u.app
	body, err := u.read(ctx, ref, 0)
	if err != nil {
		return err
	}
	o, _ := parseObject(body)
	list := saidOf(o)
	if len(list) > 1 && !a.yes {
		if a.json {
			return usagef("%s would go, and with --json there is nothing to look at before the question: say --yes", wordsOf(list))
		}
		a.tellSaid(o)
		if ok, err := a.confirm("Take off "+wordsOf(list)+"?", false); err != nil || !ok {
			return declined(err)
		}
	}
	v, err := u.session.Withdraw(ctx, ref, record.Version(info.Version))
	if errors.Is(err, record.NotFound) {
		return coded(exitNotFound, fmt.Errorf("there is nothing of yours on %s to take back", shortRef(ref)), "carehold show "+shortRef(ref)+" shows what is on it")
	}
	if err != nil {
		return changedMeanwhile(err, ref)
	}
	if a.json {
		return a.summary(notedJSON{Ref: ref.String(), Version: uint64(v), Withdrawn: len(list)})
	}
	a.paragraph("", "Taken off "+shortRef(ref)+": "+wordsOf(list)+". Older versions still have your words.")
	return nil
}
