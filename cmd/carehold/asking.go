package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// Somebody asks for access in one of two ways: at an address that the person has shown
// them, and then the request waits, sealed, until it is answered; or through an app, which
// shows a code for 15 minutes. A code is no secret: it says which request is meant, and
// opens nothing.

const requestHelp = `REQUEST is the code on the screen of the app that asks, XXXX-XXXX-XXXX; or, of
what "carehold requests" lists, the number of a request, or the name of who
asks.`

// request finds the request that is meant.
func (u *unlocked) request(ctx context.Context, named string) (holder.Request, error) {
	named = strings.TrimSpace(named)
	if isCode(named) && strings.ContainsAny(named, "- ") {
		return u.coded(ctx, named)
	}
	list, err := u.Requests(ctx, u.token)
	if err != nil {
		return holder.Request{}, err
	}
	var found, called []holder.Request
	for _, r := range list {
		switch {
		case begins(requestID(r), named):
			found = append(found, r)
		case !r.Damaged && strings.EqualFold(r.Question.To.Name, named):
			called = append(called, r)
		}
	}
	if len(found) == 0 && isCode(named) { // a name is their own choice: it hides no number, and no code
		r, err := u.coded(ctx, named)
		if !errors.Is(err, record.NotFound) || len(called) == 0 || strings.ContainsAny(named, "0123456789") {
			return r, err
		}
	}
	if len(found) == 0 { // a name of 12 letters, where no such code is
		found = called
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1: // whoever asks chooses their name: it may be another's
		return holder.Request{}, coded(exitUsage, fmt.Errorf("%d requests are called %q", len(found), named), `use the number that "carehold requests" shows: anybody can say that they are called so`)
	}
	for _, g := range u.Grants() {
		if id := hex.EncodeToString(g.Grant.Asked[:]); g.Grant.Asked != [16]byte{} && begins(id, named) {
			return holder.Request{}, hinted(errors.New("this request has been answered already, with the grant to "+theirWords(g.Grant.To)),
				"carehold grants --all shows it; carehold amend "+shortID(g.Grant.ID.String())+" changes it")
		}
	}
	return holder.Request{}, coded(exitNotFound, fmt.Errorf("no request %q waits for an answer", named),
		`"carehold requests" lists those that came in at your addresses; a code from an app's screen looks like K7QM-2D9F-XW4T`)
}

func (u *unlocked) coded(ctx context.Context, code string) (holder.Request, error) {
	r, err := u.Lookup(ctx, u.token, code)
	if errors.Is(err, record.NotFound) {
		err = coded(exitNotFound, errors.New("no request waits under this code"),
			"compare it with the screen, letter by letter; it may have been answered, or be older than 15 minutes: then begin again in the app, which shows a new code")
	}
	return r, err
}

// isCode reports whether a text can be a code: 12 letters and digits, and what people put
// between them.
func isCode(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			n++
		case r != '-' && r != ' ':
			return false
		}
	}
	return n == 12
}

// begins reports whether what was typed is the beginning of an id.
func begins(id, typed string) bool {
	return len(typed) >= 4 && strings.HasPrefix(id, strings.ToLower(typed))
}

func requestID(r holder.Request) string { return hex.EncodeToString(r.ID[:]) }

// withCode reports whether a request came with a code, and not at an address.
func withCode(r holder.Request) bool { return r.Question.Address == [16]byte{} && !r.Damaged }

// wanted is what a request is for, as it was asked.
type wanted struct {
	sections, sensitive record.SectionSet // without, and of the sensitive ones
	scopes              []grant.Scope
	lasts               time.Duration // 0: not said
	back                bool          // it wants to come back by itself
	name                bool          // and to know who somebody is, by a name of its own
}

func wantedOf(r holder.Request) wanted {
	q, _ := grant.ParseRequested(r.Question.Scope) // what is wrong with it, approving says
	w := wanted{scopes: q.Scopes, lasts: r.Question.Lasts, back: q.Offline || q.Online, name: q.OpenID}
	if len(w.scopes) == 0 {
		w.scopes = []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}
	}
	all := grant.With(r.Question.Sections)
	if r.Question.Sections == 0 {
		all = grant.Proposed(w.scopes)
	}
	w.sections, w.sensitive = all&^record.SensitiveSections, all&record.SensitiveSections
	return w
}

// saysTheyAre is who asks. Nothing of it is proved, and whoever reads it must know.
func saysTheyAre(r holder.Request) string {
	if r.Question.Client != "" {
		return appText(r)
	}
	return "Somebody who says they are " + theirWords(r.Question.To) + ". Nobody has checked this."
}

