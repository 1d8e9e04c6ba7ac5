package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"carehold/httpapi/client"
	"carehold/record/change"
	"carehold/record/fhir"
)

// What a link brings is known again by the link's server and its label, so that a link
// which is opened every month adds nothing twice. Both are whatever whoever made the link
// says: on a server that many use, another person's link has them too. What tells the two
// apart is the link's secret, which must not be in the name of a source. So what is there
// does not change by a link before the person saw what, and agreed.

// overwriting is an entry that a link would change, in words.
type overwriting struct {
	was, is string   // what it is called
	in      []string // the elements that differ
}

// text names what differs, whatever an entry is called: the elements are R4's, or the
// entry would not have got so far, and of a long title it is the rest that is left out.
func (w overwriting) text(ref fhir.Ref) string {
	name := cut(w.was, mostTitle)
	if w.is != w.was {
		was, is := besideEachOther(w.was, w.is)
		name = joined("; ", was, "by the link "+first(is, "without a name"))
	}
	return joined(": ", shortRef(ref), name) + " (in " + and(w.in) + ")"
}

// mayOverwrite leaves out what a link would change, unless the person wants it.
func (im *importer) mayOverwrite(ctx context.Context, s importSource, changes []change.Change, r *imported, dry bool) ([]change.Change, error) {
	if !s.handed || dry {
		return changes, nil
	}
	over, err := im.overwritten(ctx, changes)
	if err != nil || len(over) == 0 {
		return changes, err
	}
	a, n := im.app, 0
	for _, c := range changes {
		w, found := over[c.Ref]
		if !found || a.json {
			continue
		}
		if n++; n > mostNamed {
			continue
		}
		a.paragraph("  ", w.text(c.Ref))
	}
	if n > mostNamed {
		a.say("  … and %s more", thousands(n-mostNamed))
	}
	n = len(over)
	ok := a.yes
	if !a.yes && !a.json {
		question := fmt.Sprintf("%s would change %s that your record has: above is what. Anybody can make a link of this name. Change %s?", clean(s.name), entriesOf(n), oneOr(n, "it", "them"))
		if ok, err = a.unlessAlone(question); err != nil {
			return nil, err
		}
	}
	if ok {
		return changes, nil
	}
	a.warn("%s would change %s that your record has, named above: left as %s; the same command again, at a terminal, asks", clean(s.name), entriesOf(n), oneOr(n, "it is", "they are"))
	for _, c := range changes {
		if _, found := over[c.Ref]; found && a.json {
			if err := a.item(unchangedJSON{c.Ref.String(), "change", false, false, "nobody was asked"}); err != nil {
				return nil, err
			}
		}
	}
	r.Kept += n
	return slices.DeleteFunc(changes, func(c change.Change) bool { _, found := over[c.Ref]; return found }), nil
}

// overwritten are those of the entries that are there and say something else. The server
// compares them so, too.
func (im *importer) overwritten(ctx context.Context, changes []change.Change) (map[fhir.Ref]overwriting, error) {
	known := map[fhir.Ref]*fhir.Resource{}
	types := map[string]bool{}
	for _, c := range changes {
		if im.has(c.Ref) {
			known[c.Ref], types[c.Ref.Type] = c.Resource, true
		}
	}
	over := map[fhir.Ref]overwriting{}
	compare := func(ref fhir.Ref, body []byte) error {
		now := known[ref]
		if now == nil {
			return nil
		}
		next := now.With(fhir.Meta{ID: ref.ID})
		old, err := fhir.Parse(body, fhir.Limits{})
		if err != nil {
			return err
		}
		if now, err = fhir.Parse(next, fhir.Limits{}); err != nil {
			return err
		}
		if !bytes.Equal(old.Stripped(), now.Stripped()) {
			over[ref] = overwriting{titleOf(body), titleOf(next), differing(old, now)}
		}
		return nil
	}
	for typ := range types {
		if typ == "Binary" { // FHIR R4 §3.1.1.1: these are not searched
			continue
		}
		if err := im.session.Search(ctx, typ, func(f client.Found) error { return compare(f.Ref, f.Resource) }); err != nil {
			return nil, err
		}
	}
	for ref := range known {
		if ref.Type != "Binary" {
			continue
		}
		body, err := im.session.Read(ctx, ref)
		if err != nil {
			return nil, err
		}
		if err := compare(ref, body); err != nil {
			return nil, err
		}
	}
	return over, nil
}

// differing are the elements in which two versions of an entry differ: what it is called
// may be the same, and the dose another.
func differing(a, b *fhir.Resource) (names []string) {
	said := func(r *fhir.Resource) map[string]string {
		out := map[string]string{}
		for m := range r.Root().All() {
			if m.Name() != "id" && m.Name() != "meta" {
				out[m.Name()] = string(inOneForm(m))
			}
		}
		return out
	}
	was, is := said(a), said(b)
	for name, text := range was {
		if is[name] != text {
			names = append(names, name)
		}
	}
	for name := range is {
		if was[name] == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if names == nil {
		names = []string{"what it says of itself"} // its labels, or how it is written
	}
	return names
}

// mostTitle is how much of a title is shown beside another one, in letters.
const mostTitle = 120

// besideEachOther shortens two titles so that where they differ is seen: whoever wrote
// one of them may have put that behind what fits.
func besideEachOther(was, is string) (string, string) {
	x, y := letters(was), letters(is)
	from, end := 0, 0
	for from < min(len(x), len(y)) && x[from] == y[from] {
		from++
	}
	for end < min(len(x), len(y))-from && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	return around(x, from, len(x)-end), around(y, from, len(y)-end)
}

// around is how a title begins, and where the part from there to there begins and ends;
// a … stands for what is left out.
func around(title []string, from, to int) string {
	if len(title) <= mostTitle {
		return strings.Join(title, "")
	}
	const begins, before, within = 40, 12, 28
	var b strings.Builder
	at := 0
	for _, part := range [][2]int{{0, begins}, {from - before, min(from+within, to+before)}, {max(from-before, to-within), to + before}} {
		start, end := max(at, part[0]), min(len(title), part[1])
		if end <= at {
			continue
		}
		if start > at {
			b.WriteString("…")
		}
		b.WriteString(strings.Join(title[start:end], ""))
		at = end
	}
	if at < len(title) {
		b.WriteString("…")
	}
	return b.String()
}

// letters are a text's, each with what belongs to it.
func letters(s string) (all []string) {
	for g := uniseg.NewGraphemes(s); g.Next(); {
		all = append(all, g.Str())
	}
	return all
}

// named is an entry as a question names it.
func (im *importer) named(ctx context.Context, ref fhir.Ref) string {
	body, err := im.session.Read(ctx, ref)
	if err != nil {
		return ref.String()
	}
	return cut(joined(": ", ref.String(), titleOf(body)), 200)
}

// titleOf is what an entry is called; "" when it does not say.
func titleOf(body []byte) string {
	o, _ := parseObject(body)
	return clean(title(o))
}

// unchangedJSON is an entry that an import would have changed or deleted, and did not.
type unchangedJSON struct {
	Ref     string `json:"ref"`
	Change  string `json:"change"`
	Done    bool   `json:"done"`
	DryRun  bool   `json:"dry_run,omitempty"`
	Because string `json:"because,omitempty"`
}
