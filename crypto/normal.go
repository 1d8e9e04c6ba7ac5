//go:build !js

package crypto

import "golang.org/x/text/unicode/norm"

// normal is Unicode form NFKC of a text.
func normal(text []byte) []byte { return norm.NFKC.Append(nil, text...) }
