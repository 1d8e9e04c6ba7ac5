package fhir_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"carehold/record/fhir"
)

var newMeta = fhir.Meta{ID: "new", VersionID: "7", LastUpdated: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}

func parse(t testing.TB, raw []byte) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse(raw, fhir.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return r
}

func TestSpliceTable(t *testing.T) {
	table := lines(t, "testdata/splice.txt")
	for i := 0; i+2 < len(table); i += 3 {
		in, with, stripped := unquote(t, table[i]), unquote(t, table[i+1]), unquote(t, table[i+2])
		r := parse(t, []byte(in))
		if got := r.With(newMeta); string(got) != with {
			t.Errorf("With of %s\n got %s\nwant %s", in, got, with)
		}
		if got := r.Stripped(); string(got) != stripped {
			t.Errorf("Stripped of %s\n got %s\nwant %s", in, got, stripped)
		}
		if got := parse(t, []byte(with)).Stripped(); string(got) != stripped {
			t.Errorf("Stripped of %s\n got %s\nwant %s", with, got, stripped)
		}
	}
	if len(table)%3 != 0 || len(table) < 40 {
		t.Fatalf("%d lines", len(table))
	}
}

func TestSpliceKeepsWhatIsNotSet(t *testing.T) {
	const in = `{"resourceType":"Patient","id":"old","meta":{"versionId":"1","lastUpdated":"2020"}}`
	if got := parse(t, []byte(in)).With(fhir.Meta{}); string(got) != in {
		t.Errorf("got %s", got)
	}
}

func TestSpliceTouchesNothingElse(t *testing.T) {
	for _, s := range samples(t) {
		r := parse(t, s.raw)
		if err := checkSplice(r); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		// A resource that has an id gets it back to the byte.
		if old := r.ID(); old != "" {
			there := parse(t, r.With(fhir.Meta{ID: "elsewhere"}))
			if back := there.With(fhir.Meta{ID: old}); !bytes.Equal(back, s.raw) {
				t.Errorf("%s: another id and back is not the same", s.name)
			}
		}
	}
}

// checkSplice holds With and Stripped to what doc.go promises, using only
// encoding/json.
func checkSplice(r *fhir.Resource) error {
	raw, with, stripped := r.Bytes(), r.With(newMeta), r.Stripped()
	after, err := fhir.Parse(with, fhir.Limits{})
	if err != nil {
		return fmt.Errorf("With made %w", err)
	}
	if after.ID() != newMeta.ID || after.VersionID() != newMeta.VersionID || after.LastUpdated() != "2026-01-01T00:00:00.000Z" || after.Type() != r.Type() {
		return fmt.Errorf("With did not set what it should: %s", with)
	}
	if !bytes.Equal(after.Stripped(), stripped) {
		return fmt.Errorf("Stripped(With) is not Stripped:\n%s\n%s", after.Stripped(), stripped)
	}
	bare, err := fhir.Parse(stripped, fhir.Limits{})
	if err != nil {
		return fmt.Errorf("Stripped made %w", err)
	}
	if bare.ID() != "" || bare.VersionID() != "" || bare.LastUpdated() != "" {
		return fmt.Errorf("Stripped left something: %s", stripped)
	}
	if again := bare.Stripped(); !bytes.Equal(again, stripped) {
		return fmt.Errorf("Stripped twice is not Stripped")
	}
	for _, out := range [][]byte{with, stripped, bare.With(newMeta)} {
		if err := sameBut(raw, out); err != nil {
			return err
		}
	}
	return nil
}

// sameBut compares two resources member by member, in order, and each value both
// as bytes and token by token; the server's three members apart.
func sameBut(a, b []byte) error {
	x, err := members(a, "id")
	if err != nil {
		return err
	}
	y, err := members(b, "id")
	if err != nil {
		return err
	}
	if len(x) != len(y) {
		return fmt.Errorf("%d members became %d", len(x), len(y))
	}
	for i := range x {
		if x[i].name != y[i].name {
			return fmt.Errorf("%q became %q", x[i].name, y[i].name)
		}
		if !bytes.Equal(x[i].value, y[i].value) {
			return fmt.Errorf("%s became %s", x[i].value, y[i].value)
		}
		p, q := tokens(x[i].value), tokens(y[i].value)
		if p != q {
			return fmt.Errorf("tokens %s became %s", p, q)
		}
	}
	return nil
}

type jsonMember struct {
	name  string
	value json.RawMessage
}

// members are an object's members but for the named, with meta's in its place.
func members(raw []byte, but ...string) ([]jsonMember, error) {
	var out []jsonMember
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
next:
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := jsonMember{name: name.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		for _, n := range but {
			if m.name == n {
				continue next
			}
		}
		if m.name == "meta" && but[0] == "id" {
			inside, err := members(m.value, "versionId", "lastUpdated")
			if err != nil {
				return nil, err
			}
			for _, i := range inside {
				out = append(out, jsonMember{"meta." + i.name, i.value})
			}
			continue
		}
		out = append(out, m)
	}
	return out, nil
}

func tokens(raw []byte) string {
	var out bytes.Buffer
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out.String()
		}
		fmt.Fprintf(&out, "%T %v %v\n", token, token, err)
		if err != nil {
			return out.String()
		}
	}
}
