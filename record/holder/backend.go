package holder

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
)

// IssueBackend gives access to an organisation's system, which asks for its tokens
// itself (SMART Backend Services). The token of what is returned is the client id that
// the system uses with this record: the id it is registered under, a full stop, and a
// secret. What is at rest opens nothing without that secret, and that secret nothing
// without the client's own key.
func (h *Holder) IssueBackend(ctx context.Context, req GrantRequest) (Issued, error) {
	return change(ctx, h, func(d *draft) (Issued, error) {
		if req.Client == "" {
			return Issued{}, record.Safef(record.Invalid, "say which registered client the system is")
		}
		g, err := d.grantOf(req)
		if err != nil {
			return Issued{}, err
		}
		g.Client = req.Client
		if err := g.Check(); err != nil {
			return Issued{}, err
		}
		if err := Suits(g, req.Unbound); err != nil {
			return Issued{}, err
		}
		d.did(audit.Grant, "gave "+describeGrant(g), g.ID)
		return d.issueBackend(d.add(g), req.Label, g.Until)
	})
}

// issueBackend makes the credential that stands behind the client's id.
func (d *draft) issueBackend(g *held, label string, until time.Time) (Issued, error) {
	if len(label) > maxLabel {
		return Issued{}, errLabel
	}
	c := crypto.NewCredential(crypto.Refresh)
	defer c.Destroy()
	gen := d.ring.gens[g.gen]
	r := keys.Refresh{Backend: true, TokenCapsule: keys.TokenCapsule{Person: d.ring.person, Grant: g.grant.ID, Until: until,
		Key: keys.GrantKey(gen.grants, g.grant.ID), Audit: keys.AuditKey(gen.audit, g.grant.ID), Terms: keys.Terms{Client: g.grant.Client}}}
	defer r.Destroy()
	key := c.CapsuleKey()
	defer key.KEK.Destroy()
	capsule := keys.SealRefresh(key, r)
	d.capsules = append(d.capsules, capsule)
	g.tokens = append(g.tokens, token{capsule: capsule.ID, label: label, until: until, created: d.now.Truncate(time.Second), kind: crypto.Refresh})
	return Issued{Grant: g.grant, Token: g.grant.Client + "." + c.Token()[len("chdr_"):], Until: until}, nil
}
