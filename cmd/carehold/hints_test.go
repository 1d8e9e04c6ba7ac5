package main

import (
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/kv/badger"
	"carehold/record/store"
)

// TestHints: nobody is told to wait for what waiting does not mend, and nobody who
// runs the server to ask themselves.
func TestHints(t *testing.T) {
	clock := record.Safef(record.Unavailable, "the server's clock is wrong: it says 1970. Nothing opens until it is right")
	_, noKey := store.Open(t.TempDir(), store.Options{})
	for _, x := range []struct {
		err              error
		person, operator string
	}{
		{badger.ErrDiskFull, "tell whoever runs the server", "make room"},
		{kv.ErrFailed, "tell whoever runs the server", "look at the disk"},
		{clock, "tell whoever runs the server", "clock --accept"},
		{noKey, "", "--node-key"},
		{record.Safef(record.Unavailable, "the server is starting"), "try again in a minute; if it stays so", ""},
		{record.Safef(record.TooMany, "x"), "try again in a minute", "try again in a minute"},
		{record.Safef(record.Invalid, "the server answered 400 Bad Request"), "https://", "https://"},
		{record.Safef(record.Integrity, "x"), "keep this device's file", "restore the last good backup"},
	} {
		person, operator := (&app{}).hintOf(exitFailed, x.err), (&app{operating: true}).hintOf(exitFailed, x.err)
		if !strings.Contains(person, x.person) {
			t.Errorf("%v: a person is told %q", x.err, person)
		}
		if !strings.Contains(operator, x.operator) || x.operator == "" && operator != "" {
			t.Errorf("%v: an operator is told %q", x.err, operator)
		}
		if strings.Contains(operator, "whoever") {
			t.Errorf("%v: an operator is sent to themselves: %q", x.err, operator)
		}
	}
}
