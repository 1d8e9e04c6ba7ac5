package derived

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
)

// Parties finds the grant of an id, for the name of the one it is for. ok is false for
// one that is not known.
type Parties func(record.GrantID) (g grant.Grant, ok bool)

type auditEvent struct {
	ResourceType   string       `json:"resourceType"`
	ID             string       `json:"id"`
	Meta           meta         `json:"meta"`
	Contained      []outcome    `json:"contained,omitempty"`
	Extension      []extension  `json:"extension,omitempty"`
	Type           coding       `json:"type"`
	Subtype        []coding     `json:"subtype,omitempty"`
	Action         string       `json:"action"`
	Recorded       string       `json:"recorded"`
	Outcome        string       `json:"outcome"`
	OutcomeDesc    string       `json:"outcomeDesc,omitempty"`
	PurposeOfEvent []concept    `json:"purposeOfEvent,omitempty"`
	Agent          []auditAgent `json:"agent"`
	Source         auditSource  `json:"source"`
	Entity         []auditThing `json:"entity"`
}

type outcome struct {
	ResourceType string  `json:"resourceType"`
	ID           string  `json:"id"`
	Issue        []issue `json:"issue"`
}

type issue struct {
	Severity    string `json:"severity"`
	Code        string `json:"code"`
	Diagnostics string `json:"diagnostics,omitempty"`
}

// event makes one AuditEvent.
type event struct {
	About
	audit.Entry
	parties Parties
	out     auditEvent
}

// AuditEvent tells what an entry of the log says, in the shape of IHE BALP, under a
// name: that of its place, or another.
func AuditEvent(a About, name Name, e audit.Entry, parties Parties) []byte {
	x := &event{About: a, Entry: e, parties: parties}
	v := e.Event
	x.out = auditEvent{
		ResourceType: TypeAuditEvent,
		ID:           name.Ref().ID,
		Meta:         metaOf(v.Time),
		Recorded:     instant(v.Time),
		Outcome:      "0",
		Source:       auditSource{Observer: a.server(), Type: []coding{{"http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server"}}},
		Entity:       []auditThing{{What: ptr(a.patient()), Type: isPerson, Role: &asPerson}},
	}
	if v.More > 0 {
		x.out.Extension = []extension{{URL: "urn:carehold:more", ValueCount: count(v.More)}}
	}
	if e.Writer == audit.ByGrant {
		x.byGrant()
	} else {
		x.byOther()
	}
	if v.Outcome != audit.Done {
		x.refused()
	}
	return encode(x.out)
}

// Logged is the name of the log entry at a place.
func Logged(index uint64) Name { return Name{Type: TypeAuditEvent, Index: index} }

// is sets the type, subtypes and action.
func (x *event) is(s sort) { x.out.Type, x.out.Subtype, x.out.Action = s.typ, s.subtype, s.action }

// claim says which profile the event keeps to. Those of the interactions are of what
// was done, and not of what was refused.
func (x *event) claim(profile string) {
	if x.Event.Outcome == audit.Done || profile == disclosure {
		x.out.Meta.Profile = []string{profile}
	}
}

// byGrant is what was done with a token, a session or a link.
func (x *event) byGrant() {
	switch x.Event.Action {
	case audit.Read:
		x.read()
	case audit.Search:
		x.query()
	case audit.Change, audit.Delete:
		x.change()
	case audit.Opened:
		x.opened()
	default:
		x.other()
		x.agents(sourceRole, destinationRole, recipient)
	}
	x.consent(x.Event.Grant)
	for _, g := range x.Event.About {
		x.consent(g)
	}
}

// read is one version that was shown, or a history.
func (x *event) read() {
	v := x.Event
	x.is(sort{restful, []coding{rest("read")}, "R"})
	if kind := history(v); kind != "" {
		x.out.Subtype = append(x.out.Subtype, rest(kind))
	}
	x.agents(destinationRole, sourceRole, recipient)
	x.data(v.Entries, nil)
	if len(v.Entries) > 0 {
		x.claim(patientOnly + "Read")
	}
}

// history is the interaction that brought versions, when it was not a read.
func history(v audit.Event) string {
	same := func(a, b string) bool {
		first, _, _ := strings.Cut(a, "/_history")
		second, _, _ := strings.Cut(b, "/_history")
		return first == second
	}
	switch n := len(v.Entries); {
	case v.Query != "":
		return "history-type"
	case n == 0 || n > 1 && slices.ContainsFunc(v.Entries, func(e string) bool { return !same(e, v.Entries[0]) }):
		return "history-system"
	case n > 1 || strings.HasSuffix(v.Entries[0], "/_history"):
		return "history-instance"
	}
	return ""
}

// query is a search. The log knows the type and what was shown; the text is not in it.
func (x *event) query() {
	v := x.Event
	x.is(sort{restful, []coding{rest("search-type")}, "E"})
	q := auditThing{Type: isObject, Role: &asQuery, Description: words(v.Query), NoQuery: &noValue{absent("unsupported")}}
	if q.Description == "" {
		x.out.Subtype[0], q.Description = rest("search-system"), "all types"
	}
	x.agents(sourceRole, destinationRole, recipient)
	x.out.Entity = append(x.out.Entity, q)
	x.shown(v.Entries, nil)
	x.claim(patientOnly + "Query")
}

