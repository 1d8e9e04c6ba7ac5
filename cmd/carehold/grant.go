package main

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

func (a *app) grantCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "grant --to NAME (--ready NAME | --sections LIST)",
		Short: "Let somebody read a part of your record",
		Long: `Lets somebody read a part of your record, until a time you choose or until you
stop it. You get a token to give to them: with it their system can read that
part at any time, also while this device is off. It is shown once.

See first what they would see with -n: it counts, names examples, and says what
stays closed. Identity and providers (who you are, who cares for you) are in
every grant. Sensitive sections (mental-health, sexual-health, substance-use,
safeguarding, private) are in none unless you name them.

With --scopes, r lets them open what they know the address of, and s lets them
look for it. A type without s is in no search, and in none that looks through it
(measurements by the patient's name): give rs where you are not sure.

` + sectionsHelp() + "\n\n" + readyHelp(),
		Example: `  carehold grant --to "Dr Amara Okafor" --ready gp-visit -n
  carehold grant --to "Dr Amara Okafor" --organisation "Elm Road Surgery" \
    --role GP --ready gp-visit
  carehold grant --to Judith --sections allergies,medicines --for until-stopped
  carehold grant --to "Community nurse" --sections measurements \
    --scopes "patient/Patient.rs patient/Observation.crs" --for 30d \
    --token-out nurse.token`,
		Args: nothing,
	}
	var o grantOptions
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `name` of who it is for, in your words")
	f.StringVar(&o.organisation, "organisation", "", "the `place` where they work")
	f.StringVar(&o.role, "role", "", "the `word` for what they are: GP, social worker, daughter")
	f.StringVar(&o.ready, "ready", "", "a ready-made choice, by `name`: "+strings.Join(readyNames(), ", "))
	f.StringVar(&o.sections, "sections", "", "the `sections`, separated by commas")
	f.StringVar(&o.scopes, "scopes", "", "what they may do, as SMART `scopes`: patient/TYPE.cruds (default: patient/*.rs, read and search)")
	f.StringVar(&o.lasts, "for", "", "how `long`: a number with min, h, d, w or y (1d, 90d), or until-stopped (default: as the ready-made one, else 1d)")
	f.StringVar(&o.purpose, "purpose", "", "what for, by its HL7 `code`: "+strings.Join(purposeCodes(), ", "))
	f.StringVar(&o.tokenOut, "token-out", "", "write the token to this new `file` instead of showing it")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only show what they would see")
	a.deviceFlags(c)
	c.MarkFlagsMutuallyExclusive("ready", "sections")
	_ = c.RegisterFlagCompletionFunc("ready", completeReady)
	_ = c.RegisterFlagCompletionFunc("sections", completeSections)
	_ = c.RegisterFlagCompletionFunc("for", completeDurations)
	_ = c.RegisterFlagCompletionFunc("purpose", completePurposes)
	for _, name := range []string{"to", "organisation", "role", "scopes"} {
		_ = c.RegisterFlagCompletionFunc(name, noFiles)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		req, err := o.request()
		if err != nil {
			return err
		}
		if a.json && !o.dry && !a.yes {
			return usagef("with --json there is nothing to look at before the question: look with -n, then say --yes")
		}
		if o.tokenOut != "" {
			if err := mustBeNew(o.tokenOut); err != nil {
				return err
			}
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		return a.grant(c.Context(), u, req, o)
	}
	return c
}

// grantOptions are what is typed.
type grantOptions struct {
	to, organisation, role                  string
	ready, sections, scopes, lasts, purpose string
	tokenOut                                string
	dry                                     bool
}

// request is what it means.
func (o grantOptions) request() (holder.GrantRequest, error) {
	req := holder.GrantRequest{To: grant.Party{Name: o.to, Organisation: o.organisation, Role: o.role}, Lasts: day, Purpose: "TREAT", Label: "token"}
	scopes := "patient/*.rs"
	if o.to == "" {
		return req, usagef("--to is needed: the name of who the grant is for")
	}
	switch {
	case o.ready != "":
		i := slices.IndexFunc(grant.ReadyMade, func(r grant.Ready) bool { return strings.EqualFold(r.Name, o.ready) })
		if i < 0 {
			return req, meant(fmt.Errorf("there is no ready-made grant %q; there are %s", o.ready, and(readyNames())), nearest(o.ready, readyNames()), "")
		}
		r := grant.ReadyMade[i]
		req.Sections, scopes, req.Purpose, req.Lasts = r.Sections, r.Scopes, r.Purpose, r.Lasts
	case o.sections != "":
		for name := range strings.SplitSeq(o.sections, ",") {
			s, err := parseSection(strings.TrimSpace(name))
			if err != nil {
				return req, err
			}
			req.Sections = req.Sections.With(s)
		}
	default:
		return req, usagef("say what: --ready %s, or --sections", strings.Join(readyNames(), "|"))
	}
	if o.scopes != "" {
		scopes = o.scopes
	}
	err := typesInScopes(scopes)
	if err != nil {
		return req, err
	}
	if req.Scopes, err = grant.ParseScopes(scopes); err != nil {
		return req, usage(err)
	}
	switch o.lasts {
	case "":
	case "until-stopped":
		req.Lasts = 0
	default:
		if req.Lasts, err = parseLasting(o.lasts); err != nil {
			return req, usage(err)
		}
	}
	if o.purpose != "" {
		req.Purpose = strings.ToUpper(o.purpose)
	}
	if _, ok := grant.Purposes[req.Purpose]; !ok {
		return req, usagef("there is no purpose %q; there are %s", o.purpose, and(purposeCodes()))
	}
	return req, nil
}

