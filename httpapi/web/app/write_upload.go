package app

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/store"
)

// Upload takes files that were chosen. The word of the form is its first part, before any
// file: without it nothing is read.
func (a *App) Upload(w http.ResponseWriter, r *http.Request, v *store.View) error {
	typ, with, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || typ != "multipart/form-data" || with["boundary"] == "" {
		return errForm
	}
	parts := multipart.NewReader(r.Body, with["boundary"])
	visit := web.VisitOf(r)
	word := r.Header.Get(web.FormHeader)
	u := &upload{person: v.Grant().Person}
	kept := false
	defer func() {
		if !kept {
			u.wipe()
		}
	}()
	checked, size := false, 0
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return upset(err)
		}
		if part.FormName() == web.FormField {
			b, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return upset(err)
			}
			if word == "" {
				word = string(b)
			}
			continue
		}
		if !checked && !visit.Sent(word) {
			return record.Safef(record.Forbidden, "this form is of another session: go back, load the page again and send it once more")
		}
		checked = true
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		if len(u.files) == maxFiles {
			return a.notTaken(w, r, "add.wrong.many", "most", maxFiles)
		}
		body, err := whole(io.LimitReader(part, int64(MaxUpload-size)+1))
		u.files = append(u.files, sentFile{part.FileName(), body})
		if err != nil {
			return upset(err)
		}
		if size += len(body); size > MaxUpload {
			return a.notTaken(w, r, "add.wrong.size", "most", sizeOf(MaxUpload))
		}
	}
	switch {
	case !visit.Sent(word):
		return record.Safef(record.Forbidden, "this form is of another session: go back, load the page again and send it once more")
	case len(u.files) == 0:
		return a.notTaken(w, r, "add.wrong.none")
	}
	id := newKey()
	if err := a.waits.put(id, u, a.store.Now()); err != nil {
		return err
	}
	kept = true
	to := "/app/import/" + id
	if r.Header.Get("Sec-Fetch-Dest") == "empty" { // a script, which shows how far it is
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	return a.on(w, r, to)
}

// whole reads to the end. Of what it reads it leaves no second copy, as a buffer that grows
// does, and the slice has no more room than it needs.
func whole(r io.Reader) (body []byte, err error) {
	var parts [][]byte
	for size := 8 << 10; err == nil; size = min(2*size, 1<<20) {
		part, n, k := make([]byte, size), 0, 0
		for n < size && err == nil {
			k, err = r.Read(part[n:])
			n += k
		}
		parts = append(parts, part[:n])
	}
	body = slices.Concat(parts...)
	for _, part := range parts {
		clear(part)
	}
	if err == io.EOF {
		err = nil
	}
	return body, err
}

func sizeOf(n int64) string { return size(n) }

// upset is a body that broke off, or that is no form.
func upset(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return record.Safef(record.TooLarge, "these files are too large to be sent together: at most 16 MB. The command carehold import takes larger ones")
	case record.KindOf(err) != record.Internal:
		return err
	}
	return record.Safef(record.Invalid, "the files did not come whole: choose them again")
}

// notTaken is the page of adding again, with what is wrong.
func (a *App) notTaken(w http.ResponseWriter, r *http.Request, key string, pairs ...any) error {
	if r.Header.Get("Sec-Fetch-Dest") == "empty" {
		return record.Safef(record.Invalid, "%s", strings.TrimSuffix(a.pages.T(r, key, pairs...), "."))
	}
	return a.addPage(w, r, a.pages.T(r, key, pairs...))
}
