package change

import (
	"bytes"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

// patching is a document on its way.
type patching struct {
	doc     jsontext.Value
	base    int // what a pass over it weighed at the beginning
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

// weigh is what one pass over a document costs, in units of ten nanoseconds or so: a
// byte is one, and each value beside its bytes as much as 24. A scanned letter is
// long and has few; an array of numbers is the other way round. Inside strings it
// counts too much, and never too little.
func weigh(doc jsontext.Value) int {
	n := 0
	for _, mark := range []string{",", "{", "["} {
		n += bytes.Count(doc, []byte(mark))
	}
	return len(doc) + 24*n
}

// begin counts what a patch will cost at the size that the document has, before any
// of it is done.
func (w *patching) begin(passes int) *record.Error {
	cost := passes * w.base
	switch {
	case cost > maxPatchWork:
		w.share(w.base) // it was read for this
		return tooMuchWork()
	case w.shared != nil && cost > *w.shared:
		w.share(w.base)
		return tooMuchTogether()
	}
	w.work = cost
	w.share(cost)
	return nil
}

// spend counts what a pass costs beyond that: what the document has grown by.
func (w *patching) spend() *record.Error {
	more := max(weigh(w.doc)-w.base, 0)
	if w.work += more; w.work > maxPatchWork {
		return tooMuchWork()
	}
	if w.share(more); w.shared != nil && *w.shared < 0 {
		return tooMuchTogether()
	}
	return nil
}

// refill gives the patches of a Bundle all that there is for them, for a plan that is
// made again begins with it again.
func refill(asked []Change) {
	for i := range asked {
		if p := asked[i].Patch; p != nil && p.shared != nil {
			*p.shared = maxBundleWork
			return // they share it
		}
	}
}

func (w *patching) share(cost int) {
	if w.shared != nil {
		*w.shared -= cost
	}
}

func tooMuchWork() *record.Error {
	return record.Safef(record.TooLarge, "too much work for one patch: send several, or the whole resource with PUT")
}

func tooMuchTogether() *record.Error {
	return record.Safef(record.TooLarge, "too much work for the patches of one Bundle: send several, or whole resources with PUT")
}
