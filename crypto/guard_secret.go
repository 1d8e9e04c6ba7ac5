//go:build goexperiment.runtimesecret

package crypto

import "runtime/secret"

// guarded runs f so that nothing of what it worked with stays behind: registers
// and stack are erased when f ends, and what it allocated when the garbage
// collector finds it unused, results that are kept included. GOEXPERIMENT
// runtimesecret builds this file; Go does it on Linux, for amd64 and arm64, and
// calls f plainly elsewhere.
//
// It is for a whole operation. A guard inside a guard is right and costs twice.
func guarded(f func()) { secret.Do(f) }
