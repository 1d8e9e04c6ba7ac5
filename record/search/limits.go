package search

// What one search may ask for. A search over a whole record is one pass, and
// these keep what is done for each entry small whoever asks: 10,000 entries are
// searched in well under a second whatever the text.
const (
	MaxLength   = 1 << 16 // bytes of the whole text, which a POST can make long
	MaxParams   = 100     // name=value pairs
	MaxValue    = 2048    // bytes of one alternative
	MaxValues   = 500     // alternatives, of all parameters together
	MaxCompared = 50      // of these, those that are compared by size or are composites
	MaxChains   = 8       // chains and _has, each of which is a pass of its own
	MaxIncludes = 16      // _include and _revinclude
	MaxSorts    = 6       // keys of _sort
	MaxElements = 100     // names in _elements
	MaxCount    = 1 << 30 // what a larger _count is taken as
)
