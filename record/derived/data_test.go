package derived_test

import (
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
)

var (
	about = derived.About{Patient: "pat1", Store: record.StoreID{0xaa}, Base: "https://record.example.org/fhir"}

	self = record.GrantID{1}
	gp   = record.GrantID{2}
	link = record.GrantID{3}

	at   = time.Date(2026, 11, 22, 10, 15, 30, 250e6, time.UTC)
	from = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
)

func scopes(text string) []grant.Scope {
	s, err := grant.ParseScopes(text)
	if err != nil {
		panic(err)
	}
	return s
}

var grants = map[record.GrantID]grant.Grant{
	self: {ID: self, Self: true, To: grant.Party{Name: "you"}, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "PATRQT", From: from},
	gp: {ID: gp, To: grant.Party{Name: "Dr Amara Okafor", Organisation: "Elm Road Surgery", Role: "GP"}, Sections: grant.Clinical, Scopes: scopes("patient/*.rs"),
		Purpose: "TREAT", From: from, Until: from.Add(90 * 24 * time.Hour), Daily: 5000},
	link: {ID: link, To: grant.Party{Name: "Lindenapotheke <Wien> & \"Söhne\""}, Sections: grant.With(record.SectionsOf(record.Medicines)), Scopes: scopes("patient/MedicationRequest.rs patient/Patient.r"),
		Purpose: "SUPNWK", From: from},
}

func parties(id record.GrantID) (grant.Grant, bool) {
	g, ok := grants[id]
	return g, ok
}

// event is an entry of the log, by the gp's token.
func event(e audit.Event) audit.Entry {
	if e.Time = at; e.Grant == (record.GrantID{}) {
		e.Grant = gp
	}
	e.Token = 0xa1b2c3d4
	return audit.Entry{Index: 7, Writer: audit.ByGrant, Event: e}
}

func device(e audit.Event) audit.Entry {
	e.Time = at
	return audit.Entry{Index: 8, Writer: audit.ByDevice, Seq: 3, Event: e}
}

func node(e audit.Event) audit.Entry {
	e.Time = at
	return audit.Entry{Index: 9, Writer: audit.ByNode, Event: e}
}

