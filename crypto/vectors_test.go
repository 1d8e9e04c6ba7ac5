package crypto

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The expected values in testdata/vectors are those of generate.py beside them,
// a second implementation that shares nothing with this one.

func readVectors(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "vectors", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(name, err)
	}
}

// hexed is bytes in hex in the vectors.
type hexed []byte

func (h *hexed) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func (h hexed) key() Key {
	k, err := KeyFrom(h)
	if err != nil {
		panic(err)
	}
	return k
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s\n got %x\nwant %x", what, got, want)
	}
}

// atLeast fails a test that went through fewer vectors than there must be.
func atLeast(t testing.TB, n, want int) {
	t.Helper()
	if n < want {
		t.Fatalf("%d vectors, want at least %d", n, want)
	}
}

func unhexFields(fields []hexed) (out [][]byte) {
	for _, f := range fields {
		out = append(out, f)
	}
	return out
}

func TestVectorsKDF(t *testing.T) {
	var file struct {
		Vectors []struct {
			Key     hexed
			Label   string
			Fields  []hexed
			Out, ID hexed
			MAC     hexed
		}
	}
	readVectors(t, "kdf", &file)
	atLeast(t, len(file.Vectors), 28)
	for _, v := range file.Vectors {
		k, l, fields := v.Key.key(), Label{v.Label}, unhexFields(v.Fields)
		same(t, v.Label, k.Derive(l, fields...).b()[:], v.Out)
		id := k.ID(l, fields...)
		same(t, v.Label, id[:], v.ID)
		if m := k.MAC(l, fields...); !m.Equal(v.MAC) || m.Equal(v.Out) || m.Equal(v.MAC[:31]) {
			t.Errorf("%s: MAC %x, want %x", v.Label, m, v.MAC)
		}
	}
}

type contextVector struct {
	Kind    string
	Fields  []hexed
	Encoded hexed
}

func (v contextVector) context(t testing.TB) Context {
	c := NewContext(ContextKind{v.Kind}, unhexFields(v.Fields)...)
	same(t, "context", c.b, v.Encoded)
	return c
}

// pattern is the plaintext of so many bytes that the vectors are about.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

type sealVector struct {
	Name      string
	Suite     Suite
	Key       hexed
	Context   contextVector
	Salt      hexed
	Size      int
	Plaintext hexed // where it is not the pattern
	Blob      []byte
	Of        string
	Pieces    []json.RawMessage
}

func readSealVectors(t testing.TB) (opens, refused []sealVector) {
	var file struct{ Opens, Refused []sealVector }
	readVectors(t, "seal", &file)
	atLeast(t, len(file.Opens), 18)
	atLeast(t, len(file.Refused), 290)
	named := map[string][]byte{}
	for _, v := range file.Opens {
		named[v.Name] = v.Blob
	}
	for i, v := range file.Refused {
		if named[v.Of] == nil {
			t.Fatalf("no vector %q", v.Of)
		}
		for _, p := range v.Pieces {
			var part [2]int
			var literal hexed
			if json.Unmarshal(p, &part) == nil {
				file.Refused[i].Blob = append(file.Refused[i].Blob, named[v.Of][part[0]:part[1]]...)
			} else if err := json.Unmarshal(p, &literal); err == nil {
				file.Refused[i].Blob = append(file.Refused[i].Blob, literal...)
			} else {
				t.Fatal(v.Name, err)
			}
		}
	}
	return file.Opens, file.Refused
}

