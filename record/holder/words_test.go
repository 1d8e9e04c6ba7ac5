package holder_test

import (
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/search"
	"carehold/record/store"
)

// The sentences are for a person who is tired and worried: each is written out
// here as it should read.
func TestDescribe(t *testing.T) {
	at := time.Date(2026, 11, 21, 14, 2, 0, 0, time.UTC)
	doctor, carer := record.GrantID{1}, record.GrantID{2}
	grants := []holder.Granted{
		{Grant: grant.Grant{ID: doctor, To: grant.Party{Name: "Dr Amara Okafor", Role: "GP", Organisation: "Elm Road Surgery"}}},
		{Grant: grant.Grant{ID: carer, To: grant.Party{Name: "Sam"}}},
	}
	many := []string{"Observation/1", "Observation/2", "Observation/3", "Observation/4", "Observation/5", "Observation/6"}
	for want, e := range map[string]audit.Entry{
		"Dr Amara Okafor (GP, Elm Road Surgery) read 1 entry: Observation/bp1/_history/1": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Read, Grant: doctor, Entries: []string{"Observation/bp1/_history/1"}}},
		"Sam looked for Observation and was shown 8 entries: Observation/1, Observation/2, Observation/3, Observation/4, Observation/5 and 3 more": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Grant: carer, Query: "Observation", Entries: many, More: 2}},
		"Sam looked for Condition and found none": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Grant: carer, Query: "Condition"}},
		"Sam asked how many Condition there are, and was told: 21": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Grant: carer, Query: "Condition", More: 21}},
		"Sam asked how many entries of any type there are, and was told: 21": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Grant: carer, More: 21}},
		"Sam asked how many versions of Condition/x there are, and was told: 3": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Read, Grant: carer, Query: "Condition/x", More: 3}},
		"Sam asked how many versions of all entries there are, and was told: 21": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Read, Grant: carer, More: 21}},
		"Sam looked for entries of any type and found none": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Grant: carer}},
		"You listed 21 entries": {Writer: audit.ByGrant, Event: audit.Event{Action: audit.Search, More: 21}},
		"Sam deleted 1 entry: Goal/g/_history/2": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Delete, Grant: carer, Entries: []string{"Goal/g/_history/2"}}},
		"Sam was refused, for the grant does not allow it: to delete 1 entry: Goal/g": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Delete, Outcome: audit.Refused, Reason: audit.NoVerb, Grant: carer, Entries: []string{"Goal/g"}}},
		"Sam was refused, for the grant is not for this: to have moved to mental-health, with what they wrote there, 1 entry: Binary/b": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Move, Outcome: audit.Refused, Reason: audit.WrongPlace, Grant: carer, Text: "mental-health", Entries: []string{"Binary/b"}}},
		"Sam was refused, for the grant has ended: to look for Condition": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Outcome: audit.Refused, Reason: audit.Stopped, Grant: carer, Query: "Condition"}},
		"Sam was refused, for there is no such entry in what was shared: to read 1 entry: Condition/x": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Read, Outcome: audit.Refused, Reason: audit.OutsideGrant, Grant: carer, Entries: []string{"Condition/x"}}},
		"You put a note on 1 entry: Goal/g/_history/2": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Change, Grant: record.GrantID{9}, Text: "note", Entries: []string{"Goal/g/_history/2"}}},
		"You disputed 1 entry: Goal/g/_history/2": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Change, Grant: record.GrantID{9}, Text: "dispute", Entries: []string{"Goal/g/_history/2"}}},
		"You took your words off 1 entry: Goal/g/_history/3": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Change, Grant: record.GrantID{9}, Text: "withdraw", Entries: []string{"Goal/g/_history/3"}}},
		"You changed 1 entry: Goal/g/_history/4": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Change, Grant: record.GrantID{9}, Text: "of a later version", Entries: []string{"Goal/g/_history/4"}}},
		"You signed in": {Writer: audit.ByGrant, Event: audit.Event{Action: audit.SignIn, Grant: record.GrantID{9}}},
		"You gave Sam access to everything; what had ended before was closed for good: Dr Amara Okafor (GP, Elm Road Surgery)": {Writer: audit.ByDevice,
			Event: audit.Event{Action: audit.Grant, Text: "gave Sam access to everything", About: []record.GrantID{carer, doctor}}},
		"You ended the grant to Sam": {Writer: audit.ByDevice,
			Event: audit.Event{Action: audit.Revoke, Text: "ended the grant to Sam", About: []record.GrantID{carer}}},
		"You said yes to a request, and gave Sam access; what had ended before was closed for good: Dr Amara Okafor (GP, Elm Road Surgery)": {Writer: audit.ByDevice,
			Event: audit.Event{Action: 46, Text: "said yes to a request, and gave Sam access", About: []record.GrantID{carer, doctor}}},
		"You changed the grant to Sam: until you stop it": {Writer: audit.ByDevice,
			Event: audit.Event{Action: 42, Text: "changed the grant to Sam: until you stop it", About: []record.GrantID{carer}}},
		"You made an address to be asked at: card; what had ended before was closed for good: Sam": {Writer: audit.ByDevice,
			Event: audit.Event{Action: 45, Text: "made an address to be asked at: card", About: []record.GrantID{carer}}},
		"You closed an address you were asked at": {Writer: audit.ByGrant, Event: audit.Event{Action: 45, Grant: record.GrantID{9}, Text: "closed an address"}},
		"Sam fetched your answer":                 {Writer: audit.ByGrant, Event: audit.Event{Action: 14, Grant: carer}},
		"Sam began to use the access you gave":    {Writer: audit.ByGrant, Event: audit.Event{Action: 15, Grant: carer}},
		"Sam renewed a token":                     {Writer: audit.ByGrant, Event: audit.Event{Action: 16, Grant: carer}},
		"A code or token of Sam was used a second time, as after a theft, so the grant was stopped": {Writer: audit.ByGrant,
			Event: audit.Event{Action: 17, Grant: carer}},
		"Sam gave back the access you gave": {Writer: audit.ByGrant, Event: audit.Event{Action: 18, Grant: carer}},
		"Sam wrote what waits in your inbox: 1 entry: Observation/a/_history/1": {Writer: audit.ByGrant,
			Event: audit.Event{Action: 19, Grant: carer, Entries: []string{"Observation/a/_history/1"}}},
		"You removed what was in your inbox: 1 entry": {Writer: audit.ByGrant, Event: audit.Event{Action: 21, Grant: record.GrantID{9}, More: 1}},
		"Sam was refused, for you have suspended the grant: to look for Condition": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Search, Outcome: audit.Refused, Reason: 12, Grant: carer, Query: "Condition"}},
		"Sam was refused, for the token is another app's, or came without its key: a token": {Writer: audit.ByGrant,
			Event: audit.Event{Action: audit.Refreshed, Outcome: audit.Refused, Reason: 11, Grant: carer}},
		"Somebody asked for access at one of your addresses":                                       {Writer: audit.ByNode, Event: audit.Event{Action: 70}},
		"A device unlocked this record":                                                            {Writer: audit.ByNode, Event: audit.Event{Action: audit.RingFetch}},
		"The server was restored from a backup":                                                    {Writer: audit.ByNode, Event: audit.Event{Action: 65}},
		"The operator of the server accepted that something was lost, and every grant was stopped": {Writer: audit.ByNode, Event: audit.Event{Action: 66}},
		"The server brought what it keeps into a newer form":                                       {Writer: audit.ByNode, Event: audit.Event{Action: 68}},
		"This record was brought here from another server":                                         {Writer: audit.ByNode, Event: audit.Event{Action: 69}},
		"You took a copy of the whole record, with its keys sealed": {Writer: audit.ByGrant,
			Event: audit.Event{Action: 11, Grant: record.GrantID{9}}},
	} {
		e.Event.Time = at
		if got := holder.Describe(e, grants); got != want+", 21 Nov 2026 at 14:02" {
			t.Errorf("\n got %s\nwant %s, 21 Nov 2026 at 14:02", got, want)
		}
	}
	// In the person's own time.
	e := audit.Entry{Writer: audit.ByNode, Event: audit.Event{Action: audit.RingFetch, Time: at.In(time.FixedZone("", 2*3600))}}
	if got := holder.Describe(e, nil); got != "A device unlocked this record, 21 Nov 2026 at 16:02" {
		t.Error(got)
	}
}

