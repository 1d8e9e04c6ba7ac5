package importer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"carehold/record"
)

// lookText takes what is UTF-8 and nothing but text: no control but those that lay it
// out, and nothing in its head that a browser takes for a page.
func lookText(f file, _ *Document) error {
	head, err := f.upTo(0, 4096)
	if err != nil {
		return err
	}
	switch {
	case inside(head):
		return record.Safef(record.Unprocessed, "it has a web page in it, which can hold programs: it is taken only as it is, and never shown")
	case bytes.HasPrefix(head, []byte(`{\rtf`)):
		return record.Safef(record.Unprocessed, "it is a text of a word processor (RTF): save it as PDF, or take it as it is")
	}
	if sealedLink(head) {
		return record.Safef(record.Unprocessed, "it is a file of a SMART Health Link, and encrypted: only its link opens it. Import the link itself (shlink:/…)")
	}
	none := record.Safef(record.Unprocessed, "it is nothing that is known here: PDF, JPEG, PNG, TIFF, GIF, HEIC or plain text (in UTF-8)")
	buf := make([]byte, piece)
	kept := 0
	r := f.from(0)
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		for len(b) > 0 {
			if !utf8.FullRune(b) && err == nil {
				break // it goes on in what comes next
			}
			c, size := utf8.DecodeRune(b)
			if c == utf8.RuneError && size <= 1 || c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c >= 0x7f && c < 0xa0 {
				return none
			}
			b = b[size:]
		}
		kept = copy(buf, b)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sealedLink reports whether a text begins as what a SMART Health Link leads to: a JWE
// in compact form, which is one line of base64url in five parts (RFC 7516 §7.1).
func sealedLink(head []byte) bool {
	text := bytes.TrimSpace(head)
	header, rest, ok := bytes.Cut(text, []byte("."))
	if !ok || bytes.ContainsFunc(rest, func(r rune) bool { return r != '.' && !strings.ContainsRune(base64url, r) }) {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(string(header))
	var said struct {
		Enc string `json:"enc"`
	}
	return err == nil && json.Unmarshal(b, &said) == nil && said.Enc != ""
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
