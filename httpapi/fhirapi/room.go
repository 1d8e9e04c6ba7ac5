package fhirapi

import (
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
)

// maxBundleAnswer is what the entries of a Bundle's answer may bring, in bytes: the
// answer is held in memory until the last entry is done. What is small and every
// entry has, its status and its address, is bounded by how many entries there are.
const maxBundleAnswer = 32 << 20

// room is what is left of it.
type room int

// full reports whether nothing more may be read. The entry that fills the room is
// answered whole, the ones after it are not done.
func (m *room) full() bool { return *m <= 0 }

// take counts what is answered whatever its size: what was read.
func (m *room) take(e change.BundleEntry) { *m -= room(len(e.Resource) + len(e.Outcome)) }

// fit is the answer to a change, which is made by now: whole while there is room, and
// without what was written when there is not.
func (m *room) fit(e change.BundleEntry) change.BundleEntry {
	if n := room(len(e.Resource) + len(e.Outcome)); n > *m {
		return m.without(e)
	}
	m.take(e)
	return e
}

// without is the answer to a change without what was written.
func (m *room) without(e change.BundleEntry) change.BundleEntry {
	e.Resource, e.Outcome = nil, notShown
	return e
}

// taken is how many bytes are held, and giveBack says of an entry that it is not.
func (m *room) taken() int { return maxBundleAnswer - int(*m) }

func (m *room) giveBack(e change.BundleEntry) {
	if len(e.Outcome) == 0 || &e.Outcome[0] != &notShown[0] {
		*m += room(len(e.Resource) + len(e.Outcome))
	}
}

// notShown is one for all: ten thousand of them are held once. FHIR R4 §3.1.0.1.9
// leaves it to the server what it answers with.
var notShown = problem.OutcomeOf("", problem.Issue{Severity: "information", Code: "too-long",
	Diagnostics: "done, and not shown: the entries before it fill what one answer may bring. Read it by itself, or send fewer at once"})

// refused is the outcome of an entry that was not done: with all of its issues while
// there is room, and then with the first.
func (m *room) refused(err error) []byte {
	b := problem.Outcome(err, "")
	if room(len(b)) <= *m {
		*m -= room(len(b))
		return b
	}
	if e, ok := err.(*record.Error); ok {
		first := *e
		first.Err = nil
		return problem.Outcome(&first, "")
	}
	return problem.Outcome(err, "")
}
