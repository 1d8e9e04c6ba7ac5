package main

import (
	"bytes"
	"fmt"
	"strconv"

	"carehold/record/store"
)

// saidWords are words of the person's on an entry.
type saidWords struct {
	dispute  bool
	at, text string
}

// saidOf are the words in an entry, in their order.
func saidOf(o object) (all []saidWords) {
	for _, x := range list(o["extension"]) {
		e, _ := x.(object)
		url := str(e, "url")
		if url != store.NoteURL && url != store.DisputeURL {
			continue
		}
		v, _ := e["valueAnnotation"].(object)
		all = append(all, saidWords{url == store.DisputeURL, asTime(str(v, "time")), str(v, "text")})
	}
	return all
}

// tellSaid says them, each in one paragraph.
func (a *app) tellSaid(o object) {
	for _, s := range saidOf(o) {
		what := "Your note"
		if s.dispute {
			what = "You dispute this"
		}
		if s.at != "" {
			what += " (" + s.at + ")"
		}
		a.paragraph("", what+": "+strconv.Quote(clean(s.text)))
	}
}

// wordsOf is "1 dispute and 2 notes".
func wordsOf(list []saidWords) string {
	notes, disputes := 0, 0
	for _, s := range list {
		if s.dispute {
			disputes++
		} else {
			notes++
		}
	}
	var parts []string
	if disputes > 0 {
		parts = append(parts, plural(disputes, "dispute", "disputes"))
	}
	if notes > 0 {
		parts = append(parts, plural(notes, "note", "notes"))
	}
	return first(and(parts), "your words")
}

// saidMark is what a list says in front of such an entry.
func saidMark(resource []byte) string {
	if !bytes.Contains(resource, []byte(store.NoteURL)) && !bytes.Contains(resource, []byte(store.DisputeURL)) {
		return ""
	}
	o, _ := parseObject(resource)
	mark := ""
	for _, s := range saidOf(o) {
		if s.dispute {
			return "disputed"
		}
		mark = "note"
	}
	return mark
}

// marked puts the mark before a title.
func marked(mark, text string) string {
	if mark == "" {
		return text
	}
	return fmt.Sprintf("(%s) %s", mark, text)
}
