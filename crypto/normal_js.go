//go:build js

package crypto

import "syscall/js"

// normal is Unicode form NFKC of a text. JavaScript has the tables already, and
// ours would be 60 KB of the browser's core. Normalization never changes for a
// character once it is assigned (Unicode's stability policy), so both agree.
func normal(text []byte) []byte {
	normalize := js.Global().Get("String").Get("prototype").Get("normalize")
	return []byte(normalize.Call("call", string(text), "NFKC").String())
}
