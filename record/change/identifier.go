package change

import (
	"net/url"
	"strings"

	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

type identifier struct{ System, Value string }

// identifiers are the resource's own, top-level ones.
func identifiers(r *fhir.Resource) []identifier {
	list, _ := r.Value("identifier")
	var found []identifier
	each(list, func(id jsontext.Value) {
		found = append(found, identifier{member(id, "system"), member(id, "value")})
	})
	return found
}

// identifierIndex answers Type?identifier=…, which is what references with a
// query are in practice, among the resources of a bundle.
type identifierIndex[T comparable] map[identifierKey][]T

type identifierKey struct {
	typ string
	identifier
	any bool // of whatever system
}

func (x identifierIndex[T]) add(r *fhir.Resource, what T) {
	for _, id := range identifiers(r) {
		for _, key := range []identifierKey{{r.Type(), id, false}, {r.Type(), identifier{Value: id.Value}, true}} {
			if list := x[key]; len(list) == 0 || list[len(list)-1] != what {
				x[key] = append(list, what)
			}
		}
	}
}

// find is what the reference matches; nothing for any other query.
func (x identifierIndex[T]) find(t fhir.Target) []T {
	found, _ := x.lookup(t)
	return found
}

// lookup is find, and whether the query is one that this index answers.
func (x identifierIndex[T]) lookup(t fhir.Target) (found []T, ok bool) {
	q, err := url.ParseQuery(t.Query)
	if err != nil || len(q) != 1 || len(q["identifier"]) != 1 {
		return nil, false
	}
	system, value, bar := strings.Cut(q["identifier"][0], "|")
	if !bar {
		system, value = "", system
	}
	if value == "" || strings.ContainsAny(value, `\\,|`) { // a list, or escapes: a search's matter
		return nil, false
	}
	return x[identifierKey{t.Ref.Type, identifier{system, value}, !bar}], true
}
