package search

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/record/fhir"
	"carehold/record/fhir/fhirpath"
	"carehold/record/fhir/r4"
	"carehold/record/testdata"
)

// examples calls f with every resource of HL7's examples and Synthea's people.
func examples(t testing.TB, f func(name string, r *fhir.Resource)) {
	t.Helper()
	for _, folder := range []string{"r4-examples", "synthea"} {
		files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, folder), "*.json"))
		if len(files) == 0 {
			t.Fatalf("no files in %s", folder)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := fhir.Parse(raw, fhir.Limits{Bytes: 64 << 20, Values: 5_000_000})
			if err != nil {
				continue
			}
			f(filepath.Base(file), r)
			if r.Type() == "Bundle" {
				for e := range r.Root().Get("entry").All() {
					raw := e.Get("resource").Raw()
					if r, err := fhir.Parse(raw, fhir.Limits{}); err == nil {
						f(filepath.Base(file), r)
					}
				}
			}
		}
	}
}

// Package fhirpath evaluates the same expressions in a way of its own: what the
// tree of paths finds must be what it finds.
func TestPlan(t *testing.T) {
	compiled := map[string]*fhirpath.Expr{}
	tried, values := map[string]bool{}, 0
	examples(t, func(name string, r *fhir.Resource) {
		var x indexer
		x.collect(r)
		for i, p := range r4.Params(r.Type()) {
			if x.plan.kinds[i] == noKind {
				continue
			}
			e := compiled[p.Expression]
			if e == nil {
				e = fhirpath.MustCompile(p.Expression)
				compiled[p.Expression] = e
			}
			want, err := e.Eval(fhirpath.Root(r))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, p.Code, err)
			}
			got := map[fhir.Node]string{}
			for _, v := range x.found[i] {
				if v.node.Valid() {
					got[v.node] = v.of.typ
				}
			}
			n := 0
			equal := map[string]bool{}
			for _, v := range want {
				if !v.Node.Valid() {
					continue
				}
				n++
				equal[compact(v.Node)] = true
				if typ, ok := got[v.Node]; !ok || typ != v.Type && typ != "Resource" {
					t.Errorf("%s: %s %s: fhirpath finds the %s %s, the plan %q", name, r.Type(), p.Code, v.Type, v.Node.Path(), typ)
				}
			}
			for node := range got {
				if !equal[compact(node)] { // a union leaves out what equals another
					t.Errorf("%s: %s %s: the plan finds %s, fhirpath does not", name, r.Type(), p.Code, node.Path())
				}
			}
			if n > 0 {
				tried[r.Type()+"."+p.Code] = true
				values += n
			}
		}
	})
	t.Logf("%d parameters, %d values", len(tried), values)
}

func compact(n fhir.Node) string {
	v := jsontext.Value(bytes.Clone(n.Raw()))
	if err := v.Compact(); err != nil {
		return err.Error()
	}
	return string(v)
}
