package oracle

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
)

// Whatever the oracle refuses of an example that was broken at random in one
// place, we refuse. (The other way round we know more: see lenient.txt.)
func TestMutated(t *testing.T) {
	t.Parallel()
	tried, refused, ourselves := 0, 0, 0
	for name, b := range examples(t) {
		if brokenExamples[name] {
			continue
		}
		h := fnv.New64()
		h.Write([]byte(name))
		for i := range 40 {
			r := rand.New(rand.NewPCG(h.Sum64(), uint64(i)))
			var v any
			if err := json.Unmarshal(b, &v); err != nil {
				t.Fatal(err)
			}
			places := 0
			count(v, &places)
			at := r.IntN(places)
			what := ""
			v = mutate(v, &at, r, &what)
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			oracle := refusal(text)
			_, err = ours(string(text))
			if err != nil {
				ourselves++
			}
			if oracle != nil {
				refused++
			}
			if oracle != nil && err == nil && !uri.MatchString(oracle.Error()) {
				t.Errorf("%s, %d: %s: we take it, and the oracle says %.200v", name, i, what, oracle)
			}
		}
	}
	t.Logf("%d broken examples: the oracle refused %d, all of which we refused too, we %d", tried, refused, ourselves)
}

// uri is where the oracle is stricter: to it a uri is one of RFC 3986, and R4's own
// format for it is \S*. Records hold identifiers that are none, and are kept.
var uri = regexp.MustCompile(`^[^\n]*: invalid (uri|url|canonical)$`)

// count counts the members and elements inside v.
func count(v any, n *int) {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			*n++
			count(x, n)
		}
	case []any:
		for _, x := range v {
			*n++
			count(x, n)
		}
	}
}

// mutate does one thing to the member or element number at.
func mutate(v any, at *int, r *rand.Rand, what *string) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range names(v) {
			if *at--; *at != -1 {
				v[name] = mutate(v[name], at, r, what)
				continue
			}
			switch r.IntN(5) {
			case 0:
				*what = name + " is taken out"
				delete(v, name)
			case 1:
				*what = name + " has another name"
				v[name+"X"] = v[name]
				delete(v, name)
			default:
				v[name], *what = other(v[name], r)
				*what = name + " " + *what
			}
			return v
		}
	case []any:
		for i := range v {
			if *at--; *at == -1 {
				v[i], *what = other(v[i], r)
				*what = "an element " + *what
				return v
			}
			v[i] = mutate(v[i], at, r, what)
		}
	}
	return v
}

func names(m map[string]any) []string {
	var list []string
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// other is something else in the place of v.
func other(v any, r *rand.Rand) (any, string) {
	all := []struct {
		v    any
		what string
	}{
		{[]any{v}, "is in an array"},
		{"Nothing/1", "is a reference to nothing"},
		{"Patient/1", "is a reference to a Patient"},
		{"nothing", "is a word"},
		{"2020-02-30", "is no day"},
		{"2020-02-29", "is a day"},
		{"2020-02-29T10:00:00Z", "is a time"},
		{1.5, "is a fraction"},
		{-1.0, "is negative"},
		{4294967296.0, "is too large"},
		{true, "is true"},
		{map[string]any{"nothing": true}, "is an object of another kind"},
		{map[string]any{"text": "x"}, "is a text"},
		{map[string]any{"id": "x"}, "is an object with an id"},
		{"a  b", "has two spaces"},
		{" a", "begins with a space"},
	}
	c := all[r.IntN(len(all))]
	return c.v, c.what
}