// logged has everything that a log has: what is done under a grant, what a device does
// and what the server notes; and what it may have that is odd.
var logged = []struct {
	name    string
	profile string // of BALP; "" for none
	entry   audit.Entry
}{
	{"read", "Read", event(audit.Event{Action: audit.Read, Entries: []string{"Observation/o1/_history/2"}})},
	{"read-self", "Read", event(audit.Event{Action: audit.Read, Grant: self, Entries: []string{"Patient/pat1/_history/1"}})},
	{"history-instance", "Read", event(audit.Event{Action: audit.Read, Entries: []string{"Observation/o1/_history/2", "Observation/o1/_history/1"}})},
	{"history-type", "Read", event(audit.Event{Action: audit.Read, Query: "Observation", Entries: []string{"Observation/o1/_history/2", "Observation/o2/_history/1"}})},
	{"history-system", "Read", event(audit.Event{Action: audit.Read, Entries: []string{"Observation/o1/_history/2", "Patient/pat1/_history/1"}})},
	{"history-empty", "", event(audit.Event{Action: audit.Read})},
	{"read-refused", "", event(audit.Event{Action: audit.Read, Outcome: audit.Refused, Reason: audit.OutsideGrant, Entries: []string{"Condition/secret"}})},
	{"history-refused", "", event(audit.Event{Action: audit.Read, Outcome: audit.Refused, Reason: audit.NoVerb, Entries: []string{"Condition/c1/_history"}})},
	{"read-odd", "", event(audit.Event{Action: audit.Read, Outcome: audit.Refused, Reason: audit.OutsideGrant, Entries: []string{"Nothing/\x00\n", "…", "Observation/%/_history/0", "", "Observation/a/_history/01"}})},
	{"search", "Query", event(audit.Event{Action: audit.Search, Query: "Observation", Entries: []string{"Observation/o1/_history/2", "Patient/pat1/_history/1"}})},
	{"search-none", "Query", event(audit.Event{Action: audit.Search, Query: "Condition"})},
	{"search-counted", "Query", event(audit.Event{Action: audit.Search, Query: "Condition", More: 12})},
	{"search-all", "Query", event(audit.Event{Action: audit.Search, Entries: []string{"Observation/o1/_history/2"}})},
	{"search-refused", "", event(audit.Event{Action: audit.Search, Query: "Condition", Outcome: audit.Refused, Reason: audit.NoVerb})},
	{"create", "Create", event(audit.Event{Action: audit.Change, Entries: []string{"Observation/o3/_history/1"}})},
	{"create-several", "Create", event(audit.Event{Action: audit.Change, Entries: []string{"Observation/o3/_history/1", "Encounter/e1/_history/1"}})},
	{"update", "Update", event(audit.Event{Action: audit.Change, Entries: []string{"Observation/o3/_history/4"}})},
	{"create-and-update", "Update", event(audit.Event{Action: audit.Change, Entries: []string{"Observation/o3/_history/4", "Encounter/e1/_history/1"}})},
	{"import", "Update", event(audit.Event{Action: audit.Change, Grant: self, Entries: []string{"Observation/o3/_history/1"}, More: 800})},
	{"change-refused", "", event(audit.Event{Action: audit.Change, Outcome: audit.Refused, Reason: audit.BadRequest, Entries: []string{"Patient/other"}})},
	{"delete", "Delete", event(audit.Event{Action: audit.Delete, Entries: []string{"Observation/o3/_history/5", "Encounter/e1/_history/2"}})},
	{"log-read", "", event(audit.Event{Action: audit.History, Grant: self})},
	{"move", "", event(audit.Event{Action: audit.Move, Grant: self, Text: "mental-health", Entries: []string{"Condition/c1"}})},
	{"undo", "", event(audit.Event{Action: audit.Undo, Grant: self, Entries: []string{"Condition/c1/_history/2"}, More: 3})},
	{"sign-in", "", event(audit.Event{Action: audit.SignIn, Grant: self})},
	{"strike", "", event(audit.Event{Action: audit.Strike, Grant: self, About: []record.GrantID{gp}})},
	{"preview", "", event(audit.Event{Action: audit.Preview, Grant: self})},
	{"used-stopped", "", event(audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.Stopped})},
	{"used-expired", "", event(audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.Expired})},
	{"used-wrong-place", "", event(audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.WrongPlace})},
	{"copy", "", event(audit.Event{Action: audit.Copy, Grant: self})},
	{"opened", "Disclosure", event(audit.Event{Action: audit.Opened, Grant: link, Text: "Dr \u202eX, A&E"})},
	{"opened-silent", "Disclosure", event(audit.Event{Action: audit.Opened, Grant: link, Entries: []string{"file 0"}})},
	{"opened-wrong-code", "Disclosure", event(audit.Event{Action: audit.Opened, Grant: link, Outcome: audit.Refused, Reason: audit.WrongCode, Text: "Dr X"})},
	{"opened-used-up", "Disclosure", event(audit.Event{Action: audit.Opened, Grant: link, Outcome: audit.Refused, Reason: audit.UsedUp})},
	{"used-not-theirs", "", event(audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.NotTheirs})},
	{"used-on-hold", "", event(audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.OnHold})},
	{"collected", "", event(audit.Event{Action: audit.Collected})},
	{"exchanged", "", event(audit.Event{Action: audit.Exchanged})},
	{"exchanged-not-theirs", "", event(audit.Event{Action: audit.Exchanged, Outcome: audit.Refused, Reason: audit.NotTheirs})},
	{"refreshed", "", event(audit.Event{Action: audit.Refreshed})},
	{"refreshed-on-hold", "", event(audit.Event{Action: audit.Refreshed, Outcome: audit.Refused, Reason: audit.OnHold})},
	{"replayed", "", event(audit.Event{Action: audit.Replayed})},
	{"gave-back", "", event(audit.Event{Action: audit.GaveBack})},
	{"contributed", "", event(audit.Event{Action: audit.Contribute, Entries: []string{"Observation/o9/_history/1"}})},
	{"contributed-refused", "", event(audit.Event{Action: audit.Contribute, Outcome: audit.Refused, Reason: audit.NoVerb, Entries: []string{"Observation"}})},
	{"taken-in", "", event(audit.Event{Action: audit.TakenIn, Grant: self, About: []record.GrantID{gp}, Entries: []string{"Observation/o9/_history/1"}})},
	{"dismissed", "", event(audit.Event{Action: audit.Dismissed, Grant: self, Text: "o9"})},
	{"unknown-grant", "", event(audit.Event{Action: audit.SignIn, Grant: record.GrantID{0x77}})},
	{"later-action", "", event(audit.Event{Action: 29, Outcome: audit.Refused, Reason: 99, Text: "\t"})},

	{"enrol", "", device(audit.Event{Action: audit.Enrol, Text: "made this record"})},
	{"grant", "", device(audit.Event{Action: audit.Grant, Text: "gave Dr Amara Okafor access", About: []record.GrantID{gp}})},
	{"revoke", "", device(audit.Event{Action: audit.Revoke, Text: "ended the grant to Dr Amara Okafor", About: []record.GrantID{gp, link}})},
	{"slot-add", "", device(audit.Event{Action: audit.SlotAdd, Text: "added a passphrase"})},
	{"slot-remove", "", device(audit.Event{Action: audit.SlotRemove})},
	{"evict", "", device(audit.Event{Action: audit.Evict, About: []record.GrantID{gp}})},
	{"renew", "", device(audit.Event{Action: audit.Renew})},
	{"carry-on", "", device(audit.Event{Action: audit.CarryOn})},
	{"close", "", device(audit.Event{Action: audit.CloseHere})},
	{"reopen", "", device(audit.Event{Action: audit.Reopen})},
	{"amend", "", device(audit.Event{Action: audit.Amend, Text: "changed the grant to Dr Amara Okafor: until 1 May 2027", About: []record.GrantID{gp}})},
	{"suspend", "", device(audit.Event{Action: audit.Suspend, Text: "suspended the grants to Dr Amara Okafor and a pharmacy", About: []record.GrantID{gp, link}})},
	{"resume", "", device(audit.Event{Action: audit.Resume, Text: "let the grant to Dr Amara Okafor go on", About: []record.GrantID{gp}})},
	{"address", "", device(audit.Event{Action: audit.Address, Text: "made an address to be asked at"})},
	{"approve", "", device(audit.Event{Action: audit.Approve, Text: "said yes to a request", About: []record.GrantID{gp}})},

	{"unlock", "", node(audit.Event{Action: audit.RingFetch})},
	{"restored", "", node(audit.Event{Action: audit.Restored})},
	{"loss", "", node(audit.Event{Action: audit.LossTaken})},
	{"clock", "", node(audit.Event{Action: audit.ClockMoved})},
	{"upgraded", "", node(audit.Event{Action: audit.Upgraded, Text: "from 3 to 4"})},
	{"brought", "", node(audit.Event{Action: audit.Brought})},
	{"asked", "", node(audit.Event{Action: audit.Asked})},
}

