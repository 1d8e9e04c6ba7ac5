// Command bench measures Carehold and writes docs/performance.md. It is a
// developer's tool and is not shipped: make bench-report runs it.
//
// It drives the real program. Each server is a process of its own, so is the load
// generator, and all of them speak HTTP over loopback:
//
//	bench           makes the stores, starts the servers, writes the report
//	bench load      one closed-loop run: a job on stdin, what came of it on stdout
//	bench baseline  serves the same bytes without encryption, to compare with
//
// # The baselines
//
//	bare     gorilla/mux and Badger: one get by id, and the bytes. No log, no
//	         token, nothing checked. Its create is a Badger transaction that is
//	         not synced.
//	synced   the same, and before each answer one log row in a synced commit
//	         that all requests waiting at that moment share. It is the loop of
//	         record/kv/badger over plain Badger: what any server pays that logs
//	         a read before it answers.
//	engine   the same, over record/kv/badger itself: synced, and one more sync of
//	         the anchor. It is no target. The difference between it and synced is
//	         the price of finding a store that was put back; what is left to
//	         Carehold is keys, grants, log and HTTP.
//
// All have Badger's settings from record/kv/badger and the same bodies, as
// Carehold serves them. Clients send the same request to all four.
//
// # What it must never do
//
// Say a figure that it did not measure in this run. A section that cannot run
// here (no cgroup to be had, no strace) says so in its place.
package main
