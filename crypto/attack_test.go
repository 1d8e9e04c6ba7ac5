package crypto

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"testing"
)

// somewhere is a context like that of an entry.
func somewhere() Context {
	return NewContext(ContextEntry, make([]byte, 16), []byte("allergies"), U32(3))
}

func mustRefuse(t *testing.T, k Key, c Context, blob []byte, what string, args ...any) {
	t.Helper()
	if got, err := k.Open(c, blob); err != ErrOpen || got != nil {
		t.Fatalf("opened: "+what, args...)
	}
}

// TestEveryBitFlip: no single bit of a blob can change.
func TestEveryBitFlip(t *testing.T) {
	for name, suite := range suites {
		for _, size := range []int{0, 1, 31, 512} {
			k, c := NewKey(), somewhere()
			blob := k.SealSuite(suite, c, pattern(size))
			for bit := range 8 * len(blob) {
				blob[bit/8] ^= 1 << (bit % 8)
				mustRefuse(t, k, c, blob, "%s, %d bytes, bit %d", name, size, bit)
				blob[bit/8] ^= 1 << (bit % 8)
			}
			if _, err := k.Open(c, blob); err != nil {
				t.Fatal("the test itself spoiled the blob")
			}
		}
		// In a blob of three chunks every byte of a stride, and all round the seams.
		k, c := NewKey(), somewhere()
		blob := k.SealSuite(suite, c, pattern(40000))
		for i := range blob {
			seam := (i - headerSize) % (chunkSize + tagSize)
			if i > headerSize && seam > 20 && seam < chunkSize && i%199 != 0 && i < len(blob)-tagSize-4 {
				continue
			}
			blob[i] ^= 0x10
			mustRefuse(t, k, c, blob, "%s, byte %d", name, i)
			blob[i] ^= 0x10
		}
	}
}

// TestEveryTruncation: no blob is the beginning or the end of another.
func TestEveryTruncation(t *testing.T) {
	for name, suite := range suites {
		k, c := NewKey(), somewhere()
		for _, size := range []int{0, 1, 512} {
			blob := k.SealSuite(suite, c, pattern(size))
			for n := range blob {
				mustRefuse(t, k, c, blob[:n], "%s: %d of %d bytes", name, n, len(blob))
				mustRefuse(t, k, c, blob[len(blob)-n:], "%s: the last %d of %d bytes", name, n, len(blob))
			}
			for n := range 100 {
				mustRefuse(t, k, c, append(bytes.Clone(blob), make([]byte, n+1)...), "%s: %d bytes more", name, n+1)
			}
		}
		blob := k.SealSuite(suite, c, pattern(2*chunkSize))
		for n := 0; n < len(blob); n += 61 {
			mustRefuse(t, k, c, blob[:n], "%s: %d of %d bytes", name, n, len(blob))
		}
		for i := range 3 { // at the end of a chunk, exactly
			if n := headerSize + i*(chunkSize+tagSize); n < len(blob) {
				mustRefuse(t, k, c, blob[:n], "%s: cut after %d chunks", name, i)
			}
		}
	}
}

// TestChunksStay: every way of choosing up to four of a blob's three chunks,
// with repetition, but the one that was sealed.
func TestChunksStay(t *testing.T) {
	for name, suite := range suites {
		k, c := NewKey(), somewhere()
		blob := k.SealSuite(suite, c, pattern(2*chunkSize+100))
		other := k.SealSuite(suite, c, pattern(2*chunkSize+100)) // the same, under another salt
		header, body := blob[:headerSize], blob[headerSize:]
		const w = chunkSize + tagSize
		chunks := [][]byte{body[:w], body[w : 2*w], body[2*w:], other[headerSize : headerSize+w]}
		var try func(taken []int, made []byte)
		try = func(taken []int, made []byte) {
			if len(taken) == 3 && taken[0] == 0 && taken[1] == 1 && taken[2] == 2 {
				if _, err := k.Open(c, made); err != nil {
					t.Fatal("the test puts chunks together wrongly")
				}
			} else {
				mustRefuse(t, k, c, made, "%s: chunks %v", name, taken)
			}
			if len(taken) < 4 {
				for i, chunk := range chunks {
					try(append(taken[:len(taken):len(taken)], i), append(made[:len(made):len(made)], chunk...))
				}
			}
		}
		try(nil, header)
	}
}