func TestVectorsSeal(t *testing.T) {
	opens, refused := readSealVectors(t)
	for _, v := range opens {
		want := []byte(v.Plaintext)
		if want == nil {
			want = pattern(v.Size)
			if got := SealedSize(v.Size); got != len(v.Blob) {
				t.Errorf("%s: SealedSize %d, want %d", v.Name, got, len(v.Blob))
			}
			sealed := v.Key.key().sealWithSalt(v.Suite, v.Context.context(t), want, [saltSize]byte(v.Salt))
			if !bytes.Equal(sealed, v.Blob) {
				t.Errorf("%s: sealed otherwise", v.Name)
			}
		}
		if got, err := v.Key.key().Open(v.Context.context(t), v.Blob); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	for _, v := range refused {
		if got, err := v.Key.key().Open(v.Context.context(t), v.Blob); err != ErrOpen || got != nil {
			t.Errorf("%s: opened, %v", v.Name, err)
		}
	}
}

func TestVectorsToken(t *testing.T) {
	var file struct {
		Opens, Refused []struct {
			Name, Kind, Token string
			Secret            hexed
		}
	}
	readVectors(t, "token", &file)
	atLeast(t, len(file.Opens), 32)
	atLeast(t, len(file.Refused), 39)
	for _, v := range file.Opens {
		c, err := ParseToken(v.Token)
		if err != nil {
			t.Errorf("%s: %v", v.Token, err)
			continue
		}
		same(t, v.Token, c.secret.b()[:], v.Secret)
		if c.Kind() != Kind(v.Kind[0]) || c.Token() != v.Token {
			t.Errorf("%s: kind %c, written %s", v.Token, c.Kind(), c.Token())
		}
	}
	for _, v := range file.Refused {
		if c, err := ParseToken(v.Token); err != ErrToken || !c.IsZero() {
			t.Errorf("%s: %q accepted", v.Name, v.Token)
		}
	}
}

func TestVectorsCapsule(t *testing.T) {
	type vector struct {
		Name, Kind      string
		Secret, ID, KEK hexed
		ExpiryHour      uint32 `json:"expiry_hour"`
		Suite           Suite
		Salt            hexed
		Payload, Blob   hexed
	}
	var file struct{ Opens, Refused []vector }
	readVectors(t, "capsule", &file)
	atLeast(t, len(file.Opens), 11)
	atLeast(t, len(file.Refused), 143)
	keyOf := func(v vector) (Credential, CapsuleKey) {
		c := Credential{kind: Kind(v.Kind[0]), secret: v.Secret.key()}
		return c, c.CapsuleKey()
	}
	for _, v := range file.Opens {
		c, k := keyOf(v)
		slotVector{v.Secret, v.ID, v.KEK}.check(t, v.Kind, c, Kind(v.Kind[0]))
		same(t, "blob", k.KEK.sealWithSalt(v.Suite, k.context(v.ExpiryHour), v.Payload, [saltSize]byte(v.Salt)), v.Blob)
		got, err := k.Open(v.ExpiryHour, v.Blob)
		if err != nil {
			t.Error(v.Kind, err)
		}
		same(t, "payload", got, v.Payload)
	}
	for _, v := range file.Refused {
		_, k := keyOf(v)
		if _, err := k.Open(v.ExpiryHour, v.Blob); err != ErrOpen {
			t.Errorf("%s: opened", v.Name)
		}
	}
}

func TestVectorsBox(t *testing.T) {
	type vector struct {
		Name              string
		Seed, Public, Box hexed
		Context           contextVector
		Size              int
	}
	var file struct {
		Opens, Refused []vector
		PublicKeys     []vector `json:"public_keys"`
		LowOrder       []vector `json:"low_order"`
	}
	readVectors(t, "box", &file)
	atLeast(t, len(file.Opens), 4)
	atLeast(t, len(file.Refused), 24)
	atLeast(t, len(file.PublicKeys), 7)
	atLeast(t, len(file.LowOrder), 4)
	for _, v := range file.Opens {
		k := NewBoxKey(v.Seed.key())
		same(t, "public key", k.Public().Bytes(), v.Public)
		got, err := k.Open(v.Context.context(t), v.Box)
		if err != nil {
			t.Error(err)
		}
		same(t, "plaintext", got, pattern(v.Size))
		p, err := ParseBoxPublicKey(v.Public)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "public key, read", p.Bytes(), v.Public)
		box, err := p.Seal(v.Context.context(t), pattern(v.Size))
		if err != nil {
			t.Fatal(err)
		}
		if got, err = k.Open(v.Context.context(t), box); err != nil {
			t.Error(err)
		}
		same(t, "plaintext of our own box", got, pattern(v.Size))
	}
	for _, v := range file.Refused {
		if got, err := NewBoxKey(v.Seed.key()).Open(v.Context.context(t), v.Box); err != ErrOpen || got != nil {
			t.Errorf("%s: opened, %v", v.Name, err)
		}
	}
	for _, v := range file.PublicKeys {
		if _, err := ParseBoxPublicKey(v.Public); err == nil {
			t.Errorf("%s accepted", v.Name)
		}
	}
	for _, v := range file.LowOrder {
		p, err := ParseBoxPublicKey(v.Public)
		if err != nil {
			continue // better still
		}
		if box, err := p.Seal(Context{}, []byte("x")); err == nil || box != nil {
			t.Errorf("%s: sealed to a key that anybody can open", v.Name)
		}
	}
}

