// Package lineartest asks whether what a person decides about a grant takes effect at one
// moment, for everybody at once: porcupine, a checker of linearizability by people who have
// never seen this program, looks at histories of reads and refreshes beside suspensions,
// resumptions, stops and tokens that are given back.
//
//	cd record/store/lineartest && go test .
//
// A read that begins after a stop has returned must be refused, and one that is refused
// must have had a reason while it ran. Nothing may be read in a state that was over when
// the reading began, however the requests overlap.
//
// It is a module of its own, so that the checker is no dependency of Carehold.
package lineartest
