package change

import (
	"bytes"
	"strconv"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
	"carehold/record/fhir"
)

// What a patch may ask for. The work is counted in bytes of the document, once
// for each time that an operation goes over it: whoever is patching holds the
// turn to write.
const (
	maxOperations = 1_000
	maxPatchWork  = 64 << 20
	maxBundleWork = 256 << 20 // of all the patches in a Bundle
	maxPatched    = 16 << 20  // bytes on the way; what comes out is measured by fhir.Parse
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
	w := patching{doc: r.Bytes(), shared: p.shared}
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

// patching is a document on its way.
type patching struct {
	doc     jsontext.Value
	changed bool
	work    int
	shared  *int
}

// do does one operation. Everything that the library is lenient about, or reads
// another way than RFC 6902 and 6901, is looked at here first: it is left with
// putting values in and taking them out.
func (w *patching) do(o *operation) *record.Error {
	switch o.op {
	case "test":
		at, err := w.there(o.path, ".path")
		if err != nil {
			return err
		}
		if !sameValue(at, o.value) {
			return record.Safef(record.Unprocessed, "the test fails: the value is another one")
		}
		return w.spend()
	case "add":
		return w.add(o.path, o.value)
	case "replace":
		if _, err := w.there(o.path, ".path"); err != nil {
			return err
		}
		return w.apply("replace", o.path, o.value)
	case "remove":
		return w.remove(o.path, ".path")
	}
	// RFC 6902 §4.4, §4.5: a copy adds the value that is there, a move removes it
	// first.
	value, err := w.there(o.from, ".from")
	if err != nil {
		return err
	}
	value = value.Clone()
	if o.op == "move" {
		if err := w.remove(o.from, ".from"); err != nil {
			return err
		}
	}
	return w.add(o.path, value)
}

// there is the value at p, or an error if there is none.
func (w *patching) there(p pointer, which string) (jsontext.Value, *record.Error) {
	v := p.in(w.doc)
	if v == nil {
		return nil, record.Safef(record.Unprocessed, "there is nothing at this place").At(which)
	}
	return v, nil
}

func (w *patching) add(p pointer, v jsontext.Value) *record.Error {
	if len(p) > 0 {
		up, last := p[:len(p)-1].in(w.doc), p[len(p)-1]
		ok := false
		switch {
		case up == nil:
		case up.Kind() == '{':
			ok = last != "" // which the library takes for the object itself, and FHIR has no such name
		case up.Kind() == '[':
			n, index := arrayIndex(last)
			ok = last == "-" || index && n <= elements(up)
		}
		if !ok {
			return record.Safef(record.Unprocessed, "nothing can be added at this place").At(".path")
		}
	}
	return w.apply("add", p, v)
}

func (w *patching) remove(p pointer, which string) *record.Error {
	if len(p) == 0 {
		return record.Safef(record.Unprocessed, "a resource is deleted with DELETE").At(which)
	}
	if _, err := w.there(p, which); err != nil {
		return err
	}
	return w.apply("remove", p, nil)
}

// apply has the library do it.
func (w *patching) apply(op string, p pointer, v jsontext.Value) *record.Error {
	if err := w.spend(); err != nil {
		return err
	}
	one := []byte(`[{"op":"` + op + `","path":`)
	one, _ = jsontext.AppendQuote(one, p.String())
	if v != nil {
		one = append(append(one, `,"value":`...), v...)
	}
	one = append(one, `}]`...)
	patch, err := jsonpatch.DecodePatch(one)
	if err != nil {
		return record.Safef(record.Unprocessed, "the value cannot be put there").At(".value")
	}
	doc, err := patch.ApplyWithOptions(w.doc, &jsonpatch.ApplyOptions{})
	if err != nil {
		return record.Safef(record.Unprocessed, "this cannot be done at this place").At(".path")
	}
	if len(doc) > maxPatched {
		return record.Safef(record.TooLarge, "the resource would be too large")
	}
	w.doc, w.changed = doc, true
	return nil
}

// spend counts one way through the document.
func (w *patching) spend() *record.Error {
	if w.work += len(w.doc); w.work > maxPatchWork {
		return record.Safef(record.TooLarge, "too much work for one patch: send several, or the whole resource with PUT")
	}
	if w.shared == nil {
		return nil
	}
	if *w.shared -= len(w.doc); *w.shared < 0 {
		return record.Safef(record.TooLarge, "too much work for the patches of one Bundle: send several, or whole resources with PUT")
	}
	return nil
}
