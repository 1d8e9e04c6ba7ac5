package keys

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// A SMART Health Link is a credential of kind l: the secret in its URL. Its capsule
// has an outer half, which the URL opens, and an inner one, which needs the passcode
// too where there is one. So a wrong passcode opens nothing, and can be logged and
// counted all the same. docs/format.md, "Capsules".

// LinkCapsule is the outer half.
type LinkCapsule struct {
	Person record.PersonID
	Grant  record.GrantID
	Audit  crypto.Key // AK_g: what becomes of the link is logged under its grant
	Flags  LinkFlags
	Tries  uint32   // how often a wrong passcode may be tried, in all
	Salt   [16]byte // of the passcode
	Until  time.Time
	inner  []byte
}

// LinkFlags say what a link does.
type LinkFlags uint64

const (
	LinkPasscode LinkFlags = 1 << iota // it asks for a passcode
	LinkDirect                         // one file, by GET: the U flag
	LinkSummary                        // a summary is made of the record as it is when the link is opened
)

// LinkSecrets are the inner half.
type LinkSecrets struct {
	Key   crypto.Key // of the link's files: the key in the link itself
	Grant crypto.Key // GK_g, only where a summary is made; else zero
	Outer crypto.Key // seals the files once more, only where there is a passcode; else zero
}

// Destroy overwrites the keys.
func (s LinkSecrets) Destroy() {
	s.Key.Destroy()
	s.Grant.Destroy()
	s.Outer.Destroy()
}

// SealLink makes the capsule of a link. passcode is zero for one without.
func SealLink(c crypto.Credential, l LinkCapsule, s LinkSecrets, passcode crypto.Secret) record.Capsule {
	var w wire.Builder
	w.Bytes(1, s.Key.Bytes())
	if !s.Grant.IsZero() {
		w.Bytes(2, s.Grant.Bytes())
	}
	if !s.Outer.IsZero() {
		w.Bytes(3, s.Outer.Bytes())
	}
	secrets := w.Finish()
	defer clear(secrets)
	inner := c.LinkKey(passcode, l.Salt)
	defer inner.Destroy()
	id := c.CapsuleID()
	w = wire.Builder{}
	w.Bytes(1, l.Person[:])
	w.Bytes(2, l.Grant[:])
	w.Bytes(4, l.Audit.Bytes())
	w.Time(5, l.Until)
	w.Uint(6, uint64(l.Flags))
	w.Uint(7, uint64(l.Tries))
	w.Bytes(8, l.Salt[:])
	w.Bytes(9, inner.Seal(crypto.NewContext(crypto.ContextLink, id[:]), secrets))
	key := c.CapsuleKey()
	defer key.KEK.Destroy()
	return sealCapsule(key, l.Until, w.Finish())
}

// OpenLink opens the outer half of a link's capsule.
func OpenLink(c crypto.CapsuleKey, cap record.Capsule) (l LinkCapsule, err error) {
	d, done, err := openCapsule(c, cap)
	if err != nil {
		return l, err
	}
	defer done()
	d.Fixed(1, l.Person[:])
	d.Fixed(2, l.Grant[:])
	ak := d.Bytes(4)
	l.Until = d.Time(5)
	l.Flags, l.Tries = LinkFlags(d.Uint(6)), d.Uint32(7)
	d.Fixed(8, l.Salt[:])
	l.inner = append([]byte(nil), d.Bytes(9)...)
	if l.Audit, err = crypto.KeyFrom(ak); err != nil {
		d.Fail("audit key")
	}
	if err = d.Finish(); err != nil {
		l.Audit.Destroy()
		return LinkCapsule{}, err
	}
	return l, nil
}

// Open opens the inner half; crypto.ErrOpen for a passcode that is not the link's.
func (l LinkCapsule) Open(c crypto.Credential, passcode crypto.Secret) (s LinkSecrets, err error) {
	if l.Flags&LinkPasscode == 0 {
		passcode = crypto.Secret{}
	} else if passcode.IsZero() {
		return s, crypto.ErrOpen
	}
	inner := c.LinkKey(passcode, l.Salt)
	defer inner.Destroy()
	id := c.CapsuleID()
	b, err := inner.Open(crypto.NewContext(crypto.ContextLink, id[:]), l.inner)
	if err != nil {
		return s, err
	}
	defer clear(b)
	d := wire.Decode("link", b)
	if s.Key, err = crypto.KeyFrom(d.Bytes(1)); err != nil {
		d.Fail("key")
	}
	if gk := d.Optional(2); gk != nil {
		if s.Grant, err = crypto.KeyFrom(gk); err != nil {
			d.Fail("grant key")
		}
	}
	if outer := d.Optional(3); outer != nil {
		if s.Outer, err = crypto.KeyFrom(outer); err != nil {
			d.Fail("key of the files")
		}
	}
	if (l.Flags&LinkSummary != 0) != !s.Grant.IsZero() {
		d.Fail("grant key")
	}
	if err := d.Finish(); err != nil {
		s.Destroy()
		return LinkSecrets{}, crypto.ErrOpen
	}
	return s, nil
}

// The files of a link with a passcode are sealed twice. What is in the link opens the
// inner seal, which is the standard's; without the outer one, whoever has the link and
// a copy of the disk would need no passcode for them.

// SealLinkFile puts the outer seal around file n.
func SealLinkFile(outer crypto.Key, link crypto.CapsuleID, n int, jwe []byte) []byte {
	return outer.Seal(crypto.NewContext(crypto.ContextFile, link[:], crypto.U32(uint32(n))), jwe)
}

// OpenLinkFile takes it off.
func OpenLinkFile(outer crypto.Key, link crypto.CapsuleID, n int, sealed []byte) ([]byte, error) {
	return outer.Open(crypto.NewContext(crypto.ContextFile, link[:], crypto.U32(uint32(n))), sealed)
}

// LinkFile is one file of a link, as the list of them says it.
type LinkFile struct {
	ContentType string
	Size        int64 // bytes of the JWE
	Made        time.Time
}

// maxFiles is how many a list has.
const maxFiles = 16

// MarshalFiles writes the list, which is file 0 of a link.
func MarshalFiles(list []LinkFile) []byte {
	var w wire.Builder
	for _, f := range list {
		var x wire.Builder
		x.String(1, f.ContentType)
		x.Uint(2, uint64(f.Size))
		x.Time(3, f.Made)
		w.Bytes(1, x.Finish())
	}
	return w.Finish()
}

// ParseFiles reads it.
func ParseFiles(b []byte) (list []LinkFile, err error) {
	d := wire.Decode("files of a link", b)
	for _, v := range d.List(1) {
		x := wire.Decode("file of a link", v)
		f := LinkFile{x.String(1), int64(x.Uint(2)), x.Time(3)}
		if err := x.Finish(); err != nil || f.Size < 0 || len(list) == maxFiles {
			d.Fail("file")
			break
		}
		list = append(list, f)
	}
	return list, d.Finish()
}
