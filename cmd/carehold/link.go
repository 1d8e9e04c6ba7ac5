package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/healthlink"
	"carehold/record/holder"
)

func (a *app) linkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "link --to NAME",
		Short: "Hand over a summary of your record as a link or QR code",
		Long: `Makes a SMART Health Link: a link, or a QR code, that opens a summary of a part
of your record. Whoever gets it points a phone's camera at it, or opens it in a
browser, at this server's viewer; or in any app that opens SMART Health Links.
Nobody needs an account. "carehold import" opens one too.

By itself the link shows the record as it is when it is opened, asks for a
passcode, and lasts 7 days. Give the passcode in another way than the link: it
may be tried 10 times in all. Each opening is in your history. Stop it at any
time with carehold revoke.

With --snapshot it is a summary as it is now, made and sealed on this device:
the server cannot read it, and it stays as it is.

With --api-access the link also hands over a token, by which a program reads all
that is in these sections, and not the summary alone. The server's own viewer
takes it; some others refuse a link that has one.

A link can be passed on. So the summary of a link never has sensitive sections.
Those that you name, with --api-access and a passcode, are read in the server's
own viewer alone, whose token is bound to the reader's browser. Better give them
to one person, with carehold grant.

` + sectionsHelp(),
		Example: `  carehold link --to "A&E, any hospital"
  carehold link --to Judith --sections allergies,medicines --for 1d
  carehold link --to "Travel clinic" --snapshot --svg link.svg`,
		Args: nothing,
	}
	o := linkOptions{grantOptions: grantOptions{ready: ""}}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `name` of who it is for, in your words")
	f.StringVar(&o.sections, "sections", "", "the `sections`, separated by commas (without it those a clinician usually needs)")
	f.StringVar(&o.lasts, "for", "7d", "how `long`: a number with min, h, d, w or y, or until-stopped")
	f.StringVar(&o.label, "label", "", "a few `words` that viewers show, at most 80 characters")
	f.StringVar(&o.passcode, "passcode-file", "", "read a passcode of your own from this `file` (- for stdin); else one is drawn")
	f.BoolVar(&o.open, "no-passcode", false, "whoever has the link opens it")
	f.BoolVar(&o.snapshot, "snapshot", false, "the summary as it is now, sealed on this device; it has no passcode")
	f.BoolVar(&o.access, "api-access", false, "also hand over a token, for programs that read by themselves; some viewers refuse such a link")
	f.BoolVar(&o.adds, "may-add", false, "with --api-access: they may also add to your record; you are told, and see who it was")
	f.StringVar(&o.svg, "svg", "", "write the QR code to this new `file` instead of showing it")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only show what would be seen; nothing is made")
	a.deviceFlags(c)
	c.MarkFlagsMutuallyExclusive("no-passcode", "passcode-file", "snapshot")
	c.MarkFlagsMutuallyExclusive("api-access", "snapshot")
	_ = c.RegisterFlagCompletionFunc("sections", completeSections)
	_ = c.RegisterFlagCompletionFunc("for", completeDurations)
	for _, name := range []string{"to", "label"} {
		_ = c.RegisterFlagCompletionFunc(name, noFiles)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.sections == "" {
			o.sections = (grant.Clinical &^ grant.With(0)).String()
		}
		if o.adds {
			o.scopes = "patient/*.crs"
		}
		if o.adds && !o.access {
			return usagef("--may-add is for a link with --api-access")
		}
		req, err := o.request()
		if err != nil {
			return err
		}
		if err := healthlink.CheckLabel(o.label); err != nil {
			return usage(err)
		}
		for _, s := range req.Sections.List() {
			if s.Sensitive() && (!o.access || o.open) {
				return usagef("%s is not for a link that any program opens: give it to one person, with carehold grant, or say --api-access, and keep the passcode", s)
			}
		}
		if a.json && !o.dry && !a.yes {
			return usagef("with --json there is nothing to look at before the question: look with -n, then say --yes")
		}
		if o.svg != "" {
			if err := mustBeNew(o.svg); err != nil {
				return err
			}
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		if err := linkable(u.client.Base()); err != nil {
			return err
		}
		if err := u.named(c.Context()); err != nil {
			return err
		}
		if yes, err := a.offerLink(c.Context(), u, req, o); err != nil || !yes {
			return err
		}
		return a.link(c.Context(), u, req, o)
	}
	return c
}

