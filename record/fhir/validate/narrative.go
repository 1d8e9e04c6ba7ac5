package validate

import (
	"bytes"
	"html"
	"strings"
)

// narrative validates the XHTML of a Narrative (FHIR R4 §2.4.0): one <div> in
// XHTML's namespace, well-formed XML; of HTML only what formats (txt-1), nothing
// that runs; and something to read (txt-2).
func (w *walker) narrative(s []byte) {
	x := xhtmlReader{s: bytes.TrimFunc(s, func(r rune) bool { return r < 0x80 && space(byte(r)) })}
	switch why := x.read(); {
	case why != "":
		w.wrong(codeInvariant, "", "%s (txt-1)", why)
	case !x.content:
		// An error in the definitions. But three of HL7's own examples break it, and
		// a narrative that is blank hides nothing.
		w.warn(codeInvariant, "", "holds nothing to read: leave the narrative out (txt-2)")
	}
}

// xhtmlReader goes through a narrative once. It makes nothing of it.
type xhtmlReader struct {
	s       []byte
	i       int
	open    [][]byte // the elements it is in
	content bool
}

// maxOpen bounds how deep the elements of a narrative lie in one another.
const maxOpen = 256

func (x *xhtmlReader) read() (why string) {
	if !bytes.HasPrefix(x.s, []byte("<div")) {
		return `must begin with <div xmlns="http://www.w3.org/1999/xhtml">`
	}
	for x.i < len(x.s) {
		if x.i > 0 && len(x.open) == 0 {
			return "has something after its </div>"
		}
		switch rest := x.s[x.i:]; {
		case rest[0] == '&':
			why = x.entity()
		case rest[0] != '<':
			x.content = x.content || !space(rest[0])
			x.i++
		case bytes.HasPrefix(rest, []byte("</")):
			why = x.endTag()
		case bytes.HasPrefix(rest, []byte("<!--")):
			why = x.skip("-->", "a comment")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			x.content = true
			why = x.skip("]]>", "a CDATA section")
		case bytes.HasPrefix(rest, []byte("<!")), bytes.HasPrefix(rest, []byte("<?")):
			why = "must not have a declaration or a processing instruction"
		default:
			why = x.startTag()
		}
		if why != "" {
			return why
		}
	}
	if len(x.open) > 0 {
		return "is not well-formed: <" + shorten(string(x.open[len(x.open)-1])) + "> is not closed"
	}
	return ""
}

// skip goes on after what ends a comment or a section.
func (x *xhtmlReader) skip(end, what string) string {
	at := bytes.Index(x.s[x.i:], []byte(end))
	if at < 0 {
		return "is not well-formed: " + what + " does not end"
	}
	x.i += at + len(end)
	return ""
}

// entity reads &…; — XML's five and numbers; &nbsp; and the like are HTML's, and
// "Unicode characters SHALL be used instead".
func (x *xhtmlReader) entity() string {
	end := bytes.IndexByte(x.s[x.i:min(len(x.s), x.i+12)], ';')
	if end < 0 {
		return "is not well-formed: write &amp; for &"
	}
	name := x.s[x.i+1 : x.i+end]
	x.i += end + 1
	x.content = true
	switch string(name) {
	case "amp", "lt", "gt", "quot", "apos":
		return ""
	}
	if digits, ok := bytes.CutPrefix(name, []byte("#x")); ok && len(digits) > 0 && len(bytes.Trim(digits, "0123456789abcdefABCDEF")) == 0 {
		return ""
	}
	if digits, ok := bytes.CutPrefix(name, []byte("#")); ok && len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0 {
		return ""
	}
	return "has &" + shorten(string(name)) + ";, which XML does not know: write the character itself"
}

func (x *xhtmlReader) name() []byte {
	start := x.i
	for x.i < len(x.s) && !space(x.s[x.i]) && !bytes.ContainsRune([]byte(`<>/="'&`), rune(x.s[x.i])) {
		x.i++
	}
	return x.s[start:x.i]
}

func (x *xhtmlReader) spaces() {
	for x.i < len(x.s) && space(x.s[x.i]) {
		x.i++
	}
}

func (x *xhtmlReader) endTag() string {
	x.i += 2
	name := x.name()
	x.spaces()
	if x.i >= len(x.s) || x.s[x.i] != '>' {
		return "is not well-formed: </" + shorten(string(name)) + " has no >"
	}
	x.i++
	last := x.open[len(x.open)-1]
	if !bytes.Equal(last, name) {
		return "is not well-formed: <" + shorten(string(last)) + "> is closed by </" + shorten(string(name)) + ">"
	}
	x.open = x.open[:len(x.open)-1]
	return ""
}

