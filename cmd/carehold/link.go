package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/healthlink"
	"carehold/record/holder"
	"carehold/record/ips"
	"carehold/record/keys"
	"carehold/record/qr"
)

func (a *app) linkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "link --to NAME",
		Short: "Hand over a summary of your record as a link or QR code",
		Long: `Makes a SMART Health Link: a link, or a QR code, that opens a summary of a part of
your record in any viewer that knows such links. Nobody needs an account for it.

By itself the link shows the record as it is when it is opened, asks for a
passcode, and lasts 7 days. Give the passcode in another way than the link: it may
be tried 10 times in all. Each opening is in your history. Stop it at any time
with carehold revoke.

With --snapshot it is a summary as it is now, made and sealed on this device: the
server cannot read it, and it stays as it is.

A link can be passed on. So sensitive sections are in none: give those to one
person, with carehold grant.

` + sectionsHelp(),
		Example: `  carehold link --to "A&E, any hospital"
  carehold link --to Judith --sections allergies,medicines --for 1d
  carehold link --to "Travel clinic" --snapshot --svg link.svg`,
		Args: nothing,
	}
	o := linkOptions{grantOptions: grantOptions{ready: ""}}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `name` of who it is for, in your words")
	f.StringVar(&o.sections, "sections", "", "the `sections`, separated by commas (by itself those a clinician usually needs)")
	f.StringVar(&o.lasts, "for", "7d", "how `long`: a number with min, h, d, w or y, or until-stopped")
	f.StringVar(&o.label, "label", "", "a few `words` that viewers show, at most 80 characters")
	f.StringVar(&o.passcode, "passcode-file", "", "read a passcode of your own from this `file` (- for stdin); else one is drawn")
	f.BoolVar(&o.open, "no-passcode", false, "whoever has the link opens it")
	f.BoolVar(&o.snapshot, "snapshot", false, "the summary as it is now, sealed on this device; it has no passcode")
	f.BoolVar(&o.access, "api-access", false, "also hand over a token, for viewers that read by themselves")
	f.StringVar(&o.svg, "svg", "", "write the QR code to this new `file` instead of showing it")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only show what would be seen")
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
		req, err := o.request()
		if err != nil {
			return err
		}
		for _, s := range req.Sections.List() {
			if s.Sensitive() {
				return usagef("%s is not for a link, which can be passed on: give it to one person, with carehold grant", s)
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
		if yes, err := a.offer(c.Context(), u, req, o.grantOptions); err != nil || !yes {
			return err
		}
		return a.link(c.Context(), u, req, o)
	}
	return c
}

// linkOptions are what is typed.
type linkOptions struct {
	grantOptions
	label, passcode, svg   string
	open, snapshot, access bool
}

// link seals what the link opens, and makes it.
func (a *app) link(ctx context.Context, u *unlocked, req holder.GrantRequest, o linkOptions) error {
	passcode, err := a.linkPasscode(o)
	if err != nil {
		return err
	}
	defer passcode.Destroy()
	req.Label = o.label
	link := holder.PrepareLink()
	defer link.Destroy()
	url := u.client.Base() + "/shl/" + link.Segment()
	terms := healthlink.Terms{Label: o.label, LongTerm: !o.snapshot, Passcode: !passcode.IsZero(), Single: o.snapshot}
	if req.Lasts > 0 {
		terms.Expires = u.Now().Add(req.Lasts).Truncate(time.Second)
		req.Lasts, req.Until = 0, terms.Expires
	}
	made, err := healthlink.New(url, link.Key, terms)
	if err != nil {
		return err
	}
	var files []linkFile
	if o.snapshot {
		doc, err := u.summaryOf(ctx, req)
		if err != nil {
			return err
		}
		files = append(files, linkFile{healthlink.FHIR, doc})
	}
	if o.access {
		b, err := json.Marshal(accessFile(u, link.AccessToken(), req, terms.Expires))
		if err != nil {
			return err
		}
		files = append(files, linkFile{healthlink.APIAccess, b})
	}
	if err := u.putLinkFiles(ctx, link, files, !passcode.IsZero()); err != nil {
		return err
	}
	issued, err := u.Link(ctx, link, holder.LinkRequest{GrantRequest: req, Passcode: passcode, Direct: o.snapshot, Summary: !o.snapshot})
	if err != nil {
		_ = u.session.DropLink(context.WithoutCancel(ctx), link.ID()) // else the server does, in a day
		return err
	}
	return a.showLink(issued, made, passcode, o)
}

type linkFile struct {
	typ  string
	body []byte
}

// putLinkFiles seals the files and sends them, and then the list of them.
func (u *unlocked) putLinkFiles(ctx context.Context, link *holder.NewLink, files []linkFile, guarded bool) error {
	if len(files) == 0 {
		return nil
	}
	var list []keys.LinkFile
	for i, f := range files {
		jwe, err := healthlink.Encrypt(link.Key, f.typ, f.body, true)
		if err != nil {
			return err
		}
		sealed := []byte(jwe)
		if guarded {
			sealed = link.Guard(i+1, sealed)
		}
		if err := u.session.PutLinkFile(ctx, link.ID(), i+1, sealed); err != nil {
			return err
		}
		list = append(list, keys.LinkFile{ContentType: f.typ, Size: int64(len(jwe)), Made: u.Now().Truncate(time.Second)})
	}
	return u.session.PutLinkFile(ctx, link.ID(), 0, keys.MarshalFiles(list))
}