// linkable refuses before anything is asked or made what no viewer could open.
func linkable(base string) error {
	switch over, err := healthlink.CheckBase(base+"/shl/", holder.LinkSegment); {
	case err != nil:
		return hinted(errors.New("a link leads to an https address, and this device reaches the server at "+base), "enrol this device with the server's public address; a link of this one would open nothing elsewhere")
	case over > 0:
		return hinted(fmt.Errorf("the server's address is %d characters too long for a link: %s", over, base),
			"SMART Health Links allow 128 characters for all of it; ask whoever runs the server for a shorter name")
	}
	return nil
}

// named refuses a link to a record that does not say whose it is: there is no summary of
// nobody.
func (u *unlocked) named(ctx context.Context) error {
	patient, err := u.session.Patient(ctx)
	if err != nil {
		return err
	}
	_, err = u.session.Read(ctx, fhir.Ref{Type: "Patient", ID: patient})
	switch record.KindOf(err) {
	case record.NotFound, record.Gone:
		return coded(exitNotFound, errors.New("your record does not say yet whose it is, and a summary has to"), "import something with your name in it first; nothing was made")
	}
	return err
}

// linkOptions are what is typed.
type linkOptions struct {
	grantOptions
	label, passcode, svg         string
	base                         string // of the server
	open, snapshot, access, adds bool
}

// link seals what the link opens, and makes it.
func (a *app) link(ctx context.Context, u *unlocked, req holder.GrantRequest, o linkOptions) error {
	passcode, drawn, err := a.linkPasscode(o)
	if err != nil {
		return err
	}
	defer passcode.Destroy()
	req.Label, o.base = o.label, u.client.Base()
	link := holder.PrepareLink()
	defer link.Destroy()
	terms := healthlink.Terms{Label: o.label, LongTerm: !o.snapshot, Passcode: !passcode.IsZero(), Single: o.snapshot}
	if req.Lasts > 0 {
		terms.Expires = u.Now().Add(req.Lasts).Truncate(time.Second)
		req.Lasts, req.Until = 0, terms.Expires
	}
	text, err := healthlink.New(u.client.Base()+"/shl/"+link.Segment(), link.Key, terms)
	if err != nil {
		return err
	}
	files, err := u.linkFiles(ctx, link, req, o)
	if err != nil {
		return err
	}
	if err := u.putLinkFiles(ctx, link, files, !passcode.IsZero()); err != nil {
		return err
	}
	issued, err := u.Link(ctx, link, holder.LinkRequest{GrantRequest: req, Passcode: passcode, Direct: o.snapshot, Summary: !o.snapshot})
	if err != nil {
		_ = u.session.DropLink(context.WithoutCancel(ctx), link.ID()) // else the server does, in a day
		return err
	}
	return a.showLink(madeLink{issued, text.Text(), drawn, terms}, o)
}

// minPasscode is how short a passcode of their own may be: it can be tried ten times.
const minPasscode = 4

// linkPasscode is the link's passcode: the person's own, which is not repeated, or one
// that is drawn; or none.
func (a *app) linkPasscode(o linkOptions) (passcode crypto.Secret, drawn string, err error) {
	switch {
	case o.open || o.snapshot:
		return crypto.Secret{}, "", nil
	case o.passcode != "":
		b, err := a.readSecretFile(o.passcode)
		if n := utf8.RuneCount(b); err == nil && (n < minPasscode || n > holder.MaxPasscode) {
			err = usagef("a passcode has %d to %d characters", minPasscode, holder.MaxPasscode)
		}
		return crypto.SecretOf(b), "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return crypto.Secret{}, "", err
	}
	drawn = fmt.Sprintf("%06d", n.Int64())
	return crypto.SecretString(drawn), drawn, nil
}
