package change

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
	"carehold/record/fhir"
)

// What a patch may ask for. The work is counted as weigh has it, once for each time
// that an operation goes over the document, and before it is done: whoever is
// patching holds the turn to write. So much takes less than a second.
const (
	maxOperations = 1_000
	maxPatchWork  = 64 << 20
	maxBundleWork = 64 << 20 // of all the patches in a Bundle
	maxPatched    = 16 << 20 // bytes on the way; what comes out is measured by fhir.Parse
)

// JSONPatch is a patch that has been read: RFC 6902.
type JSONPatch struct {
	ops    []operation
	shared *int // what is left for all the patches of a Bundle; nil by itself
}

type operation struct {
	op         string
	path, from pointer
	value      jsontext.Value
}

// ParseJSONPatch reads a patch strictly: what is wrong with it in itself is
// record.Invalid. Members that RFC 6902 does not define are ignored, as its §4
// asks for.
func ParseJSONPatch(b []byte) (*JSONPatch, error) {
	if err := fhir.CheckJSON(b); err != nil {
		return nil, err
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if d.PeekKind() != '[' {
		return nil, record.Safef(record.Invalid, "a JSON Patch is an array of operations (RFC 6902)")
	}
	d.ReadToken()
	p := &JSONPatch{}
	for d.PeekKind() != ']' {
		if len(p.ops) == maxOperations {
			return nil, record.Safef(record.TooLarge, "a patch has at most %d operations", maxOperations)
		}
		v, err := d.ReadValue()
		if err != nil {
			return nil, record.Safef(record.Invalid, "not JSON")
		}
		o, fault := parseOperation(v)
		if fault != nil {
			return nil, inOperation(len(p.ops), fault)
		}
		p.ops = append(p.ops, o)
	}
	return p, nil
}

// needs are the members of each operation beside its path. RFC 6902 §4.
var needs = map[string]string{"add": "value", "replace": "value", "test": "value", "remove": "", "move": "from", "copy": "from"}

func parseOperation(v jsontext.Value) (o operation, fault *record.Error) {
	if v.Kind() != '{' {
		return o, record.Safef(record.Invalid, "an operation is an object")
	}
	o.op = member(v, "op")
	need, known := needs[o.op]
	if !known {
		return o, record.Safef(record.Invalid, "one of add, remove, replace, move, copy and test").At(".op")
	}
	if o.path, fault = parsePointer(find(v, "path")); fault != nil {
		return o, fault.At(".path")
	}
	switch need {
	case "value":
		value := find(v, "value")
		if value == nil {
			return o, record.Safef(record.Invalid, "%s needs a value", o.op).At(".value")
		}
		// Compact, for the library looks at the first byte; cloned, for the
		// decoder's buffer is its own.
		o.value = value.Clone()
		if err := o.value.Compact(); err != nil {
			return o, record.Safef(record.Invalid, "not JSON").At(".value")
		}
	case "from":
		if o.from, fault = parsePointer(find(v, "from")); fault != nil {
			return o, fault.At(".from")
		}
		if o.op == "move" && len(o.from) < len(o.path) && o.path[:len(o.from)].is(o.from) {
			return o, record.Safef(record.Invalid, "nothing can be moved into itself").At(".path") // RFC 6902 §4.4
		}
	}
	return o, nil
}

// Apply is the resource as the patch makes it. A test that fails, a place that is
// not there and a result that is no resource, or another one, are
// record.Unprocessed.
func (p *JSONPatch) Apply(r *fhir.Resource) (*fhir.Resource, error) {
	w := patching{doc: r.Bytes(), base: weigh(r.Bytes()), shared: p.shared}
	if err := w.begin(p.passes()); err != nil {
		return nil, err
	}
	for i := range p.ops {
		if err := w.do(&p.ops[i]); err != nil {
			return nil, inOperation(i, err)
		}
	}
	if !w.changed || sameText(w.doc, r.Bytes()) {
		return r, nil
	}
	next, err := fhir.Parse(w.doc, fhir.Limits{})
	if err != nil {
		return nil, unprocessed(err)
	}
	if next.Type() != r.Type() || next.ID() != r.ID() {
		return nil, record.Safef(record.Unprocessed, "a patch cannot make it another resource: resourceType and id stay as they are")
	}
	return retold(r, next)
}

// passes is how often the patch goes over the document: what is there is read, so is
// what comes of it, and its narrative may be taken out; each operation is a pass.
func (p *JSONPatch) passes() int {
	n := 3 + len(p.ops)
	for i := range p.ops {
		if p.ops[i].op == "move" { // taken out and put in
			n++
		}
	}
	return n
}

// spent reports whether the patches of the Bundle have had what there is for all of
// them: then what they would patch need not even be read.
func (p *JSONPatch) spent() bool { return p.shared != nil && *p.shared <= 0 }

// inOperation says which of the operations it is about.
func inOperation(i int, err *record.Error) error {
	return err.At("patch[" + strconv.Itoa(i) + "]" + err.Path)
}

// unprocessed is what Parse says of a document that nobody sent: what they sent
// was a patch, and that can be understood.
func unprocessed(err error) error {
	e, ok := err.(*record.Error)
	if !ok || e.Kind != record.Invalid {
		return err
	}
	c := *e
	c.Kind = record.Unprocessed
	return &c
}
