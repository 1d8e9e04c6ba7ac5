//go:build js && wasm

package main

import (
	"context"
	"errors"
	"syscall/js"

	"carehold/record"
)

// promised makes a JavaScript function that returns a promise of what fn does.
func promised(fn func(context.Context, []js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		var executor js.Func
		executor = js.FuncOf(func(_ js.Value, settle []js.Value) any {
			resolve, reject := settle[0], settle[1]
			go func() {
				defer executor.Release()
				v, err := fn(context.Background(), args)
				if err != nil {
					reject.Invoke(thrown(err))
					return
				}
				resolve.Invoke(v)
			}()
			return nil
		})
		return js.Global().Get("Promise").New(executor)
	})
}

// thrown is err as JavaScript throws it.
func thrown(err error) js.Value {
	kind := record.KindOf(err)
	if errors.Is(err, record.Integrity) { // *audit.Tampered has no kind of its own
		kind = record.Integrity
	}
	e := js.Global().Get("Error").New(err.Error())
	e.Set("code", string(kind))
	return e
}

// await waits for a promise.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type outcome struct {
		v      js.Value
		failed bool
	}
	settled := make(chan outcome, 1)
	take := func(failed bool) js.Func {
		return js.FuncOf(func(_ js.Value, args []js.Value) any {
			settled <- outcome{arg(args, 0), failed}
			return nil
		})
	}
	done, failed := take(false), take(true)
	promise.Call("then", done, failed)
	select {
	case o := <-settled:
		done.Release()
		failed.Release()
		if o.failed {
			return js.Undefined(), caught(o.v)
		}
		return o.v, nil
	case <-ctx.Done(): // the functions stay, for the promise may still settle
		return js.Undefined(), ctx.Err()
	}
}

// caught is what a server function rejected with: an answer that says its code,
// or no answer at all.
func caught(v js.Value) error {
	kind, known := kinds[text(v, "code")]
	if !known {
		return record.Safef(record.Unavailable, "the server cannot be reached")
	}
	message := text(v, "message")
	if message == "" {
		message = string(kind)
	}
	return record.Errorf(kind, "%s", message)
}

// kinds are the codes of the holder's door.
var kinds = map[string]record.Kind{}

func init() {
	for _, k := range []record.Kind{record.Invalid, record.Unprocessed, record.Unauthorized, record.Forbidden, record.NotFound,
		record.Gone, record.NotAllowed, record.Conflict, record.Precondition, record.Ambiguous, record.TooLarge, record.TooMany,
		record.Unavailable, record.Unsupported, record.Integrity, record.Internal} {
		code := []byte(k)
		for i, c := range code { // "not found" is not-found on the wire
			if c == ' ' {
				code[i] = '-'
			}
		}
		kinds[string(code)] = k
	}
}
