//go:build !unix

package badger

func privateFiles() {}
