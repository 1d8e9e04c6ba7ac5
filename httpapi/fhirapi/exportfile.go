package fhirapi

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/search"
	"carehold/record/store"
)

// The files of an export, by their names:
//
//	Observation-000-fff.ndjson  of one type, in these parts of all entries' names
//	deleted-000-fff.ndjson      what was deleted, each as a Bundle that deletes it
//	made-Provenance.ndjson      what is made from the record itself (package derived)
//	error.ndjson                what was left out of the request
//
// A line is a resource as a read serves it, but for two things: white space that would
// end the line is a space, and the url of an attachment is absolute.

const (
	ndjsonEnding = ".ndjson"
	errorFile    = "error" + ndjsonEnding
	deletedFile  = "deleted"
	derivedFile  = "made-"
)

// ndjsonTypes are the names that NDJSON goes by; the first is the one to answer with.
var ndjsonTypes = []string{"application/fhir+ndjson", "application/ndjson", "ndjson"}

var exportFileName = regexp.MustCompile(`^([A-Za-z]+)-([0-9a-f]{3})-([0-9a-f]{3})\.ndjson$`)

func fileNameOf(f store.ExportFile) string {
	name := f.Type
	if f.Deleted {
		name = deletedFile
	}
	return fmt.Sprintf("%s-%03x-%03x%s", name, f.From, f.To, ndjsonEnding)
}

// ExportFile serves a file of an export.
func (a *API) ExportFile(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := heeds(r.Header); err != nil {
		return err
	}
	if err := acceptsNDJSON(r.Header["Accept"]); err != nil {
		return err
	}
	x, asked, err := a.openExport(r, v)
	if err != nil {
		return err
	}
	name := r.PathValue("output")
	typ := strings.TrimSuffix(strings.TrimPrefix(name, derivedFile), ndjsonEnding)
	at := exportFileName.FindStringSubmatch(name)
	switch {
	case name == errorFile && len(asked.ignored) > 0:
		if err := v.Spend(); err != nil {
			return err
		}
		return sendLines(w, r, func(out *lines) error {
			for _, name := range asked.ignored {
				if err := out.line(problem.OutcomeOf("", notNarrowed(name))); err != nil {
					return err
				}
			}
			return nil
		})
	case strings.HasPrefix(name, derivedFile) && slices.Contains(asked.derived(), typ):
		return a.derivedLines(w, r, v, x, asked, typ)
	case at == nil:
		return store.ErrNoExport
	}
	f := store.ExportFile{Type: at[1], Deleted: at[1] == deletedFile}
	from, _ := strconv.ParseUint(at[2], 16, 16) // three digits of hexadecimal
	to, _ := strconv.ParseUint(at[3], 16, 16)
	if f.From, f.To = int(from), int(to); f.Deleted {
		f.Type = ""
	} else if !fhir.KnownType(f.Type) || asked.types != nil && !slices.Contains(asked.types, f.Type) {
		return store.ErrNoExport
	}
	if f.Deleted && asked.since.IsZero() {
		return store.ErrNoExport
	}
	file, err := v.ExportFile(r.Context(), x, f, asked.types, asked.since)
	if err != nil {
		return err
	}
	return sendLines(w, r, func(out *lines) error {
		for _, ref := range file.Deleted {
			if err := out.line([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"` + ref.String() + `"}}]}`)); err != nil {
				return err
			}
		}
		return file.Each(r.Context(), func(e store.Entry) error {
			if e.Header.Content == nil {
				return out.line(a.attached(e.Body))
			}
			c, err := v.ContentOf(e)
			if err == nil {
				err = c.JSON(flat{out})
			}
			if err == nil {
				err = out.WriteByte('\n')
			}
			return err
		})
	})
}

// derivedLines are what is made from the record itself, as searches find it, a page at a
// time, each with its own entry in the log.
func (a *API) derivedLines(w http.ResponseWriter, r *http.Request, v *store.View, x store.Export, asked exportAsked, typ string) error {
	when := "_total=none&_lastUpdated=le" + url.QueryEscape(x.At.Format("2006-01-02T15:04:05.000Z"))
	if !asked.since.IsZero() {
		when += "&_lastUpdated=gt" + url.QueryEscape(asked.since.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	query, err := search.Parse(typ, when, search.Options{Base: a.config.Base, Strict: true})
	if err != nil {
		return err
	}
	o := store.SearchOptions{Limit: maxCount, Asked: store.Asked{Path: x.Asked.Path, Query: when}}
	page, err := v.Search(r.Context(), query, o)
	if err != nil {
		return err
	}
	return sendLines(w, r, func(out *lines) error {
		for {
			for _, e := range page.Entries {
				if _, is := derived.Parse(e.Ref); !is {
					continue // a real one, which has a file
				}
				if err := out.line(a.attached(e.Body)); err != nil {
					page.Release()
					return err
				}
			}
			page.Release()
			v.Holds(0)
			if page.Next == "" {
				return nil
			}
			o.Page = page.Next
			if page, err = v.Search(r.Context(), query, o); err != nil {
				return err
			}
		}
	})
}

// lines is a file that is being written.
type lines struct{ *bufio.Writer }

// line writes a resource as one.
func (l *lines) line(body []byte) error {
	if _, err := (flat{l}).Write(body); err != nil {
		return err
	}
	return l.WriteByte('\n')
}

// flat writes JSON without ends of lines: outside of strings they are white space, and
// in them there are none.
type flat struct{ w io.Writer }

func (f flat) Write(b []byte) (int, error) {
	for rest := b; ; {
		i := bytes.IndexAny(rest, "\r\n")
		if i < 0 {
			if _, err := f.w.Write(rest); err != nil {
				return 0, err
			}
			return len(b), nil
		}
		if _, err := f.w.Write(rest[:i]); err != nil {
			return 0, err
		}
		if _, err := io.WriteString(f.w, " "); err != nil {
			return 0, err
		}
		rest = rest[i+1:]
	}
}

// sendLines answers with a file. What goes wrong in the middle is an error, by which the
// connection is cut: half a file must not look like a whole one.
func sendLines(w http.ResponseWriter, r *http.Request, write func(*lines) error) error {
	h := w.Header()
	h.Set("Content-Type", ndjsonTypes[0])
	h.Set("Content-Disposition", "attachment")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := &lines{bufio.NewWriterSize(w, 64<<10)}
	if err := write(out); err != nil {
		return told(err)
	}
	return told(out.Flush())
}

// attached is a resource whose attachments have absolute URLs: "the url element SHALL be
// an absolute url that can be de-referenced to the attachment's content".
func (a *API) attached(body []byte) []byte {
	if !bytes.Contains(body, []byte(`"Binary/`)) {
		return body
	}
	res, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return body // as it is served
	}
	return res.Rewrite(func(ref fhir.Reference) (string, bool) {
		return a.config.Base + "/" + ref.Value, ref.In == fhir.InURI && strings.HasPrefix(ref.Value, "Binary/")
	}).Root().Raw()
}

// acceptsNDJSON reports whether a client takes a file as it is.
func acceptsNDJSON(accept []string) error {
	if len(accept) == 0 {
		return nil
	}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		typ, params, err := mime.ParseMediaType(part)
		if q, perr := strconv.ParseFloat(params["q"], 64); err != nil || perr == nil && q == 0 {
			continue
		}
		if typ == "*/*" || typ == "application/*" || slices.Contains(ndjsonTypes, typ) {
			return nil
		}
	}
	return record.Safef(problem.NotAcceptable, "this is a file of application/fhir+ndjson, and nothing else")
}
