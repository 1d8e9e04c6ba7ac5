package change

import (
	"bytes"
	"fmt"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits bounds what is read. A zero field means the default.
type Limits struct {
	Bytes    int64 // of the whole; default 256 MiB
	Entries  int   // default 10,000: a long life of chronic illness
	Values   int   // strings, numbers, objects … of all resources; default 8,388,608, which take 256 MiB of memory
	Resource fhir.Limits
}

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 256 << 20
	}
	if l.Entries <= 0 {
		l.Entries = 10_000
	}
	if l.Values <= 0 {
		l.Values = 8 << 20
	}
	return l
}

// take takes the values of a resource that was parsed from what is left of Values.
func (l *Limits) take(r *fhir.Resource, err error) (*fhir.Resource, error) {
	if err == nil {
		if l.Values -= r.Values(); l.Values < 0 {
			return nil, errTooManyValues
		}
	}
	return r, err
}

// errTooManyValues ends the reading; another refusal concerns one entry.
var errTooManyValues = record.Safef(record.TooLarge, "too many values to take at a time")

func (l Limits) check(size int64) error {
	if size > l.Bytes {
		return record.Safef(record.TooLarge, "at most %d bytes are taken at a time", l.Bytes)
	}
	return nil
}

// Bundle is a bundle taken apart.
type Bundle struct {
	Type    string
	Entries []Entry
	Ignored map[string]int // what was there and means nothing here: "link", "entry.search" …
}

// Entry is one entry of a bundle.
type Entry struct {
	Index    int
	FullURL  string
	Resource *fhir.Resource // nil when there is none, or when it is refused
	Err      error          // why the resource is refused
	Request  *Request       // nil when there is none
}

// Request is Bundle.entry.request.
type Request struct {
	Method, URL                       string
	IfMatch, IfNoneMatch, IfNoneExist string
	IfModifiedSince                   string
}

