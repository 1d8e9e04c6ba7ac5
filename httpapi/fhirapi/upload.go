package fhirapi

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/store"
)

// Uploads that go on where a connection broke: tus 1.0.0 (https://tus.io), its core
// and the extensions creation, creation-with-upload, expiration and termination, at
// /fhir/Binary/$upload. What was sent whole is claimed by a Binary that names it (see
// fhir.UploadURL): by itself, or in a transaction with the letter it belongs to.
//
// An upload is no part of the record, and is its grant's own: to anybody else it is
// not there.

const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,expiration,termination"
	tusBody       = "application/offset+octet-stream"
)

// uploadPath is the URL of an upload, without the base.
func uploadPath(id store.SentID) string { return "Binary/$upload/" + hex.EncodeToString(id[:]) }

// tus checks what every request of the protocol has, and sets what every answer has.
func tus(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Tus-Resumable", tusVersion)
	if v := r.Header["Tus-Resumable"]; len(v) != 1 || v[0] != tusVersion {
		w.Header().Set("Tus-Version", tusVersion)
		return record.Safef(record.Precondition, "this speaks tus %s: send Tus-Resumable: %s", tusVersion, tusVersion)
	}
	return nil
}

// uploadError gives two refusals of the store the statuses that tus's clients know.
func uploadError(err error) error {
	switch {
	case errors.Is(err, store.ErrSending):
		return record.Safef(problem.Locked, "%s", err)
	case errors.Is(err, store.ErrFull):
		return record.Safef(problem.NoRoom, "%s", err)
	}
	return err
}

// UploadOptions says what the protocol can do here.
func (a *API) UploadOptions(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", strconv.Itoa(store.MaxDocument))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// UploadBegin makes room for a content, and takes what of it comes along.
func (a *API) UploadBegin(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := tus(w, r); err != nil {
		return err
	}
	if len(r.Header["Upload-Defer-Length"]) > 0 {
		return record.Safef(record.Invalid, "say in Upload-Length how long it is: a length that comes later is not supported")
	}
	size, err := count(r, "Upload-Length")
	if err != nil {
		return err
	}
	if err := metadata(r.Header["Upload-Metadata"]); err != nil {
		return err
	}
	with := r.ContentLength != 0
	if with && r.Header.Get("Content-Type") != tusBody {
		return record.Safef(problem.MediaType, "send the content as %s, or nothing yet", tusBody)
	}
	x, err := v.Begin(r.Context(), size)
	if err != nil {
		return uploadError(err)
	}
	w.Header().Set("Location", a.config.Base+"/"+uploadPath(x.ID))
	if with {
		// It is begun, whatever becomes of this: the client asks where it is.
		if got, err := v.Send(r.Context(), x.ID, 0, r.Body); err == nil {
			x = got
		}
		w.Header().Set("Upload-Offset", strconv.FormatInt(x.Offset, 10))
	}
	expires(w, x)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// UploadStatus tells how far it came.
func (a *API) UploadStatus(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := tus(w, r); err != nil {
		return err
	}
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	x, err := v.Sent(r.Context(), id)
	if err != nil {
		return uploadError(err)
	}
	h := w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(x.Offset, 10))
	h.Set("Upload-Length", strconv.FormatInt(x.Size, 10))
	expires(w, x)
	w.WriteHeader(http.StatusOK)
	return nil
}

// UploadSend goes on with it. The new offset may be less than what was sent: what
// does not fill a part is sent again.
func (a *API) UploadSend(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := tus(w, r); err != nil {
		return err
	}
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	if r.Header.Get("Content-Type") != tusBody {
		return record.Safef(problem.MediaType, "send this as %s", tusBody)
	}
	offset, err := count(r, "Upload-Offset")
	if err != nil {
		return err
	}
	body := &counting{r: r.Body}
	x, err := v.Send(r.Context(), id, offset, body)
	if err != nil {
		return uploadError(err)
	}
	if x.Offset == offset && body.n > 0 { // or a client that believes in its pieces sends the same one for ever
		return record.Safef(record.Invalid, "%d bytes are too few: send 256 KiB at once or more, or all of the rest", body.n)
	}
	w.Header().Set("Upload-Offset", strconv.FormatInt(x.Offset, 10))
	expires(w, x)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// UploadCancel removes it.
func (a *API) UploadCancel(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := tus(w, r); err != nil {
		return err
	}
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	if err := v.Cancel(r.Context(), id); err != nil {
		return uploadError(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// UploadOverride is for clients that can send no other method than POST.
func (a *API) UploadOverride(w http.ResponseWriter, r *http.Request, v *store.View) error {
	switch r.Header.Get("X-HTTP-Method-Override") {
	case http.MethodPatch:
		return a.UploadSend(w, r, v)
	case http.MethodDelete:
		return a.UploadCancel(w, r, v)
	case http.MethodHead:
		return a.UploadStatus(w, r, v)
	}
	return record.Safef(record.NotAllowed, "an upload goes on with PATCH")
}

// uploadID is the upload in the URL. What is none is not there.
func uploadID(r *http.Request) (id store.SentID, err error) {
	b, err := hex.DecodeString(r.PathValue("upload"))
	if err != nil || len(b) != len(id) {
		return id, record.Safef(record.NotFound, "no such upload")
	}
	return store.SentID(b), nil
}

func expires(w http.ResponseWriter, x store.Sent) {
	w.Header().Set("Upload-Expires", x.Until.UTC().Format(http.TimeFormat))
}

// count is a header that holds a number.
func count(r *http.Request, name string) (int64, error) {
	if h := r.Header[name]; len(h) == 1 {
		if n, ok := position(h[0]); ok && n >= 0 {
			return n, nil
		}
	}
	return 0, record.Safef(record.Invalid, "%s is a number of bytes, and is needed here", name)
}

// metadata reads Upload-Metadata, of which nothing is kept: what a document is called
// belongs in what points to it.
func metadata(headers []string) error {
	for pair := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if pair == "" && len(headers) == 0 {
			return nil
		}
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if _, err := base64.StdEncoding.DecodeString(value); key == "" || err != nil {
			return record.Safef(record.Invalid, "Upload-Metadata is pairs of a name and base64, with commas between them")
		}
	}
	return nil
}

// counting counts what is read.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
