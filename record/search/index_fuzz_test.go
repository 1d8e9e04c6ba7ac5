package search

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// readAll reads all there is in an index, as every type.
func readAll(index []byte, params int) (values int) {
	all := func(v Values, depth int) {}
	all = func(v Values, depth int) {
		for k := numberKind; k < compositeKind; k++ {
			values += len(show(k, v))
		}
		if depth < 2 {
			for t := range v.Tuples {
				for i := range 4 {
					all(t.Component(i), depth+1)
				}
			}
		}
	}
	for i := range params {
		all(Lookup(index, i), 0)
	}
	return values
}

// An index is memory of this program, and yet: whatever its bytes, reading them
// does not panic, and ends.
func FuzzLookup(f *testing.F) {
	for _, text := range []string{bloodPressure, `{"resourceType":"Patient","name":[{"family":"Carreño Quiñones"}],"birthDate":"2000-02"}`,
		`{"resourceType":"Observation","valueQuantity":{"value":123456789012345678901234567890,"system":"http://unitsofmeasure.org","code":"/min"}}`} {
		f.Add(Index(resource(f, text)))
	}
	f.Add([]byte{})
	f.Add([]byte{255})
	f.Add([]byte{1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 255})
	f.Add([]byte{1, 5, 2, 1, 1, 0, 3})
	f.Add([]byte{2, 2<<2 | earlier, 31 << 2, 0, 3, 2}) // an earlier text that is longer than what is left
	f.Fuzz(func(t *testing.T, index []byte) {
		if len(index) > 500 {
			return
		}
		start := time.Now()
		readAll(index, 30)
		if took := time.Since(start); took > 30*time.Second {
			t.Fatalf("%d bytes took %v", len(index), took)
		}
	})
}

