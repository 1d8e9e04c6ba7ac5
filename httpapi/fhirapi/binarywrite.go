package fhirapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// What is sent to a Binary is its content, whatever it is, unless it is a Binary
// itself (FHIR R4, Binary). A small one is written as a resource with data; a larger
// one goes to where uploads go, part by part as it comes, and the change claims it
// from there: so either all of it is there or nothing.

// inOne is how large a content may be that is held in memory, and whose length need
// not be said beforehand.
const inOne = 1 << 20

// CreateBinary is Create for Binary, whose content may be sent as it is.
func (a *API) CreateBinary(w http.ResponseWriter, r *http.Request, v *store.View) error {
	c, err := contentOf(r)
	switch {
	case err != nil:
		return err
	case c == nil:
		return a.Create(w, r, v)
	}
	if err := changing(r); err != nil {
		return err
	}
	if err := heeds(r.Header, "If-None-Exist"); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	asked := change.Change{Verb: change.Create, Ref: fhir.Ref{Type: "Binary"}}
	if asked.Query, err = ifNoneExist(r); err != nil {
		return err
	}
	if err := v.May(r.Context(), fhir.Ref{Type: "Binary", ID: v.NewID("Binary")}, grant.ActCreate); err != nil {
		return err
	}
	return a.writeContent(w, r, v, c, asked)
}

// UpdateBinary is Update for Binary.
func (a *API) UpdateBinary(w http.ResponseWriter, r *http.Request, v *store.View) error {
	c, err := contentOf(r)
	switch {
	case err != nil:
		return err
	case c == nil:
		return a.Update(w, r, v)
	}
	if err := changing(r); err != nil {
		return err
	}
	if err := heeds(r.Header, "If-Match", "If-None-Match"); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	asked := change.Change{Verb: change.Update, Ref: fhir.Ref{Type: "Binary", ID: r.PathValue("id")}}
	if asked.IfMatch, err = ifMatch(r.Header["If-Match"]); err != nil {
		return err
	}
	if asked.IfNoneMatch, err = ifNoneMatchAny(r.Header["If-None-Match"]); err != nil {
		return err
	}
	if err := v.May(r.Context(), asked.Ref, grant.ActUpdate); err != nil {
		return err
	}
	return a.writeContent(w, r, v, c, asked)
}

// sentContent is a content on its way in.
type sentContent struct {
	typ      string
	security string // X-Security-Context
	body     io.Reader
	size     int64 // -1 when it was not said
}

// contentOf is the content that was sent; nil when it is a Binary as FHIR JSON, and is
// then still to be read.
func contentOf(r *http.Request) (*sentContent, error) {
	if len(r.Header["Content-Type"]) == 0 {
		return nil, record.Safef(problem.MediaType, "say in Content-Type what this is, as in application/pdf")
	}
	typ, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.Contains(typ, "/") || len(r.Header.Get("Content-Type")) > 200 {
		return nil, record.Safef(problem.MediaType, "the Content-Type is no media type")
	}
	if typ == "multipart/form-data" || typ == "application/x-www-form-urlencoded" {
		return nil, record.Safef(problem.MediaType, "send the file itself, with the Content-Type that it has, and not a form")
	}
	c := &sentContent{typ: mime.FormatMediaType(typ, params), body: r.Body, size: r.ContentLength}
	if slices.Contains(jsonTypes, typ) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		res, err := fhir.Parse(b, fhir.Limits{})
		if err == nil && res.Type() == "Binary" || err != nil && typ == jsonTypes[0] { // which says what is wrong with it
			r.Body = io.NopCloser(bytes.NewReader(b))
			return nil, nil
		}
		c.body, c.size = bytes.NewReader(b), int64(len(b))
	}
	if len(params) == 0 {
		c.typ = typ
	}
	switch context := r.Header["X-Security-Context"]; {
	case len(context) > 1:
		return nil, record.Safef(record.Invalid, "there is more than one X-Security-Context")
	case len(context) == 1:
		to := fhir.ParseReference(context[0])
		if to.Form != fhir.Relative && to.Form != fhir.Absolute || !headerText(context[0]) {
			return nil, record.Safef(record.Invalid, "X-Security-Context is a reference: DocumentReference/…")
		}
		c.security = context[0]
	}
	return c, nil
}

// writeContent writes a content as a change.
func (a *API) writeContent(w http.ResponseWriter, r *http.Request, v *store.View, c *sentContent, asked change.Change) error {
	data, upload, err := c.take(r.Context(), v)
	if err != nil {
		return err
	}
	claimed := false
	defer func() {
		if upload != nil && !claimed {
			_ = v.Cancel(context.WithoutCancel(r.Context()), upload.ID) // its day ends by itself
		}
	}()
	if asked.Resource, err = c.resource(asked.Ref.ID, data, upload); err != nil {
		return err
	}
	res, hints, err := a.apply(r, v, asked)
	if err != nil {
		return err
	}
	claimed = !res.Unchanged // or there was one, by the condition, or the same
	return a.wrote(w, r, res, hints)
}

// take reads the content: into memory, or to where uploads are.
func (c *sentContent) take(ctx context.Context, v *store.View) (data []byte, upload *store.Sent, err error) {
	if c.size <= inOne {
		if data, err = io.ReadAll(io.LimitReader(c.body, inOne+1)); err != nil {
			return nil, nil, err
		}
		if len(data) > inOne {
			return nil, nil, record.Safef(problem.NoLength, "say in Content-Length how long this is: without it %d MiB are taken", inOne>>20)
		}
		return data, nil, nil
	}
	x, err := v.Begin(ctx, c.size)
	if err != nil {
		return nil, nil, uploadError(err)
	}
	got, err := v.Send(ctx, x.ID, 0, c.body)
	if err == nil && got.Offset != x.Size {
		err = record.Safef(record.Invalid, "the body ended too early")
	}
	if err != nil {
		_ = v.Cancel(context.WithoutCancel(ctx), x.ID)
		return nil, nil, uploadError(err)
	}
	return nil, &got, nil
}

// resource is the Binary that holds the content, or claims it.
func (c *sentContent) resource(id string, data []byte, upload *store.Sent) (*fhir.Resource, error) {
	type extension struct {
		URL   string `json:"url"`
		Value string `json:"valueUri"`
	}
	type extended struct {
		Extension []extension `json:"extension"`
	}
	type security struct {
		Reference string `json:"reference"`
	}
	x := struct {
		ResourceType string    `json:"resourceType"`
		ID           string    `json:"id,omitempty"`
		ContentType  string    `json:"contentType"`
		Security     *security `json:"securityContext,omitempty"`
		Claim        *extended `json:"_data,omitempty"`
		Data         string    `json:"data,omitempty"`
	}{ResourceType: "Binary", ID: id, ContentType: c.typ, Data: base64.StdEncoding.EncodeToString(data)}
	if c.security != "" {
		x.Security = &security{c.security}
	}
	if upload != nil {
		x.Claim = &extended{[]extension{{fhir.UploadURL, uploadPath(upload.ID)}}}
	}
	b, err := json.Marshal(x)
	if err != nil {
		return nil, record.Safef(record.Internal, "encoding a Binary")
	}
	return fhir.Parse(b, fhir.Limits{})
}
