package narrative

import "bytes"

// reader goes through a narrative once. It makes nothing of it.
type reader struct {
	s       []byte
	i       int
	open    [][]byte // the elements it is in
	content bool
	fetches string
}

// maxOpen bounds how deep the elements of a narrative lie in one another.
const maxOpen = 256

func (x *reader) read() (why string) {
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
			why = x.comment()
		case bytes.HasPrefix(rest, []byte("<!")), bytes.HasPrefix(rest, []byte("<?")):
			why = "must not have a CDATA section, a declaration or a processing instruction"
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

// comment goes on after a comment. As HTML, "<!-->" is a whole one, and what comes
// after it is shown.
func (x *reader) comment() string {
	at := bytes.Index(x.s[x.i+4:], []byte("-->"))
	if at < 0 {
		return "is not well-formed: a comment does not end"
	}
	text := x.s[x.i+4 : x.i+4+at]
	if bytes.HasPrefix(text, []byte(">")) || bytes.HasPrefix(text, []byte("->")) || bytes.Contains(text, []byte("--")) || bytes.HasSuffix(text, []byte("-")) {
		return "has a comment that a browser ends elsewhere"
	}
	x.i += 4 + at + 3
	return ""
}

// entity reads &…; — XML's five and numbers; &nbsp; and the like are HTML's, and
// "Unicode characters SHALL be used instead".
func (x *reader) entity() string {
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

func (x *reader) name() []byte {
	start := x.i
	for x.i < len(x.s) && !space(x.s[x.i]) && !bytes.ContainsRune([]byte(`<>/="'&`), rune(x.s[x.i])) {
		x.i++
	}
	return x.s[start:x.i]
}

func (x *reader) spaces() {
	for x.i < len(x.s) && space(x.s[x.i]) {
		x.i++
	}
}

func (x *reader) endTag() string {
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

func (x *reader) startTag() string {
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
		}
		if why := x.leads(string(attribute), string(value)); why != "" {
			return why
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
func (x *reader) attribute() (name, value []byte, why string) {
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
