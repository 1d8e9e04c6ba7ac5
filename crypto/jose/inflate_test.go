package jose_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"runtime"
	"testing"

	"carehold/crypto/jose"
)

// zeros is n zero bytes, deflated without ever being in memory.
func zeros(t testing.TB, n int) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 9)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<16); n > 0; n -= len(block) {
		w.Write(block[:min(n, len(block))])
	}
	w.Close()
	return out.Bytes()
}

// allocated is how much f allocated, whatever was freed again.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestBomb: 256 MiB in a quarter of one is refused, and costs less memory than it has.
func TestBomb(t *testing.T) {
	bomb := zeros(t, 256<<20)
	t.Logf("%d bytes inflate to %d", len(bomb), 256<<20)
	for _, limit := range []int{1 << 20, 64 << 20} {
		used := allocated(func() {
			if _, err := jose.Inflate(bomb, limit); !errors.Is(err, jose.ErrTooLarge) {
				t.Errorf("limit %d: %v", limit, err)
			}
		})
		t.Logf("limit %d: %d bytes allocated", limit, used)
		if used > 256<<10 {
			t.Errorf("limit %d: %d bytes allocated for what was refused", limit, used)
		}
	}
	sealed := []byte(craft(t, `{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, bomb))
	k := key(t)
	used := allocated(func() {
		if _, _, err := jose.Open(k, sealed, 64<<20); !errors.Is(err, jose.ErrTooLarge) {
			t.Errorf("sealed: %v", err)
		}
	})
	t.Logf("sealed in %d bytes: %d allocated", len(sealed), used)
	if used > 2*uint64(len(sealed)) {
		t.Errorf("%d bytes allocated over a bomb of %d", used, len(sealed))
	}
}

// TestInflate: the limits, to the byte.
func TestInflate(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef!"), 100)
	packed := jose.Deflate(text)
	for _, c := range []struct {
		name  string
		b     []byte
		limit int
		want  error
	}{
		{"just", packed, len(text), nil},
		{"one too many", packed, len(text) - 1, jose.ErrTooLarge},
		{"nothing", jose.Deflate(nil), 0, nil},
		{"no bytes", nil, 10, jose.ErrDeflate},
		{"cut", packed[:len(packed)-1], len(text), jose.ErrDeflate},
		{"cut in half", packed[:len(packed)/2], len(text), jose.ErrDeflate},
		{"something behind", append(bytes.Clone(packed), 0), len(text), jose.ErrDeflate},
		{"zlib", append([]byte{0x78, 0x9c}, packed...), len(text), jose.ErrDeflate},
		{"noise", bytes.Repeat([]byte{0xfe}, 64), 1 << 20, jose.ErrDeflate},
		{"a mebibyte from little", zeros(t, 1<<20), 64 << 20, nil},
		{"above, by the ratio", zeros(t, 2<<20), 64 << 20, jose.ErrTooLarge}, // 1,028 to 1
	} {
		got, err := jose.Inflate(c.b, c.limit)
		if !errors.Is(err, c.want) || c.want != nil && got != nil {
			t.Errorf("%s: %d bytes, %v; want %v", c.name, len(got), err, c.want)
		}
	}
	if got, err := jose.Inflate(packed, len(text)); err != nil || !bytes.Equal(got, text) {
		t.Error(err)
	}
	if used := allocated(func() { jose.Inflate(packed, len(text)) }); used > 128<<10 {
		t.Errorf("%d bytes allocated for %d", used, len(text))
	}
}
