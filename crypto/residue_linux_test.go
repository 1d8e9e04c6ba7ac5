//go:build amd64 || arm64

package crypto

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha3"
	"crypto/sha512"
	"encoding"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// residueKeys is how many keys testdata/residue works with.
const residueKeys = 200

// TestResidue reads the whole memory of a program that has worked with 200 keys
// and dropped them, and looks for what it left: keys, what was derived from them,
// what they opened, and what AES, HMAC and SHA-512 keep of them. Built with
// GOEXPERIMENT=runtimesecret nothing may be left. Built without, the guards are
// plain calls, and the same search must find what they would have erased.
func TestResidue(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program twice, once with a runtime of its own")
	}
	for _, experiment := range []string{"", "runtimesecret"} {
		t.Run("GOEXPERIMENT="+experiment, func(t *testing.T) {
			t.Parallel()
			w, input := newWorks(t)
			held, dropped := residue(t, experiment, w, input)
			for _, what := range w.kinds {
				t.Logf("%-34s %3d of %d in memory while held, %3d after", what, held[what], residueKeys, dropped[what])
			}
			// A needle that is not even there while the key is held is no needle.
			for _, what := range []string{"token", "token's secret", "key", "drawn key", "derived key", "capsule's key", "plaintext", "seed of a box key", "plaintext of a box", "seed of a signing key"} {
				if held[what] != residueKeys {
					t.Errorf("%s: only %d of %d found while they are held: the search misses some", what, held[what], residueKeys)
				}
			}
			left := 0
			for _, n := range dropped {
				left += n
			}
			t.Logf("GOEXPERIMENT=%s: %d residues of %d keys in %d kinds", experiment, left, residueKeys, len(w.kinds))
			if experiment == "" && left < residueKeys {
				t.Errorf("without the guards %d residues are found: this test would find nothing", left)
			}
			if experiment != "" && left > 0 {
				t.Errorf("%d residues are left behind the guards", left)
			}
		})
	}
}

// works are the needles: for each kind of secret one for each key.
type works struct {
	kinds   []string
	needles map[string][][]byte
}

func (w *works) add(what string, needle []byte) {
	if w.needles[what] == nil {
		w.kinds = append(w.kinds, what)
	}
	w.needles[what] = append(w.needles[what], slices.Clone(needle))
}

// newWorks draws the keys and makes what the program is fed. Needles inside a
// construction come from the standard library, by doc.go's formulas.
func newWorks(t *testing.T) (*works, []byte) {
	t.Helper()
	w := &works{needles: map[string][][]byte{}}
	var input []byte
	for range residueKeys {
		random := func() []byte { b := make([]byte, KeySize); rand.Read(b); return b }
		derive := func(key []byte, label string, fields ...[]byte) []byte {
			return expanded(t, key, info("carehold-v1", label, fields), KeySize)
		}
		padded := func(needle []byte) []byte { return slices.Concat(needle, make([]byte, 512-len(needle))) }

		secret := random()
		token := Credential{kind: Access, secret: must(KeyFrom(secret))}
		w.add("token", []byte(token.Token()))
		w.add("token's secret", secret)
		capsuleKey := derive(secret, "capsule-kek", []byte{'a'})
		w.add("capsule's key", capsuleKey)
		key, plain, boxed := random(), random(), random()
		w.add("key", key)
		pads(t, w, key)
		derived := derive(key, "section", []byte{1})
		w.add("derived key", derived)
		w.add("key of a tagger", derive(derived, "view-tag")[:16])
		w.add("plaintext", plain)

		blob := must(KeyFrom(key)).Seal(NewContext(ContextEntry), padded(plain))
		w.add("key of the cipher that opens", cipherKey(t, key, ContextEntry, blob))

		seed := derive(key, "box-seed")
		w.add("seed of a box key", seed)
		both := make([]byte, 96)
		shake := sha3.NewSHAKE256()
		shake.Write(seed)
		shake.Read(both)
		w.add("ML-KEM seed of a box key", both[:64])
		w.add("X25519 half of a box key", both[64:])
		w.add("plaintext of a box", boxed)
		box, err := NewBoxKey(must(KeyFrom(seed))).Public().Seal(NewContext(ContextRoot), padded(boxed))
		if err != nil {
			t.Fatal(err)
		}
		w.add("key of a box", must(must(newXWingPrivate(seed)).agreed(box[:boxEncapSize])))
		pen := derive(key, "checkpoint")
		w.add("seed of a signing key", pen)
		half := sha512.Sum512(pen)
		w.add("expanded signing key", half[32:])

		input = append(input, token.Token()...)
		input = append(input, blob...)
		input = append(input, token.CapsuleKey().Seal(7, padded(key))...)
		input = append(input, box...)
	}
	return w, input
}

