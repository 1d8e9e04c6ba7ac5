package ips

import (
	"carehold/record/fhir/speak"
	"encoding/xml"
	"html/template"
	"io"
	"regexp"
	"strings"

	"carehold/record"
)

// shownTags are the elements that get onto a page: those that order a text and have no
// effect of their own. Of any other only the text is shown.
var shownTags = set("div", "p", "br", "hr", "b", "i", "em", "strong", "small", "sub", "sup", "span", "ul", "ol", "li", "dl", "dt", "dd",
	"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6")

// headings begin below those of the page.
var headings = map[string]string{"h1": "h3", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6"}

// maxDepth is how deep a narrative's elements may be inside one another.
const maxDepth = 64

// rewrite writes a narrative again from what it says: the elements above, of their
// attributes only those with a fixed set of harmless values, and the text, escaped. So
// nothing of a stranger's bytes gets onto the page but letters, whatever the readers of
// XML and of HTML may disagree about.
func rewrite(div string) (template.HTML, error) {
	d := xml.NewDecoder(strings.NewReader(div))
	d.Entity = xml.HTMLEntity
	var out strings.Builder
	var open []string // what was written for each element; "" for nothing
	var cols labels
	for {
		t, err := d.Token()
		if err == io.EOF {
			return template.HTML(out.String()), nil
		}
		if err != nil {
			return "", record.Safef(record.Unprocessed, "a narrative of the document is not well-formed XHTML")
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(open) == maxDepth {
				return "", record.Safef(record.Unprocessed, "a narrative of the document is too deep")
			}
			name := strings.ToLower(t.Name.Local)
			if !shownTags[name] {
				open = append(open, "")
				continue
			}
			if h := headings[name]; h != "" {
				name = h
			}
			open = append(open, name)
			out.WriteString("<" + name)
			for _, a := range t.Attr {
				if v := attribute(a); v != "" {
					out.WriteString(v)
				}
			}
			if l := cols.start(name); l != "" {
				out.WriteString(` data-label="` + template.HTMLEscapeString(l) + `"`)
			}
			out.WriteString(">")
		case xml.EndElement:
			name := open[len(open)-1]
			open = open[:len(open)-1]
			cols.end(name)
			if name != "" && name != "br" && name != "hr" {
				out.WriteString("</" + name + ">")
			}
		case xml.CharData:
			letters(&out, straight(t))
			cols.text(t)
		}
	}
}

// days are dates as sayDate writes them. On a page they are not broken at their hyphens.
var days = regexp.MustCompile(`\b(?:\d{2}-)?[A-Z][a-z]{2}-\d{4}\b`)

// letters writes a text, escaped.
func letters(out *strings.Builder, s string) {
	at := 0
	for _, d := range days.FindAllStringIndex(s, -1) {
		breakable(out, s[at:d[0]])
		out.WriteString(`<span class="day">` + s[d[0]:d[1]] + `</span>`)
		at = d[1]
	}
	breakable(out, s[at:])
}

// longWord is longer than words are: DEXA, Bendroflumethiazide, mL/min/1.73m².
const longWord = 24

// breakable writes a text, escaped, with places where what is too long for a word may be
// broken; a column is never narrower than a word.
func breakable(out *strings.Builder, s string) {
	for len(s) > 0 {
		end := strings.IndexAny(s, " \t\n\r")
		if end < 0 {
			end = len(s)
		}
		word := []rune(s[:end])
		for len(word) > longWord {
			n := longWord / 2
			for n < len(word) && n < 2*longWord && inNumber(word[n-1]) && inNumber(word[n]) {
				n++ // half a number is another number
			}
			template.HTMLEscape(out, []byte(string(word[:n])))
			if word = word[n:]; len(word) > 0 {
				out.WriteString("<wbr>")
			}
		}
		template.HTMLEscape(out, []byte(string(word)))
		if end < len(s) {
			out.WriteByte(s[end])
			end++
		}
		s = s[end:]
	}
}

func inNumber(r rune) bool { return r >= '0' && r <= '9' || r == '.' || r == ',' }

// straight is a text without what turns the words around it.
func straight(t []byte) string {
	return strings.Map(func(r rune) rune {
		if speak.Turns(r) {
			return -1
		}
		return r
	}, string(t))
}

// attribute is what may be kept of one: the direction, and how a table hangs together.
func attribute(a xml.Attr) string {
	name := strings.ToLower(a.Name.Local)
	if a.Name.Space != "" {
		return ""
	}
	switch v := a.Value; {
	case name == "dir" && (v == "ltr" || v == "rtl" || v == "auto"),
		name == "scope" && (v == "col" || v == "row"),
		(name == "colspan" || name == "rowspan") && len(v) > 0 && len(v) < 3 && strings.Trim(v, "0123456789") == "":
		return " " + name + `="` + v + `"`
	}
	return ""
}

// labels gives each cell the heading of its column: on a phone a row is shown as lines,
// where the headings above do not reach.
type labels struct {
	names    []string
	heading  bool // inside a th
	row, at  int
	depth    int  // tables inside one another
	confused bool // more rows of headings, or tables in tables: no labels
}

func (l *labels) start(name string) (label string) {
	switch name {
	case "table":
		l.depth++
		*l = labels{depth: l.depth, confused: l.depth > 1}
	case "tr":
		l.row, l.at = l.row+1, 0
	case "th":
		l.heading, l.confused = true, l.confused || l.row > 1
		l.names = append(l.names, "")
	case "td":
		if l.at++; !l.confused && l.at <= len(l.names) {
			return l.names[l.at-1]
		}
	}
	return ""
}

func (l *labels) text(t []byte) {
	if l.heading {
		l.names[len(l.names)-1] = speak.Plain(l.names[len(l.names)-1] + string(t))
	}
}

func (l *labels) end(name string) {
	switch name {
	case "th":
		l.heading = false
	case "table":
		l.depth--
	}
}
