package store

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
)

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
	x, does := words{URL: NoteURL}, audit.SaidNote
	if dispute {
		x.URL, does = DisputeURL, audit.SaidDispute
	}
	x.Value.Author.Reference = "Patient/" + v.PatientID()
	x.Value.Time, x.Value.Text = v.s.time().UTC().Format(time.RFC3339), text
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // or a note could be six times as long as it is
	if err := e.Encode(x); err != nil {
		return Result{}, err
	}
	extension := bytes.TrimSpace(b.Bytes())
	return v.say(ctx, ref, version, does, func(r *fhir.Resource) (*fhir.Resource, error) {
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
	return v.say(ctx, ref, version, audit.TookBack, func(r *fhir.Resource) (*fhir.Resource, error) {
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
		if isWords(x) {
			return x, true
		}
	}
	for _, tag := range status(r) {
		return tag, true
	}
	return fhir.Node{}, false
}

// say writes what becomes of an entry by the person's words; does is what the log calls
// it. Types that FHIR gives no extensions have no place for them.
func (v *View) say(ctx context.Context, ref fhir.Ref, version record.Version, does string, edit func(*fhir.Resource) (*fhir.Resource, error)) (Result, error) {
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
	}, ApplyOptions{says: does})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}