// Whatever the resource, it has an index, and every value is read back.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(bloodPressure))
	f.Add([]byte(`{"resourceType":"Observation","valueQuantity":{"value":1e99999999999,"comparator":"<","system":"http://unitsofmeasure.org","code":"Cel"}}`))
	f.Add([]byte(`{"resourceType":"Observation","valueSampledData":{"origin":{"value":1e-300},"factor":1e300,"data":"1 2 E L U 1e5 x"}}`))
	f.Add([]byte(`{"resourceType":"Patient","name":"x","birthDate":{"a":1},"identifier":[[1]],"gender":["male"],"deceasedBoolean":1}`))
	f.Add([]byte(`{"resourceType":"DocumentReference","relatesTo":[{"code":"replaces","target":{"reference":"#"}}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","type":"document","entry":{"resource":{"resourceType":1,"id":{}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			return
		}
		index := Index(r)
		if len(index) > 40*len(raw)+100 {
			t.Fatalf("%d bytes have an index of %d", len(raw), len(index))
		}
		for i, p := range r4.Params(r.Type()) {
			v := Lookup(index, i)
			if k := kinds[p.Type]; k != compositeKind && k != noKind && v.Missing() != (len(show(k, v)) == 0) {
				t.Fatalf("%s: some bytes, no value", p.Code)
			}
			showParam(r, index, p.Code)
		}
	})
}

// Sizes at which the layout changes.
func TestLargeIndex(t *testing.T) {
	var names []string
	for i := range 3000 {
		names = append(names, `{"family":"`+strings.Repeat("x", i%40+1)+strings.Repeat("y", i/40)+`"}`)
	}
	r := resource(t, `{"resourceType":"Patient","name":[`+strings.Join(names, ",")+`]}`)
	for _, code := range []string{"name", "family"} {
		if got := showParam(r, Index(r), code); len(got) != 3000 || got[2999] != strings.Repeat("x", 40)+strings.Repeat("y", 74)+" = "+strings.Repeat("x", 40)+strings.Repeat("y", 74) {
			t.Errorf("%s has %d values", code, len(got))
		}
	}
	long := strings.Repeat("long ", 100)
	o := resource(t, `{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueString":"`+long+`","component":[{"code":{"text":"`+long+`1"},"valueCodeableConcept":{"text":"`+long+`2"}}]}`)
	index := Index(o)
	fold := strings.TrimSpace(long)
	if got := showParam(o, index, "code-value-string"); len(got) != 1 || got[0] != "|a $ "+long+" = "+fold {
		t.Errorf("code-value-string: %q", got)
	}
	if got := showParam(o, index, "component-code-value-concept"); len(got) != 1 || got[0] != "| '"+long+"1' $ | '"+long+"2'" {
		t.Errorf("component-code-value-concept: %q", got)
	}

	// More parameters than a directory of one byte's length holds: none of R4's
	// types has as many, so that it is written by hand.
	x := indexer{plan: &plan{}, last: -1, at: make([]spot, 200)}
	for i := range 200 {
		x.at[i] = spot{len(x.w.b), 2}
		x.w.token(Token{Implied: true})
		x.w.byte(0)
		x.list(i, false)
	}
	x.close()
	if got := len(show(tokenKind, Lookup(x.w.b, 199))); got != 2 {
		t.Errorf("the last of 200 parameters has %d values", got)
	}
}

// What a stranger can send must not take long, however it is made.
func TestIndexOfHostile(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s+",", n-1) + s }
	for name, text := range map[string]string{
		"words of a name":   `{"resourceType":"Patient","name":[{"text":"` + strings.Repeat("a ", 500_000) + `","family":"` + strings.Repeat("b ", 500_000) + `"}]}`,
		"contained":         `{"resourceType":"Account","contained":[` + many(`{"resourceType":"Patient","id":"x"}`, 50_000) + `],"subject":[` + many(`{"reference":"#y"}`, 100_000) + `]}`,
		"a component's":     `{"resourceType":"MolecularSequence","referenceSeq":{"chromosome":{"coding":[` + many(`{"code":"x"}`, 20_000) + `]}},"variant":[` + many(`{"start":1,"end":2}`, 20_000) + `]}`,
		"a number's digits": `{"resourceType":"Observation","component":[` + many(`{"code":{"text":"a"},"valueQuantity":{"value":`+strings.Repeat("9", 1000)+`e99999,"code":"Cel","system":"http://unitsofmeasure.org"}}`, 5000) + `]}`,
		"samples":           `{"resourceType":"Observation","valueSampledData":{"origin":{"value":1e300},"factor":1e-300,"data":"` + strings.Repeat("1e190 -1e-190 99999999999999999999 ", 50_000) + `"}}`,
		"members":           `{"resourceType":"Observation",` + manyMembers(200_000) + `}`,
	} {
		r, err := fhir.Parse([]byte(text), fhir.Limits{Bytes: 64 << 20})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		start := time.Now()
		index := Index(r)
		took := time.Since(start)
		t.Logf("%s: %d bytes, index %d, %v", name, len(text), len(index), took)
		if took > 30*time.Second || len(index) > 6*len(text) {
			t.Errorf("%s: an index of %d bytes took %v", name, len(index), took)
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"m` + strconv.Itoa(i) + `":1`)
	}
	return b.String()
}

// Reading costs no memory.
func TestReadingAllocatesNothing(t *testing.T) {
	r := resource(t, bloodPressure)
	index := Index(r)
	codes := []string{"code", "date", "subject", "component-value-quantity", "component-code-value-quantity", "status"}
	places := make([]int, len(codes))
	for i, code := range codes {
		places[i] = Place("Observation", code)
	}
	n := 0
	if got := testing.AllocsPerRun(100, func() {
		for x := range Lookup(index, places[0]).Tokens {
			n += len(x.Code)
		}
		for x := range Lookup(index, places[1]).Dates {
			n += int(x.To - x.From)
		}
		for x := range Lookup(index, places[2]).References {
			n += len(x.ID)
		}
		for x := range Lookup(index, places[3]).Quantities {
			n += x.Canonical.Low.Cmp(x.High)
		}
		for x := range Lookup(index, places[4]).Tuples {
			for y := range x.Component(1).Quantities {
				n += len(y.CanonicalUnit)
			}
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// The memory that indexes are made in is used again; nothing of a record stays in it.
func TestNothingIsLeftBehind(t *testing.T) {
	var x indexer
	r := resource(t, bloodPressure)
	x.collect(r)
	for i := range x.found {
		x.param(i)
	}
	x.close()
	w := x.w
	x.w.reset()
	for _, left := range [][]byte{w.b, w.fold} {
		for _, c := range left {
			if c != 0 {
				t.Fatalf("left behind: %q", left)
			}
		}
	}
}
