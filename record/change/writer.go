package change

import (
	"io"
	"strconv"
	"sync"
	"time"

	"carehold/record"
	"github.com/go-json-experiment/json/jsontext"
)

// BundleHead is what a bundle says before its entries. Empty fields are left out.
type BundleHead struct {
	Type  string // searchset, history, transaction-response, batch-response …
	ID    string
	Time  time.Time // meta.lastUpdated
	Total *int
	Links []Link
}

// Link is a Bundle.link.
type Link struct{ Relation, URL string }

// BundleEntry is one entry to write. Empty fields are left out.
type BundleEntry struct {
	FullURL  string
	Resource []byte // JSON, copied as it is
	Mode     string // search.mode: match, include, outcome
	Method   string // request.method and request.url, in a history
	URL      string
	Status   string // response.status
	Location string
	ETag     string
	Modified time.Time
	Outcome  []byte // response.outcome: JSON, copied as it is
}

// BundleWriter writes a Bundle as it goes, many entries at a time. It never decodes a
// resource, and what it has written it overwrites. After an error it writes nothing
// more and returns that error again.
type BundleWriter struct {
	w       io.Writer
	block   *[blockRoom]byte // what buf begins in
	buf     []byte
	entries int
	err     error
}

// A block is what is written at once: to write each entry by itself is a call of the
// system's for every few of them. There is room in it for an entry more.
const (
	blockSize = 64 << 10
	blockRoom = blockSize + 16<<10
)

var blocks = sync.Pool{New: func() any { return new([blockRoom]byte) }}

// NewBundleWriter writes the head.
func NewBundleWriter(w io.Writer, h BundleHead) *BundleWriter {
	b := &BundleWriter{w: w, block: blocks.Get().(*[blockRoom]byte)}
	b.buf = b.block[:0]
	b.raw(`{"resourceType":"Bundle"`)
	b.str(`,"id":`, h.ID)
	if !h.Time.IsZero() {
		b.str(`,"meta":{"lastUpdated":`, instant(h.Time))
		b.raw("}")
	}
	b.str(`,"type":`, h.Type)
	if h.Total != nil {
		b.raw(`,"total":` + strconv.Itoa(*h.Total))
	}
	for i, l := range h.Links {
		b.raw(pick(i == 0, `,"link":[{`, `,{`))
		b.str(`"relation":`, l.Relation)
		b.str(`,"url":`, l.URL)
		b.raw(pick(i == len(h.Links)-1, `}]`, `}`))
	}
	return b
}

// Entry writes an entry.
func (b *BundleWriter) Entry(e BundleEntry) error {
	b.raw(pick(b.entries == 0, `,"entry":[`, `,`))
	b.entries++
	start := len(b.buf)
	b.str(`,"fullUrl":`, e.FullURL)
	if len(e.Resource) > blockSize { // block by block: there may be many megabytes of it
		b.raw(`,"resource":`)
		b.buf[start] = '{'
		start = -1
		for rest := e.Resource; len(rest) > 0; {
			if len(b.buf) >= blockSize {
				b.flush()
			}
			part := rest[:min(len(rest), blockSize-len(b.buf))]
			b.buf, rest = append(b.buf, part...), rest[len(part):]
		}
	} else {
		b.json(`,"resource":`, e.Resource)
	}
	b.object(`,"search":`, func() { b.str(`,"mode":`, e.Mode) })
	b.object(`,"request":`, func() {
		b.str(`,"method":`, e.Method)
		b.str(`,"url":`, e.URL)
	})
	b.object(`,"response":`, func() {
		b.str(`,"status":`, e.Status)
		b.str(`,"location":`, e.Location)
		b.str(`,"etag":`, e.ETag)
		if !e.Modified.IsZero() {
			b.str(`,"lastModified":`, instant(e.Modified))
		}
		b.json(`,"outcome":`, e.Outcome)
	})
	if len(b.buf) == start {
		b.err = record.Safef(record.Internal, "an entry of a Bundle must have something in it")
		return b.err
	}
	if start >= 0 {
		b.buf[start] = '{'
	}
	if b.raw("}"); len(b.buf) < blockSize {
		return b.err
	}
	return b.flush()
}

// Close ends the Bundle. It does not close the writer.
func (b *BundleWriter) Close() error {
	b.raw(pick(b.entries > 0, "]}", "}"))
	err := b.flush()
	if b.block != nil {
		blocks.Put(b.block)
		b.block, b.buf = nil, nil
	}
	return err
}

func (b *BundleWriter) raw(s string) { b.buf = append(b.buf, s...) }

func (b *BundleWriter) str(name, value string) {
	if value != "" {
		b.raw(name)
		b.buf, _ = jsontext.AppendQuote(b.buf, value) // invalid UTF-8 becomes U+FFFD
	}
}

func (b *BundleWriter) json(name string, value []byte) {
	if len(value) > 0 {
		b.raw(name)
		b.buf = append(b.buf, value...)
	}
}

// object writes what members writes, each with a comma in front, as an object;
// nothing if that is nothing.
func (b *BundleWriter) object(name string, members func()) {
	start := len(b.buf)
	b.raw(name)
	first := len(b.buf)
	if members(); len(b.buf) == first {
		b.buf = b.buf[:start]
		return
	}
	b.buf[first] = '{' // in place of the first comma
	b.raw("}")
}

func (b *BundleWriter) flush() error {
	if b.err == nil {
		_, b.err = b.w.Write(b.buf)
	}
	clear(b.buf)
	if b.buf = b.buf[:0]; b.block != nil && cap(b.buf) != blockRoom { // a large entry did not fit
		clear(b.block[:])
		b.buf = b.block[:0]
	}
	return b.err
}

// instant is a FHIR instant, to the millisecond.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
