package export

import (
	"fmt"
	"mime"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names gives documents their names. What a title may do to a file's name is decided
// here alone: a record is written by many.
type Names struct {
	taken map[string]bool
	next  map[string]int // the number to try next
}

const maxTitle = 80 // characters, and bytes below

// Choose makes a name that no other file of this export has, on any disk: letters that
// differ in case, or in how accents are written, are the same letters here.
func (x *Names) Choose(folder, title, mediaType string) string {
	if x.taken == nil {
		x.taken, x.next = map[string]bool{}, map[string]int{}
	}
	ext := Extension(mediaType)
	stem := stem(title, ext)
	first := nameKey(path.Join(folder, stem+ext))
	for n := max(1, x.next[first]); ; n++ {
		name := stem
		if n > 1 {
			name = fmt.Sprintf("%s (%d)", stem, n)
		}
		name = path.Join(folder, name+ext)
		if key := nameKey(name); !x.taken[key] {
			x.taken[key], x.next[first] = true, n+1
			return name
		}
	}
}

// stem is a title as the beginning of a file's name.
func stem(title, ext string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range norm.NFC.String(title) {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r):
			continue
		case unicode.IsSpace(r), strings.ContainsRune(`/\:*?"<>|%#`, r), strings.ContainsRune("\u2044\u2215\uff0f\uff3c\uff1a\ufe68\u29f5\ufe13\ufe55", r):
			space = n > 0 // Windows, the shells and URLs read something into these, or into what they become
			continue
		}
		if space {
			b.WriteByte(' ')
			space, n = false, n+1
		}
		b.WriteRune(r)
		if n++; n >= maxTitle || b.Len() >= 2*maxTitle {
			break
		}
	}
	// A dot in front hides a file, a dash makes it a flag, a tilde a home; Windows drops
	// dots and spaces at the end.
	s := strings.TrimRight(strings.TrimLeft(b.String(), ".-~ $"), ". ")
	if e := path.Ext(s); e != "" && strings.EqualFold(e, ext) { // "scan.pdf" is not scan.pdf.pdf
		s = strings.TrimRight(s[:len(s)-len(e)], ". ")
	}
	if s == "" {
		s = "document"
	}
	// To Windows a device is a device, whatever follows its dot (Naming Files, Paths,
	// and Namespaces).
	device, _, _ := strings.Cut(nameKey(s), ".")
	if reserved[strings.TrimRight(device, " ")] {
		s = "document " + s
	}
	return s
}

// reserved are the names of Windows's devices. NFKC has made 1 of ¹.
var reserved = func() map[string]bool {
	m := map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true, "clock$": true}
	for i := range 10 {
		m[fmt.Sprintf("com%d", i)], m[fmt.Sprintf("lpt%d", i)] = true, true
	}
	return m
}()

// extensions are those by which a program that shows the content is chosen. What a
// browser would run is text for whoever opens it: it was written by a stranger, and
// from a disk nothing keeps it from what else is there.
var extensions = map[string]string{
	"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
	"image/tiff": ".tiff", "image/heic": ".heic", "image/heif": ".heif", "image/bmp": ".bmp", "image/avif": ".avif",
	"text/plain": ".txt", "text/csv": ".csv", "text/markdown": ".md", "text/rtf": ".rtf", "application/rtf": ".rtf",
	"application/dicom": ".dcm", "application/json": ".json", "application/fhir+json": ".json", "text/calendar": ".ics", "text/vcard": ".vcf",
	"audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/ogg": ".ogg", "audio/aac": ".aac", "audio/flac": ".flac",
	"video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov",
	"application/zip": ".zip", "application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         ".xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
	"application/vnd.oasis.opendocument.text":                                   ".odt",
	"application/vnd.oasis.opendocument.spreadsheet":                            ".ods",
	"text/html": ".html.txt", "application/xhtml+xml": ".xhtml.txt", "image/svg+xml": ".svg.txt", "text/xml": ".xml.txt", "application/xml": ".xml.txt",
	"application/fhir+xml": ".xml.txt", "application/javascript": ".js.txt", "text/javascript": ".js.txt", "application/hl7-v2+er7": ".hl7.txt", "text/css": ".css.txt",
	"application/hl7-sda+xml": ".xml.txt", "application/hl7-cda+xml": ".xml.txt", "application/cda+xml": ".xml.txt",
}

// Extension is the end of a name by the media type; .bin for what is not known.
func Extension(mediaType string) string {
	typ, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return ".bin"
	}
	if e, known := extensions[typ]; known {
		return e
	}
	switch {
	case strings.HasSuffix(typ, "+xml"):
		return ".xml.txt"
	case strings.HasSuffix(typ, "+json"):
		return ".json"
	}
	return ".bin"
}
