package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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

With scopes of c alone, such as patient/*.c, they can add to your record and see
nothing of it: what they add waits until you have looked at it.

An organisation's own system can be given access too, without anybody there
signing in: --backend, with the id under which whoever runs your server has
registered it. You get a client id to give to them, in place of a token. It is
shown once, and is as secret as a token. An app is given access when it asks:
carehold approve.

` + sectionsHelp() + "\n\n" + readyHelp(),
		Example: `  carehold grant --to "Dr Amara Okafor" --ready gp-visit -n
  carehold grant --to "Dr Amara Okafor" --organisation "Elm Road Surgery" \
    --role GP --ready gp-visit
  carehold grant --to Judith --sections allergies,medicines --for until-stopped
  carehold grant --to "Community nurse" --sections measurements \
    --scopes "patient/Patient.rs patient/Observation.crs" --for 30d \
    --token-out nurse.token
  carehold grant --to "Elm Road Surgery" --ready gp-visit --for until-stopped \
    --client elm-road --backend --id-out elm-road.id`,
		Args: nothing,
	}
	var o grantOptions
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `name` of who it is for, in your words")
	f.StringVar(&o.organisation, "organisation", "", "the `place` where they work")
	f.StringVar(&o.role, "role", "", "the `word` for what they are: GP, social worker, daughter")
	f.StringVar(&o.number, "number", "", "the `number` of their registration, if they have one")
	f.StringVar(&o.register, "register", "", "whose `register` that number is in: GMC, NMC, Social Work England")
	f.StringVar(&o.ready, "ready", "", "a ready-made choice, by `name`: "+strings.Join(readyNames(), ", "))
	f.StringVar(&o.sections, "sections", "", "the `sections`, separated by commas")
	f.StringVar(&o.scopes, "scopes", "", "what they may do, as SMART `scopes`: patient/TYPE.cruds (default: patient/*.rs, read and search)")
	f.StringVar(&o.lasts, "for", "", "how `long`: a number with min, h, d, w or y (1d, 90d), or until-stopped (default: as the ready-made one, else 1d)")
	f.StringVar(&o.purpose, "purpose", "", "what for, by its HL7 `code`: "+strings.Join(purposeCodes(), ", "))
	f.StringVar(&o.tokenOut, "token-out", "", "write the token to this new `file` instead of showing it")
	f.BoolVar(&o.backend, "backend", false, "for an organisation's system, that comes by itself; needs --client")
	f.StringVar(&o.client, "client", "", "the `id` under which that system is registered at your server")
	f.StringVar(&o.idOut, "id-out", "", "write its client id, which is a secret, to this new `file` instead of showing it")
	f.BoolVar(&o.unbound, "unbound", false, "give sensitive sections to such a system all the same; its tokens open nothing until they are bound to a key of its own")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only show what they would see")
	a.deviceFlags(c)
	c.MarkFlagsMutuallyExclusive("ready", "sections")
	c.MarkFlagsMutuallyExclusive("backend", "token-out")
	_ = c.RegisterFlagCompletionFunc("ready", completeReady)
	_ = c.RegisterFlagCompletionFunc("sections", completeSections)
	_ = c.RegisterFlagCompletionFunc("for", completeDurations)
	_ = c.RegisterFlagCompletionFunc("purpose", completePurposes)
	for _, name := range []string{"to", "organisation", "role", "number", "register", "client", "scopes"} {
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
		for _, file := range []string{o.tokenOut, o.idOut} {
			if file == "" {
				continue
			}
			if err := mustBeNew(file); err != nil {
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
	to, organisation, role, number, register string
	ready, sections, scopes, lasts, purpose  string
	client, tokenOut, idOut                  string
	backend, unbound, dry                    bool
}

// request is what it means.
func (o grantOptions) request() (holder.GrantRequest, error) {
	req := holder.GrantRequest{To: grant.Party{Name: o.to, Organisation: o.organisation, Role: o.role, Number: o.number, Register: o.register},
		Lasts: day, Purpose: "TREAT", Label: "token", Client: o.client, Unbound: o.unbound}
	scopes := "patient/*.rs"
	if o.to == "" {
		return req, usagef("--to is needed: the name of who the grant is for")
	}
	if err := req.To.Check(); err != nil {
		return req, usage(err)
	}
	switch {
	case o.backend && o.client == "":
		return req, usagef("--client is needed: the id under which the system is registered at your server")
	case !o.backend && o.client != "":
		return req, coded(exitUsage, errors.New("--client is for an organisation's system: say --backend too"), "an app asks you by itself: begin in the app, and answer with carehold approve")
	case !o.backend && (o.idOut != "" || o.unbound):
		return req, usagef("--id-out and --unbound are for --backend")
	case o.backend:
		req.Label = "client id"
	}
	ready, err := parseReady(o.ready)
	switch {
	case err != nil:
		return req, err
	case ready != nil:
		req.Sections, scopes, req.Purpose, req.Lasts = ready.Sections, ready.Scopes, ready.Purpose, ready.Lasts
	case o.sections != "":
		if req.Sections, err = parseSections(o.sections); err != nil {
			return req, err
		}
	default:
		return req, usagef("say what: --ready %s, or --sections", strings.Join(readyNames(), "|"))
	}
	if req.Scopes, err = parseScopes(first(o.scopes, scopes)); err != nil {
		return req, err
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

// parseSections reads sections with commas between them; none is the empty set.
func parseSections(list string) (set record.SectionSet, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" && strings.TrimSpace(list) == "" {
			break
		}
		s, err := parseSection(name)
		if err != nil {
			return 0, err
		}
		set = set.With(s)
	}
	return set, nil
}

// parseReady finds a ready-made grant; "" is none.
func parseReady(name string) (*grant.Ready, error) {
	if name == "" {
		return nil, nil
	}
	i := slices.IndexFunc(grant.ReadyMade, func(r grant.Ready) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return nil, meant(fmt.Errorf("there is no ready-made grant %q; there are %s", name, and(readyNames())), nearest(name, readyNames()), "")
	}
	return &grant.ReadyMade[i], nil
}

// parseScopes reads scopes; "" are none.
func parseScopes(scopes string) ([]grant.Scope, error) {
	if scopes == "" {
		return nil, nil
	}
	if err := typesInScopes(scopes); err != nil {
		return nil, err
	}
	list, err := grant.ParseScopes(scopes)
	if err != nil {
		return nil, usage(err)
	}
	return list, nil
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
	show := a
	if a.quiet && !o.dry { // the answer is the token, and nothing else
		copied := *a
		show, copied.stdout = &copied, a.stderr
		if a.yes {
			copied.stdout = io.Discard
		}
	}
	blind := (grant.Grant{Scopes: req.Scopes}).WriteOnly()
	switch {
	case a.json && o.dry:
		return false, a.summary(previewOf(req, p, examples, outside))
	case a.json:
	case blind:
		show.paragraph("", partyName(req.To)+" could add to "+openSections(req.Sections)+narrowed(req.Scopes)+", "+lasts(u, req)+forWhat(req.Purpose)+
			". They would see nothing of your record, and what they add waits until you have looked at it.")
	default:
		show.showPreview(u, req, p, examples, outside)
	}
	if o.dry {
		a.say("")
		a.say("Nothing was granted.")
		return false, nil
	}
	if !a.yes {
		fmt.Fprintln(show.stdout)
		question := "Give " + partyName(req.To) + " this?"
		if p.Total == 0 && !blind {
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
	issue, file := u.Grant, o.tokenOut
	if o.backend {
		issue, file = u.IssueBackend, o.idOut
	}
	issued, err := issue(ctx, req)
	if err != nil {
		if strings.Contains(err.Error(), "no key of its own") {
			err = hinted(err, "leave those sections out, or say --unbound: you give them all the same")
		}
		return err
	}
	if file != "" {
		if err := writeNewFile(file, []byte(issued.Token+"\n")); err != nil {
			return hinted(err, "the grant is made, and its "+req.Label+" is lost: revoke it and make another; carehold revoke "+shortID(issued.Grant.ID.String()))
		}
	}
	if a.json {
		out := grantedJSON{Grant: issued.Grant.ID.String(), To: req.To.Name, Until: issued.Until, Server: u.client.Base() + "/fhir", TokenFile: o.tokenOut, ClientIDFile: o.idOut}
		switch {
		case file != "":
		case o.backend:
			out.ClientID = issued.Token
		default:
			out.Token = issued.Token
		}
		return a.summary(out)
	}
	if o.backend {
		a.showClientID(u, issued, file)
		return nil
	}
	a.showToken(u, issued, file)
	return nil
}

type grantedJSON struct {
	Grant        string    `json:"grant"`
	To           string    `json:"to"`
	Until        time.Time `json:"until,omitzero"`
	Server       string    `json:"server"`
	Token        string    `json:"token,omitempty"`
	TokenFile    string    `json:"token_file,omitempty"`
	ClientID     string    `json:"client_id,omitempty"`
	ClientIDFile string    `json:"client_id_file,omitempty"`
}

// showOnce shows the secret of a grant, which is kept nowhere; or where it was written.
func (a *app) showOnce(issued holder.Issued, file, called, inFull string) {
	a.note("")
	if file != "" {
		a.say("Granted, %s. The %s is in %s", until(issued.Until), called, file)
	} else {
		a.note("Granted, %s. This is %s, shown once and kept nowhere:", until(issued.Until), inFull)
		a.note("")
		a.say("%s", issued.Token)
	}
	a.note("")
}

// showClientID shows what an organisation's system signs in with.
func (a *app) showClientID(u *unlocked, issued holder.Issued, file string) {
	a.showOnce(issued, file, "client id", "their client id for your record")
	a.note("It is a secret: give it to %s in a way that others do not read. Their system uses all of it as its client_id, signs with its own key, and needs this address:", clean(issued.Grant.To.Name))
	a.note("")
	a.aside("    %s/fhir", u.client.Base())
	a.note("")
	a.note("It opens nothing unless whoever runs your server has registered %s as a system that comes by itself (carehold client add --backend).", issued.Grant.Client)
	a.note("Stop it at any time: carehold revoke %s", shortID(issued.Grant.ID.String()))
}

func (a *app) showToken(u *unlocked, issued holder.Issued, file string) {
	a.showOnce(issued, file, "token", "the token")
	can := "see what is above"
	if issued.Grant.WriteOnly() {
		can = "add to what is above, and see nothing of it"
	}
	a.note("Give it to %s in a way that others do not read: whoever has it can %s, %s. Their system needs it together with this address:",
		clean(issued.Grant.To.Name), can, until(issued.Until))
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
