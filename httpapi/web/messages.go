package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed messages
var messageFiles embed.FS

//go:embed all:templates
var templateFiles embed.FS

// catalogue is every message, by language and key. English has all of them; what
// another language lacks is said in English.
type catalogue struct {
	by    map[string]map[string]string
	langs []string // the first is English
}

// names of the languages, in themselves.
var languageNames = map[string]string{"en": "English", "cy": "Cymraeg"}

// LanguageCookie is what a person chose, for this browser. It says nothing of a record.
const LanguageCookie = "carehold-language"

// readCatalogue reads messages/<language>/<area>.json: flat objects of key and text, in
// which {name} is a place. Each key stands in one file.
func readCatalogue() *catalogue {
	c := &catalogue{by: map[string]map[string]string{}}
	err := fs.WalkDir(messageFiles, "messages", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := messageFiles.ReadFile(file)
		if err != nil {
			return err
		}
		var area map[string]string
		if err := json.Unmarshal(b, &area); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		lang := path.Base(path.Dir(file))
		if c.by[lang] == nil {
			c.by[lang] = map[string]string{}
		}
		for key, text := range area {
			if _, there := c.by[lang][key]; there {
				return fmt.Errorf("%s: %s stands in another file too", file, key)
			}
			c.by[lang][key] = text
		}
		return nil
	})
	if err != nil {
		panic("web: " + err.Error())
	}
	c.langs = append([]string{"en"}, slices.DeleteFunc(slices.Sorted(maps.Keys(c.by)), func(l string) bool { return l == "en" })...)
	return c
}

// say says a message; pairs are names and values for its places. A key that is nowhere
// is a mistake of ours, which a test finds: the page says the key.
func (c *catalogue) say(lang, key string, pairs ...any) string {
	text, there := c.by[lang][key]
	if !there {
		if text, there = c.by["en"][key]; !there {
			return "[" + key + "]"
		}
	}
	if len(pairs) == 0 {
		return text
	}
	places := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		places = append(places, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(places...).Replace(text)
}

// count says a message about n of something: key.one, key.two … key.other, by the
// plural rules of the language (Unicode CLDR). {n} is n.
func (c *catalogue) count(lang, key string, n int, pairs ...any) string {
	form := "other"
	switch {
	case n == 1:
		form = "one"
	case lang == "cy" && n == 0:
		form = "zero"
	case lang == "cy" && n == 2:
		form = "two"
	case lang == "cy" && n == 3:
		form = "few"
	case lang == "cy" && n == 6:
		form = "many"
	}
	if _, there := c.by[lang][key+"."+form]; !there {
		if _, there := c.by[lang][key+".other"]; there {
			form = "other"
		} else if lang, form = "en", "other"; n == 1 {
			form = "one"
		}
	}
	return c.say(lang, key+"."+form, append([]any{"n", n}, pairs...)...)
}

// choose is the language of a request: what was chosen, else what the browser asks for.
func (c *catalogue) choose(r *http.Request) string {
	if r == nil {
		return "en"
	}
	if x, err := r.Cookie(LanguageCookie); err == nil && c.by[x.Value] != nil {
		return x.Value
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if c.by[tag] != nil {
			return tag
		}
	}
	return "en"
}

type language struct {
	Code, Name string
	This       bool
}

func (c *catalogue) languages(this string) (all []language) {
	for _, l := range c.langs {
		all = append(all, language{l, languageNames[l], l == this})
	}
	return all
}

// spoken is a message that a script says.
type spoken struct{ Key, Text string }

// spoken are the messages whose keys begin with one of these.
func (c *catalogue) spoken(lang string, prefixes []string) (all []spoken) {
	for _, key := range slices.Sorted(maps.Keys(c.by["en"])) {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			all = append(all, spoken{key, c.say(lang, key)})
		}
	}
	return all
}

// parse makes each page's template in each language. A page is the frame, what all pages
// share (templates/_….html) and its own file.
func (c *catalogue) parse() map[string]map[string]*template.Template {
	all := map[string]map[string]*template.Template{}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic("web: " + err.Error())
	}
	shared := slices.DeleteFunc(slices.Clone(files), func(f string) bool {
		return !strings.HasPrefix(path.Base(f), "_") && path.Base(f) != "layout.html"
	})
	for _, lang := range c.langs {
		all[lang] = map[string]*template.Template{}
		funcs := template.FuncMap{
			"t":    func(key string, pairs ...any) string { return c.say(lang, key, pairs...) },
			"tn":   func(key string, n int, pairs ...any) string { return c.count(lang, key, n, pairs...) },
			"dict": dict,
		}
		frame := template.Must(template.New("").Funcs(funcs).ParseFS(templateFiles, shared...))
		for _, f := range files {
			if slices.Contains(shared, f) {
				continue
			}
			b, err := templateFiles.ReadFile(f)
			if err != nil {
				panic("web: " + err.Error())
			}
			t := template.Must(frame.Clone())
			template.Must(t.New(path.Base(f)).Parse(string(bytes.TrimSpace(b))))
			all[lang][strings.TrimSuffix(path.Base(f), ".html")] = t
		}
	}
	return all
}

// dict gives a shared template several things by their names.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: a name without a value")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: a name is text")
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
