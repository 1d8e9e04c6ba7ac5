//go:build !linux

package badger

import "os"

func dataSync(f *os.File) error { return f.Sync() }
