package rows_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"carehold/record/rows"
)

// The row says what docs/format.md says, written by hand.
func TestRefreshChain(t *testing.T) {
	want, _ := hex.DecodeString("0001" + "00000008" + "0000000000000007" + "0002" + "00000010" + "0102030405060708090a0b0c0d0e0f10" + "0003" + "00000008" + "000000006b49d200")
	c := rows.RefreshChain{Place: 7, Last: [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, Used: time.Unix(1_800_000_000, 0).UTC()}
	if got := c.Marshal(); !bytes.Equal(got, want) {
		t.Errorf("%x", got)
	}
	if got, ok := rows.ParseRefreshChain(want); !ok || got != c {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, b := range [][]byte{nil, want[:len(want)-14], want[:len(want)-1], append(bytes.Clone(want), want...), want[14:], append(bytes.Clone(want), 0, 4, 0, 0, 0, 0)} {
		if _, ok := rows.ParseRefreshChain(b); ok {
			t.Errorf("%x is taken", b)
		}
	}
}
