// Package search finds resources as FHIR R4 §3.1.1 says: it reads a search text
// into a Query and runs that in one pass over what may be seen.
//
//	q, err := search.Parse("Observation", "code=8480-6&date=ge2026&_sort=-date", options)
//	r, err := q.Run(entries)
//	page, next, err := r.Page(nil, 50)
//	more := q.Includes(entries, page)
//
// # The words
//
//   - A parameter is one of R4's definitions (package r4), never written by hand.
//   - The index of a resource is all its values of all its parameters, in few
//     bytes. It lives in memory only and is never stored.
//   - A condition is one name=value of a search; all must hold. Its alternatives
//     are the values between the commas; one must. What it asks of an entry is
//     its test, one for each type that is searched.
//   - A chain (subject.name, _has) is one hop. It is resolved to the set of what
//     it may point at in a pass of its own, and is then a look-up.
//   - A control (_count, _sort, _include …) is about the answer.
//   - A position is where a page ends in the order of the matches.
//
// # What is read how
//
// Where the standard leaves it open, or says two things:
//
//	unknown parameter    ignored and listed in Ignored; Strict: refused. Also one
//	                     that not all the types searched have
//	empty parameter      ignored and listed, strict too: "not an error". In the condition
//	                     of a change refused, so that none gets lost. An empty
//	                     alternative is dropped
//	left out on purpose  refused, lenient or strict: _text _content _filter _list
//	                     _query _contained near, :in :not-in :above :below of
//	                     tokens, :above :below of references, :iterate, a second hop
//	a bad chain or _has  refused: the first name in it is known
//	token                exact where there is a system, also an implied one; else
//	                     case does not count (§3.1.1.4.10, "when in doubt")
//	:not=a,b             neither a nor b; also what has no value
//	number               a resource's number is that number and not a range:
//	                     "less than exactly 100" leaves no other reading
//	date                 all is a range. "Above" begins where the search's range
//	                     ends, so that gt2013-01-14 is from the 15th on
//	ap                   a tenth of the number, or of the time from Options.Now to
//	                     the near end of the date; never less than its precision
//	ne and several       one value that is not equal is enough
//	quantity             5||mg: the code or the name as written; with UCUM as the
//	                     system whatever converts to it; both parts, or none
//	reference            an id alone is of any type, and refused when it matches
//	                     references to two; what version is said does not count
//	canonical            without |version any; chains and includes follow it by the
//	                     url and version of what is there
//	contained            what is in a contained resource is found by a chain from the
//	                     resource it is in, and by nothing else (§3.1.1.5.5)
//	uri :below :above    one text begins with the other; not for URNs
//	several values       _sort takes the first in its direction; without a value last
//	_sort of quantities  by unit, then by value; of tokens by code, then by system
//
// # What it costs
//
// Run looks at every entry once for each condition, the cheap ones first, and
// takes no memory for each. Most entries are told apart without reading their
// index (sieve). A chain is one more such pass. Sorting is of what matched. Limits
// (MaxValues …) bound what one text can ask for: BenchmarkHostile has what the
// worst come to.
//
// # The layout of an index
//
// See Index.
//
// # What it must never do
//
// Look at anything but the entries it is handed: what may be seen is decided
// before. Put what was searched for into a log: texts of errors that quote it are
// for whoever sent it.
package search
