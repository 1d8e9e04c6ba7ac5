package crypto

// A request (kind q) is a credential that somebody makes who asks for access, and
// keeps: what answers it is sealed to a key that only they can derive. So the answer
// may lie in a database until they come for it.

// BoxKey is the request's X-Wing key: its public half goes with the question.
func (c Credential) BoxKey() BoxKey {
	if c.kind != Request {
		panic("crypto: only a request has a box")
	}
	seed := c.Derive(LabelAsk)
	defer seed.Destroy()
	return NewBoxKey(seed)
}

// AddressFrom is the address of that secret, which the person's keyring keeps so that
// the address can be shown again.
func AddressFrom(secret Key) Credential { return Credential{kind: Address, secret: secret.Clone()} }
