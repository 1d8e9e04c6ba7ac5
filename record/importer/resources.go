package importer

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"carehold/record"
	"carehold/record/fhir"
)

// Note is what is said of a document by whoever brings it.
type Note struct {
	Patient string    // the id of the record's Patient: whom it is about, and who brought it
	Title   string    // what it is called; "" is what the document says
	Kind    string    // what sort of document: "Discharge letter"; may be ""
	Made    string    // FHIR dateTime; "" is what the document says
	For     fhir.Ref  // what it belongs to; zero for nothing
	Upload  string    // the URL of the upload that has the file
	Now     time.Time // when it is brought
}

// lower is base32 as FHIR ids here are written.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// id is what an entry of this file is called: always the same of the same file.
//
//	base32-lower(SHA-256(lp("carehold/document") || lp(type) || lp(SHA-256 of the file))[:16])
func (d *Document) id(typ string) string {
	h := sha256.New()
	for _, part := range []string{"carehold/document", typ, string(d.SHA256[:])} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	return lower.EncodeToString(h.Sum(nil)[:16])
}

// Binary is the entry that is the file.
func (d *Document) Binary() fhir.Ref { return fhir.Ref{Type: "Binary", ID: d.id("Binary")} }

// Reference is the entry that says what it is.
func (d *Document) Reference() fhir.Ref {
	return fhir.Ref{Type: "DocumentReference", ID: d.id("DocumentReference")}
}

type (
	reference struct {
		Reference string `json:"reference"`
	}
	concept struct {
		Text string `json:"text"`
	}
	attachment struct {
		ContentType string `json:"contentType"`
		URL         string `json:"url"`
		Size        int64  `json:"size"`
		Hash        string `json:"hash"`
		Title       string `json:"title,omitempty"`
		Creation    string `json:"creation,omitempty"`
	}
	content struct {
		Attachment attachment `json:"attachment"`
	}
	context struct {
		Encounter []reference `json:"encounter,omitempty"`
		Related   []reference `json:"related,omitempty"`
	}
	documentReference struct {
		ResourceType string      `json:"resourceType"`
		ID           string      `json:"id"`
		Status       string      `json:"status"`
		Type         *concept    `json:"type,omitempty"`
		Subject      reference   `json:"subject"`
		Date         string      `json:"date"`
		Author       []reference `json:"author"`
		Description  string      `json:"description,omitempty"`
		Content      []content   `json:"content"`
		Context      *context    `json:"context,omitempty"`
	}
	extension struct {
		URL   string `json:"url"`
		Value string `json:"valueUri"`
	}
	extended struct {
		Extension []extension `json:"extension"`
	}
	binaryResource struct {
		ResourceType string    `json:"resourceType"`
		ID           string    `json:"id"`
		ContentType  string    `json:"contentType"`
		Security     reference `json:"securityContext"`
		Claim        extended  `json:"_data"`
	}
)

// Resources are the two entries, the file first. The day that the document was made
// is its attachment's creation, as precise as it is known; date is the moment at which
// it was brought here (R4, DocumentReference.date).
func (d *Document) Resources(n Note) ([]*fhir.Resource, error) {
	called, made := n.Title, n.Made
	if called == "" {
		called = d.Title
	}
	if made == "" {
		made = d.Made
	}
	patient := reference{"Patient/" + n.Patient}
	doc := documentReference{ResourceType: "DocumentReference", ID: d.Reference().ID, Status: "current", Subject: patient,
		Date: n.Now.UTC().Format("2006-01-02T15:04:05Z"), Author: []reference{patient}, Description: called,
		Content: []content{{attachment{ContentType: d.Type, URL: d.Binary().String(), Size: d.Size,
			Hash: base64.StdEncoding.EncodeToString(d.SHA1[:]), Title: called, Creation: made}}}}
	if n.Kind != "" {
		doc.Type = &concept{n.Kind}
	}
	switch to := []reference{{n.For.String()}}; n.For.Type {
	case "":
	case "Encounter":
		doc.Context = &context{Encounter: to}
	default:
		doc.Context = &context{Related: to}
	}
	var all []*fhir.Resource
	for _, x := range []any{
		binaryResource{"Binary", d.Binary().ID, d.Type, reference{d.Reference().String()}, extended{[]extension{{fhir.UploadURL, n.Upload}}}},
		doc,
	} {
		b, err := json.Marshal(x)
		if err != nil {
			return nil, record.Safef(record.Internal, "encoding a document")
		}
		r, err := fhir.Parse(b, fhir.Limits{})
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
