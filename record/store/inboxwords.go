package store

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A person may say something about an entry that somebody else wrote: a note, or that
// they dispute it. It stands in the resource itself, as an extension, so that it goes
// wherever the entry goes: into reads, searches, exports and summaries. It is a version
// of its own, by the person; what was written before stays as it was.
//
//	extension  url urn:carehold:note or urn:carehold:dispute,
//	           valueAnnotation {authorReference Patient/…, time, text}
//	meta.tag   urn:carehold:status|disputed, while there is a dispute
//
// The person's words are the person's: an update by anybody else has them as they are,
// no more and no fewer, or it is refused. What the person imports again keeps them, and
// brings none: a file is anybody's, unless it is said to be the person's own export.
const (
	NoteURL      = "urn:carehold:note"
	DisputeURL   = "urn:carehold:dispute"
	StatusSystem = "urn:carehold:status"
	Disputed     = "disputed"
)

// MaxWords is how long a note may be, in bytes; mostWords how many an entry has.
const (
	MaxWords  = 4000
	mostWords = 50
)

// said are the person's words in a resource, each the whole of its extension: whatever
// stands in it is read as theirs. However they are spaced and escaped, and in whatever
// order their members are, they are the same.
func said(r *fhir.Resource) (list []string) {
	if r == nil {
		return nil
	}
	for x := range r.Root().Get("extension").All() {
		if isWords(x) {
			list = append(list, canonical(x))
		}
	}
	slices.Sort(list)
	return list
}

// wordsRoom is how much of a resource the person's words are, with what holds them; at
// most what room is kept for. 50 notes are within it (TestNotesOnTheLargest).
func wordsRoom(r *fhir.Resource) (bytes, values int) {
	const around = 256 // of bytes, and more than of values: extension, meta, tag, the commas
	for x := range r.Root().Get("extension").All() {
		if isWords(x) {
			bytes, values = bytes+shortest(x), values+x.Values()
		}
	}
	for _, tag := range status(r) {
		bytes, values = bytes+shortest(tag), values+tag.Values()
	}
	if bytes == 0 {
		return 0, 0
	}
	return min(bytes+around, fhir.Room/2), min(values+around, fhir.RoomValues/2)
}

// shortest is how long something of the person's is at least, however it is written: who
// sends it along with white space or escapes sends those for their own.
func shortest(x fhir.Node) int { return min(len(x.Raw()), len(canonical(x))) }

func isWords(x fhir.Node) bool {
	url := x.Get("url").Text()
	return url == NoteURL || url == DisputeURL
}

// mostCanonical is more than anything of the person's ever is, however it is written: what
// is larger is not theirs, or is as they sent it, and is compared as it stands.
const mostCanonical = 64 << 10

// canonical is JSON as it is compared: members by name, no white space, numbers as they
// are written.
func canonical(n fhir.Node) string {
	if len(n.Raw()) > mostCanonical {
		return string(n.Raw())
	}
	var x any
	d := json.NewDecoder(bytes.NewReader(n.Raw()))
	d.UseNumber()
	if d.Decode(&x) != nil {
		return string(n.Raw())
	}
	b, err := json.Marshal(x)
	if err != nil {
		return string(n.Raw())
	}
	return string(b)
}

// elsewhere is what has a name of the person's words where they do not stand: in an
// element, in meta, in what is contained. A program that looks for them by name would
// show it as the person's. Of what stands in such a thing itself nothing is said: many
// within one another would be compared as often as they are deep.
func elsewhere(r *fhir.Resource) (list []fhir.Node) {
	for n := range ourNames(r) {
		x := n.Parent()
		in := x.Parent()
		switch top := in.Parent(); {
		case isWords(x) && in.IsName("extension") && top.Same(r.Root()):
		case x.Get("system").Text() == StatusSystem && in.IsName("tag") && top.IsName("meta") && top.Parent().Same(r.Root()):
		default:
			list = outermost(list, x)
		}
	}
	return list
}

// outermost adds an element to those found before, of which none holds another.
func outermost(list []fhir.Node, x fhir.Node) []fhir.Node {
	if len(list) > 0 && list[len(list)-1].Holds(x) {
		return list
	}
	for len(list) > 0 && x.Holds(list[len(list)-1]) { // its name came after what it has in it
		list = list[:len(list)-1]
	}
	return append(list, x)
}

// ourNames are the elements that have a name of the person's words, in the order of the text.
func ourNames(r *fhir.Resource) iter.Seq[fhir.Node] {
	return func(yield func(fhir.Node) bool) {
		if r == nil {
			return
		}
		for n := range r.Nodes() {
			if (n.IsName("url") || n.IsName("system")) && ours(n.Text()) && !yield(n) {
				return
			}
		}
	}
}

// ours reports whether a URL is one of the three, with a version, a fragment or in other
// letters too.
func ours(url string) bool {
	if i := strings.IndexAny(url, "|#?"); i >= 0 {
		url = url[:i]
	}
	switch strings.ToLower(strings.TrimSpace(url)) {
	case NoteURL, DisputeURL, StatusSystem:
		return true
	}
	return false
}

// status are the tags that say what the person says of it.
func status(r *fhir.Resource) (tags []fhir.Node) {
	if r == nil {
		return nil
	}
	for tag := range r.Root().Get("meta").Get("tag").All() {
		if tag.Get("system").Text() == StatusSystem {
			tags = append(tags, tag)
		}
	}
	return tags
}

