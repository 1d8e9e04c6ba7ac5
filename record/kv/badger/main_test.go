package badger

import (
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
	os.Exit(m.Run())
}
