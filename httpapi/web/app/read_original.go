package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/store"
)

// mostOriginal is how much of an original a page shows, in bytes. All of it can be saved.
const mostOriginal = 512 << 10

type original struct {
	Ref     fhir.Ref
	Href    string
	Text    string
	Cut     bool
	Size    string
	Version uint64
	Div     string // the narrative, on its own page
	Plain   string // and as text
}

// Original shows an entry as it is kept: FHIR, as text.
func (a *App) Original(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := refOf(r)
	if err != nil {
		return err
	}
	n, _ := strconv.ParseUint(r.URL.Query().Get("version"), 10, 32)
	e, err := v.Read(r.Context(), ref, record.Version(n))
	if err != nil {
		return err
	}
	d := original{Ref: ref, Href: hrefOf(ref), Version: uint64(e.Version), Size: size(int64(len(e.Body)))}
	body := e.Body
	if d.Cut = len(body) > mostOriginal; !d.Cut {
		var b bytes.Buffer
		if json.Indent(&b, body, "", "  ") == nil && b.Len() <= 2*mostOriginal {
			body = b.Bytes()
		}
	} else {
		body = body[:mostOriginal]
	}
	d.Text = lines(strings.ToValidUTF8(string(body), "\ufffd"))
	return a.pages.Render(w, r, web.Page{File: "original", Title: a.pages.T(r, "entry.original.title"), Nav: "record", Data: d})
}

// Narrative shows the text that came with an entry. It is somebody else's HTML: in a frame
// that can do nothing, or as plain text.
func (a *App) Narrative(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := refOf(r)
	if err != nil {
		return err
	}
	e, err := v.Read(r.Context(), ref, 0)
	if err != nil {
		return err
	}
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return err
	}
	div := res.Root().Get("text").Get("div").Text()
	if div == "" {
		return record.Safef(record.NotFound, "no text came with this entry")
	}
	d := original{Ref: ref, Href: hrefOf(ref), Plain: plainOf(div)}
	if len(div) <= mostOriginal {
		d.Div = div
	}
	return a.pages.Render(w, r, web.Page{File: "narrative", Title: a.pages.T(r, "entry.narrative.title"), Nav: "record", Data: d})
}

