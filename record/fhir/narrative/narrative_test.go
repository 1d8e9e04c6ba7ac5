package narrative

import (
	"encoding/xml"
	"strings"
	"testing"
)

// fine is a narrative that a page can show as it is.
func fine(text string) bool {
	r := Check([]byte(text))
	return r.Wrong == "" && !r.Blank && r.Fetches == ""
}

func TestNarratives(t *testing.T) {
	const ok, bad = true, false
	for inner, want := range map[string]bool{
		// txt-1: the elements of chapters 7 to 11 and 15 of HTML 4.0, <a>, images, style attributes
		`<p>text</p>`: ok,
		`text`:        ok,
		`<h1 class="a" id="b" lang="en" xml:lang="en" title="c" dir="ltr">x</h1><ul><li>y</li></ul><br/><hr/>`:                 ok,
		`<table border="1"><caption>c</caption><tr><td rowspan="2" style="color: red; padding-left: 25px">x</td></tr></table>`: ok,
		`<b><i>H<sub>2</sub>O</i></b> &amp; &lt; &#233; <!-- a comment -->`:                                                    ok,
		`<a href="https://x.example/">x</a><a name="y">z</a>`:                                                                  ok,
		`<a href="#y">x</a><a href="Patient/1">x</a><a href="tel:+44">x</a>`:                                                   ok,
		`<img src="#pic" alt="x"/>`:                       ok,
		`<img src="pic.png"/>`:                            ok,
		`<img src="data:image/png;base64,AAAA"/>`:         ok,
		`<script>alert(1)</script>x`:                      bad,
		`<SCRIPT>x</SCRIPT>`:                              bad,
		`<style>p{}</style>x`:                             bad,
		`<link rel="stylesheet" href="x"/>x`:              bad,
		`<iframe src="x">x</iframe>`:                      bad,
		`<form action="x">x<input name="y"/></form>`:      bad,
		`<object data="x">x</object>`:                     bad,
		`<base href="x"/>x`:                               bad,
		`<head><title>x</title></head>`:                   bad,
		`<svg xmlns="http://www.w3.org/2000/svg">x</svg>`: bad,
		`<p xmlns="urn:other">x</p>`:                      bad,
		`<ins>x</ins>`:                                    bad,
		// "event-related attributes", and others that are not HTML 4.0's
		`<p onclick="x()">x</p>`:                             bad,
		`<p ONCLICK="x()">x</p>`:                             bad,
		`<img src="#a" onerror="x()"/>`:                      bad,
		`<p contenteditable="true">x</p>`:                    bad,
		`<a xmlns:xlink="urn:x" xlink:href="http://x">x</a>`: bad,
		// links that run something
		`<a href="javascript:x()">x</a>`:              bad,
		`<a href=" JAVA&#10;SCRIPT:x()">x</a>`:        bad,
		`<a href="&#1;javascript&#58;x()">x</a>`:      bad,
		`<a href="vbscript:x">x</a>`:                  bad,
		`<a href="data:text/html,x">x</a>`:            bad,
		`<q cite="javascript:x">x</q>`:                bad,
		`<img src="data:text/html,x"/>`:               bad,
		`<img src="data:image/svg+xml;base64,AAAA"/>`: bad,
		// what would be asked for when the narrative is shown
		`<img src="https://x.example/pixel.png"/>`:      bad,
		`<img src="//x.example/pixel.png"/>`:            bad,
		`<img src="\\x.example\pixel.png"/>`:            bad,
		`<img src="HTTP://x.example/pixel.png"/>`:       bad,
		`<p style="background: url(https://x)">x</p>`:   bad,
		`<p style="background: u\72l(https://x)">x</p>`: bad,
		`<p style="width: expression(x())">x</p>`:       bad,
		`<p style="@import 'x'">x</p>`:                  bad,
		`<table background="https://x"><tr/></table>`:   bad,
		`<!--><img src="https://x"/>--><p>x</p>`:        bad, // HTML has the comment end at its first >
		`<!---><img src="https://x"/>--><p>x</p>`:       bad,
		`<!-- a --!><img src="https://x"/>--><p>x</p>`:  bad,
		`<!-- <p>left out</p> --><p>x</p>`:              ok,
		`<![CDATA[><img src="https://x"/>]]>`:           bad,
		`<!DOCTYPE x [<!ENTITY y "z">]>x`:               bad,
		`<?xml-stylesheet href="https://x"?>x`:          bad,
		// well-formed XML
		`<p>x`:                bad,
		`<b><i>x</b></i>`:     bad,
		`x & y`:               bad,
		`x &nbsp; y`:          bad,
		`<p class=a>x</p>`:    bad,
		`<p a="1" a="2">x`:    bad,
		`<br>x`:               bad,
		`</div><div>x`:        bad,
		`x</div> after <div>`: bad,
		strings.Repeat("<b>", 300) + "x" + strings.Repeat("</b>", 300): bad,
		// txt-2: something to read
		``:                   bad,
		" \n\t ":             bad,
		`<p> </p><br/>`:      bad,
		`<!-- only this -->`: bad,
	} {
		if got := fine(`<div xmlns="http://www.w3.org/1999/xhtml">` + inner + `</div>`); got != want {
			t.Errorf("%s is %v", inner, got)
		}
	}
	for text, want := range map[string]bool{
		`<div xmlns="http://www.w3.org/1999/xhtml">x</div>` + "\n":           true,
		`<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>x</h:p></h:div>`: false, // shown as HTML, these are no elements
		`<div>x</div>`: false,
		`<p xmlns="http://www.w3.org/1999/xhtml">x</p>`: false,
		`x`: false,
		``:  false,
		`<div xmlns="http://www.w3.org/1999/xhtml">x</div><div xmlns="http://www.w3.org/1999/xhtml">x</div>`: false,
		`<div xmlns="http://www.w3.org/1999/xhtml">x</div>x`:                                                 false,
		`x<div xmlns="http://www.w3.org/1999/xhtml">x</div>`:                                                 false,
		`<?xml version="1.0"?><div xmlns="http://www.w3.org/1999/xhtml">x</div>`:                             false,
	} {
		if fine(text) != want {
			t.Errorf("%s is %v", text, !want)
		}
	}
}

