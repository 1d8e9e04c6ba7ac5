package main

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"carehold/record/audit"
	"carehold/record/holder"
)

// counts are entries, each counted once in a sentence, however often it was shown.
type counts struct {
	refs map[string]bool // Type/id/_history/n
	more int
	only string // when there is one: its name
}

func countsOf(v audit.Event) counts {
	c := counts{refs: map[string]bool{}, more: int(v.More)}
	for _, ref := range v.Entries {
		typ, rest, _ := strings.Cut(ref, "/")
		id, _, _ := strings.Cut(rest, "/")
		c.refs[ref] = true
		c.only = typ + "/" + shortID(id)
	}
	return c
}

func (c counts) total() int { return len(c.refs) + c.more }

func (c *counts) add(o counts) {
	maps.Copy(c.refs, o.refs)
	c.more += o.more
	c.only = first(o.only, c.only)
}

func (c counts) types() map[string]int {
	types := map[string]int{}
	for ref := range c.refs {
		typ, _, _ := strings.Cut(ref, "/")
		types[typ]++
	}
	return types
}

// kindsShown is how many kinds of entries a sentence counts.
const kindsShown = 4

// String is "3 conditions, 8 allergies and 12 others".
func (c counts) String() string {
	if c.total() == 1 && c.only != "" {
		typ, _, _ := strings.Cut(c.only, "/")
		return "1 " + typeWord(typ) + " (" + c.only + ")"
	}
	var parts []string
	rest, types := c.more, c.types()
	for i, t := range keysByCount(types) {
		if i >= kindsShown || t == "Provenance" && len(types) > 1 {
			rest += types[t]
			continue
		}
		parts = append(parts, thousands(types[t])+" "+typeCount(t, types[t]))
	}
	if rest > 0 {
		parts = append(parts, plural(rest, "other", "others"))
	}
	return and(parts)
}

// narrate says an entry of the log in a sentence that can take in the ones that
// follow, if they are of its kind.
func narrate(e audit.Entry, grants []holder.Granted) told {
	v := e.Event
	t := told{at: v.Time, last: v.Time, sum: countsOf(v), n: 1}
	who, was := actor(e, grants), " was"
	if who == you {
		who, was = "You", " were"
	}
	join := func(kind string, text func(counts, int) string) told {
		t.kind, t.text = who+"/"+kind, text
		return t
	}
	if e.Writer != audit.ByGrant {
		text := described(e, grants)
		return join(text, func(_ counts, n int) string { return times(text, n) })
	}
	if v.Action == audit.Opened { // by whoever had the link, and told in one way everywhere
		text := described(e, grants)
		return join(text, func(_ counts, n int) string { return times(text, n) })
	}
	if v.Action == audit.Search && v.Query == summaryQuery && v.Outcome == audit.Done && len(v.Entries) > 0 && isLink(v.Grant, grants) {
		return join("link", func(c counts, n int) string {
			return "The link for " + who + " showed " + c.String()
		})
	}
	if v.Outcome == audit.Refused && who == "You" && v.Reason == audit.OutsideGrant {
		// Nothing is closed to them: an import looks whether there is a Patient yet.
		return join(fmt.Sprint("absent", v.Action), func(c counts, n int) string {
			if v.Action != audit.Search && c.total() == 0 { // a note that was to be taken off, too
				return times("You asked for something that was not there", n)
			}
			return "You looked for " + requests(v, c, n) + ", which was not there"
		})
	}
	if v.Outcome == audit.Refused && who == "You" && v.Reason == audit.WasDeleted && v.Action == audit.Read {
		return join("deleted before", func(c counts, n int) string {
			return "You looked for " + requests(v, c, n) + ", which was deleted before"
		})
	}
	if v.Outcome == audit.Refused && v.Action == audit.Move && len(v.Entries)+int(v.More) > 0 {
		if who == you || who == "You" {
			// An import takes along what it brought itself, and they so many.
			return join("stays"+v.Text, func(c counts, _ int) string {
				return "What you or an import filed in " + first(v.Text, "another section") + " points to " + c.String() +
					" that stay where they were filed: too many to go along, or not the import's. You can move them"
			})
		}
		return join("stays"+v.Text, func(c counts, _ int) string {
			return "What " + who + " wrote in " + first(v.Text, "another section") + " points to " + c.String() + ", filed elsewhere and not theirs alone: it stays, and you can move it"
		})
	}
	if v.Outcome == audit.Refused {
		return join(fmt.Sprint("refused", v.Reason, v.Action), func(c counts, n int) string {
			return who + was + " refused " + requests(v, c, n) + because(v.Reason)
		})
	}
	switch v.Action {
	case audit.Search, audit.Read:
		what := first(typeCount(v.Query, 2), "entries")
		switch {
		case len(v.Entries) == 0 && who == "You" && v.Query == "": // entries, imports
			return join("list", func(counts, int) string { return "You looked through the list of your entries" })
		case t.sum.total() == 0:
			// A program that asks again every minute is nothing to be afraid of, and
			// there was nothing to see: --json has how often.
			return join("none"+v.Query, func(_ counts, n int) string {
				often := ""
				if n > 1 {
					often = " more than once"
				}
				return who + " looked for " + what + often + " and" + was + " shown none"
			})
		case len(v.Entries) == 0: // _summary=count
			// Two numbers are two sentences: nobody knows what else was asked for.
			return join(fmt.Sprint("counted", v.Query, t.sum.more), func(_ counts, n int) string {
				return times(who+" asked how many "+what+" there are, and"+was+" told: "+thousands(t.sum.more), n)
			})
		}
		return join("shown", func(c counts, _ int) string { return who + was + " shown " + c.String() })
	case audit.Change:
		if t.sum.total() == 0 {
			return join("again", func(_ counts, n int) string { return times(who+" sent what was there already: nothing changed", n) })
		}
		did := holder.Wrote(v.Text, "wrote")
		return join(did, func(c counts, _ int) string { return who + " " + did + " " + c.String() })
	case audit.Delete:
		return join("deleted", func(c counts, _ int) string { return who + " deleted " + c.String() })
	case audit.Undo:
		return join("", func(c counts, _ int) string { return who + " took back an import: " + c.String() })
	case audit.Move:
		return join("moved"+v.Text, func(c counts, _ int) string {
			return who + " moved " + c.String() + " to " + first(v.Text, "another section")
		})
	case audit.Contribute:
		return join("contribute", func(c counts, _ int) string { return who + " wrote what waits in your inbox: " + c.String() })
	case audit.TakenIn:
		if t.sum.total() == 0 {
			return join("looked", func(_ counts, n int) string { return times(who+" looked at a notice in your inbox", n) })
		}
		return join("taken in", func(c counts, _ int) string { return who + " took in what waited in your inbox: " + c.String() })
	case audit.Dismissed:
		switch {
		case v.Query == "request":
			return join("answered"+v.Text, func(_ counts, n int) string { return times(who+" "+v.Text, n) })
		case v.Text == "":
			return join("dismissed", func(_ counts, n int) string { return times(who+" removed a notice from your inbox", n) })
		}
		return join("", func(counts, int) string {
			return who + " removed for good what waited in your inbox (" + shortID(v.Text) + ")"
		})
	case audit.Preview:
		return join("preview", func(_ counts, n int) string { return times(who+" counted what a grant would show", n) })
	}
	text := described(e, grants)
	return join(text, func(_ counts, n int) string { return times(text, n) })
}

