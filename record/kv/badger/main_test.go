package badger

import (
	"flag"
	"os"
	"testing"
)

// childVariable makes the test binary the process that TestKill kills.
const childVariable = "CAREHOLD_KV_CHILD"

func TestMain(m *testing.M) {
	privateFiles() // as cmd/carehold does
	if dir := os.Getenv(childVariable); dir != "" {
		child(dir)
		return
	}
	flag.Parse()
	if testing.Short() {
		_ = flag.Set("rapid.checks", "25") // on a slow disk a hundred take a minute
	}
	os.Exit(m.Run())
}
