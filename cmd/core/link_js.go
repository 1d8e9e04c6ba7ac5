//go:build js && wasm

package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"syscall/js"
	"time"
	"unicode/utf8"

	"carehold/crypto"
	"carehold/crypto/jose/direct"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// What the standard holds a link to: SHL, "Establish a SMART Health Link Manifest URL"
// and "Construct a SMART Health Link Payload".
const (
	maxLinkURL   = 128
	maxLinkLabel = 80
)

// newLink is a SMART Health Link before it is made. Its keys stay here: the page has its
// files sealed, sends them, and is given the link when it is made.
//
//	prepareLink() -> {id, accessToken(), seal(type, bytes, deflated, guarded), list(), make(base, req), destroy()}
func newLink(h *holder.Holder) any {
	l := holder.PrepareLink()
	which := l.ID()
	var files []keys.LinkFile
	return map[string]any{
		"id":          hex.EncodeToString(which[:]),
		"accessToken": js.FuncOf(func(js.Value, []js.Value) any { return l.AccessToken() }),
		"seal": js.FuncOf(func(_ js.Value, args []js.Value) any {
			typ := str(arg(args, 0))
			jwe, err := direct.Seal(l.Key, typ, bytesOf(arg(args, 1)), boolean(arg(args, 2)))
			if err != nil {
				return nil // the page knows two media types, and a link has a key
			}
			files = append(files, keys.LinkFile{ContentType: typ, Size: int64(len(jwe)), Made: h.Now().Truncate(time.Second)})
			if boolean(arg(args, 3)) {
				jwe = l.Guard(len(files), jwe)
			}
			return uint8Array(jwe)
		}),
		"list": js.FuncOf(func(js.Value, []js.Value) any { return uint8Array(keys.MarshalFiles(files)) }),
		"make": promised(func(ctx context.Context, args []js.Value) (any, error) {
			address, with := str(arg(args, 0))+"/shl/"+l.Segment(), arg(args, 1)
			req := holder.LinkRequest{Passcode: crypto.SecretString(text(with, "passcode"))}
			defer req.Passcode.Destroy()
			var err error
			if req.GrantRequest, err = request(with); err != nil {
				return nil, err
			}
			req.Direct = text(with, "kind") == "snapshot"
			req.Summary = !req.Direct
			switch {
			case len(address) > maxLinkURL:
				return nil, record.Safef(record.Unprocessed, "the server's address is %d characters too long for a link: ask whoever runs it for a shorter one", len(address)-maxLinkURL)
			case utf8.RuneCountInString(req.Label) > maxLinkLabel || !grant.Printable(req.Label):
				return nil, record.Safef(record.Invalid, "a link's label has at most %d characters, on one line: shorten it", maxLinkLabel)
			}
			i, err := h.Link(ctx, l, req)
			if err != nil {
				return nil, err
			}
			return map[string]any{"id": hex.EncodeToString(which[:]), "grant": i.Grant.ID.String(), "until": iso(i.Until),
				"link": linkText(address, l.Key, req, i.Until)}, nil
		}),
		"destroy": js.FuncOf(func(js.Value, []js.Value) any { l.Destroy(); return nil }),
	}
}

// linkText writes a link as the standard has it.
func linkText(address string, key crypto.Key, req holder.LinkRequest, until time.Time) string {
	flag := "L" // the record as it is; else one file and no manifest
	if req.Direct {
		flag = "U"
	}
	if !req.Passcode.IsZero() {
		flag += "P"
	}
	said := map[string]any{"url": address, "flag": flag, "key": base64.RawURLEncoding.EncodeToString(key.Bytes())}
	if !until.IsZero() {
		said["exp"] = float64(until.Unix())
	}
	if req.Label != "" {
		said["label"] = req.Label
	}
	payload := js.Global().Get("JSON").Call("stringify", said).String()
	return "shlink:/" + base64.RawURLEncoding.EncodeToString([]byte(payload))
}
