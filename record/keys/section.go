package keys

import (
	"carehold/crypto"
	"carehold/record"
)

// sectionKeys are the keys of the sections in one epoch, and what has been derived
// from them. That is done as it is needed: a grant to everything has nineteen
// sections, and most requests are about one.
type sectionKeys struct {
	sections []record.Section // in order
	sk       map[record.Section]crypto.Key

	entry  [record.NumSections + 1]crypto.Key    // of those in sealed
	tagger [record.NumSections + 1]crypto.Tagger // of those in tagged
	sealed record.SectionSet
	tagged record.SectionSet
}

func newSectionKeys(sk map[record.Section]crypto.Key) *sectionKeys {
	k := &sectionKeys{sk: sk, sections: make([]record.Section, 0, len(sk))}
	for _, s := range record.Sections() {
		if _, held := sk[s]; held {
			k.sections = append(k.sections, s)
		}
	}
	return k
}

// entryKey is what entries of a section are sealed with.
func (k *sectionKeys) entryKey(s record.Section) (key crypto.Key, held bool) {
	sk, held := k.sk[s]
	if !held {
		return key, false
	}
	if !k.sealed.Has(s) {
		k.entry[s] = sk.Derive(crypto.LabelEntry)
		k.sealed = k.sealed.With(s)
	}
	return k.entry[s], true
}

// tags recognises the rows of a section, one of sections.
func (k *sectionKeys) tags(s record.Section) crypto.Tagger {
	if !k.tagged.Has(s) {
		k.tagger[s] = k.sk[s].Tagger(crypto.LabelTag)
		k.tagged = k.tagged.With(s)
	}
	return k.tagger[s]
}

// destroy overwrites them. What is used after that panics, derived before or not.
func (k *sectionKeys) destroy() {
	for s, key := range k.sk {
		key.Destroy()
		k.entry[s].Destroy()
	}
	k.tagged = 0 // a tagger cannot be overwritten, but it is let go
	clear(k.tagger[:])
}
