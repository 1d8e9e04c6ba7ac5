package audit

// What the person did with words of their own about an entry: the text of a change that
// was only that. A change without one was of what an entry says.
const (
	SaidNote    = "note"     // they put a note on it
	SaidDispute = "dispute"  // they said that it is wrong
	TookBack    = "withdraw" // they took their words off it
)
