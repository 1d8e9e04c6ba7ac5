package web

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

var (
	inTemplate = regexp.MustCompile(`\{\{-?[^}]*?\(?\bt "([a-z0-9.\-]+)"`)
	anyT       = regexp.MustCompile(`\bt "([a-z0-9.\-]+)"`)
	anyTN      = regexp.MustCompile(`\btn "([a-z0-9.\-]+)"`)
	inScript   = regexp.MustCompile(`\bwords?\("([a-z0-9.\-]+)"`)
	place      = regexp.MustCompile(`\{[a-z]+\}`)
	inline     = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
)

// Every message that a template or a script says is in the catalogue.
func TestWordsAreThere(t *testing.T) {
	c := readCatalogue()
	said := 0
	look := func(name, key string) {
		said++
		if _, there := c.by["en"][key]; !there {
			t.Errorf("%s says %s, which is in no messages/en/*.json", name, key)
		}
	}
	each := func(files fs.FS, root string, fn func(name, text string)) {
		err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(files, name)
			fn(name, string(b))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	each(templateFiles, "templates", func(name, text string) {
		for _, m := range anyT.FindAllStringSubmatch(text, -1) {
			look(name, m[1])
		}
		for _, m := range anyTN.FindAllStringSubmatch(text, -1) {
			look(name, m[1]+".one")
			look(name, m[1]+".other")
		}
		if bad := inline.FindString(text); bad != "" {
			t.Errorf("%s has %q, which the policy does not let run", name, bad)
		}
	})
	each(uiFiles, "ui", func(name, text string) {
		for _, m := range inScript.FindAllStringSubmatch(text, -1) {
			look(name, m[1])
		}
	})
	if said < 50 {
		t.Errorf("only %d messages were looked for", said)
	}
	if !inTemplate.MatchString(`{{t "frame.skip"}}`) || !inline.MatchString(`<p onclick="x">`) {
		t.Error("the test finds nothing any more")
	}
}

// A language has no message that English has not, and the same places in each.
func TestLanguages(t *testing.T) {
	c := readCatalogue()
	for _, lang := range c.langs[1:] {
		if languageNames[lang] == "" {
			t.Errorf("the language %s has no name", lang)
		}
		for key, text := range c.by[lang] {
			english, there := c.by["en"][key]
			if !there && !regexp.MustCompile(`\.(zero|two|few|many)$`).MatchString(key) {
				t.Errorf("%s: English has no %s", lang, key)
			}
			for _, p := range place.FindAllString(english, -1) {
				if !strings.Contains(text, p) && !strings.HasSuffix(key, ".one") {
					t.Errorf("%s: %s lacks %s", lang, key, p)
				}
			}
		}
	}
	if got := c.say("cy", "frame.record"); got != "Cofnod" {
		t.Errorf("Record in Welsh: %s", got)
	}
	if got := c.say("cy", "start.make"); got != c.by["en"]["start.make"] {
		t.Errorf("what Welsh lacks is said in English: %s", got)
	}
	for header, want := range map[string]string{"": "en", "cy": "cy", "fr, cy-GB;q=0.8, en": "cy", "en-GB, cy": "en", "xx": "en"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", header)
		if got := c.choose(r); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", header, got, want)
		}
		r.Header.Set("Cookie", LanguageCookie+"=cy")
		if got := c.choose(r); got != "cy" {
			t.Errorf("chosen Welsh, and %q: %s", header, got)
		}
	}
}

// Plurals as Unicode CLDR has them for the language.
func TestCounted(t *testing.T) {
	c := &catalogue{by: map[string]map[string]string{
		"en": {"cat.one": "{n} cat", "cat.other": "{n} cats"},
		"cy": {"cat.zero": "{n} cathod", "cat.one": "{n} gath", "cat.two": "{n} gath", "cat.few": "{n} cath", "cat.many": "{n} chath", "cat.other": "{n} cath"},
	}}
	for n, want := range map[int][2]string{0: {"0 cats", "0 cathod"}, 1: {"1 cat", "1 gath"}, 2: {"2 cats", "2 gath"},
		3: {"3 cats", "3 cath"}, 4: {"4 cats", "4 cath"}, 6: {"6 cats", "6 chath"}} {
		if got := [2]string{c.count("en", "cat", n), c.count("cy", "cat", n)}; got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
	delete(c.by, "cy")
	if got := c.count("cy", "cat", 1); got != "1 cat" {
		t.Errorf("said in English: %s", got)
	}
}

// Where a person goes after unlocking is a page of theirs, whatever a link says.
func TestWhereTo(t *testing.T) {
	for to, want := range map[string]string{
		"/app/history":            "/app/history",
		"/app/list/all?q=x&p=2":   "/app/list/all?q=x&p=2",
		"":                        "/app/record",
		"//evil.example/app/":     "/app/record",
		"/\\evil.example/app/":    "/app/record",
		"https://evil.example/":   "/app/record",
		"javascript:alert(1)":     "/app/record",
		"/app/lock":               "/app/record",
		"/unlock":                 "/app/record",
		"/app/../../evil":         "/app/../../evil", // a path of this server, all the same
		"app/record":              "/app/record",
		"/app/\\\\evil.example":   "/app/record",
		"http:///app/record":      "/app/record",
		"/app/x\r\nSet-Cookie: a": "/app/record",
	} {
		if got := own(to); got != want {
			t.Errorf("%q: %q, want %q", to, got, want)
		}
	}
}
