package store_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

const disputable = `{"resourceType":"Observation","id":"dis","status":"final","code":{"text":"HIV positive"},"valueString":"x"}`

var disputed = fhir.Ref{Type: "Observation", ID: "dis"}

// disputedFor is a record with a disputed entry, and a view of somebody who may write it.
func disputedFor(t *testing.T) (me, other *store.View, body string) {
	t.Helper()
	_, s := newStore(t)
	d := enrol(t, s)
	me = d.session()
	_, token := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	put(t, me, disputable)
	if _, err := me.Annotate(ctx, disputed, 0, "this is not true", true); err != nil {
		t.Fatal(err)
	}
	e, err := me.Read(ctx, disputed, 0)
	if err != nil {
		t.Fatal(err)
	}
	return me, view(t, s, token), string(e.Body)
}

// TestDisputeOutlivesDeletion: who deletes an entry and writes another under its id does
// not get rid of what the person said of it.
func TestDisputeOutlivesDeletion(t *testing.T) {
	me, other, body := disputedFor(t)
	for range 2 { // twice, for what is deleted again
		if _, err := other.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: disputed}}, store.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := tryPut(other, disputable); record.KindOf(err) != record.Unprocessed {
			t.Fatalf("written without the dispute: %v", err)
		}
		if _, err := tryPut(other, body); err != nil {
			t.Fatalf("with the dispute as it was: %v", err)
		}
	}
	if _, err := tryPut(me, disputable); err != nil {
		t.Errorf("by the person: %v", err)
	}
}

// TestDisputeIsWhole: nothing in the dispute, and nothing that looks like one, is anybody
// else's to write.
func TestDisputeIsWhole(t *testing.T) {
	_, other, body := disputedFor(t)
	for name, c := range map[string][2]string{
		"display of the tag":     {`"display":"the person disputes this"`, `"display":"the person has withdrawn this"`},
		"version of the tag":     {`"display":"the person disputes this"`, `"display":"the person disputes this","version":"withdrawn"`},
		"display of the author":  {`"authorReference":{`, `"authorReference":{"display":"Dr Bob",`},
		"extension of the value": {`"valueAnnotation":{`, `"valueAnnotation":{"extension":[{"url":"urn:x","valueString":"withdrawn"}],`},
		"text's extension":       {`"valueAnnotation":{`, `"valueAnnotation":{"_text":{"extension":[{"url":"urn:x","valueString":"withdrawn"}]},`},
		"second author":          {`"authorReference":{`, `"authorString":"Dr Bob","authorReference":{`},
		"nested":                 {`{"url":"urn:carehold:dispute",`, `{"url":"urn:carehold:dispute","extension":[{"url":"urn:x","valueBoolean":true}],`},
		"modifierExtension":      {`"status":"final"`, `"status":"final","modifierExtension":[{"url":"urn:carehold:dispute","valueString":"I agree"}]`},
		"in an element":          {`"code":{"text"`, `"code":{"extension":[{"url":"urn:carehold:note","valueString":"I agree"}],"text"`},
		"escaped":                {`"code":{"text"`, `"code":{"extension":[{"url":"urn:\u0063arehold:note","valueString":"I agree"}],"text"`},
		"with a version":         {`"status":"final"`, `"status":"final","modifierExtension":[{"url":"urn:carehold:Note|2","valueString":"I agree"}]`},
		"in meta":                {`"meta":{`, `"meta":{"extension":[{"url":"urn:carehold:note","valueString":"I agree"}],`},
		"as security":            {`"meta":{`, `"meta":{"security":[{"system":"urn:carehold:status","code":"withdrawn"}],`},
		"contained":              {`"status":"final"`, `"status":"final","contained":[{"resourceType":"Basic","id":"c","meta":{"tag":[{"system":"urn:carehold:status","code":"withdrawn"}]}}]`},
	} {
		x := strings.Replace(body, c[0], c[1], 1)
		if x == body {
			t.Fatalf("%s: changes nothing in %s", name, body)
		}
		if _, err := tryPut(other, x); record.KindOf(err) != record.Unprocessed {
			t.Errorf("%s: %v", name, err)
		}
	}
	// In another order and spacing it is the same, and all else may change.
	x := strings.Replace(body, `{"system":"urn:carehold:status","code":"disputed"`, `{ "code":"disputed", "system":"urn:carehold:\u0073tatus"`, 1)
	x = strings.Replace(x, `"valueString":"x"`, `"valueString":"y"`, 1)
	if _, err := tryPut(other, x); err != nil || x == body {
		t.Errorf("another value beside the dispute: %v", err)
	}
}

