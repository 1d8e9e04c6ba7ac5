// Package wire is the one binary form of everything Carehold signs, seals or
// chains: a message is a list of fields.
//
//	message = field…            field = tag(2) length(4) value(length), big endian
//
// Tags never decrease; a tag that stands more than once is a list, in order. A
// number is eight bytes, a time is a number (seconds since 1970, UTC, unless
// said otherwise), a nested message is a value. There is one encoding of each
// message, so what is signed needs no canonical form.
//
// Reading is strict: a Decoder that is not told to keep them refuses tags it
// was not asked for, lists where one value belongs, and lengths that are not the
// type's. What a tag means is written beside the type that uses it, and in
// docs/format.md.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ErrFormat is wrapped by every error of a Decoder.
var ErrFormat = errors.New("not in the format")

// Builder writes a message. Fields are written in the order of their tags.
type Builder struct {
	b    []byte
	last uint16
}

// Bytes writes a field.
func (w *Builder) Bytes(tag uint16, v []byte) {
	if tag < w.last {
		panic(fmt.Sprintf("wire: tag %d after %d", tag, w.last))
	}
	w.last = tag
	w.b = binary.BigEndian.AppendUint16(w.b, tag)
	w.b = binary.BigEndian.AppendUint32(w.b, uint32(len(v)))
	w.b = append(w.b, v...)
}

// Uint writes a number.
func (w *Builder) Uint(tag uint16, v uint64) {
	w.Bytes(tag, binary.BigEndian.AppendUint64(nil, v))
}

// NotZero writes a number, and nothing for 0.
func (w *Builder) NotZero(tag uint16, v uint64) {
	if v != 0 {
		w.Uint(tag, v)
	}
}

// OptionalFixed writes a value, and nothing where it is all zeros.
func (w *Builder) OptionalFixed(tag uint16, v []byte) {
	for _, b := range v {
		if b != 0 {
			w.Bytes(tag, v)
			return
		}
	}
}

// String writes a text, and nothing for an empty one.
func (w *Builder) String(tag uint16, v string) {
	if v != "" {
		w.Bytes(tag, []byte(v))
	}
}

// Flag writes the number 1 when v holds, and nothing otherwise.
func (w *Builder) Flag(tag uint16, v bool) {
	if v {
		w.Uint(tag, 1)
	}
}

// Time writes seconds since 1970, and nothing for the zero time.
func (w *Builder) Time(tag uint16, t time.Time) {
	if !t.IsZero() {
		w.Uint(tag, uint64(t.Unix()))
	}
}

// Raw appends fields that a Decoder kept.
func (w *Builder) Raw(fields []Field) {
	for _, f := range fields {
		w.Bytes(f.Tag, f.Value)
	}
}

// Finish returns the message.
func (w *Builder) Finish() []byte { return w.b }

// Field is one field as it stands.
type Field struct {
	Tag   uint16
	Value []byte
}

// Decoder reads a message. Its methods take each tag out; the first thing that
// is wrong is kept and returned by Finish, so a reader asks for all it wants
// and checks once. Values point into the message that was given.
type Decoder struct {
	what   string
	fields []Field
	err    error
}

// Decode splits a message into its fields. what names it in errors.
func Decode(what string, b []byte) *Decoder {
	d := &Decoder{what: what, fields: make([]Field, 0, 16)} // room for most
	last := uint16(0)
	for len(b) > 0 {
		if len(b) < 6 || uint64(binary.BigEndian.Uint32(b[2:])) > uint64(len(b)-6) {
			d.fail("cut off")
			return d
		}
		tag, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint32(b[2:]))
		v := b[6 : 6+n : 6+n]
		b = b[6+n:]
		if tag < last {
			d.fail("tag %d after %d", tag, last)
			return d
		}
		last = tag
		d.fields = append(d.fields, Field{tag, v})
	}
	return d
}

func (d *Decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%s: %s: %w", d.what, fmt.Sprintf(format, args...), ErrFormat)
	}
}

// List takes out every value of a tag.
func (d *Decoder) List(tag uint16) [][]byte {
	from, to := d.find(tag)
	if from == to {
		return nil
	}
	values := make([][]byte, 0, to-from)
	for _, f := range d.fields[from:to] {
		values = append(values, f.Value)
	}
	d.drop(from, to)
	return values
}

// find tells where the fields of a tag stand: together, for tags never decrease.
func (d *Decoder) find(tag uint16) (from, to int) {
	for from < len(d.fields) && d.fields[from].Tag < tag {
		from++
	}
	for to = from; to < len(d.fields) && d.fields[to].Tag == tag; {
		to++
	}
	return from, to
}