// change is what was created, updated or deleted: version 1 is a creation. One request
// may do both, and is one entry of the log; each resource says which it was.
func (x *event) change() {
	v := x.Event
	profile, s := "Update", sort{restful, []coding{rest("update")}, "U"}
	first := func(e string) bool { return strings.HasSuffix(e, "/_history/1") }
	life := func(e string) *coding {
		switch {
		case v.Outcome != audit.Done:
			return nil // it never was
		case v.Action == audit.Delete:
			return &deleted
		case first(e):
			return &created
		}
		return &amended
	}
	client, server := sourceRole, destinationRole
	switch {
	case v.Action == audit.Delete:
		profile, s = "Delete", sort{restful, []coding{rest("delete")}, "D"}
		client, server = application, custodian
	case len(v.Entries) > 0 && v.More == 0 && !slices.ContainsFunc(v.Entries, func(e string) bool { return !first(e) }):
		profile, s = "Create", sort{restful, []coding{rest("create")}, "C"}
	case slices.ContainsFunc(v.Entries, first):
		s.subtype = append(s.subtype, rest("create"))
	}
	x.is(s)
	x.agents(client, server, author)
	x.data(v.Entries, life)
	if len(v.Entries) > 0 {
		x.claim(patientOnly + profile)
	}
}

// opened is a link that was opened: a disclosure, to whoever had the link. Who they
// are is their own word.
func (x *event) opened() {
	v := x.Event
	x.is(sorts[audit.Opened])
	g, known := x.parties(v.Grant)
	if known {
		x.out.PurposeOfEvent = purpose(g)
	}
	said := auditAgent{Type: of(destinationRole), Who: reference{Extension: absent("unknown")}, Network: nowhere}
	if text := words(v.Text); text != "" {
		yes := true
		said.Who = reference{Display: text}
		said.Extension = []extension{{URL: "urn:carehold:claim", ValueBoolean: &yes}}
	}
	x.out.Agent = []auditAgent{
		{Type: of(sourceRole), Who: x.server(), Network: x.address()},
		said,
		{Type: of(authorizer), Who: x.person()},
		x.user(recipient, v.Grant),
	}
	for _, name := range v.Entries {
		x.out.Entity = append(x.out.Entity, auditThing{What: ptr(resource(name)), Type: isObject, Role: &asReport})
	}
	x.claim(disclosure)
}

// other is by its table.
func (x *event) other() {
	v := x.Event
	s, known := sorts[v.Action]
	if !known {
		s = sort{activity, nil, "E"}
	}
	x.is(s)
	switch v.Action {
	case audit.History:
		x.out.Entity = append(x.out.Entity, auditThing{What: &reference{Display: "the log of this record"}, Type: isObject, Role: &asSafety})
	case audit.Collected, audit.Exchanged, audit.Refreshed, audit.Replayed:
		what := presented[v.Action]
		if v.Action == audit.Exchanged && v.Query == audit.OfToken {
			what = "a token that was handed over"
		}
		x.out.Entity = append(x.out.Entity, auditThing{What: &reference{Display: what}, Type: isObject, Role: &asSafety})
	case audit.Copy:
		x.out.Entity = append(x.out.Entity, auditThing{What: &reference{Display: "the whole record, sealed as it is"}, Type: isObject, Role: &asReport})
	case audit.Move:
		for _, name := range v.Entries {
			x.out.Entity = append(x.out.Entity, auditThing{What: ptr(resource(name)), Type: isObject, Role: &asDomain, Description: words("to the section " + v.Text)})
		}
	default:
		x.data(v.Entries, nil)
	}
}

// byOther is what a device did in a statement, and what the server noted by itself.
func (x *event) byOther() {
	v := x.Event
	x.other()
	if x.Writer == audit.ByDevice {
		x.out.Source = auditSource{Observer: reference{Type: "Device", Display: "a device of the person's"}, Type: []coding{{"http://terminology.hl7.org/CodeSystem/security-source-type", "1", "User Device"}}}
		x.out.Agent = []auditAgent{{Type: of(author), Who: x.person(), Requestor: true}}
		if text := words(v.Text); text != "" {
			x.out.OutcomeDesc = words("You " + text)
		}
	} else {
		x.out.Agent = []auditAgent{{Type: of(application), Who: x.server(), Requestor: true, Network: x.address()}}
		if x.out.OutcomeDesc = words(v.Text); v.Action == audit.Asked {
			x.out.OutcomeDesc = "somebody asked for access at an address of the person's"
		}
	}
	for _, g := range v.About {
		x.consent(g)
	}
}

// refused says why nothing was shown or changed.
func (x *event) refused() {
	r, known := refusals[x.Event.Reason]
	if !known {
		r.code, r.text = "processing", "it was refused"
	}
	x.out.Outcome, x.out.OutcomeDesc = "4", r.text
	x.out.Contained = []outcome{{"OperationOutcome", "outcome", []issue{{"error", r.code, r.text}}}}
	x.out.Entity = append(x.out.Entity, auditThing{What: &reference{Reference: "#outcome"}, Type: coding{resources, "OperationOutcome", "OperationOutcome"}})
}

func ptr[T any](v T) *T { return &v }
