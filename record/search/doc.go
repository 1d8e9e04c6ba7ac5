// Package search finds resources as FHIR R4 §3.1.1 says: it reads a search text
// into a Query and runs that in one pass over what may be seen.
//
// # The words
//
//   - A parameter is one of R4's definitions (package r4), never written by hand.
//   - The index of a resource is all its values of all its parameters, in few
//     bytes. It lives in memory only and is never stored.
//   - A condition is one name=value of a search; all must hold. Its alternatives
//     are the values between the commas; one must.
//   - A chain (subject.name, _has) is resolved to the set of what it may point
//     at once, before the pass, and is then a look-up.
//   - A position is where a page ends in the order of the matches.
//
// # The layout of an index
//
// See Index.
package search
