package storetest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	at "carehold/record/rows"
)

// Thief has a copy of all rows and node.key, and tries what is in them on what is in them.
type Thief struct {
	T    testing.TB
	Node crypto.Key

	// Boxes: every so many of the keys is tried as the seed of a box too, which takes long.
	Boxes int

	Step string // after which the copy was made
	Rows map[kv.Partition]map[string][]byte

	keys   []candidate // everything there ever was in a copy that could be a key
	known  map[string]bool
	fresh  int             // the first of them that is new in this copy
	seen   map[string]bool // what was tried with those before it
	heard  [][]byte        // keys, perhaps
	tokens []string
	Tries  int // of things that did not open
}

type candidate struct {
	key crypto.Key
	box *crypto.BoxKey // with the key as its seed; of some
}

// against are the candidates for something: those that it has not met.
func (x *Thief) against(sealed []byte) []candidate {
	if x.seen[string(sealed)] {
		return x.keys[x.fresh:]
	}
	return x.keys
}

// Capsules are those in the copy.
func (x *Thief) Capsules() (list []record.Capsule) {
	for part, all := range x.Rows {
		if c, ok := at.ParseCapsule(part, all["c"]); ok {
			list = append(list, c.Capsule)
		}
	}
	return list
}

// Hear takes what a text may give away, such as a log: runs of letters that are 32 bytes in
// base64url, base64 or hexadecimal, or stand for themselves, and the secrets of tokens.
func (x *Thief) Hear(text string) {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' || r == '_' || r == '+' || r == '/')
	})
	for _, word := range words {
		for i := 0; i+32 <= len(word); i++ {
			x.heard = append(x.heard, []byte(word[i:i+32]))
			if i+43 <= len(word) {
				for _, code := range []*base64.Encoding{base64.RawURLEncoding, base64.RawStdEncoding} {
					if b, err := code.DecodeString(word[i : i+43]); err == nil {
						x.heard = append(x.heard, b)
					}
				}
			}
			if i+64 <= len(word) {
				if b, err := hex.DecodeString(word[i : i+64]); err == nil {
					x.heard = append(x.heard, b)
				}
			}
		}
	}
	x.tokens = append(x.tokens, tokens.FindAllString(text, -1)...)
}

var tokens = regexp.MustCompile(crypto.TokenPattern)

// gather takes each 32 bytes at the places where a row has something of that length, and
// what node.key gives.
func (x *Thief) gather() {
	keep := func(k crypto.Key, n int) {
		c := candidate{key: k}
		if n%max(x.Boxes, 1) == 0 {
			b := crypto.NewBoxKey(k)
			c.box = &b
		}
		x.keys = append(x.keys, c)
	}
	add := func(b []byte) {
		if k, err := crypto.KeyFrom(b); err == nil && !x.known[string(b)] {
			x.known[string(b)] = true
			keep(k, len(x.keys))
		}
	}
	x.fresh = len(x.keys)
	if x.fresh == 0 {
		x.known, x.seen = map[string]bool{}, map[string]bool{}
		keep(x.Node, 0)
		for _, l := range []crypto.Label{crypto.LabelBelongs, crypto.LabelIDToken, crypto.LabelMark, crypto.LabelHead, crypto.LabelCheckpoint} {
			keep(x.Node.Derive(l), 0)
		}
		for _, kind := range crypto.TokenKinds {
			keep(x.Node.Derive(crypto.LabelCapsuleKEK, []byte{byte(kind)}), 0)
		}
	}
	for _, b := range x.heard {
		add(b)
	}
	x.heard = nil
	for part, all := range x.Rows {
		add(append(part[:], part[:]...))
		for key, row := range all {
			plain := bytes.IndexByte([]byte("havocmi"), key[0]) >= 0 && !testing.Short() // not sealed from the start
			for i := 0; i+32 <= len(row) && i < 2000; i++ {
				if i < 110 && plain || i%32 == 0 {
					add(row[i : i+32])
				}
			}
			if len(key) >= 33 {
				add([]byte(key[len(key)-32:]))
			}
		}
	}
}

