package filing

import (
	"carehold/record"
	"carehold/record/fhir"
)

// How entries go with each other, in the order it is settled. Each step only
// ever makes a section stricter and looks only at steps before it (or at
// itself, to a fixpoint), so the order of the items cannot matter.
//
//  1. Subjects: an entry goes with a sensitive entry it is about (its reason,
//     its result, the claim's visit). Not with who or where: a blood pressure
//     taken on a psychiatric ward is a blood pressure. Care plans and teams go
//     along only when all the problems they name are sensitive.
//  2. Parts (a medicine, a picture, a specimen) go with a sensitive entry that
//     points to them. What else points to them does not follow in turn: one
//     shared Medication must not pull every prescription with it.
//  3. Containers (Provenance, List, Composition, Bundle, Binary …) go with the
//     strictest entry they point to, sensitive or not; Binary, and a container
//     that points to nothing, with what points to it.
//  4. Providers go with the entries that point to them, through other providers
//     too, when all of those are sensitive. A provider to whom no ordinary entry
//     points goes with the sensitive ones it points to: the role of a
//     psychiatrist, the service of a clinic would name them to everybody.
//  5. A container about such a provider follows it; the rest fall back on the
//     default of their type.
const (
	rulePointsTo  = "points-to"
	rulePointedTo = "pointed-to-by"
	ruleOnly      = "only-sensitive"
	ruleNames     = "names-sensitive"
)

// node is an item with what is known of it so far.
type node struct {
	ref  fhir.Ref
	typ  string
	own  own
	at   record.Section // 0: a weak container that nothing has placed yet
	to   []edge
	from []int // the nodes that point here
}

// edge leads to another item, or to an entry already in the record.
type edge struct {
	node int // -1: in the record already
	ref  fhir.Ref
	typ  string
	at   record.Section // of an entry in the record
}

type graph struct{ nodes []node }

// start is where an entry stands before other entries are looked at.
func (o own) start() record.Section {
	if weak[o.row.name] && !o.decided {
		return 0
	}
	return o.found.section
}

func newGraph(items []Item, known Known) *graph {
	g := &graph{nodes: make([]node, len(items))}
	index := make(map[fhir.Ref]int, len(items))
	own := decideAll(items)
	for i, it := range items {
		o := own[i]
		g.nodes[i] = node{ref: it.Ref, typ: it.Resource.Type(), own: o, at: o.start()}
		index[it.Ref] = i
	}
	for i, it := range items {
		n := &g.nodes[i]
		for _, ref := range it.Targets {
			if j, here := index[ref]; here {
				if j != i {
					n.to = append(n.to, edge{node: j, ref: ref, typ: g.nodes[j].typ})
					g.nodes[j].from = append(g.nodes[j].from, i)
				}
			} else if known != nil {
				if s, ok := known(ref); ok {
					n.to = append(n.to, edge{node: -1, ref: ref, typ: ref.Type, at: s})
				}
			}
		}
	}
	return g
}

// section of what an edge leads to, as far as settled.
func (g *graph) section(e edge) record.Section {
	if e.node >= 0 {
		return g.nodes[e.node].at
	}
	return e.at
}

func (n *node) follows() follows {
	if n.own.row.follows == bystander && n.own.found.section == record.Support {
		return alone // somebody's home is no provider
	}
	return n.own.row.follows
}

func (g *graph) settle() {
	g.fixpoint(func(n *node) record.Section { return g.aboutSubjects(n) }, subjects, allOfThem, part)
	g.parts()
	g.fixpoint(func(n *node) record.Section { return g.contents(n) }, container)
	g.providers()
	g.fixpoint(func(n *node) record.Section { return g.contents(n) }, container)
	for i := range g.nodes {
		if n := &g.nodes[i]; n.at == 0 {
			n.at = n.own.found.section
		}
	}
}

// fixpoint raises the nodes of some kinds until nothing changes.
func (g *graph) fixpoint(pull func(*node) record.Section, kinds ...follows) {
	for changed := true; changed; {
		changed = false
		for i := range g.nodes {
			n := &g.nodes[i]
			for _, k := range kinds {
				if n.follows() == k {
					if s := pull(n); Stricter(s, n.at) {
						n.at, changed = s, true
					}
				}
			}
		}
	}
}

// Entries that say where or with whom something happened, not what it was
// about: pointing to a sensitive one of them makes nothing sensitive.
var setting = map[string]bool{
	"Patient": true, "Person": true, "RelatedPerson": true, "Group": true, "Device": true, "CareTeam": true, "Coverage": true, "Account": true,
	"Practitioner": true, "PractitionerRole": true, "Organization": true, "OrganizationAffiliation": true, "Location": true, "HealthcareService": true, "Endpoint": true,
	"Encounter": true, "EpisodeOfCare": true, "Schedule": true, "Slot": true,
	"Provenance": true, "List": true, "Linkage": true, "AuditEvent": true, "Binary": true, "Bundle": true, "MessageHeader": true, "Parameters": true,
}

// Entries that are about the visit itself, so that a sensitive visit pulls them.
var aboutVisits = map[string]bool{
	"Encounter": true, "EpisodeOfCare": true, "Appointment": true, "AppointmentResponse": true, "ClinicalImpression": true,
	"Claim": true, "ClaimResponse": true, "ExplanationOfBenefit": true, "ChargeItem": true, "Invoice": true, "Account": true,
	"Communication": true, "CommunicationRequest": true, "DocumentReference": true, "QuestionnaireResponse": true, "Media": true, "Task": true,
}

