package holder

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
)

// Describe says a log entry in a sentence. grants are the holder's Grants. The
// time is written as it is in the event's own location, which is UTC until the
// caller turns it to where the person is.
func Describe(e audit.Entry, grants []Granted) string {
	text := what(e, grants)
	return text + ", " + When(e.Event.Time)
}

// When writes a time the way people do: 21 Nov 2026 at 14:02.
func When(t time.Time) string { return t.Format("2 Jan 2006 at 15:04") }

func what(e audit.Entry, grants []Granted) string {
	v := e.Event
	switch e.Writer {
	case audit.ByDevice:
		text := "You " + v.Text
		if others := endedBesides(v); len(others) > 0 {
			text += "; what had ended before was closed for good: " + list(names(others, grants))
		}
		return text
	case audit.ByNode:
		return byNode(v)
	}
	by := who(v.Grant, grants)
	if v.Action == audit.Opened {
		return aboutLink(v, by)
	}
	if v.Action == audit.Replayed {
		return "A code or token of " + by + " was used a second time, as after a theft, so the grant was stopped"
	}
	if v.Outcome == audit.Refused {
		return by + " was refused" + why(v.Reason) + ": " + asked(v)
	}
	if v.Action == audit.Search && len(v.Entries) == 0 && v.More > 0 && v.Query == "" && by == "You" {
		return "You listed " + entries(v) // a device looks through all there is
	}
	return by + " " + did(v)
}

// endedBesides are the grants that ended along with what a statement was for.
// The first grant named in the entry of a grant is the one that was made.
func endedBesides(v audit.Event) []record.GrantID {
	switch {
	case (v.Action == audit.Grant || v.Action == audit.Approve || v.Action == audit.Amend) && len(v.About) > 1:
		return v.About[1:]
	case v.Action == audit.Renew || v.Action == audit.SlotAdd || v.Action == audit.SlotRemove || v.Action == audit.Address:
		return v.About
	}
	return nil
}

// who names a grant's party as the person wrote it. The person's own sessions
// are "You": a grant that is not among the others.
func who(id record.GrantID, grants []Granted) string {
	for _, g := range grants {
		if g.Grant.ID == id {
			return name(g.Grant.To)
		}
	}
	return "You"
}

func names(ids []record.GrantID, grants []Granted) []string {
	var out []string
	for _, id := range ids {
		out = append(out, who(id, grants))
	}
	return out
}

// name is "Dr Amara Okafor (GP, Elm Road Surgery)".
func name(p grant.Party) string {
	var about []string
	for _, text := range []string{p.Role, p.Organisation} {
		if text != "" {
			about = append(about, text)
		}
	}
	if about == nil {
		return p.Name
	}
	return p.Name + " (" + strings.Join(about, ", ") + ")"
}

// aboutLink is what became of a link, which anybody may have used: the grant says whom it
// was made for. What they said of themself is theirs, and stands in quotes.
func aboutLink(v audit.Event, made string) string {
	link := "the link for " + made
	by := ""
	if v.Text != "" {
		by = " by someone who said: " + strconv.Quote(v.Text)
	}
	if v.Outcome != audit.Refused {
		return "T" + link[1:] + " was opened" + by
	}
	switch v.Reason {
	case audit.WrongCode:
		left := "no try is left, and it opens for nobody now"
		switch {
		case v.More == 1:
			left = "1 try is left"
		case v.More > 1:
			left = strconv.FormatUint(v.More, 10) + " tries are left"
		}
		return "A wrong passcode was given for " + link + by + "; " + left
	case audit.UsedUp:
		return "T" + link[1:] + " was tried again, after its tries were used up"
	case audit.Stopped:
		return "T" + link[1:] + " was tried after it was stopped"
	case audit.Expired:
		return "T" + link[1:] + " was tried after its time was over"
	}
	return "T" + link[1:] + " was refused" + why(v.Reason)
}

func did(v audit.Event) string {
	switch v.Action {
	case audit.Read:
		if len(v.Entries) == 0 && v.More > 0 { // a history with _summary=count
			return "asked how many versions of " + cmp.Or(v.Query, "all entries") + " there are, and was told: " + strconv.FormatUint(v.More, 10)
		}
		return "read " + entries(v)
	case audit.Search:
		switch {
		case len(v.Entries) == 0 && v.More == 0:
			return "looked for " + sought(v) + " and found none"
		case len(v.Entries) == 0: // _summary=count
			return "asked how many " + sought(v) + " there are, and was told: " + strconv.FormatUint(v.More, 10)
		}
		return "looked for " + sought(v) + " and was shown " + entries(v)
	case audit.Change:
		return Wrote(v.Text, "changed") + " " + entries(v)
	case audit.History:
		return "read this history"
	case audit.Move:
		return "moved to another section " + entries(v)
	case audit.Undo:
		return "undid an import: " + entries(v)
	case audit.SignIn:
		return "signed in"
	case audit.Strike:
		return "stopped a grant from a session"
	case audit.Preview:
		return "counted what a grant would show"
	case audit.Used:
		return "used a token where it opens nothing"
	case audit.Delete:
		return "deleted " + entries(v)
	case audit.Copy:
		return "took a copy of the whole record, with its keys sealed"
	case audit.Address:
		return "closed an address you were asked at"
	case audit.Collected:
		return "fetched your answer"
	case audit.Exchanged:
		if v.Query == audit.OfToken {
			return "began to read with a key of their own"
		}
		return "began to use the access you gave"
	case audit.Refreshed:
		return "renewed a token"
	case audit.GaveBack:
		return "gave back the access you gave"
	case audit.Contribute:
		return "wrote what waits in your inbox: " + entries(v)
	case audit.TakenIn:
		return "looked at, or took in, what was in your inbox: " + entries(v)
	case audit.Dismissed:
		if v.Query == "request" { // which has no entry
			return v.Text
		}
		return "removed what was in your inbox: " + entries(v)
	}
	return "did something that this version has no words for (" + strconv.Itoa(int(v.Action)) + ")"
}

