package dpop

// Check verifies a proof and uses it, as that of a key something is bound to, if one is wanted.
func (c *Checker) Check(headers []string, method, uri, token string, want [32]byte) (Proof, error) {
	p, err := c.Verify(headers, method, uri, token, want)
	if err == nil {
		err = p.Use(Owner{Opened: want != [32]byte{}})
	}
	if err != nil {
		return Proof{}, err
	}
	return p, nil
}
