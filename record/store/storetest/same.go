package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Same reports how served differs from sent, or nil. moved maps what a reference
// may have said to what it must say now; what is not in it must not change.
func Same(sent, served []byte, moved map[string]string) error {
	a, err := read(sent)
	if err != nil {
		return fmt.Errorf("what was sent: %w", err)
	}
	b, err := read(served)
	if err != nil {
		return fmt.Errorf("what is served: %w", err)
	}
	for i := 0; i < len(a) || i < len(b); i++ {
		if i == len(a) || i == len(b) {
			return fmt.Errorf("one has %d tokens, the other %d", len(a), len(b))
		}
		if err := same(a[i], b[i], moved); err != nil {
			return err
		}
	}
	return nil
}

func same(x, y piece, moved map[string]string) error {
	if !x.free && !y.free && x.gap != y.gap {
		return fmt.Errorf("%s: the space before it is %q, was %q", x.path, y.gap, x.gap)
	}
	if x.path != y.path {
		return fmt.Errorf("%s stands where %s was", y.path, x.path)
	}
	if x.value == "" { // no string: nothing may be rewritten
		if x.raw != y.raw {
			return fmt.Errorf("%s: is %s, was %s", x.path, y.raw, x.raw)
		}
		return nil
	}
	want, rewritten := moved[x.value]
	switch {
	case !rewritten && strings.HasSuffix(x.path, ".div"):
		want = x.value // the narrative: the names are inside its links
		for from, to := range moved {
			want = strings.ReplaceAll(want, `"`+from+`"`, `"`+to+`"`)
		}
		rewritten = want != x.value
	case rewritten && !strings.HasSuffix(x.path, ".reference") && !strings.HasPrefix(x.value, "urn:"):
		rewritten = false // a text that happens to read like a reference
	}
	if rewritten {
		if y.value != want {
			return fmt.Errorf("%s: is %q, must be %q", x.path, y.value, want)
		}
		return nil
	}
	if x.raw != y.raw {
		return fmt.Errorf("%s: is %s, was %s", x.path, y.raw, x.raw)
	}
	return nil
}

// piece is one token with what stands before it.
type piece struct {
	path  string // Observation-like: .subject.reference, .name[0].given[1]
	gap   string // white space, comma or colon in front
	raw   string
	value string // of a string that is not a name
	free  bool   // a member of the server's was beside it: the gap may differ
}

// The server's own members.
var server = map[string]bool{".id": true, ".meta.versionId": true, ".meta.lastUpdated": true}

// read takes a resource apart and leaves the server's members out.
func read(b []byte) ([]piece, error) {
	r := &reader{text: b, dec: json.NewDecoder(bytes.NewReader(b))}
	r.dec.UseNumber()
	if err := r.value(""); err != nil {
		return nil, err
	}
	r.pieces = append(r.pieces, piece{path: "end", gap: string(b[r.at:])})
	return r.pieces, nil
}

type reader struct {
	text   []byte
	dec    *json.Decoder
	at     int64 // end of the last token
	pieces []piece
	free   bool // the next gap is beside something left out
}

// token reads one token and keeps it.
func (r *reader) token(path string) (json.Token, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	end := r.dec.InputOffset()
	start := r.at
	for bytes.IndexByte([]byte(" \t\r\n,:"), r.text[start]) >= 0 {
		start++
	}
	p := piece{path: path, gap: string(r.text[r.at:start]), raw: string(r.text[start:end]), free: r.free}
	r.free, r.at = false, end
	r.pieces = append(r.pieces, p)
	return t, nil
}

func (r *reader) value(path string) error {
	t, err := r.token(path)
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case string:
		r.pieces[len(r.pieces)-1].value = t
	case json.Delim:
		for i := 0; r.dec.More(); i++ {
			if t == '[' {
				err = r.value(fmt.Sprintf("%s[%d]", path, i))
			} else {
				err = r.member(path)
			}
			if err != nil {
				return err
			}
		}
		_, err = r.token(path)
	}
	return err
}

func (r *reader) member(path string) error {
	before, wasFree := len(r.pieces), r.free
	name, err := r.token(path + " name")
	if err != nil {
		return err
	}
	inner := path + "." + name.(string)
	if err := r.value(inner); err != nil {
		return err
	}
	empty := inner == ".meta" && len(r.pieces) == before+3 // the name, { and }
	if server[inner] || empty && r.pieces[before+2].free {
		r.pieces, r.free = r.pieces[:before], true
		return nil
	}
	if wasFree {
		r.pieces[before].free = true
	}
	return nil
}
