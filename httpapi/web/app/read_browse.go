package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/store"
)

// line is an entry in a list, before it is opened.
type line struct {
	n       int
	typ, id string
	card    string
	section record.Section
	codes   string // what it is about, where that was asked for
	at      int64  // when it was; when it was written, where it says nothing
	dated   bool

	precision fhir.Precision // of at
	state     state
	mistake   bool
}

// browser makes the person's lists (store.Browsing): it counts, and picks what is shown.
type browser struct {
	patient string // whose record it is
	filter  filter
	pick    func(*browser) []int

	withCodes bool // what each is about is needed

	lines   []line // that match
	counts  map[string]int
	now     map[string]int // that hold now
	past    map[string]int
	nones   map[string]int // that say that there is none
	hidden  int            // marked as mistakes
	of      int            // of the card, before the filter
	folded  int            // bytes, in looking for the words of the filter
	unread  int            // that may say the words of the filter: they are too large, or too many, to look
	sources map[string]string
}

// filter is what a list was asked for with.
type filter struct {
	Card     string // "" for the home page: everything
	Words    string
	From, To string // days, as they stand in the form
	Source   string // a mark of one of the sources
	State    string // now or past
	Mistakes bool   // those too

	words    []string
	from, to int64 // 0: not asked for
}

func (b *browser) Begin() {
	b.lines, b.counts, b.sources = b.lines[:0], map[string]int{}, map[string]string{}
	b.now, b.past, b.nones = map[string]int{}, map[string]int{}, map[string]int{}
	b.hidden, b.of, b.folded, b.unread = 0, 0, 0, 0
}

func (b *browser) Bodies(typ string) bool {
	return len(b.filter.words) > 0 && slices.Contains(wordless, typ)
}

func (b *browser) See(n int, s *store.Seen) {
	l := placesOf(s.Ref.Type)
	card := cardOf(s, l)
	switch f := b.filter.Card; {
	case card == "files" || f == "people" && card != "people" || f != "people" && card == "people":
		return
	case f != "" && f != "all" && f != "people" && f != card:
		return
	}
	stands, mistake := l.stands(s.Ref.Type, s.Index)
	if mistake && !b.filter.Mistakes {
		b.hidden++
		return
	}
	b.of++
	switch stands {
	case none:
		b.nones[card]++
	case now:
		b.counts[card], b.now[card] = b.counts[card]+1, b.now[card]+1
	case past:
		b.counts[card], b.past[card] = b.counts[card]+1, b.past[card]+1
	default:
		b.counts[card]++
	}
	source := b.source(s.Source)
	codes := ""
	if b.withCodes {
		codes = l.codes(s.Index)
	}
	x := line{n: n, typ: s.Ref.Type, id: s.Ref.ID, card: card, section: s.Section, codes: codes, state: stands, mistake: mistake}
	if x.at, x.precision, x.dated = l.when(s.Index); !x.dated {
		x.at = s.Updated
	}
	switch f := &b.filter; {
	case f.State == "now" && stands != now && stands != none, f.State == "past" && stands != past,
		f.Source != "" && f.Source != source,
		f.from != 0 && (!x.dated || x.at < f.from), f.to != 0 && (!x.dated || x.at >= f.to):
		return
	case !b.says(l, s):
		return
	}
	b.lines = append(b.lines, x)
}

// says reports whether an entry has all of the words that are asked for.
func (b *browser) says(l *looks, s *store.Seen) bool {
	lacks, whole := l.lacking(s.Index, b.filter.words), !s.Unread
	if len(lacks) > 0 && s.Body != nil {
		lacks, whole = b.lacking(s.Body, lacks)
	}
	if len(lacks) > 0 && !whole {
		b.unread++
	}
	return len(lacks) == 0
}

// source marks where an entry came from, and remembers its words. The mark is what stands
// in an address: the words are the record's.
func (b *browser) source(words []byte) string {
	if len(words) == 0 {
		b.sources["own"] = ""
		return "own"
	}
	sum := sha256.Sum256(append([]byte(b.patient+"\x00"), words...))
	mark := hex.EncodeToString(sum[:6])
	if _, known := b.sources[mark]; !known {
		b.sources[mark] = string(words)
	}
	return mark
}

func (b *browser) Show() []int {
	slices.SortFunc(b.lines, func(x, y line) int {
		if x.dated != y.dated { // what has no date comes last
			if x.dated {
				return -1
			}
			return 1
		}
		return cmp.Or(-cmp.Compare(x.at, y.at), cmp.Compare(x.typ, y.typ), cmp.Compare(x.id, y.id))
	})
	return b.pick(b)
}

// pageSize is how many entries a page of a list has.
const pageSize = 50

// browse runs it.
func (b *browser) browse(ctx context.Context, v *store.View, types []string) (store.Page, error) {
	b.patient = v.PatientID()
	return v.Browse(ctx, types, b)
}

// typesOf are the types that a list looks at; nil for all.
func typesOf(card string) []string {
	if card == "" || card == "all" {
		return nil
	}
	if card == "people" {
		return behind
	}
	var types []string
	for typ, of := range cardOfType {
		if of == card {
			types = append(types, typ)
		}
	}
	switch card {
	case "results", "measurements", "care":
		types = append(types, "Observation")
	}
	return types
}

// day reads a day of a form; 0 for none. It is where the server is: records have times
// of where they were written.
func day(text string) (int64, bool) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, true
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, false
	}
	return t.UnixMilli(), true
}