// A whole walk, as the history tells it.
func TestHistory(t *testing.T) {
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	req := gp(0)
	req.Sections, req.Until = record.SectionsOf(record.Medicines), time.Date(2099, 11, 22, 14, 2, 0, 0, time.UTC)
	doctor := give(t, h, req)
	srv.look(doctor.Token)
	if err := h.Revoke(t.Context(), doctor.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if v, err := srv.View(t.Context(), doctor.Token); err == nil {
		if _, err := v.Search(t.Context(), &search.Query{Type: "Patient", Types: []string{"Patient"}}, store.SearchOptions{}); err == nil {
			t.Fatal("a revoked token reads")
		}
		v.Close()
	}
	list, err := h.History(t.Context(), signIn(t, h), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"You made this record, ",
		"You gave Dr Amara Okafor (GP, Elm Road Surgery) access to identity, providers, medicines (patient/*.rs) for treatment, until 22 Nov 2099 at 14:02 UTC, ",
		"Dr Amara Okafor (GP, Elm Road Surgery) looked for Observation and found none, ",
		"You ended the grant to Dr Amara Okafor (GP, Elm Road Surgery), ",
		"Dr Amara Okafor (GP, Elm Road Surgery) was refused, for the grant has ended: ",
		"You signed in, ",
		"You read this history, ",
	}
	var got []string
	for _, e := range list {
		if e.Event.Time.IsZero() || time.Since(e.Event.Time) > time.Minute {
			t.Errorf("entry %d is of %v", e.Index, e.Event.Time)
		}
		got = append(got, holder.Describe(e, h.Grants()))
	}
	if len(got) != len(want) {
		t.Fatalf("the history has %d entries, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, w := range want {
		if !strings.HasPrefix(got[i], w) {
			t.Errorf("\n got %s\nwant %s…", got[i], w)
		}
	}
}

// says reports whether a sentence of the log begins so.
func says(list []audit.Entry, grants []holder.Granted, want string) bool {
	for _, e := range list {
		if strings.HasPrefix(holder.Describe(e, grants), want) {
			return true
		}
	}
	return false
}