func TestVectorsSign(t *testing.T) {
	type vector struct {
		Name                             string
		Seed, Public, Message, Signature hexed
		Purpose                          Purpose
		Person                           hexed
	}
	var file struct {
		Opens, Refused []vector
		PublicKeys     []vector `json:"public_keys"`
	}
	readVectors(t, "sign", &file)
	atLeast(t, len(file.Opens), 9)
	atLeast(t, len(file.Refused), 182)
	atLeast(t, len(file.PublicKeys), 56)
	for _, v := range file.Opens {
		k := NewSigningKey(v.Seed.key())
		p := k.Public()
		same(t, "public key", p[:], v.Public)
		same(t, "signature", k.Sign(v.Purpose, v.Message), v.Signature)
		if err := p.Verify(v.Purpose, v.Message, v.Signature); err != nil {
			t.Error(err)
		}
		if q, err := ParsePublicKey(v.Public); err != nil || q != p {
			t.Error("public key, read:", err)
		}
		person := PersonOf(p)
		same(t, "person", person[:], v.Person)
	}
	for _, v := range file.Refused {
		if err := PublicKey(v.Public).Verify(v.Purpose, v.Message, v.Signature); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: holds", v.Name)
		}
	}
	for _, v := range file.PublicKeys {
		if _, err := ParsePublicKey(v.Public); err == nil {
			t.Errorf("%s accepted", v.Name)
		}
	}
}

func TestVectorsPad(t *testing.T) {
	var file struct {
		Sizes          []struct{ Size, Padded int }
		Opens, Refused []struct {
			Name            string
			Message, Padded hexed
		}
	}
	readVectors(t, "pad", &file)
	atLeast(t, len(file.Sizes), 29)
	atLeast(t, len(file.Refused), 14)
	for _, v := range file.Sizes {
		if got := PaddedSize(v.Size); got != v.Padded {
			t.Errorf("%d padded to %d, want %d", v.Size, got, v.Padded)
		}
	}
	for _, v := range file.Opens {
		same(t, "padded", Pad(v.Message), v.Padded)
		got, err := Unpad(v.Padded)
		if err != nil {
			t.Error(err)
		}
		same(t, "message", got, v.Message)
	}
	for _, v := range file.Refused {
		if _, err := Unpad(v.Padded); err != ErrOpen {
			t.Errorf("%s accepted", v.Name)
		}
	}
}

func TestVectorsTagger(t *testing.T) {
	var file struct {
		Vectors []struct {
			Key           hexed
			Label         string
			Name          hexed
			Number        string
			Tag           hexed
			Value, Masked uint32
		}
	}
	readVectors(t, "tagger", &file)
	atLeast(t, len(file.Vectors), 18)
	for _, v := range file.Vectors {
		number, err := strconv.ParseUint(v.Number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		tagger, name := v.Key.key().Tagger(Label{v.Label}), [16]byte(v.Name)
		tag := tagger.Tag(name, number)
		same(t, v.Label, tag[:], v.Tag)
		if got := tagger.Mask(name, number, v.Value); got != v.Masked || tagger.Mask(name, number, got) != v.Value {
			t.Errorf("%s: masked %d, want %d", v.Label, got, v.Masked)
		}
	}
}
