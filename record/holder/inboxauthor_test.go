package holder_test

import (
	"context"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// forgedBox is a server whose inbox has the rows that a test made.
type forgedBox struct {
	holder.Server
	holder.Inbox
	rows []holder.InboxRow
}

func (b *forgedBox) Waiting(context.Context, string, [16]byte) ([]holder.InboxRow, [16]byte, bool, error) {
	return b.rows, [16]byte{}, false, nil
}

// Whoever has the disk has the person's public key and the grants' ids. What they seal with
// these names somebody, and is proved to be by nobody.
func TestForgedContributorIsNotKnown(t *testing.T) {
	b := &forgedBox{Server: newLocal(t)}
	h, _ := enrol(t, b, b.Server.(*local).invite())
	one := give(t, h, gp(0)).Grant
	adds := one
	adds.Scopes = []grant.Scope{{Type: "*", Verbs: grant.Create}}
	other := adds
	other.ID = record.GrantID(crypto.RandomID())
	forger, own := crypto.NewSigningKey(crypto.NewKey()), h.Identity()
	for name, x := range map[string]struct {
		certificate []byte
		known       bool
		by          grant.Party
	}{
		"signed by the person": {adds.Sign(own), true, one.To},
		"no certificate":       {nil, false, one.To},
		"signed by another":    {adds.Sign(forger), false, one.To},
		"of a grant to read":   {one.Sign(own), false, one.To},
		"of another grant":     {other.Sign(own), false, one.To},
		"cut off":              {adds.Sign(own)[:crypto.SignatureSize], false, one.To},
	} {
		id := [16]byte(crypto.RandomID())
		id[0] &^= 0x80
		sealed, err := keys.SealContribution(h.Person(), h.BoxPublic(), id, keys.Contribution{Grant: one.ID, Time: time.Now(), Type: "Observation",
			JSON: []byte(`{"resourceType":"Observation","status":"final","code":{"text":"forged"}}`), Section: record.Results, Certificate: x.certificate})
		if err != nil {
			t.Fatal(err)
		}
		b.rows = []holder.InboxRow{{ID: id, Blob: sealed}}
		items, err := h.Inbox(t.Context(), "")
		if err != nil || len(items) != 1 || items[0].Damaged {
			t.Fatal(name, items, err)
		}
		if i := items[0]; i.Known != x.known || i.By != x.by {
			t.Errorf("%s: known %v, by %+v", name, i.Known, i.By)
		}
	}
}