// plainOf is the text of a narrative without its tags: for reading, not for showing as
// anything but text.
func plainOf(div string) string {
	var b strings.Builder
	for len(div) > 0 && b.Len() < mostOriginal {
		open := strings.IndexByte(div, '<')
		if open < 0 {
			open = len(div)
		}
		b.WriteString(div[:open])
		if div = div[open:]; div == "" {
			break
		}
		end := strings.IndexByte(div, '>')
		if end < 0 {
			break
		}
		tag := strings.ToLower(strings.TrimLeft(div[1:end], "/"))
		for _, block := range []string{"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol"} {
			if rest, is := strings.CutPrefix(tag, block); is && (rest == "" || rest[0] == ' ' || rest[0] == '/') {
				b.WriteByte('\n')
				break
			}
		}
		if strings.HasPrefix(tag, "td") || strings.HasPrefix(tag, "th") {
			b.WriteByte(' ')
		}
		div = div[end+1:]
	}
	text := entities.Replace(b.String())
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.Join(strings.Fields(clean(line)), " "); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#39;", "'", "&#160;", " ", "&#xA0;", " ", "&nbsp;", " ", "&amp;", "&")

// endings are the kinds of files that are saved under their own name: they do nothing
// when they are opened but show something. All others have a name that nothing opens.
var endings = map[string]string{"application/pdf": ".pdf", "text/plain": ".txt", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif",
	"image/tiff": ".tif", "image/heic": ".heic", "image/webp": ".webp", "application/dicom": ".dcm", "text/csv": ".csv", "audio/mpeg": ".mp3", "video/mp4": ".mp4",
	"application/rtf": ".rtf", "text/rtf": ".rtf"}

// attachments are where the types have files in them.
func attachments(res *fhir.Resource) (list []fhir.Node) {
	root := res.Root()
	add := func(n fhir.Node) {
		if n.Get("data").Valid() || n.Get("url").Valid() {
			list = append(list, n)
		}
	}
	switch res.Type() {
	case "DocumentReference":
		for c := range root.Get("content").All() {
			add(c.Get("attachment"))
		}
	case "DiagnosticReport":
		for c := range root.Get("presentedForm").All() {
			add(c)
		}
	case "Media":
		add(root.Get("content"))
	case "Patient", "Practitioner", "Person", "RelatedPerson":
		for c := range root.Get("photo").All() {
			add(c)
		}
	case "Communication":
		for p := range root.Get("payload").All() {
			add(p.Get("contentAttachment"))
		}
	case "Consent":
		add(root.Get("sourceAttachment"))
	case "Binary":
		list = append(list, root)
	}
	return list
}

// files are what came with an entry, to be saved.
func (a *App) files(r *http.Request, res *fhir.Resource, ref fhir.Ref) (list []file) {
	for i, n := range attachments(res) {
		x := file{Title: short(n.Get("title").Text(), 120), Type: a.fileType(r, n.Get("contentType").Text())}
		if bytes, err := strconv.ParseInt(n.Get("size").Text(), 10, 64); err == nil && bytes > 0 {
			x.Size = size(bytes)
		}
		url := n.Get("url").Text()
		id, binary := strings.CutPrefix(url, "Binary/")
		switch {
		case ref.Type == "Binary":
			x.Href = hrefOf(ref) + "/file"
		case n.Get("data").Valid():
			x.Href = hrefOf(ref) + "/file?n=" + strconv.Itoa(i+1)
		case binary && fhir.ValidID(id):
			x.Href = "/app/entry/Binary/" + id + "/file"
		}
		if x.Title == "" {
			x.Title = a.pages.T(r, "entry.file.n", "n", i+1)
		}
		list = append(list, x)
	}
	return list
}

// fileType is what sort of file it is, in words.
func (a *App) fileType(r *http.Request, text string) string {
	typ, _, err := mime.ParseMediaType(text)
	if err != nil {
		return ""
	}
	switch {
	case typ == "application/pdf":
		return "PDF"
	case strings.HasPrefix(typ, "image/"):
		return a.pages.T(r, "entry.file.picture")
	case typ == "text/plain":
		return a.pages.T(r, "entry.file.text")
	}
	return short(typ, 60)
}

func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 1_000_000:
		return strconv.FormatInt((n+500)/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// File gives a file of an entry to be saved. It is never shown: what is in it is
// somebody else's.
func (a *App) File(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := refOf(r)
	if err != nil {
		return err
	}
	if ref.Type == "Binary" {
		c, err := v.Content(r.Context(), ref, 0)
		if err != nil {
			return err
		}
		typ := ""
		if res, err := fhir.Parse(c.Body, fhir.Limits{}); err == nil {
			typ = res.Root().Get("contentType").Text()
		}
		saved(w, ref, 0, typ, c.Size)
		if r.Method == http.MethodHead {
			return nil
		}
		return away(c.WriteRange(w, 0, c.Size))
	}
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		n = 1
	}
	e, err := v.Read(r.Context(), ref, 0)
	if err != nil {
		return err
	}
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return err
	}
	list := attachments(res)
	if n < 1 || n > len(list) || !list[n-1].Get("data").Valid() {
		return record.Safef(record.NotFound, "there is no such file")
	}
	content, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(list[n-1].Get("data").Text()), ""))
	if err != nil {
		return record.Safef(record.Unprocessed, "this file cannot be read: the original has it as it came")
	}
	saved(w, ref, n, list[n-1].Get("contentType").Text(), int64(len(content)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(content)
	return away(err)
}

// saved writes the headers of a file that is saved, under a name of ours.
func saved(w http.ResponseWriter, ref fhir.Ref, n int, contentType string, length int64) {
	typ, _, err := mime.ParseMediaType(contentType)
	end, inert := endings[typ]
	if err != nil || !inert {
		typ, end = "application/octet-stream", ".bin"
	}
	name := strings.ToLower(ref.Type) + "-" + ref.ID
	if n > 1 {
		name += "-" + strconv.Itoa(n)
	}
	h := w.Header()
	h.Set("Content-Type", typ)
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	h.Set("Content-Disposition", `attachment; filename="`+name+end+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// away keeps what is wrong with a record from looking like a browser that went away.
func away(err error) error {
	if err == nil || errors.Is(err, io.ErrShortWrite) {
		return err
	}
	switch record.KindOf(err) {
	case record.Integrity, record.Unavailable, record.Unauthorized:
		return err
	}
	return record.Safef(record.Unavailable, "the browser went away before the end of the file")
}