// BreakIn tries all of it on every capsule, answer, question and grant, on what waits in an
// inbox, and on some entries.
func (x *Thief) BreakIn() {
	x.gather()
	opened := func(what string, err error) {
		x.Tries++
		if err == nil {
			x.T.Errorf("%s: %s opens with what lies beside it", x.Step, what)
		}
	}
	for _, token := range x.tokens {
		if c, err := crypto.ParseToken(token); err == nil {
			for _, sealed := range x.Capsules() {
				key := c.CapsuleKey()
				key.ID = sealed.ID
				_, err := key.Open(sealed.Hour, sealed.Blob)
				opened("a capsule", err)
				if c.Kind() == crypto.Request {
					_, err := keys.OpenAnswer(c, sealed)
					opened("an answer", err)
				}
			}
		}
	}
	for _, c := range x.Capsules() {
		for _, k := range x.against(c.Blob) {
			for _, kind := range []crypto.Kind{crypto.Access, crypto.Refresh, crypto.Code, crypto.Request, crypto.Address} {
				_, err := crypto.CapsuleKey{Kind: kind, ID: c.ID, KEK: k.key}.Open(c.Hour, c.Blob)
				opened("a capsule", err)
			}
			if k.box != nil {
				_, err := k.box.Open(crypto.NewContext(crypto.ContextAnswer, c.ID[:], crypto.U32(c.Hour)), c.Blob)
				opened("an answer", err)
			}
		}
		x.seen[string(c.Blob)] = true
	}
	for part, all := range x.Rows {
		entries := 0
		for key, row := range all {
			var try func(k candidate) error
			what, person := "a grant", record.PersonID(part)
			switch {
			case key[0] == at.KindGrant:
				try = func(k candidate) error {
					_, err := keys.OpenGrantRow(person, record.GrantID([]byte(key[1:])), k.key, row)
					return err
				}
			case key[0] == at.KindAsk:
				what, try = "a question", boxed(func(box crypto.BoxKey) error {
					_, err := keys.OpenAsked(person, box, crypto.CapsuleID([]byte(key[1:])), row[4:])
					return err
				})
			case key[0] == at.KindInbox:
				id := [16]byte([]byte(key[1:]))
				w, _ := at.ParseWaiting(id, row)
				what, try = "what waits in the inbox", boxed(func(box crypto.BoxKey) error {
					_, err := keys.OpenContribution(person, box, id, w.Box)
					return err
				})
			case key[0] == at.KindEntry && entries < 20 && len(row) > 32+12:
				entries++
				what, try = "an entry", func(k candidate) error { return recognises(k.key, key, row) }
			default:
				continue
			}
			for _, k := range x.against(row) {
				if err := try(k); err != errNoBox {
					opened(what, err)
				}
			}
			x.seen[string(row)] = true
		}
	}
}

var (
	errNoBox   = errors.New("it is not tried on what is in a box")
	errNotKeys = errors.New("it is not of this key")
)

// boxed is for what a box key opens.
func boxed(open func(crypto.BoxKey) error) func(candidate) error {
	return func(k candidate) error {
		if k.box == nil {
			return errNoBox
		}
		return open(*k.box)
	}
}

// recognises reports whether a key is that of the section that an entry is in: who has it
// opens the entry. The tag beside an entry tells with less work than opening.
func recognises(k crypto.Key, key string, row []byte) error {
	first := row[32:] // behind the hash of the version before
	id, stamp := [16]byte([]byte(key[1:17])), ^binary.BigEndian.Uint64([]byte(key[17:25]))
	if k.Tagger(crypto.LabelTag).Tag(id, stamp) == crypto.Tag(first[4:12]) {
		return nil
	}
	return errNotKeys
}
