package search

// Fold is a text as it is searched.
func Fold(s string) string { return s }