// TestReport: why it is refused, and what it would fetch, which is no error.
func TestReport(t *testing.T) {
	for inner, want := range map[string]Report{
		`<img src="https://x.example/a.png"/>`:        {Fetches: "a picture"},
		`<p style="background: url(https://x)">x</p>`: {Fetches: "a style"},
		`<p> </p>`:                        {Blank: true},
		`<p onclick="x()">x</p>`:          {Wrong: "has <p onclick=…>, and this attribute is not allowed"},
		`<!--><img src="https://x"/>-->x`: {Wrong: "has a comment that a browser ends elsewhere"},
		`x &nbsp; y`:                      {Wrong: "has &nbsp;, which XML does not know: write the character itself"},
	} {
		if got := Check([]byte(`<div xmlns="http://www.w3.org/1999/xhtml">` + inner + `</div>`)); got != want {
			t.Errorf("%s: %+v", inner, got)
		}
	}
}

func FuzzNarrative(f *testing.F) {
	f.Add(`<div xmlns="http://www.w3.org/1999/xhtml"><p style="color: red">x</p><img src="#a"/></div>`)
	f.Add(`<div xmlns="http://www.w3.org/1999/xhtml"><!-- x --><a href="http://x">&amp;</a></div>`)
	f.Fuzz(func(t *testing.T, text string) {
		if !fine(text) {
			return
		}
		for _, bad := range []string{"<script", "<iframe", "<object", "<form", "<style", "<!doctype", "<![cdata", "<svg"} {
			if strings.Contains(strings.ToLower(text), bad) {
				t.Errorf("%q is let in", text)
			}
		}
		// Somebody else's reader takes it too: one <div>, well-formed.
		var div struct {
			XMLName xml.Name `xml:"http://www.w3.org/1999/xhtml div"`
		}
		if err := xml.Unmarshal([]byte(text), &div); err != nil && !strings.Contains(err.Error(), "invalid character") && !strings.Contains(err.Error(), "illegal character") && !strings.Contains(err.Error(), "invalid UTF-8") && !strings.Contains(err.Error(), "invalid character entity") {
			t.Errorf("%q: %v", text, err)
		}
	})
}
