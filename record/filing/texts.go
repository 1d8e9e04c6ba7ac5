package filing

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// readTexts returns what a person would read as the name of something in a
// resource, besides the texts of its codes: the displays of references, the
// titles of documents and attachments, the name of a service or organisation,
// the address of a questionnaire. Free text (notes, narratives, instructions)
// is not read: docs/filing.md says so.
//
// It also returns the labels that do not stand in meta.security: those of
// contained resources and bundled ones, DocumentReference.securityLabel and
// the like, Composition.confidentiality.
func readTexts(r *fhir.Resource, codings []fhir.Coding) (texts, rest, labels []fhir.Coding) {
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
	w := walker{dec: jsontext.NewDecoder(bytes.NewReader(r.Bytes()), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), path: r.Type()}
	w.value("")
	return append(texts, w.texts...), rest, append(labels, w.labels...)
}

// isLabel: Any.meta.security[0], DocumentReference.securityLabel[0],
// Consent.provision.securityLabel[0].
func isLabel(path string) bool {
	last := path[strings.LastIndexByte(path, '.')+1:]
	last, _, _ = strings.Cut(last, "[")
	return last == "security" || strings.Contains(path, ".securityLabel")
}

// walker goes through the JSON once.
type walker struct {
	dec           *jsontext.Decoder
	path          string
	depth         int
	texts, labels []fhir.Coding
	err           error
}

const maxDepth = 200 // fhir.Parse allows less

// value reads one value, the member called name of what path leads to.
func (w *walker) value(name string) {
	if w.err != nil {
		return
	}
	switch w.dec.PeekKind() {
	case '{', '[':
		if w.depth++; w.depth > maxDepth {
			w.err = io.ErrUnexpectedEOF
			return
		}
		w.composite(name)
		w.depth--
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

func (w *walker) composite(name string) {
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
			_, w.err = w.dec.ReadToken()
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

func (w *walker) text(name, text string) {
	switch name {
	case "display", "title", "questionnaire", "instantiatesCanonical":
	case "description", "name", "topic":
		// Only of the resource itself and of resources in it: elsewhere these
		// are people's names, or sentences.
		if !w.ofResource() {
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

// ofResource reports whether path is Type.member, or a member of a contained
// or bundled resource.
func (w *walker) ofResource() bool {
	owner := w.path[:strings.LastIndexByte(w.path, '.')]
	last := owner[strings.LastIndexByte(owner, '.')+1:]
	return !strings.Contains(owner, ".") || strings.HasPrefix(last, "contained[") || last == "resource"
}
