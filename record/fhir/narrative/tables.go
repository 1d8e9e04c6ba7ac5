package narrative

import "strings"

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
