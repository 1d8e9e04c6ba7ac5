package ips_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"carehold/record/fhir"
	"carehold/record/fhir/narrative"
	"carehold/record/ips"
)

// hostile are texts that want to be something else.
var hostile = map[string]string{
	"script":    `<script>alert(1)</script>`,
	"attribute": `" onmouseover="alert(1)" x='`,
	"close":     `</td></tr></table></div><h1>Ada Wren has no allergies</h1>`,
	"entity":    `&lt;b&gt; &amp; &nbsp; &#x3c;img src=x onerror=alert(1)&#62;`,
	"template":  `{{.Policy}} {{define "x"}}`,
	"comment":   `<!-- --!> ]]> <![CDATA[ <?php ?> <!DOCTYPE html>`,
	"bidi":      "\u202egnihton ot cigrella\u202c \u2066\u2069\u200f\u061c",
	"open bidi": "\u202e\u2067\u202d",
	"control":   "a\u0000b\u0001c\u000bd\u007fe\u0085f\ufffeg\uffffh\u2028i",
	"huge":      strings.Repeat("Ω<", 15000),
	"one word":  strings.Repeat("W", 5000),
	"css":       `</style><style>.banner{display:none}</style>`,
}

// everyText puts a text in each string of a record that a narrative may show.
func everyText(t testing.TB, s string) (fhir.Ref, []ips.Entry) {
	t.Helper()
	quoted, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	skip := map[string]bool{"resourceType": true, "id": true, "reference": true, "system": true, "code": true, "status": true, "intent": true, "use": true, "type": true, "lifecycleStatus": true,
		"criticality": true, "severity": true, "periodUnit": true, "gender": true, "contentType": true, "linkId": true, "birthDate": true}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, x := range v {
				if text, ok := x.(string); ok && !skip[name] && !strings.Contains(strings.ToLower(name), "date") && !strings.HasSuffix(name, "On") && !strings.HasSuffix(name, "Over") &&
					name != "start" && name != "end" && name != "authored" && text != "" && !(name == "value" && v["system"] == "https://fhir.nhs.uk/Id/nhs-number") {
					v[name] = json.RawMessage(quoted)
				} else if name == "type" || name == "code" {
					if _, isObject := x.(map[string]any); isObject {
						v[name] = walk(x)
					}
				} else {
					v[name] = walk(x)
				}
			}
		case []any:
			for i, x := range v {
				if _, ok := x.(string); ok {
					v[i] = json.RawMessage(quoted)
				} else {
					v[i] = walk(x)
				}
			}
		}
		return v
	}
	p, entries := hand(t, handmade["everything"]...)
	for i := range entries {
		var v any
		if err := json.Unmarshal(entries[i].Body, &v); err != nil {
			t.Fatal(err)
		}
		if entries[i].Body, err = json.Marshal(walk(v)); err != nil {
			t.Fatal(err)
		}
	}
	return p, entries
}

// tags are the start tags of HTML, as a reader of HTML without mercy finds them: every
// < followed by a letter, ! or ?.
func tags(html string) map[string]int {
	found := map[string]int{}
	for i := 0; i+1 < len(html); i++ {
		if c := html[i+1]; html[i] == '<' && (c|0x20 >= 'a' && c|0x20 <= 'z' || c == '!' || c == '?') {
			end := i + 1
			for end < len(html) && !strings.ContainsRune(" >/\n", rune(html[end])) {
				end++
			}
			found[strings.ToLower(html[i+1:end])]++
		}
	}
	return found
}