// summaryOf makes the summary that the grant would show, on this device.
func (u *unlocked) summaryOf(ctx context.Context, req holder.GrantRequest) ([]byte, error) {
	list, err := u.session.Entries(ctx)
	if err != nil {
		return nil, err
	}
	sections := grant.With(req.Sections)
	at := make(map[fhir.Ref]record.Section)
	types := make(map[string]bool)
	for _, e := range list {
		if s, err := record.ParseSection(e.Section); err == nil && !e.Deleted && sections.Has(s) {
			at[fhir.Ref{Type: e.Type, ID: e.ID}] = s
			types[e.Type] = true
		}
	}
	patient, err := u.session.Patient(ctx)
	if err != nil {
		return nil, err
	}
	in := ips.Input{ID: crypto.RandomID(), Time: u.Now().Truncate(time.Second), Base: u.client.Base() + "/fhir", Version: version(),
		Patient: fhir.Ref{Type: "Patient", ID: patient},
		Share:   ips.Share{To: req.To.Name, Until: req.Until, Sections: sections}}
	for typ := range types {
		err := u.session.Search(ctx, typ, func(f client.Found) error {
			if s, in1 := at[f.Ref]; in1 {
				in.Entries = append(in.Entries, ips.Entry{Ref: f.Ref, Section: s, Body: f.Resource})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ips.Build(in)
}

// accessFile is a token of the link's grant, as SMART's token response has it with
// the address it is for (SHL, "application/smart-api-access").
func accessFile(u *unlocked, token string, req holder.GrantRequest, until time.Time) map[string]any {
	m := map[string]any{"access_token": token, "token_type": "Bearer", "aud": u.client.Base() + "/fhir",
		"scope": grant.FormatScopes(req.Scopes), "query": []string{"Patient/$summary"}}
	if !until.IsZero() {
		m["expires_in"] = int(until.Sub(u.Now()).Seconds())
	}
	return m
}

// linkPasscode is the link's passcode: the person's own, one that is drawn, or none.
func (a *app) linkPasscode(o linkOptions) (crypto.Secret, error) {
	switch {
	case o.open || o.snapshot:
		return crypto.Secret{}, nil
	case o.passcode != "":
		b, err := a.readSecretFile(o.passcode)
		if err == nil && len(b) < 4 {
			err = usagef("a passcode has at least 4 characters")
		}
		return crypto.SecretOf(b), err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return crypto.Secret{}, err
	}
	return crypto.SecretOf(fmt.Appendf(nil, "%06d", n.Int64())), nil
}

type linkJSON struct {
	Grant    string    `json:"grant"`
	To       string    `json:"to"`
	Until    time.Time `json:"until,omitzero"`
	Link     string    `json:"link"`
	Passcode string    `json:"passcode,omitempty"`
	SVG      string    `json:"svg,omitempty"`
}

func (a *app) showLink(issued holder.Issued, link healthlink.Link, passcode crypto.Secret, o linkOptions) error {
	text := link.Text()
	code, err := qr.Text(text)
	if err != nil {
		return err
	}
	if o.svg != "" {
		if err := writeNewFile(o.svg, code.SVG("SMART Health Link for "+clean(o.to))); err != nil {
			return hinted(err, "the link is made, and its code is not written: "+text)
		}
	}
	drawn := "" // one of one's own is not repeated
	if o.passcode == "" && !passcode.IsZero() {
		drawn = string(passcode.Reveal())
	}
	if a.json {
		return a.summary(linkJSON{issued.Grant.ID.String(), issued.Grant.To.Name, issued.Until, text, drawn, o.svg})
	}
	fmt.Fprintln(a.stderr)
	a.note("Made, %s. This is the link, shown once and kept nowhere:", until(issued.Until))
	fmt.Fprintln(a.stderr)
	a.say("%s", text)
	if o.svg == "" && a.colours() {
		fmt.Fprintln(a.stderr)
		fmt.Fprint(a.stderr, code.Terminal())
	}
	fmt.Fprintln(a.stderr)
	if drawn != "" {
		a.note("The passcode is %s %s. Give it to them in another way than the link; it may be tried %d times in all.", drawn[:3], drawn[3:], holder.DefaultTries)
		a.note("")
	}
	a.note("Whoever has %s can see what is above, %s, and pass it on. Each opening is in your history.",
		strings.TrimSpace("the link"+map[bool]string{true: " and the passcode"}[!passcode.IsZero()]), until(issued.Until))
	a.note("")
	a.note("Stop it at any time: carehold revoke %s", shortID(issued.Grant.ID.String()))
	return nil
}

// dropLinks removes what the server kept for the links of grants.
func (u *unlocked) dropLinks(ctx context.Context, list []holder.Granted) error {
	for _, g := range list {
		for _, t := range g.Tokens {
			if !t.Link {
				continue
			}
			if err := u.signIn(ctx); err != nil {
				return err
			}
			if err := u.session.DropLink(ctx, t.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
