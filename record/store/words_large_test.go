package store_test

import (
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// TestNotesOnTheLargest: an entry that somebody made as large as it may be has room for all
// the notes that there may be, each as long as it may be and of what JSON writes longest.
// It is read, found and changed all the same, by whoever may.
func TestNotesOnTheLargest(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	_, token := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	other := view(t, s, token)
	// A separator is six bytes for three in JSON, a quote two for one; "<" could be six.
	for name, c := range map[string]struct {
		filled func(id, with string) string
		text   string
	}{
		"tags":       {largestBytes, strings.Repeat("<", store.MaxWords)},
		"separators": {largestBytes, "a" + strings.Repeat("\u2028", store.MaxWords/3-1) + "b"},
		"quotes":     {largestValues, strings.Repeat(`"`, store.MaxWords)},
	} {
		filled, text := c.filled, c.text
		// What 50 of them are, from a small entry: to write the large one 50 times takes long.
		small := fhir.Ref{Type: "Observation", ID: "small-" + name}
		put(t, me, `{"resourceType":"Observation","id":"`+small.ID+`","status":"final","code":{"text":"x"}}`)
		for range 50 {
			if _, err := me.Annotate(ctx, small, 0, text, true); err != nil {
				t.Fatal(name, err)
			}
		}
		if _, err := me.Annotate(ctx, small, 0, text, true); record.KindOf(err) != record.Unprocessed {
			t.Errorf("%s: one note more: %v", name, err)
		}
		e, err := me.Read(ctx, small, 0)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(e.Body, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for x := range r.Root().Get("extension").All() {
			words = append(words, string(x.Raw()))
		}
		large := fhir.Ref{Type: "Observation", ID: "large-" + name}
		if _, err := tryPut(other, filled(large.ID, "")); err != nil {
			t.Fatalf("%s: as large as may be: %v", name, err)
		}
		if _, err := tryPut(me, filled(large.ID, `"extension":[`+strings.Join(words[:48], ",")+`],`)); err != nil {
			t.Fatalf("%s: 48 notes: %v", name, err)
		}
		for range 2 {
			if _, err := me.Annotate(ctx, large, 0, text, true); err != nil {
				t.Fatalf("%s: the last notes: %v", name, err)
			}
		}
		if _, err := me.Annotate(ctx, large, 0, text, true); record.KindOf(err) != record.Unprocessed {
			t.Errorf("%s: one note more on the large one: %v", name, err)
		}
		for who, v := range map[string]*store.View{"the person": me, "another": other} {
			e, err := v.Read(ctx, large, 0)
			if err != nil {
				t.Fatalf("%s: %s reads it: %v", name, who, err)
			}
			if page, err := lookFor(v, "Observation", "_id="+large.ID+"&code:text=large", 1); err != nil || page.Total != 1 {
				t.Errorf("%s: %s searches: %d %v", name, who, page.Total, err)
			}
			// Who changes something else sends the words along as they are.
			if _, err := tryPut(v, strings.Replace(string(e.Body), `"final"`, `"other"`, 1)); err != nil {
				t.Errorf("%s: %s changes it: %v", name, who, err)
			}
		}
	}
}

// largestBytes is an entry of as many bytes as may be, without what it is made with.
func largestBytes(id, with string) string {
	fill := func(n int) string {
		return `{"resourceType":"Observation","id":"` + id + `",` + with + `"status":"final","code":{"text":"large"},"note":[{"text":"` + strings.Repeat("x", n) + `"}]}`
	}
	return fill(fhir.MaxBytes - len(fill(0)) + len(with))
}

// largestValues is the same of values.
func largestValues(id, with string) string {
	return `{"resourceType":"Observation","id":"` + id + `",` + with + `"status":"final","code":{"text":"large"},"note":[{"text":"a"}` + strings.Repeat(`,{"text":"a"}`, (fhir.MaxValues-16)/2) + `]}`
}

// TestWordsAreNotPadded: what somebody sends along with the person's words is their own, and
// takes of their room: white space in them, and letters written as escapes.
func TestWordsAreNotPadded(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	_, token := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	other := view(t, s, token)
	ref := fhir.Ref{Type: "Observation", ID: "big"}
	if _, err := tryPut(other, largestBytes(ref.ID, "")); err != nil {
		t.Fatal(err)
	}
	words := strings.Repeat("hm", 100)
	if _, err := me.Annotate(ctx, ref, 0, words, false); err != nil {
		t.Fatal(err)
	}
	e, err := me.Read(ctx, ref, 0)
	if err != nil {
		t.Fatal(err)
	}
	for what, written := range map[string]string{"white space": strings.Repeat(" ", 40<<10) + `"` + words + `"`, "escapes": `"` + strings.Repeat(`\u0068\u006d`, 100) + `"`} {
		padded := strings.Replace(string(e.Body), `"`+words+`"`, written, 1)
		if _, err := tryPut(other, padded); record.KindOf(err) != record.TooLarge {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := tryPut(other, strings.Replace(string(e.Body), `"`+words+`"`, strings.Repeat(" ", 100<<10)+`"`+words+`"`, 1)); record.KindOf(err) != record.Unprocessed {
		t.Errorf("more white space than words ever are: %v", err)
	}
}
