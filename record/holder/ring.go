package holder

import (
	"crypto/sha256"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/wire"
)

// ring is the keyring, open.
type ring struct {
	version  uint64
	person   record.PersonID
	store    record.StoreID
	verifier string

	seq    record.Seq       // of the statement this keyring came with
	recent []statement.Hash // of the statements before it, the last one last
	trail  [32]byte         // see follow
	seen   statement.Head   // the newest head any of the person's devices checked

	came  []origin // the stores it was restored from or brought from, the oldest first
	moved *moved   // where it went, while it is closed here

	id     crypto.Key   // turns FHIR ids into names of rows
	epochs []crypto.Key // E_1 … E_e
	gens   []generation // the last one is in use
	slots  []slot
	grants []held

	addresses []address // where the person can be asked, or could

	unknown []wire.Field // of a later version: kept, and written back
}

// origin is a store that the record was at before, and how it went on from there.
type origin struct {
	store    record.StoreID
	verifier string
	seq      record.Seq     // of the statement that carried it on
	seen     statement.Head // the newest that was known of the log there
	seenSeq  record.Seq     // and of the statements
	at       time.Time
	size     uint64 // of the log as it was carried on: what lies behind it was lost
	unknown  []wire.Field
}

// moved says where a closed record went.
type moved struct {
	url     string
	at      time.Time
	unknown []wire.Field
}

// generation is what an eviction makes anew. Of a generation that is over, only
// what opens old log entries is kept.
type generation struct {
	audit    crypto.Key // K_audit
	box      crypto.Key // X-Wing seed: the server's own log entries are sealed to it
	identity crypto.Key // Ed25519 seed; zero once it is over
	grants   crypto.Key // K_grants; zero once it is over
	unknown  []wire.Field
}

// slot is a way into the record, as the keyring knows it.
type slot struct {
	kind    crypto.Kind
	id      crypto.CapsuleID
	public  []byte // X-Wing public key: what R is wrapped to
	label   string
	created time.Time
	unknown []wire.Field
}

// held is a grant and what became of it.
type held struct {
	grant   grant.Grant
	gen     uint32 // which generation's keys it was made under, from 0
	tokens  []token
	ended   time.Time // zero while it is live
	why     EndReason
	paused  time.Time // since when it is suspended; zero while it is not
	unknown []wire.Field
}

// address is where others can ask the person for access. Its secret is kept, so that
// it can be shown again; it opens nothing.
type address struct {
	secret  crypto.Key
	label   string
	until   time.Time // zero: until it is closed
	created time.Time
	closed  time.Time // before that; zero while it is open
	unknown []wire.Field
}

// token says that a token was made. The token itself is kept nowhere.
type token struct {
	capsule crypto.CapsuleID
	label   string
	until   time.Time
	created time.Time
	kind    crypto.Kind    // 0: an access token
	flags   keys.LinkFlags // of a link
	unknown []wire.Field
}

// maxRecent is how many hashes of statements a keyring remembers: how far other
// devices may get ahead before a device cannot tell whether its own was taken.
const maxRecent = 64

func (r *ring) newest() *generation { return &r.gens[len(r.gens)-1] }

func (r *ring) epoch() record.Epoch { return record.Epoch(len(r.epochs)) }

// hashOf returns the hash of a statement before this keyring's, if it is
// remembered.
func (r *ring) hashOf(n record.Seq) (statement.Hash, bool) {
	if n >= r.seq || uint64(r.seq-n) > uint64(len(r.recent)) {
		return statement.Hash{}, false
	}
	return r.recent[len(r.recent)-int(r.seq-n)], true
}

// follow takes the log entry of the next statement into a trail:
// SHA-256(trail || leaf hash).
func follow(trail [32]byte, leaf []byte) [32]byte {
	h := audit.LeafHash(leaf)
	return sha256.Sum256(append(trail[:], h[:]...))
}

// find returns a grant by its id.
func (r *ring) find(g record.GrantID) *held {
	for i := range r.grants {
		if r.grants[i].grant.ID == g {
			return &r.grants[i]
		}
	}
	return nil
}

// self returns the person's own grant: there is always one that is live.
func (r *ring) self() *held {
	for i := range r.grants {
		if r.grants[i].grant.Self && r.grants[i].ended.IsZero() {
			return &r.grants[i]
		}
	}
	return nil
}

// origin finds a store among those the record came from: the last time it was there.
func (r *ring) origin(s record.StoreID) *origin {
	for i := len(r.came) - 1; i >= 0; i-- {
		if r.came[i].store == s {
			return &r.came[i]
		}
	}
	return nil
}

func (r *ring) slot(id crypto.CapsuleID) *slot {
	for i := range r.slots {
		if r.slots[i].id == id {
			return &r.slots[i]
		}
	}
	return nil
}

// reader opens the log entries of all generations.
func (r *ring) reader() *audit.Reader {
	reader := audit.NewReader(r.person)
	for n, g := range r.gens {
		var ids []record.GrantID
		for _, h := range r.grants {
			if int(h.gen) == n {
				ids = append(ids, h.grant.ID)
			}
		}
		reader.AddGeneration(g.audit, ids)
		reader.AddBox(crypto.NewBoxKey(g.box))
	}
	return reader
}

// destroy overwrites every key.
func (r *ring) destroy() {
	r.id.Destroy()
	for _, k := range r.epochs {
		k.Destroy()
	}
	for _, g := range r.gens {
		g.audit.Destroy()
		g.box.Destroy()
		g.identity.Destroy()
		g.grants.Destroy()
	}
	for _, a := range r.addresses {
		a.secret.Destroy()
	}
}
