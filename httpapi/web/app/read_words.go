package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// told is a line of the history: one entry of the log, or several of one kind that
// followed one another.
type told struct {
	Who     string
	Text    string // a sentence
	Time    string
	Until   string // of several: when the last of them was
	Times   int    // how often
	Refused bool
	Own     bool
	N       uint64   // its number in the log, from 1
	Entries []refTo  // that it names
	More    int      // besides those
	Counts  []string // what they are, counted

	at, last time.Time
	kind     string
	refs     map[string]bool // Type/id/_history/n
	rest     int
	say      func(n int) string
}

// refTo leads to an entry that the history names.
type refTo struct{ Href, Text string }

// narrator tells the log.
type narrator struct {
	a      *App
	r      *http.Request
	own    map[record.GrantID]bool
	others []holder.Granted
	one    string // Type/id of the one entry that is told of; "" all
}

func newNarrator(a *App, r *http.Request, grants []keys.Noted) *narrator {
	n := &narrator{a: a, r: r, own: map[record.GrantID]bool{}}
	for _, g := range grants {
		if g.Grant.Self {
			n.own[g.Grant.ID] = true
		} else {
			n.others = append(n.others, holder.Granted{Grant: g.Grant})
		}
	}
	return n
}

func (n *narrator) t(key string, pairs ...any) string { return n.a.pages.T(n.r, key, pairs...) }

// who did what an entry of the log tells; you says that it was the person.
func (n *narrator) who(e audit.Entry) (name string, you bool) {
	switch {
	case e.Writer == audit.ByDevice, e.Writer == audit.ByGrant && n.own[e.Event.Grant]:
		return n.t("history.you"), true
	case e.Writer == audit.ByNode:
		return n.t("history.server"), false
	}
	for _, g := range n.others {
		if g.Grant.ID == e.Event.Grant {
			return party(g.Grant.To), false
		}
	}
	return n.t("history.somebody"), false
}

func party(p grant.Party) string { return partyOf(p.Name, p.Organisation, p.Role) }

// described is the sentence that the person's device has for it, in English.
func (n *narrator) described(e audit.Entry) string {
	e.Event.Time = time.Time{}
	return clean(strings.TrimSuffix(holder.Describe(e, n.others), ", "+holder.When(time.Time{})))
}

// tell says one entry of the log.
func (n *narrator) tell(e audit.Entry) told {
	v := e.Event
	x := told{N: e.Index + 1, at: v.Time, last: v.Time, Times: 1, refs: map[string]bool{}, rest: int(v.More), Refused: v.Outcome == audit.Refused}
	x.Who, x.Own = n.who(e)
	for _, name := range v.Entries {
		x.refs[name] = true
	}
	key := n.key(e, x.Own)
	if key == "" {
		text := n.described(e)
		x.kind, x.say = text, func(int) string { return text }
		return x
	}
	if n.one != "" {
		key = "entry.did." + did[v.Action]
		if x.refs[n.one+"/_history/1"] && v.Action == audit.Change {
			key = "entry.did.added"
		}
		if did[v.Action] == "" || v.Action == audit.Change && v.Text != "" {
			key = "entry.did.words"
		}
	}
	who, to := x.Who, ""
	if v.Action == audit.Move {
		if s, err := record.ParseSection(v.Text); err == nil {
			to = n.t("record.section." + s.String())
		}
	}
	x.kind = key + "/" + who + "/" + to
	if strings.HasSuffix(key, ".n") {
		x.say = func(count int) string { return n.a.pages.TN(n.r, key, count, "who", who, "to", to) }
	} else {
		x.say = func(int) string { return n.t(key, "who", who, "to", to) }
	}
	return x
}

// did is what was done to one entry.
var did = map[audit.Action]string{audit.Read: "looked", audit.Search: "looked", audit.Change: "wrote", audit.Delete: "removed", audit.Move: "moved",
	audit.Undo: "undone", audit.Contribute: "sent"}

