package fhir

import (
	"strings"
	"testing"
)

// TestWithout: every element named x goes.
func TestWithout(t *testing.T) {
	for in, want := range map[string]string{
		`{"resourceType":"Goal", "id" : "a"}`:                                    `{"resourceType":"Goal", "id" : "a"}`,
		`{"resourceType":"Goal", "x": {"a":[1]}, "id" : "a"}`:                    `{"resourceType":"Goal","id" : "a"}`,
		`{"x":1,"resourceType":"Goal","b":{"x":[0]}}`:                            `{"resourceType":"Goal"}`,
		`{"resourceType":"Goal","b":[{"x":{"x":2}},{"c": 1.0,"x":3},{"x":4}]}`:   `{"resourceType":"Goal","b":[{"c": 1.0}]}`,
		`{"resourceType":"Goal","b":{"x":2,"c":[ 1 , 2 ]},"d":{ "e":"]" }}`:      `{"resourceType":"Goal","b":{"c":[ 1 , 2 ]},"d":{ "e":"]" }}`,
		`{"resourceType":"Goal","g":["A","B"],"_g":[{"x":1},{"id":"b"}]}`:        `{"resourceType":"Goal","g":["A","B"],"_g":[null,{"id":"b"}]}`,
		`{"resourceType":"Goal","g":["A","B"],"_g":[null,{"x":1}],"_h":{"x":1}}`: `{"resourceType":"Goal","g":["A","B"]}`,
		`{"resourceType":"Goal","contained":[{"resourceType":"Goal","x":1}]}`:    `{"resourceType":"Goal","contained":[{"resourceType":"Goal"}]}`,
	} {
		r, err := Parse([]byte(in), Limits{})
		if err != nil {
			t.Fatal(in, err)
		}
		var cut []Node
		for n := range r.Nodes() {
			if n.IsName("x") {
				cut = append(cut, n)
			}
		}
		got := r.Without(append(cut, Node{}, r.Root()))
		if string(got) != want {
			t.Errorf("%s\nis   %s\nwant %s", in, got, want)
		}
		if _, err := Parse(got, Limits{}); err != nil {
			t.Error(in, err)
		}
	}
	// As many as there may be are gone through once.
	many := `{"resourceType":"Goal","b":[{"x":1}` + strings.Repeat(`,{"x":1}`, 200_000) + `]}`
	r, err := Parse([]byte(many), Limits{Values: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	var cut []Node
	for n := range r.Nodes() {
		if n.IsName("x") {
			cut = append(cut, n)
		}
	}
	if got := r.Without(cut); string(got) != `{"resourceType":"Goal"}` {
		t.Errorf("%d bytes are left", len(got))
	}
}

// FuzzWithout: whatever goes, what is left is a resource, of the same type, and shorter.
func FuzzWithout(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Goal","g":["A","B"],"_g":[{"x":1},{"id":"b"}],"b":{"x":2,"c":[ 1 , 2 ]}}`), uint64(0b1010100))
	f.Add([]byte(`{"a":{"b":{"c":[1]}},"resourceType":"Goal","contained":[{"resourceType":"Goal","id":"x"}]}`), uint64(0xffff))
	f.Fuzz(func(t *testing.T, b []byte, cut uint64) {
		r, err := Parse(b, Limits{})
		if err != nil {
			t.Skip()
		}
		var gone []Node
		i := 0
		for n := range r.Nodes() {
			// What makes it a resource, and what is in it, stays.
			if i++; cut>>(i%64)&1 == 1 && !n.IsName("resourceType") && n.Parent().Kind() != '[' {
				gone = append(gone, n)
			}
		}
		left := r.Without(gone)
		if len(left) > len(b) {
			t.Errorf("%s grew to %s", b, left)
		}
		if after, err := Parse(left, Limits{}); err != nil || after.Type() != r.Type() {
			t.Errorf("%s without %d values is %s: %v", b, len(gone), left, err)
		}
	})
}
