package change_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carehold/record"
	"carehold/record/fhir"
)

// The obvious way to patch, written from RFC 6902 and 6901 alone: a tree of maps
// and slices, numbers as their text, each operation a walk that makes the tree anew.

var errNo = errors.New("cannot be done")

type step struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from,omitempty"`
	Value any    `json:"value"`
}

func slowPatch(doc any, steps []step) (any, error) {
	for _, s := range steps {
		var err error
		switch s.Op {
		case "add":
			doc, err = slowAdd(doc, slowPointer(s.Path), s.Value)
		case "remove":
			doc, _, err = slowRemove(doc, slowPointer(s.Path))
		case "replace":
			if doc, _, err = slowRemove(doc, slowPointer(s.Path)); err == nil {
				doc, err = slowAdd(doc, slowPointer(s.Path), s.Value)
			}
		case "move":
			var v any
			if doc, v, err = slowRemove(doc, slowPointer(s.From)); err == nil {
				doc, err = slowAdd(doc, slowPointer(s.Path), v)
			}
		case "copy":
			var v any
			if v, err = slowGet(doc, slowPointer(s.From)); err == nil {
				doc, err = slowAdd(doc, slowPointer(s.Path), v)
			}
		case "test":
			var v any
			if v, err = slowGet(doc, slowPointer(s.Path)); err == nil && !slowEqual(v, s.Value) {
				err = errNo
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return doc, nil
}

func slowPointer(s string) []string {
	if s == "" {
		return nil
	}
	parts := strings.Split(s[1:], "/")
	for i := range parts { // in this order: ~01 is ~1
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(parts[i], "~1", "/"), "~0", "~")
	}
	return parts
}

func slowIndex(token string, most int) (int, error) {
	for i := range most + 1 {
		if token == fmt.Sprint(i) {
			return i, nil
		}
	}
	return 0, errNo
}

func slowGet(v any, at []string) (any, error) {
	if len(at) == 0 {
		return v, nil
	}
	switch x := v.(type) {
	case map[string]any:
		if c, there := x[at[0]]; there {
			return slowGet(c, at[1:])
		}
	case []any:
		if i, err := slowIndex(at[0], len(x)-1); err == nil {
			return slowGet(x[i], at[1:])
		}
	}
	return nil, errNo
}

func slowAdd(v any, at []string, what any) (any, error) {
	if len(at) == 0 {
		return what, nil
	}
	switch x := v.(type) {
	case map[string]any:
		x = maps.Clone(x)
		if len(at) == 1 {
			x[at[0]] = what
			return x, nil
		}
		c, there := x[at[0]]
		if !there {
			return nil, errNo
		}
		var err error
		x[at[0]], err = slowAdd(c, at[1:], what)
		return x, err
	case []any:
		x = slices.Clone(x)
		if len(at) == 1 {
			if at[0] == "-" {
				return append(x, what), nil
			}
			i, err := slowIndex(at[0], len(x))
			if err != nil {
				return nil, err
			}
			return slices.Insert(x, i, what), nil
		}
		i, err := slowIndex(at[0], len(x)-1)
		if err != nil {
			return nil, err
		}
		x[i], err = slowAdd(x[i], at[1:], what)
		return x, err
	}
	return nil, errNo
}

func slowRemove(v any, at []string) (rest, removed any, err error) {
	if len(at) == 0 {
		return nil, v, nil
	}
	switch x := v.(type) {
	case map[string]any:
		c, there := x[at[0]]
		if !there {
			return nil, nil, errNo
		}
		x = maps.Clone(x)
		if len(at) == 1 {
			delete(x, at[0])
			return x, c, nil
		}
		x[at[0]], removed, err = slowRemove(c, at[1:])
		return x, removed, err
	case []any:
		i, err := slowIndex(at[0], len(x)-1)
		if err != nil {
			return nil, nil, err
		}
		c := x[i]
		x = slices.Clone(x)
		if len(at) == 1 {
			return slices.Delete(x, i, i+1), c, nil
		}
		x[i], removed, err = slowRemove(c, at[1:])
		return x, removed, err
	}
	return nil, nil, errNo
}

func slowEqual(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, also := b.(json.Number)
	if isNumber && also {
		p, _ := new(big.Rat).SetString(string(x))
		q, _ := new(big.Rat).SetString(string(y))
		return p.Cmp(q) == 0
	}
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, there := b[k]; !there || !slowEqual(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, slowEqual)
	}
	return reflect.DeepEqual(a, b)
}

// tree reads JSON with its numbers as text.
func tree(t interface{ Fatalf(string, ...any) }, b []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}

var names = []string{"a", "b", "~", "/", "a/b", "m~n", "~1", "0", "-", "é"}

func anyValue(t *rapid.T, depth int) any {
	switch k := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case k < 3 && depth > 0:
		x := map[string]any{}
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			x[rapid.SampledFrom(names).Draw(t, "name")] = anyValue(t, depth-1)
		}
		return x
	case k < 6 && depth > 0:
		var x []any
		for range rapid.IntRange(1, 3).Draw(t, "elements") {
			x = append(x, anyValue(t, depth-1))
		}
		return x
	case k == 8:
		return rapid.Bool().Draw(t, "bool")
	case k == 9:
		return rapid.SampledFrom([]string{"x", "y", "x/~"}).Draw(t, "text")
	}
	return json.Number(rapid.SampledFrom([]string{"1", "1.0", "10", "1e1", "100e-1", "-0.0", "0", "1.50", "12345678901234567890"}).Draw(t, "number"))
}

