package change

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

// pointer is a JSON Pointer taken apart, its escapes resolved: RFC 6901.
type pointer []string

var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// parsePointer reads the pointer that is a member of an operation.
func parsePointer(v jsontext.Value) (pointer, *record.Error) {
	if v.Kind() != '"' {
		return nil, record.Safef(record.Invalid, "must be a JSON Pointer, in a string")
	}
	s := text(v)
	if s == "" {
		return pointer{}, nil
	}
	if s[0] != '/' {
		return nil, record.Safef(record.Invalid, "a JSON Pointer begins with a slash: /name/0/family")
	}
	p := pointer(strings.Split(s[1:], "/"))
	for i, token := range p {
		for at := strings.IndexByte(token, '~'); at >= 0; {
			if at+1 == len(token) || token[at+1] != '0' && token[at+1] != '1' {
				return nil, record.Safef(record.Invalid, "in a JSON Pointer ~ is written ~0, and / in a name ~1")
			}
			next := strings.IndexByte(token[at+1:], '~')
			if next < 0 {
				break
			}
			at += 1 + next
		}
		p[i] = pointerEscapes.Replace(token)
	}
	return p, nil
}

// String is the pointer with its escapes.
func (p pointer) String() string {
	var b strings.Builder
	for _, token := range p {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// is reports whether the two point to one place.
func (p pointer) is(q pointer) bool {
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// in is the value in v that p points to; nil if there is none.
func (p pointer) in(v jsontext.Value) jsontext.Value {
	for _, token := range p {
		if v = child(v, token); v == nil {
			return nil
		}
	}
	return v
}

// child is the member or the element of that name; nil if there is none. It is
// part of v.
func child(v jsontext.Value, token string) (found jsontext.Value) {
	at, index := arrayIndex(token)
	if v.Kind() == '[' && !index {
		return nil
	}
	children(v, func(name jsontext.Value, i int, c jsontext.Value) bool {
		if v.Kind() == '[' && i == at || v.Kind() == '{' && isText(name, token) {
			found = c
		}
		return found == nil
	})
	return found
}

// elements is how many there are in an array, or members in an object.
func elements(v jsontext.Value) (n int) {
	children(v, func(jsontext.Value, int, jsontext.Value) bool { n++; return true })
	return n
}

// children calls f for each member or element, until f has enough. v is valid
// JSON, and the values are parts of it.
func children(v jsontext.Value, f func(name jsontext.Value, i int, c jsontext.Value) bool) {
	kind := v.Kind()
	if kind != '{' && kind != '[' {
		return
	}
	// A bytes.Buffer is read in place. What was looked at once need not be looked
	// for names that come twice again.
	d := jsontext.NewDecoder(bytes.NewBuffer(v), jsontext.AllowDuplicateNames(true))
	d.ReadToken()
	for i := 0; d.PeekKind() != ']' && d.PeekKind() != '}'; i++ {
		var name jsontext.Value
		var err error
		if kind == '{' {
			if name, err = d.ReadValue(); err != nil {
				return
			}
		}
		c, err := d.ReadValue()
		if err != nil || !f(name, i, c) {
			return
		}
	}
}

// isText reports whether a JSON string says s.
func isText(quoted jsontext.Value, s string) bool {
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside) == s
	}
	return text(quoted) == s
}

// arrayIndex reads the index of an element, which is written in one way: no
// sign, no zero in front. RFC 6901 §4.
func arrayIndex(token string) (int, bool) {
	n, err := strconv.Atoi(token)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == token
}
