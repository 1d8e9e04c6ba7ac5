//go:build !linux

package badger

func advise(string) {}
