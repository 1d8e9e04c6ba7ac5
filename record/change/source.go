package change

import (
	"bytes"
	"fmt"
	"io"

	"carehold/record"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// ReadSource reads what a person may have been given: a Bundle, a single
// resource, or NDJSON with either in each line. Resources that stand alone come
// back as one Bundle of type collection, so that they can point to one another.
func ReadSource(r io.Reader, lim Limits) ([]*Bundle, error) {
	lim = lim.orDefault()
	b, err := io.ReadAll(io.LimitReader(r, lim.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	if err := lim.check(int64(len(b))); err != nil {
		return nil, err
	}
	s := source{lim: lim, loose: &Bundle{Type: "collection", Ignored: map[string]int{}}}
	if isNDJSON(b) {
		line := 0
		for text := range bytes.Lines(b) {
			line++
			if text = bytes.TrimSpace(text); len(text) == 0 {
				continue
			}
			if err := s.add(text, true); err != nil {
				return nil, inLine(line, err)
			}
		}
	} else if err := s.add(b, false); err != nil {
		return nil, err
	}
	if len(s.loose.Entries) > 0 {
		s.bundles = append(s.bundles, s.loose)
	}
	return s.bundles, nil
}

type source struct {
	lim     Limits
	bundles []*Bundle
	loose   *Bundle // the resources that stand alone
	entries int
}

// add takes one JSON text. In NDJSON a resource that is refused does not keep the
// other lines out.
func (s *source) add(text []byte, goOn bool) error {
	if isBundle(text) {
		b, err := ParseBundle(text, s.lim)
		if err != nil {
			return err
		}
		s.bundles = append(s.bundles, b)
		s.entries += len(b.Entries)
		for _, e := range b.Entries {
			if e.Resource != nil {
				s.lim.Values -= e.Resource.Values()
			}
		}
	} else {
		res, err := s.lim.take(fhir.Parse(text, s.lim.Resource))
		if err != nil && (!goOn || err == errTooManyValues) {
			return err
		}
		s.loose.Entries = append(s.loose.Entries, Entry{Index: len(s.loose.Entries), Resource: res, Err: err})
		s.entries++
	}
	if s.lim.Values <= 0 {
		return errTooManyValues
	}
	if s.entries > s.lim.Entries {
		return record.Safef(record.TooLarge, "at most %d entries are taken at a time", s.lim.Entries)
	}
	return nil
}

// isNDJSON reports whether the first line is a JSON text of its own and another
// follows.
func isNDJSON(b []byte) bool {
	first, rest, _ := bytes.Cut(bytes.TrimLeft(b, " \t\r\n"), []byte{'\n'})
	return len(bytes.TrimSpace(rest)) > 0 && jsontext.Value(first).IsValid()
}

// isBundle looks for "resourceType":"Bundle" at the top of a JSON text.
func isBundle(b []byte) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if d.PeekKind() != '{' {
		return false
	}
	d.ReadToken()
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return false
		}
		if name.String() == "resourceType" {
			typ, err := d.ReadToken()
			return err == nil && typ.Kind() == '"' && typ.String() == "Bundle"
		}
		if d.SkipValue() != nil {
			return false
		}
	}
	return false
}

// inLine says in which line of NDJSON it happened.
func inLine(line int, err error) error {
	if e, ok := err.(*record.Error); ok {
		path := fmt.Sprintf("line %d", line)
		if e.Path != "" {
			path += ", " + e.Path
		}
		return e.At(path)
	}
	return err
}