// Wrote is what a change did to the entries that it names, with the text of its event:
// only the person has words of their own about them. Of another it is what else says.
func Wrote(text, other string) string {
	switch text {
	case audit.SaidNote:
		return "put a note on"
	case audit.SaidDispute:
		return "disputed"
	case audit.TookBack:
		return "took your words off"
	}
	return other
}

// asked is what was refused.
func asked(v audit.Event) string {
	switch v.Action {
	case audit.Read:
		return "to read " + entries(v)
	case audit.Search:
		return "to look for " + sought(v)
	case audit.Change:
		return "to change " + entries(v)
	case audit.Delete:
		return "to delete " + entries(v)
	case audit.Move: // along with what they wrote, and not theirs alone
		return "to have moved to " + v.Text + ", with what they wrote there, " + entries(v)
	case audit.SignIn:
		return "to sign in"
	case audit.Collected:
		return "to fetch your answer"
	case audit.Exchanged, audit.Refreshed:
		return "a token"
	case audit.Contribute:
		return "to write " + entries(v)
	case audit.History:
		return "to read this history"
	}
	return "a request"
}

// sought is what a search was for.
func sought(v audit.Event) string {
	if v.Query == "" {
		return "entries of any type"
	}
	return v.Query
}

func why(r audit.Reason) string {
	switch r {
	case audit.Stopped:
		return ", for the grant has ended"
	case audit.Expired:
		return ", for the time was over"
	case audit.OutsideGrant:
		return ", for there is no such entry in what was shared"
	case audit.NoVerb:
		return ", for the grant does not allow it"
	case audit.BadRequest:
		return ", for the request was wrong"
	case audit.WasDeleted:
		return ", for it was deleted before"
	case audit.NotMet:
		return ", for what the request depended on was otherwise"
	case audit.WrongPlace:
		return ", for the grant is not for this"
	case audit.NotTheirs:
		return ", for the token is another app's, or came without its key"
	case audit.OnHold:
		return ", for you have suspended the grant"
	}
	return ""
}

func byNode(v audit.Event) string {
	switch v.Action {
	case audit.RingFetch:
		return "A device unlocked this record"
	case audit.Restored:
		return "The server was restored from a backup"
	case audit.LossTaken:
		return "The operator of the server accepted that something was lost, and every grant was stopped"
	case audit.ClockMoved:
		return "The operator of the server set its clock right"
	case audit.Upgraded:
		return "The server brought what it keeps into a newer form"
	case audit.Brought:
		return "This record was brought here from another server"
	case audit.Asked:
		return "Somebody asked for access at one of your addresses"
	}
	if v.Text != "" {
		return "The server: " + v.Text
	}
	return "The server noted something that this version has no words for (" + strconv.Itoa(int(v.Action)) + ")"
}

// shownEntries is how many entries a sentence names.
const shownEntries = 5

// entries is "3 entries: Observation/a, Observation/b and 1 more".
func entries(v audit.Event) string {
	total := uint64(len(v.Entries)) + v.More
	if total == 0 {
		return "nothing"
	}
	text := strconv.FormatUint(total, 10) + " entries"
	if total == 1 {
		text = "1 entry"
	}
	if len(v.Entries) == 0 {
		return text
	}
	named := v.Entries[:min(len(v.Entries), shownEntries)]
	text += ": " + strings.Join(named, ", ")
	if rest := total - uint64(len(named)); rest > 0 {
		text += " and " + strconv.FormatUint(rest, 10) + " more"
	}
	return text
}

// describeGrant is what the log says of a new grant, to the person.
func describeGrant(g grant.Grant) string {
	text := name(g.To) + " access to " + g.Sections.String() + " (" + grant.FormatScopes(g.Scopes) + ") for " + grant.Purposes[g.Purpose]
	if g.Client != "" {
		text += ", through the app " + g.Client
	}
	return text + ", " + ends(g.Until)
}

func describeSlot(s *slot) string {
	kind := "a passphrase"
	switch s.kind {
	case crypto.SlotPasskey:
		kind = "a passkey"
	case crypto.SlotRecovery:
		return "a recovery code"
	}
	if s.label == "" {
		return kind
	}
	return kind + " (" + s.label + ")"
}

// list is "a, b and c".
func list(of []string) string {
	if len(of) < 2 {
		return strings.Join(of, "")
	}
	return strings.Join(of[:len(of)-1], ", ") + " and " + of[len(of)-1]
}