func (x *xhtmlReader) startTag() string {
	x.i++
	name := x.name()
	if len(name) == 0 {
		return "is not well-formed: write &lt; for <"
	}
	if !tags[string(name)] {
		return "has <" + shorten(string(name)) + ">, and only text and its formatting is allowed"
	}
	namespace := len(x.open) > 0
	for {
		before := x.i
		x.spaces()
		if x.i >= len(x.s) {
			return "is not well-formed: <" + string(name) + "> has no end"
		}
		if x.s[x.i] == '>' || x.s[x.i] == '/' {
			break
		}
		attribute, value, why := x.attribute()
		switch {
		case why != "":
			return why
		case before == x.i || !space(x.s[before]):
			return "is not well-formed: there is no space between the attributes of <" + string(name) + ">"
		case string(attribute) == "xmlns":
			if string(value) != "http://www.w3.org/1999/xhtml" {
				return `must begin with <div xmlns="http://www.w3.org/1999/xhtml">`
			}
			namespace = true
		case !attributes[string(attribute)]:
			return "has <" + string(name) + " " + shorten(string(attribute)) + "=…>, and this attribute is not allowed"
		case (string(attribute) == "href" || string(attribute) == "src") && active(value):
			return "has a link that runs a script"
		}
		x.content = x.content || string(name) == "img" && string(attribute) == "src"
	}
	if !namespace {
		return `must begin with <div xmlns="http://www.w3.org/1999/xhtml">`
	}
	if x.s[x.i] == '/' {
		if x.i+1 >= len(x.s) || x.s[x.i+1] != '>' {
			return "is not well-formed: <" + string(name) + " has a / without >"
		}
		x.i += 2
		return ""
	}
	x.i++
	if len(x.open) >= maxOpen {
		return "has elements more than 256 deep"
	}
	x.open = append(x.open, name)
	return ""
}

// attribute reads name="value".
func (x *xhtmlReader) attribute() (name, value []byte, why string) {
	name = x.name()
	x.spaces()
	if len(name) == 0 || x.i+1 >= len(x.s) || x.s[x.i] != '=' {
		return nil, nil, "is not well-formed: an attribute has no value in quotes"
	}
	x.i++
	x.spaces()
	if x.i >= len(x.s) || x.s[x.i] != '"' && x.s[x.i] != '\'' {
		return nil, nil, "is not well-formed: an attribute's value has no quotes"
	}
	end := bytes.IndexByte(x.s[x.i+1:], x.s[x.i])
	if end < 0 {
		return nil, nil, "is not well-formed: an attribute's value does not end"
	}
	value = x.s[x.i+1 : x.i+1+end]
	x.i += end + 2
	if bytes.IndexByte(value, '<') >= 0 {
		return nil, nil, "is not well-formed: write &lt; for < in an attribute"
	}
	return name, value, ""
}

// active reports whether a link runs something, as a browser would read it: with
// its entities resolved and without control characters.
func active(value []byte) bool {
	link := strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, html.UnescapeString(string(value)))
	link = strings.ToLower(link)
	return strings.HasPrefix(link, "javascript:") || strings.HasPrefix(link, "vbscript:") || strings.HasPrefix(link, "data:text/html")
}

// tags are the elements of chapters 7 to 11 and 15 of HTML 4.0, without 9.4 (ins
// and del) and what the text of R4 excludes: head, body, scripts, forms, frames,
// objects; and <a> and images.
var tags = set(`div span p br hr h1 h2 h3 h4 h5 h6 address bdo
	em strong dfn code samp kbd var cite abbr acronym blockquote q sub sup pre
	ul ol li dl dt dd table caption thead tfoot tbody colgroup col tr th td
	tt i b big small u s strike center font a img map area`)

// attributes are those of these elements: what formats, and links.
var attributes = set(`id class lang xml:lang dir title style xmlns
	href name rel rev type hreflang charset target accesskey tabindex shape coords
	src alt longdesc height width usemap ismap border hspace vspace align valign
	cite datetime abbr axis headers scope rowspan colspan nowrap summary frame rules cellspacing cellpadding char charoff span bgcolor
	start value compact clear noshade size color face`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
