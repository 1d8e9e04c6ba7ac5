//go:build !js

package crypto

import "crypto/hpke"

// The agreement by crypto/hpke.

type (
	boxPrivate struct{ key hpke.PrivateKey }
	boxPublic  struct{ key hpke.PublicKey }
)

func newBoxPrivate(seed []byte) (*boxPrivate, error) {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	return &boxPrivate{key}, err
}

func newBoxPublic(b []byte) (*boxPublic, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(b)
	return &boxPublic{key}, err
}

func (k *boxPrivate) public() *boxPublic { return &boxPublic{k.key.PublicKey()} }

func (p *boxPublic) bytes() []byte { return p.key.Bytes() }

func (p *boxPublic) agree() (enc, secret []byte, err error) {
	enc, sender, err := hpke.NewSender(p.key, hpke.HKDFSHA512(), hpke.ExportOnly(), []byte(boxInfo))
	if err != nil {
		return nil, nil, err
	}
	secret, err = sender.Export(boxInfo, KeySize)
	return enc, secret, err
}

func (k *boxPrivate) agreed(enc []byte) ([]byte, error) {
	recipient, err := hpke.NewRecipient(enc, k.key, hpke.HKDFSHA512(), hpke.ExportOnly(), []byte(boxInfo))
	if err != nil {
		return nil, err
	}
	return recipient.Export(boxInfo, KeySize)
}
