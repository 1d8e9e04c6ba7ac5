package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"unicode"
	"unicode/utf8"
)

// With --json the answer is JSON lines, and each object says what it is:
//
//	status   how far long work has come
//	item     one of several things: an entry, a grant, a log entry
//	error    one thing that was refused, while the rest went on
//	summary  the end of every answer, or all of it
//
// docs/cli.md is the contract: fields may be added, none changes its meaning.

func (a *app) status(v any) error  { return a.line("status", v) }
func (a *app) item(v any) error    { return a.line("item", v) }
func (a *app) refused(v any) error { return a.line("error", v) }
func (a *app) summary(v any) error { return a.line("summary", v) }

// eachOf tells a list: in JSON a line of each and how many they are, else each as it is
// shown, with a line between two.
func eachOf[T any](a *app, list []T, item func(T) any, show func(T)) error {
	for i, x := range list {
		if a.json {
			if err := a.item(item(x)); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			a.say("")
		}
		show(x)
	}
	if a.json {
		return a.summary(countJSON{len(list)})
	}
	return nil
}

// escaped writes what JSON may hold as it is and a terminal would obey, C1 controls
// and turned text, as \\u and four digits.
func escaped(b []byte) []byte {
	var out []byte
	for _, r := range string(b) {
		if r >= utf8.RuneSelf && r <= 0xffff && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			out = fmt.Appendf(out, "\\u%04x", r)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// line prints one object with its type in front.
func (a *app) line(typ string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) < 2 || b[0] != '{' {
		panic("carehold: an answer that is no object: " + reflect.TypeOf(v).String())
	}
	if string(b) != "{}" {
		b = append([]byte{','}, b[1:]...)
	} else {
		b = b[1:]
	}
	_, err = fmt.Fprintf(a.stdout, "{\"type\":%q%s\n", typ, escaped(b))
	return err
}
