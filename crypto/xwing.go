package crypto

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/binary"
	"errors"
)

// X-Wing (draft-connolly-cfrg-xwing-kem) on the standard library's ML-KEM-768 and
// X25519, and HPKE's key schedule (RFC 9180 §5.1, base mode) as far as an
// export-only context needs it.

// xwingLabel is the draft's: an X-Wing fighter, seen from the front.
const xwingLabel = `\./` + `/^\`

// xwingSuite is "HPKE" || KEM X-Wing || KDF HKDF-SHA-512 || AEAD export-only.
const xwingSuite = "HPKE" + "\x64\x7a" + "\x00\x03" + "\xff\xff"

type xwingPrivate struct {
	m *mlkem.DecapsulationKey768
	x *ecdh.PrivateKey
}

type xwingPublic struct {
	m *mlkem.EncapsulationKey768
	x *ecdh.PublicKey
}

func newXWingPrivate(seed []byte) (*xwingPrivate, error) {
	if len(seed) != KeySize {
		return nil, errors.New("a seed has 32 bytes")
	}
	var both [mlkem.SeedSize + 32]byte
	defer clear(both[:])
	s := sha3.NewSHAKE256()
	s.Write(seed)
	s.Read(both[:])
	m, err := mlkem.NewDecapsulationKey768(both[:mlkem.SeedSize])
	if err != nil {
		return nil, err
	}
	x, err := ecdh.X25519().NewPrivateKey(both[mlkem.SeedSize:])
	return &xwingPrivate{m, x}, err
}

func newXWingPublic(b []byte) (*xwingPublic, error) {
	if len(b) != BoxPublicKeySize {
		return nil, errBoxKey
	}
	m, err := mlkem.NewEncapsulationKey768(b[:mlkem.EncapsulationKeySize768])
	if err != nil {
		return nil, err
	}
	x, err := ecdh.X25519().NewPublicKey(b[mlkem.EncapsulationKeySize768:])
	return &xwingPublic{m, x}, err
}

func (k *xwingPrivate) public() *xwingPublic {
	return &xwingPublic{k.m.EncapsulationKey(), k.x.PublicKey()}
}

func (p *xwingPublic) bytes() []byte { return append(p.m.Bytes(), p.x.Bytes()...) }

// agree makes a secret and what lets the private key make the same.
func (p *xwingPublic) agree() (enc, secret []byte, err error) {
	once, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	fromX, err := once.ECDH(p.x) // refuses points of low order
	if err != nil {
		return nil, nil, err
	}
	fromM, encM := p.m.Encapsulate()
	encX := once.PublicKey().Bytes()
	return append(encM, encX...), export(combine(fromM, fromX, encX, p.x.Bytes())), nil
}

func (k *xwingPrivate) agreed(enc []byte) ([]byte, error) {
	if len(enc) != boxEncapSize {
		return nil, errBoxKey
	}
	encM, encX := enc[:mlkem.CiphertextSize768], enc[mlkem.CiphertextSize768:]
	fromM, err := k.m.Decapsulate(encM)
	if err != nil {
		return nil, err
	}
	theirs, err := ecdh.X25519().NewPublicKey(encX)
	if err != nil {
		return nil, err
	}
	fromX, err := k.x.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	return export(combine(fromM, fromX, encX, k.x.PublicKey().Bytes())), nil
}

// combine is X-Wing's combiner.
func combine(fromM, fromX, encX, publicX []byte) []byte {
	h := sha3.New256()
	for _, part := range [][]byte{fromM, fromX, encX, publicX, []byte(xwingLabel)} {
		h.Write(part)
	}
	return h.Sum(nil)
}

// export is HPKE's key schedule and exporter, for boxInfo both times.
func export(shared []byte) []byte {
	context := append([]byte{0}, labeledExtract(nil, "psk_id_hash", nil)...)
	context = append(context, labeledExtract(nil, "info_hash", []byte(boxInfo))...)
	secret := labeledExtract(shared, "secret", nil) // the shared secret is the salt, an empty psk the input
	exporter := labeledExpand(secret, "exp", context, sha512.Size)
	return labeledExpand(exporter, "sec", []byte(boxInfo), KeySize)
}

// labeledExtract and labeledExpand are RFC 9180 §4.
func labeledExtract(salt []byte, label string, input []byte) []byte {
	out, err := hkdf.Extract(sha512.New, append([]byte("HPKE-v1"+xwingSuite+label), input...), salt)
	if err != nil {
		panic("crypto: extracting: " + err.Error())
	}
	return out
}

func labeledExpand(key []byte, label string, info []byte, length int) []byte {
	text := binary.BigEndian.AppendUint16(nil, uint16(length))
	text = append(text, "HPKE-v1"+xwingSuite+label...)
	out, err := hkdf.Expand(sha512.New, key, string(append(text, info...)), length)
	if err != nil {
		panic("crypto: expanding: " + err.Error())
	}
	return out
}
