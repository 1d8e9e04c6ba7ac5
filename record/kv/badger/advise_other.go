//go:build !linux

package badger

func advise(string) {}

func rest(string) {}
