//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
)

// A document is sent before it is an entry, and its rows are large: the engine keeps
// them in files of their own. So it is a thing to be cut off in.

var documentRef = fhir.Ref{Type: "Binary", ID: "d-0"}

// documentSize is of three parts: one in the entry's first row, one of 256 KiB, one of
// what is left.
const documentSize = 400 << 10

// document is the content of an attempt: its number, and what nobody would make up.
func document(attempt int) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(attempt))
	random := rand.New(rand.NewPCG(uint64(attempt), 20))
	for len(b) < documentSize {
		b = binary.BigEndian.AppendUint64(b, random.Uint64())
	}
	return b
}

// send writes the document once more, and takes away what an attempt that failed left.
func (p *person) send(ctx context.Context, token string) error {
	me := p.client.With(token)
	for _, name := range p.ledger.left() {
		if err := me.CancelUpload(ctx, name); err != nil && record.KindOf(err) != record.NotFound {
			return err
		}
		p.ledger.leave(name, false)
	}
	id := documentRef.ID
	attempt := p.ledger.trying(id)
	name, err := me.Upload(ctx, bytes.NewReader(document(attempt)), documentSize, client.Upload{Begun: func(name string) error {
		p.ledger.leave(name, true)
		return nil
	}})
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Binary","id":%q,"contentType":"application/pdf",`+
		`"_data":{"extension":[{"url":%q,"valueUri":%q}]}},"request":{"method":"PUT","url":%q}}]}`, id, fhir.UploadURL, client.UploadURI(name), documentRef.String())
	if _, err := me.Transaction(ctx, []byte(text), entry.Origin{}); err != nil {
		return err
	}
	p.ledger.leave(name, false)
	p.ledger.written(id, attempt)
	return nil
}

// examineDocument: the content is that of an attempt that was made, whole, and of none
// that is older than the one acknowledged.
func examineDocument(ctx context.Context, me *client.Session, told attempts) error {
	var b bytes.Buffer
	_, err := me.Download(ctx, documentRef, 0, &b, nil)
	if record.KindOf(err) == record.NotFound && told.sure == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the document, of which attempt %d was acknowledged: %w", told.sure, err)
	}
	attempt := int(binary.BigEndian.Uint64(append(b.Bytes(), make([]byte, 8)...)))
	if attempt < told.sure || attempt > told.tried {
		return fmt.Errorf("the document is at attempt %d, acknowledged was %d of %d", attempt, told.sure, told.tried)
	}
	if !bytes.Equal(b.Bytes(), document(attempt)) {
		return fmt.Errorf("the document of attempt %d is not what was sent", attempt)
	}
	return nil
}