// ParseBundle takes a bundle apart. It must not be changed afterwards: the
// entries' resources keep its bytes. A resource that is refused has its error in
// its entry, so that an import can go on without it.
func ParseBundle(b []byte, lim Limits) (*Bundle, error) {
	lim = lim.orDefault()
	if err := lim.check(int64(len(b))); err != nil {
		return nil, err
	}
	if err := fhir.CheckJSON(b); err != nil {
		return nil, err
	}
	// The text is valid, so what the decoder can still say is nothing new.
	p := &parser{raw: b, dec: jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true)), lim: lim,
		bundle: Bundle{Ignored: map[string]int{}}}
	if p.dec.PeekKind() != '{' {
		return nil, record.Safef(record.Invalid, "a Bundle is a JSON object that begins with {")
	}
	var typ string
	err := p.object("Bundle", func(name string) (err error) {
		switch name {
		case "resourceType":
			typ, err = p.text("resourceType")
		case "type":
			p.bundle.Type, err = p.text("Bundle.type")
		case "entry":
			err = p.entries()
		default:
			err = p.ignore(name)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case typ != "Bundle":
		return nil, record.Safef(record.Invalid, "this is not a Bundle").At("resourceType")
	case p.bundle.Type == "":
		return nil, record.Safef(record.Invalid, "a Bundle must have a type").At("Bundle.type")
	}
	return &p.bundle, nil
}

// parser walks over a bundle without keeping more of it than the entries.
type parser struct {
	raw    []byte
	dec    *jsontext.Decoder
	lim    Limits
	bundle Bundle
}

// object calls f for each member of the object that comes next.
func (p *parser) object(path string, f func(name string) error) error {
	if p.dec.PeekKind() != '{' {
		return record.Safef(record.Invalid, "must be an object").At(path)
	}
	p.dec.ReadToken()
	if p.dec.PeekKind() == '}' {
		return record.Safef(record.Invalid, "an object must have something in it; leave the element out").At(path)
	}
	for p.dec.PeekKind() != '}' {
		name, err := p.dec.ReadToken()
		if err != nil {
			return record.Safef(record.Invalid, "not JSON")
		}
		if err := f(name.String()); err != nil {
			return err
		}
	}
	p.dec.ReadToken()
	return nil
}

// value is the bytes of the value that comes next.
func (p *parser) value() ([]byte, error) {
	v, err := p.dec.ReadValue()
	if err != nil {
		return nil, record.Safef(record.Invalid, "not JSON")
	}
	end := p.dec.InputOffset()
	return p.raw[end-int64(len(v)) : end : end], nil
}

// text is the string that comes next.
func (p *parser) text(path string) (string, error) {
	if p.dec.PeekKind() != '"' {
		return "", record.Safef(record.Invalid, "must be a string").At(path)
	}
	v, err := p.dec.ReadToken()
	if err != nil || v.String() == "" {
		return "", record.Safef(record.Invalid, "a string must not be empty; leave the element out").At(path)
	}
	return v.String(), nil
}

// known are the members that may be ignored by name; anything else counts as
// "other", because names come from whoever sent the bundle.
var known = map[string]bool{"id": true, "meta": true, "implicitRules": true, "language": true, "identifier": true, "timestamp": true,
	"total": true, "link": true, "signature": true, "entry.id": true, "entry.extension": true, "entry.link": true,
	"entry.search": true, "entry.response": true}

func (p *parser) ignore(name string) error {
	if strings.HasSuffix(name, "modifierExtension") {
		// FHIR R4, Extensibility: it may change the meaning of all the rest.
		return record.Safef(record.Unprocessed, "a modifierExtension that this server does not know").At("Bundle." + name)
	}
	if !known[name] {
		name = "other"
	}
	p.bundle.Ignored[name]++
	_, err := p.value()
	return err
}

func (p *parser) entries() error {
	if p.dec.PeekKind() != '[' {
		return record.Safef(record.Invalid, "must be an array").At("Bundle.entry")
	}
	p.dec.ReadToken()
	if p.dec.PeekKind() == ']' {
		return record.Safef(record.Invalid, "an array must have something in it; leave the element out").At("Bundle.entry")
	}
	for p.dec.PeekKind() != ']' {
		if len(p.bundle.Entries) == p.lim.Entries {
			return record.Safef(record.TooLarge, "at most %d entries are taken at a time", p.lim.Entries)
		}
		if err := p.entry(); err != nil {
			return err
		}
	}
	p.dec.ReadToken()
	return nil
}

func (p *parser) entry() error {
	e := Entry{Index: len(p.bundle.Entries)}
	path := entryPath(e.Index)
	err := p.object(path, func(name string) (err error) {
		switch name {
		case "fullUrl":
			e.FullURL, err = p.text(path + ".fullUrl")
		case "resource":
			var raw []byte
			if raw, err = p.value(); err == nil {
				if e.Resource, e.Err = p.lim.take(fhir.ParseValid(raw, p.lim.Resource)); e.Err == errTooManyValues {
					return e.Err
				}
				e.Err = inEntry(e.Index, e.Err)
			}
		case "request":
			e.Request, err = p.request(path + ".request")
		default:
			err = p.ignore("entry." + name)
		}
		return err
	})
	p.bundle.Entries = append(p.bundle.Entries, e)
	return err
}

func (p *parser) request(path string) (*Request, error) {
	var q Request
	err := p.object(path, func(name string) (err error) {
		into := map[string]*string{"method": &q.Method, "url": &q.URL, "ifMatch": &q.IfMatch,
			"ifNoneMatch": &q.IfNoneMatch, "ifNoneExist": &q.IfNoneExist, "ifModifiedSince": &q.IfModifiedSince}[name]
		if into == nil {
			return p.ignore("entry.request." + name)
		}
		*into, err = p.text(path + "." + name)
		return err
	})
	return &q, err
}

func entryPath(i int) string { return fmt.Sprintf("Bundle.entry[%d]", i) }

// inEntry puts the path of an error inside a resource behind the entry's.
func inEntry(i int, err error) error {
	e, ok := err.(*record.Error)
	if !ok {
		return err
	}
	path := entryPath(i) + ".resource"
	typ, rest, _ := strings.Cut(e.Path, ".")
	if !fhir.KnownType(typ) {
		rest = e.Path
	}
	if rest != "" {
		path += "." + rest
	}
	return e.At(path)
}
