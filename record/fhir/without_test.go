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
