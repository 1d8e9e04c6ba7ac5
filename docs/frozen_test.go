package docs

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
)

// examples is the block at the end of format.md that shows every construction.
var examples = regexp.MustCompile("(?s)\n```examples\n(.*?)\n```\n")

// TestFrozen: what docs/format.md says is frozen is as it was when it was. frozen.txt
// has a hash for each file of vectors, examples and fixtures. A line may be added when
// a format grows; to change one is to make what people keep unreadable.
func TestFrozen(t *testing.T) {
	list, err := os.ReadFile("frozen.txt")
	if err != nil {
		t.Fatal(err)
	}
	frozen := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("%q", line)
		}
		frozen[name] = true
		file, part, _ := strings.Cut(name, "#")
		b, err := os.ReadFile(filepath.FromSlash("../" + file))
		if err != nil {
			t.Fatal(err)
		}
		if part == "examples" {
			b = examples.FindSubmatch(b)[1]
		}
		if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s is frozen, and was changed", name)
		}
	}
	// All that there is of these is frozen.
	for _, pattern := range []string{"crypto/testdata/vectors/*.json", "record/store/testdata/format*/*", "record/store/testdata/documents/*"} {
		all, err := filepath.Glob("../" + pattern)
		if err != nil || len(all) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range all {
			name := strings.TrimPrefix(filepath.ToSlash(path), "../")
			if !frozen[name] && !strings.HasSuffix(name, ".md") {
				t.Errorf("%s is not in frozen.txt", name)
			}
		}
	}
}

// TestFrozenNumbers: the numbers that are at rest mean what they meant. By hand, from
// the tables of docs/format.md §5, §9 and §12.
func TestFrozenNumbers(t *testing.T) {
	sections := strings.Fields("identity providers about-me allergies medicines conditions vaccinations results measurements visits " +
		"documents support plan budget mental-health sexual-health substance-use safeguarding private")
	for i, name := range sections {
		if got := record.Section(i + 1).String(); got != name {
			t.Errorf("section %d is %s, and was %s", i+1, got, name)
		}
	}
	actions := map[audit.Action]audit.Action{
		1: audit.Read, 2: audit.Search, 3: audit.Change, 4: audit.History, 5: audit.Move, 6: audit.Undo, 7: audit.SignIn, 8: audit.Strike,
		9: audit.Preview, 10: audit.Used, 11: audit.Copy, 12: audit.Delete, 13: audit.Opened, 14: audit.Collected, 15: audit.Exchanged, 16: audit.Refreshed, 17: audit.Replayed,
		18: audit.GaveBack, 19: audit.Contribute, 20: audit.TakenIn, 21: audit.Dismissed, 32: audit.Enrol, 33: audit.Grant, 34: audit.Revoke, 35: audit.SlotAdd,
		36: audit.SlotRemove, 37: audit.Evict, 38: audit.Renew, 39: audit.CarryOn, 40: audit.CloseHere, 41: audit.Reopen, 42: audit.Amend, 43: audit.Suspend, 44: audit.Resume, 45: audit.Address, 46: audit.Approve,
		64: audit.RingFetch, 65: audit.Restored, 66: audit.LossTaken, 67: audit.ClockMoved, 68: audit.Upgraded, 69: audit.Brought, 70: audit.Asked,
	}
	for was, is := range actions {
		if was != is {
			t.Errorf("action %d is %d now", was, is)
		}
	}
	reasons := []audit.Reason{audit.Stopped, audit.Expired, audit.OutsideGrant, audit.NoVerb, audit.BadRequest, audit.WrongPlace, audit.WasDeleted, audit.NotMet, audit.WrongCode, audit.UsedUp, audit.NotTheirs, audit.OnHold}
	if !slices.Equal(reasons, []audit.Reason{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) {
		t.Errorf("reasons are %v", reasons)
	}
	kinds := map[crypto.Kind]crypto.Kind{'a': crypto.Access, 's': crypto.Session, 'r': crypto.Refresh, 'c': crypto.Code, 'i': crypto.Invite,
		'e': crypto.Emergency, 'l': crypto.Link, 'q': crypto.Request, 'w': crypto.Address, 'P': crypto.SlotPassphrase, 'K': crypto.SlotPasskey, 'R': crypto.SlotRecovery}
	for was, is := range kinds {
		if was != is {
			t.Errorf("kind %c is %c now", was, is)
		}
	}
}
