package fhirpath

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// htmlChecks is the FHIR function that txt-1 and txt-2 are written with: the
// narrative is XHTML that only formats, with something to read (FHIR R4 §2.4.0).
// What is not known to be harmless is not.
func htmlChecks(s *state, _ *call, in []Value, _ frame) (tri, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return isEmpty, err
	}
	if err := s.spend(len(text) / 8); err != nil {
		return isEmpty, err
	}
	return triOf(narrative(text)), nil
}

const xhtml = "http://www.w3.org/1999/xhtml"

// maxOpen bounds how deep a narrative's elements are: whoever shows it may recurse.
const maxOpen = 256

// narrative reports whether a text is one <div> of XHTML as FHIR wants it. HTML's
// entities (&nbsp;) are not XML's, and so not allowed.
func narrative(text string) bool {
	if strings.Contains(text, "<![") { // read as HTML, a CDATA section ends at its first >
		return false
	}
	in := xml.NewDecoder(strings.NewReader(text))
	open, divs, content := 0, 0, false
	for {
		t, err := in.Token()
		if errors.Is(err, io.EOF) {
			return divs == 1 && content
		}
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.StartElement:
			if open == 0 {
				divs++
				if t.Name.Local != "div" {
					return false
				}
			}
			if open++; open > maxOpen || !harmless(t) {
				return false
			}
			content = content || t.Name.Local == "img"
		case xml.EndElement:
			open--
		case xml.CharData:
			blank := strings.TrimSpace(string(t)) == ""
			if open == 0 && !blank {
				return false
			}
			content = content || !blank
		case xml.Comment:
			// Read as HTML, <!--> is a whole comment, and what follows is shown.
			if strings.ContainsAny(string(t), "<>") {
				return false
			}
		default: // a DOCTYPE, a processing instruction
			return false
		}
	}
}

// harmless reports whether an element and its attributes only format. All of both
// are named, so that no onclick and no <script> has to be thought of.
func harmless(e xml.StartElement) bool {
	if e.Name.Space != xhtml || !formatting[e.Name.Local] {
		return false
	}
	for _, a := range e.Attr {
		name := a.Name.Local
		switch {
		case name == "xmlns" && a.Name.Space == "": // a prefix's is not HTML's: <h:p> would be shown as text
		case a.Name.Space == "xml" || a.Name.Space == "http://www.w3.org/XML/1998/namespace":
			if name != "lang" && name != "space" && name != "id" {
				return false
			}
		case a.Name.Space != "" || !attributes[name]:
			return false
		case name == "href" || name == "cite" || name == "longdesc":
			if !leads(a.Value) {
				return false
			}
		case name == "src":
			if !inside(a.Value) {
				return false
			}
		case name == "style":
			if fetches(a.Value) {
				return false
			}
		}
	}
	return true
}

// leads reports whether a link goes to a page when it is followed, and runs
// nothing.
func leads(url string) bool {
	switch scheme(url) {
	case "", "http", "https", "mailto", "tel", "sms", "fax", "urn", "ftp":
		return true
	}
	return false
}

// inside reports whether an image is shown without anyone being asked for it: a
// contained one, one beside the resource, or one that is written out. An image
// elsewhere would tell that server when and where a record is read.
func inside(url string) bool {
	switch scheme(url) {
	case "":
		return !strings.HasPrefix(strings.NewReplacer(`\`, "/").Replace(squeeze(url)), "//")
	case "urn", "cid":
		return true
	case "data":
		kind := strings.ToLower(squeeze(url))
		return strings.HasPrefix(kind, "data:image/") && !strings.HasPrefix(kind, "data:image/svg")
	}
	return false
}

// fetches reports whether a style may load something. A backslash could hide it.
func fetches(style string) bool {
	style = strings.ToLower(style)
	for _, bad := range []string{"url", "import", "expression", "javascript", "behavior", "binding", "image", `\`, "/*", "<"} {
		if strings.Contains(style, bad) {
			return true
		}
	}
	return false
}

// scheme is a URL's scheme as a browser reads it, without the white space and the
// control characters that it leaves out; "" for a relative one.
func scheme(url string) string {
	head, _, ok := strings.Cut(squeeze(url), ":")
	if !ok || strings.ContainsAny(head, "/?#") {
		return ""
	}
	return strings.ToLower(head)
}

func squeeze(url string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, url)
}

// formatting are the elements of chapters 7 to 11 (without 9.4) and 15 of HTML 4.0,
// with <a> and images (txt-1).
var formatting = words(`a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em
	font h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th
	thead tr tt u ul var center`)

// attributes are those of these elements that txt-1 lists.
var attributes = words(`abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char
	charoff charset cite class color colspan compact coords dir face frame headers height href hreflang hspace id lang
	longdesc name nowrap noshade rel rev rowspan rules scope shape size span src start style summary tabindex target title
	type valign value vspace width`)

func words(list string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(list) {
		all[w] = true
	}
	return all
}
