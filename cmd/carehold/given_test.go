package main

import (
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/healthcard"
)

// What a verdict means for an import: what could not be found out is the person's to
// decide, what is forged or taken back is not.
func TestCardsAccepted(t *testing.T) {
	for _, c := range []struct {
		state       healthcard.State
		reason      healthcard.Reason
		plain, asIs bool // taken by itself; taken with --unverified
	}{
		{healthcard.Verified, "", true, true},
		{healthcard.Unverified, healthcard.NoKeys, false, true},
		{healthcard.Unverified, healthcard.NoList, false, true},
		{healthcard.Unverified, healthcard.KeyNotInFile, false, true},
		{healthcard.Bad, healthcard.Expired, false, true},
		{healthcard.Bad, healthcard.NotYet, false, false},
		{healthcard.Bad, healthcard.UnknownKey, false, false},
		{healthcard.Bad, healthcard.WrongSignature, false, false},
		{healthcard.Bad, healthcard.Revoked, false, false},
	} {
		v := healthcard.Verdict{State: c.state, Reason: c.reason}
		if err := (&givenOptions{}).accept(v); (err == nil) != c.plain {
			t.Errorf("%v %s: %v", c.state, c.reason, err)
		}
		if err := (&givenOptions{unverified: true}).accept(v); (err == nil) != c.asIs {
			t.Errorf("%v %s with --unverified: %v", c.state, c.reason, err)
		}
	}
}

// A card is one source, whenever it was verified; and another source is not cut.
func TestWithoutVerdict(t *testing.T) {
	const card = "SMART Health Card of https://issuer.example"
	for source, want := range map[string]string{
		card + " (verified 2026-11-22)": card,
		card + " (not verified)":        card,
		card:                            card,
		"Surgery (verified by post)":    "Surgery (verified by post)",
		"":                              "",
	} {
		if got := withoutVerdict(source); got != want {
			t.Errorf("%q is %q", source, got)
		}
	}
}

// Why a link of somebody else's did not open is no word about one's own record: neither
// its passphrase nor damage to it.
func TestClosedLink(t *testing.T) {
	for kind, want := range map[record.Kind]int{record.Unauthorized: exitDenied, record.Integrity: exitFailed, record.NotFound: exitNotFound, record.Gone: exitNotFound,
		record.Invalid: exitFailed, record.Unavailable: exitFailed} {
		if got := exitCode(t.Context(), closedLink(record.Safef(kind, "x"))); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
	if err := closedLink(nil); err != nil {
		t.Error(err)
	}
}

// Only what may be a link or a card is looked at for one.
func TestGivenText(t *testing.T) {
	a := quietApp()
	rest, found, err := (&givenOptions{}).take(a, []string{"gp.json", "nowhere.smart-health-card", "https://example.org/x", "eyJ", "shlinks"})
	if err != nil || len(found) != 0 || len(rest) != 5 {
		t.Errorf("%q %v %v", rest, found, err)
	}
	for _, bad := range []string{"shlink:/", "shc:/", "shc:/12345", "https://viewer.example/#shlink:/x"} {
		if _, _, err := (&givenOptions{}).take(a, []string{bad}); err == nil || strings.Contains(errorText(err), "\x1b") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
