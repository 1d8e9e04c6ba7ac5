package httpapi_test

import (
	"context"
	"net/url"
	"strings"
	"time"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// keepOAuth keeps something of an answer.
func (c *conversation) keepOAuth(verb, rest string) {
	switch verb {
	case "query": // of its Location, with another name if one is said
		name, as, _ := strings.Cut(rest, " ")
		if as == "" {
			as = name
		}
		u, err := url.Parse(c.header.Get("Location"))
		c.check(err)
		if c.vars[as] = u.Query().Get(name); c.vars[as] == "" {
			c.t.Errorf("%s: there is no %s in %s", c.at, name, u)
		}
	case "cookies":
		var all []string
		for _, line := range c.header["Set-Cookie"] {
			pair, _, _ := strings.Cut(line, ";")
			all = append(all, pair)
		}
		c.vars["cookies"] = strings.Join(all, "; ")
	case "typed":
		found := typedCode.FindSubmatch(c.body)
		if found == nil {
			c.t.Fatalf("%s: there is no code on the page\n%s", c.at, c.body)
		}
		c.vars["typed"] = string(found[1])
	case "nonce":
		c.prover(rest).nonce = c.header.Get("DPoP-Nonce")
	}
}

func (c *conversation) prover(name string) *prover {
	if c.provers == nil {
		c.provers = map[string]*prover{}
	}
	if c.provers[name] == nil {
		c.provers[name] = c.world.prover()
		c.vars[name+".jkt"] = c.provers[name].jkt()
	}
	return c.provers[name]
}

// doOAuth does what happens in the world beside requests:
//
//	app sunrise public           a client is registered: public, dpop, par, secret, key,
//	                             backend, fapi2, or elsewhere (its keys are at an address)
//	approve CODE [section …]     Ada says yes to all that is proposed, or to these sections
//	refuse CODE                  or no
//	prove phone GET /path [tok]  {proof} is a DPoP proof by the key called phone
//	assert elm ID [aud=X …]      {assertion} is one of the client elm's, for ID, with other
//	                             claims; alg=RS256 signs with its RSA key
//	issue elm                    {elm.id} is the client_id of a grant to a system
//	address                      {address} is one of Ada's; the challenge is {challenge}
func (c *conversation) doOAuth(verb string, args []string) bool {
	ctx := context.Background()
	switch verb {
	case "app":
		id, redirect := args[0], "https://"+args[0]+".example/cb"
		c.vars["verifier"], c.vars["challenge"] = verifier, challengeOf(verifier)
		x := clients.Client{ID: id, Name: id, Redirects: []string{redirect}}
		switch args[1] {
		case "dpop":
			x.DPoP = true
		case "par":
			x.PAR = true
		case "secret":
			x.Auth = clients.Secret
			c.vars[id+".secret"], x.SecretHash = clients.NewSecret()
		case "key", "backend":
			if c.keyed == nil {
				c.keyed = map[string]*keyed{}
			}
			x.Backend = args[1] == "backend"
			c.keyed[id] = c.world.keyed(x)
			return true
		case "fapi2", "elsewhere":
			c.keyedOtherwise(x, args[1])
			return true
		}
		c.register(x)
	case "approve":
		c.approve(c.ada, c.vars["ada"], args[0], func(p *holder.GrantRequest) {
			if len(args) > 1 {
				p.Sections = 0
			}
			for _, name := range args[1:] {
				s, err := record.ParseSection(name)
				c.check(err)
				p.Sections = p.Sections.With(s)
			}
		})
	case "refuse":
		c.refuseRequest(c.ada, c.vars["ada"], args[0], "")
	case "prove":
		token := ""
		if len(args) > 3 {
			token = args[3]
		}
		c.vars["proof"] = c.prover(args[0]).proof(args[1], args[2], token)
	case "assert":
		c.vars["assertion"] = c.assertion(c.keyed[args[0]], args[1], args[2:])
	case "issue":
		c.issue(args[0], "patient/*.rs")
	case "address":
		a, err := c.ada.NewAddress(ctx, "surgery", time.Time{})
		c.check(err)
		c.vars["address"] = a.Segment
	case "answer-asked": // what came in at the address: yes
		all, err := c.ada.Requests(ctx, c.vars["ada"])
		c.check(err)
		_, err = c.ada.Approve(ctx, all[0], all[0].Proposal(), "see you soon")
		c.check(err)
	default:
		return c.doAttack(verb, args)
	}
	return true
}

// issue grants something to a system.
func (c *conversation) issue(id, scopes string) {
	parsed, err := grant.ParseScopes(scopes)
	c.check(err)
	issued, err := c.ada.IssueBackend(context.Background(), holder.GrantRequest{To: grant.Party{Name: id}, Sections: grant.Clinical, Scopes: parsed, Purpose: "TREAT",
		Lasts: 24 * time.Hour, Client: id})
	c.check(err)
	c.vars[id+".id"] = issued.Token
	c.vars[id+".half"] = issued.Token[len(id)+1:]
}
