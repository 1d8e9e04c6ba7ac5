//go:build !unix

package store

import "io/fs"

// tooOpen cannot be told from mode bits here; the folder's own rights guard it.
func tooOpen(fs.FileMode) bool { return false }
