// Package narrative reads the XHTML of a Narrative (FHIR R4 §2.4.0) as whoever shows
// it would: as XML, and with the eyes of an HTML parser, which ends comments and
// sections early.
//
// What may stand in it is named, and everything else may not: one <div> in XHTML's
// namespace, well-formed XML, the elements and attributes that format (txt-1), links
// to pages. So no onclick and no <script> has to be thought of. Of XML's sections and
// declarations there are none: read as HTML, they end elsewhere.
//
// A picture or a style that a browser would fetch from somewhere is told apart: it is
// no error of the standard's, but it tells that somebody when and where the record is
// read. Who shows a narrative must not load it.
package narrative

import "bytes"

// Report is what there is to say about a narrative.
type Report struct {
	Wrong   string // why it is not a narrative as R4 has it; "" when it is
	Blank   bool   // there is nothing to read in it (txt-2)
	Fetches string // what a browser would fetch to show it; "" for nothing
}

// Check reads the text of Narrative.div.
func Check(div []byte) Report {
	x := reader{s: bytes.TrimFunc(div, func(r rune) bool { return r < 0x80 && space(byte(r)) })}
	r := Report{Wrong: x.read()}
	if r.Wrong == "" {
		r.Blank, r.Fetches = !x.content, x.fetches
	}
	return r
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// shorten keeps what an error quotes to a line.
func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