// theirWords is what somebody calls themself, so that none of it reads as words of this
// program: each part of it in quotes, and cut.
func theirWords(p grant.Party) string {
	var about []string
	for _, text := range []string{p.Role, p.Organisation, registration(p)} {
		if text = clean(text); text != "" {
			about = append(about, inQuotes(text))
		}
	}
	if about == nil {
		return inQuotes(p.Name)
	}
	return inQuotes(p.Name) + " (" + strings.Join(about, ", ") + ")"
}

// inQuotes is a text of somebody else's in a sentence of this program's. What looks like the
// end of the quotes is not left in it.
func inQuotes(text string) string {
	return strconv.Quote(strings.TrimSpace(cut(likeQuotes.Replace(text), shownName)))
}

var likeQuotes = strings.NewReplacer("“", "'", "”", "'", "„", "'", "‟", "'", "″", "'", "＂", "'", "\"", "'")

// shownName is how many characters of it are shown: more is no name.
const shownName = 80

// appText is an app that asks.
func appText(r holder.Request) string {
	name := inQuotes(first(r.App.Name, r.Question.To.Name))
	if r.App.Verified && r.Question.Verified {
		return joined(" of ", "The app "+name, r.App.Organisation) + ". Whoever runs your server has registered it."
	}
	from := ""
	if r.App.Host != "" {
		from = " from " + r.App.Host
	}
	return "An app" + from + ", NOT registered here. It calls itself " + name + ": nobody has checked this."
}

// registration is "GMC 7654321".
func registration(p grant.Party) string {
	if p.Number == "" {
		return ""
	}
	return joined(" ", first(p.Register, "registration"), p.Number)
}

// forWhat is the purpose behind what somebody may do.
func forWhat(code string) string {
	switch words := grant.Purposes[code]; {
	case code == "PATRQT":
		return ", at your own wish"
	case words != "":
		return ", for " + words
	}
	return ""
}

// spanOf is how long, in words.
func spanOf(d time.Duration) string {
	switch {
	case d >= day:
		return plural(int(d/day), "day", "days")
	case d >= time.Hour:
		return plural(int(d/time.Hour), "hour", "hours")
	}
	return plural(int(d/time.Minute), "minute", "minutes")
}

// verbWords are what scopes allow, in the order it is said.
var verbWords = []struct {
	verbs grant.Verbs
	word  string
}{{grant.Read | grant.Search, "read"}, {grant.Create, "add"}, {grant.Update, "change"}, {grant.Delete, "delete"}}

// doing is one line of what somebody may do: "read" and with what.
type doing struct{ verb, what string }

// doings says scopes in words, with the types and the limits they have.
func doings(scopes []grant.Scope) []doing {
	var list []doing
	for _, v := range verbWords {
		var what []string
		for _, s := range scopes {
			if s.Verbs&v.verbs == 0 {
				continue
			}
			text := "everything"
			if s.Type != "*" {
				text = typeCount(s.Type, 2)
			}
			var limits []string
			for _, p := range s.Params {
				value := p.Value
				if i := strings.LastIndexByte(value, '|'); i >= 0 && i < len(value)-1 { // a code behind its system
					value = value[i+1:]
				}
				limits = append(limits, p.Name+" "+value)
			}
			if limits != nil {
				text += " (only " + strings.Join(limits, ", ") + ")"
			}
			if !slices.Contains(what, text) {
				what = append(what, text)
			}
		}
		switch {
		case slices.Contains(what, "everything"):
			list = append(list, doing{v.word, "everything"})
		case what != nil:
			list = append(list, doing{v.word, and(what)})
		}
	}
	return list
}

// inOneLine is "read medicines, and add measurements".
func inOneLine(list []doing) string {
	var parts []string
	for _, d := range list {
		parts = append(parts, d.verb+" "+d.what)
	}
	return strings.Join(parts, ", and ")
}

// ofAllTypes reports whether scopes leave out no type.
func ofAllTypes(scopes []grant.Scope) bool {
	return !slices.ContainsFunc(doings(scopes), func(d doing) bool { return d.what != "everything" })
}

// may is what scopes allow in sections: "read: allergies and medicines", or, where they
// leave out types, "read prescriptions, in: medicines".
func may(scopes []grant.Scope, in record.SectionSet) string {
	if ofAllTypes(scopes) {
		return mayDo(scopes) + ": " + openSections(in)
	}
	return inOneLine(doings(scopes)) + ", in: " + openSections(in)
}

// mayWithin is that within a sentence: "read allergies and medicines", or "read prescriptions
// (only status active), in medicines".
func mayWithin(scopes []grant.Scope, in record.SectionSet) string {
	if ofAllTypes(scopes) {
		return mayDo(scopes) + " " + openSections(in) + narrowed(scopes)
	}
	return inOneLine(doings(scopes)) + ", in " + openSections(in)
}
