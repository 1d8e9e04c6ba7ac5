package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"carehold/record/change"
	"carehold/record/fhir"
)

// known is what the record says of a file that it has already. What is said of the file
// now changes that, and nothing else of it.
type known struct {
	title, made string
	changed     []string       // in words: "its title"
	resource    *fhir.Resource // as it is to be; nil: as it is
}

// patch is one operation of a JSON Patch (RFC 6902 §4). "add" replaces what is there.
type patch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// known reads what is said of a file, and changes in it what the flags say.
func (im *importer) known(ctx context.Context, f *documentFile, o *documentOptions, about fhir.Ref) (*known, error) {
	ref := f.doc.Reference()
	body, err := im.session.Read(ctx, ref)
	if err != nil {
		return nil, err
	}
	k := &known{}
	was, ok := parseObject(body)
	if !ok {
		return nil, errors.New("what the server has of " + ref.String() + " is not JSON")
	}
	// Which of its contents is this file: somebody else may have added others.
	at := -1
	for i, c := range list(was["content"]) {
		content, _ := c.(object)
		attached, _ := content["attachment"].(object)
		if str(attached, "url") == f.doc.Binary().String() {
			at = i
			k.title, k.made = first(str(was, "description"), str(attached, "title")), str(attached, "creation")
			break
		}
	}
	if at < 0 {
		return nil, nil // it is of another file now, and is written anew
	}
	var patches []patch
	set := func(what, path string, value any) {
		patches = append(patches, patch{"add", path, value})
		if n := len(k.changed); n == 0 || k.changed[n-1] != what {
			k.changed = append(k.changed, what)
		}
	}
	attached := fmt.Sprintf("/content/%d/attachment", at)
	if o.title != "" && o.title != k.title {
		k.title = o.title
		set("its title", "/description", o.title)
		set("its title", attached+"/title", o.title)
	}
	if o.date != "" && o.date != k.made {
		k.made = o.date
		set("its date", attached+"/creation", o.date)
	}
	if o.kind != "" && o.kind != words(was["type"]) {
		set("its type", "/type", object{"text": o.kind})
	}
	if path, value := belonging(was, about); path != "" {
		set("what it belongs to", path, value)
	}
	if len(patches) == 0 {
		return k, nil
	}
	k.resource, err = patched(body, patches)
	return k, err
}

// belonging is how a document is said to belong to another entry too; "" when it does.
func belonging(was object, about fhir.Ref) (path string, value any) {
	element := "related"
	switch about.Type {
	case "":
		return "", nil
	case "Encounter":
		element = "encounter"
	}
	reference := object{"reference": about.String()}
	context, there := was["context"].(object)
	if !there {
		return "/context", object{element: []any{reference}}
	}
	some := list(context[element])
	for _, x := range some {
		if r, ok := x.(object); ok && str(r, "reference") == about.String() {
			return "", nil
		}
	}
	if len(some) == 0 {
		return "/context/" + element, []any{reference}
	}
	return "/context/" + element + "/-", reference
}

func patched(body []byte, patches []patch) (*fhir.Resource, error) {
	b, err := json.Marshal(patches)
	if err != nil {
		return nil, err
	}
	p, err := change.ParseJSONPatch(b)
	if err != nil {
		return nil, err
	}
	r, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	return p.Apply(r)
}

// aDay is a date as it should be written, though there may be no such day.
var aDay = regexp.MustCompile(`^\d{4}(-\d{2}){0,2}$`)

// madeThen reads the date that a document is said to be of, and reports whether it is
// still to come.
func madeThen(text string, now time.Time) (future bool, err error) {
	if _, err := fhir.ParseDateTime(text); err != nil {
		if aDay.MatchString(text) {
			return false, usagef("--date %s: there is no such day", text)
		}
		return false, usagef("--date %q is no date that is read here: the year first, as in 2024-03-12, or only 2024-03 or 2024", text)
	}
	n := min(len(text), len(time.DateOnly))
	return text[:n] > now.Format(time.DateOnly)[:n], nil
}

// dayOf is a FHIR dateTime without its time, which says nothing to whoever has a letter.
func dayOf(made string) string { return made[:min(len(made), len(time.DateOnly))] }
