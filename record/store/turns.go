package store

import (
	"cmp"
	"context"
	"slices"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Who may write a letter lets it point to as many files as they like, and a move takes
// only so many. So the files of a letter are in turn by who named them, in whichever
// version: first what the person did, then what imports of theirs did, and then one of
// each grant's after the other. What was never there takes nobody's turn.
//
// A version that leaves in what was there says little: the person's next one leaves in
// what a grantee put into the one before. So a file is first of all the one's who named it
// before anybody else, and what others left in of it is a turn of theirs among the grants',
// or a grantee who names the person's file early, among very many, would make it their own.
type turns struct {
	first, imported, others []*theirs
}

// theirs is what one has named, the oldest version's first.
type theirs struct {
	who   namer
	files []record.EntryID
}

// namer is who wrote a version: the person, an import of theirs, or a grant.
type namer struct {
	self   bool
	brings record.ImportID // the person's
	grant  record.GrantID  // anybody else's
}

func namerOf(h entry.Header) namer {
	if h.Author.Self {
		return namer{self: true, brings: h.Origin.Import}
	}
	return namer{grant: h.Author.Grant}
}

// spot is where in a letter somebody named a file first.
type spot struct {
	version record.Version
	at      int
}

func (m spot) compare(o spot) int {
	return cmp.Or(cmp.Compare(m.version, o.version), cmp.Compare(m.at, o.at))
}

// naming is who names which Binaries in one letter. It has no more of them than there are
// in the record, of which a plan has the directory anyway.
type naming struct {
	order []namer
	marks map[namer]map[record.EntryID]spot
}

// version adds what a version names, and what is there. They come from the newest down.
func (n *naming) version(pl *planner, r kv.Reader, e Entry) error {
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil || filing.MentionsOnly(res.Type()) {
		return nil // it was deleted in this one
	}
	who := namerOf(e.Header)
	marks := n.marks[who]
	for at, ref := range targets(res) {
		if ref.Type != "Binary" {
			continue
		}
		id := pl.v.hold.EntryID(ref.Type, ref.ID)
		if _, there, err := pl.lineOf(r, id); err != nil {
			return err
		} else if !there || marks[id].version == e.Version {
			continue
		}
		if marks == nil {
			marks = make(map[record.EntryID]spot)
			n.marks[who], n.order = marks, append(n.order, who)
		}
		marks[id] = spot{e.Version, at}
	}
	return nil
}

// take gives everybody their turns of a letter.
func (t *turns) take(n *naming) {
	before := make(map[record.EntryID]spot)
	by := make(map[record.EntryID]namer)
	for who, marks := range n.marks {
		for id, m := range marks {
			if first, there := before[id]; !there || m.compare(first) < 0 {
				before[id], by[id] = m, who
			}
		}
	}
	for _, who := range n.order {
		marks := n.marks[who]
		named, left, again := &theirs{who: who}, &theirs{who: who}, &theirs{who: who}
		for id, m := range marks {
			switch {
			case m == before[id]:
				named.files = append(named.files, id)
			case who == namer{self: true} && by[id].self: // what an import of theirs named before
				again.files = append(again.files, id)
			default:
				left.files = append(left.files, id)
			}
		}
		for _, x := range []*theirs{named, left, again} {
			slices.SortFunc(x.files, func(a, b record.EntryID) int { return marks[a].compare(marks[b]) })
		}
		switch {
		case who == namer{self: true}:
			t.first = append(t.first, named)
		case who.self:
			t.imported = append(t.imported, named)
		default:
			t.others = append(t.others, named)
		}
		t.imported, t.others = append(t.imported, again), append(t.others, left)
	}
}

// inTurn are so many of the files, and how many more there are.
func (t *turns) inTurn(most int) (list []record.EntryID, more int) {
	had := make(map[record.EntryID]bool)
	for _, round := range [][]*theirs{t.first, t.imported, t.others} {
		at := make([]int, len(round))
		for going := true; going; {
			going = false
			for i, x := range round {
				for at[i] < len(x.files) && had[x.files[at[i]]] {
					at[i]++
				}
				if at[i] == len(x.files) {
					continue
				}
				going = true
				id := x.files[at[i]]
				if had[id] = true; len(list) < most {
					list = append(list, id)
				} else {
					more++
				}
			}
		}
	}
	return list, more
}

// among leaves in all turns only those files that there is something of. In each, those
// are first that the same wrote, and then those of the person's: nobody else's turn is
// shorter for it.
func (t *turns) among(found map[record.EntryID]Info) {
	for _, round := range [][]*theirs{t.first, t.imported, t.others} {
		for _, x := range round {
			x.files = slices.DeleteFunc(x.files, func(id record.EntryID) bool { _, there := found[id]; return !there })
			slices.SortStableFunc(x.files, func(a, b record.EntryID) int {
				return cmp.Compare(x.strange(found[a]), x.strange(found[b]))
			})
		}
	}
}

func (x *theirs) strange(f Info) int {
	switch h := f.Header; {
	case namerOf(h) == x.who:
		return 0
	case h.Author.Self:
		return 1
	}
	return 2
}

// filesOf are the Binaries that letters are of, in any of their versions, and that nobody
// filed by hand, in turn. unlooked is how many are not among them, for there are too many.
func (pl *planner) filesOf(ctx context.Context, letters []line) (list []Info, unlooked int, err error) {
	var t turns
	for _, l := range letters {
		n := naming{marks: make(map[namer]map[record.EntryID]spot)}
		err = pl.v.history(l, func(r kv.Reader, _ rows.Version, e Entry) (bool, error) {
			err := n.version(pl, r, e)
			garbage.passed(len(e.Body))
			return true, cmp.Or(err, ctx.Err())
		})
		if err != nil {
			return nil, 0, err
		}
		t.take(&n)
	}
	look, unlooked := t.inTurn(mostPointed)
	found := make(map[record.EntryID]Info)
	for _, id := range look {
		_, e, size, exists, mine, err := pl.headOf(id)
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return nil, 0, err
		}
		if exists && mine && !e.Header.Deleted && !e.Header.Moved {
			x := info(e)
			x.Size = size
			found[id] = x
		}
	}
	t.among(found)
	order, _ := t.inTurn(len(found))
	for _, id := range order {
		list = append(list, found[id])
	}
	return list, unlooked, nil
}