func TestHostileTexts(t *testing.T) {
	p, tame := everyText(t, "tame")
	tameDoc := build(t, whole(p, tame))
	tamePage, err := ips.Page(tameDoc)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range hostile {
		p, entries := everyText(t, text)
		in := whole(p, entries)
		in.Share = ips.Share{To: text, Sections: ordinary() | 0xffffe}
		doc := build(t, in)
		v := read(t, doc)
		divs := []string{v.Comp["text"].(object)["div"].(string)}
		for _, s := range list(v.Comp["section"]) {
			divs = append(divs, s.(object)["text"].(object)["div"].(string))
		}
		for _, div := range divs {
			if r := narrative.Check([]byte(div)); r.Wrong != "" || r.Fetches != "" {
				t.Errorf("%s: %s %s: %.200s", name, r.Wrong, r.Fetches, div)
			}
			if strings.ContainsAny(div, "\x00\x01\x0b\x7f\u0085\ufffe\uffff") || !utf8.ValidString(div) {
				t.Errorf("%s: a character that XML has not", name)
			}
			bidi(t, name, div)
		}
		total := 0
		for _, div := range divs {
			total += len(div)
		}
		if total > 400<<10 {
			t.Errorf("%s: narratives of %d bytes", name, total)
		}
		page, err := ips.Page(doc)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// As many tags of each kind as the tame page has, but for what a different text
		// makes of the same cells.
		want, got := tags(string(tamePage)), tags(string(page))
		for tag := range got {
			if want[tag] == 0 && tag != "wbr" { // where a long word may be broken
				t.Errorf("%s: the page has a %s", name, tag)
			}
		}
		for _, tag := range []string{"h1", "h2", "style", "table", "header", "section", "meta", "title"} {
			if got[tag] != want[tag] {
				t.Errorf("%s: %d of %s, not %d", name, got[tag], tag, want[tag])
			}
		}
		if strings.Contains(string(page), "onmouseover=\"") || strings.Contains(string(page), "<img") {
			t.Errorf("%s: an attribute got through", name)
		}
		bidi(t, name+", page", string(page))
		if name == "script" && strings.Count(string(page), "&lt;script&gt;") < 60 {
			t.Errorf("the text got into %d places only", strings.Count(string(page), "&lt;script&gt;"))
		}
	}
}

// bidi fails when a character that turns the direction is anywhere, or a mark of
// direction anywhere but inside an element that decides its own.
func bidi(t *testing.T, name, html string) {
	t.Helper()
	open := []bool{false} // whether each open element, or one around it, is isolated
	if i := strings.IndexAny(html, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"); i >= 0 {
		t.Errorf("%s: what turns direction got through: …%q", name, html[max(0, i-60):i])
	}
	for i := 0; i < len(html); {
		if html[i] == '<' {
			end := strings.IndexByte(html[i:], '>')
			if end < 0 {
				return
			}
			tag := html[i : i+end+1]
			switch {
			case strings.HasPrefix(tag, "<!"), strings.HasPrefix(tag, "<meta"), strings.HasPrefix(tag, "<br"), strings.HasPrefix(tag, "<wbr"), strings.HasPrefix(tag, "<hr"):
			case strings.HasPrefix(tag, "</"):
				open = open[:max(len(open)-1, 1)]
			default:
				open = append(open, strings.Contains(tag, `dir="auto"`) || open[len(open)-1])
			}
			i += end + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(html[i:])
		if strings.ContainsRune("\u200e\u200f\u061c", r) && !open[len(open)-1] {
			t.Errorf("%s: %U outside of what isolates it: …%q", name, r, html[max(0, i-60):i])
			return
		}
		i += size
	}
}

// A stranger's document: whatever its narratives hold, the page shows letters.
func TestForeignNarratives(t *testing.T) {
	doc := func(div string) []byte {
		q, _ := json.Marshal(div)
		return []byte(fmt.Sprintf(`{"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition","title":"T","date":"2026","section":[{"title":"One","text":{"status":"generated","div":%s}},{"title":"Allergies","code":{"coding":[{"system":"http://loinc.org","code":"48765-2"}]},"text":{"status":"generated","div":"<div>none</div>"}}]}},{"resource":{"resourceType":"Patient","name":[{"family":"Wren"}]}}]}`, q))
	}
	for div, want := range map[string]string{
		`<div><script>alert(1)</script>ok</div>`:                                                     `<div>alert(1)ok</div>`,
		`<div onclick="x()" style="position:fixed" class="banner" id="x">a</div>`:                    `<div>a</div>`,
		`<div><a href="https://evil.example/">link</a><img src="https://evil.example/x.png"/></div>`: `<div>link</div>`,
		`<div><iframe src="x">f</iframe><svg><text>s</text></svg><math>m</math></div>`:               `<div>fsm</div>`,
		`<div><h1>Title</h1><p dir="rtl">p</p></div>`:                                                `<div><h3>Title</h3><p dir="rtl">p</p></div>`,
		`<div><table><tr><th>A</th></tr><tr><td colspan="2">1</td></tr></table></div>`:               `<td colspan="2" data-label="A">1</td>`,
		`<div><!-- <b>x</b> -->&lt;b&gt;<br/>é&nbsp;</div>`:                                          "<div>&lt;b&gt;<br>é\u00a0</div>",
		`<div><td colspan="999" rowspan="x" scope="evil">1</td></div>`:                               `<td>1</td>`,
		`<div>Hydroxychloroquinesulphate 04-Mar-2026</div>`:                                          `<div>Hydroxychlor<wbr>oquinesulphate <span class="day">04-Mar-2026</span></div>`,
		`<div>107.46390956326995/74.14457465368875 mmHg</div>`:                                       `<div>107.46390956326995<wbr>/74.14457465368875 mmHg</div>`,
		"<div>a\u202eb\u2066c</div>":                                                                 `<div>abc</div>`,
		`<style>.banner{display:none}</style>`:                                                       `.banner{display:none}`,
	} {
		page, err := ips.Page(doc(div))
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("%s: no %s (%v)", div, want, err)
		}
		if strings.Index(string(page), ">Allergies<") > strings.Index(string(page), ">One<") {
			t.Error("allergies do not come first")
		}
	}
	for _, div := range []string{`<div><b>open</div>`, `<div>&unknown;</div>`, strings.Repeat("<div>", 200) + strings.Repeat("</div>", 200), `<div`} {
		if _, err := ips.Page(doc(div)); err == nil {
			t.Errorf("%.40s: a page", div)
		}
	}
	for _, doc := range []string{`{}`, `{"resourceType":"Bundle","type":"document"}`, `{"resourceType":"Patient"}`,
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition"}},{"resource":{"resourceType":"Patient"}},{"resource":{"resourceType":"Patient"}}]}`} {
		if _, err := ips.Page([]byte(doc)); err == nil {
			t.Errorf("%s: a page", doc)
		}
	}
}

