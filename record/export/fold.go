package export

import (
	"bytes"

	"carehold/record"
)

// A resource is kept as it came, and many come in lines, indented. A file of lines has
// one line for each, so that every program can read it; what white space stood there
// must not be lost with the line breaks, or no resource would be the same bytes when it
// comes back. In JSON white space stands between tokens alone, and none of it means
// anything: so three bytes of it that fit on a line stand for one that does not.
//
//	line feed        tab space space
//	tab              tab space tab
//	carriage return  tab tab space
//
// A resource without any of these is written as it is.

// fold writes JSON in one line.
func fold(json []byte) []byte {
	if !bytes.ContainsAny(json, "\n\t\r") {
		return json
	}
	out := make([]byte, 0, len(json)+len(json)/8)
	for _, c := range json {
		switch c {
		case '\n':
			out = append(out, "\t  "...)
		case '\t':
			out = append(out, "\t \t"...)
		case '\r':
			out = append(out, "\t\t "...)
		default:
			out = append(out, c)
		}
	}
	return out
}

// unfold reads it again.
func unfold(line []byte) ([]byte, error) {
	at := bytes.IndexByte(line, '\t')
	if at < 0 {
		return line, nil
	}
	out := make([]byte, 0, len(line))
	for ; at >= 0; at = bytes.IndexByte(line, '\t') {
		out = append(out, line[:at]...)
		if len(line) < at+3 {
			return nil, errFolded
		}
		switch string(line[at : at+3]) {
		case "\t  ":
			out = append(out, '\n')
		case "\t \t":
			out = append(out, '\t')
		case "\t\t ":
			out = append(out, '\r')
		default:
			return nil, errFolded
		}
		line = line[at+3:]
	}
	return append(out, line...), nil
}

var errFolded error = record.Safef(record.Integrity, "its white space is not as an export has it: was it edited?")
