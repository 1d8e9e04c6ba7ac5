package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/kv"
)

// A Binary's content is kept behind its JSON when it was sent before it, and when it
// is large: what goes through a record must not carry its scans along.

// apart is the content of a Binary that is being written, apart from its JSON.
type apart struct {
	halves fhir.Halves
	size   int64
	sum    [32]byte
	source source
	sent   SentID // zero when it came in the JSON
}

const (
	// keptApart is the size from which a content is kept apart.
	keptApart = 256 << 10

	// mostBeside is how long the JSON beside a content may be: it is in the first part
	// of a version, whole.
	mostBeside = 48 << 10
)

// takeContent finds out where the content of a Binary is.
func (pl *planner) takeContent(w *draft) error {
	if w.res.Type() != "Binary" {
		return nil
	}
	upload, halves, claims := w.res.Claim()
	if claims {
		if err := pl.claimSent(w, upload, halves); err != nil {
			return err
		}
	} else if err := pl.cutOut(w); err != nil {
		return err
	}
	if w.apart != nil && len(w.apart.halves.JSON) > mostBeside {
		return record.Safef(record.TooLarge, "what a Binary says beside its content may be %d KiB", mostBeside>>10)
	}
	return nil
}

// cutOut takes a large content out of the JSON it came in.
func (pl *planner) cutOut(w *draft) error {
	halves, text := w.res.Split()
	if base64.StdEncoding.DecodedLen(len(text)) < keptApart || len(halves.JSON) > mostBeside {
		return nil
	}
	content := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(content, text)
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(text) { // line breaks are passed over
		return record.Safef(record.Unprocessed, "the data of a Binary is base64 without white space, padded with = (RFC 4648 section 4)").At("Binary.data")
	}
	content = content[:n]
	w.apart = &apart{halves: halves, size: int64(n), sum: sha256.Sum256(content), source: func(to io.Writer) error {
		_, err := to.Write(content)
		return err
	}}
	return nil
}

// claimSent takes a content that was sent under this grant, if all of it is there.
func (pl *planner) claimSent(w *draft, upload string, halves fhir.Halves) error {
	b, err := hex.DecodeString(upload[strings.LastIndexByte(upload, '/')+1:])
	if err != nil || len(b) != len(SentID{}) {
		return record.Safef(record.Unprocessed, "this is not the URL of an upload").At("Binary.data.extension")
	}
	id := SentID(b)
	for _, other := range pl.sent {
		if other == id {
			return record.Safef(record.Unprocessed, "two entries take the content of one upload").At("Binary.data.extension")
		}
	}
	var x Sent
	err = pl.v.s.engine.View(kv.Partition(pl.v.person), func(r kv.Reader) error {
		x, err = pl.v.sent(r, id)
		return err
	})
	if err != nil {
		return err
	}
	if x.Offset != x.Size {
		return record.Safef(record.Conflict, "of this upload %d bytes of %d are there: send the rest first", x.Offset, x.Size).At("Binary.data.extension")
	}
	sum := sha256.New()
	if err := pl.v.readSent(x, sum); err != nil {
		return err
	}
	pl.sent = append(pl.sent, id)
	w.apart = &apart{halves: halves, size: x.Size, sum: [32]byte(sum.Sum(nil)), sent: id, source: func(to io.Writer) error { return pl.v.readSent(x, to) }}
	return nil
}

// withContent is the version that a Binary with a content apart becomes.
func (pl *planner) withContent(w *draft, res Result, h entry.Header, m fhir.Meta) (*op, error) {
	halves, err := w.apart.halves.With(m)
	if err != nil {
		return nil, err
	}
	h.Content = &entry.Content{Length: w.apart.size, SHA256: w.apart.sum, At: halves.At, Lead: halves.Lead, Trail: halves.Trail}
	o := pl.v.oneVersion(w, res, h, halves.JSON)
	o.versions[0].content = w.apart.source
	return o, nil
}

// sameContent reports whether a Binary says what is kept already.
func (pl *planner) sameContent(w *draft, was Entry) bool {
	c := was.Header.Content
	if w.apart == nil || c == nil || c.Length != w.apart.size || c.SHA256 != w.apart.sum {
		return false
	}
	r, err := fhir.Parse(w.apart.halves.JSON, fhir.Limits{})
	if err != nil {
		return false
	}
	before := fhir.Halves{JSON: was.Body, At: c.At, Lead: c.Lead, Trail: c.Trail}
	return same(was.Body, r) && bytes.Equal(before.Lead, w.apart.halves.Lead) && bytes.Equal(before.Trail, w.apart.halves.Trail)
}

// claimed removes what was sent once it is in the record.
func (pl *planner) claimed(ctx context.Context, work []*draft) {
	for _, w := range work {
		if w.apart == nil || w.apart.sent == (SentID{}) {
			continue
		}
		if err := pl.v.s.dropSent(context.WithoutCancel(ctx), pl.v.person, w.apart.sent, w.apart.size); err != nil {
			pl.v.s.log.Warn("an upload that is in a record now was left behind", "err", record.SafeText(err))
		}
	}
}
