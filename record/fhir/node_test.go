package fhir_test

import (
	"testing"

	"carehold/record/fhir"
)

// The values of a small resource, found by hand.
func TestNode(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Observation","\u0073tatus":"fi\u006eal","code":{"coding":[{"code":"a"},{"code":"b"}]},"valueQuantity":{"value":1.50},"_issued":{"id":"x"}}`), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	root := r.Root()
	if n := root.Get("status"); n.Text() != "final" || n.Name() != "status" || !n.IsName("status") || n.Kind() != '"' || n.Index() != -1 {
		t.Errorf("status is %q, named %q", n.Text(), n.Name())
	}
	var codes []string
	for c := range root.Get("code").Get("coding").All() {
		codes = append(codes, c.Get("code").Text()+" "+c.Get("code").Path())
		if !c.Parent().Same(root.Get("code").Get("coding")) || c.Name() != "" || c.Index() != len(codes)-1 {
			t.Errorf("%s: in %s at %d", c.Path(), c.Parent().Path(), c.Index())
		}
	}
	if len(codes) != 2 || codes[0] != "a Observation.code.coding[0].code" || codes[1] != "b Observation.code.coding[1].code" {
		t.Error(codes)
	}
	if v := root.Get("valueQuantity").Get("value"); v.Text() != "1.50" || v.Kind() != '0' || string(v.Raw()) != "1.50" {
		t.Errorf("value is %s", v.Raw())
	}
	none := root.Get("subject").Get("reference")
	if none.Valid() || none.Text() != "" || none.Path() != "" || none.Raw() != nil || none.Parent().Valid() || none.Kind() != '!' {
		t.Error("what is not there has a value")
	}
	for range none.All() {
		t.Error("what is not there has members")
	}
	if root.Parent().Valid() || root.Name() != "" || root.Path() != "Observation" {
		t.Errorf("the root is in %q, named %q", root.Parent().Path(), root.Name())
	}
}
