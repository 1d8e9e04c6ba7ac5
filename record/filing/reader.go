package filing

import (
	"bytes"

	"carehold/record"
	"carehold/record/fhir"
)

// reader reads resources one after another. A record says the same over and over, so
// it remembers what each code and text says. That is of the record: a reader lives
// as long as one request, and nothing of it is kept for the next.
type reader struct {
	reading
	codeSaid map[[2]string]said
	textSaid map[string]said
	plain    []byte // a text on its way
	path     []byte
}

// said is what one code or text says, wherever it stands. The zero value says nothing.
type said struct {
	section    record.Section // sensitive
	rule, text string         // of a Reason
	rows       rowSet         // the refinements that it fits
}

// A reader remembers so many codes and texts, none longer than that: of a person's
// life some hundred, and of what is made to fill it at most a few MB.
const (
	maxSaid     = 4096
	maxSaidText = 256
)

// code says what a code says.
func (rd *reader) code(system, code fhir.Node) said {
	var of []byte
	if system.Kind() == '"' {
		of = bytesOf(system)
	}
	what := bytesOf(code)
	s, known := rd.codeSaid[[2]string{string(of), string(what)}]
	if known {
		return s
	}
	c := fhir.Coding{System: string(of), Code: string(what)}
	s = codeSays(c)
	if len(rd.codeSaid) < maxSaid && len(of)+len(what) <= maxSaidText {
		if rd.codeSaid == nil {
			rd.codeSaid = make(map[[2]string]said)
		}
		rd.codeSaid[[2]string{c.System, c.Code}] = s
	}
	return s
}

// text says what a text says.
func (rd *reader) text(n fhir.Node) said {
	text := bytesOf(n)
	s, known := rd.textSaid[string(text)]
	if known {
		return s
	}
	rd.plain = appendPlain(rd.plain[:0], text)
	s = look(rd.plain)
	if len(rd.textSaid) < maxSaid && len(text) <= maxSaidText {
		if rd.textSaid == nil {
			rd.textSaid = make(map[string]said)
		}
		rd.textSaid[string(text)] = s
	}
	return s
}

// bytesOf are the bytes of a string, which must not be changed.
func bytesOf(n fhir.Node) []byte {
	if raw := n.Raw(); bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	return []byte(n.Text())
}

// strictest is the first of those that ask for the strictest section.
func strictestOf(all ...[]mention) *mention {
	var best *mention
	for _, list := range all {
		for i := range list {
			if m := &list[i]; m.section != 0 && (best == nil || Stricter(m.section, best.section)) {
				best = m
			}
		}
	}
	return best
}

// finding is what a mention has found.
func (m *mention) finding() finding {
	if m == nil {
		return finding{}
	}
	c := m.coding()
	return finding{m.section, Reason{Rule: m.rule, Path: c.Path, Coding: c, Text: m.text}}
}
