package store

import (
	"cmp"
	"context"
	"slices"

	"carehold/record/kv"
	"carehold/record/rows"
)

// mostBodies is how many entries are opened to tell whether they belong in a list, and
// mostBodyBytes how much of them. The smaller ones come first.
const (
	mostBodies    = 2000
	mostBodyBytes = 4 * maxPageBytes
)

type later struct {
	n, size int
	seen    Seen
}

// laters are a heap with the largest on top: it is the one that there is no room for.
type laters []later

func (l laters) Len() int           { return len(l) }
func (l laters) Less(i, j int) bool { return l[i].size > l[j].size }
func (l laters) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *laters) Push(x any)        { *l = append(*l, x.(later)) }
func (l *laters) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// seeBodies sees those whose bodies are needed.
func (l *browser) seeBodies(ctx context.Context, v *View, r kv.Reader, d *rows.Directory) error {
	slices.SortFunc(l.later, func(x, y later) int { return cmp.Compare(x.size, y.size) })
	left, rest := mostBodyBytes, l.later
	for len(rest) > 0 {
		part := rest[:some(rest, min(left, maxPageBytes))]
		if len(part) == 0 {
			break
		}
		rest = rest[len(part):]
		numbers := make([]int, len(part))
		for i, x := range part {
			numbers[i] = x.n
			left -= x.size
		}
		var opened plains
		had := v.weight
		found, err := l.openAll(ctx, v, r, d, numbers, &opened)
		if err != nil {
			found = nil
		}
		for i := range found {
			s := part[i].seen
			if err = ctx.Err(); err != nil { // nobody waits for it any more
				break
			}
			s.Body = found[i].Body
			l.b.See(part[i].n, &s)
		}
		opened.release()
		v.giveBack(had)
		if err != nil {
			return err
		}
	}
	for i := range rest {
		l.leave(&rest[i])
	}
	return nil
}

// some is how many of them, from the first on, are opened at once.
func some(of []later, bytes int) (n int) {
	const most = 100
	for n < min(len(of), most) && of[n].size <= bytes {
		bytes -= of[n].size
		n++
	}
	return n
}

// giveBack gives back the room that was taken since.
func (v *View) giveBack(had int64) {
	v.s.answers.release(v.shares(), v.weight-had)
	v.weight = had
}

// open opens what there is room for of a page, in the order of the page.
func (l *browser) open(ctx context.Context, v *View, r kv.Reader, d *rows.Directory, shown []int) ([]Found, error) {
	page := make([]Found, len(shown))
	places := make([]int, len(shown))
	for i, n := range shown {
		page[i].Ref, places[i] = l.p.all[n].Ref, i
	}
	slices.SortStableFunc(places, func(x, y int) int { return cmp.Compare(l.p.size(shown[x]), l.p.size(shown[y])) })
	fits, bytes := 0, 0
	for fits < len(places) && bytes+l.p.size(shown[places[fits]]) <= maxPageBytes {
		bytes += l.p.size(shown[places[fits]])
		fits++
	}
	numbers := make([]int, fits)
	for i, at := range places[:fits] {
		numbers[i] = shown[at]
	}
	found, err := l.openAll(ctx, v, r, d, numbers, l.plains)
	if err != nil {
		return nil, err
	}
	for i, at := range places[:fits] {
		page[at] = found[i]
	}
	return page, nil
}

func (l *browser) openAll(ctx context.Context, v *View, r kv.Reader, d *rows.Directory, numbers []int, to *plains) ([]Found, error) {
	size, largest, had := 0, 0, v.weight
	for _, n := range numbers {
		size, largest = size+l.p.size(n), max(largest, l.p.size(n))
	}
	if err := v.take(ctx, size, largest); err != nil {
		return nil, err
	}
	defer v.taken(had, size)
	return v.openFound(r, d, l.p, numbers, nil, to)
}