var decisions = []struct {
	name string
	d    derived.Decision
}{
	{"live", derived.Decision{Grant: grants[gp], Certificate: []byte("signature and message"), Live: true}},
	{"until-stopped", derived.Decision{Grant: grants[link], Live: true}},
	{"revoked", derived.Decision{Grant: grants[gp], Ended: at, Why: "revoked"}},
	{"ended-somehow", derived.Decision{Grant: grants[gp]}},
}

var written = []struct {
	name string
	v    derived.Version
}{
	{"own", version(1, entry.Header{Author: entry.Author{Grant: self, Self: true, Name: "you"}, Why: "type"}, true)},
	{"grantee", version(2, entry.Header{Author: entry.Author{Grant: gp, Name: "Dr Amara Okafor"}}, true)},
	{"grantee-to-other", version(2, entry.Header{Author: entry.Author{Grant: gp, Name: "Dr Amara Okafor"}}, false)},
	{"deleted", version(3, entry.Header{Deleted: true, Author: entry.Author{Grant: gp, Name: "Dr Amara Okafor"}}, false)},
	{"imported", version(1, entry.Header{Author: entry.Author{Grant: self, Self: true, Name: "you"}, Origin: entry.Origin{Import: record.ImportID{5}, Source: "GP practice export"}}, false)},
	{"imported-to-person", version(1, entry.Header{Author: entry.Author{Grant: self, Self: true, Name: "you"}, Origin: entry.Origin{Import: record.ImportID{5}}, Why: "label PSY", Moved: true}, true)},
	{"named", version(2, entry.Header{Author: nurse}, true)},
	{"named-to-other", version(2, entry.Header{Author: nurse}, false)},
	{"taken-in", version(1, entry.Header{Author: nurse, Taken: true}, true)},
	{"taken-in-unverified", version(1, entry.Header{Author: entry.Author{Grant: gp}, Taken: true}, false)},
	{"nameless", version(1, entry.Header{Author: entry.Author{Grant: gp}, Origin: entry.Origin{Import: record.ImportID{5}}}, false)},
}

var nurse = entry.Author{Grant: gp, Name: "Lin Mei", Organisation: "Elm Road Surgery", Role: "district nurse", Number: "12A3456E", Register: "NMC"}

func version(n record.Version, h entry.Header, person bool) derived.Version {
	h.Type, h.ID, h.Time = "Condition", "c1", at
	v := derived.Version{Entry: record.EntryID{0xde, 0xad}, Ref: fhir.Ref{Type: "Condition", ID: "c1"}, Version: n, Header: h, Section: record.MentalHealth, Own: link, Person: person}
	if person {
		v.Own = self
	}
	return v
}

// all is everything that is made, by name.
func all() map[string][]byte {
	out := map[string][]byte{}
	for _, l := range logged {
		out["AuditEvent "+l.name] = derived.AuditEvent(about, derived.Logged(l.entry.Index), l.entry, parties)
	}
	for _, d := range decisions {
		out["Consent "+d.name] = derived.Consent(about, d.d)
	}
	for _, w := range written {
		out["Provenance "+w.name] = derived.Provenance(about, w.v)
	}
	return out
}