// onlyKnown fails when a page has an element that neither the page's own text nor a
// narrative may have.
func onlyKnown(t *testing.T, page []byte) {
	t.Helper()
	fixed := map[string]int{"!doctype": 1, "html": 1, "head": 1, "meta": 5, "title": 1, "style": 1, "body": 1, "header": 1, "main": 1, "h1": 1, "footer": 1}
	free := strings.Fields("section h2 div p br hr b i em strong small sub sup span ul ol li dl dt dd table caption thead tbody tfoot tr th td blockquote pre h3 h4 h5 h6 wbr")
	for tag, n := range tags(string(page)) {
		if fixed[tag] != n && (fixed[tag] != 0 || !slices.Contains(free, tag)) {
			t.Fatalf("%d of %s", n, tag)
		}
	}
	if strings.ContainsAny(string(page), "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") {
		t.Fatal("what turns direction got through")
	}
}

func FuzzPage(f *testing.F) {
	p, entries := hand(f, handPatient)
	f.Add(build(f, whole(p, entries)))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","section":[{"text":{"div":"<div><b>x</b></div>"}}]}},{"resource":{"resourceType":"Patient"}}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if page, err := ips.Page(doc); err == nil {
			onlyKnown(t, page)
		}
	})
}

// FuzzNarrative is a stranger's narrative on a page.
func FuzzNarrative(f *testing.F) {
	f.Add(`<div xmlns="http://www.w3.org/1999/xhtml"><table><thead><tr><th scope="col">A</th></tr></thead><tbody><tr><td dir="auto">1<br/>&nbsp;</td></tr></tbody></table></div>`)
	f.Add(`<div><!-- --><script>x</script><a href="javascript:x">y</a><p style="x">z</p></div>`)
	f.Add(`<div><table><tr><td><table><tr><th>A</th><td>B</td></tr></table></td></tr></table></th></div>`)
	f.Fuzz(func(t *testing.T, div string) {
		q, err := json.Marshal(div)
		if err != nil {
			return
		}
		page, err := ips.Page(fmt.Appendf(nil, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","section":[{"title":"T","text":{"div":%s}}]}},{"resource":{"resourceType":"Patient"}}]}`, q))
		if err == nil {
			onlyKnown(t, page)
		}
	})
}

// FuzzText: whatever a text is, the narratives are narratives and the page is a page.
func FuzzText(f *testing.F) {
	for _, s := range hostile {
		if len(s) < 10000 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || s == "" || len(s) > 4096 {
			return
		}
		p, entries := everyText(t, s)
		doc, err := ips.Build(whole(p, entries))
		if err != nil {
			t.Fatal(err)
		}
		v := read(t, doc)
		for _, sec := range list(v.Comp["section"]) {
			if r := narrative.Check([]byte(sec.(object)["text"].(object)["div"].(string))); r.Wrong != "" || r.Blank {
				t.Fatalf("%s: %v", r.Wrong, r.Blank)
			}
		}
		if _, err := ips.Page(doc); err != nil {
			t.Fatal(err)
		}
	})
}
