package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"

	"carehold/record"
)

// FileURL names the extension that stands where the data of a Binary was:
//
//	"_data":{"extension":[{"url":"urn:carehold:file","valueString":"documents/Letter.pdf"}]}
//
// It is written in the place of the data, between the same bytes, so that what came can
// be put together again.
const FileURL = "urn:carehold:file"

// marker is the value of a _data that says so much.
func marker(url, name, value string) []byte {
	text, _ := json.Marshal(value) // a string always encodes
	return []byte(`{"extension":[{"url":"` + url + `","` + name + `":` + string(text) + `}]}`)
}

func fileMarker(file string) []byte { return marker(FileURL, "valueString", file) }

// Claim is the line of a Binary that is apart, as it is sent: with the upload's address
// for the name of the file.
func Claim(line []byte, file, uploadURL, upload string) ([]byte, error) {
	was := fileMarker(file)
	if bytes.Count(line, was) != 1 {
		return nil, record.Errorf(record.Integrity, "the Binary whose content is %q does not say so", file)
	}
	return bytes.Replace(line, was, marker(uploadURL, "valueUri", upload), 1), nil
}

// Splitter takes a Binary, as its JSON comes, apart: the content is written to Content
// as it comes, and the rest is kept.
type Splitter struct {
	Content io.Writer
	File    string // what the marker says

	json  []byte
	depth int
	in    place
	name  []byte // at depth 1, the last member's
	at    int    // where in json its name begins
	found bool
	under bool // there is a _data already
	text  []byte
	ended bool
	err   error
}

type place uint8

const (
	between   place = iota
	inName          // a member's, at depth 1
	inString        // any other
	inContent       // the data
)

// mostBeside is how much a Binary says beside its content.
const mostBeside = 17 << 20

func (s *Splitter) Write(p []byte) (int, error) {
	for i := 0; i < len(p) && s.err == nil; {
		if s.in == inContent {
			i += s.content(p[i:])
			continue
		}
		s.step(p[i])
		i++
	}
	if len(s.json) > mostBeside && s.err == nil {
		s.err = record.Safef(record.TooLarge, "this Binary says too much beside its content")
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

// step takes one byte of what is not the content.
func (s *Splitter) step(c byte) {
	last := len(s.json) > 0 && s.escaped()
	switch s.in {
	case inName, inString:
		if c == '"' && !last {
			if s.in == inName {
				s.name = s.json[s.at:]
				s.under = s.under || string(s.name) == "_data"
			}
			s.in = between
		}
	default:
		switch c {
		case '{', '[':
			s.depth++
		case '}', ']':
			s.depth--
		case '"':
			switch before := s.before(); {
			case s.depth == 1 && before != ':':
				s.in, s.at = inName, len(s.json)+1
			case s.depth == 1 && string(s.name) == "data" && !s.found:
				s.found, s.in = true, inContent
				s.mark()
				return // the quote is the content's
			default:
				s.in = inString
			}
		}
	}
	s.json = append(s.json, c)
}

// escaped reports whether the next byte follows an odd number of backslashes.
func (s *Splitter) escaped() bool {
	n := 0
	for i := len(s.json) - 1; i >= 0 && s.json[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

// before is the last byte that is not white space.
func (s *Splitter) before() byte {
	b := bytes.TrimRight(s.json, " \t\r\n")
	if len(b) == 0 {
		return 0
	}
	return b[len(b)-1]
}

// mark makes _data of data, and writes the marker for its value.
func (s *Splitter) mark() {
	s.json = append(s.json, 0)
	copy(s.json[s.at+1:], s.json[s.at:])
	s.json[s.at] = '_'
	s.json = append(s.json, fileMarker(s.File)...)
}

// content takes what it can of the base64.
func (s *Splitter) content(p []byte) int {
	end := bytes.IndexByte(p, '"')
	n := end
	if end < 0 {
		n = len(p)
	}
	s.text = append(s.text, p[:n]...)
	if whole := len(s.text) / 4 * 4; whole > 0 {
		if s.ended { // padding was in the middle
			s.err = errBase64
			return n
		}
		out := make([]byte, base64.StdEncoding.DecodedLen(whole))
		k, err := base64.StdEncoding.Strict().Decode(out, s.text[:whole])
		if err != nil || bytes.ContainsAny(s.text[:whole], "\r\n") {
			s.err = errBase64
			return n
		}
		s.ended = s.text[whole-1] == '='
		s.text = append(s.text[:0], s.text[whole:]...)
		if _, s.err = s.Content.Write(out[:k]); s.err != nil {
			return n
		}
	}
	if end >= 0 {
		if len(s.text) > 0 {
			s.err = errBase64
		}
		s.in = between
		return n + 1
	}
	return n
}

var errBase64 = record.Safef(record.Unprocessed, "the content of this Binary is not base64 as it should be")

// Line is what is left: the resource with the marker. ok is false when the content
// cannot be apart from it: there is none, or its line has a _data of its own.
func (s *Splitter) Line() (line []byte, ok bool, err error) {
	if s.err != nil {
		return nil, false, s.err
	}
	if s.depth != 0 || s.in != between || len(s.json) == 0 {
		return nil, false, record.Safef(record.Unavailable, "the server's answer ended before its end")
	}
	return s.json, s.found && !s.under, nil
}
