package crypto

import (
	"bytes"
	"testing"
)

// TestOpenTo: it opens what Open opens, behind what was there, and leaves nothing of
// what fails: a last chunk that was altered comes after others that opened.
func TestOpenTo(t *testing.T) {
	k, ctx := NewKey(), NewContext(ContextEntry, []byte("x"))
	secret := bytes.Repeat([]byte("in the clear "), 4000) // four chunks
	blob := k.Seal(ctx, secret)
	got, err := k.OpenTo([]byte("before:"), ctx, blob)
	if err != nil || string(got) != "before:"+string(secret) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	room := make([]byte, 7, 1<<16)
	if got, err = k.OpenTo(room, ctx, blob); err != nil || &got[0] != &room[0] {
		t.Error("there was room, and it was not used")
	}
	clear(room[:cap(room)])
	for _, at := range []int{0, 30, 60, len(blob) - 1} {
		bad := bytes.Clone(blob)
		bad[at] ^= 1
		got, err := k.OpenTo(room, ctx, bad)
		if err == nil || len(got) != len(room) {
			t.Errorf("byte %d altered: %d bytes, %v", at, len(got), err)
		}
		if bytes.Contains(room[:cap(room)], []byte("clear")) {
			t.Errorf("byte %d altered: what opened before it was left behind", at)
		}
	}
	if got, err := k.OpenTo(room, ctx, nil); err == nil || len(got) != len(room) {
		t.Error("nothing opens")
	}
	if _, err := (Key{}).OpenTo(nil, ctx, blob); err == nil {
		t.Error("no key opens")
	}
}
