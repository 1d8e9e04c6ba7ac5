package change

import (
	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

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
