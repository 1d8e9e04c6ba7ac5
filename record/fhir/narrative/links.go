package narrative

import (
	"html"
	"slices"
	"strings"
)

// leads looks at an attribute that leads somewhere, as a browser reads it: with its
// entities resolved, and without white space and control characters.
func (x *reader) leads(attribute, value string) (why string) {
	value = html.UnescapeString(value)
	switch attribute {
	case "href", "cite", "longdesc":
		if s := scheme(value); s != "" && !slices.Contains(pages, s) {
			return "has a link that does not lead to a page (" + shorten(s) + ":)"
		}
	case "src", "usemap":
		switch s := scheme(value); {
		case s == "javascript", s == "vbscript", s == "data" && !strings.HasPrefix(strings.ToLower(squeeze(value)), "data:image/"):
			return "has a picture that is none"
		case !inside(value):
			x.fetches = "a picture"
		}
	case "style":
		if runs(value) {
			return "has a style that runs something"
		}
		if fetches(value) {
			x.fetches = "a style"
		}
	}
	return ""
}

// pages are the schemes of links that run nothing when they are followed.
var pages = []string{"http", "https", "mailto", "tel", "sms", "fax", "urn", "ftp"}

// inside reports whether a picture is shown without anyone being asked for it: a
// contained one, one beside the resource, one that is written out.
func inside(url string) bool {
	switch scheme(url) {
	case "":
		return !strings.HasPrefix(strings.ReplaceAll(squeeze(url), `\`, "/"), "//")
	case "urn", "cid":
		return true
	case "data":
		return !strings.HasPrefix(strings.ToLower(squeeze(url)), "data:image/svg") // a document of its own
	}
	return false
}

// runs reports whether a style may run something in some browser; a backslash or a
// comment could hide what it is.
func runs(style string) bool {
	return has(style, "expression", "javascript", "behavior", "binding", `\`, "/*", "<")
}

func fetches(style string) bool { return has(style, "url", "import", "image") }

func has(style string, any ...string) bool {
	style = strings.ToLower(style)
	return slices.ContainsFunc(any, func(s string) bool { return strings.Contains(style, s) })
}

// scheme is a URL's scheme; "" for a relative one.
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
