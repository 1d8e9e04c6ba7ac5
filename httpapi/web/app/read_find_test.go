package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A word is found wherever it lies in a text, across the pieces in which it is folded too, and
// only so much of all entries together is folded.
func TestLacking(t *testing.T) {
	goal := func(text string) []byte {
		return fmt.Appendf(nil, `{"resourceType":"Goal","id":"secret","description":{"text":"%s"},"note":[{"text":"caffi"}]}`, text)
	}
	for _, pad := range []int{0, 1, piece - 20, piece - 3, piece, piece + 1, 3*piece - overlap} {
		body := goal(strings.Repeat("ŵ", pad/2) + strings.Repeat(".", pad%2) + " Llanfairpwllgwyngyll")
		if lacks, whole := (&browser{}).lacking(body, []string{"llanfairpwllgwyngyll", "caffi", "secret"}); !slices.Equal(lacks, []string{"secret"}) || !whole {
			t.Errorf("after %d bytes: it lacks %q, %v", pad, lacks, whole)
		}
	}
	b := &browser{}
	lacks, whole := b.lacking(goal(strings.Repeat("\ufdfa", mostFolded/3)), []string{"caffi"})
	if len(lacks) != 1 || whole || b.folded > mostFolded+piece {
		t.Errorf("a text that is too long: it lacks %q, %v, and %d bytes were folded", lacks, whole, b.folded)
	}
	if lacks, whole := b.lacking(goal("x"), []string{"caffi"}); len(lacks) != 1 || whole {
		t.Errorf("and another after it: it lacks %q, %v", lacks, whole)
	}
}
