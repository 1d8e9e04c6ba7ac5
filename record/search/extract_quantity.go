package search

func (w *writer) quantities(v found) {}
