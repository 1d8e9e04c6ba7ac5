package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"carehold/record/grant"
	"carehold/record/holder"
)

// What a person is asked at a terminal before anything is given.

// begun asks, of a code, whether the person began this. Whoever has talked them into
// typing a code would get what they give.
func (a *app) begun(r holder.Request) (bool, error) {
	at := first(r.App.Redirect, r.App.Host, "that app")
	if !a.yes {
		a.say("")
	}
	if here, ok := strings.CutSuffix(at, " on this device"); ok { // the server's words, to a browser
		at = here + " on the device whose browser shows the code"
	}
	ok, err := a.confirm("Did you begin this yourself, just now, at "+clean(at)+"?", false)
	if err == nil && !ok {
		err = hinted(errors.New("nothing was given"), "if somebody sent you this code, or told it to you: do not use it. \"carehold refuse\" with the code tells them no")
	}
	return ok, err
}

// What a person can answer to an offer.
const (
	saysYes = iota + 1
	saysNo
	saysLess
)

func (a *app) yesNoLess(give holder.GrantRequest) (int, error) {
	question := "Give " + theirWords(give.To) + " this?"
	if a.yes {
		return saysYes, nil
	}
	t, err := a.terminal()
	if err != nil {
		_, err := a.confirm(question, false) // which says what to do
		return saysNo, err
	}
	defer t.close()
	a.say("")
	for {
		text, err := t.line(question + " Type yes, no, or less: ")
		if err != nil {
			return saysNo, err
		}
		switch strings.ToLower(text) {
		case "y", "yes":
			return saysYes, nil
		case "n", "no":
			return saysNo, nil
		case "l", "less":
			return saysLess, nil
		}
		fmt.Fprintln(t.out, "Please type yes, no, or less.")
	}
}

// less asks what shall be left out, step by step. Enter keeps what is there.
func (a *app) less(give holder.GrantRequest, now time.Time) (holder.GrantRequest, error) {
	t, err := a.terminal()
	if err != nil {
		return give, err
	}
	defer t.close()
	fmt.Fprint(t.out, "\n"+wrap("", "To leave a question as it is, press Enter.", 80))
	if open := give.Sections &^ grant.With(0); open != 0 {
		fmt.Fprint(t.out, wrap("", "They would get: "+openSections(give.Sections)+".", 80))
		for {
			text, err := t.line("Leave out (names, with commas between): ")
			if err != nil {
				return give, err
			}
			drop, err := parseSections(text)
			switch {
			case err != nil:
				fmt.Fprint(t.out, wrap("", sentence(errorText(err)), 80))
				continue
			case drop&open == open:
				fmt.Fprintln(t.out, "Then nothing would be left: answer no instead.")
				continue
			}
			give.Sections &^= drop &^ grant.With(0)
			break
		}
	}
	for {
		text, err := t.line("For how long (such as 1d, 7d, or a day such as 2027-01-31): ")
		if err != nil {
			return give, err
		}
		if text == "" {
			break
		}
		e := ending{lasts: text}
		if strings.Count(text, "-") == 2 {
			e = ending{until: text}
		}
		lasts, until, err := e.read(now)
		if end := endOf(give, now); err == nil && !end.IsZero() && (lasts == 0 && until.IsZero() || now.Add(lasts).After(end) || until.After(end)) {
			err = errors.New("that is longer than it would be now")
		}
		if err != nil {
			fmt.Fprint(t.out, wrap("", sentence(strings.ReplaceAll(strings.ReplaceAll(errorText(err), "--for ", ""), "--until ", "")), 80))
			continue
		}
		give.Lasts, give.Until = lasts, until
		break
	}
	reading := grant.Intersect(give.Scopes, []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}})
	if len(reading) > 0 && grant.FormatScopes(reading) != grant.FormatScopes(give.Scopes) {
		only, err := t.yesNo("Let them only read, and add or change nothing?", false)
		if err != nil {
			return give, err
		}
		if only {
			give.Scopes = reading
		}
	}
	fmt.Fprintln(t.out)
	return give, nil
}

// endOf is when a grant would end; zero: when it is stopped.
func endOf(give holder.GrantRequest, now time.Time) time.Time {
	if give.Lasts > 0 {
		return now.Add(give.Lasts)
	}
	return give.Until
}

// refuseInstead is a no to the question.
func (a *app) refuseInstead(ctx context.Context, u *unlocked, r holder.Request, o approveOptions) error {
	tell, err := a.confirm("Nothing is given. Tell them that you say no?", true)
	if err != nil {
		return err
	}
	if !tell {
		a.say("Nothing was given, and nobody was told anything.")
		if !withCode(r) {
			a.note("The request waits until %s: carehold requests", local(r.Expires))
		}
		return nil
	}
	if err := u.Refuse(ctx, u.token, r, o.say); err != nil {
		return err
	}
	a.say("Refused: they are told that you said no.")
	return nil
}
