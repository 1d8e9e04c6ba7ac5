package keys

import (
	"iter"
	"math/bits"

	"carehold/crypto"
	"carehold/record"
)

// bySection has room for something of each section, which are numbered from 1.
type bySection[T any] [record.NumSections + 1]T

// sectionKeys are the keys of the sections in one epoch, and what has been derived
// from them. That is done as it is needed: a grant to everything has nineteen
// sections, and most requests are about one.
type sectionKeys struct {
	set record.SectionSet
	raw []byte // what Opened packs of them, and they are taken from; nil: they are in sk

	sk     bySection[crypto.Key]    // of those in taken
	entry  bySection[crypto.Key]    // of those in sealed
	tagger bySection[crypto.Tagger] // of those in tagged
	taken  record.SectionSet
	sealed record.SectionSet
	tagged record.SectionSet
}

func newSectionKeys(set record.SectionSet, sk bySection[crypto.Key]) *sectionKeys {
	return &sectionKeys{set: set, sk: sk, taken: set}
}

// each gives the sections of a set in their order.
func each(set record.SectionSet) iter.Seq[record.Section] {
	return func(yield func(record.Section) bool) {
		for ; set != 0; set &= set - 1 {
			if !yield(record.Section(bits.TrailingZeros32(uint32(set)))) {
				return
			}
		}
	}
}

// commonFirst is the order in which sections are tried: those first that most entries
// of most records are in. What is in none of a hold's takes all of them, in any order.
var commonFirst = [record.NumSections]record.Section{
	record.Results, record.Measures, record.Visits, record.Budget, record.Documents, record.Medicines, record.Conditions, record.Plan,
	record.Vaccination, record.Support, record.Providers, record.AboutMe, record.Allergies, record.Identity,
	record.MentalHealth, record.SexualHealth, record.SubstanceUse, record.Safeguarding, record.Private,
}

// key is that of a section, one of set.
func (k *sectionKeys) key(s record.Section) crypto.Key {
	if !k.taken.Has(s) {
		k.sk[s] = unpack(k.raw, s, packedKey)
		k.taken = k.taken.With(s)
	}
	return k.sk[s]
}

// entryKey is what entries of a section are sealed with.
func (k *sectionKeys) entryKey(s record.Section) (key crypto.Key, held bool) {
	if !k.set.Has(s) {
		return key, false
	}
	if !k.sealed.Has(s) {
		if k.raw != nil {
			k.entry[s] = unpack(k.raw, s, packedEntry)
		} else {
			k.entry[s] = k.sk[s].Derive(crypto.LabelEntry)
		}
		k.sealed = k.sealed.With(s)
	}
	return k.entry[s], true
}

// tags recognises the rows of a section, one of set.
func (k *sectionKeys) tags(s record.Section) crypto.Tagger {
	if !k.tagged.Has(s) {
		if k.raw != nil {
			key := unpack(k.raw, s, packedTag)
			k.tagger[s] = key.AsTagger()
			key.Destroy()
		} else {
			k.tagger[s] = k.sk[s].Tagger(crypto.LabelTag)
		}
		k.tagged = k.tagged.With(s)
	}
	return k.tagger[s]
}

// destroy overwrites them. What is used after that panics, derived before or not.
func (k *sectionKeys) destroy() {
	for s := range each(k.set) {
		k.sk[s].Destroy()
		k.entry[s].Destroy()
	}
	clear(k.raw)
	k.tagged = 0 // a tagger cannot be overwritten, but it is let go
	clear(k.tagger[:])
}
