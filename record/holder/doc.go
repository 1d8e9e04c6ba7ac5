// Package holder is the person's side of a record: the only code that ever holds
// the root key. It runs on their own device, natively and in a browser.
//
// # The words
//
//	R         the root key: drawn on the first device, never sent anywhere bare
//	slot      a way to R: passphrase with device key, passkey, recovery code
//	keyring   everything else the person holds, one blob sealed under R
//	memory    what a device remembers between two unlockings; not secret
//	draft     a change before it is a statement
//	trail     a hash over the log entries of all statements, kept in the keyring
//
// # Unlocking
//
//	slot secret ─ capsule ─ person
//	            └ X-Wing seed ─ opens R as it is wrapped for this slot
//	                            R ─ opens the keyring of statement n
//
// The keyring holds only the public half of each slot. So a new R can be wrapped
// for slots that are not at hand, and whoever copied an old keyring can open
// nothing that was wrapped since: that is what makes RemoveSlot and Evict mean
// something (see slot.go).
//
// # Changing
//
// Every change is one statement made by one function, change: it copies the
// keyring, lets the caller draft on the copy, ends what ran out or was struck,
// starts an epoch if anybody lost access, signs, submits. If another device was
// first (record.Conflict) it loads the keyring and drafts again. If nobody can
// say whether the server took the statement, it loads the keyring and looks: the
// keyring names the last statements by their hashes.
//
// Giving access is a grant; Amend, Suspend and Resume change it, Receipt says on paper
// what it is. Losing a section's key begins an epoch, and so does being suspended: what is
// written from then on is under keys that a copy of the disk does not help to. Everything
// else is another row.
//
// # Being asked
//
// Others ask at an address that the person shows (NewAddress), or by an app, which shows
// a code (Lookup). A yes is one statement with the grant and the answer, sealed to who
// asked (Approve); a no is the answer alone, from a session (Refuse). Nothing is given that
// was not asked for unless the person says so, and nothing sensitive is ever proposed.
//
// # Checking
//
// Check fetches the log and believes none of it: the leaves must hash to the
// root the pinned server signed; heads that this device, or another of the
// person's devices, saw before must lie on the way; each leaf must open; the
// statements' entries must be all there and hash to the trail in the keyring.
// What fails is *audit.Tampered, for which errors.Is(err, record.Integrity)
// holds.
//
// # What it must never do
//
// It imports no store, no net/http and nothing of FHIR. It never sends R, a slot
// secret or the keyring's key. It never takes a keyring older than the one the
// device has seen, and never writes one that a newer program has changed the
// format of. No key leaves it but the self-grant's, to sign in with, and tokens,
// shown once.
package holder
