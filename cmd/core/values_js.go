//go:build js && wasm

package main

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"syscall/js"
	"time"

	"carehold/record"
)

// JavaScript values, read so that no shape of them panics: what is not there or
// of another type is empty.

func arg(args []js.Value, i int) js.Value {
	if i < len(args) {
		return args[i]
	}
	return js.Undefined()
}

func get(v js.Value, name string) js.Value {
	if v.Type() != js.TypeObject {
		return js.Undefined()
	}
	return v.Get(name)
}

func str(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

func text(v js.Value, name string) string { return str(get(v, name)) }

// number reads a whole number that JavaScript holds exactly.
func number(v js.Value) uint64 {
	if v.Type() != js.TypeNumber {
		return 0
	}
	if f := v.Float(); f > 0 && f <= 1<<53 {
		return uint64(f)
	}
	return 0
}

func boolean(v js.Value) bool { return v.Type() == js.TypeBoolean && v.Bool() }

// list reads an array.
func list(v js.Value) []js.Value {
	if !js.Global().Get("Array").Call("isArray", v).Bool() {
		return nil
	}
	out := make([]js.Value, v.Length())
	for i := range out {
		out[i] = v.Index(i)
	}
	return out
}

// bytesOf copies a Uint8Array.
func bytesOf(v js.Value) []byte {
	if !v.InstanceOf(js.Global().Get("Uint8Array")) {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

func uint8Array(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// blob reads bytes as JSON has them: standard base64.
func blob(v js.Value) []byte {
	b, err := base64.StdEncoding.DecodeString(str(v))
	if err != nil {
		return nil
	}
	return b
}

// id reads hexadecimal into an id or a hash.
func id(v js.Value, into []byte) error {
	b, err := hex.DecodeString(str(v))
	if err != nil || len(b) != len(into) {
		return record.Safef(record.Invalid, "an id has %d characters, 0 to 9 and a to f", 2*len(into))
	}
	copy(into, b)
	return nil
}

func ids(v js.Value) ([][16]byte, error) {
	var out [][16]byte
	for _, x := range list(v) {
		var one [16]byte
		if err := id(x, one[:]); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// Times are read and written by JavaScript's own Date, which the page has already: Go's
// would be a hundredth of the core.

// moment reads a time; nothing is the zero time.
func moment(v js.Value) (time.Time, error) {
	text := str(v)
	if text == "" {
		return time.Time{}, nil
	}
	ms := js.Global().Get("Date").Call("parse", text).Float()
	if math.IsNaN(ms) || len(text) < len("2026-11-21T14:02:00Z") || text[len("2026-11-21")] != 'T' { // it reads other forms too
		return time.Time{}, record.Safef(record.Invalid, "a time is written like 2026-11-21T14:02:00Z")
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}

// iso writes a time, in whole seconds; null for none, and for one that has no four
// digits for its year, which Date might refuse.
func iso(t time.Time) any {
	if y := t.Year(); t.IsZero() || y < 0 || y > 9999 {
		return nil
	}
	return js.Global().Get("Date").New(float64(t.UnixMilli())).Call("toISOString").String()[:len("2026-11-21T14:02:00")] + "Z"
}
