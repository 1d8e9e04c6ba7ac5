package wycheprooftest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"golang.org/x/crypto/chacha20poly1305"
)

type hexed []byte

func (h *hexed) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type group struct {
	KeySize, IVSize, TagSize int
	PublicKey                struct{ PK hexed }
	Tests                    []struct {
		TCID                    int
		Comment, Result         string
		Flags                   []string
		Key, IV, AAD, Msg, Ct   hexed
		Tag, IKM, Salt, Info    hexed
		OKM, Sig                hexed
		Size                    int
		Public, Private, Shared hexed
		Seed, EK, C             hexed
		K                       hexed
	}
}

// each runs the tests of a file; check reports whether what the test holds is
// accepted, with the right outcome.
func each(t *testing.T, file string, atLeast int, wanted func(g group) bool, check func(g group, i int) bool) {
	b, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ TestGroups []group }
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, g := range all.TestGroups {
		if !wanted(g) {
			continue
		}
		for i, v := range g.Tests {
			ran++
			if got := check(g, i); v.Result != "acceptable" && got != (v.Result == "valid") {
				t.Errorf("%s %d, %s %v: %s, but accepted is %v", file, v.TCID, v.Comment, v.Flags, v.Result, got)
			}
		}
	}
	t.Log(file, ran)
	if ran < atLeast {
		t.Errorf("%s: %d tests, want at least %d", file, ran, atLeast)
	}
}

func every(group) bool { return true }

func TestAEADs(t *testing.T) {
	sizes := func(g group) bool { return g.KeySize == 256 && g.IVSize == 96 && g.TagSize == 128 }
	run := func(newAEAD func(key []byte) (cipher.AEAD, error)) func(g group, i int) bool {
		return func(g group, i int) bool {
			v := g.Tests[i]
			aead, err := newAEAD(v.Key)
			if err != nil {
				return false
			}
			sealed := append(bytes.Clone(v.Ct), v.Tag...)
			got, err := aead.Open(nil, v.IV, sealed, v.AAD)
			return err == nil && bytes.Equal(got, v.Msg) && bytes.Equal(aead.Seal(nil, v.IV, v.Msg, v.AAD), sealed)
		}
	}
	each(t, "aes_gcm_test.json", 60, sizes, run(func(key []byte) (cipher.AEAD, error) {
		b, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(b)
	}))
	each(t, "chacha20_poly1305_test.json", 250, sizes, run(chacha20poly1305.New))
}

func TestHKDF(t *testing.T) {
	each(t, "hkdf_sha512_test.json", 80, every, func(g group, i int) bool {
		v := g.Tests[i]
		prk, err := hkdf.Extract(sha512.New, v.IKM, v.Salt)
		if err != nil {
			return false
		}
		okm, err := hkdf.Expand(sha512.New, prk, string(v.Info), v.Size)
		return err == nil && bytes.Equal(okm, v.OKM)
	})
}

func TestEd25519(t *testing.T) {
	each(t, "ed25519_test.json", 140, every, func(g group, i int) bool {
		v := g.Tests[i]
		return len(g.PublicKey.PK) == ed25519.PublicKeySize && ed25519.Verify(ed25519.PublicKey(g.PublicKey.PK), v.Msg, v.Sig)
	})
}

func TestX25519(t *testing.T) {
	each(t, "x25519_test.json", 500, every, func(g group, i int) bool {
		v := g.Tests[i]
		private, err := ecdh.X25519().NewPrivateKey(v.Private)
		if err != nil {
			return false
		}
		public, err := ecdh.X25519().NewPublicKey(v.Public)
		if err != nil {
			return false
		}
		shared, err := private.ECDH(public)
		return err == nil && bytes.Equal(shared, v.Shared)
	})
}

func TestMLKEM(t *testing.T) {
	each(t, "mlkem_768_test.json", 190, every, func(g group, i int) bool {
		v := g.Tests[i]
		k, err := mlkem.NewDecapsulationKey768(v.Seed)
		if err != nil {
			return false
		}
		if len(v.EK) > 0 && !bytes.Equal(k.EncapsulationKey().Bytes(), v.EK) {
			return false
		}
		shared, err := k.Decapsulate(v.C)
		return err == nil && bytes.Equal(shared, v.K)
	})
	each(t, "mlkem_768_encaps_test.json", 250, every, func(g group, i int) bool {
		v := g.Tests[i]
		_, err := mlkem.NewEncapsulationKey768(v.EK) // refuses coefficients of q and above
		return err == nil
	})
}
