//go:build !goexperiment.runtimesecret

package crypto

// guarded runs f. What it promises with GOEXPERIMENT=runtimesecret it cannot do
// here (guard_secret.go); docs/decisions/0011 says which build is which.
func guarded(f func()) { f() }
