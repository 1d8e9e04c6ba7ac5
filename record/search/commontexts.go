package search

// commonTexts are what half of all resources hold; in an index they are a byte or
// two. An index is memory only, so the table may change at will.
var commonTexts = [][]byte{}
