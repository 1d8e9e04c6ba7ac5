package message

import (
	"mime"
	"net/http"
	"unicode"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/entry"
)

// ImportHeaderName is the header that marks a transaction as part of an import,
// so that the person can list it and undo it as a whole:
//
//	Carehold-Import: 0123456789abcdef0123456789abcdef; source="GP practice export"
//
// source is a quoted string, or source*=UTF-8”… (RFC 8187) for other letters. words=own
// says that it is the person's own export, which alone brings their words about entries.
const ImportHeaderName = "Carehold-Import"

// MaxSource bounds the words for a source, in bytes: they stand in each version.
const MaxSource = 200

// ImportHeader writes the header's value, for clients. own is whether the client made
// sure that it imports the person's own export.
func ImportHeader(o entry.Origin, own bool) string {
	params := map[string]string{"source": o.Source}
	if own {
		params["words"] = "own"
	}
	return mime.FormatMediaType(o.Import.String(), params)
}

// ImportOrigin reads it; the zero Origin where there is none.
func ImportOrigin(h http.Header) (o entry.Origin, own bool, err error) {
	o, words, err := importOrigin(h)
	if err != nil {
		return entry.Origin{}, false, err
	}
	return o, words == "own", nil
}

func importOrigin(h http.Header) (o entry.Origin, words string, err error) {
	bad := record.Safef(record.Invalid, `Carehold-Import is 32 hexadecimal digits and a source: 0123…; source="GP practice export"; and words=own if that is the person's own export`)
	switch values := h[ImportHeaderName]; {
	case len(values) == 0:
		return o, words, nil
	case len(values) > 1:
		return o, "", bad
	}
	id, params, err := mime.ParseMediaType(h.Get(ImportHeaderName))
	words, said := params["words"]
	if err != nil || said && (words != "own" || len(params) != 2) || !said && len(params) != 1 {
		return o, "", bad
	}
	if o.Import, err = record.ParseImportID(id); err != nil || o.Import == (record.ImportID{}) {
		return o, "", bad
	}
	o.Source = params["source"]
	if o.Source == "" || len(o.Source) > MaxSource || !utf8.ValidString(o.Source) {
		return o, "", bad
	}
	for _, c := range o.Source {
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
			return o, "", bad
		}
	}
	return o, words, nil
}
