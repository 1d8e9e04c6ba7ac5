package holder

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

// Enrolment is what it takes to make a record.
type Enrolment struct {
	Invite     string        // chdi_…, from whoever runs the server
	Passphrase crypto.Secret // what opens the record on this device
	Label      string        // what the person calls this device: "laptop"
	Name       string        // what the log calls the person; "you" if empty
}

// Kit is what a new person keeps: the device key on this device, the recovery
// code on paper.
type Kit struct {
	DeviceKey crypto.DeviceKey
	Recovery  crypto.RecoveryCode
}

// Enrol makes a record. Everything is made on this device: the identity, whose
// hash is the record's name, the root key, the first epoch, two ways in and the
// person's own grant. The server only admits it, by the invite.
func Enrol(ctx context.Context, srv Server, e Enrolment) (*Holder, *Kit, error) {
	if c, err := crypto.ParseToken(e.Invite); err != nil || c.Kind() != crypto.Invite {
		return nil, nil, record.Safef(record.Invalid, "this is not an invite: it should begin with chdi_")
	}
	if e.Passphrase.IsZero() {
		return nil, nil, errNoPassphrase
	}
	if len(e.Label) > maxLabel {
		return nil, nil, errLabel
	}
	node, err := srv.Node(ctx)
	if err != nil {
		return nil, nil, err
	}
	kit := &Kit{crypto.NewDeviceKey(), crypto.NewRecoveryCode()}
	now := node.Time.UTC().Truncate(time.Millisecond)
	r := &ring{
		version: ringVersion, store: node.Store, verifier: node.Verifier,
		id: crypto.NewKey(), epochs: []crypto.Key{crypto.NewKey()}, gens: []generation{newGeneration()},
	}
	identity := r.newest().signer()
	r.person = crypto.PersonOf(identity.Public())
	d := &draft{
		now: now, ring: r, root: crypto.NewKey(), signer: identity, first: true,
		opener: newOpener(crypto.PassphraseSlot(kit.DeviceKey, e.Passphrase)),
		live:   map[record.GrantID]LiveGrant{}, rows: map[record.GrantID]bool{},
		identity: r.newest().public(),
	}
	d.did(audit.Enrol, "made this record")
	d.addSlot(d.opener, e.Label)
	d.addSlot(newOpener(kit.Recovery.Slot()), "recovery code")
	if e.Name == "" {
		e.Name = "you"
	}
	self := selfGrant(r.person, e.Name, now)
	if err := self.Check(); err != nil {
		return nil, nil, err
	}
	d.add(self)
	signed, err := d.finish()
	if err != nil {
		return nil, nil, err
	}
	h := &Holder{srv: srv, opener: d.opener, node: node, ahead: time.Until(node.Time)}
	h.now = state{ring: r, root: d.root, hash: statement.HashOf(signed.Body), live: d.live}
	receipt, err := h.submitFirst(ctx, signed, e.Invite)
	if err != nil {
		h.Close()
		return nil, nil, err
	}
	return h, kit, h.took(d, h.now.hash, receipt)
}

// submitFirst sends the statement that makes the record. If the answer is lost,
// the server is asked for the keyring: it has it, or it never got it.
func (h *Holder) submitFirst(ctx context.Context, s statement.Signed, invite string) (Receipt, error) {
	for try := 0; ; try++ {
		receipt, err := h.srv.Submit(ctx, s.Marshal(), invite)
		if err == nil {
			return receipt, nil
		}
		if got, lost := h.srv.Ring(ctx, h.now.ring.person, h.opener.key.ID, 0); lost == nil && got.Seq == 1 && got.Hash == h.now.hash {
			return Receipt{Seq: 1, Checkpoint: got.Checkpoint}, nil
		}
		if definite(err) || try >= maxUnknown {
			return Receipt{}, err
		}
		if stop := pause(ctx, try); stop != nil {
			return Receipt{}, err
		}
	}
}

func newGeneration() generation {
	return generation{audit: crypto.NewKey(), box: crypto.NewKey(), identity: crypto.NewKey(), grants: crypto.NewKey()}
}

func (g *generation) signer() crypto.SigningKey { return crypto.NewSigningKey(g.identity) }

func (g *generation) public() *statement.Identity {
	return &statement.Identity{Signing: g.signer().Public(), Box: crypto.NewBoxKey(g.box).Public().Bytes()}
}
