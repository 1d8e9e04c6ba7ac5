package healthcard

// Read reads what a card says, as if it had been signed.
func Read(payload []byte) (*Card, error) {
	c := &Card{}
	return c, c.read(payload)
}