// pulls reports whether a sensitive entry of type to pulls one of type from
// that points to it.
func pulls(from, to string) bool {
	if to == "Encounter" || to == "EpisodeOfCare" || to == "Slot" || to == "Schedule" {
		return aboutVisits[from]
	}
	if to == "Account" {
		return from == "ChargeItem" || from == "Invoice" || from == "Account"
	}
	return !setting[to]
}

// aboutSubjects is the strictest sensitive entry that n is about.
func (g *graph) aboutSubjects(n *node) (s record.Section) {
	if n.follows() == allOfThem {
		for _, e := range n.to {
			if e.typ == "Condition" {
				at := g.section(e)
				if !at.Sensitive() {
					return 0
				}
				s = strictest(s, at)
			}
		}
		return s
	}
	for _, e := range n.to {
		if at := g.section(e); at.Sensitive() && pulls(n.typ, e.typ) {
			s = strictest(s, at)
		}
	}
	return s
}

// parts raises the parts to the strictest sensitive entry that points to them,
// through other parts too, once subjects are settled.
func (g *graph) parts() {
	g.fixpoint(func(n *node) (s record.Section) {
		for _, i := range n.from {
			from := &g.nodes[i]
			if from.at.Sensitive() && from.follows() != container {
				s = strictest(s, from.at)
			}
		}
		return s
	}, part)
}

// about is whether a Provenance and the like says nothing of its own about a
// file it points to.
var mentionsOnly = map[string]bool{"Provenance": true, "AuditEvent": true, "List": true, "Linkage": true, "MessageHeader": true}

// MentionsOnly reports whether entries of a type name files and are not what they are the
// files of: what is filed by what points to it is not filed by these.
func MentionsOnly(typ string) bool { return mentionsOnly[typ] }

// contents is the strictest entry in a container. What everyone may see
// (identity, providers) says nothing about where the container goes.
func (g *graph) contents(n *node) (s record.Section) {
	for _, e := range n.to {
		if at := g.section(e); !at.Always() {
			s = strictest(s, at)
		}
	}
	for _, i := range n.from {
		from := &g.nodes[i]
		if from.at == 0 || from.at.Always() {
			continue
		}
		if n.typ == "Binary" && !mentionsOnly[from.typ] || from.at.Sensitive() && from.follows() != container {
			s = strictest(s, from.at)
		}
	}
	return s
}

// providers raises the providers that are reached from sensitive entries only.
// One that is sensitive by its own words stays so whoever points to it, and
// does not lead an ordinary reader on to those behind it.
func (g *graph) providers() {
	open := make([]bool, len(g.nodes))
	var reach func(i int, mark func(*node, int) bool)
	reach = func(i int, mark func(*node, int) bool) {
		for _, e := range g.nodes[i].to {
			if e.node >= 0 && g.nodes[e.node].follows() == bystander && mark(&g.nodes[e.node], e.node) {
				reach(e.node, mark)
			}
		}
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		// A container that only points to providers (at 0) is about them and
		// gives nothing away by itself; it follows them in the next step.
		if n.follows() != bystander && n.at != 0 && !n.at.Sensitive() {
			reach(i, func(p *node, j int) bool {
				if open[j] || p.own.found.section.Sensitive() {
					return false
				}
				open[j] = true
				return true
			})
		}
	}
	for i := range g.nodes {
		if n := &g.nodes[i]; n.at.Sensitive() && !open[i] {
			s := n.at
			reach(i, func(p *node, j int) bool {
				if open[j] || !Stricter(s, p.at) {
					return false
				}
				p.at = s
				return true
			})
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range g.nodes {
			n := &g.nodes[i]
			if n.follows() != bystander || open[i] {
				continue
			}
			for _, e := range n.to {
				if at := g.section(e); at.Sensitive() && Stricter(at, n.at) && typeOf(e.typ).follows == bystander {
					n.at, changed = at, true
				}
			}
		}
	}
}

// filed is the answer for each item, with the reason.
func (g *graph) filed() []Filed {
	out := make([]Filed, len(g.nodes))
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.at == n.own.found.section {
			out[i] = Filed{n.at, n.own.found.why}
			continue
		}
		out[i] = Filed{n.at, g.because(n)}
	}
	return out
}

// because finds the entry that decided: the first by name of those filed where
// n is, so that it does not depend on the order of the items.
func (g *graph) because(n *node) Reason {
	var best fhir.Ref
	rule := rulePointsTo
	consider := func(r fhir.Ref, by string) {
		if best == (fhir.Ref{}) || r.String() < best.String() {
			best, rule = r, by
		}
	}
	before := func() {
		for _, e := range n.to {
			if g.section(e) == n.at {
				consider(e.ref, rulePointsTo)
			}
		}
	}
	after := func() {
		for _, j := range n.from {
			if g.nodes[j].at == n.at {
				consider(g.nodes[j].ref, rulePointedTo)
			}
		}
	}
	first, second := before, after
	if n.follows() == bystander {
		first, second = after, before
	}
	if first(); best == (fhir.Ref{}) {
		second()
	}
	text := "It goes with an entry it refers to."
	switch {
	case n.follows() == bystander && rule == rulePointsTo:
		rule, text = ruleNames, "It names a provider that only sensitive entries point to, and no ordinary entry needs it."
	case n.follows() == bystander:
		rule, text = ruleOnly, "Only sensitive entries point to this provider, so it is kept with them."
	case rule == rulePointedTo:
		text = "It goes with an entry that refers to it."
	}
	return Reason{Rule: rule, Text: text, Via: best}
}