// TestContextsApart: what is sealed in one place opens in no other.
func TestContextsApart(t *testing.T) {
	k := NewKey()
	a, b := []byte("aa"), []byte("b")
	var places []Context
	for _, kind := range append(ContextKinds(), "") {
		for _, fields := range [][][]byte{nil, {nil}, {nil, nil}, {a}, {b}, {a, b}, {b, a}, {append(a, b...)},
			{[]byte("a"), []byte("ab")}, {a, b, nil}, {nil, a, b}, {lpOf(a)}, {lpOf(a, b)}} {
			places = append(places, NewContext(ContextKind{kind}, fields...))
		}
	}
	places = append(places, Context{})
	for i, from := range places {
		blob := k.Seal(from, []byte("here"))
		for j, to := range places {
			if _, err := k.Open(to, blob); (err == nil) != (i == j) {
				t.Fatalf("sealed in place %d, opened in %d: %v", i, j, err)
			}
		}
	}
}

func lpOf(fields ...[]byte) (b []byte) {
	for _, f := range fields {
		b = appendLP(b, f)
	}
	return b
}

// TestKeyCommitment shows what the commitment is for: the body of these vectors
// decrypts under two keys, as AES-GCM lets it, and the blob under one only.
func TestKeyCommitment(t *testing.T) {
	opens, refused := readSealVectors(t)
	seen := 0
	for _, v := range opens {
		if !strings.HasPrefix(v.Name, "made for") {
			continue
		}
		for _, r := range refused {
			if r.Name != v.Name+": opened with the other" {
				continue
			}
			seen++
			for _, who := range []sealVector{v, r} {
				s, err := who.Key.key().schedule(AES256GCM, AES256GCM.info(v.Blob[1:1+saltSize], who.Context.context(t)))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.aead.Open(nil, s.nonce.next(), v.Blob[headerSize:], nil); err != nil {
					t.Fatalf("%s: the cipher alone should accept it", v.Name)
				}
			}
			if _, err := v.Key.key().Open(v.Context.context(t), v.Blob); err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
			mustRefuse(t, r.Key.key(), r.Context.context(t), v.Blob, "%s", r.Name)
		}
	}
	atLeast(t, seen, 4)
}

// TestSealIsNeverTheSame: a salt is drawn for each blob.
func TestSealIsNeverTheSame(t *testing.T) {
	k, seen := NewKey(), map[string]bool{}
	for range 1000 {
		blob := k.Seal(somewhere(), []byte("same"))
		seen[string(blob[1:1+saltSize])] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d salts in 1000 blobs", len(seen))
	}
}

