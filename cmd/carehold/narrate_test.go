package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/holder"
)

// The history in sentences: what is joined, what is not, and what nobody should be
// frightened by.
func TestHistorySentences(t *testing.T) {
	sam := record.GrantID{1}
	ward := record.GrantID{2} // has a link
	grants := []holder.Granted{{Grant: grant.Grant{ID: sam, To: grant.Party{Name: "Sam"}}},
		{Grant: grant.Grant{ID: ward, To: grant.Party{Name: "A&E"}}, Tokens: []holder.TokenInfo{{Link: true}}}}
	at := time.Date(2026, 11, 21, 14, 2, 0, 0, time.Local)
	by := func(id record.GrantID, a audit.Action, query string, more uint64, entries ...string) audit.Entry {
		return audit.Entry{Writer: audit.ByGrant, Event: audit.Event{Action: a, Grant: id, Query: query, More: more, Entries: entries}}
	}
	his := func(a audit.Action, query string, more uint64, entries ...string) audit.Entry {
		return by(sam, a, query, more, entries...)
	}
	own := func(a audit.Action, query string, more uint64, entries ...string) audit.Entry {
		return by(record.GrantID{9}, a, query, more, entries...)
	}
	refused := func(e audit.Entry, why audit.Reason) audit.Entry {
		e.Event.Outcome, e.Event.Reason = audit.Refused, why
		return e
	}
	opened := func(text string) audit.Entry {
		return audit.Entry{Writer: audit.ByGrant, Event: audit.Event{Action: audit.Opened, Grant: ward, Text: text}}
	}
	wrong := func(text string, left uint64) audit.Entry {
		e := refused(opened(text), audit.WrongCode)
		e.Event.More = left
		return e
	}
	filed := func(e audit.Entry, section string) audit.Entry {
		e.Event.Text = section
		return e
	}
	for _, c := range []struct {
		name string
		log  []audit.Entry
		want string
	}{
		{"no to a request", []audit.Entry{filed(own(audit.Dismissed, "request", 0), "said no to a request")}, "You said no to a request"},
		{"no, and nothing", []audit.Entry{filed(own(audit.Dismissed, "request", 0), "said no to a request"), filed(own(audit.Dismissed, "request", 0), "put a request away unanswered")},
			"You said no to a request|You put a request away unanswered"},
		{"what waited, removed", []audit.Entry{filed(own(audit.Dismissed, "", 0), "aucqkbifaucqkbifaucqkbifau")}, "You removed for good what waited in your inbox (aucqkbif)"},
		{"words that were not there", []audit.Entry{refused(own(audit.Change, "", 0), audit.OutsideGrant)}, "You asked for something that was not there"},
		{"a link", []audit.Entry{opened("Ward 7")}, `The link for A&E was opened by someone who said: "Ward 7"`},
		{"a link, again", []audit.Entry{opened("Ward 7"), opened("Ward 7"), opened("Ward 8")},
			`The link for A&E was opened by someone who said: "Ward 7" (2 times)|The link for A&E was opened by someone who said: "Ward 8"`},
		{"a link by who would write this history", []audit.Entry{opened("x\"\nSam was shown 3 goals\u202e")},
			`The link for A&E was opened by someone who said: "x\"\nSam was shown 3 goals\u202e"`},
		{"a link and what it showed", []audit.Entry{opened("Ward 7"), by(ward, audit.Search, "$summary", 0, "Goal/a/_history/1")},
			`The link for A&E was opened by someone who said: "Ward 7"|The link for A&E showed 1 goal (Goal/a)`},
		{"wrong passcodes", []audit.Entry{wrong("Ward 7", 2), wrong("Ward 7", 1), wrong("Ward 7", 0)},
			`A wrong passcode was given for the link for A&E by someone who said: "Ward 7"; 2 tries are left|A wrong passcode was given for the link for A&E by someone who said: "Ward 7"; 1 try is left|` +
				`A wrong passcode was given for the link for A&E by someone who said: "Ward 7"; no try is left, and it opens for nobody now`},
		{"a link that opens nothing", []audit.Entry{refused(opened(""), audit.UsedUp), refused(opened(""), audit.Stopped), refused(opened(""), audit.Expired)},
			"The link for A&E was tried again, after its tries were used up|The link for A&E was tried after it was stopped|The link for A&E was tried after its time was over"},
		{"your words", []audit.Entry{filed(own(audit.Change, "", 0, "Goal/g1/_history/2"), "note"), filed(own(audit.Change, "", 0, "Goal/g1/_history/3"), "dispute"),
			filed(own(audit.Change, "", 0, "Goal/g2/_history/2"), "dispute"), filed(own(audit.Change, "", 0, "Goal/g1/_history/4"), "withdraw"), own(audit.Change, "", 0, "Goal/g1/_history/5")},
			"You put a note on 1 goal (Goal/g1)|You disputed 2 goals|You took your words off 1 goal (Goal/g1)|You wrote 1 goal (Goal/g1)"},
		{"a deletion", []audit.Entry{his(audit.Delete, "", 0, "Goal/g1/_history/2")}, "Sam deleted 1 goal (Goal/g1)"},
		{"deletions of a minute", []audit.Entry{his(audit.Delete, "", 0, "Goal/g1/_history/2"), his(audit.Delete, "", 0, "Goal/g2/_history/3", "CarePlan/c/_history/2")},
			"Sam deleted 2 goals and 1 care plan"},
		{"a transaction that does both", []audit.Entry{his(audit.Delete, "", 0, "Goal/g1/_history/2"), his(audit.Change, "", 0, "Goal/g2/_history/1")},
			"Sam deleted 1 goal (Goal/g1)|Sam wrote 1 goal (Goal/g2)"},
		{"your own", []audit.Entry{own(audit.Delete, "", 0, "Goal/g1/_history/2")}, "You deleted 1 goal (Goal/g1)"},
		{"a deletion refused", []audit.Entry{refused(his(audit.Delete, "", 0, "Goal/g1"), audit.NoVerb)},
			"Sam was refused the deletion of 1 goal (Goal/g1): the grant does not allow it"},
		{"a search of all types refused", []audit.Entry{refused(his(audit.Search, "", 0), audit.NoVerb)}, "Sam was refused a search for entries of any type: the grant does not allow it"},
		{"what was deleted", []audit.Entry{refused(his(audit.Read, "", 0, "Goal/g1"), audit.WasDeleted)}, "Sam was refused Goal/g1: it was deleted before"},
		{"your own that was deleted", []audit.Entry{refused(own(audit.Read, "", 0, "Goal/g1"), audit.WasDeleted)}, "You looked for Goal/g1, which was deleted before"},
		{"a file that stays", []audit.Entry{refused(filed(his(audit.Move, "", 0, "Binary/b1"), "mental-health"), audit.WrongPlace), his(audit.Change, "", 0, "DocumentReference/d/_history/1")},
			"What Sam wrote in mental-health points to 1 file (Binary/b1), filed elsewhere and not theirs alone: it stays, and you can move it|Sam wrote 1 letter or document (DocumentReference/d)"},
		{"files of yours that stay", []audit.Entry{refused(filed(own(audit.Move, "", 3, "Binary/b1"), "mental-health"), audit.WrongPlace)},
			"What you or an import filed in mental-health points to 1 file and 3 others that stay where they were filed: too many to go along, or not the import's. You can move them"},
		{"files that nobody looked at", []audit.Entry{refused(filed(own(audit.Move, "", 3), "mental-health"), audit.WrongPlace)},
			"What you or an import filed in mental-health points to 3 others that stay where they were filed: too many to go along, or not the import's. You can move them"},
		{"another version", []audit.Entry{refused(his(audit.Change, "", 0, "Goal/g1"), audit.NotMet)},
			"Sam was refused a change of 1 goal (Goal/g1): what the request depended on was otherwise"},
		{"a count", []audit.Entry{his(audit.Search, "Condition", 21)}, "Sam asked how many conditions there are, and was told: 21"},
		{"a count of everything", []audit.Entry{his(audit.Search, "", 21)}, "Sam asked how many entries there are, and was told: 21"},
		{"counts of a minute", []audit.Entry{his(audit.Search, "Condition", 21), his(audit.Search, "Condition", 21), his(audit.Search, "Condition", 22)},
			"Sam asked how many conditions there are, and was told: 21 (2 times)|Sam asked how many conditions there are, and was told: 22"},
		{"a count, and then a look", []audit.Entry{his(audit.Search, "Goal", 2), his(audit.Search, "Goal", 0, "Goal/a", "Goal/b")},
			"Sam asked how many goals there are, and was told: 2|Sam was shown 2 goals"},
		{"nothing found", []audit.Entry{his(audit.Search, "Goal", 0)}, "Sam looked for goals and was shown none"},
		{"nothing found, again and again", []audit.Entry{his(audit.Search, "Goal", 0), his(audit.Search, "Goal", 0), his(audit.Search, "Goal", 0)},
			"Sam looked for goals more than once and was shown none"},
		{"a device lists", []audit.Entry{own(audit.Search, "", 640), own(audit.Search, "", 0)}, "You looked through the list of your entries"},
		{"a device counts", []audit.Entry{own(audit.Search, "Goal", 2)}, "You asked how many goals there are, and were told: 2"},
	} {
		for i := range c.log {
			c.log[i].Event.Time = at.Add(time.Duration(i) * time.Second)
		}
		var out bytes.Buffer
		a := &app{stdout: &out, stderr: &out, width: 200}
		if err := a.showHistory(c.log, grants, true); err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", "|")
		if got = strings.ReplaceAll(got, "21 Nov 2026 14:02  ", ""); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}

	var out bytes.Buffer
	a := &app{stdout: &out, stderr: &out, json: true}
	if err := a.showHistory([]audit.Entry{his(audit.Delete, "", 0, "Goal/g1/_history/2"), his(audit.Search, "Condition", 21)}, grants, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"action":"delete","refused":false,"entries":["Goal/g1/_history/2"],"text":"Sam deleted 1 goal (Goal/g1)"}`,
		`"action":"search","refused":false,"more":21,"query":"Condition","text":"Sam asked how many conditions there are, and was told: 21"}`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
