package filing

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// All phrases that are looked for, in one tree of their letters: a text is gone
// through once, and from the start of each word down the tree as far as it goes.
// There are some hundred, and most words of a text leave the tree at their second or
// third letter.

// branch is a place in the tree. Its children lie in one row, in the order of their
// letters.
type branch struct {
	letters uint64 // of its children, a bit each
	first   int32  // of its children, in the tree
	end     *phrase
}

// phrase is what one means, which may be several things.
type phrase struct {
	words  []word // of wordSets, in their order
	rows   rowSet // of refinements
	spares spares // as one that unless lists
	not    bool   // of notMeant
}

// word is a word of a wordSet.
type word struct {
	said
	spared spares // it is not meant where one of these is in the text
}

// spares are phrases that unless lists, a bit each.
type spares uint16

var tree = growTree(phrases())

// letters are the bits of the bytes that a plain text's phrases are made of; the last
// is that of all others.
var letters = func() (table [256]uint8) {
	for c := range table {
		if table[c] = uint8(strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789 ", byte(c))); table[c] > 63 {
			table[c] = 63
		}
	}
	return table
}()

// after is the branch that a byte leads to, or nil.
func (b *branch) after(c byte) *branch {
	bit := uint64(1) << letters[c]
	if b.letters&bit == 0 {
		return nil
	}
	return &tree[int(b.first)+bits.OnesCount64(b.letters&(bit-1))]
}

// phrases are all, by their text.
func phrases() map[string]*phrase {
	all := map[string]*phrase{}
	of := func(text string) *phrase {
		if all[text] == nil {
			all[text] = new(phrase)
		}
		return all[text]
	}
	for i := range wordSets {
		set := &wordSets[i]
		for _, w := range set.words {
			p := of(w)
			p.words = append(p.words, word{said: said{section: set.section, rule: set.id,
				text: "It uses a word for " + set.about + ", “" + strings.TrimSpace(w) + "”."}})
		}
	}
	for i := range refinements {
		for _, w := range refinements[i].words {
			of(w).rows |= 1 << i
		}
	}
	for _, text := range notMeant {
		of(text).not = true
	}
	bit := spares(1)
	for w, others := range unless {
		for _, other := range others {
			p := of(other)
			if p.spares == 0 {
				p.spares, bit = bit, bit<<1
			}
			for i := range all[w].words {
				all[w].words[i].spared |= p.spares
			}
		}
	}
	return all
}

// growTree makes the tree, level by level.
func growTree(all map[string]*phrase) []branch {
	type part struct {
		at    int      // the branch
		depth int      // how many letters lead to it
		texts []string // that go on from it
	}
	tree := []branch{{}}
	for parts := []part{{texts: slices.Collect(maps.Keys(all))}}; len(parts) > 0; parts = parts[1:] {
		p := parts[0]
		below := map[uint8][]string{}
		for _, text := range p.texts {
			if len(text) == p.depth {
				tree[p.at].end = all[text]
			} else {
				l := letters[text[p.depth]]
				below[l] = append(below[l], text)
			}
		}
		tree[p.at].first = int32(len(tree))
		for _, l := range slices.Sorted(maps.Keys(below)) {
			tree[p.at].letters |= 1 << l
			parts = append(parts, part{len(tree), p.depth + 1, below[l]})
			tree = append(tree, branch{})
		}
	}
	return tree
}

// look says what a text says.
func look(plain []byte) said {
	s, found := scan(plain, 0)
	if found.not {
		plain = withoutNotMeant(plain)
		s, found = scan(plain, 0)
	}
	if found.doubtful && found.spares != 0 {
		s, _ = scan(plain, found.spares)
	}
	return s
}

// found is what else a scan met.
type found struct {
	not      bool   // something of notMeant
	doubtful bool   // a word that another spares
	spares   spares // the others
}

// scan goes through a plain text. Of the words it keeps the first of those that ask
// for the strictest section.
func scan(plain []byte, there spares) (s said, f found) {
	for at := range plain {
		if plain[at] != ' ' {
			continue
		}
		b := &tree[0]
		for _, c := range plain[at+1:] {
			if b = b.after(c); b == nil {
				break
			}
			p := b.end
			if p == nil {
				continue
			}
			s.rows |= p.rows
			f.spares |= p.spares
			f.not = f.not || p.not
			for k := range p.words {
				w := &p.words[k]
				f.doubtful = f.doubtful || w.spared != 0
				if w.spared&there == 0 && Stricter(w.section, s.section) {
					s.section, s.rule, s.text = w.section, w.rule, w.text
				}
			}
		}
	}
	return s, f
}