// onlyNew leaves out of a change the versions that were written before: an import
// that is done again is logged with all it found unchanged.
func onlyNew(e audit.Entry, written map[string]bool) audit.Entry {
	if e.Writer != audit.ByGrant || e.Event.Outcome != audit.Done || e.Event.Action != audit.Change {
		return e
	}
	var fresh []string
	for _, ref := range e.Event.Entries {
		if !written[ref] {
			written[ref] = true
			fresh = append(fresh, ref)
		}
	}
	e.Event.Entries = fresh
	return e
}

func times(text string, n int) string {
	if n == 1 {
		return text
	}
	return fmt.Sprintf("%s (%d times)", text, n)
}

// requests is what was refused.
func requests(v audit.Event, c counts, n int) string {
	switch {
	case v.Action == audit.Read && n == 1 && c.only != "":
		return c.only
	case v.Action == audit.Read && c.total() > 0:
		return plural(c.total(), "entry they asked for", "entries they asked for")
	case v.Action == audit.Search && n == 1:
		return "a search for " + first(typeCount(v.Query, 2), "entries of any type")
	case v.Action == audit.Change && c.total() > 0:
		return "a change of " + c.String()
	case v.Action == audit.Delete && c.total() > 0:
		return "the deletion of " + c.String()
	case n == 1:
		return "a request"
	}
	return fmt.Sprintf("%d requests", n)
}

func because(r audit.Reason) string {
	switch r {
	case audit.Stopped:
		return ": the grant had been stopped"
	case audit.Expired:
		return ": the time was over"
	case audit.OutsideGrant:
		return ": no such entry in what they may see"
	case audit.NoVerb:
		return ": the grant does not allow it"
	case audit.BadRequest:
		return ": the request was wrong"
	case audit.WasDeleted:
		return ": it was deleted before"
	case audit.NotMet:
		return ": what the request depended on was otherwise"
	case audit.WrongPlace:
		return ": the grant is not for that"
	case audit.NotTheirs:
		return ": the token is another app's, or came without its key"
	case audit.OnHold:
		return ": you have suspended the grant"
	}
	return ""
}

// described is holder.Describe without its time.
func described(e audit.Entry, grants []holder.Granted) string {
	e.Event.Time = time.Time{}
	return localTimes(clean(strings.TrimSuffix(holder.Describe(e, grants), ", "+holder.When(time.Time{}))))
}

// utcTime is a time within the text of a statement: it is written in UTC, for the
// statement cannot know where it will be read.
var utcTime = regexp.MustCompile(`\b\d{1,2} [A-Z][a-z]{2} \d{4} at \d{2}:\d{2} UTC\b`)

// localTimes turns them to where the person is, as all other times are.
func localTimes(text string) string {
	return utcTime.ReplaceAllStringFunc(text, func(s string) string {
		t, err := time.Parse("2 Jan 2006 at 15:04 MST", s)
		if err != nil {
			return s
		}
		return local(t)
	})
}

// tell is one entry of the log in one sentence.
func tell(e audit.Entry, grants []holder.Granted) string {
	t := narrate(e, grants)
	return clean(t.text(t.sum, 1))
}
