package dpop

import (
	"net/netip"

	"carehold/httpapi/oauth/dpop/once"
)

// Owner is whose room a used proof takes. Whoever has shown something has room of their
// own, which strangers cannot fill; the zero Owner is a stranger without an address.
type Owner struct {
	Opened bool         // a token that is bound to the proof's key has opened: the key has room
	Client string       // a client that whoever runs the server knows, and that has shown who it is
	From   netip.Prefix // the address, as it is counted
}

// wideBits is what one customer of a provider has at most in IPv6 (RFC 6177).
const wideBits = 48

// Around is the network that an IPv6 address or prefix is counted in together with those
// next to it.
func Around(p netip.Prefix) (netip.Prefix, bool) {
	if !p.Addr().Is6() || p.Addr().Is4In6() || p.Bits() <= wideBits {
		return p, false
	}
	around, err := p.Addr().Prefix(wideBits)
	return around, err == nil
}

// shares are parts of limit. Proofs of strangers have half of it, an address among them so
// much that all of a clinic can sign in behind it.
func (o Owner) shares(limit int, jkt [32]byte) []once.Share {
	part := func(of int, name ...string) once.Share {
		return once.Share{Owner: once.KeyOf(name...), Most: max(limit/of, 1)}
	}
	var list []once.Share
	switch {
	case o.Opened:
		list = append(list, part(8, "key", string(jkt[:])))
		if around, ok := Around(o.From); ok { // who has many keys, and as many addresses
			list = append(list, part(8, "opened", around.String()))
		}
	case o.Client != "":
		list = append(list, part(8, "client", o.Client))
	default:
		list = append(list, part(2, "strangers"))
		if o.From.IsValid() {
			list = append(list, part(128, "address", o.From.String()))
		}
		if around, ok := Around(o.From); ok {
			list = append(list, part(64, "address", around.String()))
		}
	}
	return list
}
