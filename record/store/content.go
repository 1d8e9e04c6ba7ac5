package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Content is the content of a Binary that may be read, and was logged as read. It is
// opened as it is written out, a row at a time, while its View is open.
type Content struct {
	Entry
	Size int64

	v     *View
	on    footing
	small []byte // one that is in the JSON
	from  int64  // where in the plaintext it begins
	parts keys.EntryParts

	sealing bool // it is sealed anew as it is read: when the keys change, all of that begins again
}

// Content returns what a Binary holds, as Read does the resource: what it says of who
// may, what is logged and what is answered holds here too. record.NotFound also for
// a Binary without data.
func (v *View) Content(ctx context.Context, ref fhir.Ref, version record.Version) (*Content, error) {
	e, err := v.Read(ctx, ref, version)
	if err != nil {
		return nil, err
	}
	return v.content(e)
}

func (v *View) content(e Entry) (*Content, error) {
	c := &Content{Entry: e, v: v, on: v.footing()}
	if e.Header.Content == nil {
		r, err := fhir.Parse(e.Body, fhir.Limits{})
		if err != nil {
			return nil, rows.Damaged("entry")
		}
		data := r.Root().Get("data")
		if r.Type() != "Binary" || !data.Valid() {
			return nil, record.Errorf(record.NotFound, "%s has no content", e.Ref)
		}
		if c.small, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data.Text()), "")); err != nil {
			return nil, record.Errorf(record.Unprocessed, "the data of %s is not base64 as this server reads it: read it as JSON", e.Ref)
		}
		c.Size = int64(len(c.small))
		return c, nil
	}
	c.Size = e.Header.Content.Length
	if err := c.key(); err != nil {
		return nil, err
	}
	first, err := v.hold.OpenFirst(e.Section, e.epoch, e.rows.ID, e.rows.At.Sealed(), e.rows.First)
	if err != nil {
		return nil, rows.Damaged("entry")
	}
	if c.from, err = entry.ContentAt(first); err != nil {
		return nil, rows.Damaged("entry")
	}
	return c, nil
}

// key derives what opens the rows, from what the View holds now.
func (c *Content) key() (err error) {
	if c.parts, err = c.v.hold.EntryParts(c.Section, c.epoch, c.rows.ID, c.rows.At.Sealed(), c.rows.First); err != nil {
		return rows.Damaged("entry")
	}
	return nil
}

// WriteRange writes n bytes of the content from a place in it. It opens the rows that
// hold them, and no others.
func (c *Content) WriteRange(w io.Writer, from, n int64) error {
	if from < 0 || n < 0 || from > c.Size || n > c.Size-from {
		return errors.New("store: no such range")
	}
	if c.Header.Content == nil {
		_, err := w.Write(c.small[from : from+n])
		return err
	}
	for n > 0 {
		i, at := keys.Place(c.from + from)
		part, err := c.part(i)
		if err != nil {
			return err
		}
		if at >= len(part) {
			return rows.Damaged("entry")
		}
		some := part[at:min(int64(len(part)), int64(at)+n)]
		from, n = from+int64(len(some)), n-int64(len(some))
		_, err = w.Write(some)
		clear(part)
		if err != nil {
			return err
		}
	}
	return nil
}

// part opens one row.
func (c *Content) part(i int) (part []byte, err error) {
	if i >= c.rows.Count() {
		return nil, rows.Damaged("entry")
	}
	row := c.rows.First
	if i > 0 {
		read := func(r kv.Reader) error {
			if err := c.v.stillSame(r); err != nil { // it may take an hour to be fetched
				return err
			}
			row, err = c.rows.Part(r, i)
			return err
		}
		err := c.v.s.engine.View(kv.Partition(c.v.person), read)
		for n := 0; n < attempts && !c.sealing && errors.Is(err, errStale); n++ {
			if err = c.v.load(context.Background(), c.v.s.time()); err == nil {
				err = c.v.s.engine.View(kv.Partition(c.v.person), read)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	switch moved, err := c.v.moved(&c.on); {
	case err != nil:
		return nil, err
	case moved:
		if err := c.key(); err != nil {
			return nil, err
		}
	}
	if part, err = c.parts.Open(i, row); err != nil {
		return nil, rows.Damaged("entry")
	}
	garbage.passed(len(part))
	return part, nil
}

// JSON writes the Binary with its data in it: the bytes that came.
func (c *Content) JSON(w io.Writer) error {
	h := c.Header.Content
	if h == nil {
		_, err := w.Write(c.Body)
		return err
	}
	if _, err := w.Write(append(bytes.Clone(c.Body[:h.At]), h.Lead...)); err != nil {
		return err
	}
	text := base64.NewEncoder(base64.StdEncoding, w)
	if err := c.WriteRange(text, 0, c.Size); err != nil {
		return err
	}
	if err := text.Close(); err != nil {
		return err
	}
	_, err := w.Write(append(bytes.Clone(h.Trail), c.Body[h.At:]...))
	return err
}

// JSONSize is how many bytes JSON writes.
func (c *Content) JSONSize() int64 {
	h := c.Header.Content
	if h == nil {
		return int64(len(c.Body))
	}
	return int64(len(c.Body)+len(h.Lead)+len(h.Trail)) + int64(base64.StdEncoding.EncodedLen(int(c.Size)))
}

// contentOf is where a version's content is read again, to be sealed anew; nil for
// one without.
func (v *View) contentOf(e Entry) source {
	if e.Header.Content == nil {
		return nil
	}
	return func(w io.Writer) error {
		c, err := v.content(e)
		if err != nil {
			return err
		}
		c.sealing = true
		return c.WriteRange(w, 0, c.Size)
	}
}

// again is what an older version becomes as a new one: its JSON with another meta,
// and its content.
func (v *View) again(e Entry, m fhir.Meta) (version, error) {
	if c := e.Header.Content; c != nil {
		h, err := fhir.Halves{JSON: e.Body, At: c.At, Lead: c.Lead, Trail: c.Trail}.With(m)
		if err != nil {
			return version{}, rows.Damaged("entry")
		}
		now := *c
		now.At = h.At
		return version{json: h.JSON, header: entry.Header{Content: &now}, content: v.contentOf(e)}, nil
	}
	r, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return version{}, rows.Damaged("entry")
	}
	return version{json: r.With(m)}, nil
}

// size is what an entry takes as JSON, about: with its content.
func (e Entry) size() int {
	n := len(e.Body)
	if c := e.Header.Content; c != nil {
		n += int(c.Length)
	}
	return n
}
