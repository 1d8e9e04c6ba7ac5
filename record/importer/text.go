package importer

import (
	"bytes"
	"io"
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
