// Package kvtest is the suite that every kv.Engine must pass. It tests what the
// seam promises and nothing of how: what a kill or a rolled-back disk does to an
// engine is for the engine's own tests.
//
//	func TestConformance(t *testing.T) {
//		kvtest.Run(t, func(t *testing.T) kvtest.Store { … })
//	}
package kvtest
