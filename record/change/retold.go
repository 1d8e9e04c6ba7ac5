package change

import (
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
	"carehold/record/fhir"
)

// retold sees to the narrative of a resource that was patched, which says in
// words what the data said before: FHIR R4 §3.1.0.6, "the server SHALL ensure
// that the narrative in a resource is not clinically unsafe after the PATCH
// operation is performed". Whoever changed the text with the data has seen to it.
// What was generated from the data alone is taken out, as the clause proposes;
// of what says more than the data nobody but a person can tell whether it still
// holds.
func retold(was, now *fhir.Resource) (*fhir.Resource, error) {
	before, _ := was.Value("text")
	after, ok := now.Value("text")
	if !ok || before == nil || !sameValue(before, after) || sameData(was, now) {
		return now, nil
	}
	switch member(after, "status") {
	case "empty":
		return now, nil
	case "generated", "extensions":
		w := patching{doc: now.Bytes(), base: weigh(now.Bytes())}
		if err := w.remove(pointer{"text"}, ""); err != nil {
			return nil, err
		}
		return fhir.Parse(w.doc, fhir.Limits{})
	}
	return nil, record.Safef(record.Unprocessed,
		"the narrative says more than the data, and may no longer be true: change /text in the same patch, or remove it").At(now.Type() + ".text")
}

// sameData reports whether nothing differs but meta, of which no narrative tells.
func sameData(a, b *fhir.Resource) bool {
	told := func(r *fhir.Resource) map[string]jsontext.Value {
		all := map[string]jsontext.Value{}
		children(r.Bytes(), func(name jsontext.Value, _ int, v jsontext.Value) bool {
			all[text(name)] = v
			return true
		})
		delete(all, "meta")
		return all
	}
	x, y := told(a), told(b)
	for name, v := range x {
		if other, there := y[name]; !there || !sameText(v, other) {
			return false
		}
	}
	return len(x) == len(y)
}