// ownWords refuses a resource that somebody else writes and that has other words of the
// person's than was has, which is what it takes the place of; nil for nothing.
func ownWords(was, r *fhir.Resource) error {
	for _, list := range []fhir.Node{r.Root().Get("extension"), r.Root().Get("meta").Get("tag")} {
		if list.Valid() && list.Kind() != '[' { // else nothing that the person says could be put in
			return record.Safef(record.Invalid, "this must be an array").At(list.Path())
		}
	}
	if _, all := among(elsewhere(r), elsewhere(was)); !all {
		return record.Safef(record.Unprocessed, "%s, %s and the system %s are for the person's own words, as extensions and tags of the resource itself: write yours without them", NoteURL, DisputeURL, StatusSystem)
	}
	had, has := said(was), said(r)
	tags := func(r *fhir.Resource) (list []string) {
		for _, tag := range status(r) {
			list = append(list, canonical(tag))
		}
		slices.Sort(list)
		return list
	}
	if slices.Equal(had, has) && slices.Equal(tags(was), tags(r)) {
		return nil
	}
	for _, words := range had {
		if !slices.Contains(has, words) {
			what, url := "has a note of the person's on it", NoteURL
			if strings.Contains(words, `"url":"`+DisputeURL+`"`) {
				what, url = "is disputed by the person", DisputeURL
			}
			return record.Errorf(record.Unprocessed, "this entry %s: send the extension %s and the tags along as you read them. Only the person takes their words back", what, url)
		}
	}
	return record.Safef(record.Unprocessed, "%s, %s and the tag %s are the person's own words about an entry: write yours without them, and in an update as you read them", NoteURL, DisputeURL, StatusSystem)
}

// ownWords is that of a change. The person may write what they want, and have their own
// export written; what else they import has no words but those that are there.
func (pl *planner) ownWords(w *draft) error {
	self := pl.v.grant.Self
	if w.res == nil || self && (pl.origin.IsZero() || pl.ownExport || len(spoken(w.res)) == 0) {
		return nil
	}
	was, err := pl.before(w)
	if err != nil {
		return err
	}
	if self {
		return broughtWords(was, w.res)
	}
	return ownWords(was, w.res)
}

// broughtWords refuses words that an import would put in the person's mouth.
func broughtWords(was, r *fhir.Resource) error {
	if x, all := among(spoken(r), spoken(was)); !all {
		return record.Safef(record.Unprocessed, "%s, %s and the system %s are for the person's own words, and what is imported can be anybody's: leave them out, or say words=own in Carehold-Import if this is the person's own export", NoteURL, DisputeURL, StatusSystem).At(x.Path())
	}
	return nil
}

// among reports whether each of a list is one of those that were there, each of which
// counts once; or the first that is not. Most have none, and are not looked into.
func among(list, were []fhir.Node) (odd fhir.Node, all bool) {
	if len(list) > len(were) {
		were = nil
	}
	before := make([]string, len(were))
	for i, x := range were {
		before[i] = canonical(x)
	}
	for _, x := range list {
		i := -1
		if len(before) > 0 {
			i = slices.Index(before, canonical(x))
		}
		if i < 0 {
			return x, false
		}
		before = slices.Delete(before, i, i+1)
	}
	return odd, true
}

// spoken is all that has a name of the person's words, wherever it stands; not what stands
// in such a thing.
func spoken(r *fhir.Resource) (list []fhir.Node) {
	for n := range ourNames(r) {
		if x := n.Parent(); !x.Same(r.Root()) {
			n = x
		}
		list = outermost(list, n)
	}
	return list
}

// Unspoken is a resource without what has a name of the person's words, as it may be
// imported from anybody's file.
func Unspoken(r *fhir.Resource) (*fhir.Resource, error) {
	words := spoken(r)
	if len(words) == 0 {
		return r, nil
	}
	return fhir.Parse(r.Without(words), fhir.Limits{})
}

// before is what a change takes the place of; nil for nothing. Of what was deleted it is
// the newest version that was not: what the person said of it is not to be lost by who
// deletes an entry and writes another in its place.
func (pl *planner) before(w *draft) (*fhir.Resource, error) {
	if w.fresh || !w.exists {
		return nil, nil
	}
	was := w.was
	if was.Header.Deleted {
		err := pl.v.history(w.old, func(_ kv.Reader, _ rows.Version, old Entry) (bool, error) {
			if old.Header.Deleted {
				return true, nil
			}
			was = old
			return false, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if was.Header.Deleted || was.Header.Content != nil {
		return nil, nil
	}
	r, err := fhir.Parse(was.Body, fhir.Limits{})
	if err != nil {
		return nil, rows.Damaged("entry")
	}
	return r, nil
}

// keepWords keeps the person's words where an import of theirs brings another version of
// what they have said something about.
func (pl *planner) keepWords(w *draft) error {
	if pl.origin.IsZero() || w.apart != nil {
		return nil
	}
	was, err := pl.before(w)
	if err != nil || len(said(was)) == 0 {
		return err
	}
	has := said(w.res)
	for x := range was.Root().Get("extension").All() {
		if !isWords(x) || slices.Contains(has, canonical(x)) {
			continue
		}
		var tag []byte
		if x.Get("url").Text() == DisputeURL && len(status(w.res)) == 0 {
			tag = disputedTag
		}
		if w.res, err = fhir.Parse(w.res.WithMore(x.Raw(), tag), fhir.Limits{}); err != nil {
			return err
		}
	}
	return nil
}

var disputedTag = []byte(`{"system":"` + StatusSystem + `","code":"` + Disputed + `","display":"the person disputes this"}`)
