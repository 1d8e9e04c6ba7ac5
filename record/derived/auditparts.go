package derived

import (
	"encoding/hex"

	"carehold/record"
)

type auditAgent struct {
	Extension    []extension   `json:"extension,omitempty"`
	Type         concept       `json:"type"`
	Role         []concept     `json:"role,omitempty"`
	Who          reference     `json:"who"`
	Name         string        `json:"name,omitempty"`
	Requestor    bool          `json:"requestor"`
	Policy       []string      `json:"policy,omitempty"`
	Network      *auditNetwork `json:"network,omitempty"`
	PurposeOfUse []concept     `json:"purposeOfUse,omitempty"`
}

type auditNetwork struct {
	Extension []extension `json:"extension,omitempty"`
	Address   string      `json:"address,omitempty"`
	Type      string      `json:"type,omitempty"`
}

type auditSource struct {
	Observer reference `json:"observer"`
	Type     []coding  `json:"type"`
}

// auditThing is an entity: what was shown, asked for or changed.
type auditThing struct {
	What        *reference `json:"what,omitempty"`
	Type        coding     `json:"type"`
	Role        *coding    `json:"role,omitempty"`
	Lifecycle   *coding    `json:"lifecycle,omitempty"`
	Description string     `json:"description,omitempty"`
	NoQuery     *noValue   `json:"_query,omitempty"`
}

// noValue stands beside a primitive that has none.
type noValue struct {
	Extension []extension `json:"extension"`
}

// nowhere is a client's address, which the log has no place for.
var nowhere = &auditNetwork{Extension: absent("unsupported")}

// address is where the server is.
func (a About) address() *auditNetwork {
	if a.Base == "" {
		return nowhere
	}
	return &auditNetwork{Address: a.Base, Type: "5"} // network-type: URI
}

// agents are those of an interaction: the client, known by its token's mark, the
// server, and whom the grant is for.
func (x *event) agents(client, server, user coding) {
	app := auditAgent{Type: of(client), Who: reference{Extension: absent("unknown")}, Network: nowhere}
	if mark := x.Event.Token; mark != 0 {
		token := hex.EncodeToString([]byte{byte(mark >> 24), byte(mark >> 16), byte(mark >> 8), byte(mark)})
		app.Who = reference{Identifier: &identifier{System: "urn:carehold:token", Value: token}}
	}
	x.out.Agent = []auditAgent{app, {Type: of(server), Who: x.server(), Network: x.address()}, x.user(user, x.Event.Grant)}
}

// user is the one a grant is for. Nothing of it is proved but the grant.
func (x *event) user(as coding, id record.GrantID) auditAgent {
	agent := auditAgent{Type: of(as), Requestor: true, Policy: []string{"urn:carehold:grant:" + id.String()},
		Who: reference{Identifier: &identifier{System: "urn:carehold:grant", Value: id.String()}}}
	if g, known := x.parties(id); known {
		agent.Extension, agent.Who, agent.PurposeOfUse = organisation(g), x.party(g), purpose(g)
		if agent.Name = words(g.To.Name); g.Self {
			agent.Name = agent.Who.Display
		} else if role := words(g.To.Role); role != "" {
			agent.Role = []concept{{Text: role}}
		}
	}
	return agent
}

// data are the resources of an interaction. The profiles have one System Object, and
// leave it open what others are there: those after the first are of their own types.
func (x *event) data(names []string, life func(string) *coding) {
	if len(names) == 0 {
		return
	}
	e := auditThing{What: ptr(resource(names[0])), Type: isObject, Role: &asDomain}
	if life != nil {
		e.Lifecycle = life(names[0])
	}
	x.out.Entity = append(x.out.Entity, e)
	x.shown(names[1:], life)
}

func (x *event) shown(names []string, life func(string) *coding) {
	for _, name := range names {
		e := auditThing{What: ptr(resource(name)), Type: isOther, Role: &asDomain}
		if typ := typeOf(name); typ != "" {
			e.Type = coding{resources, typ, typ}
		}
		if life != nil {
			e.Lifecycle = life(name)
		}
		x.out.Entity = append(x.out.Entity, e)
	}
}

// consent names the grant that it was under, or about. The person's own is none that
// they gave to somebody.
func (x *event) consent(id record.GrantID) {
	if g, known := x.parties(id); id == (record.GrantID{}) || known && g.Self {
		return
	}
	name := Name{Type: TypeConsent, Grant: id}.Ref().String()
	for _, e := range x.out.Entity {
		if e.What != nil && e.What.Reference == name {
			return
		}
	}
	x.out.Entity = append(x.out.Entity, auditThing{What: &reference{Reference: name}, Type: coding{resources, TypeConsent, TypeConsent}, Role: &asSafety})
}
