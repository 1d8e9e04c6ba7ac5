package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
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
// no more and no fewer, or it is refused. What the person imports again keeps them.
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

// said are the person's words in a resource, each as FHIR has them: url, author, time,
// text. However they are spaced and escaped, they are the same.
func said(r *fhir.Resource) (list [][4]string) {
	if r == nil {
		return nil
	}
	for x := range r.Root().Get("extension").All() {
		if url := x.Get("url").Text(); url == NoteURL || url == DisputeURL {
			a := x.Get("valueAnnotation")
			list = append(list, [4]string{url, a.Get("authorReference").Get("reference").Text(), a.Get("time").Text(), a.Get("text").Text()})
		}
	}
	slices.SortFunc(list, func(a, b [4]string) int {
		return strings.Compare(strings.Join(a[:], "\x00"), strings.Join(b[:], "\x00"))
	})
	return list
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
	had, has := said(was), said(r)
	codes := func(r *fhir.Resource) (list []string) {
		for _, tag := range status(r) {
			list = append(list, tag.Get("code").Text())
		}
		return list
	}
	if slices.Equal(had, has) && slices.Equal(codes(was), codes(r)) {
		return nil
	}
	for _, words := range had {
		if !slices.Contains(has, words) {
			what := "has a note of the person's on it"
			if words[0] == DisputeURL {
				what = "is disputed by the person"
			}
			return record.Errorf(record.Unprocessed, "this entry %s: send the extension %s and the tags along as you read them. Only the person takes their words back", what, words[0])
		}
	}
	return record.Safef(record.Unprocessed, "%s, %s and the tag %s are the person's own words about an entry: write yours without them, and in an update as you read them", NoteURL, DisputeURL, StatusSystem)
}

// ownWords is that of a change; the person may write what they want.
func (pl *planner) ownWords(w *draft) error {
	if w.res == nil || pl.v.grant.Self {
		return nil
	}
	was, err := w.before()
	if err != nil {
		return err
	}
	return ownWords(was, w.res)
}

// before is what a change takes the place of; nil for nothing.
func (w *draft) before() (*fhir.Resource, error) {
	if w.fresh || !w.exists || w.was.Header.Deleted || w.was.Header.Content != nil {
		return nil, nil
	}
	r, err := fhir.Parse(w.was.Body, fhir.Limits{})
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
	was, err := w.before()
	if err != nil || len(said(was)) == 0 {
		return err
	}
	has := said(w.res)
	for x := range was.Root().Get("extension").All() {
		url := x.Get("url").Text()
		if url != NoteURL && url != DisputeURL {
			continue
		}
		a := x.Get("valueAnnotation")
		words := [4]string{url, a.Get("authorReference").Get("reference").Text(), a.Get("time").Text(), a.Get("text").Text()}
		if slices.Contains(has, words) {
			continue
		}
		var tag []byte
		if url == DisputeURL && len(status(w.res)) == 0 {
			tag = disputedTag
		}
		if w.res, err = fhir.Parse(w.res.WithMore(x.Raw(), tag), fhir.Limits{}); err != nil {
			return err
		}
	}
	return nil
}

var disputedTag = []byte(`{"system":"` + StatusSystem + `","code":"` + Disputed + `","display":"the person disputes this"}`)

// Annotate puts words of the person's on an entry, as a new version of it. version is
// the one that they saw; 0 is whichever is newest.
func (v *View) Annotate(ctx context.Context, ref fhir.Ref, version record.Version, text string, dispute bool) (Result, error) {
	if !v.grant.Self {
		return Result{}, v.onlyPerson(ctx)
	}
	if text = strings.TrimSpace(text); text == "" {
		return Result{}, record.Safef(record.Invalid, "say something: a note, and a dispute, has a text").At("text")
	}
	if len(text) > MaxWords || strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && r != '\t' && unicode.IsControl(r) || r == unicode.ReplacementChar
	}) {
		return Result{}, record.Safef(record.Invalid, "a note has at most %d bytes, and no control characters but line ends", MaxWords).At("text")
	}
	x := words{URL: NoteURL}
	if dispute {
		x.URL = DisputeURL
	}
	x.Value.Author.Reference = "Patient/" + v.PatientID()
	x.Value.Time, x.Value.Text = v.s.time().UTC().Format(time.RFC3339), text
	extension, err := json.Marshal(x)
	if err != nil {
		return Result{}, err
	}
	return v.say(ctx, ref, version, func(r *fhir.Resource) (*fhir.Resource, error) {
		if len(said(r)) >= mostWords {
			return nil, record.Safef(record.Unprocessed, "there are %d notes on this entry already: withdraw them first", mostWords)
		}
		var tag []byte
		if dispute && len(status(r)) == 0 {
			tag = disputedTag
		}
		return fhir.Parse(r.WithMore(extension, tag), fhir.Limits{})
	})
}

// words are an extension, in R4's order.
type words struct {
	URL   string `json:"url"`
	Value struct {
		Author struct {
			Reference string `json:"reference"`
		} `json:"authorReference"`
		Time string `json:"time"`
		Text string `json:"text"`
	} `json:"valueAnnotation"`
}

// Withdraw takes the person's words off an entry again, notes and disputes: a new
// version of it. Those before it have them still.
func (v *View) Withdraw(ctx context.Context, ref fhir.Ref, version record.Version) (Result, error) {
	if !v.grant.Self {
		return Result{}, v.onlyPerson(ctx)
	}
	return v.say(ctx, ref, version, func(r *fhir.Resource) (*fhir.Resource, error) {
		if len(said(r)) == 0 && len(status(r)) == 0 {
			return nil, record.Safef(record.NotFound, "there is no note of yours on this entry")
		}
		for {
			n, there := firstWords(r)
			if !there {
				return r, nil
			}
			var err error
			if r, err = fhir.Parse(n.Drop(), fhir.Limits{}); err != nil {
				return nil, err
			}
		}
	})
}

func firstWords(r *fhir.Resource) (fhir.Node, bool) {
	for x := range r.Root().Get("extension").All() {
		if url := x.Get("url").Text(); url == NoteURL || url == DisputeURL {
			return x, true
		}
	}
	for _, tag := range status(r) {
		return tag, true
	}
	return fhir.Node{}, false
}

// say writes what becomes of an entry by the person's words. Types that FHIR gives no
// extensions have no place for them.
func (v *View) say(ctx context.Context, ref fhir.Ref, version record.Version, edit func(*fhir.Resource) (*fhir.Resource, error)) (Result, error) {
	switch ref.Type {
	case "Binary", "Bundle", "Parameters":
		return Result{}, record.Errorf(record.Unprocessed, "FHIR has no place for a note on a %s: say it on the entry that it belongs to", ref.Type)
	}
	results, err := v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		now, err := find.Current(ref)
		if err != nil {
			return nil, err
		}
		r, err := edit(now)
		if err != nil {
			return nil, err
		}
		c := change.Change{Verb: change.Update, Ref: ref, Resource: r}
		if version != 0 {
			c.IfMatch = `"` + version.String() + `"`
		}
		return []change.Change{c}, nil
	}, ApplyOptions{})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}
