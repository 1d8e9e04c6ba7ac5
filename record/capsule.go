package record

// Capsule is what a database holds for a credential: a name that leads nowhere
// without the credential, the hour after which it may be swept (0: never), and a
// sealed payload.
type Capsule struct {
	ID   [16]byte
	Hour uint32 // hours since 1970
	Blob []byte
}
