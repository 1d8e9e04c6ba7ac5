package record_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says what each folder may import of this module: cmd → httpapi →
// record → crypto, and nothing back. Between the rooms of record, the person's
// side and the server's never know each other. A folder that is not named is
// ruled by the longest name that it begins with.
var layers = map[string]string{
	"crypto":           "",
	"crypto/jose":      "crypto crypto/jose/direct",
	"crypto/cheaptest": "crypto", // for tests: no line below has it
	"record":           "",
	"record/wire":      "",
	"record/keys":      "crypto record record/wire record/grant",
	"record/grant":     "crypto record record/wire",
	"record/statement": "crypto record record/wire record/keys record/grant",
	"record/audit":     "crypto record record/wire record/keys record/grant record/statement",
	"record/entry":     "record record/wire",
	"record/rows":      "crypto record record/wire record/keys record/statement record/audit record/kv",
	"record/holder":    "crypto record record/wire record/keys record/grant record/statement record/audit",
	// For tests: the one place that knows both sides.
	"record/holder/holdertest": "crypto record record/audit record/statement record/rows record/kv record/kv/badger record/holder record/store",
	"record/fhir":              "record",
	"record/fhir/internal":     "record/fhir/internal/definitions", // generators
	"record/fhir/r4":           "",
	"record/fhir/r4/internal":  "record/fhir/internal/definitions",
	"record/fhir/narrative":    "",
	"record/fhir/speak":        "record record/fhir",
	"record/fhir/fhirpath":     "record record/fhir record/fhir/r4 record/fhir/narrative",
	"record/fhir/validate":     "record record/fhir record/fhir/r4 record/fhir/fhirpath record/fhir/narrative",
	"record/search":            "record record/fhir record/fhir/r4 record/fhir/fhirpath record/search/ucum",
	"record/search/ucum":       "record",
	"record/filing":            "record record/fhir",
	"record/change":            "record record/fhir",
	"record/ips":               "record record/fhir record/fhir/speak",
	"record/export":            "record record/derived record/fhir record/fhir/speak record/ips",
	"record/importer":          "record record/fhir",
	"record/derived":           "record record/entry record/audit record/grant record/fhir",
	"record/fetch":             "record",
	"record/healthlink":        "crypto crypto/jose record record/fetch",
	"record/healthcard":        "crypto/jose record record/fetch record/fhir",
	"record/qr":                "record",
	"record/kv":                "record",
	"record/kv/badger":         "record record/kv",
	"record/backup":            "crypto record record/wire record/statement record/audit record/rows",
	"record/kv/kvtest":         "record record/kv",
	"record/sample":            "",
	"record/testdata":          "",
	"record/store":             "crypto record record/wire record/keys record/grant record/statement record/audit record/entry record/rows record/backup record/fhir record/fhir/r4 record/filing record/change record/search record/derived record/kv record/kv/badger",
	"httpapi":                  "crypto record httpapi",
	"httpapi/client":           "crypto record httpapi/message httpapi/problem httpapi/client",
	"cmd":                      "crypto record httpapi cmd",
	"cmd/core":                 "crypto record record/wire record/keys record/grant record/statement record/audit record/holder crypto/jose/direct",
	"docs":                     "",
}

// forbidden are packages from outside that a folder and all it needs must do
// without: the person's side has no network and no tables of FHIR's.
var forbidden = map[string][]string{
	"record/holder":  {"net/http", "carehold/record/fhir", "carehold/record/filing", "carehold/record/store", "carehold/record/change", "github.com/dgraph-io/badger/v4"},
	"cmd/core":       {"net/http", "carehold/record/fhir", "carehold/record/filing", "carehold/record/store", "carehold/record/change"},
	"httpapi/client": {"carehold/record/store", "carehold/record/kv"},
	"record/fhir":    {"net/http", "carehold/crypto"},
	"record/grant":   {"net/http", "carehold/record/fhir"},
	// What reads a stranger's link or card is given its network.
	"record/fetch":      {"net/http"},
	"record/healthlink": {"net/http"},
	"record/healthcard": {"net/http"},
	"crypto":            {"net/http", "database/sql"},
}

// onlyImporter are packages from outside that one folder alone may import, or two, and
// cmd/bench, which compares it with what it is made of.
var onlyImporter = map[string]string{
	"github.com/dgraph-io/badger/v4":   "record/kv/badger",
	"github.com/gorilla/mux":           "httpapi",
	"github.com/evanphx/json-patch/v5": "record/change",
	"github.com/spf13/cobra":           "cmd",
	"filippo.io/age":                   "record/backup record/export",
	"rsc.io/qr":                        "record/qr",
	"crypto/cipher":                    "crypto",
	"crypto/aes":                       "crypto",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

func list(t *testing.T, env []string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps,Standard"}, args...)...)
	cmd.Dir, cmd.Stderr = "..", new(bytes.Buffer)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, cmd.Stderr)
	}
	var pkgs []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

// rule finds the line of layers that rules a folder.
func rule(dir string) (allowed string, found bool) {
	for name := dir; ; {
		if allowed, found = layers[name]; found {
			return allowed, true
		}
		at := strings.LastIndexByte(name, '/')
		if at < 0 {
			return "", false
		}
		name = name[:at]
	}
}

// within reports whether a folder is one of the allowed, or inside httpapi or
// cmd when those are; record's rooms are named one by one, but for those above.
func within(dir, from, allowed string) bool {
	for _, a := range strings.Fields(allowed) {
		if dir == a || strings.HasPrefix(dir, a+"/") && (a == "httpapi" || a == "cmd" || a == "record" && !strings.HasPrefix(from, "record")) {
			return true
		}
	}
	return false
}

// of reports whether a folder is one of those named, or inside one.
func of(dir, names string) bool {
	return slices.ContainsFunc(strings.Fields(names), func(name string) bool { return dir == name || strings.HasPrefix(dir, name+"/") })
}

func TestLayers(t *testing.T) {
	pkgs := list(t, nil, "./...")
	pkgs = append(pkgs, list(t, []string{"GOOS=js", "GOARCH=wasm"}, "./cmd/core")...)
	for _, p := range pkgs {
		dir := strings.TrimPrefix(p.ImportPath, "carehold/")
		allowed, ruled := rule(dir)
		if !ruled {
			t.Errorf("%s has no line in layers: say what it may import", dir)
			continue
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, "carehold/"); ours && !within(to, dir, allowed) {
				t.Errorf("%s imports %s", dir, to)
			}
			for outside, only := range onlyImporter {
				if (imp == outside || strings.HasPrefix(imp, outside+"/")) && !of(dir, only) && dir != "cmd/bench" && dir != "cmd/torture" {
					t.Errorf("%s imports %s, which is for %s alone", dir, imp, only)
				}
			}
		}
		for _, no := range forbidden[dir] {
			for _, dep := range p.Deps {
				if dep == no {
					t.Errorf("%s needs %s", dir, no)
				}
			}
		}
	}
}