// TestNonces: distinct for each chunk, and right where the number carries over
// from the low half of the nonce.
func TestNonces(t *testing.T) {
	base := []byte{0, 1, 2, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	n := chunkNonce{base: base}
	seen := map[string]bool{}
	for range 1 << 16 {
		seen[string(n.next())] = true
	}
	if len(seen) != 1<<16 {
		t.Errorf("%d nonces", len(seen))
	}
	n.number = 0x0102030405060708
	same(t, "nonce", n.next(), []byte{0, 1, 2, 3, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7})
	same(t, "base", base[4:], bytes.Repeat([]byte{0xff}, 8))
}

// TestKindsApart: a capsule of one kind opens as no other kind, with the same
// secret, and has another name.
func TestKindsApart(t *testing.T) {
	secret := NewKey()
	kinds := []byte(TokenKinds + "PKR")
	ids := map[CapsuleID]bool{}
	for _, from := range kinds {
		k := Credential{kind: Kind(from), secret: secret}.CapsuleKey()
		ids[k.ID] = true
		blob := k.Seal(77, []byte("payload"))
		for _, to := range kinds {
			other := Credential{kind: Kind(to), secret: secret}.CapsuleKey()
			if _, err := other.Open(77, blob); (err == nil) != (from == to) {
				t.Errorf("%c opened as %c", from, to)
			}
			forged := k // the right key, another kind or id in the context
			forged.Kind = Kind(to)
			if _, err := forged.Open(77, blob); (err == nil) != (from == to) {
				t.Errorf("%c opened under the kind %c", from, to)
			}
		}
		forged := k
		forged.ID[15] ^= 1
		if _, err := forged.Open(77, blob); err == nil {
			t.Errorf("%c opened under another id", from)
		}
		for _, hour := range []uint32{0, 76, 78, 1 << 31} {
			if _, err := k.Open(hour, blob); err == nil {
				t.Errorf("%c opened with the expiry %d", from, hour)
			}
		}
	}
	if len(ids) != len(kinds) {
		t.Errorf("%d ids for %d kinds", len(ids), len(kinds))
	}
}

// TestNoKey: no key, and a destroyed key, seal nothing and open nothing.
func TestNoKey(t *testing.T) {
	destroyed := NewKey()
	public := NewBoxKey(NewKey()).Public()
	destroyed.Destroy()
	zeros := keyOf(new([KeySize]byte))
	underZeros := sealUnderZeros(t)
	for name, k := range map[string]Key{"zero": {}, "destroyed": destroyed, "of zeros": zeros} {
		for what, use := range map[string]func(){
			"Seal":          func() { k.Seal(somewhere(), nil) },
			"Derive":        func() { k.Derive(LabelRing) },
			"ID":            func() { k.ID(LabelEntryID) },
			"Tagger":        func() { k.Tagger(LabelTag) },
			"Bytes":         func() { k.Bytes() },
			"Clone":         func() { k.Clone() },
			"MAC":           func() { k.MAC(LabelHead) },
			"NewBoxKey":     func() { NewBoxKey(k) },
			"NewSigningKey": func() { NewSigningKey(k) },
			"Token":         func() { Credential{kind: Access, secret: k}.Token() },
			"CapsuleID":     func() { Credential{kind: Access, secret: k}.CapsuleID() },
			"CapsuleKey":    func() { Credential{kind: Access, secret: k}.CapsuleKey() },
			"CapsuleSeal":   func() { CapsuleKey{Kind: Access, KEK: k}.Seal(1, nil) },
		} {
			if !panics(use) {
				t.Errorf("%s with a key that is %s", what, name)
			}
		}
		mustRefuse(t, k, somewhere(), underZeros, "by a key that is %s", name)
		if _, err := (CapsuleKey{Kind: Access, KEK: k}).Open(1, underZeros); err != ErrOpen {
			t.Errorf("capsule opened with a key that is %s", name)
		}
		if !k.IsZero() || k.Equal(k) || k.Equal(NewKey()) || NewKey().Equal(k) {
			t.Errorf("a key that is %s passes for one", name)
		}
		k.Destroy()
	}
	if _, err := (BoxKey{}).Open(somewhere(), make([]byte, 2000)); err != ErrOpen {
		t.Error("no BoxKey opened a box")
	}
	if _, err := (BoxPublicKey{}).Seal(somewhere(), nil); err == nil {
		t.Error("sealed to no public key")
	}
	if box, err := public.Seal(somewhere(), nil); err != nil || len(box) != boxEncapSize+SealedSize(0) {
		t.Error(len(box), err)
	}
	for _, b := range [][]byte{nil, make([]byte, 31), make([]byte, 32), make([]byte, 33), pattern(31), pattern(33)} {
		if k, err := KeyFrom(b); err == nil || !k.IsZero() {
			t.Errorf("a key from %x", b)
		}
	}
	if !panics(func() { PassphraseSlot(DeviceKey{}, SecretString("x")) }) || !panics(func() { RecoveryCode{}.Slot() }) {
		t.Error("a slot from nothing")
	}
	if !panics(func() { Credential{kind: SlotRecovery, secret: NewKey()}.Token() }) {
		t.Error("a slot written as a token")
	}
}

// sealUnderZeros is what an attacker would make for whoever opens with a key
// that was destroyed.
func sealUnderZeros(t *testing.T) []byte {
	b, err := hex.DecodeString(strings.TrimSpace(zerosBlob))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// TestCopiesAreDestroyed: a Key value is a reference.
func TestCopiesAreDestroyed(t *testing.T) {
	k := NewKey()
	same := k
	from, err := KeyFrom(k.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	clone := k.Clone()
	if !clone.Equal(k) {
		t.Error("a clone is another key")
	}
	k.Destroy()
	if clone.IsZero() {
		t.Error("a clone was destroyed with its original")
	}
	if !same.IsZero() {
		t.Error("a copy of the value outlived Destroy")
	}
	if from.IsZero() {
		t.Error("KeyFrom shares the bytes it was given")
	}
	c := NewCredential(Refresh)
	d := c
	c.Destroy()
	if !d.IsZero() {
		t.Error("a credential outlived Destroy")
	}
	typed := []byte("hunter2")
	s := SecretOf(typed)
	again := s
	s.Destroy()
	if !again.IsZero() || subtle.ConstantTimeCompare(typed, make([]byte, len(typed))) != 1 {
		t.Error("a secret outlived Destroy")
	}
}

// TestOneForm: a text that is read is written again the same, whatever single
// character of it is changed to whatever byte.
func TestOneForm(t *testing.T) {
	token, device := NewCredential(Invite).Token(), NewDeviceKey().Text()
	for i := range len(token) {
		for b := range 256 {
			text := token[:i] + string([]byte{byte(b)}) + token[i+1:]
			if c, err := ParseToken(text); err == nil && text != token {
				t.Errorf("token with a slip accepted: %q for %q gives %v", text, token, c.Token() == text)
			}
		}
	}
	for i := range len(device) {
		for b := range 256 {
			text := device[:i] + string([]byte{byte(b)}) + device[i+1:]
			if d, err := ParseDeviceKey(text); err == nil && d.Text() != text {
				t.Errorf("%q read, and written as %q", text, d.Text())
			}
		}
	}
}

// TestRecoverySlips: of all single slips none passes, but those that a person is
// forgiven.
func TestRecoverySlips(t *testing.T) {
	text := NewRecoveryCode().Text()
	for i := range len(text) {
		for b := range 256 {
			typed := text[:i] + string([]byte{byte(b)}) + text[i+1:]
			r, err := ParseRecoveryCode(typed)
			if err == nil && r.Text() != text {
				t.Errorf("%q read as %q, typed for %q", typed, r.Text(), text)
			}
		}
	}
}

// TestDevicesApart: the same passphrase, none at all, on two devices.
func TestDevicesApart(t *testing.T) {
	a, b := NewDeviceKey(), NewDeviceKey()
	if PassphraseSlot(a, Secret{}).CapsuleID() == PassphraseSlot(b, Secret{}).CapsuleID() {
		t.Error("two devices, one slot")
	}
}

// TestPurposesApart: even purposes that begin alike.
func TestPurposesApart(t *testing.T) {
	k := NewSigningKey(NewKey())
	p := k.Public()
	sig := k.Sign("carehold-v1 a", []byte("bc"))
	for _, v := range []struct {
		purpose Purpose
		message string
	}{{"carehold-v1 ab", "c"}, {"carehold-v1 ", "abc"}, {"", "carehold-v1 abc"}, {"carehold-v1 a", "bcd"}} {
		if p.Verify(v.purpose, []byte(v.message), sig) == nil {
			t.Errorf("holds for %q, %q", v.purpose, v.message)
		}
	}
	if k.Public() == NewSigningKey(NewKey()).Public() {
		t.Error("two seeds, one key")
	}
	if (PublicKey{}).Verify("carehold-v1 a", nil, make([]byte, SignatureSize)) == nil {
		t.Error("no public key verifies")
	}
}

// zerosBlob was sealed in somewhere() under 32 zeros, by generate.py.
const zerosBlob = "01f78a1f75b010f476b454b4e73a13115a5f6e12f7374d0269f92b5ad486ad1fefc501fca5cd788f34c9640ac1ea748e8a4b50deb3c996fbb34fac666e74fc779d5c1dbb1bc0388e1c2fb1"
