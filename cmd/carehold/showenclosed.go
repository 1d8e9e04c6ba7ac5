package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"carehold/record/fhir"
)

// enclosed is a document of an entry: in it, as base64, or a file that it leads to in
// this record. An attachment that leads elsewhere is none.
type enclosed struct {
	typ  string   // media type, as it was said
	file fhir.Ref // a Binary; zero when the document is in the entry
	data string
	size string // in words, where it was said
}

// enclosures are where entries have attachments: R4 §2.24.0.10, and who uses it for
// documents.
var enclosures = map[string]string{
	"Communication":     "payload.contentAttachment",
	"DiagnosticReport":  "presentedForm",
	"DocumentReference": "content.attachment",
	"Media":             "content",
}

// enclosedIn are the documents of an entry, in their order.
func enclosedIn(o object) (list []enclosed) {
	for _, at := range attachments(o) {
		e := enclosed{typ: str(at, "contentType"), data: str(at, "data")}
		if to := fhir.ParseReference(str(at, "url")); e.data == "" && to.Form == fhir.Relative && to.Ref.Type == "Binary" {
			e.file = to.Ref
		}
		if n, ok := at["size"].(json.Number); ok {
			if bytes, err := n.Int64(); err == nil && bytes > 0 {
				e.size = bytesOf(bytes)
			}
		}
		if e.data != "" || e.file != (fhir.Ref{}) {
			list = append(list, e)
		}
	}
	return list
}

// elsewhere is the first address outside this record that an attachment has.
func elsewhere(o object) string {
	for _, at := range attachments(o) {
		if url := str(at, "url"); url != "" {
			return clean(url)
		}
	}
	return ""
}

func attachments(o object) (list []object) {
	path := enclosures[str(o, "resourceType")]
	if path == "" {
		return nil
	}
	at := []any{o}
	for name := range strings.SplitSeq(path, ".") {
		var next []any
		for _, x := range at {
			if inner, ok := x.(object); ok {
				switch v := inner[name].(type) {
				case []any:
					next = append(next, v...)
				case object:
					next = append(next, v)
				}
			}
		}
		at = next
	}
	for _, x := range at {
		if o, ok := x.(object); ok {
			list = append(list, o)
		}
	}
	return list
}

// bytes are those of a document that is in its entry. Base64 in FHIR may have white
// space in it.
func (e enclosed) bytes() ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.data), ""))
	if err != nil {
		return nil, errors.New("the document in it is not base64, as FHIR has it")
	}
	return b, nil
}

// isText reports whether a media type is that of a text without a form of its own.
func isText(typ string) bool {
	t, parameters, err := mime.ParseMediaType(typ)
	charset := strings.ToLower(parameters["charset"])
	return err == nil && t == "text/plain" && (charset == "" || charset == "utf-8" || charset == "us-ascii")
}

// How much of a text is shown.
const (
	maxShown      = 64 << 10
	maxShownLines = 200
)

// showText shows a text line by line, without what a terminal would obey; nil is one
// that is too long. A line that fits stays as it is, for it may be of a table.
func (a *app) showText(text []byte, size int64) {
	const indent = "  "
	switch {
	case size == 0:
		a.say("%s(There is nothing in it.)", indent)
		a.say("")
		return
	case text == nil || len(text) > maxShown:
		a.say("%s(Its text, %s, is too long to be shown here: --save writes it to a file.)", indent, bytesOf(size))
		a.say("")
		return
	case !utf8.Valid(text):
		a.say("%s(Its text is not UTF-8, and is not shown: --save writes it to a file.)", indent)
		a.say("")
		return
	}
	all := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(text))
	lines := strings.Split(strings.TrimRight(strings.TrimPrefix(all, "\ufeff"), " \t\n"), "\n")
	for i, line := range lines {
		if i == maxShownLines {
			a.say("%s(… and %s more: --save writes all of it to a file.)", indent, plural(len(lines)-i, "line", "lines"))
			break
		}
		line = strings.TrimRight(clean(strings.ReplaceAll(line, "\t", "    ")), " ")
		if uniseg.StringWidth(line) <= a.columns()-len(indent) {
			a.say("%s", strings.TrimRight(indent+line, " "))
		} else {
			a.paragraph(indent, line)
		}
	}
	a.say("")
}
