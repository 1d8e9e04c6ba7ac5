// Package filing says which section of the record a resource belongs in, and
// why. It is one table that a clinician can read (Rules; docs/filing.md is
// printed from it), and the few rules by which entries go with each other.
//
// # The words
//
//   - The own section of an entry is what it says of itself: the strictest of
//     its sensitivity labels, sensitive codes and sensitive words; else its
//     category among the ordinary sections; else the default of its type.
//   - Strictness is one order of all the sections. Where two rules disagree,
//     the stricter section wins; every sensitive one wins over every other.
//   - An entry follows another when it goes with it although it does not say so
//     itself: a report with a sensitive result, the provenance of a secret, the
//     only psychiatrist. graph.go has the order in which this is settled.
//   - A reason names the row that decided, and the element or the entry.
//
// # What it promises
//
//   - File is pure. The order of the items changes nothing.
//   - A sensitivity label never moves any entry to a less strict section. The
//     one exception is R, restricted: it means "some sensitive section", and
//     the entry waits in private until a label, a code or a word says which.
//   - What lands in identity and providers, which are in every grant, is what
//     the design names and nothing else. The Patient is always in identity.
//   - An allergy is moved by a label only: hiding one can kill.
//
// # How it reads
//
// Each text once, from the start of each word down a tree of all phrases (phrases.go).
// What a request says many times is looked at once (reader.go): that is forgotten with
// the request, for it is of a record. The entries are read on all cores. The rules in
// their plainest form stand in slow_test.go, and must come to the same over all data.
//
// # What it cannot do
//
// It reads codes, names and titles, not sentences: a secret in a note, in a
// narrative or in a scanned letter is not seen. It knows the codes and words
// that are listed; it does not compute what a SNOMED CT concept is a kind of. A
// provider of whom the record learns first is open until something says
// otherwise. The person can move any entry, and only they can: filing happens
// once, when an entry is made.
//
// # What it must never do
//
// Log, or return in an error, anything of a resource. A Reason tells about the
// entry even by the name of its rule, and prints as [why] in a log.
package filing
