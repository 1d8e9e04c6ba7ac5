package healthcard

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"carehold/record/fhir"
)

// What a card calls resource:0 the next card calls resource:3, and a card that was signed
// anew, or changed on its way, is another card with most of the same in it. So an entry
// is named by its issuer and by what it says: what is the same is the same entry, in
// whichever card it comes.

// name gives the entries that mean something inside the card only names that mean
// something outside.
func (c *Card) name(entries []entry, names map[string]string) {
	// What an entry says includes what it points to, so far as that says something
	// itself: two doses of two vaccines must not be one.
	inside := map[string]string{} // fullUrl in the card → what stands for it in a hash
	for _, e := range entries {
		inside[e.url] = ""
	}
	first := map[string]string{}
	for _, e := range entries {
		switch {
		case e.resource.Type() == "Patient": // a card is about one person, however they are written
			first[e.url] = "resource:Patient"
		default:
			first[e.url] = "resource:" + hex.EncodeToString(c.hashOf(e.resource, inside))
		}
	}
	times := map[string]int{}
	for i := range entries {
		e := &entries[i]
		if e.url != "" && !local(e.url) {
			continue
		}
		h := string(c.hashOf(e.resource, first))
		times[h]++ // the same twice in one card is two
		url := uuid(h + strconv.Itoa(times[h]))
		if e.url != "" {
			names[e.url] = url
		}
		e.url = url
	}
}

// hashOf is of the issuer, and of an entry without its id in which other words stand for
// what it points to.
func (c *Card) hashOf(r *fhir.Resource, words map[string]string) []byte {
	r = r.Rewrite(func(ref fhir.Reference) (string, bool) {
		if !local(ref.Value) {
			return "", false
		}
		word, ok := words[ref.Value]
		if word == "" {
			word = "resource:" // Rewrite takes no empty one
		}
		return word, ok
	})
	h := sha256.New()
	h.Write([]byte("carehold/healthcard\x00" + c.Issuer + "\x00"))
	h.Write(r.Stripped())
	return h.Sum(nil)
}

// uuid is of version 8 (RFC 9562 §5.8).
func uuid(of string) string {
	sum := sha256.Sum256([]byte(of))
	return "urn:uuid:" + fhir.UUID([16]byte(sum[:16]), 8)
}
