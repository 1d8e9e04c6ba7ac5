// Package testdata finds the test data that lives outside the project: HL7's
// examples and definitions, Synthea's people. None of it ships with Carehold.
//
// It is looked for in $CAREHOLD_TESTDATA, else in ../shared/data beside the
// project. On a machine that has neither, the tests that need it skip and say
// so; .ci/run fails on such a skip.
package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder name ("synthea", "r4-examples" …) of the test data, or
// skips the test.
func Dir(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("CAREHOLD_TESTDATA")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("test data %q is not on this machine: set CAREHOLD_TESTDATA to the folder that holds it", name)
	}
	return dir
}