// key is the sentence of the catalogue for what was done with a session, a token or a
// link; "" for what the device has better words for.
func (n *narrator) key(e audit.Entry, you bool) string {
	v := e.Event
	if e.Writer != audit.ByGrant || v.Outcome != audit.Done || v.Action == audit.Opened {
		return ""
	}
	some := len(v.Entries) > 0
	by := "history.other."
	if you {
		by = "history.own."
	}
	switch v.Action {
	case audit.Read, audit.Search:
		switch {
		case some:
			return by + "looked.n"
		case you && v.Query == "":
			return by + "list"
		case v.More == 0:
			return by + "none"
		}
		return by + "counted.n"
	case audit.History:
		return by + "history"
	case audit.SignIn:
		return by + "signin"
	case audit.Preview:
		return by + "preview"
	case audit.Change:
		switch {
		case v.Text == audit.SaidNote || v.Text == audit.SaidDispute || v.Text == audit.TookBack:
			return by + "words." + v.Text
		case !some:
			return by + "again"
		case !slices.ContainsFunc(v.Entries, func(name string) bool { return !strings.HasSuffix(name, "/_history/1") }):
			return by + "added.n"
		}
		return by + "changed.n"
	case audit.Delete:
		return by + "removed.n"
	case audit.Move:
		return by + "moved.n"
	case audit.Undo:
		return by + "undone.n"
	case audit.Contribute:
		return by + "sent.n"
	}
	return ""
}

// apart is how long after one another two looks are two.
const apart = 10 * time.Minute

// fold tells entries of the log, newest first; those of one kind that followed one
// another are one line.
func (n *narrator) fold(entries []audit.Entry) []told {
	var list []told
	for _, e := range entries {
		x := n.tell(e)
		if k := len(list) - 1; k >= 0 && list[k].kind == x.kind && list[k].at.Sub(x.at) < apart {
			list[k].at = x.at
			list[k].Times++
			list[k].rest += x.rest
			for name := range x.refs {
				list[k].refs[name] = true
			}
			continue
		}
		list = append(list, x)
	}
	for i := range list {
		n.finish(&list[i])
	}
	return list
}

// mostLinks is how many entries a line of the history leads to.
const mostLinks = 20

func (n *narrator) finish(x *told) {
	x.Text = n.say(x)
	x.Time = n.a.moment(n.r, x.at)
	if x.last.Sub(x.at) >= time.Minute {
		x.Until = x.last.Local().Format("15:04")
	}
	counts := map[string]int{}
	var refs []string
	for name := range x.refs {
		typ, rest, _ := strings.Cut(name, "/")
		id, _, _ := strings.Cut(rest, "/")
		counts[cardWord(typ)]++
		if ref := (fhir.Ref{Type: typ, ID: id}); !x.Refused && fhir.KnownType(typ) && fhir.ValidID(id) && !isDerived(ref) {
			refs = append(refs, ref.String())
		}
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	x.More = max(0, len(refs)-mostLinks)
	for i, ref := range refs[:min(mostLinks, len(refs))] {
		typ, id, _ := strings.Cut(ref, "/")
		x.Entries = append(x.Entries, refTo{"/app/entry/" + ref, n.t("history.entry", "kind", n.a.word(n.r, typ), "n", i+1, "id", short(id, 8))})
	}
	for _, name := range Lists {
		if counts[name] == 0 {
			continue
		}
		key := "record.list." + name
		if name == "all" {
			key = "history.kind.other"
		}
		x.Counts = append(x.Counts, fmt.Sprintf("%s (%d)", n.t(key), counts[name]))
	}
}

func (n *narrator) say(x *told) string {
	text := x.say(len(x.refs) + x.rest)
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}

// isDerived reports whether a name is of what the log and the versions are told by, which
// is no entry of its own.
func isDerived(ref fhir.Ref) bool {
	_, is := derived.Parse(ref)
	return is
}

// cardWord is the list in which entries of a type mostly are.
func cardWord(typ string) string {
	switch card := cardOfType[typ]; {
	case typ == "Observation":
		return "results"
	case card != "":
		return card
	case slices.Contains(behind, typ):
		return "people"
	}
	return "all"
}

// seen tells who looked at one entry, and what was done to it: the others first, for it is
// they whom one asks about.
func (n *narrator) seen(ref fhir.Ref, entries []audit.Entry) []told {
	n.one = ref.String()
	list := n.fold(entries)
	slices.SortStableFunc(list, func(x, y told) int {
		switch {
		case x.Own == y.Own:
			return 0
		case y.Own:
			return -1
		}
		return 1
	})
	return list
}