// typesInScopes refuses a type that FHIR does not have: a grant of it would be to
// nothing, and not what was meant.
func typesInScopes(scopes string) error {
	for scope := range strings.FieldsSeq(scopes) {
		typ, ok := strings.CutPrefix(scope, "patient/")
		typ, verbs, found := strings.Cut(typ, ".")
		if !ok || !found || typ == "*" || fhir.KnownType(typ) {
			continue // what else is wrong with it, the grammar says
		}
		types := fhir.Types()
		like, ok := named(typ, types)
		if !ok {
			like = nearest(typ, types)
		}
		if like != "" {
			like = "patient/" + like + "." + verbs
		}
		return meant(fmt.Errorf("the scope %q cannot be granted: FHIR R4 has no resource type %q", scope, typ), like, "such types are Condition, Observation, MedicationRequest")
	}
	return nil
}

// offer shows what would be seen, and asks whether it shall be.
func (a *app) offer(ctx context.Context, u *unlocked, req holder.GrantRequest, o grantOptions) (yes bool, err error) {
	p, err := u.session.Preview(ctx, grant.With(req.Sections), req.Scopes)
	if err != nil {
		return false, err
	}
	examples, err := u.examples(ctx, p)
	if err != nil {
		return false, err
	}
	outside, err := u.outside(ctx, req, p)
	if err != nil {
		return false, err
	}
	if !a.json {
		a.showPreview(u, req, p, examples, outside)
	} else if o.dry {
		return false, a.summary(previewOf(req, p, examples, outside))
	}
	if o.dry {
		a.say("")
		a.say("Nothing was granted.")
		return false, nil
	}
	if !a.yes {
		fmt.Fprintln(a.stdout)
		question := "Give " + partyName(req.To) + " this?"
		if p.Total == 0 {
			question = "They would see nothing. Give " + partyName(req.To) + " this all the same?"
		}
		if ok, err := a.confirm(question, false); err != nil || !ok {
			return false, declined(err)
		}
	}
	return true, nil
}

// grant makes the grant, once it was looked at.
func (a *app) grant(ctx context.Context, u *unlocked, req holder.GrantRequest, o grantOptions) error {
	if yes, err := a.offer(ctx, u, req, o); err != nil || !yes {
		return err
	}
	issued, err := u.Grant(ctx, req)
	if err != nil {
		return err
	}
	if o.tokenOut != "" {
		if err := writeNewFile(o.tokenOut, []byte(issued.Token+"\n")); err != nil {
			return hinted(err, "the grant is made, and its token is lost: revoke it and make another; carehold revoke "+shortID(issued.Grant.ID.String()))
		}
	}
	if a.json {
		out := grantedJSON{Grant: issued.Grant.ID.String(), To: req.To.Name, Until: issued.Until, Server: u.client.Base() + "/fhir", Token: issued.Token, TokenFile: o.tokenOut}
		if o.tokenOut != "" {
			out.Token = ""
		}
		return a.summary(out)
	}
	a.showToken(u, issued, o.tokenOut)
	return nil
}

type grantedJSON struct {
	Grant     string    `json:"grant"`
	To        string    `json:"to"`
	Until     time.Time `json:"until,omitzero"`
	Server    string    `json:"server"`
	Token     string    `json:"token,omitempty"`
	TokenFile string    `json:"token_file,omitempty"`
}

func (a *app) showToken(u *unlocked, issued holder.Issued, file string) {
	fmt.Fprintln(a.stderr)
	if file != "" {
		a.say("Granted, %s. The token is in %s", until(issued.Until), file)
	} else {
		a.note("Granted, %s. This is the token, shown once and kept nowhere:", until(issued.Until))
		fmt.Fprintln(a.stderr)
		a.say("%s", issued.Token)
	}
	a.note("")
	a.note("Give it to %s in a way that others do not read: whoever has it can see what is above, %s. Their system needs it together with this address:",
		clean(issued.Grant.To.Name), until(issued.Until))
	a.note("")
	a.aside("    %s/fhir", u.client.Base())
	a.note("")
	a.note("Stop it at any time: carehold revoke %s", shortID(issued.Grant.ID.String()))
}

// partyName is "Dr Amara Okafor (GP, Elm Road Surgery)".
func partyName(p grant.Party) string {
	about := joined(", ", clean(p.Role), clean(p.Organisation))
	if about == "" {
		return clean(p.Name)
	}
	return clean(p.Name) + " (" + about + ")"
}

func readyNames() []string {
	var names []string
	for _, r := range grant.ReadyMade {
		names = append(names, r.Name)
	}
	return names
}

// sectionsHelp lists the sections. There is no word for all of them: whoever shares
// the sensitive ones should have written each.
func sectionsHelp() string {
	return strings.TrimRight(wrap("Sections:  ", record.SectionNames(), 80), "\n") +
		"\nTo share everything, name them all; with quotes they can stand as they do here."
}

// readyHelp describes the ready-made grants from the table that makes them.
func readyHelp() string {
	var b strings.Builder
	b.WriteString("Ready-made:\n")
	for _, r := range grant.ReadyMade {
		open := r.Sections &^ grant.With(0)
		b.WriteString(wrap(fmt.Sprintf("  %-15s", r.Name), r.Title+", "+lastsHelp(r.Lasts)+": "+open.String(), 80))
	}
	return strings.TrimRight(b.String(), "\n")
}

func lastsHelp(d time.Duration) string {
	if d == 0 {
		return "until you stop it"
	}
	return plural(int(d/day), "day", "days")
}

func purposeCodes() []string {
	var codes []string
	for code := range grant.Purposes {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	return codes
}
