package crypto

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// waysOut are the methods that give a secret's bytes away.
var waysOut = map[string]bool{
	"(carehold/crypto.Key).Bytes":     true,
	"(carehold/crypto.Secret).Reveal": true,
}

// mayTakeKeys lists who may call them, and why. To add a line is to argue that
// the caller cannot do with an action of the key: that is a matter for review.
var mayTakeKeys = map[string]string{
	"crypto/passphrase.go":        "hands the passphrase to Argon2id",
	"crypto/link.go":              "hands the passcode of a link to Argon2id",
	"crypto/secret.go":            "compares two secrets",
	"crypto/jose/direct/":         "gives a link's key to AES-GCM, in JOSE's own construction",
	"cmd/carehold/exportfiles.go": "hands the passphrase of an export to age",
	"record/healthlink/":          "writes a link's key into the link and its passcode into the request, which is what they are for",
	"record/keys/":                "packs keys into grant rows, capsules and back links, which it seals",

	"record/audit/checkpoint.go": "gives the checkpoint seed to x/mod's note, which takes a signer as text only",
	"record/holder/ringcodec.go": "packs keys into the keyring, which it seals",
	"record/holder/slot.go":      "seals the root key to a slot",
	"record/store/store.go":      "gives the engine its anchor key",
	"httpapi/client/holder.go":   "sends the self-grant's key to the server it opens a session on",
	"cmd/core/server_js.go":      "gives that key to the page, which sends it",
	"cmd/core/link_js.go":        "writes a link's key into the link, which is what it is for",

	"record/holder/holdertest/restore.go": "is for tests: gives the engine its anchor key, as the store does",
}

func mayTake(file string) bool {
	for allowed := range mayTakeKeys {
		if file == allowed || strings.HasSuffix(allowed, "/") && strings.HasPrefix(file, allowed) {
			return true
		}
	}
	return false
}

// TestKeysAreNotHandedOut goes through the types of every package of the module,
// tests apart, and finds each mention of a way out: a call, a method value, a
// method expression. Files for another system it goes through by the methods'
// names; a package that does not compile hands nothing out.
func TestKeysAreNotHandedOut(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the module")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	packages := listPackages(t, root)
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	files := token.NewFileSet()
	imports := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, errors.New("no export data of " + path)
		}
		return os.Open(exports[path])
	})
	typed := 0
	for _, p := range packages {
		if p.Module == nil || p.Module.Path != "carehold" {
			continue
		}
		for _, at := range mentions(t, files, imports, p, &typed) {
			where := files.Position(at)
			file, err := filepath.Rel(root, where.Filename)
			if err != nil {
				t.Fatal(err)
			}
			if !mayTake(filepath.ToSlash(file)) {
				t.Errorf("%s:%d takes the bytes of a key or a secret", file, where.Line)
			}
		}
	}
	if typed == 0 {
		t.Error("no mention found by type, not even in this package")
	}
}

type listed struct {
	Dir, ImportPath, Export string
	GoFiles, IgnoredGoFiles []string
	Module                  *struct{ Path string }
	Error                   *struct{ Err string }
}

func listPackages(t *testing.T, root string) (packages []listed) {
	cmd := exec.Command("go", "list", "-e", "-export", "-deps", "-json=Dir,ImportPath,Export,GoFiles,IgnoredGoFiles,Module,Error", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skip("no go command to list the module's packages with:", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func mentions(t *testing.T, files *token.FileSet, imports types.Importer, p listed, typed *int) (at []token.Pos) {
	var parsed []*ast.File
	for i, name := range append(p.GoFiles[:len(p.GoFiles):len(p.GoFiles)], p.IgnoredGoFiles...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			continue // it does not compile, so it hands out nothing
		}
		if i < len(p.GoFiles) {
			parsed = append(parsed, f)
		} else {
			at = append(at, byName(f)...)
		}
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: imports}
	if _, err := config.Check(p.ImportPath, files, parsed, info); err != nil {
		t.Logf("%s is left out: it does not compile", p.ImportPath)
		return nil
	}
	for expr, s := range info.Selections {
		if f, ok := s.Obj().(*types.Func); ok && waysOut[f.FullName()] {
			at = append(at, expr.Pos())
			*typed++
		}
	}
	return at
}

// byName finds x.Bytes() and x.Reveal() in a file that imports this package.
func byName(f *ast.File) (at []token.Pos) {
	imported := f.Name.Name == "crypto"
	for _, i := range f.Imports {
		imported = imported || i.Path.Value == `"carehold/crypto"`
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !imported || len(call.Args) != 0 {
			return true
		}
		if s, ok := call.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Bytes" || s.Sel.Name == "Reveal") {
			at = append(at, s.Pos())
		}
		return true
	})
	return at
}