// anyPlace is a pointer that mostly leads somewhere in doc.
func anyPlace(t *rapid.T, doc any) string {
	place := ""
	for range rapid.IntRange(1, 4).Draw(t, "steps") {
		token := rapid.SampledFrom(append(names, "1", "2", "01", "zz")).Draw(t, "token")
		wild := rapid.IntRange(0, 7).Draw(t, "wild") == 0
		switch x := doc.(type) {
		case map[string]any:
			if keys := slices.Sorted(maps.Keys(x)); !wild && len(keys) > 0 {
				token = rapid.SampledFrom(keys).Draw(t, "member")
			}
			doc = x[token]
		case []any:
			if !wild {
				token = strconv.Itoa(rapid.IntRange(0, len(x)).Draw(t, "index"))
			}
			if i, err := slowIndex(token, len(x)-1); err == nil {
				doc = x[i]
			} else {
				doc = nil
			}
		default:
			return place
		}
		place += "/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
	}
	return place
}

// What the patch makes is what the obvious way makes, for any patch of any small
// document: and fails when that fails, or when what comes out is no FHIR.
func TestJSONPatchIsWhatTheRFCSays(t *testing.T) {
	var came tally
	rapid.Check(t, came.isWhatTheRFCSays)
	if !testing.Short() && (came.done < 5 || came.failed < 5) {
		t.Errorf("%d were done and %d could not be: both have to be tried", came.done, came.failed)
	}
}

// FuzzJSONPatchTree is the same with a fuzzer's choices.
func FuzzJSONPatchTree(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(new(tally).isWhatTheRFCSays))
}

type tally struct{ done, failed int }

func (came *tally) isWhatTheRFCSays(t *rapid.T) {
	start := map[string]any{"resourceType": "Basic", "id": "1"}
	for _, name := range names[:rapid.IntRange(1, 6).Draw(t, "members")] {
		start[name] = anyValue(t, 3)
	}
	raw, _ := json.Marshal(start)
	r, err := fhir.Parse(raw, fhir.Limits{})
	if err != nil {
		return // an array inside an array
	}
	var steps []step
	doc := tree(t, raw)
	for range rapid.IntRange(1, 5).Draw(t, "operations") {
		s := step{Op: rapid.SampledFrom([]string{"add", "add", "remove", "replace", "move", "copy", "test"}).Draw(t, "op"), Path: anyPlace(t, doc)}
		switch s.Op {
		case "move", "copy":
			s.From = anyPlace(t, doc)
		case "test":
			if v, err := slowGet(doc, slowPointer(s.Path)); err == nil && rapid.Bool().Draw(t, "true") {
				s.Value = v
				break
			}
			fallthrough
		case "add", "replace":
			s.Value = anyValue(t, 2)
		}
		if s.Op == "move" && strings.HasPrefix(s.Path+"/", s.From+"/") && s.Path != s.From {
			continue // not a patch
		}
		if s.Path == "" || s.From == "" && (s.Op == "move" || s.Op == "copy") {
			continue // the tables' matter
		}
		next, err := slowPatch(doc, []step{s})
		if err == nil {
			doc = next
		} else if rapid.IntRange(0, 5).Draw(t, "kept") > 0 {
			continue // one that cannot be done would keep what follows from being tried
		}
		steps = append(steps, s)
	}
	patch, _ := json.Marshal(steps)
	if steps == nil {
		patch = []byte("[]")
	}
	want, err := slowPatch(tree(t, raw), steps)
	got, failure := patched(r, string(patch))
	if err == nil {
		wanted, _ := json.Marshal(want)
		next, notFHIR := fhir.Parse(wanted, fhir.Limits{})
		if err = notFHIR; err == nil && (next.Type() != "Basic" || next.ID() != "1") {
			err = errNo
		}
	}
	if (err == nil) != (failure == nil) || failure != nil && !errors.Is(failure, record.Unprocessed) {
		t.Fatalf("%s\n%s\n%v, want %v", raw, patch, failure, err)
	}
	if err != nil {
		came.failed++
		return
	}
	if have := tree(t, got.Bytes()); !reflect.DeepEqual(have, want) {
		t.Fatalf("%s\n%s\n got %s\nwant %v", raw, patch, got.Bytes(), want)
	}
	came.done++
}
