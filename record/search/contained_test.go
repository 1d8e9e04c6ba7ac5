package search

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
)

// chainOf is the bound condition behind the point of a search's one chain.
func chainOf(t testing.TB, typ, query string) *chained {
	q, err := Parse(typ, query, Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := q.conditions[0].bind(inMemory{ctx: context.Background()})
	if err != nil {
		t.Fatal(err)
	}
	return c.tests[typ].test.(*chained)
}

func findsIt(t testing.TB, typ, query, text string) bool {
	r := resource(t, text)
	q, err := Parse(typ, query, Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	found, err := q.Run([]Entry{{Ref: fhir.Ref{Type: r.Type(), ID: "x"}, Index: Index(r)}})
	return err == nil && len(found.Matches) == 1
}

// TestContainedOdd: contained resources as they should not be, and many of them.
func TestContainedOdd(t *testing.T) {
	const chain = "subject:Patient.family=inside"
	for name, c := range map[string]struct {
		contained, reference string
		want                 bool
	}{
		"as it should be":         {`{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}`, "#p", true},
		"two of one id":           {`{"resourceType":"Group","id":"p"},{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}`, "#p", true},
		"of another type":         {`{"resourceType":"Person","id":"p","name":[{"family":"Inside"}]}`, "#p", false},
		"without an id":           {`{"resourceType":"Patient","name":[{"family":"Inside"}]}`, "#", false},
		"with the sign in its id": {`{"resourceType":"Patient","id":"#p","name":[{"family":"Inside"}]}`, "#p", false},
		"escaped":                 {`{"resourceType":"Patient","id":"\u0070","name":[{"family":"\u0049nside"}]}`, "\\u0023p", true},
		"of no known type":        {`{"resourceType":"Nonsense","id":"p","name":[{"family":"Inside"}]}`, "#p", false},
		"no resources":            {`1,"p",null,[{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}]`, "#p", false},
		"inside what is inside":   {`{"resourceType":"Observation","id":"o","contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}],"subject":{"reference":"#p"}}`, "#p", false},
		"beside 999 others":       {strings.Repeat(`{"resourceType":"Patient","id":"q","name":[{"family":"Other"}]},`, 999) + `{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}`, "#p", true},
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Observation","contained":[`+c.contained+`],"subject":{"reference":"`+c.reference+`"}}`), fhir.Limits{})
		if err != nil { // which no record holds
			if c.want {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		q, err := Parse("Observation", chain, Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		found, err := q.Run([]Entry{{Ref: fhir.Ref{Type: "Observation", ID: "x"}, Index: Index(r)}})
		if err != nil || (len(found.Matches) == 1) != c.want {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if !findsIt(t, "Observation", "performer:Patient.family=inside", `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}],"subject":{"reference":"#p"},"performer":[{"reference":"Patient/x"},{"reference":"#p"}]}`) {
		t.Error("one that two parameters point to is not found by the second")
	}
}

// An id that is of two types is refused also where both are inside what is contained.
func TestContainedAmbiguousID(t *testing.T) {
	q, err := Parse("DiagnosticReport", "result.performer=x", Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	r := resource(t, `{"resourceType":"DiagnosticReport","contained":[{"resourceType":"Observation","id":"a","performer":[{"reference":"Practitioner/x"},{"reference":"Organization/x"}]}],"result":[{"reference":"#a"}]}`)
	if _, err := q.Run([]Entry{{Ref: fhir.Ref{Type: "DiagnosticReport", ID: "d"}, Index: Index(r)}}); err == nil {
		t.Error("it was not refused")
	}
}

// What is not pointed to costs nothing in an index, and what nothing contains neither.
func TestContainedSize(t *testing.T) {
	without := len(Index(resource(t, `{"resourceType":"Observation","subject":{"reference":"#p"}}`)))
	unused := len(Index(resource(t, `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"q","name":[{"family":"Inside"}]}],"subject":{"reference":"#p"}}`)))
	if without != unused {
		t.Errorf("%d bytes, and %d with what nothing points to", without, unused)
	}
	var in, to []string
	for i := range 20_000 {
		in = append(in, fmt.Sprintf(`{"resourceType":"Practitioner","id":"p%d","name":[{"family":"x"}]}`, i))
		to = append(to, fmt.Sprintf(`{"reference":"#p%d"}`, i))
	}
	text := `{"resourceType":"Observation","contained":[` + strings.Join(in, ",") + `],"performer":[` + strings.Join(to, ",") + `]}`
	began := time.Now()
	index := Index(resource(t, text))
	if took := time.Since(began); took > 30*time.Second || len(index) > len(text) {
		t.Errorf("%d bytes have an index of %d, in %v", len(text), len(index), took)
	}
}

// An index is memory of this program, and yet: whatever its bytes, looking into what
// it contains does not panic, and ends.
func FuzzContained(f *testing.F) {
	f.Add(Index(resource(f, `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Inside"}]}],"subject":{"reference":"#p"}}`)))
	n := containedPlace("Observation")
	f.Add([]byte{1 << 2, 'x', 1 << 2, 'y', 0xff, 0xff, 0xff, 0xff, 7, byte(n << 1 & 0x7f), 9, 2})
	f.Add([]byte{})
	c := chainOf(f, "Observation", "subject:Patient.family=inside")
	f.Fuzz(func(t *testing.T, index []byte) {
		if len(index) > 500 {
			return
		}
		began := time.Now()
		e := Entry{Ref: fhir.Ref{Type: "Observation", ID: "x"}, Index: index}
		for place := range n {
			c.inner.holdsInside(&e, place)
		}
		c.holds(&e, Lookup(index, c.places["Observation"]))
		if took := time.Since(began); took > 30*time.Second {
			t.Fatalf("%d bytes took %v", len(index), took)
		}
	})
}