// drop takes fields out. What stands before them moves up: nothing, for a reader
// that asks in the order of the tags.
func (d *Decoder) drop(from, to int) {
	copy(d.fields[to-from:to], d.fields[:from])
	d.fields = d.fields[to-from:]
}

// one takes out a tag that should stand at most once: the first value, and how
// many there were.
func (d *Decoder) one(tag uint16) (v []byte, n int) {
	from, to := d.find(tag)
	if from == to {
		return nil, 0
	}
	v = d.fields[from].Value
	d.drop(from, to)
	return v, to - from
}

// Optional takes out the value of a tag; nil when it is not there.
func (d *Decoder) Optional(tag uint16) []byte {
	v, n := d.one(tag)
	if n > 1 {
		d.fail("tag %d stands %d times", tag, n)
		return nil
	}
	return v
}

// Bytes takes out a value that must be there.
func (d *Decoder) Bytes(tag uint16) []byte {
	v, n := d.one(tag)
	if n != 1 {
		d.fail("tag %d stands %d times", tag, n)
		return nil
	}
	return v
}

// Fixed copies a value that must be there into one of its exact length.
func (d *Decoder) Fixed(tag uint16, into []byte) {
	v := d.Bytes(tag)
	if d.err == nil && len(v) != len(into) {
		d.fail("tag %d has %d bytes, not %d", tag, len(v), len(into))
		return
	}
	copy(into, v)
}

// Uint takes out a number that must be there.
func (d *Decoder) Uint(tag uint16) uint64 {
	var b [8]byte
	d.Fixed(tag, b[:])
	return binary.BigEndian.Uint64(b[:])
}

// Uint32 takes out a number that must be there and fit in 32 bits.
func (d *Decoder) Uint32(tag uint16) uint32 {
	v := d.Uint(tag)
	if v > 1<<32-1 {
		d.fail("tag %d is too large", tag)
	}
	return uint32(v)
}

// OptionalUint takes out a number; 0 when it is not there.
func (d *Decoder) OptionalUint(tag uint16) uint64 {
	v := d.Optional(tag)
	if v == nil {
		return 0
	}
	if len(v) != 8 {
		d.fail("tag %d has %d bytes, not 8", tag, len(v))
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

// NotZero takes out a number that is left out when it is 0; 0 when it is not there.
func (d *Decoder) NotZero(tag uint16) uint64 {
	before := len(d.fields)
	n := d.OptionalUint(tag)
	if n == 0 && len(d.fields) != before {
		d.fail("tag %d is there and 0", tag)
	}
	return n
}

// OptionalFixed copies a value, if it is there, into one of its exact length that is
// not zeros, and reports whether it was.
func (d *Decoder) OptionalFixed(tag uint16, into []byte) bool {
	v := d.Optional(tag)
	if v == nil {
		return false
	}
	var any byte
	for _, b := range v {
		any |= b
	}
	if len(v) != len(into) || any == 0 {
		d.fail("tag %d has %d bytes, not %d, or only zeros", tag, len(v), len(into))
		return false
	}
	copy(into, v)
	return true
}

// Flag takes out a flag.
func (d *Decoder) Flag(tag uint16) bool {
	v := d.Optional(tag)
	if v == nil {
		return false
	}
	if len(v) != 8 || binary.BigEndian.Uint64(v) != 1 {
		d.fail("tag %d is not a flag", tag)
	}
	return true
}

// maxTime is the end of the year 9999, the last that FHIR can write.
const maxTime = 253402300799

// Time takes out a time; the zero time when it is not there.
func (d *Decoder) Time(tag uint16) time.Time {
	b := d.Optional(tag)
	if b == nil {
		return time.Time{}
	}
	v := uint64(0)
	if len(b) == 8 {
		v = binary.BigEndian.Uint64(b)
	}
	if v == 0 || v > maxTime { // the zero time is left out, and has no other form
		d.fail("tag %d is not a time", tag)
		return time.Time{}
	}
	return time.Unix(int64(v), 0).UTC()
}

// String takes out a text; empty when it is not there.
func (d *Decoder) String(tag uint16) string {
	v := d.Optional(tag)
	if !utf8.Valid(v) || v != nil && len(v) == 0 {
		d.fail("tag %d is not text", tag)
	}
	return string(v)
}

// Keep takes out what no one asked for, and so lets it pass.
func (d *Decoder) Keep() []Field {
	rest := d.fields
	d.fields = nil
	return rest
}

// Fail makes Finish return an error, for what a reader finds wrong itself.
func (d *Decoder) Fail(format string, args ...any) { d.fail(format, args...) }

// Finish returns what was wrong first. A tag that no one asked for is wrong.
func (d *Decoder) Finish() error {
	if d.err == nil && len(d.fields) > 0 {
		d.fail("unknown tag %d", d.fields[0].Tag)
	}
	return d.err
}
