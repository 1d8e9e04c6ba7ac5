package filing

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// The rules of filing in their plainest form, one search for each word: what decide
// must come to, whatever it does to be quick (same_test.go).

func slowDecide(r *fhir.Resource) own {
	row := typeOf(r.Type())
	o := own{row: row, found: finding{row.section, Reason{
		Rule: "type:" + row.name, Text: "Entries of this type go there: " + row.why + ".",
	}}}
	if row.name == "Patient" {
		return o
	}
	texts, codings, more := slowTexts(r, r.Codings())
	labelled, restricted := readLabels(append(r.Security(), more...))
	sensitive := labelled
	if row.name != "AllergyIntolerance" {
		sensitive.take(slowCodes(codings))
		sensitive.take(slowWords(texts))
	}
	if sensitive.section == 0 && restricted != nil {
		sensitive = finding{record.Private, Reason{
			Rule: ruleRestricted, Path: restricted.Path, Coding: *restricted,
			Text: "It is labelled restricted, and nothing in it says for what.",
		}}
	}
	switch {
	case sensitive.section != 0 && !Stricter(row.section, sensitive.section):
		o.found, o.decided = sensitive, true
	case sensitive.section == 0 && !row.section.Sensitive():
		if refined := slowRefine(r, codings, texts); refined.section != 0 {
			o.found, o.decided = refined, true
		}
	}
	return o
}

func slowCodes(codings []fhir.Coding) (found finding) {
	for _, c := range codings {
		if c.Code == "" {
			continue
		}
		system := systemOf(c.System)
		if system == noSystem && c.System == "" && looksLikeICD10(plain(c.Code)) {
			system = icd10
		}
		for _, set := range codeSets[system] {
			if Stricter(set.section, found.section) && set.has(c) {
				found = finding{set.section, Reason{Rule: set.id, Path: c.Path, Coding: c, Text: "It holds a code for " + set.about + "."}}
			}
		}
	}
	return found
}

func slowWords(texts []fhir.Coding) (found finding) {
	for _, t := range texts {
		text := slowNormal(t.Display)
		for at := range text {
			if text[at] != ' ' {
				continue
			}
			for i := range wordSets {
				set := &wordSets[i]
				for _, word := range set.words {
					if Stricter(set.section, found.section) && strings.HasPrefix(text[at+1:], word) && !slowExcused(word, text) {
						found = finding{set.section, Reason{Rule: set.id, Path: t.Path, Coding: t,
							Text: "It uses a word for " + set.about + ", “" + strings.TrimSpace(word) + "”."}}
					}
				}
			}
		}
	}
	return found
}

func slowExcused(word, text string) bool {
	for _, other := range unless[word] {
		if strings.Contains(text, " "+other) {
			return true
		}
	}
	return false
}

func slowNormal(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	space := true
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
			space = false
		} else if !space && r != utf8.RuneError && !unicode.Is(unicode.Cf, r) {
			b.WriteByte(' ')
			space = true
		}
	}
	if !space {
		b.WriteByte(' ')
	}
	s := b.String()
	for _, phrase := range notMeant {
		s = strings.ReplaceAll(s, " "+phrase, " ")
	}
	return s
}

func slowRefine(r *fhir.Resource, codings, texts []fhir.Coding) (found finding) {
	codings = append(codings, focus(r)...)
	for i := range refinements {
		row := &refinements[i]
		if !slices.Contains(row.types, r.Type()) {
			continue
		}
		if c, ok := slowFits(row, codings, texts); ok {
			return finding{row.section, Reason{Rule: "refine:" + row.id, Path: c.Path, Coding: c, Text: "It " + row.when + "."}}
		}
	}
	return finding{}
}

func slowFits(row *refinement, codings, texts []fhir.Coding) (fhir.Coding, bool) {
	for _, c := range codings {
		if c.Code != "" && slowWithin(row, c.Path) && slices.ContainsFunc(row.codes, func(s string) bool { return strings.EqualFold(s, c.Code) }) {
			return c, true
		}
	}
	for _, t := range texts {
		if !slowWithin(row, t.Path) {
			continue
		}
		text := slowNormal(t.Display)
		for _, w := range row.words {
			if strings.Contains(text, " "+w) {
				return t, true
			}
		}
	}
	return fhir.Coding{}, false
}

func slowWithin(row *refinement, path string) bool {
	if row.at == "" {
		return true
	}
	_, rest, _ := strings.Cut(path, ".")
	name, _, _ := strings.Cut(rest, ".")
	name, _, _ = strings.Cut(name, "[")
	return name == row.at
}

func slowTexts(r *fhir.Resource, codings []fhir.Coding) (texts, rest, labels []fhir.Coding) {
	for _, c := range codings {
		if isLabel(c.Path) {
			labels = append(labels, c)
			continue
		}
		rest = append(rest, c)
		if c.Display != "" {
			texts = append(texts, c)
		}
	}
	w := slowWalker{dec: jsontext.NewDecoder(bytes.NewReader(r.Bytes()), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), path: r.Type()}
	w.value("")
	return append(texts, w.texts...), rest, append(labels, w.labels...)
}

// slowWalker reads the JSON anew.
type slowWalker struct {
	dec           *jsontext.Decoder
	path          string
	texts, labels []fhir.Coding
	err           error
}

func (w *slowWalker) value(name string) {
	if w.err != nil {
		return
	}
	switch w.dec.PeekKind() {
	case '{', '[':
		w.composite(name)
	case '"':
		tok, err := w.dec.ReadToken()
		if err != nil {
			w.err = err
			return
		}
		w.text(name, tok.String())
	default:
		w.err = w.dec.SkipValue()
	}
}

func (w *slowWalker) composite(name string) {
	open, err := w.dec.ReadToken()
	if err != nil {
		w.err = err
		return
	}
	outer := w.path
	for i := 0; w.err == nil; i++ {
		switch w.dec.PeekKind() {
		case '}', ']':
			_, w.err = w.dec.ReadToken()
			w.path = outer
			return
		case 0:
			w.err = io.ErrUnexpectedEOF
			return
		}
		if open.Kind() == '[' {
			w.path = outer + "[" + strconv.Itoa(i) + "]"
			w.value(name)
			continue
		}
		key, err := w.dec.ReadToken()
		if err != nil {
			w.err = err
			return
		}
		member := key.String()
		w.path = outer + "." + member
		w.value(member)
	}
}

func (w *slowWalker) text(name, text string) {
	switch name {
	case "display", "title", "questionnaire", "instantiatesCanonical":
	case "description", "name", "topic":
		owner := w.path[:strings.LastIndexByte(w.path, '.')]
		last := owner[strings.LastIndexByte(owner, '.')+1:]
		if strings.Contains(owner, ".") && !strings.HasPrefix(last, "contained[") && last != "resource" {
			return
		}
	case "confidentiality":
		w.labels = append(w.labels, fhir.Coding{Code: text, Path: w.path})
		return
	default:
		return
	}
	if !isLabel(w.path[:max(0, strings.LastIndexByte(w.path, '.'))]) {
		w.texts = append(w.texts, fhir.Coding{Display: text, Path: w.path})
	}
}
