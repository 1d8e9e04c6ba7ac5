// Package oracle holds what the server says against another reading of FHIR R4:
// Google's FHIR protocol buffers, github.com/google/fhir/go, made from HL7's
// definitions by people who have never seen this program.
//
//	cd httpapi/oracle && go test .              # a minute and a half on two cores
//	go test -run TestEverythingServed -short    # one of the six people
//
// It is a module of its own, so that what the oracle needs is no dependency of
// Carehold; compiling all of R4 takes 20 seconds and half a gigabyte, once.
//
//	served_test.go    everything the server emits over the shared data and the
//	                  project's own sample: read, vread, history, every page of
//	                  every search, batches, errors, the CapabilityStatement.
//	                  The oracle refuses none of it
//	summaries_test.go  $summary of each of these people: of the whole record, of what
//	                  a surgery sees, of one section and of some types alone
//	examples_test.go  each of HL7's own examples that the oracle takes, our
//	                  validation takes; so with Synthea's people and the sample.
//	                  examples_served_test.go: and the server serves it so that
//	                  the oracle takes it again
//	mutated_test.go   15,000 examples, each broken at random in one place: what
//	                  the oracle refuses, we refuse
//	broken_test.go    testdata/broken.txt, one fault each: both refuse, and we say
//	                  where. testdata/lenient.txt: faults that only we find, and
//	                  that the oracle still passes over. refused_test.go: what the
//	                  server answers to each
//	capability_test.go  the CapabilityStatement beside HL7's definitions; each
//	                  parameter and include that it lists is asked for
//	bundle_test.go    the rules of Bundle that the oracle does not know
//
// # What the oracle checks
//
// JSON types, unknown elements, required elements, choices, the format of
// primitives, required codes, the types that references may lead to. It checks no
// invariants but a few, follows no profiles, takes names that begin with a capital
// letter, the same name twice, and empty arrays and objects; bundle_test.go has
// those that concern what a server writes. In contained resources it looks for
// neither required elements nor targets, so each is given to it alone as well.
//
// Without HL7's and Synthea's data the tests skip and say so; the project's own
// sample and the tables of broken resources need none.
//
// When what Carehold itself needs changes, "go mod tidy" in this folder; the
// oracle's own version is named, for the proxy lists none of it.
package oracle
