package crypto

import (
	"regexp"
	"strings"
	"testing"
)

// TestLabels: in each registry no two names are alike, none begins another, and
// all are plain words that docs/format.md can print.
func TestLabels(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for registry, names := range map[string][]string{"labels": Labels(), "contexts": ContextKinds()} {
		if len(names) < 8 {
			t.Errorf("%s: only %d", registry, len(names))
		}
		for i, a := range names {
			if !word.MatchString(a) {
				t.Errorf("%s: %q", registry, a)
			}
			for j, b := range names {
				if i != j && strings.HasPrefix(b, a) {
					t.Errorf("%s: %q begins %q", registry, a, b)
				}
			}
		}
	}
}

// TestRegistriesAreCopies: a caller cannot change them.
func TestRegistriesAreCopies(t *testing.T) {
	Labels()[0], ContextKinds()[0] = "x", "x"
	if Labels()[0] == "x" || ContextKinds()[0] == "x" {
		t.Error("changed from outside")
	}
}

// TestInfosApart: deriving, sealing and boxing use HKDF with infos of which none
// can be taken for one of the others, though a key does more than one.
func TestInfosApart(t *testing.T) {
	derive := string(info(derivationPrefix, "", nil))
	for _, other := range []string{"c2sp.org/chunked-encryption@v1+", "HPKE-v1"} {
		if derive[:4] == other[:4] {
			t.Errorf("derivations begin like %s", other)
		}
	}
}

func TestKinds(t *testing.T) {
	tokens, slots := "", ""
	for k := range 256 {
		if Kind(k).IsToken() {
			tokens += string(rune(k))
		}
		if Kind(k).IsSlot() {
			slots += string(rune(k))
		}
	}
	if tokens != "aceilqrsw" || slots != "KPR" {
		t.Errorf("tokens %q, slots %q", tokens, slots)
	}
	pattern := regexp.MustCompile(`^` + TokenPattern + `$`)
	for _, k := range tokens {
		if text := NewCredential(Kind(k)).Token(); !pattern.MatchString(text) {
			t.Errorf("TokenPattern does not find %q", text)
		}
	}
}
