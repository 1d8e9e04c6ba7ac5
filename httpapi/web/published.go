package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"carehold/record"
)

// Asset is one thing that a server sends to every browser alike.
type Asset struct {
	Path string // on the server: /core.wasm, /static/…
	Hash string // SHA-256, hexadecimal, of what the browser has after decompressing
	Size int64  // in bytes, likewise
}

// Published is all that this program sends to browsers as code: the core, which comes
// first, then scripts, styles and pictures, by name. `carehold core` compares a server's
// with it. Without a core that is built in it fails with record.NotFound.
func Published() ([]Asset, error) {
	c := newCore(EmbeddedCore())
	if c == nil {
		return nil, record.Safef(record.NotFound, "this program has no core for the browser in it")
	}
	sum, err := c.sum()
	if err != nil {
		return nil, record.Safef(record.Internal, "the core that is built in is damaged")
	}
	var all []Asset
	for name, f := range readStatic() {
		hash := sha256.Sum256(f.content)
		all = append(all, Asset{"/static/" + name, hex.EncodeToString(hash[:]), int64(len(f.content))})
	}
	slices.SortFunc(all, func(a, b Asset) int { return cmp.Compare(a.Path, b.Path) })
	return append([]Asset{{"/core.wasm", sum.hash, sum.size}}, all...), nil
}