// pads adds what HMAC-SHA-512 makes of a key: the padded keys, and the states of
// SHA-512 behind them, as marshalled and as they are in memory. Who has those
// can derive all that the key derives.
func pads(t *testing.T, w *works, key []byte) {
	for _, pad := range []struct {
		name string
		with byte
	}{{"inner", 0x36}, {"outer", 0x5c}} {
		block := bytes.Repeat([]byte{pad.with}, sha512.BlockSize)
		for i, b := range key {
			block[i] ^= b
		}
		w.add("HMAC's "+pad.name+" key", block[:KeySize])
		h := sha512.New()
		h.Write(block)
		state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		state = state[4:68] // behind its magic
		w.add("HMAC's "+pad.name+" state, marshalled", state)
		words := make([]byte, 64)
		for i := 0; i < 64; i += 8 {
			binary.NativeEndian.PutUint64(words[i:], binary.BigEndian.Uint64(state[i:]))
		}
		w.add("HMAC's "+pad.name+" state", words)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cipherKey is the key that the blocks of one blob are encrypted with.
func cipherKey(t *testing.T, key []byte, kind ContextKind, blob []byte) []byte {
	info := "c2sp.org/chunked-encryption@v1+" + Suite(blob[0]).aeadName() + "\x00" + string(blob[1:1+saltSize]) + string(NewContext(kind).b)
	return expanded(t, key, info, KeySize)
}

func expanded(t *testing.T, key []byte, info string, n int) []byte {
	t.Helper()
	b, err := hkdf.Expand(sha512.New, key, info, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// residue runs the program and searches its memory while it holds everything,
// and when it has dropped it.
func residue(t *testing.T, experiment string, w *works, input []byte) (held, dropped map[string]int) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "residue")
	build := exec.Command("go", "build", "-o", bin, "./testdata/residue")
	build.Env = append(os.Environ(), "GOEXPERIMENT="+experiment)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), bin)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	said := bufio.NewReader(stdout)
	look := func(where string) map[string]int {
		if line, err := said.ReadString('\n'); err != nil || line != where {
			t.Fatalf("the program says %q, and not %q: %v", line, where, err)
		}
		return w.search(memoryOf(t, cmd.Process.Pid))
	}
	if _, err := stdin.Write(input); err != nil {
		t.Fatal(err)
	}
	w.drawn(t, said)
	held = look("held\n")
	if _, err := stdin.Write([]byte{'\n'}); err != nil {
		t.Fatal(err)
	}
	return held, look("dropped\n")
}

// drawn adds the keys that the program drew itself, each sealed under the one it
// was given.
func (w *works) drawn(t *testing.T, said io.Reader) {
	t.Helper()
	for range residueKeys {
		b := make([]byte, 1+SealedSize(KeySize))
		if _, err := io.ReadFull(said, b); err != nil {
			t.Fatal(err)
		}
		key, blob := w.needles["key"][b[0]], b[1:]
		drawn, err := must(KeyFrom(key)).Open(NewContext(ContextPrev), blob)
		if err != nil {
			t.Fatal(err)
		}
		w.add("drawn key", drawn)
		w.add("key of the cipher that seals", cipherKey(t, key, ContextPrev, blob))
	}
}

// search counts, for each kind, the keys of which any sixteen bytes in a row are
// in memory, beginning at a multiple of sixteen of the needle: half a key is a
// residue too.
func (w *works) search(memory [][]byte) map[string]int {
	const piece = 16
	type place struct {
		what string
		i    int
	}
	pieces := map[[piece]byte]place{}
	var begins [1 << 16]bool // what the first two bytes may be
	for what, needles := range w.needles {
		for i, n := range needles {
			for ; len(n) >= piece; n = n[piece:] {
				pieces[[piece]byte(n)] = place{what, i}
				begins[binary.NativeEndian.Uint16(n)] = true
			}
		}
	}
	found := map[place]bool{}
	for _, m := range memory {
		for i := 0; i+piece <= len(m); i++ {
			if begins[binary.NativeEndian.Uint16(m[i:])] {
				if p, ok := pieces[[piece]byte(m[i:])]; ok {
					found[p] = true
				}
			}
		}
	}
	counts := map[string]int{}
	for p := range found {
		counts[p.what]++
	}
	return counts
}

// memoryOf reads every mapping of a process that can be read, the program's own
// data among them: heap, stacks, and those that signals are handled on.
func memoryOf(t *testing.T, pid int) (all [][]byte) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || rights[0] != 'r' {
			continue
		}
		b := make([]byte, to-from)
		n, err := mem.ReadAt(b, int64(from))
		if err != nil && err != io.EOF && n == 0 && !strings.Contains(line, "[v") { // the kernel's own
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
		}
		all = append(all, b[:n])
	}
	return all
}
