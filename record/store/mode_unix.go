//go:build unix

package store

import "io/fs"

// tooOpen reports whether anybody but the owner can touch a file.
func tooOpen(m fs.FileMode) bool { return m.Perm()&0o077 != 0 }
