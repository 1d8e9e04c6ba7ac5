package fhir

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A node is one value of a JSON text. The nodes lie in one slice in the order
// of the text: a container's first child is the node after it, and next is the
// node after everything inside it.
type node struct {
	nameStart, nameEnd int32 // the member's name, quotes included; 0, 0 in an array
	start, end         int32 // the value
	next               int32
	up                 int32 // the container; -1 for the root
	index              int32 // place in an array; -1 for a member
	kind               byte  // { [ " 0 t f n
	escaped            uint8 // nameEscaped | valueEscaped
}

const (
	nameEscaped = 1 << iota
	valueEscaped
)

// tape is a JSON text and its nodes.
type tape struct {
	raw   []byte
	nodes []node
}

// name is the name of member n, escapes resolved: "\u0069d" is id.
func (t tape) name(n int32) []byte {
	d := &t.nodes[n]
	return unquote(t.raw[d.nameStart:d.nameEnd], d.escaped&nameEscaped != 0)
}

func (t tape) isName(n int32, name string) bool { return string(t.name(n)) == name }

// text is the text of string n.
func (t tape) text(n int32) string {
	d := &t.nodes[n]
	return string(unquote(t.raw[d.start:d.end], d.escaped&valueEscaped != 0))
}

func unquote(quoted []byte, escaped bool) []byte {
	if !escaped && len(quoted) >= 2 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // valid: Parse has checked it
	return text
}

// children calls f with each child of container n until f says false.
func (t tape) children(n int32, f func(child int32) bool) {
	for c := n + 1; c < t.nodes[n].next; c = t.nodes[c].next {
		if !f(c) {
			return
		}
	}
}

// member is the member of object n with the name, or -1.
func (t tape) member(n int32, name string) int32 {
	if n < 0 || t.nodes[n].kind != '{' {
		return -1
	}
	for c := n + 1; c < t.nodes[n].next; c = t.nodes[c].next {
		if t.isName(c, name) {
			return c
		}
	}
	return -1
}

// str is member if it is a string, else "".
func (t tape) str(n int32, name string) string {
	if c := t.member(n, name); c >= 0 && t.nodes[c].kind == '"' {
		return t.text(c)
	}
	return ""
}

// owner is the member that value n belongs to: n, or the array it is in.
func (t tape) owner(n int32) int32 {
	if d := &t.nodes[n]; d.index >= 0 {
		return d.up
	}
	return n
}

// maxPath bounds a path: names are the sender's, and a resource may hold half a
// million places to name.
const maxPath = 256

// path is where node n is under root, as FHIRPath writes it:
// Patient.name[0].given[1]. When it is too long its middle is left out.
func (t tape) path(root string, n int32) string {
	var room [maxPath]byte
	b := t.appendShort(append(room[:0], root...), n)
	b = bytes.TrimPrefix(b, []byte{'.'})
	if len(b) > maxPath {
		return strings.ToValidUTF8(string(b[:maxPath/2]), "") + "…" + strings.ToValidUTF8(string(b[len(b)-maxPath/2:]), "")
	}
	return string(b)
}

// appendShort adds the path of node n, its names shortened, and appendPath the same
// with its names as they are.
func (t tape) appendShort(to []byte, n int32) []byte {
	return t.appendUp(to, n, func(to, name []byte) []byte {
		if len(name) > maxName {
			return append(to, shorten(string(name))...)
		}
		return append(to, name...)
	})
}

func (t tape) appendPath(to []byte, n int32) []byte {
	return t.appendUp(to, n, func(to, name []byte) []byte { return append(to, name...) })
}

// appendUp adds what leads from the root to node n.
func (t tape) appendUp(to []byte, n int32, add func(to, name []byte) []byte) []byte {
	var room [16]int32
	way := room[:0]
	for ; n > 0; n = t.nodes[n].up {
		way = append(way, n)
	}
	for _, n := range slices.Backward(way) {
		if d := &t.nodes[n]; d.index >= 0 {
			to = append(strconv.AppendInt(append(to, '['), int64(d.index), 10), ']')
		} else {
			to = add(append(to, '.'), t.name(n))
		}
	}
	return to
}

// stringEnd is where the JSON string that begins at i ends, after its quote.
func stringEnd(raw []byte, i int) (end int, escaped bool) {
	for i++; ; i++ {
		switch raw[i] {
		case '"':
			return i + 1, escaped
		case '\\':
			escaped = true
			i++
		}
	}
}

// scalarEnd is where the number, true, false or null that begins at i ends.
func scalarEnd(raw []byte, i int) int {
	if n := bytes.IndexAny(raw[i:], ",]} \t\r\n"); n >= 0 {
		return i + n
	}
	return len(raw)
}