// TestTakenInSaysNothing: what is taken in can have been sealed by anybody who knows the
// person's public key, past what a server looks at when something is left there.
func TestTakenInSaysNothing(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	if _, err := add(adder(t, s, token), weight); err != nil {
		t.Fatal(err)
	}
	w := d.inbox()[0]
	forged := strings.Replace(weight, `"status"`, `"extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"I agree"}}],"status"`, 1)
	x := taking(w)
	x.JSON = []byte(forged)
	if _, err := d.session().TakeIn(ctx, w.id, x); record.KindOf(err) != record.Unprocessed || !strings.Contains(record.SafeText(err), "own words") {
		t.Errorf("taken in as the person's words: %v", err)
	}
	x.JSON = []byte(weight)
	if _, err := d.session().TakeIn(ctx, w.id, x); err != nil {
		t.Errorf("without them: %v", err)
	}
}

// TestNestedWords: a resource full of what has the names of the person's words, within one
// another, is refused for about what it costs to read it.
func TestNestedWords(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, v := d.writer()
	const each, depth = `{"url":"urn:x","valueString":"a"}`, 30
	inner := each + strings.Repeat(","+each, 100_000)
	for what, text := range map[string]string{
		"the name before": strings.Repeat(`{"url":"urn:carehold:note","extension":[`, depth) + inner + strings.Repeat(`]}`, depth),
		"the name after":  strings.Repeat(`{"extension":[`, depth) + inner + strings.Repeat(`],"url":"urn:carehold:note"}`, depth),
		"one beside":      `{"url":"urn:x","extension":[` + inner + `,{"url":"urn:carehold:note"}]}`,
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Observation","id":"n","extension":[`+text+`],"status":"final","code":{"text":"x"}}`), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = v.Apply(ctx, []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: "Observation", ID: "n"}, Resource: r}}, store.ApplyOptions{})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, record.Unprocessed) {
			t.Errorf("%s: %v", what, err)
		}
		if grew := after.TotalAlloc - before.TotalAlloc; grew > 20*uint64(len(r.Bytes())) {
			t.Errorf("%s: %d MiB for %d", what, grew>>20, len(r.Bytes())>>20)
		}
	}
}

// TestWordsHaveRoom: nobody else writes what the person's words could not be put into.
func TestWordsHaveRoom(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	_, adds := d.addOnly(record.Measures)
	leaving := adder(t, s, adds)
	_, writes := d.share(grant.Grant{To: grant.Party{Name: "Nurse"}, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	for _, odd := range []string{`"extension":{"url":"urn:x","valueString":"y"}`, `"extension":"y"`, `"meta":{"tag":{"code":"y"}}`} {
		text := strings.Replace(weight, `"resourceType":"Observation"`, `"resourceType":"Observation",`+odd, 1)
		if _, err := add(leaving, text); !errors.Is(err, record.Invalid) {
			t.Errorf("left: %s: %v", odd, err)
		}
		if _, err := create(view(t, s, writes), text); !errors.Is(err, record.Invalid) {
			t.Errorf("written: %s: %v", odd, err)
		}
	}
	if _, err := add(leaving, weight); err != nil {
		t.Error(err)
	}
}
